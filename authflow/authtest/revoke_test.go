package authtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
)

// gitHubToken signs somebody in, in GitHub's dialect.
func (a app) gitHubToken() heard {
	a.Helper()
	code := a.github(authtest.GitHubDevice)
	if err := a.srv.Approve(code.text("user_code"), authtest.User{}); err != nil {
		a.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	return a.pollGitHub(code)
}

// deleteToken is what an app asks GitHub's API for.
func (a app) deleteToken(path, id, secret, token string) int {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), http.MethodDelete, a.srv.URL()+path, strings.NewReader(`{"access_token":"`+token+`"}`))
	if err != nil {
		a.Fatal(err)
	}
	req.SetBasicAuth(id, secret)
	return a.hear(req).status
}

func TestGitHubTokensExpire(t *testing.T) {
	bubble(t, authtest.Options{GitHubExpire: true, TokenLifetime: 8 * time.Hour}, func(a app) {
		first := a.gitHubToken()
		if first.said["expires_in"] != 28800.0 || first.text("refresh_token") == "" {
			a.Fatalf("got %v, want a token for 8 hours, and a refresh token", first)
		}
		refresh := func(token string) heard {
			return a.github(authtest.GitHubToken, "grant_type", "refresh_token", "refresh_token", token)
		}
		next := refresh(first.text("refresh_token"))
		if got := a.me("/user", next.text("access_token"), "test"); got.status != http.StatusOK {
			a.Errorf("got %v with a refreshed token, want 200", got)
		}
		if got := a.me("/user", first.text("access_token"), "test"); got.status != http.StatusUnauthorized {
			a.Errorf("got %v with the token before, want it dead at once", got)
		}
		if got := refresh(first.text("refresh_token")); got.status != 200 || got.text("error") != "bad_refresh_token" {
			a.Errorf("got %v with a refresh token that was used, want bad_refresh_token", got)
		}
		if got := refresh(next.text("refresh_token")); got.text("error") != "bad_refresh_token" {
			a.Errorf("got %v after that, want all of them dead", got)
		}
	})
}

func TestGitHubRevocation(t *testing.T) {
	clients := []authtest.Client{{ID: "app"}, {ID: "safe", Secret: "s3cret"}}
	bubble(t, authtest.Options{Clients: clients}, func(a app) {
		token := a.gitHubToken().text("access_token")
		tests := []struct {
			name, path, id, secret, token string
			want                          int
		}{
			{"a client without a secret", "/applications/app/token", "app", "", token, 404},
			{"a wrong secret", "/applications/safe/token", "safe", "x", token, 404},
			{"another client's path", "/applications/app/token", "safe", "s3cret", token, 404},
			{"another client's token", "/applications/safe/token", "safe", "s3cret", token, 422},
			{"no token", "/api/v3/applications/safe/token", "safe", "s3cret", "", 422},
		}
		for _, tt := range tests {
			if got := a.deleteToken(tt.path, tt.id, tt.secret, tt.token); got != tt.want {
				a.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
			}
		}
		if got := a.me("/user", token, "test"); got.status != http.StatusOK {
			a.Errorf("got %v, want the token still good", got)
		}
		if n := len(a.srv.Requests(authtest.GitHubRevocation)); n != len(tests) {
			a.Errorf("got %d requests there, want %d", n, len(tests))
		}
	})
	bubble(t, authtest.Options{Clients: []authtest.Client{{ID: "app", Secret: "s3cret"}}}, func(a app) {
		token := a.gitHubToken().text("access_token")
		if got := a.deleteToken("/applications/app/token", "app", "s3cret", token); got != http.StatusNoContent {
			a.Errorf("got %d, want 204", got)
		}
		if got := a.me("/user", token, "test"); got.status != http.StatusUnauthorized {
			a.Errorf("got %v, want the token dead", got)
		}
		if got := a.deleteToken("/applications/app/token", "app", "s3cret", token); got != http.StatusUnprocessableEntity {
			a.Errorf("got %d once more, want 422", got)
		}
	})
}

func TestFacebookRevocation(t *testing.T) {
	bubble(t, authtest.Options{Clients: facebookClients}, func(a app) {
		code := a.facebook(authtest.FacebookDevice)
		if err := a.srv.Approve(code.text("user_code"), authtest.User{}); err != nil {
			a.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		token := a.pollFacebook(code).text("access_token")
		revoke := func() heard {
			req, err := http.NewRequestWithContext(a.Context(), http.MethodDelete, a.srv.URL()+graph+string(authtest.FacebookRevocation), nil)
			if err != nil {
				a.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			return a.hear(req)
		}
		if got := revoke(); got.said["success"] != true {
			a.Errorf("got %v, want a success", got)
		}
		if got := revoke(); got.meant() != "190" {
			a.Errorf("got %v once more, want 190", got)
		}
	})
}
