package authflow_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
)

// TestCancel calls a login off wherever it stands: at once, and the provider
// hears nothing more of it.
func TestCancel(t *testing.T) {
	tests := []struct {
		name  string
		had   string                           // an account linked before
		begin func(w *world, l authflow.Login) // right after the start
		want  string                           // until the cancel at 7 s
		ends  string                           // what is told of the end
	}{
		{"waiting", "", nil, `
			0s asks for a code
			5s polls`, ""},
		{"a poll under way", "", func(w *world, _ authflow.Login) { w.srv.Break(authtest.Token, stand.Hang()) }, `
			0s asks for a code
			5s polls`, ""},
		{"a token, and trouble to name it", "", func(w *world, l authflow.Login) {
			w.approve(l, "octocat")
			w.srv.Break(authtest.UserInfo, authtest.Unavailable(time.Minute))
		}, `
			0s asks for a code
			5s polls
			5s asks who
			5s tells alice: granted`, " (token revoked)"},
		{"a token, and the question whose under way", "", func(w *world, l authflow.Login) {
			w.approve(l, "octocat")
			w.srv.Break(authtest.UserInfo, stand.Hang())
		}, `
			0s asks for a code
			5s polls
			5s asks who`, " (token revoked)"},
		{"confirming", "hubot", func(w *world, l authflow.Login) { w.approve(l, "octocat") }, `
			0s asks for a code
			5s polls
			5s asks who
			5s tells alice: confirming octocat`, " (token revoked)"},
		{"a token that cannot be stored", "", func(w *world, l authflow.Login) {
			w.approve(l, "octocat")
			time.AfterFunc(4*time.Second, func() { w.db.fail("ChangeLogin", 2) })
		}, `
			0s asks for a code
			5s polls`, ""},
	}
	ways := map[string]func(*world) func(context.Context, string) (authflow.Login, error){
		"cancelled":          func(w *world) func(context.Context, string) (authflow.Login, error) { return w.Cancel },
		"cancelled not mine": func(w *world) func(context.Context, string) (authflow.Login, error) { return w.Disown },
	}
	for _, tt := range tests {
		for way, of := range ways {
			t.Run(tt.name+", "+way, func(t *testing.T) {
				bubble(t, setup{}, func(w *world) {
					if tt.had != "" {
						w.link("alice", tt.had)
					}
					l := w.start("alice")
					if tt.begin != nil {
						tt.begin(w, l)
					}
					w.sleep(6900 * time.Millisecond)
					w.db.fail("ChangeLogin", 0)
					before := time.Now()
					got, err := of(w)(w.Context(), l.ID)
					if err != nil || state(got) != way+tt.ends || time.Since(before) != 0 {
						w.Errorf("got %s, %v, after %v, want %s at once", state(got), err, time.Since(before), way+tt.ends)
					}
					_, err = of(w)(w.Context(), l.ID)
					w.wantErr(err, authflow.ErrEnded)
					w.sleep(aWhile)
					w.wantState(l, way+tt.ends)
					want := tt.want
					if tt.ends != "" {
						want += "\n6.9s revokes"
					}
					w.wantStory(want + "\n6.9s tells alice: " + way + tt.ends)
					if a, err := w.db.Account(w.Context(), "alice", "auth"); a.Name != tt.had || (err == nil) != (tt.had != "") {
						w.Errorf("got account %q, %v, want %q", a.Name, err, tt.had)
					}
				})
			})
		}
	}
}

// TestCancelMeetsTheBeginning cancels a login in the moment between its row and
// its first poll, at its start and when another process takes it up.
func TestCancelMeetsTheBeginning(t *testing.T) {
	cancel := func(w *world) func() {
		return func() {
			open, err := w.Open(w.Context(), "alice")
			if err != nil || len(open) != 1 {
				w.Fatalf("got %d open logins, %v, want one", len(open), err)
			}
			go func() {
				if _, err := w.Cancel(w.Context(), open[0].ID); err != nil {
					w.Error(err)
				}
			}()
			time.Sleep(time.Millisecond) // until it can get no further
		}
	}
	t.Run("started", func(t *testing.T) {
		bubble(t, setup{}, func(w *world) {
			w.db.then("AddLogin", cancel(w))
			if _, err := w.Start(w.Context(), w.ask("alice")); err != nil {
				w.Error(err)
			}
			w.sleep(aWhile)
			w.wantStory(`
				asks for a code
				tells alice: cancelled`)
		})
	})
	t.Run("taken up", func(t *testing.T) {
		bubble(t, setup{}, func(w *world) {
			w.start("alice")
			w.stop()
			w.load()
			w.db.then("ClaimLogins", cancel(w))
			w.run()
			w.sleep(aWhile)
			w.wantStory(`
				asks for a code
				tells alice: cancelled`)
		})
	})
}

