package provider_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
)

// worn is a token at the end of its use.
var worn = authflow.Token{Access: "access-marker", Refresh: "refresh-marker", Scopes: []string{"repo", "repo:status"}}

func TestVendorsRevoke(t *testing.T) {
	github := func(change func(*provider.App)) provider.App {
		a := provider.App{Kind: "github", ID: "my app", Secret: "secret-marker"}
		change(&a)
		return a
	}
	facebook := facebookApp()
	facebook.Kind, facebook.Base = "facebook", "https://graph.example/v9.0"
	basic, body := "Basic bXkgYXBwOnNlY3JldC1tYXJrZXI=", `{"access_token":"access-marker"}`
	tests := []struct {
		name   string
		app    provider.App
		answer string
		want   asked
	}{
		{"github", github(func(*provider.App) {}), ``, asked{"DELETE https://api.github.com/applications/my%20app/token", basic, body}},
		{"github, one's own", github(func(a *provider.App) { a.Base = "https://hub.example" }), ``, asked{"DELETE https://hub.example/api/v3/applications/my%20app/token", basic, body}},
		{
			"github, elsewhere", github(func(a *provider.App) { a.RevokeURL = "https://hub.example/{client_id}/grant" }), ``,
			asked{"DELETE https://hub.example/my%20app/grant", basic, body},
		},
		{"facebook", facebook, `{"success":true}`, asked{"DELETE https://graph.example/v9.0/me/permissions", "Bearer access-marker", ""}},
		{
			"google", apps()["google"], `{}`,
			asked{"POST https://oauth2.googleapis.com/revoke", "", "client_id=app&client_secret=secret-marker&token=refresh-marker&token_type_hint=refresh_token"},
		},
		{"gitlab", apps()["gitlab"], `{}`, asked{"POST https://gitlab.com/oauth/revoke", "", "client_id=app&token=refresh-marker&token_type_hint=refresh_token"}},
		{"twitch", apps()["twitch"], ``, asked{"POST https://id.twitch.tv/oauth2/revoke", "", "client_id=app&token=access-marker&token_type_hint=access_token"}},
		{
			"discord", apps()["discord"], `{}`,
			asked{"POST https://discord.com/api/v10/oauth2/token/revoke", "Basic YXBwOnNlY3JldC1tYXJrZXI=", "client_id=app&token=refresh-marker&token_type_hint=refresh_token"},
		},
		{"slack", slackApp(), `{"ok":true,"revoked":true}`, asked{"POST https://slack.com/api/auth.revoke", "Bearer access-marker", ""}},
		{"oidc", provider.App{
			Kind: "oidc", Issuer: "https://auth.example", ID: "app", DeviceURL: "https://auth.example/d", TokenURL: "https://auth.example/t",
			UserinfoURL: "https://auth.example/u", RevokeURL: "https://auth.example/r",
		}, ``, asked{"POST https://auth.example/r", "", "client_id=app&token=refresh-marker&token_type_hint=refresh_token"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.app.Name = "x"
			p, err := provider.New(tt.app)
			if err != nil {
				t.Fatal(err)
			}
			v := &vendor{t: t, status: 200, kind: jsonType, body: tt.answer}
			if err := p.Revoke(t.Context(), v.client(), worn); err != nil || !slices.Equal(v.seen, []asked{tt.want}) {
				t.Errorf("got %v, %v, want %v", v.seen, err, tt.want)
			}
			quoted := "access-marker"
			switch tt.app.Kind {
			case "github":
				quoted += " secret-marker"
			case "google", "discord":
				quoted += " refresh-marker secret-marker"
			case "oidc", "gitlab":
				quoted += " refresh-marker"
			}
			for _, status := range []int{400, 401, 404, 503} {
				v := &vendor{t: t, status: status, kind: jsonType, body: `{"message":"` + quoted + `"}`}
				if err := p.Revoke(t.Context(), v.client(), worn); err == nil || strings.Contains(err.Error(), "marker") {
					t.Errorf("got %v of status %d, want an error that quotes nothing", err, status)
				}
			}
		})
	}
}

// slackApp has a device endpoint, without which there is no way to sign in.
func slackApp() provider.App {
	return provider.App{Kind: "slack", ID: "app", DeviceURL: "https://slack.com/none"}
}

