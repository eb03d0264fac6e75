package discord

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

// Publish implements core.Adapter. The whole list is written, and only when it
// differs.
func (a *Adapter) Publish(ctx context.Context, cmds []core.Command, write bool) error {
	private := map[string]bool{}
	notePrivate(private, "", cmds)
	a.private.Store(&private)
	if err := tooDeep("", cmds, 0); err != nil {
		return err
	}
	err := a.persist(ctx, "find out who the bot is", func() error { return a.identify(ctx) })
	if err != nil || !write {
		return err
	}
	if len(cmds) > maxCommands {
		a.log.Warn("some commands cannot be called", "platform", platform, "commands", len(cmds), "most", maxCommands)
	}
	want := a.menu(cmds)
	err = a.tryPublish(ctx, want)
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case a.config.Guild != "" && hopeless(err) && errors.Is(err, core.ErrForbidden) || codeOf(err) == discordgo.ErrCodeUnknownGuild:
		return fmt.Errorf("DISCORD_GUILD: the bot is not in that server, or may have no commands there. Invite it with the scope applications.commands, or leave the setting out: %w", err)
	}
	// What was there before can still be called, so it keeps no bot from running.
	a.log.Error("the commands are not published", "platform", platform, "error", err)
	return nil
}

// notePrivate notes which commands are likely to be answered privately: those
// that say so, and those that a login may come before.
func notePrivate(private map[string]bool, above string, cmds []core.Command) {
	for _, c := range cmds {
		private[above+c.Name] = c.Private || c.Needs.Provider != ""
		notePrivate(private, above+c.Name+" ", c.Sub)
	}
}

// patience is the longest wait between tries to publish: the bot is to run, too.
const patience = 10 * time.Second

// tryPublish is publish with some patience.
func (a *Adapter) tryPublish(ctx context.Context, want []command) error {
	for try := 0; ; try++ {
		err := a.publish(ctx, want)
		if err == nil || hopeless(err) || try == retries {
			return err
		}
		if err := reach.Pause(ctx, min(reach.Backoff(try, err), patience)); err != nil {
			return err
		}
	}
}

// publish makes the list what it should be, if it is not.
func (a *Adapter) publish(ctx context.Context, want []command) error {
	at := "/applications/" + url.PathEscape(a.self.Load().ID)
	if a.config.Guild != "" {
		at += "/guilds/" + url.PathEscape(a.config.Guild)
	}
	at += "/commands"
	var have []command
	err := a.soon(ctx, request{does: "read commands", method: http.MethodGet, path: at + "?with_localizations=true"}, &have)
	if err != nil && !unsure(err) {
		return err
	}
	for i := range have {
		if a.config.Guild != "" { // which says where they can be used; Discord answers something all the same
			have[i].Contexts, have[i].Integrations = nil, nil
		}
	}
	if err == nil && same(have, want) {
		return nil
	}
	return a.soon(ctx, request{does: "publish commands", method: http.MethodPut, path: at, body: want}, nil)
}

// same reports whether two lists mean the same. Discord fills in what it takes
// for granted, and keeps no order.
func same(have, want []command) bool {
	return reflect.DeepEqual(normal(have), normal(want))
}

// normal is a list as it can be compared.
func normal(cmds []command) []command {
	out := slices.Clone(cmds)
	for i, c := range out {
		c.Type = cmp.Or(c.Type, int(discordgo.ChatApplicationCommand))
		c.Contexts, c.Integrations = slices.Sorted(slices.Values(c.Contexts)), slices.Sorted(slices.Values(c.Integrations))
		c.Members, c.Names, c.Descriptions = notNull(c.Members), notNull(c.Names), notNull(c.Descriptions)
		c.Options = normalOptions(c.Options)
		out[i] = c
	}
	slices.SortFunc(out, func(x, y command) int { return cmp.Or(cmp.Compare(x.Type, y.Type), cmp.Compare(x.Name, y.Name)) })
	return out
}

func normalOptions(options []declared) []declared {
	var out []declared
	for _, o := range options {
		o.Names, o.Descriptions = notNull(o.Names), notNull(o.Descriptions)
		var choices []value
		for _, c := range o.Choices {
			c.Names = notNull(c.Names)
			choices = append(choices, c)
		}
		o.Options, o.Choices = normalOptions(o.Options), choices
		out = append(out, o)
	}
	return out
}

// notNull is a value, or nothing in place of null and of what is empty.
func notNull(raw json.RawMessage) json.RawMessage {
	if s := string(raw); s == "null" || s == "{}" {
		return nil
	}
	return raw
}
