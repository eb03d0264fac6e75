package authflow_test

import (
	"slices"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
)

// again runs f twice: with a way to restart that ends the process properly, and
// with one that takes away its store and its network first.
func again(t *testing.T, s setup, f func(w *world, restart func())) {
	t.Run("stopped", func(t *testing.T) {
		bubble(t, s, func(w *world) { f(w, w.restart) })
	})
	t.Run("killed", func(t *testing.T) {
		bubble(t, s, func(w *world) { f(w, w.crash) })
	})
}

func TestRestartWhileWaiting(t *testing.T) {
	again(t, setup{}, func(w *world, restart func()) {
		l := w.start("alice")
		w.sleep(7 * time.Second)
		restart()
		began := time.Now()
		w.sleep(10 * time.Second)
		w.approve(l, "octocat")
		w.sleep(aWhile)
		polls := w.srv.Requests(authtest.Token)
		if wait := polls[1].At.Sub(began); wait < 5*time.Second || wait > 10*time.Second {
			w.Errorf("got a poll %v after the restart, want it after one to two intervals", wait)
		}
		w.wantPace(5*time.Second, 6*time.Second)
		w.wantState(l, "linked octocat")
	})
}

// wantPace checks the gaps between polls since the second.
func (w *world) wantPace(least, most time.Duration) {
	w.Helper()
	polls := w.srv.Requests(authtest.Token)
	for i := 2; i < len(polls); i++ {
		if gap := polls[i].At.Sub(polls[i-1].At); gap < least || gap > most {
			w.Errorf("got poll %d after %v, want it after %v to %v", i, gap, least, most)
		}
	}
}

func TestRestartKeepsTheSlowerPace(t *testing.T) {
	again(t, setup{}, func(w *world, restart func()) {
		w.srv.Break(authtest.Token, authtest.SlowDown())
		w.start("alice")
		w.sleep(7 * time.Second)
		restart()
		began := time.Now()
		w.sleep(2 * time.Minute)
		polls := w.srv.Requests(authtest.Token)
		if wait := polls[1].At.Sub(began); wait < 12*time.Second || wait > 24*time.Second {
			w.Errorf("got a poll %v after the restart, want it after one to two intervals of 12 s", wait)
		}
		w.wantPace(12*time.Second, 12*time.Second)
	})
}

// TestRestartBeforeTheEnd has so little time left that a poll by chance could
// come too late for a token.
func TestRestartBeforeTheEnd(t *testing.T) {
	again(t, setup{server: authtest.Options{CodeLifetime: 20 * time.Second}}, func(w *world, restart func()) {
		w.start("alice")
		w.sleep(14 * time.Second)
		restart()
		w.sleep(time.Minute)
		polls := w.srv.Requests(authtest.Token)
		if at := polls[2].At.Sub(w.began); at < 19*time.Second || at > 20*time.Second {
			w.Errorf("got a poll at %v, want it an interval after the restart and before the end of the code, 20 s", at)
		}
	})
}

func TestRestartWithAToken(t *testing.T) {
	again(t, setup{}, func(w *world, restart func()) {
		l := w.start("alice")
		w.approve(l, "octocat")
		w.srv.Break(authtest.UserInfo, authtest.Unavailable(0), authtest.Unavailable(0), authtest.Unavailable(0))
		w.sleep(8 * time.Second)
		w.wantState(l, "granted")
		restart()
		w.sleep(aWhile)
		w.wantStory(`
			0s asks for a code
			5s polls
			5s asks who
			5s tells alice: granted
			7s asks who
			8s asks who
			8s tells alice: granted
			10s asks who
			10s tells alice: linked octocat`)
	})
}

// TestRestartKeepsTheTimeToName gives up ten minutes after the token, not after
// the restart.
func TestRestartKeepsTheTimeToName(t *testing.T) {
	again(t, setup{}, func(w *world, restart func()) {
		l := w.start("alice")
		w.approve(l, "octocat")
		for range 30 {
			w.srv.Break(authtest.UserInfo, authtest.Unavailable(0))
		}
		w.sleep(9 * time.Minute)
		restart()
		w.sleep(3 * time.Minute)
		w.wantState(l, "failed unnamed (token revoked)")
	})
}

