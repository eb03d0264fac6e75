package provider

import (
	"strings"

	"github.com/usherbot/usher/authflow"
)

// Okta is the authorization server at a's Issuer: one of an organisation's own, as
// in https://acme.okta.com/oauth2/default, or the organisation's, which has no path.
// The app is a native one, with the grant "Device Authorization" switched on.
func Okta(a App) (authflow.Provider, error) {
	v1 := "v1/"
	if !strings.Contains(a.Issuer, "/oauth2/") {
		v1 = "oauth2/v1/"
	}
	return preset{
		kind: "okta", title: "Okta", example: "https://acme.okta.com/oauth2/default", uses: []string{"ISSUER"},
		endpoints: metadata{
			Device:    v1 + "device/authorize",
			Authorize: v1 + "authorize",
			Token:     v1 + "token",
			Userinfo:  v1 + "userinfo",
			Revoke:    v1 + "revoke",
		},
		scopes: []string{"openid", "profile", "offline_access"}, account: claims(), apart: true,
	}.make(a)
}
