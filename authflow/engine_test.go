package authflow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
)

// linked is how a login that was approved goes on after a poll.
func linked(at string) string {
	return fmt.Sprintf("\n%s polls\n%s asks who\n%s tells alice: linked octocat", at, at, at)
}

// TestLogin follows logins from the first request to what is told of their end,
// and then for a while, in which the provider hears nothing more.
func TestLogin(t *testing.T) {
	approve := func(w *world, l authflow.Login) { w.approve(l, "octocat") }
	meet := func(faults ...stand.Fault) func(*world, authflow.Login) {
		return func(w *world, l authflow.Login) {
			w.srv.Break(authtest.Token, faults...)
			w.approve(l, "octocat")
		}
	}
	short := authtest.Options{CodeLifetime: 32 * time.Second}
	tests := []struct {
		name   string
		server authtest.Options
		act    func(w *world, l authflow.Login) // after the poll at 5 s
		want   string
	}{
		{"approved", authtest.Options{}, approve, linked("10s")},
		{"refused", authtest.Options{}, func(w *world, l authflow.Login) { w.must(w.srv.Deny(l.Show.Code)) }, `
			10s polls
			10s tells alice: denied`},
		{"the provider forgets the code", authtest.Options{}, func(w *world, l authflow.Login) { w.must(w.srv.Expire(l.Show.Code)) }, `
			10s polls
			10s tells alice: expired`},
		{"nobody comes", short, func(*world, authflow.Login) {}, `
			10s polls
			15s polls
			20s polls
			25s polls
			30s polls
			35s polls
			35s tells alice: expired`},
		{"approved in the last moment", short, func(w *world, l authflow.Login) { w.sleep(23 * time.Second); approve(w, l) }, `
			10s polls
			15s polls
			20s polls
			25s polls` + linked("30s")},
		{"slow down", authtest.Options{}, meet(authtest.SlowDown()), "10s polls" + linked("22s")},
		{"slow down twice", authtest.Options{}, meet(authtest.SlowDown(), authtest.SlowDown()), `
			10s polls
			22s polls` + linked("40s")},
		{"slow down to a minute", authtest.Options{}, meet(authtest.SlowDownTo(time.Minute)), "10s polls" + linked("1m22s")},
		{"unavailable", authtest.Options{}, meet(authtest.Unavailable(0)), "10s polls" + linked("20s")},
		{"unavailable, and says how long", authtest.Options{}, meet(authtest.Unavailable(42 * time.Second)), "10s polls" + linked("52s")},
		{"unavailable, for less than the pace", authtest.Options{}, meet(authtest.Unavailable(time.Second)), "10s polls" + linked("20s")},
		{"unavailable, again and again", authtest.Options{}, meet(
			authtest.Unavailable(0), authtest.Unavailable(0), authtest.Unavailable(0), authtest.Unavailable(0), authtest.Unavailable(0)), `
			10s polls
			20s polls
			40s polls
			1m20s polls
			2m20s polls` + linked("3m20s")},
		{"a page of a gateway", authtest.Options{}, meet(stand.HTML(502)), "10s polls" + linked("20s")},
		{"a page instead of JSON", authtest.Options{}, meet(stand.HTML(200)), "10s polls" + linked("20s")},
		{"a body that was cut", authtest.Options{}, meet(authtest.CutBody()), "10s polls" + linked("20s")},
		{"a dropped connection", authtest.Options{}, meet(stand.Drop()), "10s polls" + linked("20s")},
		{"no answer in ten seconds", authtest.Options{}, meet(stand.Hang()), "10s polls" + linked("30s")},
		{"away for 20 s", authtest.Options{}, func(w *world, l authflow.Login) {
			approve(w, l)
			w.srv.Stop()
			w.sleep(20 * time.Second)
			w.srv.Resume()
		}, `
			10s polls
			20s polls` + linked("40s")},
		{"the usual pace after trouble", short, func(w *world, l authflow.Login) { w.srv.Break(authtest.Token, stand.HTML(502)) }, `
			10s polls
			20s polls
			25s polls
			30s polls
			35s polls
			35s tells alice: expired`},
		{"away for good: a last try at the end", short, func(w *world, _ authflow.Login) { w.srv.Stop() }, `
			10s polls
			20s polls
			32s polls
			32s tells alice: expired`},
		{
			"the client is not allowed to",
			authtest.Options{},
			meet(stand.Custom(400, "application/json", `{"error":"unauthorized_client"}`)), `
			10s polls
			10s tells alice: failed barred`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{server: tt.server}, func(w *world) {
				l := w.start("alice")
				w.sleep(6 * time.Second)
				tt.act(w, l)
				w.sleep(aWhile)
				w.wantStory("0s asks for a code\n5s polls\n" + strings.TrimSpace(tt.want))
			})
		})
	}
}

