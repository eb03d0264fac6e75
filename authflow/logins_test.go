package authflow_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/store"
)

func TestStart(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l, err := w.Start(w.Context(), w.ask("alice", "repo"))
		if err != nil {
			w.Fatal(err)
		}
		if codes := w.srv.Pending(); len(codes) != 1 || l.Show.Code != codes[0] || l.Show.FullURL != l.Show.URL+"?user_code="+codes[0] {
			w.Errorf("got %+v to show, want the code %v", l.Show, codes)
		}
		got := fmt.Sprintf("%s %s %s %v %s %s %v", l.Person, l.Provider, state(l), l.Scopes, l.Origin, l.Moved, l.Expires.Sub(l.Created))
		if want := "alice auth waiting [openid profile repo] card of alice  10m0s"; got != want {
			w.Errorf("got %s, want %s", got, want)
		}
		if again, err := w.Login(w.Context(), l.ID); err != nil || again.Show != l.Show || !again.Expires.Equal(l.Expires) {
			w.Errorf("got %+v, %v from the store, want %+v", again, err, l)
		}
		row, err := w.db.Login(w.Context(), l.ID)
		if err != nil || row.Place == "" || strings.Contains(row.Place, "alice") {
			w.Errorf("got place %q, %v, want one that does not tell which chat it is", row.Place, err)
		}
	})
}

// TestStartAsksForWhatWasGranted keeps the scopes that an account has.
func TestStartAsksForWhatWasGranted(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice", "repo")
		w.approve(l, "octocat")
		w.sleep(time.Minute)
		if l := w.start("alice", "gist"); fmt.Sprint(l.Scopes) != "[gist openid profile repo]" {
			w.Errorf("got scopes %v, want also repo", l.Scopes)
		}
	})
}

func TestStartRefuses(t *testing.T) {
	refusal := stand.Custom(400, "application/json", `{"error":"invalid_scope"}`)
	tests := []struct {
		name  string
		begin func(w *world)
		check func(err error) bool
	}{
		{"a refusal", func(w *world) { w.srv.Break(authtest.Device, refusal) }, func(err error) bool {
			no, ok := errors.AsType[*authflow.OAuthError](err)
			return ok && no.Code == "invalid_scope"
		}},
		{"down", func(w *world) { w.srv.Stop() }, trouble},
		{"unavailable", func(w *world) { w.srv.Break(authtest.Device, authtest.Unavailable(0)) }, trouble},
		{"no discovery", func(w *world) { w.srv.Break(authtest.Discovery, stand.HTML(200)) }, trouble},
		{"silent", func(w *world) { w.srv.Break(authtest.Device, stand.Hang()) }, trouble},
		{"the account cannot be read", func(w *world) { w.db.fail("Account", 1) }, disk},
		{"the open logins cannot be read", func(w *world) { w.db.fail("OpenLogins", 1) }, disk},
		{"the starts cannot be counted", func(w *world) { w.db.fail("CountStarts", 1) }, disk},
		{"the row cannot be written", func(w *world) { w.db.fail("AddLogin", 1) }, disk},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				tt.begin(w)
				before := time.Now()
				l, err := w.Start(w.Context(), w.ask("alice"))
				if l.ID != "" || !tt.check(err) || time.Since(before) > 10*time.Second {
					w.Errorf("got login %q, %v, after %v", l.ID, err, time.Since(before))
				}
				w.keepErr(err)
				w.srv.Resume()
				w.sleep(time.Minute)
				if n := len(w.srv.Requests(authtest.Token)); n != 0 {
					w.Errorf("got %d polls of a login that did not begin, want none", n)
				}
				w.approve(w.start("alice"), "octocat") // another try may do better
			})
		})
	}
}

// trouble reports whether err is worth another try.
func trouble(err error) bool {
	_, refused := errors.AsType[*authflow.OAuthError](err)
	return err != nil && !refused && !errors.Is(err, authflow.ErrFlowOff)
}

func disk(err error) bool { return errors.Is(err, errBroken) }

func TestStartOfAnUnknownProvider(t *testing.T) {
	bubble(t, setup{inMemory: true}, func(w *world) {
		ask := w.ask("alice")
		ask.Provider = "nobody"
		_, err := w.Start(w.Context(), ask)
		w.wantErr(err, authflow.ErrNoProvider)
	})
}

