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
		SELECT key FROM note WHERE expires_at <= $1 LIMIT 1000)`, time.Now())
	if err != nil {
		return fmt.Errorf("sweep notes: %w", err)
	}
	err = s.sweep(ctx, synced, `DELETE FROM login WHERE id IN (
		SELECT id FROM login WHERE ended_at < $1 AND id NOT IN (SELECT payload FROM outbox) LIMIT 1000)`,
		time.Now().Add(-keep))
	if err != nil {
		return fmt.Errorf("sweep logins: %w", err)
	}
	err = s.sweep(ctx, kept, `DELETE FROM replica WHERE lease_until < $1
		AND NOT EXISTS (SELECT 1 FROM login WHERE login.owner = replica.id AND ended_at IS NULL)
		AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.owner = replica.id)`, time.Now().Add(-time.Hour))
	if err != nil {
		return fmt.Errorf("sweep replicas: %w", err)
	}
	return nil
}

func (s *Store) sweep(ctx context.Context, l level, query string, before time.Time) error {
	for n := int64(1); n > 0; {
		err := s.commit(ctx, l, func(c *conn) (err error) {
			n, err = c.exec(query, stamp(before))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
