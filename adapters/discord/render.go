package discord

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core"
)

// Limits of a message: platforms.md 1.1 to 1.3. A text may be twice as long once
// it is escaped, and core counts what is seen of embeds, so core is told half.
const (
	maxText     = 2000
	maxLabel    = 80
	maxURL      = 512 // of a button
	maxChoice   = 100
	maxHint     = 150 // of a select
	maxTitle    = 45  // of a form
	maxInput    = 4000
	maxMentions = 100
)

// Kinds of components.
const (
	typeRow    = 1
	typeButton = 2
	typeSelect = 3
	typeInput  = 4
	typeLabel  = 18
)

const (
	flagNoPreviews = int(discordgo.MessageFlagsSuppressEmbeds)
	flagPrivate    = int(discordgo.MessageFlagsEphemeral)
)

// payload is a message on the wire. Nothing is left out of it when it is empty:
// an edit would leave that as it was.
type payload struct {
	Content     string       `json:"content"`
	Embeds      []embed      `json:"embeds"`
	Components  []component  `json:"components"`
	Attachments []attachment `json:"attachments"`
	Mentions    mentions     `json:"allowed_mentions"`
	Flags       int          `json:"flags"`
	Nonce       string       `json:"nonce,omitempty"`
	Enforce     bool         `json:"enforce_nonce,omitempty"`
	Reference   *referredTo  `json:"message_reference,omitempty"`

	image *core.Image // nil: none
}

// mentions are whom a message may notify: nobody but who is named here.
type mentions struct {
	Parse []string `json:"parse"`
	Users []string `json:"users,omitempty"`
}

type referredTo struct {
	ID     string `json:"message_id"`
	MustBe bool   `json:"fail_if_not_exists"`
}

// component is a row and what is in it, or a label of a form and what is below it.
type component struct {
	Type       int         `json:"type"`
	Components []component `json:"components,omitempty"`
	Component  *component  `json:"component,omitempty"`

	CustomID    string   `json:"custom_id,omitempty"`
	Label       string   `json:"label,omitempty"`
	Description string   `json:"description,omitempty"`
	Style       int      `json:"style,omitempty"`
	URL         string   `json:"url,omitempty"`
	Placeholder string   `json:"placeholder,omitempty"`
	Options     []choice `json:"options,omitempty"`
	Min         *int     `json:"min_values,omitempty"`
	Max         int      `json:"max_values,omitempty"`
	Required    *bool    `json:"required,omitempty"`
	Value       string   `json:"value,omitempty"`
	MaxLength   int      `json:"max_length,omitempty"`

	Values []string `json:"values,omitempty"` // on the way in
}

type choice struct {
	Label   string `json:"label"`
	Value   string `json:"value"`
	Default bool   `json:"default,omitempty"`
}

// render makes of a message what the API takes. Without embeds of its own it gets
// none that Discord would make by fetching what its links lead to.
func render(m core.Message) payload {
	text, users := written(m.Text)
	p := payload{
		Embeds: embedsOf(m.Embeds), Components: []component{}, Mentions: mentions{Parse: []string{}},
		Attachments: attached(m.Image), image: m.Image,
	}
	var c controls
	for _, row := range m.Rows {
		if inside := c.row(row); len(inside) > 0 {
			p.Components = append(p.Components, component{Type: typeRow, Components: inside})
		}
	}
	p.Content = strings.TrimSpace(strings.Join(append([]string{text}, c.said...), "\n"))
	if len(p.Embeds) == 0 {
		p.Flags = flagNoPreviews
	}
	p.Mentions.Users = users[:min(len(users), maxMentions)]
	return p.spoken()
}

// controls are being rendered.
type controls struct {
	taken []string // ids
	said  []string // links that can be no buttons
}

func (c *controls) row(row []core.Control) []component {
	var out []component
	for _, control := range row {
		switch k := control.(type) {
		case core.Button:
			out = append(out, component{Type: typeButton, Style: styles[k.Tone], Label: label(k.Label, maxLabel), CustomID: c.id(k.Do)})
		case core.Link:
			if !goodLink(k.URL) {
				c.said = append(c.said, escape(k.Label)+": <"+k.URL+">")
				continue
			}
			out = append(out, component{Type: typeButton, Style: int(discordgo.LinkButton), Label: label(k.Label, maxLabel), URL: k.URL})
		case core.Select:
			out = append(out, component{
				Type: typeSelect, CustomID: c.id(k.Do), Placeholder: cut(k.Hint, maxHint), Options: choicesOf(k.Choices, ""),
				Min: new(min(max(k.Min, 0), len(k.Choices))), Max: min(max(k.Max, 1), len(k.Choices)),
			})
		}
	}
	return out
}

// between stands in an id between an action's token and what makes the id unique
// in its message. It is in no token.
const between = "."

// id is what comes back with a press: the token. The same one twice in a message
// is told apart.
func (c *controls) id(a core.Action) string {
	id := a.Token().Reveal()
	for n := 2; slices.Contains(c.taken, id); n++ {
		id = fmt.Sprintf("%s%s%d", a.Token().Reveal(), between, n)
	}
	c.taken = append(c.taken, id)
	return id
}

var styles = map[core.Tone]int{
	core.Plain: int(discordgo.SecondaryButton), core.Main: int(discordgo.PrimaryButton),
	core.Good: int(discordgo.SuccessButton), core.Bad: int(discordgo.DangerButton),
}

// goodLink reports whether a button can lead there.
func goodLink(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && utf8.RuneCountInString(link) <= maxURL
}

// choicesOf are the options of a select, of which one may be chosen at first.
func choicesOf(choices []core.Choice, chosen string) []choice {
	out := make([]choice, len(choices))
	for i, c := range choices {
		value := cmp.Or(c.Value, c.Label)
		out[i] = choice{Label: label(c.Label, maxChoice), Value: value, Default: chosen != "" && value == chosen}
	}
	return out
}

// modal is a form on the wire.
type modal struct {
	CustomID   string      `json:"custom_id"`
	Title      string      `json:"title"`
	Components []component `json:"components"`
}

// renderForm makes of a form what the API takes: an input below each label.
func renderForm(f core.Form) modal {
	m := modal{CustomID: f.Do.Token().Reveal(), Title: label(f.Title, maxTitle), Components: make([]component, len(f.Inputs))}
	for i, in := range f.Inputs {
		inside := inputOf(in)
		m.Components[i] = component{
			Type: typeLabel, Label: label(in.Label, maxTitle), Description: cut(in.Hint, maxChoice), Component: &inside,
		}
	}
	return m
}

func inputOf(in core.Input) component {
	c := component{CustomID: in.Name, Required: new(!in.Optional)}
	if len(in.Choices) > 0 {
		c.Type, c.Options = typeSelect, choicesOf(in.Choices, in.Value)
		if in.Optional {
			c.Min, c.Max = new(0), 1
		}
		return c
	}
	c.Type, c.Style = typeInput, int(discordgo.TextInputShort)
	if in.Long {
		c.Style = int(discordgo.TextInputParagraph)
	}
	c.MaxLength = min(in.Max, maxInput)
	c.Value = cut(in.Value, cmp.Or(c.MaxLength, maxInput))
	return c
}

// label is a text that has to be there.
func label(text string, most int) string {
	if strings.TrimSpace(text) == "" {
		return "…"
	}
	return cut(text, most)
}

// cut is as much of a text as there may be.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
