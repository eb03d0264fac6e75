package authflow_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
)

// join has another process run on the same store, which it sees through a brittle
// of its own. It becomes the one that w is.
func (w *world) join() *process {
	w.Helper()
	shared := w.db
	w.db = newBrittle(shared.Store)
	w.load()
	w.db = shared
	w.run()
	return w.process
}

// depart ends a process properly, and vanish without a trace.
func (w *world) depart(p *process) {
	p.cancel()
	<-p.ended
}

func (w *world) vanish(p *process) {
	p.cable.cut.Store(true)
	p.db.cut.Store(true)
}

// together runs f in a world of two processes on one store, the second of which
// is w.
func together(t *testing.T, s setup, f func(w *world, a, b *process)) {
	t.Helper()
	s.inMemory = true
	bubble(t, s, func(w *world) {
		w.stop()
		a := w.join()
		b := w.join()
		w.Cleanup(func() { w.depart(a) })
		w.began = time.Now()
		f(w, a, b)
	})
}

// startAt starts a login at a process.
func (w *world) startAt(p *process, person string) authflow.Login {
	w.Helper()
	now := w.process
	defer func() { w.process = now }()
	w.process = p
	return w.start(person)
}

// polls is when the provider was polled.
func (w *world) polls() (all []time.Duration) {
	for _, r := range w.srv.Requests(authtest.Token) {
		all = append(all, r.At.Sub(w.began))
	}
	return all
}

// wantGap looks for the one gap between polls that is longer than the pace, from
// the last poll of one process to the first of the next.
func (w *world) wantGap(last, first, until time.Duration) {
	w.Helper()
	all := w.polls()
	for i := 1; i < len(all); i++ {
		gap := all[i] - all[i-1]
		switch {
		case gap < 5*time.Second:
			w.Errorf("got a poll at %v, %v after the one before, want 5 s", all[i], gap)
		case gap > 5*time.Second && (all[i-1] != last || all[i] < first || all[i] > until):
			w.Errorf("got polls at %v and %v, want %v and %v to %v", all[i-1], all[i], last, first, until)
		}
	}
	if end := all[len(all)-1]; end < first {
		w.Errorf("got no poll after %v, want one from %v on", end, first)
	}
}

// TestTakeOver has another process go on: after a crash when the lease has run
// out, which was renewed last at 10 s.
func TestTakeOver(t *testing.T) {
	tests := []struct {
		name              string
		end               func(w *world, p *process)
		last, first, till time.Duration
	}{
		{"it stops", (*world).depart, 10 * time.Second, 17 * time.Second, 23 * time.Second},
		{"it crashes", (*world).vanish, 10 * time.Second, 30 * time.Second, 36 * time.Second},
		{"it loses the store", func(_ *world, p *process) { p.db.cut.Store(true) }, 20 * time.Second, 30 * time.Second, 36 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			together(t, setup{}, func(w *world, a, b *process) {
				l := w.startAt(a, "alice")
				w.sleep(12 * time.Second)
				tt.end(w, a)
				w.sleep(time.Minute)
				w.wantGap(tt.last, tt.first, tt.till)
				w.approve(l, "octocat")
				w.sleep(10 * time.Second)
				w.wantState(l, "linked octocat")
				w.wantTold("tells alice: linked octocat")
				a.db.cut.Store(false) // if it comes back, then as another
				w.sleep(aWhile)
				w.wantTold("tells alice: linked octocat")
			})
		})
	}
}

// TestComesBack goes on with its own logins under a new id, where nobody else lives.
func TestComesBack(t *testing.T) {
	bubble(t, setup{inMemory: true}, func(w *world) {
		l := w.start("alice")
		w.sleep(12 * time.Second)
		w.process.db.cut.Store(true)
		w.sleep(30 * time.Second)
		w.process.db.cut.Store(false)
		w.sleep(30 * time.Second)
		w.wantGap(20*time.Second, 47*time.Second, 54*time.Second)
		w.approve(l, "octocat")
		w.sleep(10 * time.Second)
		w.wantTold("tells alice: linked octocat")
	})
}

// TestShares takes over as many as there are for each.
func TestShares(t *testing.T) {
	together(t, setup{}, func(w *world, a, b *process) {
		w.join()
		var all []authflow.Login
		for i := range 9 {
			all = append(all, w.startAt(a, fmt.Sprint("person ", i)))
		}
		w.depart(a)
		w.sleep(2 * time.Second)
		count := map[string]int{}
		for _, l := range all {
			row, err := w.db.Login(w.Context(), l.ID)
			w.must(err)
			count[row.Owner]++
		}
		most := 0
		for _, n := range count {
			most = max(most, n)
		}
		if len(count) != 2 || most != 5 {
			w.Errorf("got %v logins of each owner, want 5 and 4", count)
		}
		w.depart(b)
	})
}

