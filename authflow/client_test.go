package authflow_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/store"
)

// client is that of a person's account.
func (w *world) client(person string) *http.Client {
	w.Helper()
	c, err := w.Accounts().Client(w.Context(), person, "auth")
	w.must(err)
	return c
}

// use has many use a client at once, and returns an error unless each gets through.
func (w *world) use(c *http.Client, many int) error {
	errs := make([]error, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			resp, err := c.Get(w.srv.URL() + string(authtest.UserInfo))
			if err == nil {
				resp.Body.Close()
			}
			if errs[i] = err; err == nil && resp.StatusCode != http.StatusOK {
				errs[i] = errors.New(resp.Status)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// unauthorized is the answer to a token that the provider does not take any more.
func unauthorized(times int) []stand.Fault {
	out := make([]stand.Fault, times)
	for i := range out {
		out[i] = fault(http.StatusUnauthorized, `{"error":"invalid_token"}`)
	}
	return out
}

// TestClientStaysHome sends a person's token to the hosts of its provider only.
func TestClientStaysHome(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		elsewhere := newHost(w, "elsewhere.example:443")
		newHost(w, "auth.example:8443")
		newHost(w, "auth.example:80")
		w.approve(w.start("alice"), "octocat")
		w.sleep(6 * time.Second)
		c, err := w.Accounts().Client(w.Context(), "alice", "auth")
		if err != nil {
			w.Fatal(err)
		}
		tests := []struct {
			name, url string
			hop       string // where the answer redirects to
			ok        bool
		}{
			{"home", "https://auth.example/oauth/userinfo", "", true},
			{"home with its port", "https://auth.example:443/oauth/userinfo", "", true},
			{"home, another hop", "https://auth.example/oauth/userinfo", "https://auth.example/oauth/userinfo", true},
			{"elsewhere", "https://elsewhere.example/", "", false},
			{"elsewhere, by a hop", "https://auth.example/oauth/userinfo", "https://elsewhere.example/", false},
			{"in clear", "http://auth.example/", "", false},
			{"in clear, by a hop", "https://auth.example/oauth/userinfo", "http://auth.example/", false},
			{"another port", "https://auth.example:8443/", "", false},
			{"below", "https://sub.auth.example/", "", false},
			{"alike", "https://auth.example.elsewhere.example/", "", false},
			{"in disguise", "https://auth.example@elsewhere.example/", "", false},
			{"with a password", "https://user:password@auth.example/oauth/userinfo", "", false},
		}
		for _, tt := range tests {
			if tt.hop != "" {
				w.srv.Break(authtest.UserInfo, func(rw http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
					http.Redirect(rw, r, tt.hop, http.StatusTemporaryRedirect)
				})
			}
			resp, err := c.Post(tt.url, "text/plain", strings.NewReader("body"))
			if err == nil {
				resp.Body.Close()
			}
			switch {
			case tt.ok && (err != nil || resp.StatusCode != http.StatusOK):
				w.Errorf("%s: got %v, %v, want an answer", tt.name, resp, err)
			case !tt.ok:
				w.wantErr(err, authflow.ErrForeignHost)
			}
		}
		if n := elsewhere(); n != 0 {
			w.Errorf("got %d requests elsewhere, want none", n)
		}
	})
}

// newHost listens on addr and returns how many requests came.
func newHost(w *world, addr string) (requests func() int) {
	n := 0
	srv := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n++ }), ReadHeaderTimeout: time.Minute}
	l := w.net.Listen(addr)
	done := make(chan struct{})
	go func() { srv.Serve(l); close(done) }() // it ends with Close
	w.Cleanup(func() { srv.Close(); <-done })
	return func() int { return n }
}

