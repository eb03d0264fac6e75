package authflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/usherbot/usher/core/seal"
)

// OAuthClient is an app as its provider has registered it. Its Refresh and Revoke
// are those of the standards, for a Provider to have.
type OAuthClient struct {
	ID     string
	Secret seal.Secret
	Auth   ClientAuth

	TokenURL  string
	RevokeURL string     // empty: there is none
	Params    url.Values // what the provider wants with each refresh beyond the standard, such as resource
	// Reword puts an answer with tokens into the standard's words, as that of Reply
	// does; nil: it is in them.
	Reword func(body []byte) []byte
}

// Refresh implements Provider.Refresh by RFC 6749 section 6. The scopes stay those
// that were granted.
func (o OAuthClient) Refresh(ctx context.Context, c *http.Client, t Token) (Token, error) {
	form := clone(o.Params)
	form.Set("grant_type", "refresh_token")
	form.Set("refresh_token", t.Refresh.Reveal())
	req, err := o.newPost(ctx, o.TokenURL, form)
	if err != nil {
		return Token{}, err
	}
	r, err := sendOnce(c, req, t.Access, t.Refresh, o.Secret)
	if err != nil {
		return Token{}, err
	}
	return r.reworded(o.Reword).refreshed(t)
}

// Revoke implements Provider.Revoke by RFC 7009: with the refresh token, where
// there is one, the access token dies too (section 2.1).
func (o OAuthClient) Revoke(ctx context.Context, c *http.Client, t Token) error {
	if o.RevokeURL == "" {
		return ErrNoRevocation
	}
	form := url.Values{"token": {t.Access.Reveal()}, "token_type_hint": {"access_token"}}
	if t.Refresh != "" {
		form = url.Values{"token": {t.Refresh.Reveal()}, "token_type_hint": {"refresh_token"}}
	}
	r, err := o.post(ctx, c, o.RevokeURL, form, t.Access, t.Refresh)
	if err != nil {
		return err
	}
	return r.revoked()
}

// post sends form as this client. hide is what else is secret in it.
func (o OAuthClient) post(ctx context.Context, c *http.Client, to string, form url.Values, hide ...seal.Secret) (reply, error) {
	req, err := o.newPost(ctx, to, form)
	if err != nil {
		return reply{}, err
	}
	return send(c, req, append(hide, o.Secret)...)
}

// newPost makes a request that proves who the client is.
func (o OAuthClient) newPost(ctx context.Context, to string, form url.Values) (*http.Request, error) {
	form.Set("client_id", o.ID)
	auth := o.auth()
	if auth == AuthPost {
		form.Set("client_secret", o.Secret.Reveal())
	}
	req, err := newPost(ctx, to, form)
	if err == nil && auth == AuthBasic {
		// RFC 6749 section 2.3.1: both parts are form-encoded first.
		req.SetBasicAuth(url.QueryEscape(o.ID), url.QueryEscape(o.Secret.Reveal()))
	}
	return req, err
}

func (o OAuthClient) auth() ClientAuth {
	switch {
	case o.Auth != "":
		return o.Auth
	case o.Secret != "":
		return AuthPost
	}
	return AuthNone
}

// sendOnce is send for what the provider does once only. Where the request may
// have arrived and no answer came, the error is ErrUnclear.
func sendOnce(c *http.Client, req *http.Request, hide ...seal.Secret) (reply, error) {
	var dialling atomic.Bool // that it did not leave is known of a connection that never was
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { dialling.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { dialling.Store(false) },
	}
	r, err := send(c, req.WithContext(httptrace.WithClientTrace(req.Context(), trace)), hide...)
	if err != nil && !dialling.Load() {
		err = fmt.Errorf("%w: %w", ErrUnclear, err)
	}
	return r, err
}

// refreshed is what r, the reply to a request to refresh t, brings (RFC 6749
// section 5). Its errors are those of Provider.Refresh.
func (r reply) refreshed(t Token) (Token, error) {
	s := r.said()
	if s.Error.empty() && !s.Access.empty() {
		a := r.granted(s, r.at, Grant{Scopes: t.Scopes})
		if a.Err != nil {
			return Token{}, a.Err
		}
		a.Token.Refresh = cmp.Or(a.Token.Refresh, t.Refresh) // section 6: it may not be a new one
		return *a.Token, nil
	}
	code, _ := s.code()
	m := meaningOf(code, r.status)
	said := m != unclear && m != keepWaiting && m != slowDown
	switch {
	case clientMistake(code):
		return Token{}, fmt.Errorf("%w: %w", ErrSetup, r.refusal(s))
	case said, code == "" && (r.status == http.StatusBadRequest || r.status == http.StatusUnauthorized):
		return Token{}, r.refusal(s)
	case (code == "" || code == "server_error") && r.status/100 == 2, r.status == http.StatusBadGateway, r.status == http.StatusGatewayTimeout:
		return Token{}, fmt.Errorf("%w: %w", ErrUnclear, r.again())
	}
	return Token{}, r.again()
}

// clientMistake reports whether a code says that the app is not known, or not
// allowed to do that: no person's grant has died of it.
func clientMistake(code string) bool {
	switch strings.ToLower(code) {
	case "invalid_client", "incorrect_client_credentials", "invalid client", "unauthorized_client", "unsupported_grant_type":
		return true
	}
	return false
}

// whyFailed is what there is to say of a login that failed with err.
func whyFailed(err error) Why {
	if refusal, ok := errors.AsType[*OAuthError](err); ok && (clientMistake(refusal.Code) || closedHere(refusal.Code)) {
		return Barred
	}
	return Refused
}

// closedHere reports whether a code says that a client does not get what it asks for,
// whoever the person is.
func closedHere(code string) bool {
	switch strings.ToLower(code) {
	case "device_flow_disabled", "invalid_scope", "org_internal", "admin_policy_enforced":
		return true
	}
	return false
}

// revoked is what r, the reply to a request to revoke a token, means. What the
// provider knows no more is revoked (RFC 7009 section 2.2), though some call it an
// error.
func (r reply) revoked() error {
	s := r.said()
	code, _ := s.code()
	switch {
	case r.status/100 == 2 && s.Error.empty(), code == "invalid_token", strings.EqualFold(code, "invalid token"):
		return nil
	case r.status/100 == 4 && !busy(r.status):
		return r.refusal(s)
	}
	return r.again()
}

// SendOnce sends req for a Provider of a vendor with words of its own. hide is
// what is secret in it: no error shows it, even where the provider quotes it. An
// error means that there was no answer: one that is ErrUnclear, that the request
// may have arrived.
func SendOnce(c *http.Client, req *http.Request, hide ...seal.Secret) (Reply, error) {
	r, err := sendOnce(c, req, hide...)
	return Reply{reply: r}, err
}

// Status is that of the HTTP answer.
func (r Reply) Status() int { return r.reply.status }

// Refreshed is the token that a reply to a request to refresh t brings. Its errors
// are those of Provider.Refresh.
func (r Reply) Refreshed(t Token) (Token, error) { return r.reply.refreshed(t) }

// Revoked is nil when a reply to a request to revoke a token says that it has no
// effect any more.
func (r Reply) Revoked() error { return r.reply.revoked() }

// mortal reports whether an error of Provider.Refresh says that the grant has died.
func mortal(err error) bool {
	_, ok := errors.AsType[*OAuthError](err)
	return ok && !errors.Is(err, ErrSetup)
}
