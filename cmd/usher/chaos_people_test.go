//go:build unix

package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/coretest"
)

// again is how long people wait before they do again what seems to have been lost.
const again = 6 * time.Second

// choice is what a person does about a login.
type choice string

const (
	approve choice = "approve"
	deny    choice = "deny"
	cancel  choice = "cancel" // in the chat
	expire  choice = "expire" // and does nothing else
)

// person signs in once.
type person struct {
	name    string
	does    choice
	patient bool          // and only once the fault is over
	thinks  time.Duration // before that
	codes   []string      // as the cards show them, the newest last
}

// userCode is what authtest's look like.
var userCode = regexp.MustCompile(`\b[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}\b`)

// codeIn is the user code in what somebody reads, or empty.
func codeIn(text string) string { return userCode.FindString(text) }

// ends are what is said of a login that has ended.
var ends = []struct {
	state authflow.State
	said  string
}{
	{authflow.Linked, "Signed in as "},
	{authflow.Denied, "You declined."},
	{authflow.Expired, "That code has expired."},
	{authflow.Cancelled, "Cancelled."},
	{authflow.Failed, "could not complete this login"},
	{authflow.Failed, "did not say whose account it is"}, // for the token has ended
}

// endOf is how a login has ended whose card reads so, or empty.
func endOf(text string) authflow.State {
	for _, e := range ends {
		if strings.Contains(text, e.said) {
			return e.state
		}
	}
	return ""
}

// signIn asks for a card until there is one.
func (p *person) signIn(ctx context.Context, w *chaos) error {
	ask := func() { w.chat.Say(p.name, coretest.Direct, "/login acme") }
	return p.insist(ctx, w, "has no card", ask, func() { w.repeated.Store(true); ask() }, p.reads)
}

// reads reports whether there is a card that is new, and reads the code in it.
func (p *person) reads(all []coretest.Seen) bool {
	for _, seen := range all {
		if code := codeIn(seen.Text); code != "" && !slices.Contains(p.codes, code) {
			p.codes = append(p.codes, code)
			return true
		}
	}
	return false
}

// decide does what the person does about the newest login, until its card says how
// it ended.
func (p *person) decide(ctx context.Context, w *chaos) error {
	w.rest(p.thinks)
	if p.patient {
		select {
		case <-w.over:
		case <-ctx.Done():
			return fmt.Errorf("%s still waits for the fault to be over", p.name)
		}
	}
	code := p.codes[len(p.codes)-1]
	act := func() {
		switch p.does { // what was done already is refused
		case approve:
			w.auth.Approve(code, w.auth.User(p.name))
		case deny:
			w.auth.Deny(code)
		case expire:
			w.auth.Expire(code)
		case cancel:
			for _, seen := range w.chat.Sees(p.name, coretest.Direct) {
				if w.chat.Press(p.name, seen, "Cancel") == nil {
					w.note(event{what: pressing, code: code}) // which is answered as well
				}
			}
		}
	}
	return p.insist(ctx, w, "was not told of every end", act, act, p.isDone)
}

// isDone reports whether all logins of the person have ended that they know of.
func (p *person) isDone(all []coretest.Seen) bool {
	ended := 0
	for _, seen := range all {
		if endOf(seen.Text) != "" {
			ended++
		}
	}
	return ended >= len(p.codes)
}

// insist does something, and then again now and then, until what the person sees is
// as wanted.
func (p *person) insist(ctx context.Context, w *chaos, lacks string, act, repeat func(), enough func([]coretest.Seen) bool) error {
	for ; ; act = repeat {
		act()
		late := time.After(again)
		for waits := true; waits; {
			changed := w.chat.Changed()
			seen := w.chat.Sees(p.name, coretest.Direct)
			if enough(seen) {
				return nil
			}
			select {
			case <-changed:
			case <-late:
				waits = false
			case <-ctx.Done():
				return fmt.Errorf("%s %s after %v, but %q", p.name, lacks, longest, seen)
			}
		}
	}
}

// leftovers have people decide about the logins that their impatience has begun: of
// two calls for one, the other may be served when the first login has ended.
func (w *chaos) leftovers(ctx context.Context, cast []*person) error {
	for found := w.repeated.Load(); found; {
		coretest.Idle(ctx, w.chat, w.chat.Busy, frozenFor)
		found = false
		for _, p := range cast {
			if p.reads(w.chat.Sees(p.name, coretest.Direct)) {
				found = true
				if err := p.decide(ctx, w); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
