package authflow

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"strings"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// A link can be forwarded: whoever approves in a browser need not be who asked in
// the chat. So the browser shows digits, which only one who has both before the eyes
// can type into the chat.

const (
	mostDigits = 1_000_000 // six digits
	mostWrong  = 3         // tries, of which the last ends the login
)

// DigitsError is returned by Confirm for digits that are not those in the browser.
// Core tells the person how many tries are left.
type DigitsError struct{ Left int }

func (e *DigitsError) Error() string {
	return fmt.Sprintf("these are not the digits in the browser; %d tries are left", e.Left)
}

// newDigits are six that nobody can guess in mostWrong tries.
func newDigits() seal.Secret {
	n, err := rand.Int(rand.Reader, big.NewInt(mostDigits))
	if err != nil {
		panic(err) // it never fails, see crypto/rand
	}
	return seal.Secret(fmt.Sprintf("%06d", n))
}

// sameDigits compares what a person has typed, in whatever groups.
func sameDigits(typed string, digits seal.Secret) bool {
	typed = strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, typed)
	return subtle.ConstantTimeCompare([]byte(typed), []byte(digits.Reveal())) == 1
}

// Confirm links a login whose person said that the account is theirs: by the digits
// that their browser shows, where Login.Digits wants them. Wrong ones are counted;
// the error is then a *DigitsError, and after the third the login that is returned
// is cancelled. ErrEnded means that there is nothing to confirm any more.
func (l *Logins) Confirm(ctx context.Context, id, digits string) (Login, error) {
	var wrong error
	login, err := l.decide(ctx, id, func(row store.Login, o *origin) (store.Change, error) {
		if wrong = nil; row.State != string(Confirming) {
			return store.Change{}, ErrEnded
		}
		s, err := l.openSecrets(row)
		if err != nil {
			return store.Change{}, err
		}
		if !o.Digits || sameDigits(digits, seal.Secret(s.Digits)) {
			return l.linked(row, o.Who, s.Token.token()), nil
		}
		if o.Wrong++; o.Wrong >= mostWrong {
			o.Why, o.Dropped, o.Who = WrongDigits, true, Identity{}
			return store.Change{State: string(Cancelled), Ended: true}, nil
		}
		wrong = &DigitsError{Left: mostWrong - o.Wrong}
		return store.Change{State: string(Confirming), Sealed: l.sealSecrets(row, s)}, nil
	})
	if err == nil {
		err = wrong
	}
	return login, err
}