// TestCancelWhileTakenUp has another process take a login up while its person is
// about to end it.
func TestCancelWhileTakenUp(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.stop()
		w.load()
		w.db.then("Login", w.run)
		if _, err := w.Cancel(w.Context(), l.ID); err != nil {
			w.Error(err)
		}
		w.sleep(aWhile)
		w.wantStory(`
			0s asks for a code
			0s tells alice: cancelled`)
	})
}

// TestCancelTwiceAtOnce has two presses of the same button.
func TestCancelTwiceAtOnce(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.srv.Break(authtest.Token, stand.Hang())
		w.sleep(6 * time.Second)
		errs := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := w.Cancel(w.Context(), l.ID)
				errs <- err
			}()
		}
		a, b := <-errs, <-errs
		if a == nil {
			a, b = b, a
		}
		if !errors.Is(a, authflow.ErrEnded) || b != nil {
			w.Errorf("got %v and %v, want ErrEnded once", a, b)
		}
		w.sleep(0)
		w.wantTold(`6s tells alice: cancelled`)
	})
}

// TestCancelFails leaves a login as it was, when it cannot be stored that it ended.
func TestCancelFails(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.sleep(7 * time.Second)
		w.db.fail("ChangeLogin", 1)
		_, err := w.Cancel(w.Context(), l.ID)
		w.wantErr(err, errBroken)
		w.approve(l, "octocat")
		w.sleep(time.Minute)
		w.wantStory("0s asks for a code\n5s polls" + linked("10s"))
	})
}

// TestCancelWaitsAsLongAsItMay has a vendor's flow that does not stop, and brings a
// token after all.
func TestCancelWaitsAsLongAsItMay(t *testing.T) {
	f := &fake{name: "fake", takes: 8 * time.Second, deaf: true}
	bubble(t, setup{providers: []authflow.Provider{f.provider("fake")}, inMemory: true}, func(w *world) {
		f.grants()
		l := w.start("alice")
		w.sleep(6 * time.Second)
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		_, err := w.Cancel(ctx, l.ID)
		w.wantErr(err, context.DeadlineExceeded)
		w.wantState(l, "waiting")
		if _, err := w.Cancel(w.Context(), l.ID); err != nil || time.Since(w.began) != 13*time.Second {
			w.Errorf("got %v after %v, want an end after the answer, at 13 s", err, time.Since(w.began))
		}
		w.wantState(l, "cancelled (token dropped)")
	})
}

// TestConfirmTooEarly says yes to what was not asked.
func TestConfirmTooEarly(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.sleep(7 * time.Second)
		_, err := w.Confirm(w.Context(), l.ID, "")
		w.wantErr(err, authflow.ErrEnded)
		w.sleep(4 * time.Second)
		w.approve(l, "octocat")
		w.sleep(time.Minute)
		w.wantStory("0s asks for a code\n5s polls\n10s polls" + linked("15s"))
		_, err = w.Confirm(w.Context(), l.ID, "")
		w.wantErr(err, authflow.ErrEnded)
	})
}

// TestForgotten has a person's rows erased while a login is open.
func TestForgotten(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		if err := w.db.Forget(w.Context(), "alice"); err != nil {
			w.Fatal(err)
		}
		w.approve(l, "octocat")
		w.sleep(aWhile)
		w.wantStory(`
			0s asks for a code
			5s polls
			5s revokes`)
		if all, err := w.Accounts().List(w.Context(), "alice"); err != nil || len(all) > 0 {
			w.Errorf("got accounts %v, %v, want none", all, err)
		}
	})
}
