package provider

import (
	"net/url"
	"strings"

	"github.com/usherbot/usher/authflow"
)

// Google is Google's accounts. The app is an OAuth client of the type "TVs and
// Limited Input devices" and has a secret, which its token endpoint wants. In the
// device flow Google grants few scopes: openid, email, profile, drive.appdata,
// drive.file, youtube and youtube.readonly. For browsers the client is of the type "Web
// application".
func Google(a App) (authflow.Provider, error) {
	p := preset{
		kind: "google", title: "Google", root: "https://accounts.google.com", uses: []string{"ISSUER", "BASE_URL"},
		endpoints: metadata{
			Device:    "https://oauth2.googleapis.com/device/code",
			Authorize: "o/oauth2/v2/auth",
			Token:     "https://oauth2.googleapis.com/token",
			Userinfo:  "https://openidconnect.googleapis.com/v1/userinfo",
			Revoke:    "https://oauth2.googleapis.com/revoke",
		},
		scopes: []string{"openid", "profile"}, includes: googleScope, account: claims(),
		device: authflow.Device{NoPKCE: true, TokenSecret: true}, auth: authflow.AuthPost, keeps: true,
		refused: googleRefused,
		browser: authflow.Browser{AuthorizeParams: url.Values{"access_type": {"offline"}, "prompt": {"consent"}}}, // else there is no refresh token
		apis:    []string{"www.googleapis.com", "openidconnect.googleapis.com", "youtube.googleapis.com"},
		pages:   []string{"www.google.com", "google.com"},
		manage:  "https://myaccount.google.com/connections",
	}
	if a.Secret == "" {
		p.wrong.addf("CLIENT_SECRET", "is missing: Google gives one with each client, also with those for devices")
	}
	return p.make(a)
}

// googleRefused tells that a client has no device flow, by its type, or not for such
// scopes, from a client or a scope that Google does not know: the codes are the same.
func googleRefused(no *authflow.OAuthError) error {
	about := func(what string) bool { return strings.Contains(strings.ToLower(no.Description), what) }
	switch {
	case no.Code == "invalid_client" && (about("client type") || about("clients of type")), no.Code == "invalid_scope" && about("device flow"):
		return authflow.ErrFlowOff
	}
	return nil
}

// googleScope is what answers call a scope that was asked for by its short name.
func googleScope(scope string) string {
	if scope == "email" || scope == "profile" {
		return "https://www.googleapis.com/auth/userinfo." + scope
	}
	return ""
}
