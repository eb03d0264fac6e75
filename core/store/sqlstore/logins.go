package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/usherbot/usher/core/store"
)

const loginColumns = `id, person, provider, kind, state, sealed, origin, place, start_hash, interval_ms,
	expires_at, due_at, wake_at, shown, created_at, ended_at, owner`

func scanLogin(r row) (l store.Login, err error) {
	var interval int64
	err = r.Scan(&l.ID, &l.Person, &l.Provider, &l.Kind, &l.State, &l.Sealed, &l.Origin, &l.Place, &l.Start, &interval,
		(*stamp)(&l.Expires), (*stamp)(&l.Due), (*stamp)(&l.Wake), &l.Shown,
		(*stamp)(&l.Created), (*stamp)(&l.Ended), &l.Owner)
	l.Interval = time.Duration(interval) * time.Millisecond
	return l, err
}

// AddLogin implements store.Logins.
func (s *Store) AddLogin(ctx context.Context, l store.Login) error {
	err := s.commit(ctx, synced, func(c *conn) error {
		n, err := c.exec(`INSERT INTO login (`+loginColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, NULL, $16)
			ON CONFLICT (person, provider) WHERE ended_at IS NULL DO NOTHING`,
			l.ID, l.Person, l.Provider, l.Kind, l.State, blob(l.Sealed), blob(l.Origin), l.Place, blob(l.Start),
			l.Interval.Milliseconds(), stamp(l.Expires), stamp(l.Due), stamp(l.Wake), l.Shown,
			stamp(l.Created), l.Owner)
		if err == nil && n == 0 {
			return store.ErrOpen
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("add login %s: %w", l.ID, err)
	}
	return nil
}

// Login implements store.Logins.
func (s *Store) Login(ctx context.Context, id string) (l store.Login, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		l, err = get(c, scanLogin, `SELECT `+loginColumns+` FROM login WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return store.Login{}, fmt.Errorf("read login %s: %w", id, err)
	}
	return l, nil
}

// OpenLogins implements store.Logins.
func (s *Store) OpenLogins(ctx context.Context, person string) (all []store.Login, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		all, err = list(c, scanLogin, `SELECT `+loginColumns+` FROM login
			WHERE person = $1 AND ended_at IS NULL ORDER BY created_at, id`, person)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list open logins: %w", err)
	}
	return all, nil
}

// LeftLogins implements store.Logins. It counts the others only where somebody has
// left some.
func (s *Store) LeftLogins(ctx context.Context, owner string, dead []string, live int) (n int, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		n, err = c.leftLogins(append([]string{""}, dead...))
		if n == 0 || live <= 1 || err != nil {
			return err
		}
		share, err := get(c, scanShare, `SELECT COUNT(*), COUNT(*) FILTER (WHERE owner = $1)
			FROM login WHERE ended_at IS NULL`, owner)
		n = max(0, min(n, share.even(live)))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count logins that are left: %w", err)
	}
	return n, nil
}

// leftLogins is how many open logins owners have.
func (c *conn) leftLogins(owners []string) (all int, err error) {
	for _, owner := range owners {
		n, err := get(c, scanCount, "SELECT COUNT(*) FROM login WHERE ended_at IS NULL AND owner = $1", owner)
		if err != nil {
			return 0, err
		}
		all += n
	}
	return all, nil
}

// share is how many open logins there are, and how many of them are one's own.
type share struct{ open, own int }

func scanShare(r row) (s share, err error) {
	err = r.Scan(&s.open, &s.own)
	return s, err
}

// even is how many more one may own among so many processes.
func (s share) even(live int) int {
	return (s.open+live-1)/live - s.own
}

// ClaimLogins implements store.Logins. Who is dead was asked before, in a statement
// of its own: one that joined the two would decide by an old picture of who lives.
func (s *Store) ClaimLogins(ctx context.Context, owner string, dead []string, limit int) ([]store.Login, error) {
	all, err := commitFor(ctx, s, shared, func(c *conn) ([]store.Login, error) {
		return c.claimLogins(owner, append([]string{""}, dead...), limit)
	})
	if err != nil {
		return nil, fmt.Errorf("claim logins: %w", err)
	}
	return all, nil
}

