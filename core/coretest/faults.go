package coretest

import (
	"errors"
	"slices"
	"time"

	"github.com/usherbot/usher/core"
)

// This file has what befalls a Chat and the bots in it.

// errCut is what a bot gets whose connection is cut.
var errCut = errors.New("the connection is cut")

// reach says why a bot cannot do anything there now. Callers hold c.mu.
func (c *Chat) reach(where string) error {
	if c.cut {
		return errCut
	}
	if d := time.Until(c.slow[where]); d > 0 {
		return &core.Slow{After: d}
	}
	return nil
}

// Cut takes the line away from the bots that are connected: nothing they do
// arrives and nothing reaches them, until a bot begins anew with Publish or Run.
func (c *Chat) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for _, l := range c.lines {
		l.dead = true
		c.giveBack(l)
	}
}

// Hangup breaks the line for a moment: what the bot has not got safe yet comes
// once more, under the same Key.
func (c *Chat) Hangup() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.lines {
		c.giveBack(l)
	}
}

// Repeat delivers what happened last once more, under the same Key.
func (c *Chat) Repeat() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil {
		c.waiting = append(c.waiting, &happening{event: c.last.event, on: c.last.on})
		c.change()
	}
}

// Slow makes a channel too busy for bots: what they ask for there in the time d
// is refused with *core.Slow.
func (c *Chat) Slow(where string, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slow[where] = time.Now().Add(d)
}

// Remove takes away the newest message that all in a channel see, as those do who
// keep order there. The bot is not told.
func (c *Chat) Remove(where string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range slices.Backward(c.messages) {
		if m.chat.ID == where && m.to == "" && !m.deleted {
			m.deleted = true
			c.change()
			return
		}
	}
}

// Open opens who's direct chat to the bot, as if they had talked before.
func (c *Chat) Open(who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened[who] = true
}
