package authflow

import (
	"errors"
	"time"
)

// State is where a login stands.
//
//	waiting ──▶ granted │ denied │ expired │ cancelled │ failed
//	granted ──▶ linked │ confirming │ failed │ cancelled
//	confirming ──▶ linked │ cancelled │ expired
type State string

// The states. Waiting, Granted and Confirming are open; the others are ends.
const (
	Waiting    State = "waiting"    // for the person to approve
	Granted    State = "granted"    // the token is safe; the provider is asked whose it is
	Confirming State = "confirming" // for the person to say that the account is theirs
	Linked     State = "linked"     // the account is the person's
	Denied     State = "denied"     // the person refused at the provider
	Expired    State = "expired"    // nobody approved, or confirmed, in time
	Cancelled  State = "cancelled"  // the person called it off in the chat
	Failed     State = "failed"     // see Why
)

// Open reports whether a login in this state can still become another.
func (s State) Open() bool { return s == Waiting || s == Granted || s == Confirming }

// Why says more about an end. It is a word to choose a sentence by.
type Why string

// What there is to say about an end.
const (
	Refused     Why = "refused"     // failed: the provider would not go on
	Barred      Why = "barred"      // failed: the provider takes nobody's login from this bot, which its operator has to mend
	Unnamed     Why = "unnamed"     // failed: the provider did not say whose token it is
	Unreached   Why = "unreached"   // failed: the provider did not answer when it counted
	Unavailable Why = "unavailable" // failed: this provider is no longer offered
	Replaced    Why = "replaced"    // cancelled: by a newer login that asks for something else
	NotMine     Why = "not mine"    // cancelled: the person said that the account is not theirs
	WrongDigits Why = "digits"      // cancelled: the digits were wrong too often
)

// Login is a login as others see it.
type Login struct {
	ID, Person, Provider string
	Flow                 string // its Name
	ByLink               bool   // there is no code to enter
	NoCode               bool   // for the provider refused to give one, so that it goes another way
	State                State
	Why                  Why
	Scopes               []string // as asked
	Had                  []string // what an earlier login was granted
	Missing              []string // with Confirming and Linked: asked, yet not granted
	Dropped              bool     // a token was granted and then forgotten by us
	Revoked              bool     // with Dropped: the provider is asked to end the access
	Show                 Show     // with Waiting
	Digits               bool     // with Confirming: by the digits in the browser; see Logins.Confirm
	Created, Expires     time.Time
	Shown                bool     // its card was shown; see Logins.Keep
	Who                  Identity // with Confirming and Linked
	Origin               []byte   // as given to Start or Keep
	Moved                []byte   // the origin that it had before Start brought it here, until Keep
}

// The times that step and the engine keep.
const (
	firstEvery   = 5 * time.Second  // RFC 8628 section 3.2, where the answer names none
	longestFirst = time.Minute      // an interval above this at the start is a mistake
	longestWait  = time.Minute      // between tries while a provider fails
	whoFor       = 10 * time.Minute // how long Granted asks whose the token is
	confirmFor   = 10 * time.Minute // how long Confirming waits
)

// turn is what step decides on: a login between two requests to its provider.
type turn struct {
	State  State
	Why    Why
	Grant  Grant
	Misses int // failures to get an answer, one after the other
}

// step is what a waiting login becomes after one answer, or one failure to get
// it, and when to ask next. now is the time of the answer.
func (t turn) step(a Answer, err error, now time.Time) (turn, time.Time) {
	switch {
	case t.State != Waiting: // an end is an end
		return t, time.Time{}
	case err == nil && a.State != Waiting:
		t.State = a.State // an answer beats the clock
		if a.State == Failed {
			t.Why = whyFailed(a.Err)
		}
		return t, time.Time{}
	case !now.Before(t.Grant.Expires):
		t.State = Expired
		return t, time.Time{}
	case err != nil:
		t.Misses++
		// Retry-After is obeyed, but does not keep a person waiting for long for
		// what can only be the end.
		least := max(t.Grant.pace(), min(retryAfter(err), t.Grant.Expires.Sub(now)+longestWait))
		return t, t.Grant.due(now, max(least, backoff(t.Grant.Every, t.Misses)), least)
	}
	if a.Grant != nil {
		t.Grant = *a.Grant
	}
	t.Misses = 0
	return t, t.Grant.due(now, t.Grant.pace(), t.Grant.pace())
}

// pace is the time between an answer and the next request. Clocks of virtual
// machines run up to a fifth fast: who was told to slow down once keeps that far
// away from being told so for ever.
func (g Grant) pace() time.Duration {
	if g.Slowed {
		return g.Every * 6 / 5
	}
	return g.Every
}

// due is when to ask next: in the end only, where a browser comes back. Otherwise
// it is now + wait, but not so long after the code's end that a token granted
// in the last moment would wait for nothing: one last request at the end, still
// no sooner than least allows.
func (g Grant) due(now time.Time, wait, least time.Duration) time.Time {
	due, last := now.Add(wait), now.Add(least)
	switch {
	case g.Every == 0:
		return g.Expires
	case !due.After(g.Expires):
		return due
	case g.Expires.After(last):
		return g.Expires
	}
	return last
}

// backoff is how long to wait after so many failures in a row: from every, twice
// as long each time, up to a minute.
func backoff(every time.Duration, misses int) time.Duration {
	return min(every<<min(misses, 6), longestWait)
}

// retryAfter is how long the provider asked to be left alone, if it did.
func retryAfter(err error) time.Duration {
	if later, ok := errors.AsType[*Later](err); ok {
		return later.After
	}
	return 0
}
