package adaptertest

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// measure is one of Limits, and a message that has as much of it as is asked for.
type measure struct {
	name  string
	limit int
	make  func(n int) core.Message
}

// letters are n characters that are two bytes each.
func letters(n int) string { return strings.Repeat("ж", n) }

func several[T any](n int, one func(i int) T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = one(i)
	}
	return out
}

func measures(s *scene, c core.Caps) []measure {
	l := c.Limits
	press := func(i int) core.Control { return core.Button{Label: "Button " + strconv.Itoa(i)} }
	all := []measure{
		{"label", l.Label, func(n int) core.Message { return say("x", row(core.Button{Label: letters(n)})) }},
		{"label of a link", l.Label, func(n int) core.Message {
			return say("x", row(core.Link{Label: letters(n), URL: "https://example.com/"}))
		}},
		{"row", l.Row, func(n int) core.Message { return say("x", several(n, press)) }},
		{"rows", l.Rows, func(n int) core.Message {
			return say("x", several(n, func(i int) []core.Control { return row(press(i)) })...)
		}},
	}
	if c.Copies {
		all = append(all, measure{"copy", l.Copy, func(n int) core.Message {
			return say("x", row(core.Copy{Label: "Copy", Text: letters(n)}))
		}})
	}
	if c.Selects {
		all = append(all, selectMeasures(l)...)
	}
	if c.Images {
		all = append(all, imageMeasures(s, c)...)
	}
	if c.Embeds {
		all = append(all, embedMeasures(l)...)
	}
	return all
}

func choice(i int) core.Choice { return core.Choice{Label: "Choice " + strconv.Itoa(i)} }

func selectMeasures(l core.Limits) []measure {
	pick := func(choices ...core.Choice) core.Message {
		return say("x", row(core.Select{Hint: "Pick", Choices: choices}))
	}
	return []measure{
		{"choices", l.Choices, func(n int) core.Message { return pick(several(n, choice)...) }},
		{"value", l.Value, func(n int) core.Message { return pick(core.Choice{Label: "v", Value: letters(n)}) }},
		{"choice", l.Choice, func(n int) core.Message { return pick(core.Choice{Label: letters(n), Value: "v"}) }},
	}
}

func imageMeasures(s *scene, c core.Caps) []measure {
	all := []measure{{"text with an image", c.Limits.Caption, func(n int) core.Message {
		return core.Message{Text: markup.Plain(letters(n)), Image: s.picture(0, "")}
	}}}
	if c.Alts {
		all = append(all, measure{"alt text", c.Limits.Alt, func(n int) core.Message {
			return core.Message{Text: "x", Image: s.picture(0, letters(n))}
		}})
	}
	return all
}

func embedMeasures(l core.Limits) []measure {
	one := func(e core.Embed) core.Message { return core.Message{Embeds: []core.Embed{e}} }
	field := func(i int) core.Field { return core.Field{Name: "Name " + strconv.Itoa(i), Value: "Value"} }
	return []measure{
		{"embeds", l.Embeds, func(n int) core.Message {
			return core.Message{Embeds: several(n, func(i int) core.Embed { return core.Embed{Title: "Embed " + strconv.Itoa(i)} })}
		}},
		{"all embeds", l.AllEmbeds, func(n int) core.Message {
			var all []core.Embed
			for ; n > 0; n -= 1000 {
				all = append(all, core.Embed{Text: markup.Plain(letters(min(n, 1000)))})
			}
			return core.Message{Embeds: all}
		}},
		{"embed title", l.EmbedTitle, func(n int) core.Message { return one(core.Embed{Title: letters(n)}) }},
		{"embed text", l.EmbedText, func(n int) core.Message { return one(core.Embed{Text: markup.Plain(letters(n))}) }},
		{"fields", l.Fields, func(n int) core.Message { return one(core.Embed{Fields: several(n, field)}) }},
		{"field name", l.FieldName, func(n int) core.Message {
			return one(core.Embed{Fields: []core.Field{{Name: letters(n), Value: "Value"}}})
		}},
		{"field text", l.FieldText, func(n int) core.Message {
			return one(core.Embed{Fields: []core.Field{{Name: "Name", Value: markup.Plain(letters(n))}}})
		}},
		{"footer", l.Footer, func(n int) core.Message { return one(core.Embed{Title: "x", Footer: letters(n)}) }},
	}
}

// limits: what is as large as Limits say is taken as it is, and of what is larger
// what Fit makes of it.
func limits(s *scene) {
	b := s.start()
	chat := b.general()
	for _, m := range append(measures(s, b.Caps()), b.texts()...) {
		if m.limit == 0 {
			continue
		}
		before := len(s.World.Sees("bob", general))
		if _, err := b.Send(s.Context(), chat, s.dress(m.make(m.limit))); err != nil {
			s.Errorf("%s of %d: %v", m.name, m.limit, err)
		} else if seen := s.World.Sees("bob", general); m.make(m.limit).Image != nil && !strings.Contains(seen[len(seen)-1].String(), "[picture]") {
			s.Errorf("%s of %d: bob sees no picture", m.name, m.limit)
		}
		parts := core.Fit(m.make(m.limit+1), b.Caps(), b.Size)
		for i, part := range parts {
			if _, err := b.Send(s.Context(), chat, s.dress(part)); err != nil {
				s.Errorf("%s of %d, part %d: %v", m.name, m.limit+1, i, err)
			}
		}
		if got, want := len(s.World.Sees("bob", general))-before, 1+len(parts); got != want {
			s.Errorf("%s: bob sees %d messages, want %d", m.name, got, want)
		}
	}
}

// texts measure a text by how often a character is in it.
func (b *bot) texts() []measure {
	var all []measure
	for _, unit := range []string{"a", "ж", "😀", "&", "*"} {
		text := func(n int) markup.Text { return markup.Plain(strings.Repeat(unit, n)) }
		limit := b.Caps().Limits.Text
		most := sort.Search(limit, func(n int) bool { return b.Size(text(n+1)) > limit })
		all = append(all, measure{fmt.Sprintf("text of %q", unit), most, func(n int) core.Message { return say(text(n)) }})
	}
	return all
}

// formLimits: Fit does not see forms, so they are only tried at their limits.
func formLimits(s *scene) {
	b := s.start()
	if !b.Caps().Forms {
		return
	}
	l := b.Caps().Limits
	inputs := max(l.Inputs, 1)
	f := core.Form{Title: "Form " + letters(max(l.FormTitle-5, 1)), Inputs: several(inputs, func(i int) core.Input {
		return core.Input{Name: "in" + strconv.Itoa(i), Label: strconv.Itoa(i%10) + letters(max(l.InputLabel-1, 1))}
	})}
	if l.Choices > 0 {
		f.Inputs[0].Choices = several(l.Choices, choice)
	}
	f.Do = s.token(f.Do)
	e := b.hears("alice", general, "/echo hello")
	s.must("ask", e.Back.Ask(s.Context(), f))
	if got := s.sees("alice", general, "Form"); len(got.Controls) != inputs {
		s.Errorf("got a form of %d inputs, want %d", len(got.Controls), inputs)
	}
}
