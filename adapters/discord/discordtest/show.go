package discordtest

import (
	"slices"
	"strings"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// Sees implements coretest.World.
func (s *Server) Sees(who, where string) []coretest.Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, c := s.person(who), s.place(who, where)
	var out []coretest.Seen
	for _, m := range s.shown {
		if m.in == c && m.seenBy(p) {
			out = append(out, s.view(m))
		}
	}
	if p.modal != nil && p.modal.from.in == c {
		out = append(out, p.modal.seen())
	}
	return out
}

// view is m as people see it.
func (s *Server) view(m *message) coretest.Seen {
	out := coretest.Seen{ID: m.ID, Edited: !m.edited.IsZero(), Private: m.only != nil && m.in.with == nil}
	parts := []string{s.visible(m.said.Content)}
	if m.said.Flags&suppressEmbeds == 0 {
		for i, e := range m.said.Embeds {
			if i == 0 {
				out.Tone = e.tone()
			}
			parts = append(parts, s.viewEmbed(e)...)
		}
	}
	names, pictures := m.said.viewFiles()
	parts, out.Controls = append(parts, names...), pictures
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	out.Text = strings.Join(parts, "\n")
	for _, c := range m.said.controls() {
		if !c.Disabled {
			out.Controls = append(out.Controls, c.view())
		}
	}
	return out
}

// viewEmbed is what people see of e. A footer has no formatting.
func (s *Server) viewEmbed(e embed) []string {
	parts := []string{}
	if e.Author != nil {
		parts = append(parts, e.Author.Name)
	}
	parts = append(parts, s.visible(e.Title), e.URL, s.visible(e.Description))
	for _, f := range e.Fields {
		parts = append(parts, s.visible(f.Name)+": "+s.visible(f.Value))
	}
	for _, image := range []*embedImage{e.Image, e.Thumbnail} {
		if image != nil {
			parts = append(parts, image.URL)
		}
	}
	if e.Footer != nil {
		parts = append(parts, e.Footer.Text)
	}
	return parts
}

// tone is what the colour of e says: red, green or blue.
func (e embed) tone() core.Tone {
	rgb := or(e.Color, 0)
	red, green, blue := rgb>>16&0xFF, rgb>>8&0xFF, rgb&0xFF
	switch {
	case red > green && red > blue:
		return core.Bad
	case green > red && green > blue:
		return core.Good
	case blue > red && blue > green:
		return core.Main
	}
	return core.Plain
}

func (c component) view() coretest.Control {
	tones := map[int]core.Tone{1: core.Main, 2: core.Plain, 3: core.Good, 4: core.Bad}
	switch {
	case c.Type == button && c.Style == linkStyle:
		return coretest.Control{Kind: coretest.Link, Label: c.Label, URL: c.URL}
	case c.Type == button:
		return coretest.Control{Kind: coretest.Button, Label: c.Label, Tone: tones[c.Style], Key: c.CustomID}
	}
	out := coretest.Control{Kind: coretest.Select, Label: c.Placeholder, Min: or(c.Min, 1), Max: or(c.Max, 1), Key: c.CustomID}
	for _, o := range c.Options {
		out.Choices = append(out.Choices, core.Choice{Label: o.Label, Value: o.Value})
	}
	return out
}

// Busy reports whether the bot has yet to answer what people did. For
// coretest.Idle; there need be no answer to words.
func (s *Server) Busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.awaited || s.unanswered() > 0
}
