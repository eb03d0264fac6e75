package coretest

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/usherbot/usher/core"
)

// ink colours text for a style. On plain paper it does nothing.
type ink func(style, text string) string

// The styles.
const (
	strong = "1"
	dim    = "2"
	blue   = "34"
	green  = "32"
	red    = "31"
)

func toned(t core.Tone) string {
	switch t {
	case core.Main:
		return blue
	case core.Good:
		return green
	case core.Bad:
		return red
	}
	return ""
}

// card lays a message out in lines.
type card struct {
	ink    ink
	bot    string
	place  string // where it stands, if elsewhere
	number func(c Control, choice string) int
}

func (c card) lines(s Seen) []string {
	head := c.ink(strong, c.bot)
	if c.place != "" {
		head += " in " + c.place
	}
	if s.Private {
		head += c.ink(dim, " (only you see this)")
	}
	edge := "  "
	if style := toned(s.Tone); style != "" {
		edge = c.ink(style, "| ")
	}
	lines := []string{head}
	for line := range strings.SplitSeq(clean(s.Text), "\n") {
		lines = append(lines, strings.TrimRight(edge+line, " "))
	}
	return append(lines, c.controls(s.Controls)...)
}

// controls has buttons beside one another and everything else on its own line.
func (c card) controls(controls []Control) []string {
	var lines, buttons []string
	flush := func() {
		if len(buttons) > 0 {
			lines, buttons = append(lines, "  "+strings.Join(buttons, "  ")), nil
		}
	}
	for _, control := range controls {
		if control.Kind == Button {
			buttons = append(buttons, c.numbered(control, "", control.Label))
			continue
		}
		flush()
		lines = append(lines, "  "+c.control(control))
	}
	flush()
	return lines
}

func (c card) control(control Control) string {
	label := oneLine(control.Label)
	switch control.Kind {
	case Link:
		if control.Leads {
			label = c.numbered(control, "", label)
		}
		return label + ": " + oneLine(control.URL)
	case Copy:
		return label + ": " + oneLine(control.Text)
	case Picture:
		return "(a picture) " + oneLine(control.Text)
	}
	var out strings.Builder
	out.WriteString(label + ":")
	for _, choice := range control.Choices {
		out.WriteString(" " + c.numbered(control, choice.Label, choice.Label))
	}
	return out.String()
}

func (c card) numbered(control Control, choice, label string) string {
	n := fmt.Sprintf("[%d] ", c.number(control, choice))
	return c.ink(dim, n) + c.ink(toned(control.Tone), oneLine(label))
}

// clean takes out of what others wrote all that a terminal would obey: control
// characters, and those that turn the direction of writing.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

func oneLine(text string) string { return strings.Join(strings.Fields(clean(text)), " ") }
