package authflow_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/store"
)

var errAway = errors.New("the chat is away")

// away is a chat that cannot be told anything so many times.
func (w *world) away(n int, err error) {
	w.tells(func(authflow.Login) error {
		if n--; n >= 0 {
			return err
		}
		return nil
	})
}

// TestTellUntilHeard tells of an end until somebody has heard of it, and then no
// more.
func TestTellUntilHeard(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.must(w.srv.Deny(l.Show.Code))
		w.away(9, errAway)
		w.sleep(ever)
		w.wantTold(`
			5s tells alice: denied
			6s tells alice: denied
			8s tells alice: denied
			12s tells alice: denied
			20s tells alice: denied
			36s tells alice: denied
			1m8s tells alice: denied
			2m8s tells alice: denied
			3m8s tells alice: denied
			4m8s tells alice: denied`)
	})
}

// TestTellForADay looks at how long a row is kept, and makes it less: a virtual day
// has many seconds.
func TestTellForADay(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.must(w.srv.Deny(l.Show.Code))
		first := true
		w.tells(func(authflow.Login) error {
			if !first {
				return errAway
			}
			first = false
			due, err := w.db.outbox(w.Context())
			if err != nil || len(due) != 1 || time.Until(due[0].GiveUp) != 24*time.Hour {
				w.Errorf("got %+v, %v, want a row for a day", due, err)
			}
			due[0].GiveUp = time.Now().Add(10 * time.Second)
			if err := w.db.PutTell(w.Context(), due[0]); err != nil {
				w.Error(err)
			}
			return errAway
		})
		w.sleep(aWhile)
		w.wantTold(`
			5s tells alice: denied
			5s tells alice: denied
			6s tells alice: denied
			8s tells alice: denied
			12s tells alice: denied
			20s tells alice: denied`)
		if n := strings.Count(w.logged.String(), "never told"); n != 2 { // as text and as JSON
			w.Errorf("got %d lines about it, want 2", n)
		}
	})
}

// TestTellSurvivesTheStore has the outbox unreadable and unwritable for a while.
// What was told is not told again for that.
func TestTellSurvivesTheStore(t *testing.T) {
	tests := []struct {
		verb string
		want string
	}{
		{"DueTells", "tells alice: denied"},
		{"DropTell", "tells alice: denied"},
		{"RetryTell", "tells alice: denied\ntells alice: denied"},
	}
	for _, tt := range tests {
		t.Run(tt.verb, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				l := w.start("alice")
				w.must(w.srv.Deny(l.Show.Code))
				w.sleep(4500 * time.Millisecond)
				w.db.fail(tt.verb, 12) // once a second, for longer than from one look to the next
				if tt.verb == "RetryTell" {
					w.away(1, errAway)
				}
				w.sleep(time.Minute)
				w.wantTold(tt.want)
			})
		})
	}
}

// ahead is a store whose clock is an hour behind that of whoever uses it.
type ahead struct{ store.Store }

func (a ahead) ChangeLogin(ctx context.Context, c store.Change) error {
	if c.Tell != nil {
		t := *c.Tell
		t.Try = t.Try.Add(time.Hour)
		c.Tell = &t
	}
	return a.Store.ChangeLogin(ctx, c)
}

// TestTellByAnotherClock does not have people wait until the clock of the store says
// what our own says now, neither at first nor when it is tried again.
func TestTellByAnotherClock(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		w.stop()
		w.db.Store = ahead{w.db.Store}
		w.load()
		w.run()
		l := w.start("alice")
		w.must(w.srv.Deny(l.Show.Code))
		w.away(1, errAway)
		w.sleep(time.Minute)
		w.wantTold("5s tells alice: denied\n6s tells alice: denied")
	})
}

// TestTellStopsWithTheStore ends a process whose store fails for good.
func TestTellStopsWithTheStore(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.must(w.srv.Deny(l.Show.Code))
		w.db.fail("DropTell", 1e9)
		w.sleep(7 * time.Second)
		if took := w.stop(); took > 3*time.Second {
			w.Errorf("got an end after %v, want it within 3 s", took)
		}
	})
}

