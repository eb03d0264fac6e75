package coretest

import (
	"context"
	"slices"
	"time"

	"github.com/usherbot/usher/core"
)

// line is a bot's connection.
type line struct{ dead bool }

// happening is something that a person did. It waits until a bot has it safe.
type happening struct {
	event core.Event
	on    *message
	line  *line // that it was delivered on
}

// Run implements core.Adapter. What another bot was handed and did not get safe
// before its line ended comes again, under the same Key.
func (c *Chat) Run(ctx context.Context, on func(core.Event)) error {
	l := c.connect()
	defer c.hangUp(l)
	for {
		event, changed := c.next(l)
		if event != nil {
			on(*event)
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// Ready implements core.Adapter: a bot is connected.
func (c *Chat) Ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.lines) > 0
}

func (c *Chat) connect() *line {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := &line{}
	c.lines, c.cut = append(c.lines, l), false
	return l
}

func (c *Chat) hangUp(l *line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = slices.DeleteFunc(c.lines, func(other *line) bool { return other == l })
	l.dead = true
	c.giveBack(l)
}

// giveBack makes what waits on l ready for another. Callers hold c.mu.
func (c *Chat) giveBack(l *line) {
	for _, h := range c.waiting {
		if h.line == l {
			h.line = nil
		}
	}
	c.change()
}

// next returns what is to be delivered on l, or a channel to wait on.
func (c *Chat) next(l *line) (*core.Event, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.waiting {
		if h.line == nil && !l.dead {
			h.line = l
			return c.deliver(h, l), nil
		}
	}
	return nil, c.changed
}

func (c *Chat) deliver(h *happening, l *line) *core.Event {
	e, back := h.event, &responder{chat: c, line: l}
	if h.on != nil {
		e.On = c.ref(h.on)
	}
	if _, said := e.What.(core.Said); !said { // a reply presses nothing
		back.on = h.on
	}
	back.event = e
	e.Back = back
	e.Safe = func() { c.take(h, l) }
	return &e
}

// take lets go of h. A dead line cannot tell that it was taken.
func (c *Chat) take(h *happening, l *line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !l.dead {
		c.waiting = slices.DeleteFunc(c.waiting, func(other *happening) bool { return other == h })
		c.change()
	}
}

// happen delivers what a person did to the bot that is connected, or that will
// be. Callers hold c.mu.
func (c *Chat) happen(who string, in core.Chat, on *message, what core.What) {
	if in.Direct {
		c.opened[who] = true
	}
	said, isSaid := what.(core.Said)
	c.asked = c.asked || !isSaid || said.ToMe
	c.last = &happening{on: on, event: core.Event{
		Key: "event-" + c.id(), At: time.Now(), From: c.user(who), Chat: in, What: what,
	}}
	c.waiting = append(c.waiting, c.last)
	c.change()
}

// Busy reports whether the bot has yet to take or to answer what people did. For
// Idle; there need be no answer.
func (c *Chat) Busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked || len(c.waiting) > 0
}
