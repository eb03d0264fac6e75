package authflow

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/usherbot/usher/core/store"
)

// The outbox holds, for each login of which somebody must hear, one row with
// the login's id. Telling says how the login stands then, not how it stood when
// the row was put: so telling twice does no harm, and only the last word counts.

const (
	tellers    = 16             // told at once
	tellEvery  = time.Second    // a look for rows whose next try has come
	tellBatch  = 64             // rows read at once
	tellLonger = time.Minute    // longest time between two tries
	tellFor    = 24 * time.Hour // then nobody waits for it any more
)

// tellOf is the outbox row of a login.
func (l *Logins) tellOf(row store.Login) *store.Tell {
	now := time.Now()
	return &store.Tell{Key: "login:" + row.ID, Person: row.Person, Payload: row.ID, Try: now, GiveUp: now.Add(tellFor)}
}

// putTell has a login told that did not change.
func (l *Logins) putTell(ctx context.Context, row store.Login) {
	if err := l.store.PutTell(ctx, *l.tellOf(row)); err != nil {
		l.log.Error("a login cannot be told of", "login", row.ID, "error", err)
		return
	}
	l.tellSoon()
}

func (l *Logins) tellSoon() {
	select {
	case l.outbox <- struct{}{}:
	default:
	}
}

// deliver tells what is in the outbox until ctx ends.
func (l *Logins) deliver(ctx, work context.Context, tell func(context.Context, Login) error) {
	d := delivery{logins: l, tell: tell, slots: make(chan struct{}, tellers), telling: map[string]bool{}}
	defer d.wg.Wait()
	for ctx.Err() == nil {
		d.round(ctx, work)
		select {
		case <-l.outbox:
		case <-time.After(tellEvery):
		case <-ctx.Done():
		}
	}
}

// delivery is the state of deliver.
type delivery struct {
	logins  *Logins
	tell    func(context.Context, Login) error
	slots   chan struct{}
	wg      sync.WaitGroup
	mu      sync.Mutex
	telling map[string]bool // keys under way
}

// round starts telling what is due and not being told already.
func (d *delivery) round(ctx, work context.Context) {
	due, err := d.logins.store.DueTells(ctx, tellBatch)
	if err != nil && ctx.Err() == nil {
		d.logins.log.Error("the outbox cannot be read", "error", err)
	}
	for _, t := range due {
		if !d.begin(t.Key) {
			continue
		}
		select {
		case d.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		d.wg.Go(func() {
			d.one(work, t)
			d.finish(t.Key)
			<-d.slots
		})
	}
}

func (d *delivery) begin(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.telling[key] {
		return false
	}
	d.telling[key] = true
	return true
}

// finish lets the key be told again, and looks whether it was put meanwhile.
func (d *delivery) finish(key string) {
	d.mu.Lock()
	delete(d.telling, key)
	d.mu.Unlock()
	d.logins.tellSoon()
}

// one tells one row and removes it, or has it tried again.
func (d *delivery) one(ctx context.Context, t store.Tell) {
	l := d.logins
	login, err := l.Login(ctx, t.Payload)
	if err == nil {
		err = d.tell(ctx, login)
	}
	late := time.Now().After(t.GiveUp)
	if err != nil && !late && !errors.Is(err, store.ErrNotFound) {
		wait := min(time.Second<<min(t.Tries, 6), tellLonger)
		l.log.Warn("a login could not be told of and is tried again", "login", t.Payload, "after", wait, "error", err)
		err = l.store.RetryTell(ctx, t.Key, t.Seq, time.Now().Add(wait))
	} else {
		if err != nil && late {
			l.log.Error("a login was never told of", "login", t.Payload, "error", err)
		}
		err = l.store.DropTell(ctx, t.Key, t.Seq)
	}
	if err != nil {
		l.log.Error("the outbox cannot be written", "login", t.Payload, "error", err)
	}
}
