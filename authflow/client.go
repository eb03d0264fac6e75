package authflow

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Client returns a client that makes requests in the person's name, to the
// provider's own hosts only. It takes the token of the moment for each request, and
// a fresh one where that has run out or the provider does not take it any more, so
// that it can be kept, and used by many at once. A request that was refused is
// repeated if its body can be had again (http.Request.GetBody).
//
// It returns ErrNotLinked or ErrSignInAgain, as a request does later on.
func (a Accounts) Client(ctx context.Context, person, provider string) (*http.Client, error) {
	p, err := a.logins.Provider(provider)
	if err != nil {
		return nil, err
	}
	if _, err := a.logins.tokenOf(ctx, p, person, ""); err != nil {
		return nil, err
	}
	return &http.Client{Transport: bound{a.logins, p, person}, Timeout: time.Minute}, nil
}

// bound sends a person's token to a provider's own hosts, over https, and nowhere
// else: every hop of a redirect passes here.
type bound struct {
	logins   *Logins
	provider Provider
	person   string
}

// RoundTrip implements http.RoundTripper.
func (b bound) RoundTrip(r *http.Request) (*http.Response, error) {
	if !b.home(r.URL) {
		closeBody(r.Body)
		return nil, fmt.Errorf("%w: %s", ErrForeignHost, r.URL.Host)
	}
	t, err := b.logins.tokenOf(r.Context(), b.provider, b.person, "")
	if err != nil {
		closeBody(r.Body)
		return nil, err
	}
	resp, err := b.send(r, r.Body, t)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	return b.again(r, resp, t)
}

// again repeats a request that was refused with t, by another token.
func (b bound) again(r *http.Request, resp *http.Response, t Token) (*http.Response, error) {
	next, err := b.logins.tokenOf(r.Context(), b.provider, b.person, t.Access)
	if err != nil {
		closeBody(resp.Body)
		return nil, err
	}
	if next.Access == t.Access || r.Body != nil && r.Body != http.NoBody && r.GetBody == nil {
		return resp, nil
	}
	body := r.Body
	if r.GetBody != nil {
		if body, err = r.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // then the refusal is the answer
		}
	}
	closeBody(resp.Body)
	return b.send(r, body, next)
}

func (b bound) send(r *http.Request, body io.ReadCloser, t Token) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Body = body
	for name, values := range b.provider.Header {
		if r.Header[name] == nil {
			r.Header[name] = values
		}
	}
	r.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
	return b.logins.transport.RoundTrip(r)
}

func (b bound) home(u *url.URL) bool {
	if _, err := SecureURL(u.String()); err != nil {
		return false
	}
	return slices.ContainsFunc(b.provider.Hosts, func(h string) bool {
		return strings.EqualFold(h, u.Host) || strings.EqualFold(net.JoinHostPort(h, "443"), u.Host)
	})
}

func closeBody(body io.Closer) {
	if body != nil {
		body.Close()
	}
}
