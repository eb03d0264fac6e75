package authtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Authorization endpoints, RFC 6749 section 3.1.
const (
	Authorization          Endpoint = "/oauth/authorize" // GitLab's too
	GitHubAuthorization    Endpoint = "/login/oauth/authorize"
	GoogleAuthorization    Endpoint = "/o/oauth2/v2/auth"
	MicrosoftAuthorization Endpoint = "/common/oauth2/v2.0/authorize"
	DiscordAuthorization   Endpoint = "/oauth2/authorize" // Twitch's too
	Auth0Authorization     Endpoint = "/auth0/authorize"
	OktaAuthorization      Endpoint = "/oauth2/default/v1/authorize"
	KeycloakAuthorization  Endpoint = "/realms/acme/protocol/openid-connect/auth"
	SlackAuthorization     Endpoint = "/openid/connect/authorize"
	SlackUserAuthorization Endpoint = "/oauth/v2/authorize"
)

const codeLifetime = time.Minute // RFC 6749 section 4.1.2 allows ten

// authorization is a browser's request, RFC 6749 section 4.1.1. Nothing of it is
// kept: the consent form is posted to the same URL and everything checked again.
type authorization struct {
	client    Client
	redirect  string
	state     string
	challenge string
	scopes    []string
	iss       string // who answers, for the endpoints that say so
	flaw      string // an error code for the client
}

// authCode is an authorization code, found by its digest.
type authCode struct {
	client    Client
	redirect  string
	challenge string
	scopes    []string
	user      User
	expires   time.Time
	grant     *grant // once it was used
}

// door is how an authorization endpoint differs from others.
type door struct {
	iss    string                                      // what its answers name (RFC 9207); empty: nothing
	scopes func(q url.Values) (list []string, ok bool) // nil: by the standard
}

func (s *Server) openDoor(mux *http.ServeMux, at Endpoint, d door) {
	if d.scopes == nil {
		d.scopes = func(q url.Values) ([]string, bool) { return strings.Fields(q.Get("scope")), true }
	}
	s.doors[string(at)] = d
	mux.HandleFunc("GET "+string(at), s.askConsent)
	mux.HandleFunc("POST "+string(at), s.sameSite(s.takeConsent))
}

// readAuthorization fails where a redirect would serve an attacker: unknown
// client, unregistered redirect_uri. Other mistakes are a flaw to report back.
func (s *Server) readAuthorization(u *url.URL) (authorization, error) {
	q := u.Query()
	c, known := s.registered(q.Get("client_id"))
	if !known {
		return authorization{}, refuse("invalid_client", "This app is not known here.")
	}
	if !slices.Contains(c.RedirectURIs, q.Get("redirect_uri")) {
		return authorization{}, refuse("invalid_request", "This app wants to send you to an address that it has not registered.")
	}
	d := s.doors[u.Path]
	scopes, ok := d.scopes(q)
	a := authorization{
		client: c, redirect: q.Get("redirect_uri"), state: q.Get("state"),
		challenge: q.Get("code_challenge"), scopes: scopes, iss: d.iss,
	}
	switch {
	case repeated(q) != "", q.Has("client_secret"), !goodChallenge(a.challenge, q.Get("code_challenge_method")):
		a.flaw = "invalid_request"
	case q.Get("response_type") != "code":
		a.flaw = "unsupported_response_type"
	case !ok:
		a.flaw = "invalid_scope"
	}
	return a, nil
}

// agree makes a code and returns where to send the browser.
func (s *Server) agree(a authorization, as User) string {
	code := newCode()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[digestOf(code)] = &authCode{
		client: a.client, redirect: a.redirect, challenge: a.challenge, scopes: a.scopes,
		user: as, expires: time.Now().Add(codeLifetime),
	}
	return a.sendBack("code", code)
}

// sendBack is the redirect URI with an answer in it.
func (a authorization) sendBack(name, value string) string {
	q := url.Values{name: {value}}
	if a.iss != "" {
		q.Set("iss", a.iss)
	}
	if a.state != "" {
		q.Set("state", a.state)
	}
	if strings.Contains(a.redirect, "?") {
		return a.redirect + "&" + q.Encode()
	}
	return a.redirect + "?" + q.Encode()
}

// redeemCode is RFC 6749 section 4.1.3.
func (s *Server) redeemCode(at Endpoint, c Client, f url.Values) (any, error) {
	g, err := s.takeCode(at, c, f)
	if err != nil {
		return nil, err
	}
	return s.issue(g, g.scopes), nil
}

// takeCode is what a code stands for, for tokens of the token endpoint at. A second
// use revokes what the first one got.
func (s *Server) takeCode(at Endpoint, c Client, f url.Values) (*grant, error) {
	a := s.codes[digestOf(f.Get("code"))]
	switch {
	case a == nil || a.client.ID != c.ID:
		return nil, refuse("invalid_grant", "unknown code")
	case a.grant != nil:
		a.grant.dead = true
		return nil, refuse("invalid_grant", "the code was used before; its tokens are revoked")
	case !time.Now().Before(a.expires):
		return nil, refuse("invalid_grant", "the code has expired")
	case f.Get("redirect_uri") != a.redirect:
		return nil, refuse("invalid_grant", "redirect_uri differs from the one of the authorization request")
	case !proven(a.challenge, f.Get("code_verifier")):
		return nil, refuse("invalid_grant", "code_verifier does not match the challenge")
	}
	a.grant = s.newGrant(at, a.client, a.user, a.scopes)
	return a.grant, nil
}

// askConsent shows who asks for what.
func (s *Server) askConsent(w http.ResponseWriter, r *http.Request) {
	if a, ok := s.openAuthorization(w, r); ok {
		s.render(w, r, http.StatusOK, consentView(a, r.URL.RequestURI(), s.opt.Users))
	}
}

// takeConsent sends the browser back with the answer.
func (s *Server) takeConsent(w http.ResponseWriter, r *http.Request) {
	a, ok := s.openAuthorization(w, r)
	if !ok {
		return
	}
	as, named := s.chosenUser(r)
	switch {
	case r.PostForm.Get("decision") != "approve":
		redirect(w, r, a.sendBack("error", "access_denied"))
	case !named:
		v := consentView(a, r.URL.RequestURI(), s.opt.Users)
		v.Problem = chooseAccount
		s.render(w, r, http.StatusBadRequest, v)
	default:
		redirect(w, r, s.agree(a, as))
	}
}

// openAuthorization answers by itself what cannot be consented to.
func (s *Server) openAuthorization(w http.ResponseWriter, r *http.Request) (authorization, bool) {
	a, err := s.readAuthorization(r.URL)
	switch {
	case err != nil:
		s.render(w, r, http.StatusBadRequest, view{Page: "result", Title: "This link does not work", Text: textOf(err)})
		return a, false
	case a.flaw != "":
		redirect(w, r, a.sendBack("error", a.flaw))
		return a, false
	}
	return a, true
}

// redirect turns a POST into a GET, so that no form travels on.
func redirect(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, to, http.StatusSeeOther)
}
