package provider

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow"
)

// preset is a service that speaks OAuth 2.0, as its documentation has it: what is
// left out is as the standards say. To add one, fill it in as google.go does and
// give it a row in constructors.
type preset struct {
	kind, title string
	// root is what the service is known by: the issuer of its accounts. ISSUER,
	// whose document is then asked, or BASE_URL takes its place. Without a root
	// there must be an issuer, such as example.
	root, example string
	// endpoints are URLs, or paths below the root. Of a root elsewhere, which is
	// somebody's own or a double, they all are below it, so that no token of the one
	// is sent to the other. What the document of an issuer says wins.
	endpoints metadata
	uses      []string // settings beyond those of a client: ISSUER, BASE_URL
	wrong     Mistakes // what the constructor has found by itself

	scopes   []string                            // asked for unless the settings name others; the first one always
	includes func(scope string) string           // the scope that includes this one, and is then granted instead; empty for none
	account  account                             // what is where in the user info
	header   http.Header                         // wanted with each token
	device   authflow.Device                     // how the device flow differs
	auth     authflow.ClientAuth                 // how a client with a secret proves itself
	keeps    bool                                // a refresh token stays good when it was used
	apart    bool                                // one that is revoked takes none of another login with it
	refused  func(no *authflow.OAuthError) error // what a refusal to give a code means; nil: what it means elsewhere
	browser  authflow.Browser                    // how the code flow differs
	named    []string                            // how its answers by browsers may name it (iss) beside the root: URLs, or paths below it
	secret   bool                                // browsers are for apps with a secret only

	apis   []string // hosts that commands may send the token to; by default that of the root
	pages  []string // hosts that a login link may point to, beside that of the root
	any    bool     // it may point anywhere
	manage string   // where a person removes access by hand: a URL, or a path below the root

	validates  time.Duration                // how often tokens are to be validated; 0: never
	flow       func(*service) authflow.Flow // in place of the device flow
	sameIssuer func(found, want string) bool
	revoke     func(context.Context, *http.Client, authflow.OAuthClient, authflow.Token) error
}

// make makes the provider of an App, if the App is right.
func (p preset) make(a App) (authflow.Provider, error) {
	a.Name, a.Kind = cmp.Or(a.Name, p.kind), p.kind
	if err := p.check(a).of(a); err != nil {
		return authflow.Provider{}, err
	}
	return p.build(a), nil
}

// build is make for what was checked.
func (p preset) build(a App) authflow.Provider {
	s := newService(p, a)
	out := authflow.Provider{
		Name: a.Name, Title: cmp.Or(a.Title, p.title), Issuer: s.root,
		StartLimit: a.StartLimit,
		Flows:      p.flows(s),
		Hosts:      a.hosts(a.APIHosts, s.root),
		Header:     p.header,
		Manage:     p.manage,
		Who:        s.who,
		Refresh:    s.refresh, Rotates: !p.keeps,
		Revoke: s.revoke, Apart: p.apart,
	}
	if !strings.Contains(p.manage, ":") {
		out.Manage = p.at(s.root, p.manage)
	}
	if p.validates > 0 {
		out.Validate, out.ValidateEvery = s.validate, p.validates
	}
	if p.apis != nil && p.home(s.root) {
		out.Hosts = a.hosts(slices.Concat(a.APIHosts, p.apis))
	}
	if !p.any || len(a.VerifyHosts) > 0 {
		out.VerifyHosts = a.hosts(slices.Concat(a.VerifyHosts, p.pages), s.root)
	}
	return out
}

// check finds what is wrong with an App for this service.
func (p preset) check(a App) Mistakes {
	m := a.check(append([]string{"CLIENT_ID", "CLIENT_SECRET", "CLIENT_AUTH", "SCOPES"}, p.uses...)...)
	m = append(m, p.checkRoots(a)...)
	m = append(m, p.checkFlow(a)...)
	return append(m, p.wrong...)
}

// checkRoots checks the URLs. An issuer by https has no endpoints by http.
func (p preset) checkRoots(a App) Mistakes {
	var m Mistakes
	is := checkURL
	if slices.Contains(p.uses, "ISSUER") {
		switch issuer, err := checkRoot(a.Issuer); {
		case a.Issuer == "" && p.root == "":
			m.addf("ISSUER", "is missing: give the https URL that the service documents, as in %s; only other kinds need none, such as github", p.example)
		case a.Issuer != "" && err != nil:
			m.addf("ISSUER", "is %v", err)
		case a.Issuer != "":
			is = func(raw string) error { return checkEndpoint(raw, issuer) }
		}
	}
	m = append(m, a.checkEndpoints(is)...)
	switch _, err := checkRoot(a.Base); {
	case a.Base == "" || !slices.Contains(p.uses, "BASE_URL"):
	case err != nil:
		m.addf("BASE_URL", "is %v", err)
	case a.Issuer != "":
		m.addf("BASE_URL", "is of no use beside ISSUER: remove one of them")
	}
	return m
}

// asks is what to ask for where the settings have these scopes. Without the first
// of the service's own most do not say who it is.
func (p preset) asks(set []string) []string {
	switch {
	case len(set) == 0:
		return p.scopes
	case len(p.scopes) == 0 || slices.Contains(set, p.scopes[0]):
		return set
	}
	return append([]string{p.scopes[0]}, set...)
}

// home reports whether root is the service's own, and not somebody else's.
func (p preset) home(root string) bool {
	own, err := url.Parse(p.root)
	given, bad := url.Parse(root)
	return err == nil && bad == nil && own.Host == given.Host
}

// known are the endpoints of the service at root.
func (p preset) known(root string) metadata {
	return metadata{
		Device: p.at(root, p.endpoints.Device), Authorize: p.at(root, p.endpoints.Authorize), Token: p.at(root, p.endpoints.Token),
		Userinfo: p.at(root, p.endpoints.Userinfo), Revoke: p.at(root, p.endpoints.Revoke),
	}
}

// at is what ref, a URL or a path, stands for at root.
func (p preset) at(root, ref string) string {
	u, err := url.Parse(ref)
	if err != nil || ref == "" || u.IsAbs() && p.home(root) {
		return ref
	}
	below, err := url.JoinPath(root, u.EscapedPath())
	if err != nil {
		return ""
	}
	return below
}