func TestRestartWhileConfirming(t *testing.T) {
	again(t, setup{}, func(w *world, restart func()) {
		w.link("alice", "octocat")
		l := w.start("alice")
		w.approve(l, "hubot")
		w.sleep(9 * time.Minute)
		restart()
		w.sleep(30 * time.Second)
		if _, err := w.Confirm(w.Context(), l.ID, ""); err != nil {
			w.Error(err)
		}
		w.sleep(time.Minute)
		w.wantStory(`
			asks for a code
			polls
			asks who
			tells alice: confirming hubot
			tells alice: confirming hubot
			revokes
			tells alice: linked hubot`)
		if got := w.whoami("alice"); got != "hubot" { // it is the right token
			w.Errorf("got %s, want hubot", got)
		}
	})
}

func TestRestartKeepsTheTimeToConfirm(t *testing.T) {
	again(t, setup{}, func(w *world, restart func()) {
		w.link("alice", "octocat")
		w.approve(w.start("alice"), "hubot")
		w.sleep(9 * time.Minute)
		restart()
		w.sleep(aWhile)
		w.wantTold(`
			5s tells alice: confirming hubot
			9m0s tells alice: confirming hubot
			10m5s tells alice: expired (token revoked)`)
	})
}

func TestRestartBeforeTheEndWasTold(t *testing.T) {
	again(t, setup{}, func(w *world, restart func()) {
		l := w.start("alice")
		w.approve(l, "octocat")
		w.tells(func(authflow.Login) error { return errAway })
		w.sleep(7 * time.Second)
		restart()
		w.sleep(10 * time.Second)
		w.tells(nil)
		w.sleep(time.Minute)
		restart()
		w.sleep(time.Minute)
		w.wantStory(`
			0s asks for a code
			5s polls
			5s asks who
			5s tells alice: linked octocat
			6s tells alice: linked octocat
			12s tells alice: linked octocat
			16s tells alice: linked octocat
			24s tells alice: linked octocat`)
	})
}

// TestRestartBeforeTheCardWasShown has a crash between the row and the card.
func TestRestartBeforeTheCardWasShown(t *testing.T) {
	again(t, setup{}, func(w *world, restart func()) {
		l, err := w.Start(w.Context(), w.ask("alice"))
		if err != nil {
			w.Fatal(err)
		}
		restart()
		w.wantStory(`
			0s asks for a code
			0s tells alice: waiting`)
		restart()
		w.sleep(2 * time.Second)
		w.wantTold(`0s tells alice: waiting`) // it was kept
		w.approve(l, "octocat")
		w.sleep(time.Minute)
		w.wantState(l, "linked octocat")
	})
}

func TestRestartShowsTheCardThoughTheStoreFails(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		if _, err := w.Start(w.Context(), w.ask("alice")); err != nil {
			w.Fatal(err)
		}
		w.stop()
		w.load()
		w.db.fail("PutTell", 2)
		w.run()
		w.sleep(4 * time.Second)
		w.wantTold(`2s tells alice: waiting`)
	})
}

