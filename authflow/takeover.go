package authflow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/usherbot/usher/core/replica"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

const (
	lookOften  = time.Second     // at what other processes do, while there are some
	lookSeldom = 5 * time.Second // whether there are others, once what was taken over has settled
	lookBack   = 5 * time.Second // further than to the last look: what is committed late is dated back
	settles    = 3 * time.Second // until what the last owner of a login could still store is seen here
)

// takeOver takes up what processes left that are no more, and follows what those
// that live make of our logins, until ctx ends.
func (l *Logins) takeOver(ctx context.Context, life *replica.Life) {
	looked, claimed := time.Now(), time.Time{}
	away := replica.Trouble{Log: l.log, What: "what other processes do cannot be seen"}
	for ctx.Err() == nil {
		now := time.Now()
		live, dead, err := l.replica.Look(life)
		if err == nil {
			var left int
			if left, err = l.claim(ctx, life.ID, dead, live, now); left > 0 {
				claimed = now
			}
		}
		if err == nil {
			err = l.follow(ctx, life.ID, now.Sub(looked)+lookBack)
		}
		wait := lookOften
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			looked = now
			if live <= 1 && now.Sub(claimed) > settles {
				wait = lookSeldom
			}
		}
		away.Met(err)
		if pause(ctx, wait) != nil {
			return
		}
	}
}

// claim takes up the open logins and the outbox of processes that are no more, and
// returns how many logins were left. The processes were known to be no more before it
// began.
func (l *Logins) claim(ctx context.Context, owner string, dead []string, live int, begun time.Time) (left int, err error) {
	l.engine.claiming(true)
	defer l.engine.claiming(false)
	if left, err = l.store.LeftLogins(ctx, owner, dead, live); err != nil {
		return 0, err
	}
	for next := (place{begun: begun, of: left}); next.at < left; {
		rows, err := l.store.ClaimLogins(ctx, owner, dead, min(claimBatch, left-next.at))
		if err != nil {
			return left, err
		}
		for _, row := range rows {
			if err := l.takeUp(ctx, row, next); err != nil {
				return left, err
			}
			next.at++
		}
		if len(rows) == 0 { // somebody else has the rest
			break
		}
	}
	n, err := l.store.ClaimTells(ctx, owner, dead)
	if n > 0 {
		l.tellSoon()
	}
	return left, err
}

// place is a login's among those that are taken over with it.
type place struct {
	begun  time.Time // when the first of them were
	at, of int
}

// single is the place of a login that is taken over by itself.
func single() place { return place{begun: time.Now(), of: 1} }

// wait is how long to wait before a login is asked about first that is taken over now:
// an interval, since nobody knows when it was asked about last, and settles, since a
// token that its last owner got may just be stored, now that the store is back: there
// are providers that end it when they are asked for it once more. All of them come
// evenly over most of a second one, however long it takes to read them; its rest is
// the time in which nobody has noticed yet that a lease has run out.
func (p place) wait(every time.Duration, now time.Time) time.Duration {
	turn := every * 4 / 5 * time.Duration(p.at) / time.Duration(p.of)
	return max(every, settles, every+turn-now.Sub(p.begun)) + rand.N(every/50+1)
}

// takeUp goes on with a claimed login, unless its person has just ended it: that is
// looked up where anybody has decided about it since.
func (l *Logins) takeUp(ctx context.Context, row store.Login, at place) error {
	unlock := l.deciding.free(row.ID)
	alone := unlock != nil
	if !alone {
		var err error
		if unlock, err = l.deciding.lock(ctx, row.ID); err != nil {
			return err
		}
	}
	defer unlock()
	if !alone || l.engine.isStale(row.ID) {
		now, _, err := l.open(ctx, row.ID)
		switch {
		case errors.Is(err, ErrEnded):
			return nil
		case err == nil:
			row = now
		}
	}
	if _, err := l.openOrigin(row); errors.Is(err, seal.ErrBroken) {
		return l.bury(ctx, row, err)
	}
	l.resume(ctx, row, at)
	return nil
}

