package authflow_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core/coretest/stand"
)

// heroku tells a story of logins that are one held request.
func heroku(t *testing.T, s setup, f func(w *world)) {
	t.Helper()
	p, err := provider.New(provider.App{Name: "heroku", Base: "https://auth.example"})
	if err != nil {
		t.Fatal(err)
	}
	s.providers = []authflow.Provider{p}
	bubble(t, s, f)
}

// typed is the code that the page of a login has in its address.
func typed(w *world, l authflow.Login) string {
	w.Helper()
	u, err := url.Parse(l.Show.URL)
	if err != nil || l.Show.Code != "" || l.Show.FullURL != "" || u.Host != "auth.example" {
		w.Fatalf("got %+v, %v, want a page and no code", l.Show, err)
	}
	return u.Query().Get("user_code")
}

func TestHeroku(t *testing.T) {
	heroku(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.sleep(95 * time.Second)
		w.must(w.srv.Approve(typed(w, l), authtest.User{}))
		w.sleep(time.Second)
		w.wantStory(`
			0s asks for a code
			1s polls
			1m35s asks who
			1m35s tells alice: confirming octocat@example.com`)
		if _, err := w.Accounts().Get(w.Context(), "alice", "heroku"); err == nil {
			w.Error("got an account before it was confirmed")
		}
		if _, err := w.Confirm(w.Context(), l.ID, ""); err != nil {
			w.Fatal(err)
		}
		w.wantState(l, "linked octocat@example.com")
		c, err := w.Accounts().Client(w.Context(), "alice", "heroku")
		if err != nil {
			w.Fatal(err)
		}
		resp, err := c.Get(w.srv.URL() + string(authtest.HerokuUser))
		if err != nil || resp.StatusCode != http.StatusOK {
			w.Fatalf("got %v, %v, want an answer", resp, err)
		}
		resp.Body.Close()
		if _, end, err := w.Accounts().Remove(w.Context(), "alice", "heroku", ""); err != nil || end != authflow.Revoked {
			w.Errorf("got %s, %v, want the authorization revoked", end, err)
		}
	})
}

func TestHerokuEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(w *world, l authflow.Login)
		want string
	}{
		{"declined", func(w *world, l authflow.Login) { w.must(w.srv.Deny(typed(w, l))) }, "failed refused"},
		{"too late", func(w *world, _ authflow.Login) { w.sleep(ever) }, "expired"},
		{"down until it is too late", func(w *world, _ authflow.Login) {
			w.srv.Stop()
			w.sleep(ever)
		}, "expired"},
		{"cancelled", func(w *world, l authflow.Login) {
			before := time.Now()
			_, err := w.Cancel(w.Context(), l.ID)
			w.must(err)
			if time.Since(before) > 0 {
				w.Errorf("got it cancelled after %v, want at once", time.Since(before))
			}
		}, "cancelled"},
		{"somebody else's account", func(w *world, l authflow.Login) {
			w.must(w.srv.Approve(typed(w, l), w.srv.User("hubot")))
			w.sleep(time.Second)
			_, err := w.Disown(w.Context(), l.ID)
			w.must(err)
		}, "cancelled not mine (token revoked)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			heroku(t, setup{inMemory: true, server: authtest.Options{CodeLifetime: time.Hour}}, func(w *world) {
				l := w.start("alice")
				w.sleep(30 * time.Second)
				tt.end(w, l)
				w.sleep(time.Second)
				w.wantState(l, tt.want)
			})
		})
	}
}

// TestHerokuIsCut has something on the way cut held requests, as it does after a
// while: they are repeated at once. What is refused at once is not.
func TestHerokuIsCut(t *testing.T) {
	heroku(t, setup{inMemory: true}, func(w *world) {
		w.srv.Break(authtest.HerokuWait,
			stand.After(55*time.Second, authtest.Unavailable(0)), stand.After(30*time.Second, authtest.CutBody()), stand.Hang(), stand.HTML(502), stand.HTML(502))
		l := w.start("alice")
		w.sleep(5 * time.Minute)
		w.must(w.srv.Approve(typed(w, l), authtest.User{}))
		w.sleep(time.Second)
		w.wantStory(`
			0s asks for a code
			1s polls
			57s polls
			1m28s polls
			3m29s polls
			3m31s polls
			3m35s polls
			5m0s asks who
			5m0s tells alice: confirming octocat@example.com`)
	})
}

// TestHeldRequestsHoldNobodyUp has many wait at once, and a process end at once.
func TestHeldRequestsHoldNobodyUp(t *testing.T) {
	heroku(t, setup{}, func(w *world) {
		var all []authflow.Login
		for i := range 80 {
			all = append(all, w.start(string(rune('a'+i%26))+string(rune('a'+i/26))))
		}
		w.sleep(2 * time.Second)
		if n := len(w.srv.Requests(authtest.HerokuWait)); n != len(all) {
			w.Errorf("got %d requests held at once, want %d", n, len(all))
		}
		if took := w.stop(); took > 0 {
			w.Errorf("got stopped after %v, want at once", took)
		}
		w.load()
		w.run()
		w.sleep(3 * time.Second)
		w.must(w.srv.Approve(typed(w, all[70]), authtest.User{}))
		w.sleep(time.Second)
		w.wantState(all[70], "confirming octocat@example.com")
	})
}

func TestHerokuBegins(t *testing.T) {
	tests := []struct {
		name  string
		fault stand.Fault
	}{
		{"no paths", stand.Custom(200, "application/json", `{"browser_url":"https://evil.example/","cli_url":"/x","token":"t"}`)},
		{"a path with a space", stand.Custom(200, "application/json", `{"browser_url":"/a","cli_url":"/x y","token":"t"}`)},
		{"no token", stand.Custom(200, "application/json", `{"browser_url":"/a","cli_url":"/x"}`)},
		{"HTML", stand.HTML(200)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			heroku(t, setup{inMemory: true}, func(w *world) {
				w.srv.Break(authtest.HerokuStart, tt.fault)
				if _, err := w.Start(context.Background(), w.ask("alice")); !trouble(err) {
					w.Errorf("got %v, want an error worth another try", err)
				}
			})
		})
	}
}
