package core

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/usherbot/usher/core/markup"
)

// port is a platform as core uses it: its adapter, given only what it can show, at
// the pace that it wants.
type port struct {
	adapter Adapter
	caps    Caps
	bot     *Bot
	waits   atomic.Bool // for the platform's lease, which another process has
	tally   tally
}

// ready reports whether the platform is connected, or another process sees to it.
func (p *port) ready() bool { return p.adapter.Ready() || p.waits.Load() }

// reply answers an event, by several messages where one is too small.
func (p *port) reply(ctx context.Context, back Responder, chat Chat, m Message) (Ref, error) {
	return p.each(ctx, m, chat, func(m Message) (Ref, error) { return back.Reply(ctx, m) })
}

// send sends unasked.
func (p *port) send(ctx context.Context, chat Chat, m Message) (Ref, error) {
	return p.each(ctx, m, chat, func(m Message) (Ref, error) { return p.adapter.Send(ctx, chat, m) })
}

// each sends what Fit made of m, and returns where the last of it is.
func (p *port) each(ctx context.Context, m Message, chat Chat, send func(Message) (Ref, error)) (Ref, error) {
	var last Ref
	for _, part := range Fit(m, p.caps, p.adapter.Size) {
		part, err := p.dress(ctx, part, chat)
		if err != nil {
			return last, err
		}
		if last, err = send(part); err != nil {
			return last, err
		}
	}
	return last, nil
}

// edit replaces a message, cut to one.
func (p *port) edit(ctx context.Context, r Ref, m Message) error {
	m, err := p.dress(ctx, fitOne(m, p.caps, p.adapter.Size), r.Chat)
	if err != nil {
		return err
	}
	return p.adapter.Edit(ctx, r, m)
}

// update replaces the message that was pressed, cut to one.
func (p *port) update(ctx context.Context, back Responder, chat Chat, m Message) error {
	m, err := p.dress(ctx, fitOne(m, p.caps, p.adapter.Size), chat)
	if err != nil {
		return err
	}
	return back.Update(ctx, m)
}

// dress puts tokens on the actions of m.
func (p *port) dress(ctx context.Context, m Message, chat Chat) (Message, error) {
	if len(m.Rows) == 0 {
		return m, nil
	}
	rows := make([][]Control, len(m.Rows))
	for i, row := range m.Rows {
		rows[i] = make([]Control, len(row))
		for j, c := range row {
			dressed, err := p.dressControl(ctx, c, chat)
			if err != nil {
				return m, err
			}
			rows[i][j] = dressed
		}
	}
	m.Rows = rows
	return m, nil
}

func (p *port) dressControl(ctx context.Context, c Control, chat Chat) (Control, error) {
	var err error
	switch c := c.(type) {
	case Button:
		c.Do.token, err = p.bot.sign(ctx, c.Do, chat, stored{})
		return c, err
	case Select:
		offer := stored{Min: c.Min, Max: c.Max, Values: []string{}}
		for _, choice := range c.Choices {
			offer.Values = append(offer.Values, choice.value())
		}
		c.Do.token, err = p.bot.sign(ctx, c.Do, chat, offer)
		return c, err
	}
	return c, nil
}

// later answers an event whose interaction is over, such as a command that goes
// on after a login: in its chat, and where that is private, forbidden or gone,
// in the direct chat, naming the command.
type later struct {
	port    *port
	user    User
	chat    Chat
	command string
}

// Reply implements Responder.
func (l later) Reply(ctx context.Context, m Message) (Ref, error) {
	if !m.Private || l.chat.Direct {
		m.Private = false
		ref, err := l.port.adapter.Send(ctx, l.chat, m)
		if err == nil || !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrGone) {
			return ref, err
		}
	}
	chat, err := l.port.adapter.Direct(ctx, l.user, "")
	if err != nil {
		return Ref{}, err
	}
	m.Private, m.Text = false, markup.F("%s %s", markup.F(l.port.bot.words.Regarding, l.command), m.Text)
	return l.port.each(ctx, m, chat, func(m Message) (Ref, error) { return l.port.adapter.Send(ctx, chat, m) })
}

// Update implements Responder: there is no message that was pressed.
func (later) Update(context.Context, Message) error { return ErrGone }

// Ask implements Responder: nothing was pressed that a form could answer.
func (later) Ask(context.Context, Form) error { return ErrTooLate }
