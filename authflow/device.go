package authflow

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/usherbot/usher/core/seal"
)

const (
	deviceGrant  = "urn:ietf:params:oauth:grant-type:device_code" // RFC 8628 section 3.4
	codeFor      = 15 * time.Minute                               // where the answer does not say
	maxUserCode  = 64                                             // characters
	verifierSize = 32                                             // bytes, RFC 7636 section 4.1
	timeBase     = 36                                             // of the numbers in a packed time
)

// ClientAuth is how a client proves who it is: the same way at each endpoint, in
// the same way at each request. Trying ways would double the pace of polling.
type ClientAuth string

// The ways. The empty one stands for AuthPost with a secret and AuthNone without.
const (
	AuthNone  ClientAuth = "none"  // a public client has an id only
	AuthPost  ClientAuth = "post"  // client_secret in the form
	AuthBasic ClientAuth = "basic" // an Authorization header
)

// Device is the device flow (RFC 8628): the person opens a page anywhere and
// enters a short code there, while we ask now and then how it went.
type Device struct {
	DeviceURL string // empty: the provider does not offer the flow
	TokenURL  string
	ClientID  string
	Secret    seal.Secret
	Auth      ClientAuth
	Scopes    []string // asked for at every login, beside those of the Ask
	// What a provider wants beyond the standard, such as audience or resource.
	DeviceParams, TokenParams url.Values
	// Where a provider differs from the standard.
	ScopeParam  string // what it calls the parameter scope, which it then wants with each request
	NoPKCE      bool   // it does not know PKCE in this flow
	TokenSecret bool   // the secret is for the token endpoint alone: an id is enough to get a code
}

// Name implements Flow.
func (Device) Name() string { return "device" }

// Begin implements Flow. It proves by PKCE (RFC 7636) that whoever asks later is
// who began, except at servers that take no parameters they do not know.
func (d Device) Begin(ctx context.Context, c *http.Client, a Ask) (Grant, error) {
	if d.DeviceURL == "" {
		return Grant{}, fmt.Errorf("%w: no device authorization endpoint is known", ErrFlowOff)
	}
	if d.NoPKCE {
		return d.begin(ctx, c, a, "")
	}
	g, err := d.begin(ctx, c, a, newVerifier())
	if refusal, ok := errors.AsType[*OAuthError](err); ok && refusal.Code == "invalid_request" {
		return d.begin(ctx, c, a, "")
	}
	return g, err
}

func (d Device) begin(ctx context.Context, c *http.Client, a Ask, verifier seal.Secret) (Grant, error) {
	scopes := union(d.Scopes, a.Scopes)
	form := clone(d.DeviceParams)
	if len(scopes) > 0 || d.ScopeParam != "" {
		form.Set(cmp.Or(d.ScopeParam, "scope"), strings.Join(scopes, " "))
	}
	if verifier != "" {
		form.Set("code_challenge", challenge(verifier))
		form.Set("code_challenge_method", "S256")
	}
	client := d.client()
	if d.TokenSecret {
		client.Auth = AuthNone
	}
	sent := time.Now()
	r, err := client.post(ctx, c, d.DeviceURL, form)
	if err != nil {
		return Grant{}, err
	}
	g, err := r.grant(sent, verifier)
	g.Scopes = scopes
	return g, err
}

// Next implements Flow by exactly one request. back is not used.
func (d Device) Next(ctx context.Context, c *http.Client, g Grant, _ url.Values) (Answer, error) {
	p := unpack(g.Secret)
	form := clone(d.TokenParams)
	form.Set("grant_type", deviceGrant)
	form.Set("device_code", p.device.Reveal())
	if d.ScopeParam != "" {
		form.Set(d.ScopeParam, strings.Join(g.Scopes, " "))
	}
	if p.verifier != "" {
		form.Set("code_verifier", p.verifier.Reveal())
	}
	r, err := d.client().post(ctx, c, d.TokenURL, form, p.device, p.verifier, seal.Secret(g.Show.Code))
	if err != nil {
		return Answer{}, err
	}
	return r.answer(r.at, g)
}

func (d Device) client() OAuthClient {
	return OAuthClient{ID: d.ClientID, Secret: d.Secret, Auth: d.Auth}
}

