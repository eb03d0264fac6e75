package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/usherbot/usher/authflow"
)

// Twitch is twitch.tv. A public app needs no secret; its refresh tokens work once.
// Its dialect has scopes in place of scope, message in place of error, and arrays of
// scopes.
func Twitch(a App) (authflow.Provider, error) {
	return preset{
		kind: "twitch", title: "Twitch", root: "https://id.twitch.tv", uses: []string{"BASE_URL"},
		endpoints: metadata{
			Device:    "oauth2/device",
			Authorize: "oauth2/authorize",
			Token:     "oauth2/token",
			Userinfo:  "https://api.twitch.tv/helix/users",
			Revoke:    "oauth2/revoke",
		},
		account: account{in: "data", id: []string{"id"}, name: []string{"display_name", "login"}},
		header:  http.Header{"Client-Id": {a.ID}},
		device:  authflow.Device{ScopeParam: "scopes", NoPKCE: true},
		named:   []string{"oauth2"}, secret: true,
		apis:   []string{"api.twitch.tv", "id.twitch.tv"},
		pages:  []string{"www.twitch.tv"},
		manage: "https://www.twitch.tv/settings/connections",
		revoke: revokeAccess, apart: true, validates: time.Hour,
	}.make(a)
}

// revokeAccess is a revocation that takes access tokens only.
func revokeAccess(ctx context.Context, c *http.Client, client authflow.OAuthClient, t authflow.Token) error {
	t.Refresh = ""
	return client.Revoke(ctx, c, t)
}

// validate implements authflow.Provider.Validate, beside the token endpoint. An app
// that does not ask hourly can be shut out. Only 401 says that a token is dead.
func (s *service) validate(ctx context.Context, c *http.Client, t authflow.Token) error {
	at, err := url.JoinPath(s.known.Token, "../validate")
	if err != nil {
		return err
	}
	_, err = account{id: []string{"user_id"}, scheme: "OAuth"}.of(ctx, c, t, at, nil, s.root)
	if no, ok := errors.AsType[*authflow.OAuthError](err); ok && no.Status != http.StatusUnauthorized {
		return errors.New(no.Error())
	}
	return err
}
