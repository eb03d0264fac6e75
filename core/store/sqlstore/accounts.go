package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/usherbot/usher/core/store"
)

const accountColumns = `id, person, provider, issuer, subject, name, url, scopes, sealed, state, version,
	expires_at, refresh_at, refresh_sent_at, tries, linked_by, linked_at`

func scanAccount(r row) (a store.Account, err error) {
	var scopes string
	err = r.Scan(&a.ID, &a.Person, &a.Provider, &a.Issuer, &a.Subject, &a.Name, &a.URL, &scopes, &a.Sealed,
		&a.State, &a.Version, (*stamp)(&a.Expires), (*stamp)(&a.Refresh), (*stamp)(&a.RefreshSent), &a.Tries,
		&a.LinkedBy, (*stamp)(&a.LinkedAt))
	if scopes != "" {
		a.Scopes = strings.Split(scopes, " ")
	}
	return a, err
}

// link writes a person's account over the version before at that provider, whose
// refreshing it ends.
func link(c *conn, a store.Account) error {
	return c.mustUpdate(`INSERT INTO account (`+accountColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, $12, NULL, 0, $13, $14)
		ON CONFLICT (person, provider) DO UPDATE SET id = excluded.id,
			issuer = excluded.issuer, subject = excluded.subject, name = excluded.name, url = excluded.url,
			scopes = excluded.scopes, sealed = excluded.sealed, state = '', version = excluded.version,
			expires_at = excluded.expires_at, refresh_at = excluded.refresh_at, refresh_sent_at = NULL, tries = 0,
			linked_by = excluded.linked_by, linked_at = excluded.linked_at
		WHERE account.version = excluded.version - 1`,
		a.ID, a.Person, a.Provider, a.Issuer, a.Subject, a.Name, a.URL, strings.Join(a.Scopes, " "),
		blob(a.Sealed), a.Version, stamp(a.Expires), stamp(a.Refresh), a.LinkedBy, stamp(a.LinkedAt))
}

// Account implements store.Accounts.
func (s *Store) Account(ctx context.Context, person, provider string) (a store.Account, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		a, err = get(c, scanAccount, `SELECT `+accountColumns+` FROM account
			WHERE person = $1 AND provider = $2`, person, provider)
		return err
	})
	if err != nil {
		return store.Account{}, fmt.Errorf("read account at %s: %w", provider, err)
	}
	return a, nil
}

// AccountsOf implements store.Accounts.
func (s *Store) AccountsOf(ctx context.Context, person string) (all []store.Account, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		all, err = list(c, scanAccount, `SELECT `+accountColumns+` FROM account
			WHERE person = $1 ORDER BY provider`, person)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return all, nil
}

// Holders implements store.Accounts.
func (s *Store) Holders(ctx context.Context, issuer, subject string) (n int, err error) {
	err = s.look(ctx, func(c *conn) (err error) {
		n, err = get(c, scanCount, `SELECT COUNT(*) FROM account
			WHERE issuer = $1 AND subject = $2 AND state = ''`, issuer, subject)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count holders of an account: %w", err)
	}
	return n, nil
}

func scanCount(r row) (n int, err error) {
	err = r.Scan(&n)
	return n, err
}

// RemoveAccount implements store.Accounts.
func (s *Store) RemoveAccount(ctx context.Context, person, provider, linkedBy string) (store.Account, error) {
	a, err := commitFor(ctx, s, synced, func(c *conn) (store.Account, error) {
		return get(c, scanAccount, `DELETE FROM account
			WHERE person = $1 AND provider = $2 AND ($3 = '' OR linked_by = $3)
			RETURNING `+accountColumns, person, provider, linkedBy)
	})
	if err != nil {
		return store.Account{}, fmt.Errorf("remove account at %s: %w", provider, err)
	}
	return a, nil
}
