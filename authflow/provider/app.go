// Package provider makes authflow's Providers: one constructor a service, each
// of which takes an App, the client as it was registered there. New chooses the
// constructor by the App's Kind or Name.
//
// OIDC fits every service that speaks OpenID Connect: its issuer says the rest. The
// others are for services that are known: each is a preset, a description to be
// filled in by the service's documentation, as in google.go. What they do alike is in
// service.go; those that have words of their own, such as Facebook and Heroku, have
// a Flow of their own. Every endpoint can be another one.
//
// A constructor asks nobody. It checks what it was given and returns all the
// Mistakes at once, each with the setting that it is in. What has to be
// discovered is discovered when a login first needs it, and again after a
// failure, so that a service that is down keeps no bot from starting.
package provider

import (
	"net/url"
	"slices"
	"strings"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/seal"
)

// App is a client that was registered with a service, and what differs there
// from the usual. The tags are its settings, each below the service's name as in
// GITHUB_CLIENT_ID. What New needs depends on the kind.
type App struct {
	Name        string              // for commands, "work"
	Kind        string              `env:"KIND" doc:"what is spoken there: auth0, discord, facebook, github, gitlab, google, heroku, keycloak, microsoft, oidc, okta, slack or twitch; by default what NAME names, else oidc"`
	Title       string              `env:"TITLE" doc:"what people are told that it is called"`
	Issuer      string              `env:"ISSUER" doc:"oidc, auth0, keycloak, okta: the service's URL, exactly as it documents it; microsoft: that of a tenant; gitlab, google: another one"`
	ID          string              `env:"CLIENT_ID" doc:"the id that the service gave your app; facebook: the app id; heroku needs none"`
	Secret      seal.Secret         `env:"CLIENT_SECRET" doc:"the secret that it gave; a public client has none, github needs none, google one always"`
	ClientToken seal.Secret         `env:"CLIENT_TOKEN" doc:"facebook: the client token, from Settings, Advanced"`
	Auth        authflow.ClientAuth `env:"CLIENT_AUTH" doc:"how the app proves who it is: none, post or basic; by default as the service wants it"`
	Scopes      []string            `env:"SCOPES" envSeparator:" " doc:"what is asked for at every login, separated by spaces"`

	Flow       string `env:"FLOW" envDefault:"auto" doc:"how people sign in: device, with a code; browser, which needs USHER_PUBLIC_URL; auto is device where the service has it, else browser"`
	StartLimit int    `env:"START_LIMIT" doc:"how many logins may begin in ten minutes, all people together; by default 600"`

	// Endpoints that are not where the service says.
	Base         string `env:"BASE_URL" doc:"github, gitlab: a server of your own; facebook: the graph, with its version; heroku: the login host; others: what speaks as the service does"`
	DeviceURL    string `env:"DEVICE_URL" doc:"where codes are asked for, if not where the service says"`
	AuthorizeURL string `env:"AUTHORIZE_URL" doc:"where a browser is sent, likewise"`
	TokenURL     string `env:"TOKEN_URL" doc:"where tokens are asked for, likewise"`
	UserinfoURL  string `env:"USERINFO_URL" doc:"where a token says whose it is, likewise"`
	RevokeURL    string `env:"REVOKE_URL" doc:"where an access is ended, likewise; github: {client_id} in it stands for the id"`

	// APIHosts may be sent the token beside the service's own, as host or
	// host:port. VerifyHosts are more hosts that a link for a person may point to;
	// with OIDC any host will do where there are none.
	APIHosts    []string `env:"API_HOSTS" doc:"more hosts that commands may send the token to, separated by commas"`
	VerifyHosts []string `env:"VERIFY_HOSTS" doc:"more hosts that a login link may point to, beside the service's own, separated by commas; oidc: by default any"`

	// What the service wants beyond the standard with a request for a code, when a
	// browser is sent, and with a request for a token: audience, resource, mkt.
	DeviceParams, AuthorizeParams, TokenParams url.Values
}

// endpoints are those that a has.
func (a App) endpoints() metadata {
	return metadata{Device: a.DeviceURL, Authorize: a.AuthorizeURL, Token: a.TokenURL, Userinfo: a.UserinfoURL, Revoke: a.RevokeURL}
}

// hosts are those of the endpoints that were given, those of own, which are URLs,
// and more.
func (a App) hosts(more []string, own ...string) []string {
	out := slices.Clone(more)
	for _, raw := range append(own, a.DeviceURL, a.AuthorizeURL, a.TokenURL, a.UserinfoURL, a.RevokeURL) {
		if u, err := url.Parse(raw); err == nil && raw != "" {
			out = append(out, u.Host)
		}
	}
	return sorted(out)
}

// root is a URL that paths are put behind, without the slash at its end.
func root(raw string) string { return strings.TrimRight(raw, "/") }

// sorted sorts list and leaves out what it has twice.
func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
