package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/usherbot/usher/core/store"
)

const loginColumns = `id, person, provider, kind, state, sealed, origin, place, interval_ms,
	expires_at, due_at, wake_at, shown, created_at, ended_at, owner`

func scanLogin(r row) (l store.Login, err error) {
	var interval int64
	err = r.Scan(&l.ID, &l.Person, &l.Provider, &l.Kind, &l.State, &l.Sealed, &l.Origin, &l.Place, &interval,
		(*stamp)(&l.Expires), (*stamp)(&l.Due), (*stamp)(&l.Wake), &l.Shown,
		(*stamp)(&l.Created), (*stamp)(&l.Ended), &l.Owner)
	l.Interval = time.Duration(interval) * time.Millisecond
	return l, err
}

// AddLogin implements store.Logins.
func (s *Store) AddLogin(ctx context.Context, l store.Login) error {
	err := s.commit(ctx, synced, func(c *conn) error {
		n, err := c.exec(`INSERT INTO login (`+loginColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL, $15)
			ON CONFLICT (person, provider) WHERE ended_at IS NULL DO NOTHING`,
			l.ID, l.Person, l.Provider, l.Kind, l.State, blob(l.Sealed), blob(l.Origin), l.Place,
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

// ClaimLogins implements store.Logins. The file is ours alone, so every owner but
// this one lives no more.
func (s *Store) ClaimLogins(ctx context.Context, owner string, limit int) (all []store.Login, err error) {
	err = s.commit(ctx, synced, func(c *conn) (err error) {
		all, err = list(c, scanLogin, `UPDATE login SET owner = $1 WHERE id IN (
				SELECT id FROM login WHERE ended_at IS NULL AND owner <> $1 LIMIT $2)
			RETURNING `+loginColumns, owner, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim logins: %w", err)
	}
	return all, nil
}

// KeepLogin implements store.Logins.
func (s *Store) KeepLogin(ctx context.Context, id string, was, origin []byte, wake time.Time, shown bool) error {
	return s.update(ctx, "keep login "+id, `UPDATE login SET origin = $3, wake_at = $4, shown = $5
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
	var ended time.Time
	if ch.Ended {
		ended, ch.Sealed = time.Now(), nil
	}
	return c.mustUpdate(`UPDATE login SET state = $5, sealed = $6, origin = COALESCE($7, origin),
			expires_at = COALESCE($8, expires_at), due_at = COALESCE($9, due_at), ended_at = $10
		WHERE id = $1 AND state = $2 AND ended_at IS NULL
			AND ($3 IS NULL OR origin = $3) AND ($4 = '' OR owner = $4)`,
		ch.ID, ch.From, blob(ch.Was), ch.Owner, ch.State, blob(ch.Sealed), blob(ch.Origin),
		stamp(ch.Expires), stamp(ch.Due), stamp(ended))
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