// TestClientOnLoopback is a provider on the machine that the bot runs on.
func TestClientOnLoopback(t *testing.T) {
	bubble(t, setup{server: authtest.Options{Place: stand.Place{Addr: "127.0.0.1:8181"}}}, func(w *world) {
		w.approve(w.start("alice"), "octocat")
		w.sleep(6 * time.Second)
		if got := w.whoami("alice"); got != "octocat" {
			w.Errorf("got %s, want octocat", got)
		}
		c, err := w.Accounts().Client(w.Context(), "alice", "auth")
		if err != nil {
			w.Fatal(err)
		}
		_, err = c.Get("http://127.0.0.1:9191/")
		w.wantErr(err, authflow.ErrForeignHost)
	})
}

// TestClientReplacesAuthorization keeps a caller from sending another's token.
func TestClientReplacesAuthorization(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		w.approve(w.start("alice"), "octocat")
		w.sleep(6 * time.Second)
		c, err := w.Accounts().Client(w.Context(), "alice", "auth")
		if err != nil {
			w.Fatal(err)
		}
		req, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.srv.URL()+string(authtest.UserInfo), nil)
		if err != nil {
			w.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer of bad news")
		resp, err := c.Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			w.Fatalf("got %v, %v, want an answer", resp, err)
		}
		resp.Body.Close()
		if got := req.Header.Get("Authorization"); got != "Bearer of bad news" {
			w.Error("got the caller's request changed")
		}
	})
}

// TestClientIsKept uses one client for hours, through refreshes, another login and
// another account.
func TestClientIsKept(t *testing.T) {
	bubble(t, setup{server: authtest.Options{TokenLifetime: 5 * time.Minute}}, func(w *world) {
		w.link("alice", "octocat")
		c := w.client("alice")
		for range 12 {
			w.sleep(10 * time.Minute)
			w.must(w.use(c, 1))
		}
		for _, account := range []string{"octocat", "hubot"} {
			w.must(w.switchTo("alice", account))
			w.must(w.use(c, 1))
		}
		_, _, err := w.Accounts().Remove(w.Context(), "alice", "auth", "")
		w.must(err)
		w.wantErr(w.use(c, 1), authflow.ErrNotLinked)
	})
}

// spoilAccess has the provider forget a person's access token, and nothing more.
func (w *world) spoilAccess(person string) {
	w.Helper()
	row, err := w.db.Account(w.Context(), person, "auth")
	w.must(err)
	blob, err := w.keys.Open(row.Sealed, store.InAccount, row.ID, row.Person)
	w.must(err)
	var token struct {
		Access string `json:"access"`
	}
	w.must(json.Unmarshal(blob, &token))
	resp, err := w.srv.Client().PostForm(w.srv.URL()+string(authtest.Revocation), url.Values{
		"token": {token.Access}, "client_id": {"app"}, "client_secret": {clientSecret},
	})
	w.must(err)
	resp.Body.Close()
}

// TestClientsShareARefresh has a hundred find the token of no use at the same
// time.
func TestClientsShareARefresh(t *testing.T) {
	const many = 100
	tests := map[string]func(w *world){
		"it has run out": func(w *world) {
			w.stop()
			w.sleep(2 * time.Hour)
		},
		"it is refused": func(w *world) { w.spoilAccess("alice") },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				w.link("alice", "octocat")
				c := w.client("alice")
				spoil(w)
				w.forgetStory()
				w.must(w.use(c, many))
				if n := w.refreshes(); n != 1 {
					w.Errorf("got %d refreshes, want 1", n)
				}
			})
		})
	}
}

