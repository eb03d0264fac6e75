package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/usherbot/usher/authflow"
)

// Slack is Sign in with Slack; or, where a's Scopes are those of its API, such as
// users:read, an app whose people give it tokens of their own. Commands that need
// scopes of the API need one in the settings too. There is no device flow: people
// sign in with a browser.
func Slack(a App) (authflow.Provider, error) {
	p := preset{
		kind: "slack", title: "Slack", root: "https://slack.com", uses: []string{"BASE_URL"},
		endpoints: metadata{
			Authorize: "openid/connect/authorize",
			Token:     "api/openid.connect.token",
			Userinfo:  "api/openid.connect.userInfo",
			Revoke:    "api/auth.revoke",
		},
		scopes: []string{"openid", "profile"}, account: claims(), secret: true,
		browser: authflow.Browser{Reword: slackUser},
		manage:  "https://my.slack.com/apps/manage",
		revoke:  revokeSlack,
	}
	if slices.ContainsFunc(a.Scopes, ofSlackAPI) {
		p.endpoints.Authorize, p.endpoints.Token, p.endpoints.Userinfo = "oauth/v2/authorize", "api/oauth.v2.access", "api/auth.test"
		p.browser = authflow.Browser{ScopeParam: "user_scope", ScopeSep: ",", Reword: slackUser}
		p.scopes, p.account = nil, account{id: []string{"user_id"}, name: []string{"user"}} // the sub of openid
		if i := slices.IndexFunc(a.Scopes, func(scope string) bool { return !ofSlackAPI(scope) }); i >= 0 {
			p.wrong.addf("SCOPES", "has %s, which Slack does not grant beside scopes of its API: remove it, or all others", a.Scopes[i])
		}
	}
	p.account.reword = slackWords
	return p.make(a)
}

// ofSlackAPI reports whether a scope is none of Sign in with Slack.
func ofSlackAPI(scope string) bool {
	return !slices.Contains([]string{"openid", "profile", "email"}, scope)
}

// slackUser is an answer with tokens in the words of RFC 6749: what the person gave,
// and never a token of the app's bot beside it.
func slackUser(body []byte) []byte {
	var said members
	if err := json.Unmarshal(body, &said); err != nil {
		return body
	}
	if said["error"] != nil {
		return slackWords(body)
	}
	if own, is := said["authed_user"]; is {
		said = members{}
		if err := json.Unmarshal(own, &said); err != nil {
			return nil
		}
	}
	if text(said["token_type"]) == "user" {
		said["token_type"] = quoted("Bearer")
	}
	out, err := json.Marshal(said)
	if err != nil {
		return body
	}
	return out
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

// slackWords is a body with an error that says, as no status of Slack's does, whether
// it is about the token, the app or the hour (docs.slack.dev, the errors of each
// method). Any other body stays.
func slackWords(body []byte) []byte {
	var said members
	if err := json.Unmarshal(body, &said); err != nil {
		return body
	}
	var standard string
	code := text(said["error"])
	switch code {
	case "invalid_auth", "not_authed", "token_expired", "token_revoked", "account_inactive":
		standard = "invalid_token" // RFC 6750
	case "bad_client_secret", "invalid_client_id":
		standard = "invalid_client"
	case "internal_error", "fatal_error": // it may have done some of it
		standard = "server_error"
	case "service_unavailable", "request_timeout", "ratelimited", "rate_limited", "team_added_to_org", "org_login_required":
		standard = "temporarily_unavailable"
	default:
		return body
	}
	return fmt.Appendf(nil, `{"error":%q,"error_description":%q}`, standard, code)
}
