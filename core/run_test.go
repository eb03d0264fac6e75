package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// fleet is a store and the bots of several processes on it, and what they do to
// their platform.
type fleet struct {
	*testing.T
	db    store.Store
	began time.Time
	mu    sync.Mutex
	did   []string
}

func launch(t *testing.T, f func(f *fleet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db, err := sqlstore.Open(t.Context(), sqlstore.Memory)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		f(&fleet{T: t, db: db, began: time.Now()})
	})
}

func (f *fleet) note(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did = append(f.did, fmt.Sprint(time.Since(f.began).Round(time.Millisecond), " ", what))
}

// want compares what was done, and forgets it.
func (f *fleet) want(lines ...string) {
	f.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.did, lines) {
		f.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(f.did, "\n\t"), strings.Join(lines, "\n\t"))
	}
	f.did = nil
}

// ship is a process of a fleet: a bot, its platform and its way to the store.
type ship struct {
	*wire
	absent
	f     *fleet
	name  string
	bot   *Bot
	end   context.CancelFunc
	ended <-chan error
	found atomic.Bool // the platform has said how it is reached
	hooks bool        // by deliveries that any process takes
}

// absent is a store that may be away.
type absent struct {
	store.Store
	away *atomic.Bool
}

var errAway = errors.New("the store is away")

func (a absent) AddReplica(ctx context.Context, id string, life time.Duration) error {
	if a.away.Load() {
		return errAway
	}
	return a.Store.AddReplica(ctx, id, life)
}

func (a absent) RenewReplica(ctx context.Context, id string, life time.Duration) error {
	if a.away.Load() {
		return errAway
	}
	return a.Store.RenewReplica(ctx, id, life)
}

func (a absent) AddNote(ctx context.Context, key string, value []byte, expires time.Time, marks ...string) (bool, error) {
	if a.away.Load() {
		return false, errAway
	}
	return a.Store.AddNote(ctx, key, value, expires, marks...)
}

func (f *fleet) ship(name string, hooks bool) *ship {
	f.Helper()
	s := &ship{wire: newWire(), absent: absent{f.db, new(atomic.Bool)}, f: f, name: name, hooks: hooks}
	s.run = func(ctx context.Context) error {
		f.note(name + " runs")
		<-ctx.Done()
		time.Sleep(200 * time.Millisecond) // a connection ends
		f.note(name + " stops")
		s.mu.Lock()
		s.on = nil
		s.mu.Unlock()
		return nil
	}
	s.bot = New(Options{Store: s.absent, Keys: newKeys(f, testSecret, ""), Log: slog.New(slog.DiscardHandler)})
	s.bot.Add(command("slow", func(ctx context.Context, in *Invocation) error {
		time.Sleep(3 * time.Second)
		_, err := in.Reply(ctx, Message{Text: "Done."})
		return err
	}))
	s.bot.Connect(s)
	s.sail()
	return s
}

func (s *ship) sail() {
	var ctx context.Context
	ctx, s.end = context.WithCancel(s.f.Context())
	s.ended = serve(ctx, s.bot)
}

func (s *ship) Caps() Caps {
	caps := s.wire.Caps()
	caps.Single = !s.hooks || !s.found.Load()
	return caps
}

func (s *ship) Publish(_ context.Context, _ []Command, write bool) error {
	s.found.Store(true)
	if write {
		s.f.note(s.name + " writes")
	}
	return nil
}

func (s *ship) ready() int {
	rec := httptest.NewRecorder()
	s.bot.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	return rec.Code
}

func (s *ship) stop() {
	s.f.Helper()
	s.end()
	if err := <-s.ended; err != nil {
		s.f.Errorf("%s: got %v, want nil", s.name, err)
	}
}

