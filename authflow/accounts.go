package authflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usherbot/usher/core/store"
)

// Errors of Accounts, and of requests by its clients. Core starts a login for the
// first two.
var (
	// ErrNotLinked: the person has no account at that provider.
	ErrNotLinked = errors.New("not signed in")
	// ErrSignInAgain: the account is not Good.
	ErrSignInAgain = errors.New("the access has ended")
	// ErrForeignHost is the error of a request that would have taken a token to
	// a host that is not its provider's.
	ErrForeignHost = errors.New("not a host of this provider")
)

// Account is an identity at a provider that a person has linked.
type Account struct {
	ID, Person string
	Provider   string
	Title      string // of the provider
	Who        Identity
	Scopes     []string // as granted
	State      AccountState
	Expires    time.Time // of its token; zero: not known
	LinkedAt   time.Time
	Manage     string // the page where the person removes access by hand; may be empty
}

// AccountState is whether an account can be used.
type AccountState string

// The states of an account. Only a login makes it Good again.
const (
	Good AccountState = "good" // its token is good, or can be refreshed
	Over AccountState = "over" // its token has run out, and there is no other
	Dead AccountState = "dead" // the provider has ended the access, and the person was told
)

// Lacks returns those of scopes that were not granted.
func (a Account) Lacks(scopes []string) []string { return missing(scopes, a.Scopes) }

// Accounts are the linked accounts. An account is here only once it is linked.
type Accounts struct{ logins *Logins }

// Accounts returns the linked accounts.
func (l *Logins) Accounts() Accounts { return Accounts{l} }

// List returns the accounts of a person, sorted by provider.
func (a Accounts) List(ctx context.Context, person string) ([]Account, error) {
	rows, err := a.logins.store.AccountsOf(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	out := make([]Account, len(rows))
	for i, row := range rows {
		out[i] = a.view(row)
	}
	return out, nil
}

// Get returns a person's account at a provider, or ErrNotLinked.
func (a Accounts) Get(ctx context.Context, person, provider string) (Account, error) {
	row, err := a.row(ctx, person, provider)
	return a.view(row), err
}

// Remove has the provider end a person's access, for up to ten seconds, and forgets
// the account whether or not it did. It returns what the account was and what
// became of the access, or ErrNotLinked. Where linkedBy is not empty, only the
// account that this login linked.
func (a Accounts) Remove(ctx context.Context, person, provider, linkedBy string) (Account, Revocation, error) {
	row, err := a.row(ctx, person, provider)
	if err == nil && linkedBy != "" && row.LinkedBy != linkedBy {
		err = ErrNotLinked
	}
	if err != nil {
		return Account{}, "", err
	}
	end := a.logins.revokeAccount(ctx, row)
	gone, err := a.logins.store.RemoveAccount(ctx, person, provider, linkedBy)
	if errors.Is(err, store.ErrNotFound) {
		return Account{}, "", ErrNotLinked
	}
	if err != nil {
		return Account{}, "", fmt.Errorf("remove account: %w", err)
	}
	if gone.ID != row.ID || gone.Version != row.Version { // its token is another one by now
		end = a.logins.revokeAccount(ctx, gone)
	}
	a.logins.log.Info("account removed", "provider", provider, "login", gone.LinkedBy, "revocation", string(end))
	return a.view(gone), end, nil
}

func (a Accounts) row(ctx context.Context, person, provider string) (store.Account, error) {
	row, err := a.logins.store.Account(ctx, person, provider)
	if errors.Is(err, store.ErrNotFound) {
		return row, ErrNotLinked
	}
	if err != nil {
		return row, fmt.Errorf("read account: %w", err)
	}
	return row, nil
}

func (a Accounts) view(row store.Account) Account {
	out := Account{
		ID: row.ID, Person: row.Person, Provider: row.Provider, Title: row.Provider,
		Who: identityOf(row), Scopes: row.Scopes, State: stateOf(row, time.Now()), Expires: row.Expires, LinkedAt: row.LinkedAt,
	}
	if p, err := a.logins.Provider(row.Provider); err == nil {
		out.Title, out.Manage = p.Title, p.Manage
	}
	return out
}

func identityOf(row store.Account) Identity {
	return Identity{Issuer: row.Issuer, Subject: row.Subject, Name: row.Name, URL: row.URL}
}

func stateOf(row store.Account, now time.Time) AccountState {
	switch {
	case row.State == string(Dead):
		return Dead
	case row.Refresh.IsZero() && !row.Expires.IsZero() && !now.Before(row.Expires):
		return Over
	}
	return Good
}
