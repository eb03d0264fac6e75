package coretest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// This file has what each line of a script does.

func (p *play) expectNew(a args) error    { return p.expect("", a) }
func (p *play) expectEdit(a args) error   { return p.expect("edits", a) }
func (p *play) expectDelete(a args) error { return p.expect("deletes", a) }
func (p *play) expectForm(a args) error   { return p.expect("asks", a) }

// expectNothing fails when somebody, or the one who is named, has something
// unread, now or in a moment.
func (p *play) expectNothing(a args) error {
	unread := func() bool {
		return slices.ContainsFunc(p.pending, func(d deed) bool { return a["who"] == "" || slices.Contains(d.to, a["who"]) })
	}
	heard, err := p.until(calm, unread)
	if err == nil && heard {
		err = fmt.Errorf("nobody expected it; %s", p.unread())
	}
	return err
}

// ready makes sure that nothing which the bot said went unnoticed, before
// somebody does something.
func (p *play) ready() error {
	if err := p.look(); err != nil {
		return err
	}
	if len(p.pending) > 0 {
		return fmt.Errorf("no line expects what came before; %s", p.unread())
	}
	return nil
}

func (p *play) wait(a args) error {
	d, err := time.ParseDuration(a["time"])
	if err != nil {
		return fmt.Errorf("read the time: %w", err)
	}
	if err := p.ready(); err != nil {
		return err
	}
	_, err = p.until(d, func() bool { return false })
	return err
}

// restart does not ask for silence: the bot may die at any moment.
func (p *play) restart(args) error {
	if p.Restart == nil {
		return errors.New("this bot cannot be restarted")
	}
	if err := p.look(); err != nil {
		return err
	}
	p.Restart()
	return p.look()
}

func (p *play) provider(a args) error {
	switch {
	case p.Provider == nil:
		return errors.New("there is no provider")
	case a["what"] == "down":
		p.Provider.Stop()
	case a["what"] == "up":
		p.Provider.Resume()
	default:
		return p.Provider.Answer(a["with"])
	}
	return nil
}

// decide does what a person does with a code at the provider.
func (p *play) decide(a args) error {
	if p.Provider == nil {
		return errors.New("there is no provider")
	}
	if err := p.ready(); err != nil {
		return err
	}
	code, err := p.code(a["name"])
	if err != nil {
		return err
	}
	switch a["what"] {
	case "approves":
		account := a["account"]
		if account == "" {
			account = a["name"]
		}
		return p.Provider.Approve(code, account)
	case "denies":
		return p.Provider.Deny(code)
	}
	return p.Provider.Expire(code)
}

func (p *play) withdraw(a args) error {
	if p.Provider == nil {
		return errors.New("there is no provider")
	}
	if err := p.ready(); err != nil {
		return err
	}
	p.Provider.Withdraw(a["account"])
	return nil
}

// code is the user code that was last shown to who, or to anybody if there is
// nobody of that name: of those that wait for a decision, if any does.
func (p *play) code(who string) (string, error) {
	person, waiting := slices.Contains(p.people, who), p.Provider.Pending()
	last := ""
	for _, d := range slices.Backward(p.shown) {
		if person && !slices.Contains(d.to, who) {
			continue
		}
		for _, code := range slices.Backward(p.issued) {
			switch {
			case !strings.Contains(d.seen.Text+d.seen.hides(), code):
			case slices.Contains(waiting, code):
				return code, nil
			default:
				last = cmp.Or(last, code)
			}
		}
	}
	if last == "" {
		return "", fmt.Errorf("no code was shown to %s", who)
	}
	return last, nil
}

func (p *play) say(a args) error {
	if err := p.ready(); err != nil {
		return err
	}
	where := a["where"]
	if where == "" {
		where = Direct
	}
	p.World.Say(a["who"], where, p.typed(a["who"], a["text"]))
	return nil
}

func (p *play) press(a args) error {
	m, err := p.find(a["who"], Button, a["label"], a["how"] == "late")
	if err != nil {
		return err
	}
	if err := p.World.Press(a["who"], m, a["label"]); err != nil || a["how"] != "twice" {
		return err
	}
	return p.World.Press(a["who"], m, a["label"])
}

func (p *play) choose(a args) error {
	m, err := p.find(a["who"], Select, a["hint"], false)
	if err != nil {
		return err
	}
	return p.World.Choose(a["who"], m, a["hint"], list(a["labels"], ",")...)
}

func (p *play) follow(a args) error {
	m, err := p.find(a["who"], Link, a["label"], false)
	if err != nil {
		return err
	}
	return p.World.Follow(a["who"], m, a["label"])
}

func (p *play) fill(a args) error {
	m, err := p.find(a["who"], Input, "", false)
	if err != nil {
		return err
	}
	values := map[string]string{}
	for _, pair := range list(p.typed(a["who"], a["values"]), ";") {
		label, value, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("%q is not label = value", pair)
		}
		values[strings.TrimSpace(label)] = strings.TrimSpace(value)
	}
	return p.World.Fill(a["who"], m, values)
}

func list(text, separator string) []string {
	parts := strings.Split(text, separator)
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
	}
	return parts
}

// find returns the newest message with such a control that who sees, or, when
// it may be late, has ever seen.
func (p *play) find(who string, kind Kind, label string, late bool) (Seen, error) {
	if err := p.ready(); err != nil {
		return Seen{}, err
	}
	for _, d := range slices.Backward(p.shown) {
		current, there := p.now[d.key]
		if !slices.Contains(d.to, who) || !late && (!there || current.seen.String() != d.seen.String()) {
			continue
		}
		if d.seen.has(kind, label) {
			return d.seen, nil
		}
	}
	return Seen{}, fmt.Errorf("%s sees no %s %q", who, kind, label)
}

func (m Seen) has(kind Kind, label string) bool {
	return slices.ContainsFunc(m.Controls, func(c Control) bool {
		return c.Kind == kind && (label == "" || c.Label == label)
	})
}
