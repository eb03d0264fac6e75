package authflow

import (
	"context"
	"errors"
	"fmt"

	"github.com/usherbot/usher/core/store"
)

// Revocation is what became, at the provider, of an access that was given up here.
type Revocation string

// What can become of it.
const (
	Revoked     Revocation = "revoked"     // the provider has ended it
	Irrevocable Revocation = "irrevocable" // the provider has no way to end it
	Unrevoked   Revocation = "unrevoked"   // the provider was not reached, or refused
)

// revoke has a provider end an access. It takes ten seconds at most.
func (l *Logins) revoke(ctx context.Context, p Provider, t Token) Revocation {
	if p.Revoke == nil {
		return Irrevocable
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := errors.New("it was not asked in time")
	l.request(ctx, p.Name, func(ctx context.Context) { err = p.Revoke(ctx, l.http, t) })
	switch {
	case errors.Is(err, ErrNoRevocation):
		return Irrevocable
	case err != nil:
		l.log.Warn("provider did not end an access", "provider", p.Name, "error", err)
		return Unrevoked
	}
	return Revoked
}

// revokeAccount has the provider end the access of an account.
func (l *Logins) revokeAccount(ctx context.Context, row store.Account) Revocation {
	if row.State == string(Dead) {
		return Revoked // the provider has done it by itself
	}
	p, err := l.Provider(row.Provider)
	if err != nil {
		return Irrevocable
	}
	t, err := l.openToken(row)
	if err != nil {
		l.log.Error("a token cannot be read and is not revoked", "account", row.ID, "error", err)
		return Irrevocable
	}
	return l.revoke(ctx, p, t)
}

// unneeded is a token that nobody has a use for.
type unneeded struct {
	person   string
	provider Provider
	who      Identity // zero: it was not yet known
	token    Token
	lost     bool // it was to be the next one of an account that may go on with another of the same login
}

// leftover returns what a change of a login leaves without a use: the token of one
// that ends and is not linked, or that of the account that this one replaces, unless
// the provider has given the same again. who is the account that the login was known
// to be of before. The account to be linked gets its version.
func (l *Logins) leftover(ctx context.Context, row store.Login, who Identity, c *store.Change) (u unneeded, err error) {
	p, err := l.Provider(row.Provider)
	if err != nil {
		return unneeded{}, nil //nolint:nilerr // it is offered no more
	}
	switch {
	case c.Account != nil:
		had, err := l.store.Account(ctx, row.Person, row.Provider)
		c.Account.Version = had.Version + 1
		if errors.Is(err, store.ErrNotFound) {
			return unneeded{}, nil
		}
		if err != nil || had.State == string(Dead) {
			return unneeded{}, err
		}
		next, err := l.openToken(*c.Account)
		if err != nil {
			return unneeded{}, err
		}
		if t, err := l.openToken(had); err == nil && t.Access != next.Access && (t.Refresh == "" || t.Refresh != next.Refresh) {
			return unneeded{person: row.Person, provider: p, who: identityOf(had), token: t}, nil
		}
	case c.Ended && row.State != string(Waiting):
		if s, err := l.openSecrets(row); err == nil && s.Token != nil {
			return unneeded{person: row.Person, provider: p, who: who, token: s.Token.token()}, nil
		}
	}
	return unneeded{}, nil
}

// discardable reports whether revoking u ends nothing that goes on: at many
// providers all tokens of an account die with one.
func (l *Logins) discardable(ctx context.Context, u unneeded) (bool, error) {
	switch {
	case u.token.Access == "" || u.provider.Revoke == nil:
		return false, nil
	case u.provider.Apart && !u.lost:
		return true, nil
	case u.who != (Identity{}):
		n, err := l.store.Holders(ctx, u.who.Issuer, u.who.Subject)
		return err == nil && n == 0, err
	}
	switch had, err := l.store.Account(ctx, u.person, u.provider.Name); {
	case errors.Is(err, store.ErrNotFound):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("read account: %w", err)
	default:
		return had.State == string(Dead), nil
	}
}

// discard revokes a token that nobody needs, unless that would end what goes on.
// Nobody waits for it.
func (l *Logins) discard(ctx context.Context, u unneeded) {
	if u.token.Access == "" {
		return
	}
	l.errands.run(ctx, func(ctx context.Context) {
		ok, err := l.discardable(ctx, u)
		if err != nil {
			l.log.Warn("a token that nobody needs is not revoked", "provider", u.provider.Name, "error", err)
		}
		if ok {
			how := l.revoke(ctx, u.provider, u.token)
			l.log.Info("token dropped", "provider", u.provider.Name, "revocation", string(how))
		}
	})
}

// discardLate revokes a token that came for a login which has ended meanwhile.
func (l *Logins) discardLate(ctx context.Context, id string, p Provider, t Token) {
	if t.Access == "" {
		return
	}
	row, err := l.store.Login(ctx, id)
	if gone := errors.Is(err, store.ErrNotFound); gone || err == nil && !row.Ended.IsZero() {
		l.discard(ctx, unneeded{person: row.Person, provider: p, token: t})
	}
}
