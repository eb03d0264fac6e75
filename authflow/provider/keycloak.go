package provider

import (
	"net/http"

	"github.com/usherbot/usher/authflow"
)

// Keycloak is the realm at a's Issuer, as in https://sso.example.com/realms/acme. The
// client has "OAuth 2.0 Device Authorization Grant" switched on; it may require PKCE.
func Keycloak(a App) (authflow.Provider, error) {
	const connect = "protocol/openid-connect/"
	return preset{
		kind: "keycloak", title: "Keycloak", example: "https://sso.example.com/realms/acme", uses: []string{"ISSUER"},
		endpoints: metadata{
			Device:    connect + "auth/device",
			Authorize: connect + "auth",
			Token:     connect + "token",
			Userinfo:  connect + "userinfo",
			Revoke:    connect + "revoke",
		},
		scopes: []string{"openid", "profile", "offline_access"}, account: claims(),
		refused: keycloakRefused,
		manage:  "account",
	}.make(a)
}

// keycloakRefused tells an app whose secret is missing or wrong, and one that may not
// use the flow, apart by the status: Keycloak calls both unauthorized_client.
func keycloakRefused(no *authflow.OAuthError) error {
	if no.Status == http.StatusUnauthorized {
		return authflow.ErrSetup
	}
	return nil
}