// TestTurnOver has a connection that there may be only one of go from one process to
// the next, though a handler is not done yet.
func TestTurnOver(t *testing.T) {
	launch(t, func(f *fleet) {
		a := f.ship("a", false)
		b := f.ship("b", false)
		f.want("0s a writes", "0s a runs")
		if a.ready() != http.StatusOK || b.ready() != http.StatusOK {
			t.Errorf("got ready %d and %d, want both", a.ready(), b.ready())
		}
		time.Sleep(9500 * time.Millisecond)
		a.take(a.event(ann, hall, Call{Name: "slow"}))
		a.stop()
		f.note("a has ended")
		if got := a.since(0); got != "reply hall: Done." {
			t.Errorf("got %q, want the answer of the handler", got)
		}
		f.want("9.7s a stops", "10s b writes", "10s b runs", "12.5s a has ended")
		b.stop()
		f.want("12.7s b stops")
	})
}

// TestEveryProcessServes what is delivered to all of them. A repeat is dropped
// whichever gets it. One writes the commands, and the next when that one is gone.
func TestEveryProcessServes(t *testing.T) {
	launch(t, func(f *fleet) {
		a := f.ship("a", true)
		b := f.ship("b", true)
		f.want("0s a writes", "0s a runs", "0s b runs")
		if a.ready() != http.StatusOK || b.ready() != http.StatusOK {
			t.Errorf("got ready %d and %d, want both", a.ready(), b.ready())
		}
		ev := a.event(ann, hall, Call{Name: "ping"})
		a.take(ev)
		b.take(ev)
		if got := a.since(0) + b.since(0); got != "reply hall: Pong!" {
			t.Errorf("got %q, want one answer", got)
		}
		time.Sleep(9500 * time.Millisecond)
		a.stop()
		time.Sleep(2 * time.Second)
		f.want("9.7s a stops", "10s b writes")
		b.stop()
	})
}

// TestStoreAway keeps a connection while nobody could take it over, and people get
// a sentence.
func TestStoreAway(t *testing.T) {
	launch(t, func(f *fleet) {
		a := f.ship("a", false)
		f.want("0s a writes", "0s a runs")
		a.absent.away.Store(true)
		time.Sleep(time.Minute)
		ev, safe := a.event(ann, hall, Call{Name: "ping"}), 0
		ev.Safe = func() { safe++ }
		a.odd = func(string, Message) error { return errors.New("the chat is away too") }
		if a.take(ev); safe != 0 || a.since(0) != "" {
			t.Errorf("nobody could be told: got %q, and it was taken %d times, want that it comes again", a.since(0), safe)
		}
		a.odd = nil
		a.take(ev)
		const want = "reply hall privately: I cannot do anything just now. Please try again in a few minutes;"
		if got := a.since(0); !strings.HasPrefix(got, want) || safe != 1 {
			t.Errorf("got %q, and it was taken %d times, want %q and that it comes no more", got, safe, want)
		}
		a.absent.away.Store(false)
		time.Sleep(time.Minute)
		if got := a.call(ann, "ping"); got != "reply hall: Pong!" {
			t.Errorf("got %q, want an answer", got)
		}
		f.want()
		a.stop()
	})
}

// TestLostLease has a process give up its connection for one that came while it
// could not renew, and take it again after that.
func TestLostLease(t *testing.T) {
	launch(t, func(f *fleet) {
		a := f.ship("a", false)
		b := f.ship("b", false)
		f.want("0s a writes", "0s a runs")
		time.Sleep(6500 * time.Millisecond) // it knows of b by now
		a.absent.away.Store(true)
		time.Sleep(time.Minute)
		a.absent.away.Store(false)
		time.Sleep(2 * time.Second)
		f.want("17.2s a stops", "20s b writes", "20s b runs")
		if a.ready() != http.StatusOK {
			t.Errorf("got ready %d of who waits, want it", a.ready())
		}
		b.stop()
		time.Sleep(2 * time.Second)
		f.want("1m8.7s b stops", "1m9s a writes", "1m9s a runs")
		a.stop()
	})
}
