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
	code    string        // as the card shows it
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

// signIn asks for a card until there is one, and reads the code in it.
func (p *person) signIn(ctx context.Context, w *chaos) error {
	return p.insist(ctx, w, "has no card", func() { w.chat.Say(p.name, coretest.Direct, "/login acme") }, func(seen coretest.Seen) bool {
		p.code = codeIn(seen.Text)
		return p.code != ""
	})
}

// decide does what the person does, until the card says how the login ended.
func (p *person) decide(ctx context.Context, w *chaos) error {
	w.rest(p.thinks)
	if p.patient {
		select {
		case <-w.over:
		case <-ctx.Done():
			return fmt.Errorf("%s still waits for the fault to be over", p.name)
		}
	}
	act := func() {
		switch p.does { // what was done already is refused
		case approve:
			w.auth.Approve(p.code, w.auth.User(p.name))
		case deny:
			w.auth.Deny(p.code)
		case expire:
			w.auth.Expire(p.code)
		case cancel:
			for _, seen := range w.chat.Sees(p.name, coretest.Direct) {
				if w.chat.Press(p.name, seen, "Cancel") == nil {
					w.note(event{what: pressing, code: p.code}) // which is answered as well
				}
			}
		}
	}
	return p.insist(ctx, w, "was told of no end", act, func(seen coretest.Seen) bool { return endOf(seen.Text) != "" })
}

// insist does something again and again until one of the messages is as wanted.
func (p *person) insist(ctx context.Context, w *chaos, lacks string, act func(), enough func(coretest.Seen) bool) error {
	for {
		act()
		late := time.After(again)
		for waits := true; waits; {
			changed := w.chat.Changed()
			seen := w.chat.Sees(p.name, coretest.Direct)
			if slices.ContainsFunc(seen, enough) {
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