// grant is what r, the reply to a request for a code, means. Its errors are
// those of Flow.Begin.
func (r reply) grant(sent time.Time, verifier seal.Secret) (Grant, error) {
	s := r.said()
	code, _ := s.code()
	switch m := meaningOf(code, r.status); {
	case code == "" && !s.DeviceCode.empty():
		return s.grant(sent, verifier)
	case code == "invalid_client", code == "invalid client", code == "incorrect_client_credentials", code == "invalid_scope",
		code == "org_internal", code == "admin_policy_enforced":
		return Grant{}, fmt.Errorf("%w: %w", ErrSetup, r.refusal(s))
	case r.status == http.StatusNotFound, code == "unauthorized_client", code == "device_flow_disabled":
		return Grant{}, fmt.Errorf("%w: %w", ErrFlowOff, r.refusal(s))
	case m == unclear, m == keepWaiting, m == slowDown:
		return Grant{}, r.again()
	}
	return Grant{}, r.refusal(s)
}

// grant is a device authorization response (RFC 8628 section 3.2) to a request
// that was sent at that time.
func (s said) grant(sent time.Time, verifier seal.Secret) (Grant, error) {
	show := Show{URL: s.VerificationURI.or(s.VerificationURL.Reveal()), Code: s.UserCode.Reveal(), FullURL: s.Complete.Reveal()}
	if _, err := SecureURL(show.URL); err != nil {
		return Grant{}, fmt.Errorf("verification_uri: %w", err)
	}
	if _, err := SecureURL(show.FullURL); err != nil {
		show.FullURL = "" // it is a convenience
	}
	if bad := badUserCode(show.Code); bad != "" {
		return Grant{}, errors.New("user_code " + bad)
	}
	every := s.Interval.duration()
	if every < time.Second || every > longestFirst {
		every = firstEvery
	}
	lives := s.ExpiresIn.duration()
	if lives == 0 {
		lives = codeFor
	}
	p := pending{device: s.DeviceCode.Secret, verifier: verifier, began: sent}
	return Grant{Show: show, Secret: p.pack(), Every: every, Expires: sent.Add(lives)}, nil
}

// badUserCode says what is wrong with a code that a person has to read and type.
func badUserCode(code string) string {
	switch {
	case strings.TrimSpace(code) == "":
		return "is missing"
	case utf8.RuneCountInString(code) > maxUserCode:
		return "is longer than " + strconv.Itoa(maxUserCode) + " characters"
	case strings.ContainsFunc(code, unprintable):
		return "has characters that cannot be seen"
	}
	return ""
}

// pending is what must be remembered of a code that was issued.
type pending struct {
	device, verifier seal.Secret
	began            time.Time
}

// pack makes it short, since many of these wait in memory: a verifier of ours is put
// as the bytes that it says, of which there are always as many, and any other as it
// is. The device code is last: it alone may hold spaces.
func (p pending) pack() seal.Secret {
	began := strconv.FormatInt(p.began.Unix(), timeBase)
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(p.verifier.Reveal()); err == nil && len(raw) == verifierSize {
		return seal.Secret(began + "." + string(raw) + p.device.Reveal())
	}
	return seal.Secret(began + " " + p.verifier.Reveal() + " " + p.device.Reveal())
}

// unpack is the inverse of pack. What pack did not make holds no code, and the
// provider will say so.
func unpack(s seal.Secret) pending {
	text := s.Reveal()
	at := strings.IndexAny(text, ". ")
	unix, err := strconv.ParseInt(text[:max(at, 0)], timeBase, 64)
	if err != nil {
		return pending{}
	}
	began, rest := time.Unix(unix, 0), text[at+1:]
	if text[at] == '.' && len(rest) > verifierSize {
		return pending{device: seal.Secret(rest[verifierSize:]), verifier: verifierOf([]byte(rest[:verifierSize])), began: began}
	}
	if verifier, device, ok := strings.Cut(rest, " "); ok && text[at] == ' ' {
		return pending{device: seal.Secret(device), verifier: seal.Secret(verifier), began: began}
	}
	return pending{}
}

func newVerifier() seal.Secret {
	var b [verifierSize]byte
	rand.Read(b[:])
	return verifierOf(b[:])
}

func verifierOf(b []byte) seal.Secret { return seal.Secret(base64.RawURLEncoding.EncodeToString(b)) }

// challenge is S256 of RFC 7636 section 4.2.
func challenge(verifier seal.Secret) string {
	sum := sha256.Sum256([]byte(verifier.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// clone copies v into values that more can be set in.
func clone(v url.Values) url.Values {
	out := url.Values{}
	maps.Copy(out, v)
	return out
}
