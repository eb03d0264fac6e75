package sqlstore

import (
	"context"
	"fmt"
	"time"
)

// keep is how long a login stays after its end.
const keep = 24 * time.Hour

// Sweep implements store.Store. It removes a thousand rows at a time, so that
// writers need not wait for all of them.
func (s *Store) Sweep(ctx context.Context) error {
	err := s.sweep(ctx, kept, `DELETE FROM note WHERE key IN (
		SELECT key FROM note WHERE expires_at <= $now LIMIT 1000)`)
	if err != nil {
		return fmt.Errorf("sweep notes: %w", err)
	}
	err = s.sweep(ctx, synced, `DELETE FROM login WHERE id IN (
		SELECT id FROM login WHERE ended_at < $now - $1 AND id NOT IN (SELECT payload FROM outbox) LIMIT 1000)`,
		keep.Milliseconds())
	if err != nil {
		return fmt.Errorf("sweep logins: %w", err)
	}
	err = s.sweep(ctx, kept, `DELETE FROM replica WHERE lease_until < $now - $1
		AND NOT EXISTS (SELECT 1 FROM login WHERE login.owner = replica.id AND ended_at IS NULL)
		AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.owner = replica.id)`, time.Hour.Milliseconds())
	if err != nil {
		return fmt.Errorf("sweep replicas: %w", err)
	}
	return nil
}

func (s *Store) sweep(ctx context.Context, l level, query string, args ...any) error {
	for {
		n, err := commitFor(ctx, s, l, func(c *conn) (int64, error) { return c.exec(query, args...) })
		if err != nil || n == 0 {
			return err
		}
	}
}
