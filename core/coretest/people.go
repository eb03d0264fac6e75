package coretest

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

// Say implements World.
func (c *Chat) Say(who, where, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := c.place(who, where)
	if call, is := strings.CutPrefix(text, "/"); is {
		name, rest, _ := strings.Cut(call, " ")
		c.happen(who, in, nil, core.Call{Name: name, Rest: c.mention(strings.TrimSpace(rest))})
		return
	}
	text, named := strings.CutPrefix(text, "@"+c.name+" ")
	var on *message
	if named {
		on = c.box(who, in)
	}
	c.happen(who, in, on, core.Said{Text: c.mention(text), ToMe: named || in.Direct})
}

// box takes the newest question that who has a box open for, if there is one.
// Callers hold c.mu.
func (c *Chat) box(who string, in core.Chat) *message {
	for _, m := range slices.Backward(c.messages) {
		open := c.caps.Replies && m.said.Answer && !m.replied && !m.deleted
		if open && m.chat == in && m.seenBy(who) && (m.asks == "" || m.asks == who) {
			m.replied = true
			return m
		}
	}
	return nil
}

var mention = regexp.MustCompile(`(^|\s)@([\w-]+)`)

// mention writes the key of a person in place of @name, as adapters do.
func (c *Chat) mention(text string) string {
	return mention.ReplaceAllStringFunc(text, func(found string) string {
		before, name, _ := strings.Cut(found, "@")
		return before + c.user(name).Key()
	})
}

// Press implements World.
func (c *Chat) Press(who string, m Seen, label string) error {
	return c.use(who, m, Button, label, func(Control) ([]string, error) { return nil, nil })
}

// Choose implements World.
func (c *Chat) Choose(who string, m Seen, hint string, labels ...string) error {
	return c.use(who, m, Select, hint, func(s Control) ([]string, error) {
		if len(labels) < s.Min || len(labels) > s.Max {
			return nil, fmt.Errorf("%d choices of %s, want %d to %d", len(labels), s.Label, s.Min, s.Max)
		}
		values := make([]string, len(labels))
		for i, label := range labels {
			v, err := s.value(label)
			if err != nil {
				return nil, err
			}
			values[i] = v
		}
		return values, nil
	})
}

// value is what a choice of c stands for.
func (c Control) value(label string) (string, error) {
	for _, choice := range c.Choices {
		if choice.Label == label {
			return choice.Value, nil
		}
	}
	return "", fmt.Errorf("no choice %q in %s", label, c)
}

// use presses a control of a message that is still there. What m showed may
// have changed since: somebody who is quick presses what has just gone.
func (c *Chat) use(who string, m Seen, kind Kind, label string, values func(Control) ([]string, error)) error {
	control, err := m.Control(kind, label)
	if err != nil {
		return err
	}
	picked, err := values(control)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	on := c.find(m.ID)
	if on == nil || on.deleted || on.form != nil || !on.seenBy(who) {
		return fmt.Errorf("%s does not see message %s", who, m.ID)
	}
	c.happen(who, on.chat, on, core.Press{Token: seal.Secret(control.Key), Values: picked})
	return nil
}

func (m *message) seenBy(who string) bool {
	return (m.to == "" || m.to == who) && (!m.chat.Direct || personIn(m.chat) == who)
}

// Fill implements World.
func (c *Chat) Fill(who string, m Seen, values map[string]string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	form := c.find(m.ID)
	if form == nil || form.deleted || form.form == nil || form.to != who {
		return fmt.Errorf("%s has no such form open", who)
	}
	filled, err := fill(showForm(*form.form), values)
	if err != nil {
		return err
	}
	for name, v := range filled {
		filled[name] = c.mention(v)
	}
	form.deleted = true
	c.happen(who, form.chat, form.on, core.Submit{Token: form.form.Do.Token(), Values: filled})
	return nil
}

// fill returns the values by the names of the inputs. What is not given stays as
// the bot has put it there.
func fill(form Seen, values map[string]string) (map[string]string, error) {
	out, left := map[string]string{}, maps.Clone(values)
	for _, in := range form.Controls {
		v, given := left[in.Label]
		delete(left, in.Label)
		if !given {
			v = in.Text
		} else if len(in.Choices) > 0 && v != "" {
			choice, err := in.value(v)
			if err != nil {
				return nil, err
			}
			v = choice
		}
		switch {
		case v == "" && !in.Optional:
			return nil, fmt.Errorf("%q must be filled in", in.Label)
		case in.Max > 0 && utf8.RuneCountInString(v) > in.Max:
			return nil, fmt.Errorf("%q takes at most %d characters", in.Label, in.Max)
		}
		out[in.Key] = v
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("the form does not ask for %q", slices.Sorted(maps.Keys(left)))
	}
	return out, nil
}

// Follow implements World.
func (c *Chat) Follow(who string, m Seen, label string) error {
	link, err := m.Control(Link, label)
	if err != nil {
		return err
	}
	start, leads := strings.CutPrefix(link.URL, opening)
	if !leads {
		return errors.New("that link does not lead to the direct chat")
	}
	token, err := url.QueryUnescape(start)
	if err != nil {
		return fmt.Errorf("read the link %q: %w", label, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	in, known := c.place(who, Direct), c.opened[who]
	c.opened[who] = true
	switch {
	case token != "":
		c.happen(who, in, nil, core.Press{Token: seal.Secret(token)})
	case !known:
		c.happen(who, in, nil, core.Hello{})
	}
	return nil
}

// Sees implements World.
func (c *Chat) Sees(who, where string) []Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := c.place(who, where)
	var said, open []Seen
	for _, m := range c.messages {
		switch {
		case m.chat != in || m.deleted || !m.seenBy(who):
		case m.form != nil:
			open = append(open, m.seen())
		default:
			said = append(said, m.seen())
		}
	}
	return append(said, open...)
}

func (m *message) seen() Seen {
	s := show(m.said)
	if m.form != nil {
		s = showForm(*m.form)
	}
	s.ID, s.Edited, s.Private = m.id, m.edited, m.to != "" && !m.chat.Direct
	return s
}

// Changed implements World.
func (c *Chat) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// Leave implements World.
func (c *Chat) Leave(who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeForm(who)
	c.change()
}

// closeForm closes the form that who has open: a person has one at a time.
// Callers hold c.mu.
func (c *Chat) closeForm(who string) {
	for _, m := range c.messages {
		if m.form != nil && m.to == who {
			m.deleted = true
		}
	}
}
