package authflow

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/core/replica"
	"github.com/usherbot/usher/core/store"
)

// The outbox holds, for each login of which somebody must hear, one row with
// the login's id. Telling says how the login stands then, not how it stood when
// the row was put: so telling twice does no harm, and only the last word counts.
// An account whose access has ended has such a row too.

const (
	tellers    = 16              // told at once
	tellEvery  = 5 * time.Second // a look for rows that another process put off
	tellBatch  = 64              // rows read at once
	tellLonger = time.Minute     // longest time between two tries
	tellFor    = 24 * time.Hour  // then nobody waits for it any more
)

// tellOf is the outbox row of a login.
func (l *Logins) tellOf(row store.Login) *store.Tell {
	return l.tellNow("login:"+row.ID, row.Person, row.ID)
}

// ofAccount is what the keys of rows begin with that are about accounts.
const ofAccount = "account:"

// tellOfAccount is the outbox row of an account.
func (l *Logins) tellOfAccount(row store.Account) *store.Tell {
	return l.tellNow(ofAccount+row.ID, row.Person, row.ID)
}

// tellNow is a row of the outbox that is due, whatever the store's clock says: ours
// may be ahead of it.
func (l *Logins) tellNow(key, person, payload string) *store.Tell {
	return &store.Tell{
		Key: key, Person: person, Payload: payload, Try: time.UnixMilli(0), GiveUp: time.Now().Add(tellFor), Owner: l.engine.owner(),
	}
}

// putTell has a login told that did not change, and reports whether it will be.
func (l *Logins) putTell(ctx context.Context, row store.Login) bool {
	if err := l.store.PutTell(ctx, *l.tellOf(row)); err != nil {
		l.log.Error("a login cannot be told of", "login", row.ID, "error", err)
		return false
	}
	l.tellSoon()
	return true
}

// putTellOf has a login told that did not change. One that has ended was told of.
func (l *Logins) putTellOf(ctx context.Context, id string) bool {
	row, err := l.store.Login(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return true
	}
	if err != nil {
		l.log.Error("a login cannot be told of", "login", id, "error", err)
		return false
	}
	return l.putTell(ctx, row)
}

func (l *Logins) tellSoon() {
	select {
	case l.outbox <- struct{}{}:
	default:
	}
}

// deliver tells what is in the outbox until ctx ends.
func (l *Logins) deliver(ctx, work context.Context, owner string, tell func(context.Context, Login) error, died func(context.Context, Account) error) {
	d := delivery{
		logins: l, owner: owner, tell: tell, died: died, slots: make(chan struct{}, tellers),
		telling: map[string]bool{}, putOff: map[string]time.Time{},
		away: replica.Trouble{Log: l.log, What: "the outbox cannot be read"},
	}
	defer d.wg.Wait()
	for ctx.Err() == nil {
		timer := time.NewTimer(d.round(ctx, work))
		select {
		case <-l.outbox:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// delivery is the state of deliver.
type delivery struct {
	logins  *Logins
	owner   string
	tell    func(context.Context, Login) error
	died    func(context.Context, Account) error
	slots   chan struct{}
	wg      sync.WaitGroup
	away    replica.Trouble
	mu      sync.Mutex
	telling map[string]bool      // keys under way
	putOff  map[string]time.Time // keys to be tried again, and when
}

// round starts telling what is due and not being told already, and returns the
// time until the next look.
func (d *delivery) round(ctx, work context.Context) time.Duration {
	busy := d.busy() // before the look: what it finds of these may be told by now
	due, err := d.logins.store.DueTells(ctx, d.owner, tellBatch)
	if ctx.Err() != nil {
		return 0
	}
	if d.away.Met(err); err != nil {
		return retryWrite
	}
	for _, t := range due {
		if busy[t.Key] {
			continue
		}
		select {
		case d.slots <- struct{}{}:
		case <-ctx.Done():
			return 0
		}
		d.begin(t.Key)
		d.wg.Go(func() {
			d.one(work, t)
			d.finish(t.Key)
			<-d.slots
		})
	}
	return d.nextTry()
}

// nextTry is the time until the first of those that were put off. Those whose
// time has come are no longer waited for: the next look finds them, or a later one.
func (d *delivery) nextTry() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	wait := tellEvery
	for key, at := range d.putOff {
		left := time.Until(at)
		if left <= 0 {
			delete(d.putOff, key)
		}
		wait = min(wait, max(left, 0))
	}
	return wait
}

func (d *delivery) busy() map[string]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.telling)
}

func (d *delivery) begin(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.telling[key] = true
	delete(d.putOff, key)
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
	gone, err := d.say(ctx, t)
	if err != nil && ctx.Err() != nil {
		return // the row stays due, for the next process
	}
	late := time.Now().After(t.GiveUp)
	if err == nil || gone || late {
		switch {
		case gone:
		case err != nil:
			l.tallies.givenUp.Add(1)
			l.log.Error("something was never told", "key", t.Key, "error", err)
		default:
			l.tallies.told.Add(1)
		}
		d.settle(ctx, t, func(ctx context.Context) error { return l.store.DropTell(ctx, t.Key, t.Seq) })
		return
	}
	l.tallies.untold.Add(1)
	wait := min(time.Second<<min(t.Tries, 6), tellLonger)
	l.log.Warn("something could not be told and is tried again", "key", t.Key, "after", wait, "error", err)
	again := time.Now().Add(wait)
	d.settle(ctx, t, func(ctx context.Context) error { return l.store.RetryTell(ctx, t.Key, t.Seq, wait) })
	d.mu.Lock()
	defer d.mu.Unlock()
	d.putOff[t.Key] = again
}

// say tells what one row is about, or reports that there is nothing to tell.
func (d *delivery) say(ctx context.Context, t store.Tell) (gone bool, err error) {
	if strings.HasPrefix(t.Key, ofAccount) {
		all, err := d.logins.Accounts().List(ctx, t.Person)
		for _, a := range all {
			if a.ID == t.Payload && a.State == Dead {
				return false, d.died(ctx, a)
			}
		}
		return err == nil, err
	}
	login, err := d.logins.Login(ctx, t.Payload)
	if err != nil {
		return errors.Is(err, store.ErrNotFound), err
	}
	return false, d.tell(ctx, login)
}

// settle writes what became of a row. While the store fails, nobody is told again
// and again of what cannot be written down.
func (d *delivery) settle(ctx context.Context, t store.Tell, write func(context.Context) error) {
	for {
		err := write(context.WithoutCancel(ctx)) // what was told stays told
		if err == nil {
			return
		}
		d.logins.log.Error("the outbox cannot be written", "key", t.Key, "error", err)
		select {
		case <-time.After(retryWrite):
		case <-ctx.Done():
			return
		}
	}
}
