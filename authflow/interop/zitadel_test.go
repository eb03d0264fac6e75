package interop_test

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/usherbot/usher/authflow"
)

// zitadel is zitadel/oidc. Its app is one that authenticates by Basic, and its
// access tokens are opaque.
type zitadel struct {
	*op.Provider
	rows *zitadelRows
}

func newZitadel(t *testing.T) server {
	t.Helper()
	config := &op.Config{
		GrantTypeRefreshToken: true,
		DeviceAuthorization: op.DeviceAuthorizationConfig{
			Lifetime: codeFor, PollInterval: every, UserFormPath: "/device", UserCode: op.UserCodeBase20,
		},
	}
	rand.Read(config.CryptoKey[:])
	rows := &zitadelRows{Storage: storage.NewStorageWithClients(zitadelUser{}, map[string]*storage.Client{
		appID: storage.WebClient(appID, appSecret), otherID: storage.WebClient(otherID, appSecret),
	})}
	p, err := op.NewProvider(config, rows, op.StaticIssuer(issuer))
	if err != nil {
		t.Fatal(err)
	}
	return zitadel{p, rows}
}

func (z zitadel) overload() { z.rows.busy.Store(true) }

func (z zitadel) decide(ctx context.Context, show authflow.Show, allow bool) error {
	if !allow {
		return z.rows.DenyDeviceAuthorization(ctx, show.Code)
	}
	return z.rows.CompleteDeviceAuthorization(ctx, show.Code, subject)
}

// zitadelRows is the storage of the library's example, which gives no refresh
// tokens to devices, as one would write it that does.
type zitadelRows struct {
	*storage.Storage
	busy atomic.Bool
}

// GetClientByClientID implements op.Storage.
func (z *zitadelRows) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := z.Storage.GetClientByClientID(ctx, id)
	if err != nil || id != appID {
		return c, err
	}
	return zitadelApp{c}, nil
}

// GetDeviceAuthorizatonState implements op.DeviceAuthorizationStorage. The library
// says slow_down where that takes too long.
func (z *zitadelRows) GetDeviceAuthorizatonState(ctx context.Context, client, device string) (*op.DeviceAuthorizationState, error) {
	if z.busy.Swap(false) {
		return nil, context.DeadlineExceeded
	}
	return z.Storage.GetDeviceAuthorizatonState(ctx, client, device)
}

// CreateAccessAndRefreshTokens implements op.Storage.
func (z *zitadelRows) CreateAccessAndRefreshTokens(ctx context.Context, r op.TokenRequest, refresh string) (id, next string, expires time.Time, err error) {
	if device, ok := r.(*op.DeviceAuthorizationState); ok {
		r = storage.RefreshTokenRequestFromBusiness(&storage.RefreshToken{
			ApplicationID: device.ClientID, UserID: device.Subject, Audience: device.GetAudience(), Scopes: device.Scopes,
		})
	}
	return z.Storage.CreateAccessAndRefreshTokens(ctx, r, refresh)
}

// zitadelApp is an app that devices may use too.
type zitadelApp struct{ op.Client }

// GrantTypes implements op.Client.
func (c zitadelApp) GrantTypes() []oidc.GrantType {
	return append(c.Client.GrantTypes(), oidc.GrantTypeDeviceCode)
}

// zitadelUser is a storage.UserStore with one user.
type zitadelUser struct{}

// GetUserByID implements storage.UserStore.
func (zitadelUser) GetUserByID(id string) *storage.User {
	if id != subject {
		return nil
	}
	return &storage.User{ID: subject, Username: name}
}

// GetUserByUsername implements storage.UserStore.
func (u zitadelUser) GetUserByUsername(string) *storage.User { return u.GetUserByID(subject) }

// ExampleClientID implements storage.UserStore.
func (zitadelUser) ExampleClientID() string { return "" }
