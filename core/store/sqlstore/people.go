package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/usherbot/usher/core/store"
)

// Person implements store.People.
func (s *Store) Person(ctx context.Context, platform, team, user string) (id string, err error) {
	find := func(c *conn) (string, error) {
		return get(c, scanText, `SELECT person FROM chatuser
			WHERE platform = $1 AND team = $2 AND user_id = $3`, platform, team, user)
	}
	err = s.look(ctx, func(c *conn) (err error) {
		id, err = find(c)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		id, err = commitFor(ctx, s, synced, func(c *conn) (string, error) {
			if err := addPerson(c, platform, team, user); err != nil {
				return "", err
			}
			return find(c)
		})
	}
	if err != nil {
		return "", fmt.Errorf("find person: %w", err)
	}
	return id, nil
}

// addPerson makes a person for a chat user, unless somebody was faster.
func addPerson(c *conn, platform, team, user string) error {
	id := store.NewID()
	n, err := c.exec(`INSERT INTO chatuser (platform, team, user_id, person) VALUES ($1, $2, $3, $4)
		ON CONFLICT (platform, team, user_id) DO NOTHING`, platform, team, user, id)
	if err != nil || n == 0 {
		return err
	}
	_, err = c.exec("INSERT INTO person (id) VALUES ($1)", id)
	return err
}

// Users implements store.People.
func (s *Store) Users(ctx context.Context, person string) (users []store.ChatUser, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		users, err = list(c, scanUser, "SELECT platform, team, user_id FROM chatuser WHERE person = $1", person)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list users of a person: %w", err)
	}
	return users, nil
}

// Members implements store.People.
func (s *Store) Members(ctx context.Context, platform, team string, limit int) (persons []string, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		persons, err = list(c, scanText, `SELECT DISTINCT person FROM chatuser
			WHERE platform = $1 AND team = $2 LIMIT $3`, platform, team, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list members of a workspace: %w", err)
	}
	return persons, nil
}

// Forget implements store.People.
func (s *Store) Forget(ctx context.Context, person string) error {
	err := s.commit(ctx, synced, func(c *conn) error {
		for _, query := range []string{
			"DELETE FROM person WHERE id = $1",
			"DELETE FROM chatuser WHERE person = $1",
			"DELETE FROM login WHERE person = $1",
			"DELETE FROM account WHERE person = $1",
			"DELETE FROM outbox WHERE person = $1",
		} {
			if _, err := c.exec(query, person); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget person: %w", err)
	}
	s.db.scrub(ctx)
	return nil
}

func scanText(r row) (s string, err error) {
	err = r.Scan(&s)
	return s, err
}

func scanUser(r row) (u store.ChatUser, err error) {
	err = r.Scan(&u.Platform, &u.Team, &u.User)
	return u, err
}
