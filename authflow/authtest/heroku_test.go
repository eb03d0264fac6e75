package authtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
)

const herokuVersion = "application/vnd.heroku+json; version=3"

// heroku begins a login and returns what is given, and the code of its page.
func (a app) heroku() (begun heard, typed string) {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), http.MethodPost, a.srv.URL()+string(authtest.HerokuStart), strings.NewReader(`{"description":"a test"}`))
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	begun = a.hear(req)
	page, typed, ok := strings.Cut(begun.text("browser_url"), "?user_code=")
	if page != "/device" || !ok || !strings.HasPrefix(begun.text("cli_url"), "/auth/cli/") || begun.text("token") == "" {
		a.Fatalf("got %v, want two paths and a token", begun)
	}
	return begun, typed
}

func (a app) waitHeroku(begun heard) heard {
	a.Helper()
	return a.ask(http.MethodGet, begun.text("cli_url"), begun.text("token"), "Accept", "application/json")
}

func TestHeroku(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		begun, typed := a.heroku()
		go func() {
			time.Sleep(time.Minute)
			if err := a.srv.Approve(typed, authtest.User{}); err != nil {
				a.Error(err)
			}
		}()
		sent := time.Now()
		token := a.waitHeroku(begun).text("access_token")
		if held := time.Since(sent); held != time.Minute || token == "" {
			a.Fatalf("got an answer after %v, want a token when the person is done", held)
		}
		if again := a.waitHeroku(begun).text("access_token"); again == "" {
			a.Error("got no token by asking again, want one: the first answer may be lost")
		}
		if got := a.ask(http.MethodGet, string(authtest.HerokuUser), token, "Accept", herokuVersion); got.text("id") != "583231" || got.text("email") != "octocat@example.com" {
			a.Errorf("got %v, want octocat", got)
		}
		if got := a.ask(http.MethodGet, string(authtest.HerokuUser), token, "Accept", "application/json"); got.status != http.StatusNotFound {
			a.Errorf("got %v without a version, want 404", got)
		}
		list := a.ask(http.MethodGet, string(authtest.HerokuAuthorizations), token, "Accept", herokuVersion)
		if strings.Contains(list.body, token) || !strings.Contains(list.body, token[:9]+"**********"+token[len(token)-4:]) {
			a.Errorf("got %v, want the token with its middle hidden", list)
		}
		if got := a.ask(http.MethodDelete, string(authtest.HerokuAuthorizations)+"/x", token, "Accept", herokuVersion); got.status != http.StatusNotFound {
			a.Errorf("got %v for an unknown authorization, want 404", got)
		}
	})
}

func TestHerokuEnds(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		begun, typed := a.heroku()
		if err := a.srv.Deny(typed); err != nil {
			a.Fatal(err)
		}
		if got := a.waitHeroku(begun); got.text("error") == "" {
			a.Errorf("got %v, want an error", got)
		}
		begun, _ = a.heroku()
		sent := time.Now()
		if got := a.waitHeroku(begun); got.text("error") == "" || time.Since(sent) != 10*time.Minute {
			a.Errorf("got %v after %v, want an error after 10 minutes", got, time.Since(sent))
		}
		if got := a.ask(http.MethodGet, begun.text("cli_url"), "x", "Accept", "*/*"); got.status != http.StatusUnauthorized || got.text("id") != "unauthorized" {
			a.Errorf("got %v with a wrong token, want 401", got)
		}
	})
}
