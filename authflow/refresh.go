package authflow

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// A refresh is noted before it is sent, and its token is stored before it is used:
// a refresh token that works once must not be sent twice, nor lost. One of which
// only the beginning is noted when its hold is over is unclear: then the access
// token is used up first, and only after that the refresh token tried once more.

const (
	// aheadMost is how long before its end a token is refreshed, unless a fifth of
	// its life is less.
	aheadMost = time.Minute
	// refreshHold is for how long a refresh keeps others away: longer than its
	// request and writing what it brought.
	refreshHold = 25 * time.Second
)

// need is why somebody looks at a token.
type need struct {
	refused seal.Secret // a request with this access token got a 401
	ahead   int64       // this version of the account is to be refreshed ahead of its end
}

// care is what a token needs.
type care int

const (
	useIt care = iota
	refreshIt
	validateIt
	useItUp // an earlier refresh is unclear
	backOff // earlier refreshes have failed
	signIn  // only a new login helps
)

// of is what the token of an account needs, given why it is looked at.
func (n need) of(row store.Account, t Token, p Provider, now time.Time) care {
	over := !t.Expires.IsZero() && !now.Before(t.Expires)
	useless := over || n.refused != "" && n.refused == t.Access
	unclear := !row.RefreshSent.IsZero()
	switch {
	case !useless && n.ahead != row.Version:
		return useIt
	case !useless && !unclear && p.Validate != nil && (t.Expires.IsZero() || now.Before(t.Expires.Add(-aheadMost))):
		return validateIt
	case !p.refreshes(t):
		if over {
			return signIn
		}
		return useIt
	case !useless && unclear && p.Rotates:
		return useItUp
	case n.ahead == 0 && !unclear && row.Tries > 0 && now.Before(row.Refresh):
		return backOff
	}
	return refreshIt
}

// refreshes reports whether there can be a token after t.
func (p Provider) refreshes(t Token) bool { return p.Refresh != nil && t.Refresh != "" }

// careAt is when a token that is good now is to be refreshed, or validated; zero:
// never.
func (p Provider) careAt(t Token, now time.Time) (at time.Time) {
	if p.refreshes(t) && !t.Expires.IsZero() {
		at = t.Expires.Add(-min(aheadMost, t.Expires.Sub(now)/5))
	}
	if p.Validate == nil {
		return at
	}
	validate, end := now.Add(p.ValidateEvery), at
	if end.IsZero() {
		end = t.Expires
	}
	if end.IsZero() || validate.Before(end) {
		return validate
	}
	return at
}

// flight is a refresh that all who need its token wait for.
type flight struct {
	done  chan struct{} // closed when the fields below are there
	token Token
	err   error
}

// flights are those under way, by person and provider.
type flights struct {
	mu  sync.Mutex
	now map[string]*flight
}

// fly returns the flight that is under way for a person's token, or begins one.
func (l *Logins) fly(ctx context.Context, p Provider, person string, n need) (f *flight, begun bool) {
	key := person + " " + p.Name
	l.flights.mu.Lock()
	defer l.flights.mu.Unlock()
	if f := l.flights.now[key]; f != nil {
		return f, false
	}
	f = &flight{done: make(chan struct{})}
	l.flights.now[key] = f
	l.errands.run(ctx, func(ctx context.Context) {
		f.token, f.err = l.refresh(ctx, p, person, n)
		l.flights.mu.Lock()
		delete(l.flights.now, key)
		l.flights.mu.Unlock()
		close(f.done)
	})
	return f, true
}

// tokenOf returns the token of a person at a provider: a fresh one, where it has
// run out or was refused. Where no other is to be had it may be the refused one.
func (l *Logins) tokenOf(ctx context.Context, p Provider, person string, refused seal.Secret) (Token, error) {
	n := need{refused: refused}
	for {
		row, t, err := l.openAccount(ctx, person, p.Name)
		if err != nil || n.of(row, t, p, time.Now()) == useIt {
			return t, err
		}
		f, mine := l.fly(ctx, p, person, n)
		select {
		case <-f.done:
		case <-ctx.Done():
			return Token{}, ctx.Err()
		}
		if mine || f.err != nil || f.token.Access != refused {
			return f.token, f.err
		}
	}
}

// openAccount reads an account that is of use, with its token.
func (l *Logins) openAccount(ctx context.Context, person, provider string) (store.Account, Token, error) {
	row, err := l.Accounts().row(ctx, person, provider)
	if err != nil {
		return row, Token{}, err
	}
	if row.State == string(Dead) {
		return row, Token{}, ErrSignInAgain
	}
	t, err := l.openToken(row)
	return row, t, err
}

// refresh does what the token needs, as often as another process gets in between,
// and returns it.
func (l *Logins) refresh(ctx context.Context, p Provider, person string, n need) (Token, error) {
	for patience := time.Now().Add(2 * refreshHold); ; {
		row, t, err := l.openAccount(ctx, person, p.Name)
		if err != nil {
			return Token{}, err
		}
		switch n.of(row, t, p, time.Now()) {
		case useIt:
			return t, nil
		case validateIt:
			err := l.validated(ctx, p, row, t)
			if !mortal(err) {
				return t, err
			}
			if !p.refreshes(t) {
				return Token{}, l.died(ctx, row, err)
			}
			n.refused = t.Access
			continue
		case useItUp:
			row.Refresh = t.Expires
			return t, l.delay(ctx, row, true)
		case backOff:
			return Token{}, &Later{After: time.Until(row.Refresh), Err: fmt.Errorf("refresh the token at %s: it failed", p.Name)}
		case signIn:
			return Token{}, ErrSignInAgain
		}
		next, err := l.sendRefresh(ctx, p, row, t)
		if !errors.Is(err, store.ErrStale) || time.Now().After(patience) {
			return next, err
		}
		if err := pause(ctx, refreshEvery); err != nil {
			return Token{}, err
		}
	}
}
