package coretest

import (
	"strings"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// show is what a person sees of m, without what only the Chat knows of it.
func show(m core.Message) Seen {
	parts := []string{markup.Visible(m.Text)}
	var s Seen
	for i, e := range m.Embeds {
		if i == 0 {
			s.Tone = e.Tone
		}
		parts = append(parts, showEmbed(e)...)
	}
	s.Text = strings.Join(filled(parts), "\n")
	if m.Image != nil {
		s.Controls = append(s.Controls, Control{Kind: Picture, Text: m.Image.Alt, Data: m.Image.Data})
	}
	for _, row := range m.Rows {
		for _, c := range row {
			s.Controls = append(s.Controls, showControl(c))
		}
	}
	return s
}

func showEmbed(e core.Embed) []string {
	parts := []string{e.Title, e.URL, markup.Visible(e.Text)}
	for _, f := range e.Fields {
		parts = append(parts, f.Name+": "+markup.Visible(f.Value))
	}
	return append(parts, e.Image, e.Footer)
}

func showControl(c core.Control) Control {
	switch c := c.(type) {
	case core.Button:
		return Control{Kind: Button, Label: c.Label, Tone: c.Tone, Key: c.Do.Token().Reveal()}
	case core.Link:
		return Control{Kind: Link, Label: c.Label, URL: c.URL, Leads: strings.HasPrefix(c.URL, opening)}
	case core.Copy:
		return Control{Kind: Copy, Label: c.Label, Text: c.Text}
	case core.Select:
		return Control{
			Kind: Select, Label: c.Hint, Choices: valued(c.Choices),
			Min: c.Min, Max: max(c.Max, 1), Key: c.Do.Token().Reveal(),
		}
	}
	return Control{}
}

// showForm is an open form. A label says what an input is called for a person,
// its Key what it is called for the bot.
func showForm(f core.Form) Seen {
	s := Seen{Text: f.Title, Form: true}
	for _, in := range f.Inputs {
		s.Controls = append(s.Controls, Control{
			Kind: Input, Label: in.Label, Hint: in.Hint, Text: in.Value,
			Choices: valued(in.Choices), Optional: in.Optional, Max: in.Max, Key: in.Name,
		})
	}
	return s
}

// valued returns the choices with a value each.
func valued(choices []core.Choice) []core.Choice {
	out := make([]core.Choice, len(choices))
	for i, c := range choices {
		if c.Value == "" {
			c.Value = c.Label
		}
		out[i] = c
	}
	return out
}

func filled(parts []string) []string {
	out := parts[:0]
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}
