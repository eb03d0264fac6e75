// Package provider makes authflow's Providers: one constructor a service, each
// of which takes an App, the client as it was registered there.
//
// OIDC fits every service that speaks OpenID Connect: its issuer says the rest.
// A constructor checks what it was given and asks nobody; what has to be
// discovered is discovered when a login first needs it, and again after a
// failure, so that a service that is down keeps no bot from starting.
package provider

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/seal"
)

// App is a client that was registered with a service, and what differs there
// from the usual. The tags are its settings, each below the service's name as in
// GITHUB_CLIENT_ID. What New needs depends on the kind; ID nearly always.
type App struct {
	Name        string              // for commands, "work"
	Kind        string              `env:"KIND" doc:"what is spoken there: github, facebook or oidc; by default what NAME names, else oidc"`
	Title       string              `env:"TITLE" doc:"what people are told that it is called"`
	Issuer      string              `env:"ISSUER" doc:"oidc: the service's URL, exactly as it documents it"`
	ID          string              `env:"CLIENT_ID" doc:"the id that the service gave your app"`
	Secret      seal.Secret         `env:"CLIENT_SECRET" doc:"the secret that it gave; a public client has none"`
	ClientToken seal.Secret         `env:"CLIENT_TOKEN" doc:"facebook: the client token, from Settings, Advanced"`
	Auth        authflow.ClientAuth `env:"CLIENT_AUTH" doc:"how the app proves who it is: none, post or basic; by default as the service wants it"`
	Scopes      []string            `env:"SCOPES" envSeparator:" " doc:"what is asked for at every login, separated by spaces"`

	// Endpoints that are not where the service says.
	Base        string `env:"BASE_URL" doc:"github: a server of your own; facebook: the graph, with its version"`
	DeviceURL   string `env:"DEVICE_URL" doc:"where codes are asked for, if not where the service says"`
	TokenURL    string `env:"TOKEN_URL" doc:"where tokens are asked for, likewise"`
	UserinfoURL string `env:"USERINFO_URL" doc:"where a token says whose it is, likewise"`

	// APIHosts may be sent the token beside the service's own, as host or
	// host:port. VerifyHosts, where there are any, are the only others that a
	// link for a person may point to.
	APIHosts    []string `env:"API_HOSTS" doc:"more hosts that commands may send the token to, separated by commas"`
	VerifyHosts []string `env:"VERIFY_HOSTS" doc:"the only other hosts that a login link may point to, separated by commas"`

	// What the service wants beyond the standard with a request for a code, and
	// with one for a token: audience, resource, mkt.
	DeviceParams, TokenParams url.Values
}

// check finds the first mistake that shows without asking anybody. issuer is
// the service's, parsed.
func (a App) check(issuer *url.URL) error {
	switch {
	case !goodName(a.Name):
		return fmt.Errorf("name %q: give lower-case letters, digits and dashes, a letter first", a.Name)
	case strings.TrimSpace(a.ID) == "":
		return errors.New("client id is missing: register an app with the service and give the id that it shows")
	case a.Secret == "" && (a.Auth == authflow.AuthPost || a.Auth == authflow.AuthBasic):
		return fmt.Errorf("client authentication %q needs a client secret: give it, or choose none", a.Auth)
	}
	if ways := []authflow.ClientAuth{"", authflow.AuthNone, authflow.AuthPost, authflow.AuthBasic}; !slices.Contains(ways, a.Auth) {
		return fmt.Errorf("client authentication %q: choose none, post or basic", a.Auth)
	}
	for _, given := range []struct{ name, raw string }{
		{"device URL", a.DeviceURL}, {"token URL", a.TokenURL}, {"userinfo URL", a.UserinfoURL},
	} {
		if err := checkEndpoint(given.raw, issuer); given.raw != "" && err != nil {
			return fmt.Errorf("%s: %w", given.name, err)
		}
	}
	for _, host := range slices.Concat(a.APIHosts, a.VerifyHosts) {
		if u, err := url.Parse("https://" + host); err != nil || u.Hostname() == "" || u.Host != host {
			return fmt.Errorf("host %q: give host or host:port, without https:// and without a path", host)
		}
	}
	return nil
}

// goodName reports whether name can be part of a command, a path and a setting.
func goodName(name string) bool {
	other := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	return name != "" && len(name) <= 32 && name[0] >= 'a' && name[0] <= 'z' && !strings.ContainsFunc(name, other)
}

// checkIssuer parses an issuer (OpenID Connect Discovery 1.0 section 3).
func checkIssuer(raw string) (*url.URL, error) {
	u, err := authflow.SecureURL(raw)
	switch {
	case raw == "":
		return nil, errors.New("issuer is missing: give the https URL that the service documents")
	case err != nil:
		return nil, fmt.Errorf("issuer: %w", err)
	case strings.ContainsAny(raw, "?#"):
		return nil, errors.New("issuer: give it without a query and without a fragment, as the service documents it")
	}
	return u, nil
}

// checkEndpoint refuses an endpoint that could give away what is sent there.
// Only an issuer on loopback may have some on loopback.
func checkEndpoint(raw string, issuer *url.URL) error {
	u, err := authflow.SecureURL(raw)
	if err != nil {
		return err
	}
	if u.Scheme == "http" && issuer.Scheme != "http" {
		return errors.New("not an https URL, as the issuer is one")
	}
	return nil
}

// hosts are the issuer's, those of the endpoints that were given, and more.
func (a App) hosts(issuer *url.URL, more []string) []string {
	out := []string{issuer.Host}
	for _, raw := range []string{a.DeviceURL, a.TokenURL, a.UserinfoURL} {
		if u, err := url.Parse(raw); err == nil && raw != "" {
			out = append(out, u.Host)
		}
	}
	out = slices.Concat(out, more)
	slices.Sort(out)
	return slices.Compact(out)
}
