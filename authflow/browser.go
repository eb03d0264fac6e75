package authflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/core/seal"
)

// browserFor is how long a person has to come back from the provider.
const browserFor = 10 * time.Minute

// ErrNoPublicURL is returned, with ErrFlowOff, by Flow.Begin where a browser would
// have to come back and there is no address for that. Core says so to the person.
var ErrNoPublicURL = errors.New("there is no public URL for browsers to come back to")

// Browser is the code flow (RFC 6749 section 4.1) with PKCE (RFC 7636): the person
// approves in a browser, which comes back to us with a code that is good once.
type Browser struct {
	AuthorizeURL string // empty: the provider does not offer the flow
	TokenURL     string
	// Issuers are what an answer may have as its iss; it must have one where
	// NamesIssuer (RFC 9207). None: they are not known, and iss is not looked at.
	// SameIssuer says what else means one of them; nil: nothing.
	Issuers     []string
	SameIssuer  func(issuer, iss string) bool
	NamesIssuer bool
	ClientID    string
	Secret      seal.Secret
	Auth        ClientAuth
	Scopes      []string // asked for at every login, beside those of the Ask
	ScopeParam  string   // what they are called; default "scope"
	ScopeSep    string   // what is between them; default a space
	// What a provider wants beyond the standard, such as access_type or resource.
	AuthorizeParams, TokenParams url.Values
	Reword                       func(body []byte) []byte // as in OAuthClient
}

// Name implements Flow.
func (Browser) Name() string { return "browser" }

// Begin implements Flow. It asks nobody: the browser does.
func (b Browser) Begin(_ context.Context, _ *http.Client, a Ask) (Grant, error) {
	switch {
	case b.AuthorizeURL == "":
		return Grant{}, fmt.Errorf("%w: no authorization endpoint is known", ErrFlowOff)
	case a.RedirectURI == "":
		return Grant{}, fmt.Errorf("%w: %w", ErrFlowOff, ErrNoPublicURL)
	}
	u, err := SecureURL(b.AuthorizeURL)
	if err != nil {
		return Grant{}, fmt.Errorf("%w: authorization endpoint: %w", ErrSetup, err)
	}
	scopes, verifier := union(b.Scopes, a.Scopes), newVerifier()
	q := u.Query() // RFC 6749 section 3.1: what the endpoint has of its own stays
	maps.Copy(q, b.AuthorizeParams)
	q.Set("response_type", "code")
	q.Set("client_id", b.ClientID)
	q.Set("redirect_uri", a.RedirectURI)
	q.Set("state", a.State)
	q.Set("code_challenge", challenge(verifier))
	q.Set("code_challenge_method", "S256")
	if len(scopes) > 0 {
		q.Set(cmp.Or(b.ScopeParam, "scope"), strings.Join(scopes, cmp.Or(b.ScopeSep, " ")))
	}
	u.RawQuery = q.Encode()
	return Grant{
		Show: Show{URL: u.String()}, Secret: seal.Secret(verifier.Reveal() + " " + a.RedirectURI),
		Scopes: scopes, Expires: time.Now().Add(browserFor),
	}, nil
}

// Next implements Flow. It redeems the code in back by exactly one request, and
// makes none where back is not a good answer to the question that was asked. Whoever
// calls it has found the login by the state in back.
func (b Browser) Next(ctx context.Context, c *http.Client, g Grant, back url.Values) (Answer, error) {
	if back == nil { // the engine asks in the end, and there is nobody to ask
		return Answer{State: Waiting}, nil
	}
	if err := b.check(back); err != nil {
		if meaningOf(err.Code, 0) == refused {
			return Answer{State: Denied}, nil
		}
		return Answer{State: Failed, Err: err}, nil
	}
	verifier, redirect, _ := strings.Cut(g.Secret.Reveal(), " ")
	form := clone(b.TokenParams)
	form.Set("grant_type", "authorization_code")
	form.Set("code", back.Get("code"))
	form.Set("redirect_uri", redirect)
	form.Set("code_verifier", verifier)
	r, err := b.client().post(ctx, c, b.TokenURL, form, seal.Secret(back.Get("code")), seal.Secret(verifier))
	if err != nil {
		return Answer{}, err
	}
	return r.reworded(b.Reword).exchanged(g)
}

func (b Browser) client() OAuthClient {
	return OAuthClient{ID: b.ClientID, Secret: b.Secret, Auth: b.Auth}
}

// check returns what is wrong with an authorization response, nil for one with a
// code. Who sent it comes before what it says (RFC 9207 section 2.4).
func (b Browser) check(back url.Values) *OAuthError {
	wrong := func(what string) *OAuthError { return &OAuthError{Description: "the browser came back with " + what} }
	for _, name := range []string{"code", "error", "iss", "state"} {
		if len(back[name]) > 1 { // RFC 6749 section 3.1
			return wrong("more than one " + name)
		}
	}
	switch iss := back.Get("iss"); {
	case len(b.Issuers) > 0 && back.Has("iss") && !b.means(iss):
		return wrong("the answer of another issuer")
	case len(b.Issuers) > 0 && !back.Has("iss") && b.NamesIssuer:
		return wrong("an answer that does not name its issuer")
	case back.Has("error"):
		r := reply{}
		return &OAuthError{Code: r.clean(back.Get("error"), 64), Description: r.clean(back.Get("error_description"), 200)}
	case back.Get("code") == "":
		return wrong("neither a code nor an error")
	}
	return nil
}

// means reports whether iss means one of the issuers.
func (b Browser) means(iss string) bool {
	return slices.ContainsFunc(b.Issuers, func(issuer string) bool {
		return iss == issuer || b.SameIssuer != nil && b.SameIssuer(issuer, iss)
	})
}

// exchanged is what r, the reply to a request that redeems a code, means.
func (r reply) exchanged(g Grant) (Answer, error) {
	s := r.said()
	if s.Error.empty() && !s.Access.empty() {
		return r.granted(s, r.at, g), nil
	}
	if code, _ := s.code(); meaningOf(code, r.status) == unclear {
		return Answer{}, r.again()
	}
	return Answer{State: Failed, Err: r.refusal(s)}, nil
}