// TestRequestsEnd gives a vendor's flow ten seconds for an answer.
func TestRequestsEnd(t *testing.T) {
	f := &fake{name: "fake", takes: time.Minute}
	bubble(t, setup{providers: []authflow.Provider{f.provider("fake")}, inMemory: true}, func(w *world) {
		w.start("alice")
		w.sleep(15*time.Second - 1)
		if f.counted().now != 1 {
			w.Errorf("got %d requests under way, want 1", f.counted().now)
		}
		w.sleep(1)
		if f.counted().now != 0 || f.counted().polls != 1 {
			w.Errorf("got %d requests under way of %d, want none of 1", f.counted().now, f.counted().polls)
		}
	})
}

func TestDeviceRequestProvesItself(t *testing.T) {
	bubble(t, setup{server: authtest.Options{PKCE: authtest.PKCERequired}}, func(w *world) {
		w.link("alice", "octocat")
		for _, r := range w.srv.Requests(authtest.Device) {
			if len(r.Form.Get("code_challenge")) != 43 || r.Form.Get("code_challenge_method") != "S256" {
				w.Errorf("got %v, want a challenge of S256", r)
			}
		}
		for _, r := range w.srv.Requests(authtest.Token) {
			if r.Form.Get("code_verifier") == "" {
				w.Errorf("got %v, want a verifier", r)
			}
		}
	})
}

