package authtest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
)

func (a app) refresh(token string, pairs ...string) answer {
	a.Helper()
	return a.post(authtest.Token, append([]string{"client_id", "app", "grant_type", "refresh_token", "refresh_token", token}, pairs...)...)
}

func (a app) wantDead(access string) {
	a.Helper()
	if got := a.whoami(access); got.status != http.StatusUnauthorized || got.Error != "invalid_token" {
		a.Errorf("user info: got %d %s, want 401 invalid_token", got.status, got.Error)
	}
}

func TestRefreshRotates(t *testing.T) {
	bubble(t, authtest.Options{TokenLifetime: time.Minute, Withhold: []string{"admin"}}, func(a app) {
		first := a.signIn("scope", "openid admin repo")
		if first.Scope != "openid repo" || first.TokenType != "Bearer" || first.ExpiresIn != 60 {
			a.Errorf("got %q, %s, %d s, want openid repo, Bearer, 60 s", first.Scope, first.TokenType, first.ExpiresIn)
		}
		time.Sleep(time.Minute)
		a.wantDead(first.AccessToken)
		second := a.refresh(first.RefreshToken)
		a.want(second, "")
		if second.RefreshToken == first.RefreshToken || second.Scope != "openid repo" {
			a.Errorf("got scope %q and perhaps the old token, want a new one with openid repo", second.Scope)
		}
		a.want(a.whoami(second.AccessToken), "")

		a.want(a.refresh(first.RefreshToken), "invalid_grant") // the old one again: all are dead
		a.wantDead(second.AccessToken)
		a.want(a.refresh(second.RefreshToken), "invalid_grant")
	})
}

func TestRefreshRefusals(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		tok := a.signIn("scope", "a b")
		a.want(a.refresh("x"), "invalid_grant")
		a.want(a.refresh(tok.AccessToken), "invalid_grant")
		a.want(a.refresh(tok.RefreshToken, "scope", "a c"), "invalid_scope")
		a.want(a.post(authtest.Token, "client_id", "posts", "client_secret", "s3cret",
			"grant_type", "refresh_token", "refresh_token", tok.RefreshToken), "invalid_grant")
		narrow := a.refresh(tok.RefreshToken, "scope", "b")
		if a.want(narrow, ""); narrow.Scope != "b" {
			a.Errorf("scope: got %q, want b", narrow.Scope)
		}
	})
}

func TestRevocation(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		tok := a.signIn()
		revoke := func(pairs ...string) answer {
			return a.post(authtest.Revocation, append([]string{"client_id", "app"}, pairs...)...)
		}
		a.want(revoke(), "invalid_request")
		a.want(revoke("token", "nobody's"), "")
		a.want(a.post(authtest.Revocation, "client_id", "posts", "client_secret", "s3cret", "token", tok.RefreshToken), "invalid_grant")
		a.want(a.whoami(tok.AccessToken), "")

		a.want(revoke("token", tok.AccessToken, "token_type_hint", "refresh_token"), "")
		a.wantDead(tok.AccessToken)
		next := a.refresh(tok.RefreshToken)
		a.want(next, "")

		a.want(revoke("token", next.RefreshToken), "")
		a.wantDead(next.AccessToken)
		a.want(a.refresh(next.RefreshToken), "invalid_grant")
		a.want(revoke("token", next.RefreshToken), "")
	})
}

func TestRefreshTokensAsWanted(t *testing.T) {
	bubble(t, authtest.Options{NoRefresh: true}, func(a app) {
		if tok := a.signIn(); tok.RefreshToken != "" || tok.AccessToken == "" {
			a.Error("got a refresh token, want none")
		}
	})
	bubble(t, authtest.Options{KeepRefresh: true}, func(a app) {
		first := a.signIn()
		for range 3 {
			next := a.refresh(first.RefreshToken)
			if a.want(next, ""); next.RefreshToken != "" {
				a.Error("got another refresh token, want the first to stay")
			}
			a.want(a.whoami(next.AccessToken), "")
		}
	})
}

func TestNoRevocation(t *testing.T) {
	bubble(t, authtest.Options{NoRevocation: true}, func(a app) {
		if got := a.post(authtest.Revocation, "client_id", "app", "token", "x"); got.status != http.StatusNotFound {
			a.Errorf("got %d, want no such endpoint", got.status)
		}
	})
}

// TestWithdraw takes back what one person has agreed to, and nobody else.
func TestWithdraw(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		tok := a.signIn()
		a.srv.Withdraw(a.srv.User("hubot"))
		a.want(a.whoami(tok.AccessToken), "")
		a.srv.Withdraw(a.srv.User("octocat"))
		a.wantDead(tok.AccessToken)
		a.want(a.refresh(tok.RefreshToken), "invalid_grant")
		a.want(a.whoami(a.signIn().AccessToken), "") // until they agree again
	})
}

func TestUserInfoRefusals(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		tok := a.signIn()
		tests := []struct {
			name, query, header string
			status              int
			want                string
		}{
			{"header", "", "Bearer " + tok.AccessToken, 200, ""},
			{"lower case", "", "bearer " + tok.AccessToken, 200, ""},
			{"nothing", "", "", 401, ""},
			{"other scheme", "", "Basic " + tok.AccessToken, 401, ""},
			{"query", "?access_token=" + tok.AccessToken, "", 400, "invalid_request"},
			{"both", "?access_token=" + tok.AccessToken, "Bearer " + tok.AccessToken, 400, "invalid_request"},
			{"refresh token", "", "Bearer " + tok.RefreshToken, 401, "invalid_token"},
		}
		for _, tt := range tests {
			req, err := http.NewRequestWithContext(a.Context(), http.MethodGet, a.srv.URL()+string(authtest.UserInfo)+tt.query, nil)
			if err != nil {
				a.Fatal(err)
			}
			req.Header.Set("Authorization", tt.header)
			got := a.do(req)
			if got.status != tt.status || got.Error != tt.want {
				a.Errorf("%s: got %d %q, want %d %q", tt.name, got.status, got.Error, tt.status, tt.want)
			}
			if challenge := got.header.Get("WWW-Authenticate"); (challenge == "") != (got.status == 200) {
				a.Errorf("%s: got challenge %q with status %d", tt.name, challenge, got.status)
			}
		}
	})
}
