package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/usherbot/usher/core/store"
)

// ClaimRefreshes implements store.Accounts. Who waited for somebody else to claim
// a row looks at its time again. A claim that is lost is only made again.
func (s *Store) ClaimRefreshes(ctx context.Context, limit int, hold time.Duration) ([]store.Account, error) {
	all, err := commitFor(ctx, s, kept, func(c *conn) ([]store.Account, error) {
		return list(c, scanAccount, `UPDATE account SET refresh_at = $now + $1 WHERE refresh_at <= $now AND id IN (
				SELECT id FROM account WHERE refresh_at <= $now ORDER BY refresh_at LIMIT $2 /* FOR UPDATE SKIP LOCKED */)
			RETURNING `+accountColumns, hold.Milliseconds(), limit)
	})
	if err != nil {
		return nil, fmt.Errorf("claim refreshes: %w", err)
	}
	return all, nil
}

// NextRefresh implements store.Accounts.
func (s *Store) NextRefresh(ctx context.Context) (next time.Time, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		next, err = get(c, scanTime, "SELECT MIN(refresh_at) FROM account WHERE refresh_at IS NOT NULL")
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("find the next refresh: %w", err)
	}
	return next, nil
}

func scanTime(r row) (t time.Time, err error) {
	err = r.Scan((*stamp)(&t))
	return t, err
}

// HastenRefreshes implements store.Accounts. What is lost of it is due when it was.
func (s *Store) HastenRefreshes(ctx context.Context, provider string, soon, then time.Duration) error {
	err := s.commit(ctx, kept, func(c *conn) error {
		_, err := c.exec(`UPDATE account SET refresh_at = $now + (refresh_at - $now) * $2 / $3
			WHERE provider = $1 AND refresh_at > $now + $2 AND refresh_at < $now + $3 AND refresh_sent_at IS NULL AND tries = 0`,
			provider, soon.Milliseconds(), then.Milliseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("hasten refreshes of %s: %w", provider, err)
	}
	return nil
}

// BeginRefresh implements store.Accounts.
func (s *Store) BeginRefresh(ctx context.Context, id string, version int64, hold time.Duration) (time.Time, error) {
	sent, err := commitFor(ctx, s, synced, func(c *conn) (time.Time, error) {
		return get(c, scanTime, `UPDATE account SET refresh_sent_at = $now, refresh_at = $now + $3
			WHERE id = $1 AND version = $2 AND state = '' AND (refresh_sent_at IS NULL OR refresh_sent_at <= $now - $3)
			RETURNING refresh_sent_at`, id, version, hold.Milliseconds())
	})
	if errors.Is(err, store.ErrNotFound) {
		err = store.ErrStale
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("begin to refresh account %s: %w", id, err)
	}
	return sent, nil
}

// DelayRefresh implements store.Accounts.
func (s *Store) DelayRefresh(ctx context.Context, a store.Account, unclear bool) error {
	sent := a.RefreshSent
	if !unclear {
		sent = time.Time{}
	}
	return s.update(ctx, "delay the refresh of account "+a.ID, `UPDATE account
		SET refresh_sent_at = $3, refresh_at = $4, tries = $5
		WHERE id = $1 AND refresh_sent_at IS NOT DISTINCT FROM $2 AND state = ''`,
		a.ID, stamp(a.RefreshSent), stamp(sent), stamp(a.Refresh), a.Tries)
}

// RenewAccount implements store.Accounts.
func (s *Store) RenewAccount(ctx context.Context, a store.Account, tell *store.Tell) error {
	err := s.commit(ctx, synced, func(c *conn) error {
		err := c.mustUpdate(`UPDATE account SET version = version + 1, scopes = $3, sealed = $4, state = $5,
				expires_at = $6, refresh_at = $7, refresh_sent_at = NULL, tries = 0
			WHERE id = $1 AND version = $2`,
			a.ID, a.Version, strings.Join(a.Scopes, " "), blob(a.Sealed), a.State, stamp(a.Expires), stamp(a.Refresh))
		if err != nil || tell == nil {
			return err
		}
		return putTell(c, *tell)
	})
	if err != nil {
		return fmt.Errorf("renew account %s: %w", a.ID, err)
	}
	return nil
}
