package authtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// grant is one approval. All tokens that descend from it die with it.
type grant struct {
	at     Endpoint // where its tokens came from
	client Client
	user   User
	scopes []string
	dead   bool

	refreshable bool // a refresh token was given
}

type accessToken struct {
	*grant
	expires time.Time // zero: never
	revoked bool
	shown   string // what Heroku's list shows of it
}

type refreshToken struct {
	*grant
	spent bool
}

type tokenAnswer struct {
	Access    string `json:"access_token"`
	Type      string `json:"token_type"`
	ExpiresIn int    `json:"expires_in"`
	Refresh   string `json:"refresh_token,omitempty"`
	Scope     string `json:"scope"`
}

// tokenAt is a token endpoint, RFC 6749 section 3.2, with a vendor's words for what
// a poll finds.
func (s *Server) tokenAt(at Endpoint, polls words) http.HandlerFunc {
	return s.form(func(c Client, f url.Values) (any, error) {
		switch f.Get("grant_type") {
		case deviceGrant:
			return s.redeemDevice(at, polls, c, f)
		case "authorization_code":
			return s.redeemCode(at, c, f)
		case "refresh_token":
			return s.redeemRefresh(at, c, f)
		case "":
			return nil, refuse("invalid_request", "grant_type is missing")
		}
		return nil, refuse("unsupported_grant_type", "")
	})
}

// redeemRefresh is RFC 6749 section 6. A refresh token works once; a second use
// means that two parties hold it, so nobody keeps anything (RFC 9700 section 4.14.2).
func (s *Server) redeemRefresh(at Endpoint, c Client, f url.Values) (any, error) {
	t := s.refreshable(at, c, f.Get("refresh_token"))
	if t == nil {
		return nil, refuse("invalid_grant", "unknown, revoked or foreign refresh token, or one that was used before")
	}
	scopes := t.scopes
	if asked := strings.Fields(f.Get("scope")); len(asked) > 0 {
		if slices.ContainsFunc(asked, func(scope string) bool { return !slices.Contains(t.scopes, scope) }) {
			return nil, refuse("invalid_scope", "a refresh cannot widen what was granted")
		}
		scopes = asked
	}
	t.spent = !s.opt.KeepRefresh
	return s.issue(t.grant, scopes), nil
}

// refreshable is a refresh token that is good, or nil.
func (s *Server) refreshable(at Endpoint, c Client, token string) *refreshToken {
	t := s.refresh[digestOf(token)]
	if t == nil || t.at != at || t.client.ID != c.ID || t.dead {
		return nil
	}
	if t.spent {
		t.dead = true
		return nil
	}
	return t
}

// newGrant notes an approval, without the scopes that are withheld from everybody.
func (s *Server) newGrant(at Endpoint, c Client, u User, asked []string) *grant {
	scopes := slices.DeleteFunc(slices.Clone(asked), func(scope string) bool {
		return slices.Contains(s.opt.Withhold, scope)
	})
	return &grant{at: at, client: c, user: u, scopes: scopes}
}

// issue makes a pair of tokens.
func (s *Server) issue(g *grant, scopes []string) tokenAnswer {
	access := newCode()
	s.access[digestOf(access)] = &accessToken{grant: g, expires: time.Now().Add(s.opt.TokenLifetime)}
	return tokenAnswer{
		Access: access, Type: "Bearer", ExpiresIn: int(s.opt.TokenLifetime / time.Second),
		Refresh: s.newRefresh(g), Scope: strings.Join(scopes, " "),
	}
}

// newRefresh makes a refresh token, or none where none is given, or none but the
// first.
func (s *Server) newRefresh(g *grant) string {
	if s.opt.NoRefresh || s.opt.KeepRefresh && g.refreshable {
		return ""
	}
	g.refreshable = true
	refresh := newCode()
	s.refresh[digestOf(refresh)] = &refreshToken{grant: g}
	return refresh
}

// holder is whose access token of that endpoint this is.
func (s *Server) holder(at Endpoint, token string) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.access[digestOf(token)]
	if t == nil || t.at != at || t.dead || t.revoked || !t.expires.IsZero() && !time.Now().Before(t.expires) {
		return User{}, false
	}
	return t.user, true
}

// revoke is RFC 7009. Tokens nobody knows are as good as revoked; the hint may
// be wrong and is not needed here.
func (s *Server) revoke(c Client, f url.Values) (any, error) {
	key := digestOf(f.Get("token"))
	access, refresh := s.access[key], s.refresh[key]
	switch {
	case f.Get("token") == "":
		return nil, refuse("invalid_request", "token is missing")
	case access != nil && access.client.ID != c.ID, refresh != nil && refresh.client.ID != c.ID:
		return nil, refuse("invalid_grant", "the token belongs to another client")
	case access != nil:
		access.revoked = true
	case refresh != nil:
		refresh.dead = true // section 2.1: the access tokens too
	}
	return struct{}{}, nil
}

// A digest is what is kept of a code or token. To look one up takes a time that
// tells nothing about the others.
type digest [sha256.Size]byte

func digestOf(code string) digest { return sha256.Sum256([]byte(code)) }

// idOf is a name for what has this digest.
func idOf(d digest) string { return base64.RawURLEncoding.EncodeToString(d[:9]) }

// newCode makes a device code, authorization code or token.
func newCode() string {
	var b [32]byte
	rand.Read(b[:]) // never returns an error
	return base64.RawURLEncoding.EncodeToString(b[:])
}

var (
	challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)       // a SHA-256
	verifierForm  = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`) // RFC 7636 section 4.1
)

func goodChallenge(challenge, method string) bool {
	return method == "S256" && challengeForm.MatchString(challenge)
}

// proven checks a verifier, RFC 7636 section 4.6. One without a challenge is
// refused as well: the request was tampered with (RFC 9700 section 4.8.2).
func proven(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := digestOf(verifier)
	return verifierForm.MatchString(verifier) && same(challenge, base64.RawURLEncoding.EncodeToString(sum[:]))
}