// TestClientRepeats repeats what was refused, with the same body, if it can.
func TestClientRepeats(t *testing.T) {
	tests := []struct {
		name   string
		body   io.Reader
		status int
		posts  int
	}{
		{"no body", nil, 200, 2},
		{"a body that can be had again", strings.NewReader("x=y"), 200, 2},
		{"one that cannot", io.MultiReader(strings.NewReader("x=y")), 401, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{inMemory: true}, func(w *world) {
				w.link("alice", "octocat")
				w.srv.Break(authtest.UserInfo, unauthorized(1)...)
				req, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.srv.URL()+string(authtest.UserInfo), tt.body)
				w.must(err)
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				c := w.client("alice")
				resp, err := c.Do(req)
				w.must(err)
				resp.Body.Close()
				var bodies []string
				for _, r := range w.srv.Requests(authtest.UserInfo) {
					if r.Method == http.MethodPost {
						bodies = append(bodies, r.Form.Encode())
					}
				}
				want := url.Values{}
				if tt.body != nil {
					want.Set("x", "y")
				}
				if resp.StatusCode != tt.status || len(bodies) != tt.posts || bodies[len(bodies)-1] != want.Encode() {
					w.Errorf("got %d after the bodies %q, want %d after %d", resp.StatusCode, bodies, tt.status, tt.posts)
				}
				w.must(w.use(c, 1)) // the next one has the new token
				if n := w.refreshes(); n != 1 {
					w.Errorf("got %d refreshes, want 1", n)
				}
			})
		})
	}
}

// TestClientIsRefused is a 401 that a refresh does not help against.
func TestClientIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		server authtest.Options
		spoil  func(w *world)
		want   string // of the error, or of the answer
	}{
		{"again", authtest.Options{}, func(w *world) { w.srv.Break(authtest.UserInfo, unauthorized(2)...) }, "401 Unauthorized"},
		{"with a token that cannot be refreshed", authtest.Options{NoRefresh: true}, func(w *world) { w.srv.Break(authtest.UserInfo, unauthorized(1)...) }, "401 Unauthorized"},
		{"because the grant has died", authtest.Options{}, func(w *world) { w.srv.Withdraw(w.srv.User("octocat")) }, authflow.ErrSignInAgain.Error()},
		{"while nothing can be refreshed", authtest.Options{}, func(w *world) {
			w.srv.Break(authtest.UserInfo, unauthorized(1)...)
			w.srv.Break(authtest.Token, authtest.Unavailable(0))
		}, "refresh the token at auth: status 503: not an answer that could be understood"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{server: tt.server}, func(w *world) {
				w.link("alice", "octocat")
				tt.spoil(w)
				err := w.use(w.client("alice"), 1)
				if err == nil || !strings.HasSuffix(err.Error(), tt.want) {
					w.Errorf("got %v, want %s", err, tt.want)
				}
				w.keepErr(err)
			})
		})
	}
}

// TestClientBacksOff asks a provider that is down no more often than the refresh
// ahead does, however often somebody wants the token.
func TestClientBacksOff(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		w.link("alice", "octocat")
		c := w.client("alice")
		w.srv.Stop()
		w.sleep(time.Hour + time.Minute)
		before := len(w.srv.Requests())
		for range 60 {
			if err := w.use(c, 10); err == nil {
				w.Fatal("got an answer of a provider that is down")
			}
			w.sleep(time.Second)
		}
		if n := len(w.srv.Requests()) - before; n < 1 || n > 4 { // its document has two places
			w.Errorf("got %d requests in a minute, want one try or two", n)
		}
		w.srv.Resume()
		w.sleep(time.Minute)
		w.must(w.use(c, 10))
		w.wantTold("")
	})
}

// TestClientGivesUp leaves a refresh to those who still wait for it.
func TestClientGivesUp(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		w.link("alice", "octocat")
		c := w.client("alice")
		w.stop()
		w.sleep(2 * time.Hour)
		w.srv.Break(authtest.Token, stand.After(5*time.Second, fault(503, "")))
		hasty := *c
		hasty.Timeout = time.Second
		before := time.Now()
		if err := w.use(&hasty, 1); err == nil || time.Since(before) != time.Second {
			w.Errorf("got %v after %v, want an end after a second", err, time.Since(before))
		}
		err := w.use(c, 1)
		if err == nil || !strings.Contains(fmt.Sprint(err), "503") {
			w.Errorf("got %v, want what the refresh under way met", err)
		}
	})
}
