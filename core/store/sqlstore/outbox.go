package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usherbot/usher/core/store"
)

func scanTell(r row) (t store.Tell, err error) {
	err = r.Scan(&t.Key, &t.Person, &t.Seq, &t.Payload, (*stamp)(&t.Try), &t.Tries, (*stamp)(&t.GiveUp), &t.Owner)
	return t, err
}

// putTell writes a row or all of an earlier one anew. Either has a seq of its own.
func putTell(c *conn, t store.Tell) error {
	_, err := c.exec(`INSERT INTO outbox (key, person, payload, try_at, tries, give_up_at, owner)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (key) DO UPDATE SET seq = excluded.seq, person = excluded.person, payload = excluded.payload,
			try_at = excluded.try_at, tries = excluded.tries, give_up_at = excluded.give_up_at, owner = excluded.owner`,
		t.Key, t.Person, t.Payload, stamp(t.Try), t.Tries, stamp(t.GiveUp), t.Owner)
	return err
}

// PutTell implements store.Outbox.
func (s *Store) PutTell(ctx context.Context, t store.Tell) error {
	err := s.commit(ctx, synced, func(c *conn) error { return putTell(c, t) })
	if err != nil {
		return fmt.Errorf("put tell %s: %w", t.Key, err)
	}
	return nil
}

// ClaimTells implements store.Outbox. It writes only where there is something to
// claim.
func (s *Store) ClaimTells(ctx context.Context, owner string, dead []string) (int, error) {
	from := append([]string{""}, dead...)
	var theirs []string
	err := s.look(ctx, func(c *conn) error {
		for _, of := range from {
			_, err := get(c, scanText, "SELECT key FROM outbox WHERE owner = $1 LIMIT 1", of)
			if err == nil {
				theirs = append(theirs, of)
			} else if !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		return nil
	})
	claimed := 0
	if err == nil && len(theirs) > 0 {
		claimed, err = commitFor(ctx, s, shared, func(c *conn) (all int, err error) {
			for _, of := range theirs {
				n, err := c.exec("UPDATE outbox SET owner = $1 WHERE owner = $2", owner, of)
				if err != nil {
					return 0, err
				}
				all += int(n)
			}
			return all, nil
		})
	}
	if err != nil {
		return 0, fmt.Errorf("claim tells: %w", err)
	}
	return claimed, nil
}

// DueTells implements store.Outbox. The plus has SQLite find the few that are due
// by their time and then sort them, instead of walking all rows in order.
func (s *Store) DueTells(ctx context.Context, owner string, limit int) (all []store.Tell, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		all, err = list(c, scanTell, `SELECT key, person, seq, payload, try_at, tries, give_up_at, owner FROM outbox
			WHERE try_at <= $now AND owner = $1 AND NOT EXISTS (SELECT 1 FROM outbox AS earlier
				WHERE earlier.person = outbox.person AND earlier.seq < outbox.seq AND earlier.tries < $2)
			ORDER BY +seq LIMIT $3`, owner, store.Patience, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list due tells: %w", err)
	}
	return all, nil
}

// DropTell implements store.Outbox. A machine that fails may forget it: then somebody
// is told twice, as they may be anyway.
func (s *Store) DropTell(ctx context.Context, key string, seq int64) error {
	err := s.commit(ctx, kept, func(c *conn) error {
		_, err := c.exec("DELETE FROM outbox WHERE key = $1 AND seq = $2", key, seq)
		return err
	})
	if err != nil {
		return fmt.Errorf("drop tell %s: %w", key, err)
	}
	return nil
}

// RetryTell implements store.Outbox. A machine that fails may forget it, as in DropTell.
func (s *Store) RetryTell(ctx context.Context, key string, seq int64, wait time.Duration) error {
	err := s.commit(ctx, kept, func(c *conn) error {
		_, err := c.exec("UPDATE outbox SET try_at = $now + $3, tries = tries + 1 WHERE key = $1 AND seq = $2",
			key, seq, wait.Milliseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("retry tell %s: %w", key, err)
	}
	return nil
}