func TestVendorsRevokeOddly(t *testing.T) {
	tests := []struct {
		name   string
		app    provider.App
		status int
		body   string
		fails  bool
	}{
		{"github knows it no more", provider.App{Kind: "github", ID: "app", Secret: "s"}, 422, `{"message":"Validation Failed"}`, false},
		{"google knows it no more", apps()["google"], 400, `{"error":"invalid_token","error_description":"Token expired or revoked"}`, false},
		{"twitch knows it no more", apps()["twitch"], 400, `{"status":400,"message":"Invalid token"}`, false},
		{"slack knows it no more", slackApp(), 200, `{"ok":false,"error":"token_revoked"}`, false},
		{"slack did not", slackApp(), 200, `{"ok":false,"error":"fatal_error"}`, true},
		{"slack said nothing", slackApp(), 503, `<p>`, true},
		{"facebook did not", provider.App{Kind: "facebook", ID: "1", ClientToken: "c"}, 200, `{"success":false}`, true},
		{"facebook says nothing", provider.App{Kind: "facebook", ID: "1", ClientToken: "c"}, 200, `{}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := provider.New(tt.app)
			if err != nil {
				t.Fatal(err)
			}
			v := &vendor{t: t, status: tt.status, kind: jsonType, body: tt.body}
			if err := p.Revoke(t.Context(), v.client(), worn); (err != nil) != tt.fails {
				t.Errorf("got %v, want an error: %v", err, tt.fails)
			}
		})
	}
}

func TestVendorsThatCannot(t *testing.T) {
	if p, err := provider.New(provider.App{Kind: "github", ID: "app"}); err != nil || p.Revoke != nil || p.Refresh == nil || !p.Rotates {
		t.Errorf("got %v, %v, want a GitHub that refreshes and, without a secret, cannot revoke", p, err)
	}
	if p, err := provider.New(facebookApp()); err != nil || p.Refresh != nil {
		t.Errorf("got %v, %v, want a Facebook that cannot refresh", p, err)
	}
	p, err := provider.OIDC("https://auth.example", provider.App{
		ID: "app", DeviceURL: "https://auth.example/d", TokenURL: "https://auth.example/t", UserinfoURL: "https://auth.example/u",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Revoke(t.Context(), nil, worn); !errors.Is(err, authflow.ErrNoRevocation) {
		t.Errorf("got %v without an endpoint, want ErrNoRevocation", err)
	}
}

// TestAuth0Revokes refresh tokens alone.
func TestAuth0Revokes(t *testing.T) {
	app := apps()["auth0"]
	app.DeviceURL, app.TokenURL, app.UserinfoURL, app.RevokeURL = "https://a.example/d", "https://a.example/t", "https://a.example/u", "https://a.example/r"
	p, err := provider.New(app)
	if err != nil {
		t.Fatal(err)
	}
	v := &vendor{t: t, status: 200, kind: jsonType}
	if err := p.Revoke(t.Context(), v.client(), worn); err != nil || len(v.seen) != 1 {
		t.Errorf("got %v, %v, want the refresh token revoked", v.seen, err)
	}
	if err := p.Revoke(t.Context(), v.client(), authflow.Token{Access: "access-marker"}); !errors.Is(err, authflow.ErrNoRevocation) || len(v.seen) != 1 {
		t.Errorf("got %v, %v, want nobody asked about an access token", v.seen, err)
	}
}

// TestGoogleRefreshes keeps the scopes by the names by which they were asked for.
func TestGoogleRefreshes(t *testing.T) {
	p, err := provider.New(apps()["google"])
	if err != nil {
		t.Fatal(err)
	}
	v := &vendor{t: t, status: 200, kind: jsonType, body: `{"access_token":"new-marker","expires_in":3599,"scope":"openid https://www.googleapis.com/auth/userinfo.email","token_type":"Bearer"}`}
	got, err := p.Refresh(t.Context(), v.client(), authflow.Token{Access: "a", Refresh: "refresh-marker", Scopes: []string{"email", "openid"}})
	if err != nil || !slices.Contains(got.Scopes, "email") || got.Refresh != "refresh-marker" {
		t.Errorf("got %v, %v, want the scope email and the refresh token as before", got.Scopes, err)
	}
	v.status, v.body = 400, `{"error":"invalid_grant"}`
	if got, err := p.Refresh(t.Context(), v.client(), worn); err == nil || got.Access != "" {
		t.Errorf("got %v, %v, want a refusal", got, err)
	}
}

// TestGitHubRefreshes keeps the scopes that GitHub leaves out of its answers.
func TestGitHubRefreshes(t *testing.T) {
	p, err := provider.New(provider.App{Kind: "github", ID: "app"})
	if err != nil {
		t.Fatal(err)
	}
	v := &vendor{t: t, status: 200, kind: jsonType, body: `{"access_token":"ghu_marker","refresh_token":"ghr_marker","scope":"repo","token_type":"bearer","expires_in":28800}`}
	got, err := p.Refresh(t.Context(), v.client(), worn)
	want := asked{"POST https://github.com/login/oauth/access_token", "", "client_id=app&grant_type=refresh_token&refresh_token=refresh-marker"}
	if err != nil || !slices.Equal(v.seen, []asked{want}) || strings.Join(got.Scopes, " ") != "repo repo:status" || got.Access != "ghu_marker" || got.Refresh != "ghr_marker" {
		t.Errorf("got %v by %v, %v, want new tokens with the scopes as before", got.Scopes, v.seen, err)
	}
}
