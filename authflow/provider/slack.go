package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/usherbot/usher/authflow"
)

// Slack is Sign in with Slack. It has no device flow: people sign in with a browser.
func Slack(a App) (authflow.Provider, error) {
	return preset{
		kind: "slack", title: "Slack", root: "https://slack.com", uses: []string{"BASE_URL"},
		endpoints: metadata{
			Authorize: "openid/connect/authorize",
			Token:     "api/openid.connect.token",
			Userinfo:  "api/openid.connect.userInfo",
			Revoke:    "api/auth.revoke",
		},
		scopes: []string{"openid", "profile"}, account: claims(), secret: true,
		manage: "https://my.slack.com/apps/manage",
		revoke: revokeSlack,
	}.make(a)
}

// revokeSlack calls auth.revoke, whose errors come with status 200.
func revokeSlack(ctx context.Context, c *http.Client, client authflow.OAuthClient, t authflow.Token) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, client.RevokeURL, nil)
	if err != nil {
		return errors.New("revocation: the endpoint makes no valid URL")
	}
	req.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
	r, err := authflow.SendOnce(c, req, t.Access)
	if err != nil {
		return err
	}
	return r.Reword(slackWords).Revoked()
}

// slackWords is a body in those of RFC 6750, where it is about a token.
func slackWords(body []byte) []byte {
	var said members
	if err := json.Unmarshal(body, &said); err != nil {
		return body
	}
	switch text(said["error"]) {
	case "invalid_auth", "not_authed", "token_expired", "token_revoked", "account_inactive":
		return []byte(`{"error":"invalid_token"}`)
	}
	return body
}