// TestRestartWithoutTheProvider finds logins of a provider that is no longer
// offered, or no longer by that flow.
func TestRestartWithoutTheProvider(t *testing.T) {
	other := func(w *world) []authflow.Provider { return []authflow.Provider{{Name: "other"}} }
	otherFlow := func(w *world) []authflow.Provider {
		return []authflow.Provider{{Name: "auth", Flows: []authflow.Flow{&fake{name: "vendor"}}}}
	}
	for name, providers := range map[string]func(*world) []authflow.Provider{"provider": other, "flow": otherFlow} {
		t.Run(name, func(t *testing.T) {
			again(t, setup{}, func(w *world, restart func()) {
				w.link("alice", "octocat")
				waiting, granted, confirming := w.start("bob"), w.start("carol"), w.start("alice")
				w.approve(confirming, "hubot")
				w.sleep(5 * time.Second)
				w.srv.Break(authtest.UserInfo, authtest.Unavailable(time.Minute))
				w.approve(granted, "octocat")
				w.sleep(5 * time.Second)
				w.providers = providers(w)
				restart()
				w.sleep(5 * time.Second)
				w.wantState(waiting, "failed unavailable")
				w.wantState(granted, "failed unavailable (token dropped)")
				w.wantState(confirming, "failed unavailable (token dropped)")
				var told []string
				for _, e := range w.toldSoFar()[1:] { // the first is that alice must confirm
					told = append(told, e.what)
				}
				slices.Sort(told)
				want := []string{
					"tells alice: failed unavailable (token dropped)", "tells bob: failed unavailable",
					"tells carol: failed unavailable (token dropped)", "tells carol: granted",
				}
				if !slices.Equal(slices.Compact(told), want) {
					w.Errorf("got %q, want %q", told, want)
				}
			})
		})
	}
}

// TestRunAwaitsTheStore begins while the store fails: what is there is taken up
// once it does not.
func TestRunAwaitsTheStore(t *testing.T) {
	for _, verb := range []string{"AddReplica", "LeftLogins", "ClaimLogins", "Replicas"} {
		t.Run(verb, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				l := w.start("alice")
				w.stop()
				w.load()
				w.db.fail(verb, 3)
				w.run()
				w.must(w.srv.Approve(l.Show.Code, w.srv.User("octocat")))
				w.sleep(15 * time.Second)
				w.wantState(l, "linked octocat")
			})
		})
	}
}

// TestStop ends a process with a request under way, which gets a short while.
func TestStop(t *testing.T) {
	tests := []struct {
		name   string
		faults []stand.Fault
		took   time.Duration
		want   string
	}{
		{"nothing under way", nil, 0, "waiting"},
		{"a request that hangs", []stand.Fault{stand.Hang()}, 3 * time.Second, "waiting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				l := w.start("alice")
				w.srv.Break(authtest.Token, tt.faults...)
				w.sleep(6 * time.Second)
				if took := w.stop(); took != tt.took {
					w.Errorf("got an end after %v, want %v", took, tt.took)
				}
				w.wantState(l, tt.want)
			})
		})
	}
}

// TestStopKeepsWhatComesInTime lets a provider take two seconds for a token.
func TestStopKeepsWhatComesInTime(t *testing.T) {
	f := &fake{name: "fake", takes: 2 * time.Second}
	bubble(t, setup{providers: []authflow.Provider{f.provider("fake")}}, func(w *world) {
		l := w.start("alice")
		f.grants()
		w.sleep(6 * time.Second)
		if took := w.stop(); took != time.Second {
			w.Errorf("got an end after %v, want 1 s", took)
		}
		w.wantState(l, "granted")
		w.load()
		w.run()
		w.sleep(3 * time.Second)
		w.wantState(l, "linked fake")
		if f.counted().polls != 1 {
			w.Errorf("got %d polls, want 1", f.counted().polls)
		}
	})
}

// TestRestartFindsARowThatCannotBeRead ends it, so that its person can start anew.
func TestRestartFindsARowThatCannotBeRead(t *testing.T) {
	again(t, setup{}, func(w *world, restart func()) {
		l := w.start("alice")
		row, err := w.db.Login(w.Context(), l.ID)
		w.must(err)
		broken := append([]byte(nil), row.Origin...)
		broken[len(broken)-1] ^= 1
		w.must(w.db.KeepLogin(w.Context(), l.ID, row.Origin, broken, time.Time{}, true))
		restart()
		w.wantState(l, "failed unavailable")
		w.approve(w.start("alice"), "octocat")
		w.sleep(10 * time.Second)
		w.wantTold("5s tells alice: linked octocat")
	})
}
