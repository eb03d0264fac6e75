package core

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usherbot/usher/core/markup"
)

// Fit makes of a message what a platform can show: the messages to send, in
// order, of which the last has the controls and the image. Nothing is lost that can be said in
// another way: embeds become text, selects buttons, what cannot be copied on a
// tap is shown as code, and a long text becomes several messages. Only what has
// no other place, such as the end of a label, is cut. size is how long a text is
// on the platform.
func Fit(m Message, c Caps, size func(markup.Text) int) []Message {
	if len(m.Embeds) == 0 && len(m.Rows) == 0 && m.Image == nil && (c.Limits.Text == 0 || size(m.Text) <= c.Limits.Text) {
		return []Message{m}
	}
	m = plainer(m, c)
	var out []Message
	texts := []markup.Text{m.Text}
	if c.Limits.Text > 0 {
		texts = markup.Split(m.Text, func(t markup.Text) bool { return size(t) <= c.Limits.Text })
	}
	for _, t := range texts {
		out = append(out, Message{Text: t})
	}
	if m.Image != nil {
		if !c.captions(out[len(out)-1].Text, size) {
			out = append(out, Message{})
		}
		out[len(out)-1].Image = m.Image
	}
	for i, embeds := range fitEmbeds(m.Embeds, c.Limits) {
		if i > 0 || len(out) == 0 {
			out = append(out, Message{})
		}
		out[len(out)-1].Embeds = embeds
	}
	for i, rows := range chunks(fitRows(m.Rows, c.Limits), c.Limits.Rows) {
		if i > 0 || len(out) == 0 {
			out = append(out, Message{})
		}
		out[len(out)-1].Rows = rows
	}
	for i := range out {
		out[i] = spoken(out[i])
		out[i].Private, out[i].Key = m.Private, m.Key
		if i > 0 {
			out[i].Key = "" // the parts are not repeats of each other
		}
	}
	out[len(out)-1].Answer = m.Answer
	return out
}

// fitOne is Fit for a message that replaces another: it cannot be several. What
// is too long is cut with "…", so that the controls stay, and an image that such a
// text can have no more is left out.
func fitOne(m Message, c Caps, size func(markup.Text) int) Message {
	m = plainer(m, c)
	if c.Limits.Text > 0 {
		m.Text = markup.Cut(m.Text, func(t markup.Text) bool { return size(t) <= c.Limits.Text })
	}
	if m.Image != nil && !c.captions(m.Text, size) {
		m.Image = nil
	}
	if fitted := fitEmbeds(m.Embeds, c.Limits); len(fitted) > 0 {
		m.Embeds = fitted[0]
	}
	m.Rows = atMost(fitRows(m.Rows, c.Limits), c.Limits.Rows)
	return spoken(m)
}

// spoken puts something above controls that stand alone: no platform takes a
// message that does not say a word.
func spoken(m Message) Message {
	if m.Text == "" && len(m.Embeds) == 0 && m.Image == nil && len(m.Rows) > 0 {
		m.Text = "…"
	}
	return m
}

// plainer replaces what the platform does not have at all.
func plainer(m Message, c Caps) Message {
	text := []markup.Text{}
	add := func(t markup.Text) {
		if t != "" {
			text = append(text, t)
		}
	}
	add(m.Text)
	if !c.Embeds {
		for _, e := range m.Embeds {
			add(e.text())
		}
		m.Embeds = nil
	}
	if m.Image != nil {
		if !c.Images || !c.Alts {
			add(markup.Plain(m.Image.Alt))
		}
		m.Image = fitImage(m.Image, c)
	}
	var rows [][]Control
	for _, row := range m.Rows {
		var left []Control
		for _, control := range row {
			kept, said := plainerControl(control, c)
			left = append(left, kept...)
			add(said)
		}
		if len(left) > 0 {
			rows = append(rows, left)
		}
	}
	m.Text, m.Rows = join(text), rows
	return m
}

// fitImage is what the platform can show of an image.
func fitImage(i *Image, c Caps) *Image {
	if !c.Images {
		return nil
	}
	fitted := *i
	fitted.Alt = cutLabel(i.Alt, c.Limits.Alt)
	return &fitted
}

// captions reports whether a message with an image can have that text.
func (c Caps) captions(t markup.Text, size func(markup.Text) int) bool {
	return c.Limits.Caption == 0 || size(t) <= c.Limits.Caption
}