// TestFlows takes the first flow that is not switched off.
func TestFlows(t *testing.T) {
	off := func() *fake { return &fake{name: "off", off: fmt.Errorf("%w: by its owner", authflow.ErrFlowOff)} }
	tests := []struct {
		name  string
		flows []*fake
		kind  string
		err   error
	}{
		{"the first", []*fake{{name: "a"}, {name: "b"}}, "a", nil},
		{"the second", []*fake{off(), {name: "b"}}, "b", nil},
		{"all are off", []*fake{off(), off()}, "", authflow.ErrFlowOff},
		{"none", nil, "", authflow.ErrFlowOff},
		{"trouble is no reason for the next", []*fake{{name: "a", off: errBroken}, {name: "b"}}, "", errBroken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := (&fake{}).provider("fake")
			p.Flows = nil
			for _, f := range tt.flows {
				p.Flows = append(p.Flows, f)
			}
			bubble(t, setup{providers: []authflow.Provider{p}, inMemory: true}, func(w *world) {
				l, err := w.Start(w.Context(), w.ask("alice"))
				w.wantErr(err, tt.err)
				if err != nil {
					return
				}
				row, err := w.db.Login(w.Context(), l.ID)
				if err != nil || row.Kind != tt.kind {
					w.Errorf("got flow %s, %v, want %s", row.Kind, err, tt.kind)
				}
			})
		})
	}
}

// TestLinks looks where a provider sends people.
func TestLinks(t *testing.T) {
	tests := []struct {
		name  string
		hosts []string
		show  authflow.Show
		full  bool // the link with the code in it is shown
		fails bool
	}{
		{"any host", nil, authflow.Show{URL: "https://a.example/d", FullURL: "https://b.example/d?c=1"}, true, false},
		{"its host", []string{"a.example"}, authflow.Show{URL: "https://A.example/d", FullURL: "https://a.example/d?c=1"}, true, false},
		{"a foreign host", []string{"a.example"}, authflow.Show{URL: "https://b.example/d"}, false, true},
		{"a host that looks alike", []string{"a.example"}, authflow.Show{URL: "https://a.example.evil.example/d"}, false, true},
		{"a foreign host in disguise", []string{"a.example"}, authflow.Show{URL: "https://a.example@b.example/d"}, false, true},
		{"http", nil, authflow.Show{URL: "http://a.example/d"}, false, true},
		{"http on loopback", nil, authflow.Show{URL: "http://127.0.0.1:8080/d"}, false, false},
		{"no link", nil, authflow.Show{}, false, true},
		{"javascript", nil, authflow.Show{URL: "javascript:alert(1)"}, false, true},
		{"only the full one is foreign", []string{"a.example"}, authflow.Show{URL: "https://a.example/d", FullURL: "https://b.example/?c=1"}, false, false},
		{"only the full one is http", nil, authflow.Show{URL: "https://a.example/d", FullURL: "http://a.example/?c=1"}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.show.Code = "FAKE-CODE"
			p := (&fake{name: "fake", show: &tt.show}).provider("fake")
			p.VerifyHosts = tt.hosts
			bubble(t, setup{providers: []authflow.Provider{p}, inMemory: true}, func(w *world) {
				l, err := w.Start(w.Context(), w.ask("alice"))
				if (err != nil) != tt.fails || l.Show.FullURL != "" != tt.full {
					w.Errorf("got %+v, %v", l.Show, err)
				}
				u, _ := url.Parse(tt.show.URL) // all of them are URLs
				if tt.fails && (!errors.Is(err, authflow.ErrSetup) || !strings.Contains(err.Error(), `"`+u.Host+`"`) || strings.Contains(err.Error(), "/d")) {
					w.Errorf("got %v, want ErrSetup with the host %q and not the link", err, u.Host)
				}
				if err == nil && l.Show.URL != tt.show.URL {
					w.Errorf("got link %s, want %s", l.Show.URL, tt.show.URL)
				}
			})
		})
	}
}

// TestMove asks again for a login that is open.
func TestMove(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice", "repo")
		elsewhere := w.ask("alice")
		elsewhere.Origin = []byte("card elsewhere")
		moved, err := w.Start(w.Context(), elsewhere)
		if err != nil || moved.ID != l.ID || moved.Show != l.Show || string(moved.Moved) != "card of alice" ||
			string(moved.Origin) != "card elsewhere" || moved.Shown {
			w.Errorf("got %+v, %v, want the login that is open, with the same code, from the card of alice", moved, err)
		}
		w.tells(func(now authflow.Login) error { // who moved it is no more
			if string(now.Moved) != "card of alice" {
				w.Errorf("got a login that was moved from %q, want the card of alice", now.Moved)
			}
			return w.Keep(w.Context(), now, now.Origin, time.Time{})
		})
		w.restart()
		w.sleep(time.Second)
		w.wantTold(`tells alice: waiting`) // the card was not shown there
		if now, err := w.Login(w.Context(), l.ID); err != nil || string(now.Origin) != "card elsewhere" || now.Moved != nil {
			w.Errorf("got origin %q, moved from %q, %v, want the card elsewhere alone", now.Origin, now.Moved, err)
		}
		w.tells(nil)
		w.approve(l, "octocat")
		w.sleep(time.Minute)
		w.wantState(l, "linked octocat")
	})
}

