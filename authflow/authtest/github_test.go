package authtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
)

// heard is an answer as it came, with the members of its JSON.
type heard struct {
	status int
	kind   string
	body   string
	said   map[string]any
}

func (h heard) text(name string) string { text, _ := h.said[name].(string); return text }

func (a app) hear(req *http.Request) heard {
	a.Helper()
	res, err := a.http.Do(req)
	if err != nil {
		a.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		a.Fatal(err)
	}
	h := heard{status: res.StatusCode, kind: res.Header.Get("Content-Type"), body: string(body)}
	if h.kind == "application/json" && strings.HasPrefix(h.body, "{") {
		if err := json.Unmarshal(body, &h.said); err != nil {
			a.Fatal(err)
		}
	}
	return h
}

// github posts, asking for JSON.
func (a app) github(at authtest.Endpoint, pairs ...string) heard {
	a.Helper()
	req := a.request(at, append([]string{"client_id", "app"}, pairs...)...)
	req.Header.Set("Accept", "application/json")
	return a.hear(req)
}

func (a app) pollGitHub(code heard) heard {
	a.Helper()
	return a.github(authtest.GitHubToken, "grant_type", deviceGrant, "device_code", code.text("device_code"))
}

// me asks whose token it is; agent may be empty.
func (a app) me(path, token, agent string) heard {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), http.MethodGet, a.srv.URL()+path, nil)
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("User-Agent", agent)
	return a.hear(req)
}

func TestGitHub(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		code := a.github(authtest.GitHubDevice, "scope", "repo,gist read:org", "code_challenge", "is not looked at")
		if code.text("verification_uri") != a.srv.URL()+"/device" || code.said["expires_in"] != 600.0 || code.said["interval"] != 5.0 || len(code.said) != 5 {
			a.Fatalf("got %v, want a code and no complete URI", code)
		}
		if got := a.pollGitHub(code); got.status != 200 || got.text("error") != "slow_down" || got.said["interval"] != 10.0 {
			a.Errorf("got %v at once, want slow_down to 10 s", got)
		}
		time.Sleep(10 * time.Second)
		if got := a.pollGitHub(code); got.status != 200 || got.text("error") != "authorization_pending" || got.text("error_description") == "" {
			a.Errorf("got %v, want authorization_pending", got)
		}
		if err := a.srv.Approve(code.text("user_code"), authtest.User{}); err != nil {
			a.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		got := a.pollGitHub(code)
		token := got.text("access_token")
		if !strings.HasPrefix(token, "gho_") || got.text("token_type") != "bearer" || got.text("scope") != "repo,gist,read:org" || len(got.said) != 3 {
			a.Fatalf("got %v, want a token", got)
		}
		time.Sleep(10000 * time.Hour) // it does not expire
		for _, path := range []string{"/user", "/api/v3/user"} {
			if got := a.me(path, token, "test"); !strings.Contains(got.body, `"id":583231`) || got.text("login") != "octocat" || got.text("html_url") == "" {
				a.Errorf("got %v at %s, want octocat", got, path)
			}
			if got := a.me(path, token, ""); got.status != http.StatusForbidden {
				a.Errorf("got %v without a User-Agent, want 403", got)
			}
			if got := a.me(path+"?access_token="+token, token, "test"); got.status != http.StatusBadRequest {
				a.Errorf("got %v with the token in the query, want 400", got)
			}
			if got := a.me(path, "x"+token, "test"); got.status != http.StatusUnauthorized {
				a.Errorf("got %v with a wrong token, want 401", got)
			}
		}
		if got := a.me(string(authtest.UserInfo), token, "test"); got.status != http.StatusUnauthorized {
			a.Errorf("got %v at another dialect's endpoint, want 401", got)
		}
		if n := len(a.srv.Requests(authtest.GitHubUser)); n != 8 {
			a.Errorf("got %d requests at the user endpoint, want 8", n)
		}
		if got := a.pollGitHub(code); got.text("error") != "incorrect_device_code" {
			a.Errorf("got %v once more, want incorrect_device_code", got)
		}
		if got := a.me("/user", token, "test"); got.status != http.StatusUnauthorized {
			a.Errorf("got %v after a poll too many, want the token revoked", got)
		}
	})
}