// plainerControl returns the controls that stand for one, and what has to be
// said in the text instead.
func plainerControl(control Control, c Caps) ([]Control, markup.Text) {
	switch k := control.(type) {
	case Copy:
		if !c.Copies || c.Limits.Copy > 0 && len([]rune(k.Text)) > c.Limits.Copy {
			return nil, markup.F("%s: `%s`", k.Label, k.Text)
		}
	case Link:
		if !c.Loopback && onThisMachine(k.URL) {
			return nil, markup.F("%s: %s", k.Label, k.URL)
		}
	case Select:
		if !c.Selects || !c.Limits.offer(k.Choices) {
			return k.buttons(), markup.Plain(k.Hint)
		}
	}
	return []Control{control}, ""
}

// onThisMachine reports whether a link leads to a loopback address, which people
// can follow only on the machine that the bot runs on.
func onThisMachine(link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// buttons stand for a select where the platform has none: one is picked.
func (s Select) buttons() []Control {
	out := make([]Control, len(s.Choices))
	for i, c := range s.Choices {
		value, do := c.value(), s.Do
		do.picked = &value
		out[i] = Button{Label: c.Label, Do: do}
	}
	return out
}

// fitRows breaks rows that are too long, and gives each select a row.
func fitRows(rows [][]Control, l Limits) [][]Control {
	var out [][]Control
	for _, row := range rows {
		var line []Control
		end := func() {
			if len(line) > 0 {
				out, line = append(out, line), nil
			}
		}
		for _, c := range row {
			if s, ok := c.(Select); ok {
				end()
				out = append(out, []Control{fitSelect(s, l)})
				continue
			}
			if l.Row > 0 && len(line) == l.Row {
				end()
			}
			line = append(line, fitLabel(c, l))
		}
		end()
	}
	return out
}

func fitSelect(s Select, l Limits) Select {
	s.Choices, s.Max = fitChoices(s.Choices, l), max(s.Max, 1)
	return s
}

func fitChoices(choices []Choice, l Limits) []Choice {
	out := make([]Choice, len(choices))
	for i, c := range choices {
		out[i] = Choice{Label: cutLabel(c.Label, l.Choice), Value: c.value()}
	}
	return out
}

func fitLabel(c Control, l Limits) Control {
	switch c := c.(type) {
	case Button:
		c.Label = cutLabel(c.Label, l.Label)
		return c
	case Link:
		c.Label = cutLabel(c.Label, l.Label)
		return c
	case Copy:
		c.Label = cutLabel(c.Label, l.Label)
		return c
	}
	return c
}

// opens reports whether the platform can show all that a form asks for.
func (c Caps) opens(f Form) bool {
	return c.Forms && (c.Limits.Inputs == 0 || len(f.Inputs) <= c.Limits.Inputs) &&
		!slices.ContainsFunc(f.Inputs, func(i Input) bool { return !c.Limits.offer(i.Choices) })
}

// offer reports whether a select can have these choices, as far as they cannot be
// cut.
func (l Limits) offer(choices []Choice) bool {
	return (l.Choices == 0 || len(choices) <= l.Choices) && !slices.ContainsFunc(choices, func(c Choice) bool {
		return l.Value > 0 && utf8.RuneCountInString(c.value()) > l.Value
	})
}

// fitForm cuts what a form says. What it asks for stays.
func fitForm(f Form, l Limits) Form {
	f.Title = cutLabel(f.Title, l.FormTitle)
	inputs := make([]Input, len(f.Inputs))
	for i, input := range f.Inputs {
		input.Label, input.Choices = cutLabel(input.Label, l.InputLabel), fitChoices(input.Choices, l)
		inputs[i] = input
	}
	f.Inputs = inputs
	return f
}

// cutLabel cuts s to limit characters; 0 is no limit.
func cutLabel(s string, limit int) string {
	if limit <= 0 || len(s) <= limit {
		return s
	}
	r := []rune(s)
	if len(r) <= limit {
		return s
	}
	return strings.TrimSpace(string(r[:limit-1])) + "…"
}

// visibly counts what is seen.
func visibly(t markup.Text) int { return utf8.RuneCountInString(markup.Visible(t)) }

func visiblyFits(limit int) func(markup.Text) bool {
	return func(t markup.Text) bool { return visibly(t) <= limit }
}

// chunks cuts s into parts of at most size; 0 is no limit.
func chunks[T any](s []T, size int) [][]T {
	var out [][]T
	for size > 0 && len(s) > size {
		out, s = append(out, s[:size:size]), s[size:]
	}
	if len(s) > 0 {
		out = append(out, s)
	}
	return out
}

func atMost[T any](s []T, n int) []T {
	if n > 0 && len(s) > n {
		return s[:n]
	}
	return s
}

// join puts texts below each other.
func join(lines []markup.Text) markup.Text {
	switch len(lines) {
	case 0:
		return ""
	case 1:
		return lines[0]
	}
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(string(l))
	}
	return markup.Text(b.String())
}
