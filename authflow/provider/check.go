package provider

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/usherbot/usher/authflow"
)

// check finds what shows without asking anybody. uses are those settings that
// some kinds have no use for and this one has.
func (a App) check(uses ...string) Mistakes {
	var m Mistakes
	if !goodName(a.Name) {
		m.addf("", "is %q: give lower-case letters, digits and dashes, a letter first", a.Name)
	}
	if slices.Contains(uses, "CLIENT_ID") && strings.TrimSpace(a.ID) == "" {
		m.addf("CLIENT_ID", "is missing: register an app with the service and give the id that it shows")
	}
	if !slices.Contains([]string{"", "auto", onDevice, inBrowser}, a.Flow) {
		m.addf("FLOW", "is %q: choose device, browser or auto", a.Flow)
	}
	if a.StartLimit < 0 {
		m.addf("START_LIMIT", "is %d: give a number above 0, or leave it out", a.StartLimit)
	}
	m = append(m, a.useless(uses)...)
	if slices.Contains(uses, "CLIENT_AUTH") {
		m = append(m, a.checkAuth()...)
	}
	m = append(m, checkHosts("API_HOSTS", a.APIHosts)...)
	return append(m, checkHosts("VERIFY_HOSTS", a.VerifyHosts)...)
}

// useless complains about settings that would be ignored: whoever gave them
// believes in an effect.
func (a App) useless(uses []string) Mistakes {
	var m Mistakes
	for _, one := range []struct {
		setting string
		given   bool
	}{
		{"ISSUER", a.Issuer != ""},
		{"CLIENT_ID", a.ID != ""},
		{"CLIENT_SECRET", a.Secret != ""},
		{"CLIENT_TOKEN", a.ClientToken != ""},
		{"CLIENT_AUTH", a.Auth != ""},
		{"SCOPES", len(a.Scopes) > 0},
		{"BASE_URL", a.Base != ""},
	} {
		if one.given && !slices.Contains(uses, one.setting) {
			m.addf(one.setting, "is of no use to the kind %s: remove it", a.Kind)
		}
	}
	return m
}

func (a App) checkAuth() Mistakes {
	var m Mistakes
	switch a.Auth {
	case "", authflow.AuthNone:
	case authflow.AuthPost, authflow.AuthBasic:
		if a.Secret == "" {
			m.addf("CLIENT_AUTH", "is %q and needs a client secret: give it, or choose none", a.Auth)
		}
	default:
		m.addf("CLIENT_AUTH", "is %q: choose none, post or basic", a.Auth)
	}
	return m
}

func checkHosts(setting string, hosts []string) Mistakes {
	var m Mistakes
	for _, host := range hosts {
		if u, err := url.Parse("https://" + host); err != nil || u.Hostname() == "" || u.Host != host {
			m.addf(setting, "has %q: give host or host:port, without https:// and without a path", host)
		}
	}
	return m
}

// checkEndpoints checks the endpoints that were given with is.
func (a App) checkEndpoints(is func(raw string) error) Mistakes {
	var m Mistakes
	for _, one := range []struct{ setting, raw string }{
		{"DEVICE_URL", a.DeviceURL}, {"AUTHORIZE_URL", a.AuthorizeURL}, {"TOKEN_URL", a.TokenURL}, {"USERINFO_URL", a.UserinfoURL}, {"REVOKE_URL", a.RevokeURL},
	} {
		if err := is(one.raw); one.raw != "" && err != nil {
			m.addf(one.setting, "is %v", err)
		}
	}
	return m
}

// goodName reports whether name can be part of a command, a path and a setting.
func goodName(name string) bool {
	other := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	return name != "" && len(name) <= 32 && name[0] >= 'a' && name[0] <= 'z' && !strings.ContainsFunc(name, other)
}

// checkURL refuses a URL that could give away what is sent there.
func checkURL(raw string) error {
	_, err := authflow.SecureURL(raw)
	return err
}

// checkRoot parses a URL that paths are put behind; an issuer is one (OpenID
// Connect Discovery 1.0 section 3).
func checkRoot(raw string) (*url.URL, error) {
	u, err := authflow.SecureURL(raw)
	switch {
	case err != nil:
		return nil, err
	case strings.ContainsAny(raw, "?#"):
		return nil, errors.New("more than a root: give it without a query and without a fragment")
	}
	return u, nil
}

// checkEndpoint is checkURL for an endpoint of an issuer: only an issuer on
// loopback may have some on loopback.
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
