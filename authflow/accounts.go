package authflow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// Errors of Accounts. Core starts a login for the first two.
var (
	// ErrNotLinked: the person has no account at that provider.
	ErrNotLinked = errors.New("not signed in")
	// ErrSignInAgain: the account's token has run out.
	ErrSignInAgain = errors.New("signed in too long ago")
	// ErrForeignHost is the error of a request that would have taken a token to
	// a host that is not its provider's.
	ErrForeignHost = errors.New("not a host of this provider")
)

// Account is an identity at a provider that a person has linked.
type Account struct {
	Provider string
	Title    string // of the provider
	Who      Identity
	Scopes   []string // as granted
	Expires  time.Time
	LinkedAt time.Time
	Manage   string // the page where the person removes access by hand; may be empty
}

// Expired reports whether the person has to sign in again.
func (a Account) Expired() bool { return !a.Expires.IsZero() && !time.Now().Before(a.Expires) }

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

// Client returns a client that makes requests in the person's name, to the
// provider's own hosts only. It returns ErrNotLinked or ErrSignInAgain. The
// client is good for as long as its token; ask for one per use.
func (a Accounts) Client(ctx context.Context, person, provider string) (*http.Client, error) {
	p, err := a.logins.Provider(provider)
	if err != nil {
		return nil, err
	}
	row, err := a.row(ctx, person, provider)
	if err != nil {
		return nil, err
	}
	if a.view(row).Expired() {
		return nil, ErrSignInAgain
	}
	var w wireToken
	if err := openJSON(a.logins.keys, row.Sealed, &w, store.InAccount, row.ID, row.Person); err != nil {
		return nil, err
	}
	t := bound{hosts: p.Hosts, token: seal.Secret(w.Access), next: a.logins.transport}
	return &http.Client{Transport: t, Timeout: time.Minute}, nil
}

// Remove forgets a person's account and returns what it was, or ErrNotLinked.
// Where linkedBy is not empty, only the account that this login linked.
func (a Accounts) Remove(ctx context.Context, person, provider, linkedBy string) (Account, error) {
	row, err := a.logins.store.RemoveAccount(ctx, person, provider, linkedBy)
	if errors.Is(err, store.ErrNotFound) {
		return Account{}, ErrNotLinked
	}
	if err != nil {
		return Account{}, fmt.Errorf("remove account: %w", err)
	}
	a.logins.log.Info("account removed", "provider", provider, "login", row.LinkedBy)
	return a.view(row), nil
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
		Provider: row.Provider, Title: row.Provider, Scopes: row.Scopes, Expires: row.Expires, LinkedAt: row.LinkedAt,
		Who: Identity{Issuer: row.Issuer, Subject: row.Subject, Name: row.Name, URL: row.URL},
	}
	if p, err := a.logins.Provider(row.Provider); err == nil {
		out.Title, out.Manage = p.Title, p.Manage
	}
	return out
}

// bound sends a token to a provider's own hosts, over https, and nowhere else:
// every hop of a redirect passes here.
type bound struct {
	hosts []string
	token seal.Secret
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bound) RoundTrip(r *http.Request) (*http.Response, error) {
	if !b.home(r.URL) {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, fmt.Errorf("%w: %s", ErrForeignHost, r.URL.Host)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token.Reveal())
	return b.next.RoundTrip(r)
}

func (b bound) home(u *url.URL) bool {
	if _, err := SecureURL(u.String()); err != nil {
		return false
	}
	return slices.ContainsFunc(b.hosts, func(h string) bool {
		return strings.EqualFold(h, u.Host) || strings.EqualFold(net.JoinHostPort(h, "443"), u.Host)
	})
}
