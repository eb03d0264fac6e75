package authtest

import (
	"cmp"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
)

// Client is an application that has been registered here.
type Client struct {
	ID           string
	Name         string // shown on the approval page, default ID
	Secret       string // nothing but for Post and Basic
	Auth         Auth
	Token        string   // client token, for Facebook's dialect; none: not switched on there
	RedirectURIs []string // compared exactly; none: no code flow
	NoDevice     bool     // it may not use the device flow
}

// Format prints no secret, whatever the verb.
func (c Client) Format(f fmt.State, _ rune) {
	io.WriteString(f, "client "+c.ID) //nolint:errcheck // fmt's own buffer
}

// MarshalText prints no secret in JSON either.
func (c Client) MarshalText() ([]byte, error) { return []byte("client " + c.ID), nil }

// title is what people call the app.
func (c Client) title() string { return cmp.Or(c.Name, c.ID) }

// Auth is how a client authenticates itself; any other way is refused.
type Auth int

const (
	None  Auth = iota // a public client: client_id alone
	Post              // client_id and client_secret in the form
	Basic             // both in the Authorization header
)

// authenticate finds the client behind a form, RFC 6749 section 2.3.
func (s *Server) authenticate(r *http.Request, f url.Values) (Client, error) {
	id, secret, how := f.Get("client_id"), f.Get("client_secret"), None
	if secret != "" {
		how = Post
	}
	if r.Header.Get("Authorization") != "" {
		user, password, ok := basicAuth(r)
		switch {
		case !ok:
			return Client{}, invalidClient("the Authorization header is not valid Basic authentication")
		case how == Post:
			return Client{}, refuse("invalid_request", "more than one way of client authentication")
		case id != "" && id != user:
			return Client{}, invalidClient("client_id differs from the Authorization header")
		}
		id, secret, how = user, password, Basic
	}
	c, known := s.registered(id)
	if !known || how != c.Auth || !same(secret, c.Secret) {
		return Client{}, invalidClient("unknown client, wrong secret or another way of authentication than registered")
	}
	return c, nil
}

func (s *Server) registered(id string) (Client, bool) {
	i := slices.IndexFunc(s.opt.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, false
	}
	return s.opt.Clients[i], true
}

// basicAuth undoes the form encoding that RFC 6749 section 2.3.1 puts below Basic.
func basicAuth(r *http.Request) (user, password string, ok bool) {
	user, password, ok = r.BasicAuth()
	u, userErr := url.QueryUnescape(user)
	p, passwordErr := url.QueryUnescape(password)
	return u, p, ok && userErr == nil && passwordErr == nil
}

func invalidClient(text string) refusal {
	return refusal{status: http.StatusUnauthorized, code: "invalid_client", text: text, challenge: `Basic realm="authtest"`}
}

// same compares in a time that tells nothing.
func same(a, b string) bool {
	x, y := digestOf(a), digestOf(b)
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
