package authflow

import (
	"context"
	"math"
	"time"
	"unicode/utf8"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// entry is an open login in memory. One of the heaps has it, unless there is a run of
// it: then exactly one goroutine works on it and owns its fields. There are many
// of them, and most only wait: what can be read again from the row is not here, and
// what is here is small (TestMemory).
type entry struct {
	via  *via
	text seal.Secret // the login's id, and of its Grant the code, for errors to hide, and the Secret: one string takes less than three
	won  *won        // beyond Waiting
	// On the engine's clock:
	due          time.Duration // when to go on
	expires      tenths        // of its Grant
	wake         tenths        // when the card must move; 0: never
	every        int32         // of its Grant, in milliseconds
	at           int32         // the place in its heap
	code         uint16        // where the code ends in text
	id           uint8         // where the id does
	misses       uint8         // failures in a row
	slowed, held bool          // of its Grant
	waking       bool          // it is in the heap of those whose cards must move first
	stale        bool          // somebody else took a step, which is to be followed
}

// tenths are tenths of a second, of which 13 years fit.
type tenths uint32

const tenth = time.Second / 10

func (t tenths) time() time.Duration { return time.Duration(t) * tenth }

// setWake sets when the card must move, which is never where that is the zero time.
func (e *entry) setWake(g *engine, at time.Time) {
	e.wake = 0
	if !at.IsZero() {
		e.wake = tenths(max(1, (g.on(at)+tenth-1)/tenth))
	}
}

// via is what logins share that ask the same of the same provider.
type via struct {
	provider Provider
	flow     Flow // nil where it is no longer offered
	scopes   []string
	lane     *lane
}

// won is what a login has that is more than waiting.
type won struct {
	state   State // as decided
	token   Token
	since   time.Time // when it was granted
	pending decision  // made, and not stored yet
}

// run is the work on an entry.
type run struct {
	*entry
	ctx  context.Context
	stop context.CancelFunc // ends the request under way
	idle chan struct{}      // closed when it is done
}

// newEntry is an entry of a row whose grant is g.
func (l *Logins) newEntry(row store.Login, v *via, grant Grant) *entry {
	e := &entry{via: v, due: l.engine.on(row.Due)}
	e.setWake(l.engine, row.Wake)
	if state := State(row.State); state != Waiting {
		e.won = &won{state: state}
	}
	e.take(l.engine, row.ID, grant)
	return e
}

// take is what polling needs of a grant.
func (e *entry) take(g *engine, id string, grant Grant) {
	code := grant.Show.Code[:min(len(grant.Show.Code), maxUserCode*utf8.UTFMax)]
	if text := seal.Secret(id + code + grant.Secret.Reveal()); text != e.text {
		e.text, e.id, e.code = text, uint8(len(id)), uint16(len(id)+len(code))
	}
	e.every = int32(min((grant.Every+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
	e.slowed, e.held, e.expires = grant.Slowed, grant.Hold, tenths(max(0, g.on(grant.Expires)/tenth))
}

// login is the id of its login.
func (e *entry) login() string { return e.text.Reveal()[:e.id] }

func (e *entry) state() State {
	if e.won == nil {
		return Waiting
	}
	return e.won.state
}

// decided reports whether a step was decided on that is not stored yet.
func (e *entry) decided() bool { return e.won != nil && e.won.pending != nil }

// turn is what step does of e.
func (e *entry) turn(g *engine) turn {
	text := e.text.Reveal()
	return turn{State: e.state(), Misses: int(e.misses), Grant: Grant{
		Show: Show{Code: text[e.id:e.code]}, Secret: seal.Secret(text[e.code:]), Scopes: e.via.scopes,
		Every: time.Duration(e.every) * time.Millisecond, Slowed: e.slowed, Hold: e.held, Expires: g.off(e.expires.time()),
	}}
}

// missed notes that so many failures came in a row, as far as they are counted.
func (e *entry) missed(n int) { e.misses = uint8(min(n, math.MaxUint8)) }

// next is when the engine has to look at e again.
func (e *entry) next() time.Duration {
	if e.wakesFirst() {
		return e.wake.time()
	}
	return e.due
}

func (e *entry) wakesFirst() bool { return e.wake != 0 && e.wake.time() < e.due }