// TestReplace asks for more than a login that is open does.
func TestReplace(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.sleep(7 * time.Second)
		more := w.start("alice", "repo")
		if more.ID == l.ID || more.Show.Code == l.Show.Code || more.Moved != nil {
			w.Errorf("got %+v, want a new login with another code", more)
		}
		w.wantState(l, "cancelled replaced")
		w.sleep(6 * time.Second)
		w.wantStory(`
			0s asks for a code
			5s polls
			7s asks for a code
			7s tells alice: cancelled replaced
			12s polls`)
	})
}

// TestReplaceKeepsWhatIsThere until there is something instead.
func TestReplaceKeepsWhatIsThere(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.srv.Break(authtest.Device, authtest.Unavailable(0))
		if _, err := w.Start(w.Context(), w.ask("alice", "repo")); !trouble(err) {
			w.Errorf("got %v, want trouble", err)
		}
		w.wantState(l, "waiting")
		for _, scope := range []string{"repo", "gist"} {
			l = w.start("alice", scope)
		}
		_, err := w.Start(w.Context(), w.ask("alice", "user"))
		if _, ok := errors.AsType[*authflow.LimitError](err); !ok {
			w.Errorf("got %v, want a limit", err)
		}
		w.wantState(l, "waiting")
		w.approve(l, "octocat")
		w.sleep(time.Minute)
		w.wantState(l, "linked octocat")
	})
}

// TestStartAtOnce presses /login many times at once.
func TestStartAtOnce(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		ids := make([]string, 20)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				l, err := w.Start(w.Context(), w.ask("alice"))
				if err != nil {
					w.Error(err)
				}
				ids[i] = l.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				w.Errorf("got logins %s and %s, want one", ids[0], id)
			}
		}
		w.wantStory(`0s asks for a code`)
	})
}

// TestStartWaitsAsLongAsItMay has somebody give up behind a slow start.
func TestStartWaitsAsLongAsItMay(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		w.srv.Break(authtest.Device, stand.Hang())
		go w.Start(w.Context(), w.ask("alice")) // it gets no answer
		synctest.Wait()
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		_, err := w.Start(ctx, w.ask("alice"))
		w.wantErr(err, context.DeadlineExceeded)
		w.sleep(10 * time.Second)
	})
}

// TestStartMeetsAnEnd has a login end between two looks at it: the start goes on.
func TestStartMeetsAnEnd(t *testing.T) {
	tests := []struct {
		name, scope string
		looks       []string // what the start does before
	}{
		{"seen, and to be moved", "openid", []string{"OpenLogins"}},
		{"seen, and to be replaced", "repo", []string{"OpenLogins"}},
		{"before the new code", "repo", []string{"CountStarts"}},
		{"in the way, and to be replaced", "repo", []string{"OpenLogins", "OpenLogins", "OpenLogins"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				l := w.start("alice")
				then := func() {
					if _, err := w.Cancel(w.Context(), l.ID); err != nil {
						w.Error(err)
					}
				}
				for _, verb := range tt.looks {
					last := then
					then = func() { w.db.then(verb, last) }
				}
				then()
				next, err := w.Start(w.Context(), w.ask("alice", tt.scope))
				if err != nil || next.ID == l.ID || next.ID == "" {
					w.Errorf("got login %q, %v, want a new one", next.ID, err)
				}
				w.wantState(l, "cancelled")
			})
		})
	}
}

// TestStartMeetsAnother has another process begin one at the same time.
func TestStartMeetsAnother(t *testing.T) {
	for _, scope := range []string{"openid", "repo"} {
		t.Run(scope, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				var other authflow.Login
				w.db.then("CountStarts", func() {
					mine := w.process
					w.load()
					other = w.start("alice")
					w.process = mine
				})
				l, err := w.Start(w.Context(), w.ask("alice", scope))
				if err != nil || l.ID == "" {
					w.Fatalf("got login %q, %v", l.ID, err)
				}
				if moved := l.ID == other.ID; moved != (scope == "openid") {
					w.Errorf("got the other login: %v", moved)
				}
			})
		})
	}
}

func TestLoginNotFound(t *testing.T) {
	bubble(t, setup{inMemory: true}, func(w *world) {
		_, err := w.Login(w.Context(), "nobody")
		w.wantErr(err, store.ErrNotFound)
		w.wantErr(w.Keep(w.Context(), authflow.Login{ID: "nobody"}, nil, time.Time{}), authflow.ErrEnded)
		_, err = w.Cancel(w.Context(), "nobody")
		w.wantErr(err, authflow.ErrEnded)
	})
}