// bury ends a login whose row says no more where it came from: there is nobody
// to tell, and its person can start anew.
func (l *Logins) bury(ctx context.Context, row store.Login, why error) error {
	l.log.Error("a login cannot be read and is ended", "login", row.ID, "provider", row.Provider, "error", why)
	err := l.store.ChangeLogin(ctx, store.Change{
		ID: row.ID, From: row.State, State: string(Failed), Ended: true, Origin: l.sealOrigin(row, origin{Why: Unavailable}),
	})
	switch {
	case errors.Is(err, store.ErrStale):
		return nil
	case err != nil:
		return fmt.Errorf("end login %s: %w", row.ID, err)
	}
	l.tallies.of(row.Provider).ended[Failed].Add(1)
	return nil
}

// resume goes on with a login that another process began.
func (l *Logins) resume(ctx context.Context, row store.Login, at place) {
	e := l.entryOf(row, at)
	untold := !e.decided() && (!row.Shown || e.state() == Confirming)
	if untold && !l.putTell(ctx, row) {
		e.setWake(l.engine, time.Now().Add(retryWrite))
	}
	l.engine.add(e, row.Owner)
}

// entryOf is a login as the engine goes on with it, given its row.
func (l *Logins) entryOf(row store.Login, at place) *entry {
	s, err := l.openSecrets(row)
	p, unknown := l.Provider(row.Provider)
	if unknown != nil {
		p, err = Provider{Name: row.Provider}, errors.Join(err, unknown)
	}
	g := s.grant()
	e := l.newEntry(row, l.engine.via(p, p.flow(row.Kind), row.Kind, g.Scopes), g)
	now := time.Now()
	switch {
	case err != nil || e.via.flow == nil:
		l.log.Warn("a login cannot go on", "login", row.ID, "provider", row.Provider, "flow", row.Kind, "error", err)
		e.won = &won{state: e.state(), pending: l.ended(e.state(), Failed, Unavailable)}
		e.due = l.engine.on(now)
	case e.state() == Waiting:
		e.due = l.engine.on(g.due(now, at.wait(g.pace(), now), g.pace()))
	case e.state() == Granted:
		e.won.token, e.won.since = s.Token.token(), s.Since
		e.due = l.engine.on(now)
	case e.state() == Confirming:
		e.due = l.engine.on(row.Expires)
	}
	return e
}

// reread makes e what its row has become by a step that the engine did not take, and
// reports whether it is still to be looked after.
func (l *Logins) reread(ctx context.Context, e *entry) bool {
	row, _, err := l.open(ctx, e.login())
	switch {
	case errors.Is(err, ErrEnded), err == nil && row.Owner != l.engine.owner():
		return false
	case err != nil:
		l.log.Error("a login cannot be read and is tried again", "login", e.login(), "error", err)
		l.later(e, time.Now().Add(retryWrite))
		return true
	}
	l.engine.replace(e, l.entryOf(row, single()))
	return true
}

// follow does what became of our logins by others, or unheard by us: one that has ended is no longer
// asked about, one whose browser came back there goes on here, and a card that is
// elsewhere moves at another time.
func (l *Logins) follow(ctx context.Context, owner string, within time.Duration) error {
	changed, err := l.store.ChangedLogins(ctx, owner, within)
	if err != nil {
		return err
	}
	for _, c := range changed {
		if c.Ended.IsZero() {
			l.engine.wake(c.ID, c.Wake)
			if l.engine.doubt(c.ID, State(c.State)) {
				continue
			}
			if err := l.takeUpMissing(ctx, owner, c.ID); err != nil {
				return err
			}
			continue
		}
		if err := l.forgetEnded(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// takeUpMissing goes on with a login that is ours by its row alone: its start never
// heard that it had been stored, or what we decided about it came too late.
func (l *Logins) takeUpMissing(ctx context.Context, owner, id string) error {
	row, err := l.store.Login(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && (!row.Ended.IsZero() || row.Owner != owner):
		return nil
	case err != nil:
		return err
	}
	return l.takeUp(ctx, row, single())
}

func (l *Logins) forgetEnded(ctx context.Context, c store.Changed) error {
	_, release, err := l.engine.hold(ctx, c.ID)
	if err != nil {
		return err
	}
	release(false)
	return nil
}