// TestWho meets trouble with the question whose the token is. A token is there
// after 5 s and is never asked for again.
func TestWho(t *testing.T) {
	tests := []struct {
		name   string
		faults []stand.Fault
		want   string
	}{
		{"refused", []stand.Fault{stand.Custom(401, "application/json", `{"error":"invalid_token"}`)}, `
			5s revokes
			5s tells alice: failed unnamed (token revoked)`},
		{"nobody", []stand.Fault{stand.Custom(200, "application/json", `{"preferred_username":"octocat"}`)}, `
			5s revokes
			5s tells alice: failed unnamed (token revoked)`},
		{"trouble for a while", []stand.Fault{stand.HTML(200), authtest.Unavailable(0), stand.Hang()}, `
			5s tells alice: granted
			7s asks who
			11s asks who
			29s asks who
			29s tells alice: linked octocat`},
		{"trouble that says how long it takes", []stand.Fault{authtest.Unavailable(2 * time.Minute)}, `
			5s tells alice: granted
			2m5s asks who
			2m5s tells alice: linked octocat`},
		{"trouble that would take an hour", []stand.Fault{authtest.Unavailable(time.Hour), authtest.Unavailable(time.Hour)}, `
			5s tells alice: granted
			11m5s asks who
			11m5s revokes
			11m5s tells alice: failed unnamed (token revoked)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				l := w.start("alice")
				w.approve(l, "octocat")
				w.srv.Break(authtest.UserInfo, tt.faults...)
				w.sleep(ever)
				w.wantStory(`
					0s asks for a code
					5s polls
					5s asks who
					` + strings.TrimSpace(tt.want))
			})
		})
	}
}

func TestWhoIsAskedForTenMinutes(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.approve(l, "octocat")
		for range 100 {
			w.srv.Break(authtest.UserInfo, authtest.Unavailable(0))
		}
		w.sleep(10 * time.Minute)
		w.wantState(l, "granted")
		w.sleep(time.Minute + 5*time.Second)
		w.wantState(l, "failed unnamed (token revoked)")
		if n := len(w.srv.Requests(authtest.UserInfo)); n < 12 || n > 20 {
			w.Errorf("got %d tries in ten minutes, want one a minute and a few at first", n)
		}
	})
}

func TestMissingScopes(t *testing.T) {
	bubble(t, setup{server: authtest.Options{Withhold: []string{"repo"}}}, func(w *world) {
		l := w.start("alice", "repo")
		w.approve(l, "octocat")
		w.sleep(time.Minute)
		w.wantState(l, "linked octocat without repo")
		a, err := w.Accounts().Get(w.Context(), "alice", "auth")
		if got := fmt.Sprint(a.Scopes, a.Lacks([]string{"openid", "repo"})); err != nil || got != "[openid profile] [repo]" {
			w.Errorf("got scopes and what lacks %s, %v, want [openid profile] [repo]", got, err)
		}
	})
}

// TestSecondLogin signs in somebody who has an account at that provider.
func TestSecondLogin(t *testing.T) {
	tests := []struct {
		name, account string
		act           func(w *world, l authflow.Login) error // a minute after
		want          string
		now           string // the account, in the end
	}{
		{"the same account", "octocat", nil, "tells alice: linked octocat", "octocat"},
		{"another one, confirmed", "hubot", func(w *world, l authflow.Login) error {
			_, err := w.Confirm(w.Context(), l.ID, "")
			return err
		}, `
			tells alice: confirming hubot
			revokes
			tells alice: linked hubot`, "hubot"},
		{"another one, not mine", "hubot", func(w *world, l authflow.Login) error {
			_, err := w.Disown(w.Context(), l.ID)
			return err
		}, `
			tells alice: confirming hubot
			revokes
			tells alice: cancelled not mine (token revoked)`, "octocat"},
		{"another one, cancelled", "hubot", func(w *world, l authflow.Login) error {
			_, err := w.Cancel(w.Context(), l.ID)
			return err
		}, `
			tells alice: confirming hubot
			revokes
			tells alice: cancelled (token revoked)`, "octocat"},
		{"another one, and nothing more", "hubot", nil, `
			tells alice: confirming hubot
			revokes
			tells alice: expired (token revoked)`, "octocat"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				first := w.link("alice", "octocat")
				l := w.start("alice")
				w.approve(l, tt.account)
				w.sleep(time.Minute)
				if tt.act != nil {
					if err := tt.act(w, l); err != nil {
						w.Error(err)
					}
				}
				w.sleep(9*time.Minute + 4*time.Second) // just before nobody is waited for any more
				if open, err := w.Open(w.Context(), "alice"); err != nil || len(open) > 0 != strings.Contains(tt.want, "expired") {
					w.Errorf("got %d open logins, %v", len(open), err)
				}
				w.sleep(ever)
				w.wantStory("asks for a code\npolls\nasks who\n" + strings.TrimSpace(tt.want))
				row, err := w.db.Account(w.Context(), "alice", "auth")
				if by := row.LinkedBy == l.ID; err != nil || row.Name != tt.now || by != strings.Contains(tt.want, "linked") {
					w.Errorf("got account %s, linked by the first login: %v, %v, want %s", row.Name, row.LinkedBy == first.ID, err, tt.now)
				}
			})
		})
	}
}

// TestWake moves a card before its chat loses it, as often as it says.
func TestWake(t *testing.T) {
	bubble(t, setup{inMemory: true}, func(w *world) {
		ask := w.ask("alice")
		ask.Wake = w.began.Add(3 * time.Minute)
		l, err := w.Start(w.Context(), ask)
		if err != nil {
			w.Fatal(err)
		}
		w.tells(func(l authflow.Login) error {
			if !l.State.Open() {
				return nil
			}
			return w.Keep(w.Context(), l, []byte("card below"), time.Now().Add(4*time.Minute))
		})
		w.db.fail("PutTell", 2)
		w.sleep(ever)
		w.wantTold(`
			3m2s tells alice: waiting
			7m2s tells alice: waiting
			10m0s tells alice: expired`)
		if now, err := w.Login(w.Context(), l.ID); err != nil || string(now.Origin) != "card below" || !now.Shown {
			w.Errorf("got origin %q, shown %v, %v, want the card below", now.Origin, now.Shown, err)
		}
	})
}

// TestStoreFails has the disk full when a step is to be stored: what the provider
// gives once is not lost, and not asked for again.
func TestStoreFails(t *testing.T) {
	tests := []struct {
		name, verb string
		want       string
	}{
		{"the token", "ChangeLogin", `
			5s polls
			8s asks who
			8s tells alice: linked octocat`},
		{"the row", "Login", `
			5s polls
			8s asks who
			8s tells alice: linked octocat`},
		{"the account", "Account", `
			5s polls
			5s asks who
			8s tells alice: linked octocat`},
		{"the outbox, to write", "DropTell", `
			5s polls
			5s asks who
			5s tells alice: linked octocat`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				l := w.start("alice")
				w.approve(l, "octocat")
				w.sleep(4500 * time.Millisecond)
				w.db.fail(tt.verb, 3)
				w.sleep(aWhile)
				w.wantState(l, "linked octocat")
				w.wantStory("0s asks for a code\n" + strings.TrimSpace(tt.want))
			})
		})
	}
	t.Run("a slower pace", func(t *testing.T) {
		bubble(t, setup{}, func(w *world) {
			l := w.start("alice")
			w.srv.Break(authtest.Token, authtest.SlowDown())
			w.approve(l, "octocat")
			w.db.fail("PaceLogin", 1)
			w.sleep(aWhile)
			w.wantStory("0s asks for a code\n5s polls" + linked("17s"))
		})
	})
}

// TestGrantWithoutToken takes an answer that makes no sense for trouble.
func TestGrantWithoutToken(t *testing.T) {
	f := &fake{name: "fake", empty: true}
	f.grants()
	bubble(t, setup{providers: []authflow.Provider{f.provider("auth")}, inMemory: true}, func(w *world) {
		l := w.start("alice")
		w.sleep(aWhile)
		w.wantState(l, "waiting")
	})
}
