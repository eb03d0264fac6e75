//go:build unix

package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/store/storetest/pgtest"
)

const (
	interval = time.Second // between polls
	// longest is how long a scenario may take on a machine that is very busy.
	longest = 150 * time.Second
)

// chaos is replicas and what they are connected to, all of it seen from outside.
type chaos struct {
	t        *testing.T
	db       *pgtest.Server // nil: SQLite
	store    string
	chat     *telegramtest.Server
	auth     *authtest.Server
	client   *http.Client
	pace     *pace
	replicas []*replica
	over     chan struct{} // closed once the fault is over; people who take their time wait for it
	renew    bool          // who was killed is started again though others live
	spoils   bool          // the database may be away

	repeated atomic.Bool // somebody has asked again for a card

	mu     sync.Mutex
	fault  *fault // still to strike
	events []event
}

// event is something that was seen, in the order of all of them.
type event struct {
	what   point
	when   moment // of a step in the store
	login  string // of a step in the store
	chat   string // of what is told or shown
	code   string // that is shown, or whose token was issued
	frozen bool   // by or for a process that stands still, or is no more: what was under way still came
	deadly bool   // a strike that a process does not survive, or not its lease
}

// struck is when a fault strikes, when it is over, and when a process begins anew.
const struck point = "struck"

func newChaos(t *testing.T, db *pgtest.Server, replicas int) *chaos {
	chat, err := telegramtest.Start(telegramtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// Codes outlive all jumps of clocks.
	auth, err := authtest.Start(authtest.Options{Interval: interval, CodeLifetime: 4 * time.Hour, TokenLifetime: 12 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	w := &chaos{
		t: t, chat: chat, auth: auth, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		pace: newPace(interval), over: make(chan struct{}), store: filepath.Join(t.TempDir(), "usher.db"),
	}
	t.Cleanup(func() { chat.Close(); auth.Close(); w.client.CloseIdleConnections() })
	if replicas > 1 {
		w.db, w.store = db, db.Database(t)+"&pool_max_conns=3"
	}
	for range replicas {
		w.replicas = append(w.replicas, &replica{w: w, dir: t.TempDir()})
	}
	t.Cleanup(func() {
		for _, r := range w.replicas {
			r.strike(kill)
		}
	})
	return w
}

// settings are those of the replica with that door.
func (w *chaos) settings(door string) []string {
	return []string{
		"USHER_SECRET=" + secret, "USHER_STORE=" + w.store, "USHER_LISTEN=127.0.0.1:0",
		"TELEGRAM_TOKEN=" + w.chat.Token().Reveal(), "TELEGRAM_API_BASE=" + door,
		"USHER_PROVIDERS=acme", "ACME_TITLE=Acme", "ACME_ISSUER=" + w.auth.URL(), "ACME_CLIENT_ID=app", "ACME_START_LIMIT=1000000000",
		"ACME_DEVICE_URL=" + door + string(authtest.Device), "ACME_TOKEN_URL=" + door + string(authtest.Token),
	}
}

// run starts the replicas, one after the other: the first has the platform's lease.
func (w *chaos) run(t *testing.T) {
	for _, r := range w.replicas {
		r.start(t)
		r.log.wait(t, "msg=ready")
	}
}

// note notes what was seen.
func (w *chaos) note(e event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// rest lets time pass: for so long a fault lasts.
func (w *chaos) rest(d time.Duration) { time.Sleep(d) }

// take returns the fault that waits for this moment, if one does, to no one else.
func (w *chaos) take(when moment, at point) *fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.fault
	if f == nil || f.at != at || f.when != when && (f.when != during || when != before) {
		return nil
	}
	w.fault = nil
	return f
}

// befall has something happen to a replica, and brings back who was killed where
// nobody else would go on.
func (w *chaos) befall(r *replica, what deed) {
	r.strike(what)
	if what == freeze {
		time.AfterFunc(frozenFor, w.calm)
		return
	}
	if w.renew || len(w.replicas) == 1 {
		r.start(w.t)
	}
	w.calm()
}

// calm says that the fault is over.
func (w *chaos) calm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.over:
	default:
		close(w.over)
	}
}

// play plays a scenario.
func (s scenario) play(t *testing.T, db *pgtest.Server, r *rand.Rand) {
	if s.spoils {
		db = pgtest.Start(t)
	}
	w := newChaos(t, db, s.replicas)
	w.spoils, w.renew = s.spoils, s.random
	if s.fault != nil {
		f := *s.fault
		f.late = below(r, longestStep)
		w.fault = &f
	}
	w.run(t)
	var cast []*person
	if s.random {
		cast = w.playAtRandom(t, r)
	} else {
		cast = w.playOnce(t, s.meanwhile)
	}
	if w.fault != nil {
		t.Error("the fault has not struck")
	}
	for _, r := range w.replicas {
		r.stop(t)
	}
	w.judge(t, cast)
	if t.Failed() {
		for i, r := range w.replicas {
			t.Logf("replica %d:\n%s", i, &r.log)
		}
		t.Log(w.events)
	}
}

// longestStep is longer than most steps in a store take.
const longestStep = 3 * time.Millisecond

// below is a random time below most.
func below(r *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(most)))
}

// playOnce has five people sign in, each in another way.
func (w *chaos) playOnce(t *testing.T, meanwhile func(*testing.T, *chaos)) []*person {
	ctx, stop := context.WithTimeout(t.Context(), longest)
	defer stop()
	cast := []*person{
		{name: "alice", does: approve},
		{name: "bob", does: deny},
		{name: "carol", does: cancel, patient: true},
		{name: "dave", does: approve, patient: true},
		{name: "erin", does: expire, patient: true},
	}
	var shown, done sync.WaitGroup
	for _, p := range cast {
		shown.Add(1)
		done.Go(func() {
			err := p.signIn(ctx, w)
			shown.Done()
			if err == nil {
				err = p.decide(ctx, w)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	shown.Wait()
	if meanwhile != nil {
		meanwhile(t, w)
		w.calm()
	}
	done.Wait()
	if err := w.leftovers(ctx, cast); err != nil {
		t.Error(err)
	}
	return cast
}
