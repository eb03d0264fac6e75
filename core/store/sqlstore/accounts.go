package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/usherbot/usher/core/store"
)

const accountColumns = `id, person, provider, issuer, subject, name, url, scopes, sealed, version,
	expires_at, linked_by, linked_at`

func scanAccount(r row) (a store.Account, err error) {
	var scopes string
	err = r.Scan(&a.ID, &a.Person, &a.Provider, &a.Issuer, &a.Subject, &a.Name, &a.URL, &scopes, &a.Sealed,
		&a.Version, (*stamp)(&a.Expires), &a.LinkedBy, (*stamp)(&a.LinkedAt))
	if scopes != "" {
		a.Scopes = strings.Split(scopes, " ")
	}
	return a, err
}

// link writes a person's account over an earlier one at that provider, whose
// refreshing it ends.
func link(c *conn, a store.Account) error {
	_, err := c.exec(`INSERT INTO account (`+accountColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $11, $12)
		ON CONFLICT (person, provider) DO UPDATE SET id = excluded.id,
			issuer = excluded.issuer, subject = excluded.subject, name = excluded.name, url = excluded.url,
			scopes = excluded.scopes, sealed = excluded.sealed, version = account.version + 1, state = '',
			expires_at = excluded.expires_at, refresh_at = NULL, refresh_sent_at = NULL, tries = 0,
			linked_by = excluded.linked_by, linked_at = excluded.linked_at`,
		a.ID, a.Person, a.Provider, a.Issuer, a.Subject, a.Name, a.URL, strings.Join(a.Scopes, " "),
		blob(a.Sealed), stamp(a.Expires), a.LinkedBy, stamp(a.LinkedAt))
	return err
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

// RemoveAccount implements store.Accounts.
func (s *Store) RemoveAccount(ctx context.Context, person, provider, linkedBy string) (a store.Account, err error) {
	err = s.commit(ctx, synced, func(c *conn) (err error) {
		a, err = get(c, scanAccount, `DELETE FROM account
			WHERE person = $1 AND provider = $2 AND ($3 = '' OR linked_by = $3)
			RETURNING `+accountColumns, person, provider, linkedBy)
		return err
	})
	if err != nil {
		return store.Account{}, fmt.Errorf("remove account at %s: %w", provider, err)
	}
	return a, nil
}
