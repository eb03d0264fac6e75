package sqlstore

import (
	"context"
	"fmt"

	"github.com/usherbot/usher/core/store"
)

// StartedLogin implements store.Logins.
func (s *Store) StartedLogin(ctx context.Context, start []byte) (l store.Login, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		l, err = get(c, scanLogin, `SELECT `+loginColumns+` FROM login WHERE start_hash = $1`, start)
		return err
	})
	if err != nil {
		return store.Login{}, fmt.Errorf("read a login by its link: %w", err)
	}
	return l, nil
}

// SetBack implements store.Logins.
func (s *Store) SetBack(ctx context.Context, id, state string, back, sealed []byte) error {
	return s.update(ctx, "let a browser come back to login "+id, `UPDATE login SET back_hash = $3, sealed = $4
		WHERE id = $1 AND state = $2 AND ended_at IS NULL`,
		id, state, back, blob(sealed))
}

// TakeBack implements store.Logins.
func (s *Store) TakeBack(ctx context.Context, back []byte) (store.Login, error) {
	l, err := commitFor(ctx, s, synced, func(c *conn) (store.Login, error) {
		return get(c, scanLogin, `UPDATE login SET back_hash = NULL
			WHERE back_hash = $1 AND ended_at IS NULL RETURNING `+loginColumns, back)
	})
	if err != nil {
		return store.Login{}, fmt.Errorf("take the return of a browser: %w", err)
	}
	return l, nil
}