// TestTellOneAtATime is slow to tell, while a login goes on: whoever tells hears
// only the last word, and never two at once of the same login.
func TestTellOneAtATime(t *testing.T) {
	bubble(t, setup{inMemory: true}, func(w *world) {
		var mu sync.Mutex
		telling := map[string]int{}
		w.tells(func(l authflow.Login) error {
			mu.Lock()
			telling[l.ID]++
			if telling[l.ID] > 1 {
				w.Errorf("got two tells at once of a login that is %s", l.State)
			}
			mu.Unlock()
			time.Sleep(time.Minute)
			mu.Lock()
			defer mu.Unlock()
			telling[l.ID]--
			return nil
		})
		w.began = time.Now()
		ask := w.ask("alice")
		ask.Wake = time.Now().Add(7 * time.Second)
		if _, err := w.Start(w.Context(), ask); err != nil {
			w.Fatal(err)
		}
		l := w.start("bob")
		w.sleep(8 * time.Second) // alice is being told of her card
		w.approve(l, "octocat")
		for _, code := range w.srv.Pending() {
			w.must(w.srv.Deny(code))
		}
		w.sleep(aWhile)
		w.wantTold(`
			7s tells alice: waiting
			10s tells bob: linked octocat
			1m7s tells alice: denied`)
	})
}

// TestTellOnce finds a row in the outbox that was told before the find is looked at.
func TestTellOnce(t *testing.T) {
	bubble(t, setup{inMemory: true}, func(w *world) {
		l := w.start("alice")
		w.must(w.srv.Deny(l.Show.Code))
		var slow func()
		slow = func() {
			time.Sleep(2 * time.Millisecond)
			w.db.then("DueTells", slow)
		}
		slow()
		w.tells(func(authflow.Login) error {
			time.Sleep(time.Second + time.Millisecond) // a look comes every second
			return nil
		})
		w.sleep(aWhile)
		w.wantTold("tells alice: denied")
	})
}

// TestTellManyAtOnce does not let slow chats hold up the others, up to a limit.
func TestTellManyAtOnce(t *testing.T) {
	f := &fake{name: "fake"}
	bubble(t, setup{providers: []authflow.Provider{f.provider("fake")}, inMemory: true}, func(w *world) {
		var mu sync.Mutex
		now, most := 0, 0
		w.tells(func(authflow.Login) error {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			now--
			return nil
		})
		for i := range 100 {
			w.start(fmt.Sprint("person ", i))
		}
		f.grants()
		w.sleep(5*time.Second + 7*time.Second)
		if n := len(w.toldSoFar()); n != 100 || most != 16 {
			w.Errorf("got %d told, %d at once, want 100, 16 at once", n, most)
		}
	})
}

// TestTellStops ends a process while somebody is being told, who gets a short
// while, and is told again by the next.
func TestTellStops(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.must(w.srv.Deny(l.Show.Code))
		w.stop()
		w.load()
		ctx, cancel := context.WithCancel(w.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.Logins.Run(ctx, func(ctx context.Context, l authflow.Login) error {
				w.note("tells " + l.Person)
				<-ctx.Done()
				return ctx.Err()
			}, nil)
		}()
		w.sleep(11 * time.Second)
		before := time.Now()
		cancel()
		<-done
		if took := time.Since(before); took != 3*time.Second {
			w.Errorf("got an end after %v, want it after 3 s", took)
		}
		w.load()
		w.run()
		w.sleep(2 * time.Second)
		w.wantTold("tells alice\ntells alice: denied")
	})
}

// TestTellOfWhatIsGone drops what cannot be told any more, and only that.
func TestTellOfWhatIsGone(t *testing.T) {
	t.Run("the login", func(t *testing.T) {
		bubble(t, setup{inMemory: true}, func(w *world) {
			tell := store.Tell{Key: "login:gone", Person: "alice", Payload: "gone", Try: time.Now(), GiveUp: time.Now().Add(time.Hour)}
			if err := w.db.PutTell(w.Context(), tell); err != nil {
				w.Fatal(err)
			}
			w.sleep(6 * time.Second)
			if due, err := w.db.outbox(w.Context()); err != nil || len(due) > 0 {
				w.Errorf("got %v, %v, want nothing left", due, err)
			}
			w.wantTold("")
		})
	})
	t.Run("something of the chat", func(t *testing.T) {
		bubble(t, setup{inMemory: true}, func(w *world) {
			l := w.start("alice")
			w.must(w.srv.Deny(l.Show.Code))
			w.away(1, fmt.Errorf("find the chat: %w", store.ErrNotFound))
			w.sleep(time.Minute)
			w.wantTold(`
				5s tells alice: denied
				6s tells alice: denied`)
		})
	})
}