// TestOthersDecide has people press buttons that reach another process than the one
// that polls.
func TestOthersDecide(t *testing.T) {
	tests := []struct {
		name string
		act  func(w *world, b *process, l authflow.Login) error // at 7.5 s
		want string
	}{
		{"cancelled", func(w *world, b *process, l authflow.Login) error {
			_, err := b.Cancel(w.Context(), l.ID)
			return err
		}, `
			5s polls
			7.5s tells alice: cancelled`},
		{"kept, to move soon", func(w *world, b *process, l authflow.Login) error {
			return b.Keep(w.Context(), l, []byte("card below"), time.Now().Add(2*time.Second))
		}, `
			5s polls
			9.5s tells alice: waiting
			10s polls
			10s asks who
			10s tells alice: linked octocat`},
		{"kept, to have moved already", func(w *world, b *process, l authflow.Login) error {
			return b.Keep(w.Context(), l, []byte("card below"), time.Now().Add(-time.Second))
		}, `
			5s polls
			8s tells alice: waiting
			10s polls
			10s asks who
			10s tells alice: linked octocat`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			together(t, setup{}, func(w *world, a, b *process) {
				l := w.startAt(a, "alice")
				w.sleep(7500 * time.Millisecond)
				w.approve(l, "octocat")
				w.must(tt.act(w, b, l))
				w.sleep(aWhile)
				w.wantStory("0s asks for a code\n" + strings.TrimSpace(tt.want))
			})
		})
	}
}

// TestOthersCancelARequest ends it soon, though it is another process's.
func TestOthersCancelARequest(t *testing.T) {
	f := &fake{name: "fake", takes: 9 * time.Second}
	together(t, setup{providers: []authflow.Provider{f.provider("fake")}}, func(w *world, a, b *process) {
		l := w.startAt(a, "alice")
		w.sleep(6 * time.Second)
		if _, err := b.Cancel(w.Context(), l.ID); err != nil || f.counted().now != 1 {
			w.Errorf("got %v, %d requests under way, want 1", err, f.counted().now)
		}
		w.sleep(time.Second)
		if f.counted().now != 0 {
			w.Errorf("got %d requests under way, want none", f.counted().now)
		}
		w.sleep(aWhile)
		w.wantTold("6s tells alice: cancelled")
	})
}

func TestOthersConfirm(t *testing.T) {
	together(t, setup{}, func(w *world, a, b *process) {
		w.link("alice", "octocat")
		l := w.startAt(a, "alice")
		w.approve(l, "hubot")
		w.sleep(6 * time.Second)
		if _, err := b.Confirm(w.Context(), l.ID, ""); err != nil {
			w.Error(err)
		}
		w.sleep(ever)
		w.wantTold("tells alice: confirming hubot\ntells alice: linked hubot")
	})
}

// TestTokenOfTheFenced is granted to a process that may no longer act, and cannot be
// asked for again: it is stored all the same, and whoever has the login goes on.
func TestTokenOfTheFenced(t *testing.T) {
	for now, name := range []string{"the other waits", "the other asks"} {
		t.Run(name, func(t *testing.T) {
			f := &fake{name: "fake", takes: 8 * time.Second, deaf: true, once: true}
			together(t, setup{providers: []authflow.Provider{f.provider("fake")}}, func(w *world, a, b *process) {
				l := w.startAt(a, "alice")
				w.sleep(4 * time.Second)
				f.grants()
				a.db.cut.Store(true)      // fenced at 12 s, the token comes at 13 s
				w.sleep(14 * time.Second) // b asks 5 s after 15 s or later
				for f.counted().polls < 1+now {
					w.sleep(time.Second)
				}
				w.wantState(l, "waiting")
				a.db.cut.Store(false)
				w.sleep(40 * time.Second)
				w.wantState(l, "linked fake")
				w.wantTold("tells alice: linked fake")
				for _, p := range []*process{a, b} {
					if n := p.Stats().Providers["fake"].Open; n != 0 {
						w.Errorf("got %d open, want none", n)
					}
				}
			})
		})
	}
}