func TestGitHubEnds(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		for want, end := range map[string]func(string) error{"access_denied": a.srv.Deny, "expired_token": a.srv.Expire} {
			code := a.github(authtest.GitHubDevice)
			if err := end(code.text("user_code")); err != nil {
				a.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			if got := a.pollGitHub(code); got.text("error") != want || got.status != 200 {
				a.Errorf("got %v, want %s", got, want)
			}
		}
	})
}

func TestGitHubForms(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		got := a.hear(a.request(authtest.GitHubDevice, "client_id", "app"))
		form, err := url.ParseQuery(got.body)
		if err != nil || !strings.HasPrefix(got.kind, "application/x-www-form-urlencoded") || form.Get("device_code") == "" || form.Get("interval") != "5" {
			a.Errorf("got %v, %v, want a form", got, err)
		}
		got = a.hear(a.request(authtest.GitHubToken, "client_id", "app", "grant_type", deviceGrant, "device_code", form.Get("device_code")))
		if !strings.Contains(got.body, "error=slow_down") || !strings.Contains(got.body, "interval=10") {
			a.Errorf("got %v, want slow_down as a form", got)
		}
	})
}

func TestGitHubRefuses(t *testing.T) {
	tests := []struct {
		name   string
		at     authtest.Endpoint
		pairs  []string
		query  string
		status int
		want   string
	}{
		{"no client", authtest.GitHubDevice, nil, "", 200, "incorrect_client_credentials"},
		{"unknown client", authtest.GitHubToken, []string{"client_id", "x"}, "", 200, "incorrect_client_credentials"},
		{"no secret needed", authtest.GitHubDevice, []string{"client_id", "posts"}, "", 200, ""},
		{"right secret", authtest.GitHubDevice, []string{"client_id", "posts", "client_secret", "s3cret"}, "", 200, ""},
		{"wrong secret", authtest.GitHubDevice, []string{"client_id", "posts", "client_secret", "x"}, "", 200, "incorrect_client_credentials"},
		{"in the query", authtest.GitHubDevice, []string{"client_id", "app"}, "client_id=app", 400, "invalid_request"},
		{"no grant type", authtest.GitHubToken, []string{"client_id", "app"}, "", 200, "unsupported_grant_type"},
		{"unknown code", authtest.GitHubToken, []string{"client_id", "app", "grant_type", deviceGrant, "device_code", "x"}, "", 200, "incorrect_device_code"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				req := a.request(tt.at, tt.pairs...)
				req.URL.RawQuery = tt.query
				req.Header.Set("Accept", "application/json")
				if got := a.hear(req); got.status != tt.status || got.text("error") != tt.want {
					a.Errorf("got %v, want %d %s", got, tt.status, tt.want)
				}
			})
		})
	}
}

// TestCodesStayInTheirDialect polls for a code where it was not given.
func TestCodesStayInTheirDialect(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		code := a.github(authtest.GitHubDevice)
		a.want(a.poll(answer{DeviceCode: code.text("device_code")}), "invalid_grant")
		own := a.begin()
		if got := a.github(authtest.GitHubToken, "grant_type", deviceGrant, "device_code", own.DeviceCode); got.text("error") != "incorrect_device_code" {
			a.Errorf("got %v, want incorrect_device_code", got)
		}
		if got := a.srv.Pending(); len(got) != 2 || got[0] != code.text("user_code") {
			a.Errorf("got %v pending, want both", got)
		}
	})
}

func TestGitHubIDsAreNumbers(t *testing.T) {
	for subject, want := range map[string]string{"1": `"id":1,`, "007": `"id":`, "auth0|x": `"id":`} {
		bubble(t, authtest.Options{}, func(a app) {
			code := a.github(authtest.GitHubDevice)
			if err := a.srv.Approve(code.text("user_code"), authtest.User{Subject: subject, Name: "x y"}); err != nil {
				a.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			got := a.me("/user", a.pollGitHub(code).text("access_token"), "test")
			if _, number := got.said["id"].(float64); !number || !strings.Contains(got.body, want) || got.text("html_url") != "https://auth.example/x%20y" {
				a.Errorf("got %v, want the id a number", got)
			}
		})
	}
}
