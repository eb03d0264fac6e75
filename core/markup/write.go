package markup

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// joint is an empty span of code. It is nothing, and lets a mark stand beside a
// letter.
const joint = "``"

// Write returns a Text that Parse reads as spans, if they came from Parse. Of
// other trees, adjacent words become one, and what cannot be nested is left out
// with its contents kept.
func Write(spans []Span) Text {
	if len(spans) == 1 && spans[0].Kind == Word && strings.IndexFunc(spans[0].Text, unruly) < 0 {
		return Text(spans[0].Text)
	}
	w := writer{b: make([]byte, 0, 256)}
	w.spans(spans)
	return Text(w.b)
}

type writer struct {
	b      []byte
	line   int    // where the current line begins in b
	closed int    // where the last mark that closed something ends in b
	alone  bool   // the current line is a block's or a quote's, and complete
	inside []Kind // the spans being written that end with their line
}

func (w *writer) spans(spans []Span) {
	for _, s := range spans {
		w.span(s)
	}
}

func (w *writer) span(s Span) {
	if w.alone && s.Kind != Break {
		w.newline()
	}
	switch s.Kind {
	case Break:
		w.newline()
	case Bold:
		w.wrap(s, '*')
	case Italic:
		w.wrap(s, '_')
	case Code:
		w.code(s.Text)
	case Block:
		w.block(s)
	case Link:
		w.link(s)
	case Mention:
		w.mention(s)
	case Moment:
		w.b = append(w.b, Time(s.Time)...)
	case Quote:
		w.quote(s)
	default:
		w.word(s.Text)
	}
}

func (w *writer) newline() {
	switch {
	case len(w.inside) == 0:
		w.b = append(w.b, '\n')
	case len(w.inside) == 1 && w.inside[0] == Quote:
		w.b = append(w.b, "\n> "...)
	default:
		w.b = append(w.b, "\\\n"...)
		return
	}
	w.line, w.alone = len(w.b), false
}

func (w *writer) word(s string) {
	if len(w.b) > 0 && len(w.b) == w.closed && headOf(s) == letter {
		w.b = append(w.b, joint...)
	}
	w.b = appendEscaped(w.b, s)
}

// wrap writes s between two marks, with glue where they would meet a space.
func (w *writer) wrap(s Span, mark byte) {
	if slices.Contains(w.inside, s.Kind) {
		w.spans(s.Spans)
		return
	}
	before := len(w.b)
	if w.tail() == letter {
		w.b = append(w.b, joint...)
	}
	w.b = append(w.b, mark)
	from := len(w.b)
	w.within(s)
	if len(w.b) == from {
		w.b = w.b[:before]
		return
	}
	if first, _ := utf8.DecodeRune(w.b[from:]); classOf(first) == space || w.b[from] == '\\' && w.b[from+1] == '\n' {
		w.b = slices.Insert(w.b, from, []byte(glue)...)
	}
	if w.tail() == space {
		w.b = append(w.b, glue...)
	}
	w.b = append(w.b, mark)
	w.closed = len(w.b)
}

func (w *writer) within(s Span) {
	w.inside = append(w.inside, s.Kind)
	w.spans(s.Spans)
	w.inside = w.inside[:len(w.inside)-1]
}

func (w *writer) tail() class {
	if len(w.b) == w.line {
		return other
	}
	last, _ := utf8.DecodeLastRune(w.b)
	return classOf(last)
}

func (w *writer) code(s string) {
	if s != "" {
		w.b = append(w.b, '`')
		w.b = appendEscaped(w.b, s)
		w.b = append(w.b, '`')
	}
}

func (w *writer) block(s Span) {
	if len(w.inside) > 0 || s.Text == "" {
		w.code(s.Text)
		return
	}
	w.ownLine()
	w.b = append(w.b, fence...)
	w.b = appendEscaped(w.b, language(s.Lang))
	w.b = append(w.b, '\n')
	w.b = appendEscaped(w.b, s.Text)
	w.b = append(w.b, "\n"+fence...)
	w.alone = true
}

func (w *writer) quote(s Span) {
	if len(w.inside) > 0 || len(s.Spans) == 0 {
		w.spans(s.Spans)
		return
	}
	w.ownLine()
	w.b = append(w.b, "> "...)
	w.line = len(w.b)
	w.within(s)
	w.alone = true
}

func (w *writer) ownLine() {
	if len(w.b) > w.line {
		w.newline()
	}
}

func (w *writer) link(s Span) {
	url, ok := address(s.URL)
	if !ok || slices.Contains(w.inside, Link) {
		w.spans(s.Spans)
		return
	}
	w.b = append(w.b, '[')
	w.within(s)
	w.b = append(w.b, "]("...)
	w.b = appendEscaped(w.b, url)
	w.b = append(w.b, ')')
}

func (w *writer) mention(s Span) {
	w.b = append(w.b, "<@"...)
	w.b = appendEscaped(w.b, s.Person)
	w.b = append(w.b, '|')
	w.b = appendEscaped(w.b, s.Text)
	w.b = append(w.b, '>')
}