// TestTokenAfterAnOutage was granted while the store was away from all, for longer than
// a lease. It is stored when the store is back, and whoever has taken over by then sees
// that before it asks, which would end the token.
func TestTokenAfterAnOutage(t *testing.T) {
	for _, pace := range []time.Duration{time.Second, 5 * time.Second} {
		t.Run(pace.String(), func(t *testing.T) {
			together(t, setup{server: authtest.Options{Interval: pace}}, func(w *world, a, b *process) {
				l := w.startAt(a, "alice")
				w.sleep(pace / 2)
				w.approve(l, "octocat")
				a.db.cut.Store(true)
				b.db.cut.Store(true)
				w.sleep(40 * time.Second)
				b.db.cut.Store(false)
				for live := 0; live == 0; w.sleep(10 * time.Millisecond) {
					n, _, err := w.db.Replicas(w.Context())
					w.must(err)
					live = n
				}
				a.db.cut.Store(false) // the store takes it after b, which is alone until then
				w.sleep(20 * time.Second)
				w.wantState(l, "linked octocat")
				if got := w.polls(); len(got) != 1 {
					w.Errorf("got polls at %v, want the one that brought the token", got)
				}
			})
		})
	}
}

// TestEndOfTheFenced is found out by a process that may no longer act: the one that
// may finds out by itself.
func TestEndOfTheFenced(t *testing.T) {
	f := &fake{name: "fake", takes: 30 * time.Second, deaf: true, once: true, deny: true}
	together(t, setup{providers: []authflow.Provider{f.provider("fake")}}, func(w *world, a, b *process) {
		l := w.startAt(a, "alice")
		w.sleep(4 * time.Second)
		f.grants()
		a.db.cut.Store(true)
		w.sleep(20 * time.Second)
		a.db.cut.Store(false)
		w.sleep(20 * time.Second) // it was refused at 35 s
		w.wantState(l, "waiting")
	})
}

// TestFencedRequestsEnd when others may ask.
func TestFencedRequestsEnd(t *testing.T) {
	f := &fake{name: "fake", takes: 9 * time.Second}
	together(t, setup{providers: []authflow.Provider{f.provider("fake")}}, func(w *world, a, _ *process) {
		w.sleep(4 * time.Second)
		w.startAt(a, "alice")
		a.db.cut.Store(true)
		w.sleep(11*time.Second - time.Millisecond)
		for _, want := range []int{1, 0} { // before and after 15 s; it would have ended at 18 s
			if got := f.counted().now; got != want {
				w.Errorf("got %d requests under way after %v, want %d", got, time.Since(w.began), want)
			}
			w.sleep(2 * time.Millisecond)
		}
	})
}

// TestSilentProvider never answers. It costs no goroutine a login.
func TestSilentProvider(t *testing.T) {
	silent := &fake{name: "fake", takes: time.Hour}
	bubble(t, setup{providers: []authflow.Provider{silent.provider("silent")}, inMemory: true}, func(w *world) {
		w.sleep(time.Second)
		before := runtime.NumGoroutine()
		w.many(1000)
		w.sleep(time.Minute)
		if now := runtime.NumGoroutine(); silent.counted().now != 16 || now > before+16 {
			w.Errorf("got %d goroutines after %d, %d requests under way, want 16 more at most", now, before, silent.counted().now)
		}
	})
}

// TestTokenOfAnEarlierLife comes to a process that is alone and could not renew its
// lease: its next life goes on with it.
func TestTokenOfAnEarlierLife(t *testing.T) {
	f := &fake{name: "fake", takes: 8 * time.Second, deaf: true, once: true}
	bubble(t, setup{providers: []authflow.Provider{f.provider("fake")}, inMemory: true}, func(w *world) {
		l := w.start("alice")
		w.sleep(4 * time.Second)
		f.grants()
		w.process.db.cut.Store(true)
		w.sleep(26 * time.Second) // the token came at 13 s
		w.process.db.cut.Store(false)
		w.sleep(time.Minute)
		w.wantState(l, "linked fake")
		w.wantTold("tells alice: linked fake")
	})
}

// TestTokenThatWaitsForTheStore is not thrown away because the row does not have it
// yet, which others look at.
func TestTokenThatWaitsForTheStore(t *testing.T) {
	together(t, setup{}, func(w *world, a, b *process) {
		l := w.startAt(a, "alice")
		w.approve(l, "octocat")
		w.sleep(4500 * time.Millisecond)
		w.must(b.Keep(w.Context(), l, l.Origin, time.Time{}))
		a.db.fail("ChangeLogin", 3)
		w.sleep(20 * time.Second)
		w.wantStory(`
			0s asks for a code
			5s polls
			8s asks who
			8s tells alice: linked octocat`)
	})
}

// TestUnsureStart has the store take a login and not say so: who starts again is
// shown the same code, and it is polled.
func TestUnsureStart(t *testing.T) {
	bubble(t, setup{inMemory: true}, func(w *world) {
		w.db.mu.Lock()
		w.db.lies["AddLogin"] = 1
		w.db.mu.Unlock()
		_, err := w.Start(w.Context(), w.ask("alice"))
		w.wantErr(err, errBroken)
		l := w.start("alice")
		w.approve(l, "octocat")
		w.sleep(30 * time.Second)
		w.wantState(l, "linked octocat")
	})
}
