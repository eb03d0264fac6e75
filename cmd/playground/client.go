package main

import (
	"fmt"
	"slices"
	"sync"

	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core/coretest"
)

// client is what people use on Discord. It holds a command to its options before
// anything is sent, and says so to whoever typed it: the bot hears nothing.
type client struct {
	*discordtest.Server
	mu     sync.Mutex
	unsent map[string][]coretest.Seen // by who and where
}

// Say implements coretest.World.
func (c *client) Say(who, where, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.Unsent())
	c.Server.Say(who, where, text)
	for n, why := range c.Unsent()[before:] {
		c.unsent[who+" "+where] = append(c.unsent[who+" "+where], coretest.Seen{
			ID: fmt.Sprintf("unsent %d", before+n), Text: why, Private: where != coretest.Direct,
		})
	}
}

// Sees implements coretest.World. What the client itself says is among it.
func (c *client) Sees(who, where string) []coretest.Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Concat(c.unsent[who+" "+where], c.Server.Sees(who, where))
}
