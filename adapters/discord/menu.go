package discord

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core"
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

// menu is what people find of the commands: in guilds that have installed the
// bot, and in the chat with it.
func (a *Adapter) menu(cmds []core.Command) []command {
	out := make([]command, 0, len(cmds))
	for _, c := range cmds[:min(len(cmds), maxCommands)] {
		one := command{Type: int(discordgo.ChatApplicationCommand), Name: c.Name, Description: summary(c.Summary, c.Name), Options: below(c)}
		if a.config.Guild == "" {
			one.Contexts = []int{int(discordgo.InteractionContextGuild), int(discordgo.InteractionContextBotDM)}
			one.Integrations = []int{int(discordgo.ApplicationIntegrationGuildInstall)}
		}
		out = append(out, one)
	}
	return out
}

// tooDeep says which commands Discord cannot show: it has subcommands, and groups
// of them, and nothing below.
func tooDeep(above string, cmds []core.Command, level int) error {
	var wrong []error
	for _, c := range cmds {
		name := above + c.Name
		switch {
		case len(c.Sub) > 0 && level > 1:
			wrong = append(wrong, fmt.Errorf("command %s: Discord has subcommands on two levels only. Move what is below it up", name))
		case len(c.Sub) > maxOptions:
			wrong = append(wrong, fmt.Errorf("command %s: it has %d subcommands, and Discord takes %d", name, len(c.Sub), maxOptions))
		case len(c.Sub) == 0 && len(c.Options) > maxOptions:
			wrong = append(wrong, fmt.Errorf("command %s: it has %d options, and Discord takes %d", name, len(c.Options), maxOptions))
		default:
			wrong = append(wrong, tooDeep(name+" ", c.Sub, level+1))
		}
	}
	return errors.Join(wrong...)
}

// below are the options of a command, or its subcommands.
func below(c core.Command) []declared {
	var out []declared
	for _, sub := range c.Sub {
		d := declared{Type: int(discordgo.ApplicationCommandOptionSubCommand), Name: sub.Name, Description: summary(sub.Summary, sub.Name), Options: below(sub)}
		if len(sub.Sub) > 0 {
			d.Type = int(discordgo.ApplicationCommandOptionSubCommandGroup)
		}
		out = append(out, d)
	}
	for _, o := range c.Options {
		if len(c.Sub) == 0 {
			out = append(out, declare(o.Spec()))
		}
	}
	return out
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
