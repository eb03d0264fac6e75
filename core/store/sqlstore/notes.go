package sqlstore

import (
	"context"
	"fmt"
	"time"
)

// AddNote implements store.Notes.
func (s *Store) AddNote(ctx context.Context, key string, value []byte, expires time.Time, marks ...string) (bool, error) {
	fresh, err := commitFor(ctx, s, kept, func(c *conn) (bool, error) {
		n, err := c.exec(`INSERT INTO note (key, value, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
			WHERE note.expires_at <= $now`, key, blob(value), stamp(expires))
		if err != nil || n == 0 {
			return false, err
		}
		for _, mark := range marks {
			if _, err := c.exec("UPDATE note SET value = $1 WHERE key = $2", []byte(key), mark); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		return false, fmt.Errorf("add note: %w", err)
	}
	return fresh, nil
}

// PutNote implements store.Notes.
func (s *Store) PutNote(ctx context.Context, key string, value []byte, expires time.Time) error {
	err := s.commit(ctx, kept, func(c *conn) error {
		_, err := c.exec(`INSERT INTO note (key, value, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
			key, blob(value), stamp(expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("put note: %w", err)
	}
	return nil
}

// Note implements store.Notes.
func (s *Store) Note(ctx context.Context, key string) (value []byte, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		value, err = get(c, scanBlob, `SELECT value FROM note
			WHERE key = $1 AND (expires_at IS NULL OR expires_at > $now)`, key)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read note: %w", err)
	}
	return value, nil
}

// TakeNote implements store.Notes.
func (s *Store) TakeNote(ctx context.Context, key string) ([]byte, error) {
	value, err := commitFor(ctx, s, kept, func(c *conn) ([]byte, error) {
		return get(c, scanBlob, `DELETE FROM note
			WHERE key = $1 AND (expires_at IS NULL OR expires_at > $now) RETURNING value`, key)
	})
	if err != nil {
		return nil, fmt.Errorf("take note: %w", err)
	}
	return value, nil
}

func scanBlob(r row) (b []byte, err error) {
	err = r.Scan(&b)
	return b, err
}
