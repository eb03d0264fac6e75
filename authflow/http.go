package authflow

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/usherbot/usher/core/seal"
)

const (
	agent    = "usher (+https://github.com/usherbot/usher)"
	maxBody  = 1 << 20   // bytes of an answer
	maxLater = time.Hour // a Retry-After above this is a mistake
)

// NewClient makes the client that flows and Provider.Who are given: over base's
// transport, or one of its own. It follows no redirect, for what is sent is for
// one endpoint only, and has no cookies, which would tie persons to each other.
func NewClient(base *http.Client) *http.Client {
	if base == nil {
		base = &http.Client{}
	}
	over := base.Transport
	if over == nil {
		over = newTransport()
	}
	return &http.Client{
		Transport:     mannered{over},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       cmp.Or(base.Timeout, requestTimeout),
	}
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        64,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 5 * time.Second,
	}
}

// mannered introduces itself, asks for JSON and takes no more than maxBody.
type mannered struct{ over http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (m mannered) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("User-Agent") != agent || r.Header.Get("Accept") == "" {
		r = r.Clone(r.Context())
		introduce(r.Header)
	}
	resp, err := m.over.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if _, err := resp.Location(); err != nil {
		resp.Header.Del("Location") // http.Client would quote it in an error
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxBody)
	return resp, nil
}

// introduce says who asks, and for what.
func introduce(h http.Header) {
	h.Set("User-Agent", agent)
	if h.Get("Accept") == "" {
		h.Set("Accept", "application/json")
	}
}

// reply is the answer to a request, read to its end.
type reply struct {
	status int
	form   bool // the body is of the type application/x-www-form-urlencoded
	body   []byte
	at     time.Time     // when it had arrived
	after  time.Duration // Retry-After; 0: none
	hide   []seal.Secret // what was sent and must not come back in an error
}

// send sends req, which must go to a SecureURL. Its errors name the method and
// the host only: the rest of a URL, and a body, may hold secrets.
func send(c *http.Client, req *http.Request, hide ...seal.Secret) (reply, error) {
	if err := secure(req.URL); err != nil {
		return reply{}, fmt.Errorf("%s %s: %w", req.Method, req.URL.Host, err)
	}
	resp, err := exchange(c, req)
	if err != nil {
		return reply{}, fmt.Errorf("%s %s: %w", req.Method, req.URL.Host, bare(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return reply{}, fmt.Errorf("%s %s: the answer is over %d bytes", req.Method, req.URL.Host, maxBody)
	}
	if err != nil {
		return reply{}, fmt.Errorf("%s %s: read the answer: %w", req.Method, req.URL.Host, bare(err))
	}
	now := time.Now()
	return reply{
		status: resp.StatusCode,
		form:   strings.HasPrefix(strings.ToLower(resp.Header.Get("Content-Type")), "application/x-www-form-urlencoded"),
		body:   body,
		at:     now,
		after:  parseRetryAfter(resp.Header.Get("Retry-After"), now),
		hide:   hide,
	}, nil
}

// exchange is c.Do. A client of NewClient only adds a time limit to its transport,
// for a goroutine a request; where the context ends sooner, that is spared.
func exchange(c *http.Client, req *http.Request) (*http.Response, error) {
	over, ours := c.Transport.(mannered)
	end, limited := req.Context().Deadline()
	if ours && limited && time.Until(end) <= c.Timeout {
		return over.RoundTrip(req)
	}
	return c.Do(req)
}

// newPost makes a request that posts form.
func newPost(ctx context.Context, to string, form url.Values) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", bare(err))
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	introduce(req.Header) // here, so that mannered need not copy it
	return req, nil
}

// FetchJSON sends req and decodes the JSON of a good answer into v. The errors
// that it returns may be logged. One is an *OAuthError when the answer was a 4xx
// that no waiting will change; any other is worth another try: *Later when the
// provider said when. Secrets go into req's Authorization header or body.
func FetchJSON(c *http.Client, req *http.Request, v any) error {
	auth := req.Header.Get("Authorization")
	r, err := send(c, req, seal.Secret(auth[strings.IndexByte(auth, ' ')+1:]))
	switch {
	case err != nil:
		return err
	case r.status/100 == 4 && !busy(r.status):
		return fmt.Errorf("%s %s: %w", req.Method, req.URL.Host, r.refusal(r.said()))
	case r.status/100 == 2 && json.Unmarshal(r.body, v) == nil:
		return nil
	}
	return fmt.Errorf("%s %s: %w", req.Method, req.URL.Host, r.again())
}

// busy reports whether a status means that the same request may do better later.
func busy(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// SecureURL parses a URL that may be trusted with a secret, or with a person: an
// absolute one, by https or, to a loopback host, by http, without user info. Its
// errors do not quote raw.
func SecureURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || strings.ContainsFunc(raw, unprintable) {
		return nil, errors.New("not a URL")
	}
	if err := secure(u); err != nil {
		return nil, err
	}
	return u, nil
}

func secure(u *url.URL) error {
	switch {
	case u.Scheme == "" || u.Hostname() == "":
		return errors.New("not an absolute URL, as in https://login.example.com")
	case u.User != nil:
		return errors.New("a URL with a user name or password in it")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return errors.New("not an https URL; http is for loopback hosts only")
	}
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// unprintable covers control characters, marks that turn the direction of
// text, and whatever else can hide between letters.
func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// bare strips what net/http puts around errors: it prints the URL.
func bare(err error) error {
	for {
		outer, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err
		}
		err = outer.Err
	}
}

// parseRetryAfter reads a Retry-After header: seconds or a date (RFC 9110
// section 10.2.3). 0 means that it says nothing.
func parseRetryAfter(header string, now time.Time) time.Duration {
	if header == "" {
		return 0
	}
	if n, err := strconv.ParseUint(header, 10, 32); err == nil {
		return min(time.Duration(n)*time.Second, maxLater)
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return max(0, min(date.Sub(now), maxLater))
}
