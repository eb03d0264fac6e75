package authflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usherbot/usher/core/store"
)

// What the engine decides about a login. Each decision starts from one state, so
// whoever was faster wins.

// insist takes a step that nobody can take again, as what a provider gives once: while
// the store fails, it is tried until ctx ends. A token that is too late is given back.
func (l *Logins) insist(ctx context.Context, id string, p Provider, t Token, d decision) error {
	for {
		_, err := l.decide(ctx, id, d)
		if errors.Is(err, ErrEnded) {
			l.discardLate(ctx, id, p, t)
		}
		if err == nil || errors.Is(err, ErrEnded) {
			return err
		}
		l.log.Error("a login could not be stored and is tried again", "login", id, "error", err)
		if pause(ctx, retryWrite) != nil {
			return err
		}
	}
}

// granted keeps the token in the login's row: a device code gives it once. back is
// the hash that the browser which brought it came back by, if one did.
func (l *Logins) granted(t Token, since time.Time, back []byte) decision {
	return func(row store.Login, _ *origin) (store.Change, error) {
		if row.State != string(Waiting) {
			return store.Change{}, ErrEnded
		}
		s, err := l.openSecrets(row)
		if err != nil {
			return store.Change{}, err
		}
		w := revealToken(t)
		s.Token, s.Since, s.Back = &w, since, back
		return store.Change{State: string(Granted), Sealed: l.sealSecrets(row, s), Due: since}, nil
	}
}

// ended is an end that nobody in the chat decided on.
func (l *Logins) ended(from, to State, why Why) decision {
	return func(row store.Login, o *origin) (store.Change, error) {
		if row.State != string(from) {
			return store.Change{}, ErrEnded
		}
		o.Why, o.Dropped = why, from != Waiting
		if from == Confirming {
			o.Who = Identity{}
		}
		owner := l.engine.owner()
		if owner == "" {
			return store.Change{}, ErrEnded // for this process
		}
		return store.Change{State: string(to), Ended: true, Owner: owner}, nil
	}
}

// named links the account that a token turned out to be of. The person is asked
// first when they have linked another one at this provider, and when no code tied
// the approval to them: somebody else may have followed the link. Where a browser
// came back to us, by the digits that it shows.
func (l *Logins) named(ctx context.Context, who Identity, t Token) decision {
	return func(row store.Login, o *origin) (store.Change, error) {
		if row.State != string(Granted) {
			return store.Change{}, ErrEnded
		}
		o.Who, o.Missing = who, missing(o.Scopes, t.Scopes)
		s, err := l.openSecrets(row)
		if err != nil {
			return store.Change{}, err
		}
		if o.Digits = len(s.Back) > 0; o.Digits {
			s.Digits = newDigits().Reveal()
		}
		had, err := l.store.Account(ctx, row.Person, row.Provider)
		switch {
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return store.Change{}, fmt.Errorf("read account: %w", err)
		case s.Show.Code == "", err == nil && !who.Is(Identity{Issuer: had.Issuer, Subject: had.Subject}):
			// Sealed anew: a copy could bring back what the previous secret sealed.
			return store.Change{State: string(Confirming), Sealed: l.sealSecrets(row, s), Expires: time.Now().Add(confirmFor)}, nil
		}
		return l.linked(row, who, t), nil
	}
}

// linked makes a token an account.
func (l *Logins) linked(row store.Login, who Identity, t Token) store.Change {
	a := store.Account{
		ID: store.NewID(), Person: row.Person, Provider: row.Provider,
		Issuer: who.Issuer, Subject: who.Subject, Name: who.Name, URL: who.URL,
		Scopes: t.Scopes, Expires: t.Expires, LinkedBy: row.ID, LinkedAt: time.Now(),
	}
	if p, err := l.Provider(row.Provider); err == nil {
		a.Refresh = p.careAt(t, a.LinkedAt)
	}
	a.Sealed = l.sealToken(a, t)
	return store.Change{State: string(Linked), Ended: true, Account: &a}
}
