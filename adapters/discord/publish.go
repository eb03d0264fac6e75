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

// Limits of commands: platforms.md 1.4.
const (
	maxCommands = 100
	maxOptions  = 25
	maxSummary  = 100
	maxLength   = 6000    // of a string
	maxNumber   = 1 << 53 // of an integer, and one more
)

// command is a command as people choose it. What is not set here is held against
// what is there, so that something that nobody asked for goes.
type command struct {
	Type         int             `json:"type"`
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	Options      []declared      `json:"options,omitempty"`
	Contexts     []int           `json:"contexts,omitempty"`          // where it can be used
	Integrations []int           `json:"integration_types,omitempty"` // how the bot has to be installed
	Members      json.RawMessage `json:"default_member_permissions,omitempty"`
	NSFW         bool            `json:"nsfw,omitempty"`
	Names        json.RawMessage `json:"name_localizations,omitempty"`
	Descriptions json.RawMessage `json:"description_localizations,omitempty"`
}

// declared is an option, or a subcommand with its options.
type declared struct {
	Type         int             `json:"type"`
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	Required     bool            `json:"required,omitempty"`
	Options      []declared      `json:"options,omitempty"`
	Choices      []value         `json:"choices,omitempty"`
	Least        *float64        `json:"min_value,omitempty"`
	Most         *float64        `json:"max_value,omitempty"`
	Shortest     *int            `json:"min_length,omitempty"`
	Longest      *int            `json:"max_length,omitempty"`
	Autocomplete bool            `json:"autocomplete,omitempty"`
	Names        json.RawMessage `json:"name_localizations,omitempty"`
	Descriptions json.RawMessage `json:"description_localizations,omitempty"`
}

type value struct {
	Name  string          `json:"name"`
	Value string          `json:"value"`
	Names json.RawMessage `json:"name_localizations,omitempty"`
}

// Publish implements core.Adapter. The whole list is written, and only when it
// differs.
func (a *Adapter) Publish(ctx context.Context, cmds []core.Command, write bool) error {
	private := map[string]bool{}
	notePrivate(private, "", cmds)
	a.private.Store(&private)
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

// menu is what people find of the commands: in guilds that have installed the
// bot, and in the chat with it.
func (a *Adapter) menu(cmds []core.Command) []command {
	out := make([]command, 0, len(cmds))
	for _, c := range cmds[:min(len(cmds), maxCommands)] {
		one := command{Type: int(discordgo.ChatApplicationCommand), Name: c.Name, Description: summary(c.Summary, c.Name), Options: below(c, 0)}
		if a.config.Guild == "" {
			one.Contexts = []int{int(discordgo.InteractionContextGuild), int(discordgo.InteractionContextBotDM)}
			one.Integrations = []int{int(discordgo.ApplicationIntegrationGuildInstall)}
		}
		out = append(out, one)
	}
	return out
}

// below are the options of a command, or its subcommands. Discord has them on two
// levels; what is deeper cannot be called.
func below(c core.Command, level int) []declared {
	var out []declared
	for _, sub := range c.Sub {
		d := declared{Name: sub.Name, Description: summary(sub.Summary, sub.Name), Options: below(sub, level+1)}
		switch d.Type = int(discordgo.ApplicationCommandOptionSubCommand); {
		case len(sub.Sub) > 0 && level > 0:
			continue
		case len(sub.Sub) > 0:
			d.Type = int(discordgo.ApplicationCommandOptionSubCommandGroup)
		}
		out = append(out, d)
	}
	for _, o := range c.Options {
		if len(c.Sub) == 0 {
			out = append(out, declare(o.Spec()))
		}
	}
	return out[:min(len(out), maxOptions)]
}

// declare is an option. Choices that Discord cannot show are typed.
func declare(s core.Spec) declared {
	d := declared{Name: s.Name, Description: summary(s.Summary, s.Name), Required: s.Required}
	ranged := s.Min != 0 || s.Max != 0
	switch s.Kind {
	case core.KindInt:
		d.Type = int(discordgo.ApplicationCommandOptionInteger)
		if ranged {
			d.Least, d.Most = new(float64(max(s.Min, 1-maxNumber))), new(float64(min(s.Max, maxNumber-1)))
		}
	case core.KindBool:
		d.Type = int(discordgo.ApplicationCommandOptionBoolean)
	case core.KindPerson:
		d.Type = int(discordgo.ApplicationCommandOptionUser)
	default:
		d.Type = int(discordgo.ApplicationCommandOptionString)
		if ranged && s.Kind == core.KindString {
			d.Shortest, d.Longest = new(int(min(max(s.Min, 0), maxLength))), new(int(min(max(s.Max, 1), maxLength)))
		}
		if showable(s.Choices) {
			for _, c := range s.Choices {
				d.Choices = append(d.Choices, value{Name: c.Label, Value: cmp.Or(c.Value, c.Label)})
			}
		}
	}
	return d
}

func showable(choices []core.Choice) bool {
	return len(choices) <= maxOptions && !slices.ContainsFunc(choices, func(c core.Choice) bool {
		return c.Label == "" || len([]rune(c.Label)) > maxChoice || len([]rune(c.Value)) > maxChoice
	})
}

// summary is a description, which there must be.
func summary(text, name string) string { return cut(cmp.Or(text, name), maxSummary) }
