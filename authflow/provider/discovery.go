package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/authflow"
)

const (
	freshFor  = time.Hour        // how long a document is believed
	lookupFor = 20 * time.Second // how long getting one may take
)

// metadata is what we need of OpenID Connect Discovery 1.0 section 3, RFC 8414
// section 2, RFC 8628 section 4, RFC 7009 and RFC 9207 section 3.
type metadata struct {
	Issuer      string   `json:"issuer"`
	Device      string   `json:"device_authorization_endpoint"`
	Authorize   string   `json:"authorization_endpoint"`
	Token       string   `json:"token_endpoint"`
	Userinfo    string   `json:"userinfo_endpoint"`
	Revoke      string   `json:"revocation_endpoint"`
	Methods     []string `json:"token_endpoint_auth_methods_supported"`
	Challenges  []string `json:"code_challenge_methods_supported"`
	NamesIssuer bool     `json:"authorization_response_iss_parameter_supported"`
}

// complete reports whether nothing has to be discovered for a flow: people can do
// without another way to sign in, and without an endpoint for revocation.
func (m metadata) complete(flow string) bool {
	way := m.Device
	if flow == inBrowser {
		way = m.Authorize
	}
	return way != "" && m.Token != "" && m.Userinfo != ""
}

// or is m with the gaps filled from other.
func (m metadata) or(other metadata) metadata {
	m.Issuer = cmp.Or(m.Issuer, other.Issuer)
	m.Device = cmp.Or(m.Device, other.Device)
	m.Authorize = cmp.Or(m.Authorize, other.Authorize)
	m.Token = cmp.Or(m.Token, other.Token)
	m.Userinfo = cmp.Or(m.Userinfo, other.Userinfo)
	m.Revoke = cmp.Or(m.Revoke, other.Revoke)
	if m.Methods == nil {
		m.Methods = other.Methods
	}
	if m.Challenges == nil {
		m.Challenges = other.Challenges
	}
	m.NamesIssuer = m.NamesIssuer || other.NamesIssuer
	return m
}

// check finds what would make a login fail later on, or give secrets away. The
// endpoints for devices, browsers and revocation may be missing.
func (m metadata) check(issuer *url.URL) error {
	for _, endpoint := range []struct {
		name, raw string
		optional  bool
	}{
		{"token_endpoint", m.Token, false},
		{"userinfo_endpoint", m.Userinfo, false},
		{"device_authorization_endpoint", m.Device, true},
		{"authorization_endpoint", m.Authorize, true},
		{"revocation_endpoint", m.Revoke, true},
	} {
		err := checkEndpoint(endpoint.raw, issuer)
		switch {
		case endpoint.raw != "" && err != nil:
			return fmt.Errorf("%s: %w", endpoint.name, err)
		case endpoint.raw == "" && !endpoint.optional:
			return fmt.Errorf("the document has no %s: set its URL", endpoint.name)
		}
	}
	return nil
}

// auth is how a client with a secret authenticates here. Where the document does
// not say, Discovery 1.0 section 3 has it that it is Basic.
func (m metadata) auth() authflow.ClientAuth {
	if m.Methods == nil || slices.Contains(m.Methods, "client_secret_basic") && !slices.Contains(m.Methods, "client_secret_post") {
		return authflow.AuthBasic
	}
	return authflow.AuthPost
}

// discovery finds the endpoints of an issuer when they are needed.
type discovery struct {
	raw    string // the issuer as it was given, to compare
	issuer *url.URL
	flow   string                        // of the App
	given  metadata                      // wins over what is found
	known  metadata                      // where nothing is found
	same   func(found, want string) bool // whether a document is the issuer's; nil: where both are equal

	mu   sync.Mutex
	last *lookup
}

// lookup is one time of asking, shared by all who want to know meanwhile.
type lookup struct {
	done  chan struct{} // closed when the fields below are there
	found metadata
	err   error
	until time.Time // when to look again; at once after a failure
}

// endpoints returns the endpoints. Its errors are worth another try.
func (d *discovery) endpoints(ctx context.Context, c *http.Client) (metadata, error) {
	if d.given.complete(d.flow) {
		return d.given, nil
	}
	l := d.current(ctx, c)
	select {
	case <-l.done:
		return l.found, l.err
	case <-ctx.Done():
		return metadata{}, fmt.Errorf("discover %s: %w", d.issuer.Host, ctx.Err())
	}
}

// current is the last lookup, or a new one when that failed or is too old. Whoever
// starts one may leave: others wait for it too.
func (d *discovery) current(ctx context.Context, c *http.Client) *lookup {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last == nil || d.last.over(time.Now()) {
		d.last = &lookup{done: make(chan struct{})}
		go d.look(context.WithoutCancel(ctx), c, d.last)
	}
	return d.last
}

func (l *lookup) over(now time.Time) bool {
	select {
	case <-l.done:
		return !now.Before(l.until)
	default:
		return false
	}
}

func (d *discovery) look(ctx context.Context, c *http.Client, l *lookup) {
	defer close(l.done)
	ctx, cancel := context.WithTimeout(ctx, lookupFor)
	defer cancel()
	found, err := d.fetch(ctx, c)
	if err != nil {
		l.err = fmt.Errorf("discover %s: %w", d.issuer.Host, err)
		return
	}
	l.found, l.until = found, time.Now().Add(freshFor)
}

// fetch asks for the document of OpenID Connect and, where there is none, for
// that of RFC 8414.
func (d *discovery) fetch(ctx context.Context, c *http.Client) (metadata, error) {
	found, err := d.get(ctx, c, strings.TrimSuffix(d.raw, "/")+"/.well-known/openid-configuration")
	if no, ok := errors.AsType[*authflow.OAuthError](err); ok && no.Status == http.StatusNotFound {
		found, err = d.get(ctx, c, oauthDocument(d.issuer))
	}
	no, refused := errors.AsType[*authflow.OAuthError](err)
	if refused && d.known.complete(d.flow) {
		return d.known, nil
	}
	if refused {
		err = fmt.Errorf("%w: there is no document: %s", authflow.ErrSetup, no.Error()) // refused is the document, not the login
	}
	if err != nil {
		return metadata{}, err
	}
	if found.Issuer != d.raw && (d.same == nil || !d.same(found.Issuer, d.raw)) {
		return metadata{}, fmt.Errorf("%w: the document is of the issuer %.200q, not %q: give exactly that one", authflow.ErrSetup, found.Issuer, d.raw)
	}
	found = d.given.or(found).or(d.known)
	if err := found.check(d.issuer); err != nil {
		return metadata{}, fmt.Errorf("%w: %w", authflow.ErrSetup, err)
	}
	return found, nil
}

func (d *discovery) get(ctx context.Context, c *http.Client, from string) (metadata, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return metadata{}, errors.New("the issuer makes no valid URL")
	}
	var m metadata
	return m, authflow.FetchJSON(c, req, &m)
}

// oauthDocument puts the well-known part between host and path (RFC 8414 section 3).
func oauthDocument(issuer *url.URL) string {
	root := &url.URL{Scheme: issuer.Scheme, Host: issuer.Host}
	return root.String() + "/.well-known/oauth-authorization-server" + strings.TrimSuffix(issuer.EscapedPath(), "/")
}
