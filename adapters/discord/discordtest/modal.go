package discordtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// modal is a form before somebody's eyes.
type modal struct {
	key  string       // what Seen calls it
	from *interaction // which it answers
	wireModal
}

type wireModal struct {
	CustomID   string      `json:"custom_id"`
	Title      string      `json:"title"`
	Components []component `json:"components"`
}

// readModal reads what opens a modal.
func readModal(body []byte) (wireModal, error) {
	var m wireModal
	if err := read(body, &m); err != nil {
		return m, err
	}
	var f form
	f.length("data.custom_id", m.CustomID, 1, 100)
	f.length("data.title", m.Title, 1, 45)
	f.amount("data.components", len(m.Components), 1, 5)
	used := map[string]bool{}
	for i, c := range m.Components {
		f.item(fmt.Sprintf("data.components.%d", i), c, used)
	}
	return m, f.err()
}

// item checks a row of a modal: a label with something in it, the old form of a
// text input, or words.
func (f *form) item(at string, c component, used map[string]bool) {
	switch {
	case c.Type == textDisplay:
		f.length(at+".content", c.Content, 1, 4000)
	case c.Type == actionRow && len(c.Components) == 1 && c.Components[0].Type == textInput:
		at += ".components.0"
		f.length(at+".label", c.Components[0].Label, 1, 45)
		f.input(at, c.Components[0], used)
	case c.Type == label && c.Component != nil:
		f.length(at+".label", c.Label, 1, 45)
		f.length(at+".description", c.Description, 0, 100)
		at += ".component"
		if c.Component.Label != "" {
			f.wrong(at+".label", "COMPONENT_LABEL_NOT_ALLOWED", "The label stands around it")
		}
		f.input(at, *c.Component, used)
	default:
		f.wrong(at, "UNION_TYPE_CHOICES", "A modal is made of labels, rows of one text input, and text displays")
	}
}

// input checks what a person fills in.
func (f *form) input(at string, c component, used map[string]bool) {
	f.customID(at, c, used)
	switch c.Type {
	case textInput:
		f.length(at+".placeholder", c.Placeholder, 0, 100)
		f.length(at+".value", c.Value, 0, 4000)
		f.amount(at+".style", c.Style, 1, 2)
		f.amount(at+".min_length", or(c.MinLength, 0), 0, 4000)
		f.amount(at+".max_length", or(c.MaxLength, 4000), max(1, or(c.MinLength, 0)), 4000)
	case stringSelect:
		f.options(at, c, 1)
		f.selection(at, c)
	case radioGroup:
		f.options(at, c, 2)
	default:
		f.wrong(at+".type", "UNSUPPORTED_HERE", "Forms have text inputs, string selects and radio groups in this Discord")
	}
}

// inputs are what m asks for, each with the words around it.
func (m wireModal) inputs() []component {
	var out []component
	for _, c := range m.Components {
		switch c.Type {
		case actionRow:
			out = append(out, c.Components[0])
		case label:
			in := *c.Component
			in.Label, in.Description = c.Label, c.Description
			out = append(out, in)
		}
	}
	return out
}

// seen is m as its person sees it.
func (m *modal) seen() coretest.Seen {
	out := coretest.Seen{ID: m.key, Text: m.Title, Form: true}
	for _, in := range m.inputs() {
		c := coretest.Control{
			Kind: coretest.Input, Label: in.Label, Hint: in.Placeholder, Text: in.Value, Optional: !or(in.Required, true),
			Min: 1, Max: 1, Key: in.CustomID,
		}
		if c.Hint == "" {
			c.Hint = in.Description
		}
		switch in.Type {
		case textInput:
			c.Min, c.Max = or(in.MinLength, 0), or(in.MaxLength, 4000)
		case stringSelect:
			c.Min, c.Max = or(in.Min, 1), or(in.Max, 1)
		}
		for _, o := range in.Options {
			c.Choices = append(c.Choices, core.Choice{Label: o.Label, Value: o.Value})
			if o.Default {
				c.Text = o.Label
			}
		}
		out.Controls = append(out.Controls, c)
	}
	return out
}

// Fill implements coretest.World. Several choices of one select are separated by
// commas.
func (s *Server) Fill(who string, m coretest.Seen, values map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	open := p.modal
	if open == nil || open.key != m.ID {
		return fmt.Errorf("%s has no such form open", who)
	}
	filled, left := map[string][]string{}, maps.Clone(values)
	for _, in := range open.inputs() {
		text, given := left[in.Label]
		delete(left, in.Label)
		got, err := in.filled(text, given)
		if err != nil {
			return err
		}
		filled[in.CustomID] = got
	}
	if len(left) > 0 {
		return fmt.Errorf("the form does not ask for %q", slices.Sorted(maps.Keys(left)))
	}
	p.modal = nil
	s.submit(p, open, filled)
	return nil
}

// filled is what is sent for an input. What is not given stays as the bot has
// put it there.
func (in component) filled(text string, given bool) ([]string, error) {
	out := []string{in.Value}
	if given {
		out[0] = text
	}
	if in.Type != textInput {
		var err error
		if out, err = in.chosen(text, given); err != nil {
			return nil, err
		}
	}
	if empty := len(out) == 0 || out[0] == ""; empty && or(in.Required, true) {
		return nil, fmt.Errorf("%q must be filled in", in.Label)
	} else if empty || in.Type != textInput {
		return out, nil
	}
	n := utf8.RuneCountInString(out[0])
	if least, most := or(in.MinLength, 0), or(in.MaxLength, 4000); n < least || n > most {
		return nil, fmt.Errorf("%q takes %d to %d characters", in.Label, least, most)
	}
	return out, nil
}

// chosen are the values of the choices that are named, or of those that the bot
// has made.
func (in component) chosen(text string, given bool) ([]string, error) {
	out := []string{}
	for _, o := range in.Options {
		if !given && o.Default {
			out = append(out, o.Value)
		}
	}
	if !given || text == "" {
		return out, nil
	}
	labels := []string{text}
	if !in.offers(text) {
		labels = strings.Split(text, ",")
	}
	return in.pick(labels)
}

func (in component) offers(label string) bool {
	return slices.ContainsFunc(in.Options, func(o choice) bool { return o.Label == label })
}

// pick are the values of choices, by their labels.
func (in component) pick(labels []string) ([]string, error) {
	if n := len(labels); n < or(in.Min, 1) || n > or(in.Max, 1) {
		return nil, fmt.Errorf("%d choices, want %d to %d", n, or(in.Min, 1), or(in.Max, 1))
	}
	var out []string
	for _, name := range labels {
		i := slices.IndexFunc(in.Options, func(o choice) bool { return o.Label == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("there is no choice %q", name)
		}
		out = append(out, in.Options[i].Value)
	}
	return out, nil
}

// Leave implements coretest.World.
func (s *Server) Leave(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.person(who).modal = nil
	s.Change()
}
