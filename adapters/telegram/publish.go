package telegram

import (
	"context"
	"slices"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

// maxCommands is how many a list may have.
const maxCommands = 100

// listed is a command as people find it in the menu.
type listed struct {
	Name    string `json:"command"`
	Summary string `json:"description"`
}

// scope is whom a list of commands is for. The narrower list wins.
type scope struct {
	Type string `json:"type"`
}

// Publish implements core.Adapter: everybody gets the list of all commands, and
// narrower lists, which an earlier bot may have left, go.
func (a *Adapter) Publish(ctx context.Context, cmds []core.Command, write bool) error {
	if err := a.persist(ctx, "find out who the bot is", func() error {
		_, err := a.identify(ctx)
		return err
	}); err != nil || !write {
		return err
	}
	if len(cmds) > maxCommands {
		a.log.Warn("some commands are missing from the menu", "platform", platform, "commands", len(cmds), "most", maxCommands)
	}
	for _, s := range []string{"default", "all_private_chats", "all_group_chats"} {
		var want []listed
		if s == "default" {
			want = menu(cmds)
		}
		// People can type what is not in the menu, so it keeps no bot from running.
		if err := a.tryPublish(ctx, scope{s}, want); err != nil {
			a.log.Warn("the menu of commands is not up to date", "platform", platform, "scope", s, "error", err)
			if !hopeless(err) {
				return nil
			}
		}
	}
	return nil
}

// patience is the longest wait between tries to publish: the bot is to run, too.
const patience = 10 * time.Second

// tryPublish is publish with the patience that a menu deserves.
func (a *Adapter) tryPublish(ctx context.Context, s scope, want []listed) error {
	for try := 0; ; try++ {
		err := a.publish(ctx, s, want)
		if err == nil || hopeless(err) || try == retries {
			return err
		}
		if err := reach.Pause(ctx, min(reach.Backoff(try, err), patience)); err != nil {
			return err
		}
	}
}

// publish makes the list of a scope what it should be, if it is not.
func (a *Adapter) publish(ctx context.Context, s scope, want []listed) error {
	var have []listed
	err := a.soon(ctx, "getMyCommands", params{"scope": asJSON(s)}, &have)
	switch {
	case err != nil:
		return err
	case slices.Equal(have, want):
		return nil
	case len(want) == 0:
		return a.soon(ctx, "deleteMyCommands", params{"scope": asJSON(s)}, nil)
	}
	return a.soon(ctx, "setMyCommands", params{"scope": asJSON(s), "commands": asJSON(want)}, nil)
}

// menu is what people find of the commands. Subcommands they type.
func menu(cmds []core.Command) []listed {
	out := make([]listed, 0, len(cmds))
	for _, c := range cmds[:min(len(cmds), maxCommands)] {
		out = append(out, listed{c.Name, c.Summary})
	}
	return out
}
