package authflow

import (
	"context"
	"errors"
	"time"

	"github.com/usherbot/usher/core/replica"
	"github.com/usherbot/usher/core/store"
)

const (
	lookOften  = time.Second     // at what other processes do, while there are some
	lookSeldom = 5 * time.Second // whether there are others
	lookBack   = 5 * time.Second // further than to the last look: what is committed late is dated back
)

// takeOver takes up what processes left that are no more, and follows what those
// that live make of our logins, until ctx ends.
func (l *Logins) takeOver(ctx context.Context, life *replica.Life) {
	looked := time.Now()
	for ctx.Err() == nil {
		now := time.Now()
		live, dead, err := l.replica.Look(life)
		if err == nil {
			err = l.claim(ctx, life.ID, dead, live)
		}
		if err == nil {
			err = l.follow(ctx, life.ID, now.Sub(looked)+lookBack)
		}
		wait := lookOften
		switch {
		case err != nil && ctx.Err() == nil:
			l.log.Error("what other processes do cannot be seen", "error", err)
		case err == nil:
			looked = now
			if live <= 1 {
				wait = lookSeldom
			}
		}
		if pause(ctx, wait) != nil {
			return
		}
	}
}

// claim takes up the open logins and the outbox of processes that are no more.
func (l *Logins) claim(ctx context.Context, owner string, dead []string, live int) error {
	l.engine.claiming(true)
	defer l.engine.claiming(false)
	for n := claimBatch; n == claimBatch; {
		rows, err := l.store.ClaimLogins(ctx, owner, dead, live, claimBatch)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := l.takeUp(ctx, row); err != nil {
				return err
			}
		}
		n = len(rows)
	}
	n, err := l.store.ClaimTells(ctx, owner, dead)
	if n > 0 {
		l.tellSoon()
	}
	return err
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
	return l.takeUp(ctx, row)
}

func (l *Logins) forgetEnded(ctx context.Context, c store.Changed) error {
	_, release, err := l.engine.hold(ctx, c.ID)
	if err != nil {
		return err
	}
	release(false)
	return nil
}
