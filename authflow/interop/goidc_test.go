package interop_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/luikyv/go-oidc/pkg/goidc"
	"github.com/luikyv/go-oidc/pkg/provider"

	"github.com/usherbot/usher/authflow"
)

// luikyv is luikyv/go-oidc. Its app is one that authenticates in the form, and its
// access tokens are JWTs.
type luikyv struct {
	http.Handler
	rows *luikyvRows
}

func newLuikyv(t *testing.T) server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := goidc.JSONWebKeySet{Keys: []goidc.JSONWebKey{{Key: key, KeyID: "1", Algorithm: string(goidc.ES256), Use: "sig"}}}
	rows := &luikyvRows{sessions: map[string]goidc.AuthnSession{}, grants: map[string]goidc.Grant{}}
	p, err := provider.New(issuer, rows, func(context.Context) (goidc.JSONWebKeySet, error) { return keys, nil },
		provider.WithIDTokenSignatureAlgs(goidc.ES256),
		provider.WithSecretPostAuthn(),
		provider.WithScopes(goidc.ScopeOpenID, goidc.ScopeProfile, goidc.ScopeOfflineAccess),
		provider.WithDeviceGrant(rows, say("enter the code"), say("done")),
		provider.WithRefreshTokenGrant(rows),
		provider.WithRefreshTokenRotation(),
		provider.WithTokenRevocation(func(context.Context, *goidc.Client) bool { return true }),
		provider.WithPKCE(goidc.CodeChallengeMethodSHA256),
		provider.WithStaticClients(luikyvApp(appID, goidc.GrantDeviceCode), luikyvApp(otherID)),
		provider.WithPolicies(goidc.NewPolicy("ask", func(*http.Request, *goidc.AuthnSession, *goidc.Client) bool { return true }, answered)),
		provider.WithUserInfoClaims(func(context.Context, *goidc.Grant) map[string]any {
			return map[string]any{goidc.ClaimPreferredUsername: name}
		}),
		provider.WithJTIConsumer(func(context.Context, string) error { return nil }),
	)
	if err != nil {
		t.Fatal(err)
	}
	return luikyv{p.Handler(), rows}
}

func luikyvApp(id string, more ...goidc.GrantType) *goidc.Client {
	return &goidc.Client{ID: id, Secret: appSecret, ClientMeta: goidc.ClientMeta{
		TokenAuthnMethod: goidc.AuthnMethodSecretPost,
		GrantTypes:       append(more, goidc.GrantRefreshToken),
		ScopeIDs:         "openid profile offline_access",
	}}
}

// answered is a page on which a person has answered already, in its query.
func answered(_ http.ResponseWriter, r *http.Request, s *goidc.AuthnSession, _ *goidc.Client) (goidc.Status, error) {
	if r.URL.Query().Get("allow") != "true" {
		return goidc.StatusFailure, nil
	}
	s.Subject, s.GrantedScopes = subject, s.Scopes
	return goidc.StatusSuccess, nil
}

func say(text string) goidc.RenderFunc {
	return func(w http.ResponseWriter, _ *http.Request) error {
		_, err := fmt.Fprint(w, text)
		return err
	}
}

func (g luikyv) overload() { g.rows.busy.Store(true) }

func (g luikyv) decide(ctx context.Context, show authflow.Show, allow bool) error {
	page := show.URL + "?" + url.Values{"user_code": {show.Code}, "allow": {fmt.Sprint(allow)}}.Encode()
	rec := httptest.NewRecorder()
	g.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, page, nil))
	if done := rec.Code == http.StatusOK; done != allow {
		return fmt.Errorf("answer %v: status %d: %s", allow, rec.Code, rec.Body)
	}
	return nil
}

// luikyvRows implements the library's managers of what it stores.
type luikyvRows struct {
	busy     atomic.Bool
	mu       sync.Mutex
	sessions map[string]goidc.AuthnSession
	grants   map[string]goidc.Grant
}

// SaveSession implements goidc.DeviceAuthManager.
func (m *luikyvRows) SaveSession(_ context.Context, s *goidc.AuthnSession) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[s.ID] = *s
	return nil
}

// Session implements goidc.DeviceAuthManager.
func (m *luikyvRows) Session(_ context.Context, id string) (*goidc.AuthnSession, error) {
	return first(m, m.sessions, func(s goidc.AuthnSession) bool { return s.ID == id })
}

// SessionByUserCode implements goidc.DeviceAuthManager.
func (m *luikyvRows) SessionByUserCode(_ context.Context, code string) (*goidc.AuthnSession, error) {
	return first(m, m.sessions, func(s goidc.AuthnSession) bool { return s.UserCode == code })
}

// SessionByDeviceCode implements goidc.DeviceAuthManager. The library has a word for
// slow_down, and leaves it to the storage to say it.
func (m *luikyvRows) SessionByDeviceCode(_ context.Context, code string) (*goidc.AuthnSession, error) {
	if m.busy.Swap(false) {
		return nil, goidc.NewError(goidc.ErrorCodeSlowDown, "too many at once")
	}
	return first(m, m.sessions, func(s goidc.AuthnSession) bool { return s.DeviceCode == code })
}

// SaveGrant implements goidc.GrantManager.
func (m *luikyvRows) SaveGrant(_ context.Context, g *goidc.Grant) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.grants[g.ID] = *g
	return nil
}

// Grant implements goidc.GrantManager.
func (m *luikyvRows) Grant(_ context.Context, id string) (*goidc.Grant, error) {
	return first(m, m.grants, func(g goidc.Grant) bool { return g.ID == id })
}

// GrantByDeviceCode implements goidc.DeviceAuthManager.
func (m *luikyvRows) GrantByDeviceCode(_ context.Context, code string) (*goidc.Grant, error) {
	return first(m, m.grants, func(g goidc.Grant) bool { return g.DeviceCode == code })
}

// GrantByRefreshToken implements goidc.RefreshTokenManager.
func (m *luikyvRows) GrantByRefreshToken(_ context.Context, token string) (*goidc.Grant, error) {
	return first(m, m.grants, func(g goidc.Grant) bool { return g.RefreshToken == token })
}

// first returns a copy of one of rows, which m guards.
func first[T any](m *luikyvRows, rows map[string]T, is func(T) bool) (*T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range rows {
		if is(row) {
			return &row, nil
		}
	}
	return nil, goidc.ErrNotFound
}
