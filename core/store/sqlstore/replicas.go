package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usherbot/usher/core/store"
)

// AddReplica implements store.Replicas.
func (s *Store) AddReplica(ctx context.Context, id string, life time.Duration) error {
	err := s.commit(ctx, kept, func(c *conn) error {
		_, err := c.exec("INSERT INTO replica (id, lease_until) VALUES ($1, $now + $2)", id, life.Milliseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("add replica: %w", err)
	}
	return nil
}

// RenewReplica implements store.Replicas. One that were forgotten would let others
// take what is still owned.
func (s *Store) RenewReplica(ctx context.Context, id string, life time.Duration) error {
	err := s.commit(ctx, shared, func(c *conn) error {
		return c.mustUpdate("UPDATE replica SET lease_until = $now + $2 WHERE id = $1 AND lease_until > $now",
			id, life.Milliseconds())
	})
	if err != nil {
		return fmt.Errorf("renew replica: %w", err)
	}
	return nil
}

// EndReplica implements store.Replicas. What it owned is anybody's by that one row, like
// whatever still comes under its id.
func (s *Store) EndReplica(ctx context.Context, id string) error {
	err := s.commit(ctx, synced, func(c *conn) error {
		for _, query := range []string{
			"DELETE FROM lease WHERE replica = $1",
			"UPDATE replica SET lease_until = 0 WHERE id = $1",
		} {
			if _, err := c.exec(query, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("end replica: %w", err)
	}
	return nil
}

// Replicas implements store.Replicas.
func (s *Store) Replicas(ctx context.Context) (live int, dead []string, err error) {
	var all []replica
	err = s.look(ctx, func(c *conn) (err error) {
		all, err = list(c, scanReplica, "SELECT id, lease_until > $now FROM replica")
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("list replicas: %w", err)
	}
	for _, r := range all {
		if r.lives {
			live++
		} else {
			dead = append(dead, r.id)
		}
	}
	return live, dead, nil
}

type replica struct {
	id    string
	lives bool
}

func scanReplica(r row) (one replica, err error) {
	err = r.Scan(&one.id, &one.lives)
	return one, err
}

// TakeLease implements store.Replicas. Whoever is seen dead stays dead, so what
// was read of the holder is still true when the lease is taken from it.
func (s *Store) TakeLease(ctx context.Context, key, replica string) (bool, error) {
	taken, err := commitFor(ctx, s, kept, func(c *conn) (bool, error) {
		if lives, err := c.lives(replica); err != nil || !lives {
			return false, err
		}
		holder, err := get(c, scanText, "SELECT replica FROM lease WHERE key = $1", key)
		switch {
		case errors.Is(err, store.ErrNotFound):
			n, err := c.exec("INSERT INTO lease (key, replica) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", key, replica)
			return n == 1, err
		case err != nil || holder == replica:
			return err == nil, err
		}
		if lives, err := c.lives(holder); err != nil || lives {
			return false, err
		}
		n, err := c.exec("UPDATE lease SET replica = $3 WHERE key = $1 AND replica = $2", key, holder, replica)
		return n == 1, err
	})
	if err != nil {
		return false, fmt.Errorf("take lease of %s: %w", key, err)
	}
	return taken, nil
}

func (c *conn) lives(id string) (bool, error) {
	_, err := get(c, scanText, "SELECT id FROM replica WHERE id = $1 AND lease_until > $now", id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// GiveLease implements store.Replicas.
func (s *Store) GiveLease(ctx context.Context, key, replica string) error {
	err := s.commit(ctx, kept, func(c *conn) error {
		_, err := c.exec("DELETE FROM lease WHERE key = $1 AND replica = $2", key, replica)
		return err
	})
	if err != nil {
		return fmt.Errorf("give lease of %s: %w", key, err)
	}
	return nil
}
