package provider

import (
	"context"
	"net/http"

	"github.com/usherbot/usher/authflow"
)

// Auth0 is the tenant whose domain is a's Issuer. The app is a native one, with the
// grant "Device Code" switched on.
func Auth0(a App) (authflow.Provider, error) {
	if a.Issuer != "" {
		a.Issuer = root(a.Issuer) + "/" // as its document has it, and people write it without
	}
	return preset{
		kind: "auth0", title: "Auth0", example: "https://acme.eu.auth0.com", uses: []string{"ISSUER"},
		endpoints: metadata{
			Device:    "oauth/device/code",
			Authorize: "authorize",
			Token:     "oauth/token",
			Userinfo:  "userinfo",
			Revoke:    "oauth/revoke",
		},
		sameIssuer: func(found, want string) bool { return root(found) == root(want) },
		scopes:     []string{"openid", "profile", "offline_access"}, account: claims(),
		revoke: revokeRefresh,
	}.make(a)
}

// revokeRefresh is a revocation that takes refresh tokens only.
func revokeRefresh(ctx context.Context, c *http.Client, client authflow.OAuthClient, t authflow.Token) error {
	if t.Refresh == "" {
		return authflow.ErrNoRevocation
	}
	return client.Revoke(ctx, c, t)
}
