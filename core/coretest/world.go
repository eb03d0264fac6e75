package coretest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/core"
)

// Direct is where a person is alone with the bot.
const Direct = "direct"

// World is the human side of a platform, real or in memory. People exist by
// being named. Places are Direct, which is another one for each person, and
// channels that all are in, such as "#general".
//
// What a person does is done when the method returns; what the bot makes of it
// comes later. The errors are the platform's refusals to the person: there is no
// such button, the form is not filled in.
type World interface {
	// Say writes a message. With a slash in front it is a command; "@bob" in it
	// mentions bob. "@usher " in front addresses the bot, and where it has asked who
	// by opening a box to reply in, the message is that reply.
	Say(who, where, text string)
	// Press presses a button of m, as m was when who saw it.
	Press(who string, m Seen, label string) error
	// Choose picks choices of a select by their labels. An empty hint is the only
	// select of m.
	Choose(who string, m Seen, hint string, labels ...string) error
	// Fill fills a form in and sends it; values are by the labels of its inputs.
	Fill(who string, m Seen, values map[string]string) error
	// Follow follows a link that leads to the direct chat with the bot.
	Follow(who string, m Seen, label string) error
	// Leave closes the form that who has open, if there is one.
	Leave(who string)
	// Sees returns what the bot has said and who can read now, the oldest first,
	// and last a form that is open.
	Sees(who, where string) []Seen
	// Changed is closed when anybody may see something else than now.
	Changed() <-chan struct{}
}

// Seen is what one person sees of one message of the bot.
type Seen struct {
	ID       string // the same after an edit; unique in its place
	Text     string // without formatting; embeds follow as title, text and fields
	Controls []Control
	Tone     core.Tone // of the first embed
	Private  bool      // in a place with others, who do not see it
	Edited   bool
	Form     bool // an open form; Text is its title
}

// Kind is what a Control is.
type Kind int

// The kinds of controls. An Input is part of a form, and a Picture is looked at.
const (
	Button Kind = iota
	Link
	Copy
	Select
	Input
	Picture
)

// Control is something in a message that a person can use.
type Control struct {
	Kind     Kind
	Label    string // of a Select, its hint
	Tone     core.Tone
	URL      string        // of a Link
	Leads    bool          // of a Link: into the direct chat with the bot; see Follow
	Text     string        // what a Copy copies; what stands in an Input; what a Picture is said to show
	Choices  []core.Choice // of a Select or Input
	Min, Max int           // how many of the choices
	Hint     string        // of an Input
	Optional bool          // of an Input
	Key      string        // what the World needs to know it by
	Data     []byte        // of a Picture
}

// String is m in one line, as scripts write it: the text, then each control as
// [label], a select as [hint: choice | choice]. A picture comes first.
func (m Seen) String() string {
	parts := strings.Fields(m.Text)
	for _, c := range m.Controls {
		parts = append(parts, c.String())
	}
	return strings.Join(parts, " ")
}

// String is c as scripts write it.
func (c Control) String() string {
	if c.Kind == Picture {
		return "[picture]"
	}
	if len(c.Choices) == 0 {
		return "[" + c.Label + "]"
	}
	labels := make([]string, len(c.Choices))
	for i, choice := range c.Choices {
		labels[i] = choice.Label
	}
	return "[" + c.Label + ": " + strings.Join(labels, " | ") + "]"
}

// Control returns the control of m of that kind and label, or an error that
// names those there are. An empty label is the only one of its kind.
func (m Seen) Control(kind Kind, label string) (Control, error) {
	var found []Control
	for _, c := range m.Controls {
		if c.Kind == kind && (label == "" || c.Label == label) {
			found = append(found, c)
		}
	}
	if len(found) == 1 || len(found) > 1 && label != "" {
		return found[0], nil
	}
	return Control{}, fmt.Errorf("no %s %q in: %s", kind, label, m)
}

// String returns the kind's name.
func (k Kind) String() string {
	names := [...]string{"button", "link", "copy", "select", "input", "picture"}
	if k < 0 || int(k) >= len(names) {
		return "control"
	}
	return names[k]
}

// hides returns what a person can get out of m beside reading it: addresses and
// what is copied.
func (m Seen) hides() string {
	var b strings.Builder
	for _, c := range m.Controls {
		b.WriteString(" " + c.URL + " " + c.Text)
	}
	return b.String()
}

// Wait returns the newest message that who sees and that contains part in its
// text or labels, once there is one. When ctx ends first, the error tells what
// there was instead.
func Wait(ctx context.Context, w World, who, where, part string) (Seen, error) {
	for {
		changed := w.Changed()
		seen := w.Sees(who, where)
		for _, s := range slices.Backward(seen) {
			if strings.Contains(s.String(), part) {
				return s, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Seen{}, fmt.Errorf("wait for %q: %w; %s sees %q in %s", part, ctx.Err(), who, seen, where)
		}
	}
}

// quiet is how long nothing changes once a bot has done all it had to do.
const quiet = 150 * time.Millisecond

// Idle waits until the bot is not busy and nothing has changed for a moment, or
// until limit has passed. What makes busy false must change w too. A nil busy is
// of a bot of which nobody can tell.
func Idle(ctx context.Context, w World, busy func() bool, limit time.Duration) {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	for {
		changed := w.Changed()
		var calm <-chan time.Time
		if busy == nil || !busy() {
			calm = time.After(quiet)
		}
		select {
		case <-changed:
		case <-calm:
			return
		case <-ctx.Done():
			return
		}
	}
}
