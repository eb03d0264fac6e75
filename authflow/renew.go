package authflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usherbot/usher/core/store"
)

// sendRefresh sends one refresh and writes what it brought. ErrStale: somebody else is
// at it, or was faster.
func (l *Logins) sendRefresh(ctx context.Context, p Provider, row store.Account, t Token) (Token, error) {
	var next Token
	var err error
	asked := l.request(ctx, p.Name, func(ctx context.Context) {
		row.RefreshSent, err = l.store.BeginRefresh(ctx, row.ID, row.Version, refreshHold)
		if err == nil {
			next, err = p.Refresh(ctx, l.http, t)
		}
	})
	switch {
	case !asked:
		return Token{}, ctx.Err()
	case row.RefreshSent.IsZero():
		return Token{}, err
	case err == nil:
		return next, l.renewed(ctx, p, row, next)
	case mortal(err):
		return Token{}, l.died(ctx, row, err)
	}
	return Token{}, l.failed(ctx, p, row, t, err)
}

// renewed stores a token, as often as it takes: the one before may be good no more.
// One that nobody needs by now is revoked.
func (l *Logins) renewed(ctx context.Context, p Provider, row store.Account, t Token) error {
	row.Sealed = l.sealToken(row, t)
	row.Scopes, row.Expires, row.Refresh = t.Scopes, t.Expires, p.careAt(t, time.Now())
	for {
		err := l.store.RenewAccount(context.WithoutCancel(ctx), row, nil)
		switch {
		case err == nil:
			l.tallies.of(p.Name).refreshed.Add(1)
			l.log.Info("token refreshed", "account", row.ID, "provider", p.Name)
			l.refreshSoon()
			return nil
		case errors.Is(err, store.ErrStale):
			l.discard(ctx, unneeded{person: row.Person, provider: p, who: identityOf(row), token: t, lost: true})
			return err
		}
		l.log.Error("a refreshed token could not be stored and is tried again", "account", row.ID, "error", err)
		if pause(ctx, retryWrite) != nil {
			return fmt.Errorf("store a refreshed token: %w", err)
		}
	}
}

// died ends an account, because its provider did, and has its person told.
func (l *Logins) died(ctx context.Context, row store.Account, why error) error {
	row.State, row.Sealed, row.Refresh = string(Dead), nil, time.Time{}
	if err := l.store.RenewAccount(context.WithoutCancel(ctx), row, l.tellOfAccount(row)); err != nil {
		return fmt.Errorf("end account %s: %w", row.ID, err)
	}
	l.tallies.of(row.Provider).died.Add(1)
	l.log.Warn("provider has ended an access", "account", row.ID, "provider", row.Provider, "error", why)
	l.tellSoon()
	return ErrSignInAgain
}

// failed has a refresh tried again. One that may have used up the refresh token is
// not, as long as the access token lasts.
func (l *Logins) failed(ctx context.Context, p Provider, row store.Account, t Token, why error) error {
	l.tallies.of(p.Name).refreshFailed.Add(1)
	now := time.Now()
	unclear := p.Rotates && errors.Is(why, ErrUnclear) && now.Before(t.Expires)
	row.Tries++
	row.Refresh = now.Add(max(backoff(time.Second, row.Tries), retryAfter(why)))
	if unclear {
		row.Refresh = t.Expires
	}
	why = fmt.Errorf("refresh the token at %s: %w", p.Name, why)
	return errors.Join(why, l.delay(ctx, row, unclear))
}

// delay puts a refresh off, unless another one has begun since.
func (l *Logins) delay(ctx context.Context, row store.Account, unclear bool) error {
	err := l.store.DelayRefresh(context.WithoutCancel(ctx), row, unclear)
	l.refreshSoon()
	if err != nil && !errors.Is(err, store.ErrStale) {
		return fmt.Errorf("put a refresh off: %w", err)
	}
	return nil
}

// validated asks whether a token is still good, and notes when to ask again. A
// mortal error says that it is not.
func (l *Logins) validated(ctx context.Context, p Provider, row store.Account, t Token) error {
	var err error
	if !l.request(ctx, p.Name, func(ctx context.Context) { err = p.Validate(ctx, l.http, t) }) {
		return ctx.Err()
	}
	now := time.Now()
	switch {
	case mortal(err):
		return err
	case err != nil:
		row.Tries++
		row.Refresh = now.Add(max(backoff(time.Second, row.Tries), retryAfter(err)))
		err = fmt.Errorf("validate the token at %s: %w", p.Name, err)
	default:
		row.Tries, row.Refresh = 0, p.careAt(t, now)
	}
	return errors.Join(err, l.delay(ctx, row, false))
}