func (c *conn) claimLogins(owner string, from []string, limit int) (all []store.Login, err error) {
	for _, of := range from {
		most := limit - len(all)
		if most <= 0 {
			break
		}
		some, err := list(c, scanLogin, `UPDATE login SET owner = $1 WHERE id IN (
				SELECT id FROM login WHERE ended_at IS NULL AND owner = $2 LIMIT $3 /* FOR UPDATE SKIP LOCKED */)
			RETURNING `+loginColumns, owner, of, most)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// ChangedLogins implements store.Logins.
func (s *Store) ChangedLogins(ctx context.Context, owner string, within time.Duration) (all []store.Changed, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		all, err = list(c, scanChanged, `SELECT id, state, wake_at, ended_at FROM login
			WHERE owner = $1 AND changed_at >= $now - $2`, owner, within.Milliseconds())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list changed logins: %w", err)
	}
	return all, nil
}

func scanChanged(r row) (c store.Changed, err error) {
	err = r.Scan(&c.ID, &c.State, (*stamp)(&c.Wake), (*stamp)(&c.Ended))
	return c, err
}

// KeepLogin implements store.Logins.
func (s *Store) KeepLogin(ctx context.Context, id string, was, origin []byte, wake time.Time, shown bool) error {
	return s.update(ctx, "keep login "+id, `UPDATE login SET origin = $3, wake_at = $4, shown = $5, changed_at = $now
		WHERE id = $1 AND origin IS NOT DISTINCT FROM $2 AND ended_at IS NULL`,
		id, blob(was), blob(origin), stamp(wake), shown)
}

// PaceLogin implements store.Logins.
func (s *Store) PaceLogin(ctx context.Context, id, owner string, sealed []byte, interval time.Duration, due time.Time) error {
	return s.update(ctx, "pace login "+id, `UPDATE login SET sealed = $3, interval_ms = $4, due_at = $5
		WHERE id = $1 AND owner = $2 AND ended_at IS NULL`,
		id, owner, blob(sealed), interval.Milliseconds(), stamp(due))
}

// update runs a statement that must find its row as it expects it.
func (s *Store) update(ctx context.Context, what, query string, args ...any) error {
	err := s.commit(ctx, synced, func(c *conn) error { return c.mustUpdate(query, args...) })
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (c *conn) mustUpdate(query string, args ...any) error {
	n, err := c.exec(query, args...)
	if err == nil && n == 0 {
		return store.ErrStale
	}
	return err
}

// ChangeLogin implements store.Logins. A login that ends keeps nothing sealed,
// whatever the change says.
func (s *Store) ChangeLogin(ctx context.Context, ch store.Change) error {
	err := s.commit(ctx, synced, func(c *conn) error {
		if err := changeRow(c, ch); err != nil {
			return err
		}
		if ch.Account != nil {
			if err := link(c, *ch.Account); err != nil {
				return err
			}
		}
		if ch.Tell != nil {
			return putTell(c, *ch.Tell)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("change login %s: %w", ch.ID, err)
	}
	return nil
}

func changeRow(c *conn, ch store.Change) error {
	if ch.Ended {
		ch.Sealed = nil
	}
	return c.mustUpdate(`UPDATE login SET state = $5, sealed = $6, origin = COALESCE($7, origin),
			expires_at = COALESCE($8, expires_at), due_at = COALESCE($9, due_at),
			ended_at = CASE WHEN $10 THEN $now END, changed_at = $now
		WHERE id = $1 AND state = $2 AND ended_at IS NULL
			AND (origin = $3 OR $3 IS NULL) AND ($4 = '' OR owner = $4)`,
		ch.ID, ch.From, blob(ch.Was), ch.Owner, ch.State, blob(ch.Sealed), blob(ch.Origin),
		stamp(ch.Expires), stamp(ch.Due), ch.Ended)
}

// CountStarts implements store.Logins.
func (s *Store) CountStarts(ctx context.Context, since time.Time, person, place, provider string) (n store.Starts, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		n, err = get(c, scanStarts, `SELECT * FROM
			(SELECT COUNT(*), MIN(created_at) FROM login WHERE person = $2 AND created_at >= $1) AS of_person,
			(SELECT COUNT(*), MIN(created_at) FROM login WHERE place = $3 AND created_at >= $1) AS from_place,
			(SELECT COUNT(*), MIN(created_at) FROM login WHERE provider = $4 AND created_at >= $1) AS at_provider`,
			since.UnixMilli(), person, place, provider)
		return err
	})
	if err != nil {
		return store.Starts{}, fmt.Errorf("count starts: %w", err)
	}
	return n, nil
}

func scanStarts(r row) (n store.Starts, err error) {
	err = r.Scan(&n.Person.N, (*stamp)(&n.Person.First),
		&n.Place.N, (*stamp)(&n.Place.First), &n.Provider.N, (*stamp)(&n.Provider.First))
	return n, err
}
