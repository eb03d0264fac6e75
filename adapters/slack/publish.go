package slack

import (
	"context"

	"github.com/usherbot/usher/core"
)

// Publish implements core.Adapter. It writes nothing: Slack takes an app's
// commands from its manifest, which is pasted by hand. But where commands are
// typed as text, the adapter has to know which words are commands.
func (a *Adapter) Publish(ctx context.Context, cmds []core.Command, _ bool) error {
	names := map[string]bool{}
	for _, c := range cmds {
		names[c.Name] = true
		for _, alias := range c.Aliases {
			names[alias] = true
		}
	}
	a.names.Store(&names)
	return a.persist(ctx, "find out who the bot is", func() error { return a.identify(ctx) })
}

// known reports whether a word is a command's name.
func (a *Adapter) known(name string) bool {
	names := a.names.Load()
	return names != nil && (*names)[name]
}
