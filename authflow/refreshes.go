package authflow

import (
	"context"
	"errors"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

const (
	refreshEvery = time.Second // least time between looks for tokens that are due
	refreshIdle  = time.Minute // most time, for those of other processes
	refreshBatch = 256         // claimed at once
	refreshPark  = time.Hour   // until a look at those that cannot be refreshed now

	// validatePart of Provider.ValidateEvery is the time in which tokens are validated
	// when a process starts: of an hour, five minutes.
	validatePart = 12
)

// refreshAll refreshes tokens ahead of their end until ctx ends.
func (l *Logins) refreshAll(ctx context.Context) {
	for _, p := range l.Providers() {
		if p.Validate != nil {
			l.validateSoon(ctx, p)
		}
	}
	for ctx.Err() == nil {
		wait := l.refreshDue(ctx)
		if pause(ctx, refreshEvery) != nil {
			return
		}
		if wait -= refreshEvery; wait <= 0 {
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-l.refreshing:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// validateSoon makes the tokens of a provider due that nobody has just validated, or
// is about to: processes that start together ask once.
func (l *Logins) validateSoon(ctx context.Context, p Provider) {
	soon := p.ValidateEvery / validatePart
	for {
		err := l.store.HastenRefreshes(ctx, p.Name, soon, p.ValidateEvery-soon)
		if err == nil || ctx.Err() != nil {
			return
		}
		l.log.Error("tokens to validate at the start cannot be found", "provider", p.Name, "error", err)
		if pause(ctx, tellEvery) != nil {
			return
		}
	}
}

// refreshSoon has refreshAll look again: a time may have changed.
func (l *Logins) refreshSoon() {
	select {
	case l.refreshing <- struct{}{}:
	default:
	}
}

// refreshDue begins to refresh what is due, and returns the time until the next
// look.
func (l *Logins) refreshDue(ctx context.Context) time.Duration {
	rows, err := l.store.ClaimRefreshes(ctx, refreshBatch, refreshHold)
	for _, row := range rows {
		l.errands.run(ctx, func(ctx context.Context) { l.refreshAhead(ctx, row) })
	}
	var next time.Time
	if err == nil {
		next, err = l.store.NextRefresh(ctx)
	}
	switch {
	case err != nil && ctx.Err() == nil:
		l.log.Error("tokens that are due cannot be found", "error", err)
		return tellEvery
	case next.IsZero():
		return refreshIdle
	}
	return max(refreshEvery, min(time.Until(next), refreshIdle))
}

// refreshAhead refreshes the token of an account that is claimed. One that cannot
// be, because of a setting, is looked at again later.
func (l *Logins) refreshAhead(ctx context.Context, row store.Account) {
	p, err := l.Provider(row.Provider)
	cared := err == nil && (p.Refresh != nil || p.Validate != nil)
	if cared {
		f, _ := l.fly(ctx, p, row.Person, need{ahead: row.Version})
		<-f.done
		err = f.err
	}
	if !cared || errors.Is(err, seal.ErrBroken) || errors.Is(err, seal.ErrWrongKey) {
		row.Refresh = time.Now().Add(refreshPark)
		if err := l.delay(ctx, row, true); err != nil {
			l.log.Error("a refresh cannot be put off", "account", row.ID, "error", err)
		}
	}
	if err != nil && row.Tries == 0 && !errors.Is(err, ErrSignInAgain) && !errors.Is(err, ErrNotLinked) {
		l.log.Warn("a token could not be refreshed, or validated, and is tried again", "account", row.ID, "provider", row.Provider, "error", err)
	}
}
