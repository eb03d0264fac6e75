package slacktest

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file reads Slack's mrkdwn as people see it: without its marks.

// reader reads one message, and notes whom that calls.
type reader struct {
	s     *Server
	calls []string // ids of people, and here, channel and everyone
}

// glyph is what a person sees of a stretch of a text, with what it may do there.
type glyph struct {
	shown string
	mark  rune // one of * _ ~ ` > : and separator; 0: nothing
	word  bool // a letter or digit, beside which * _ ~ and ` are no marks
	blank bool
}

// separator is a space without width, which keeps marks from working.
const separator = '\u200b'

// mrkdwn is what people see of a text. What is in no verbatim text is also
// searched for names that nobody marked as such.
func (r *reader) mrkdwn(text string, verbatim bool) string {
	if !verbatim {
		for _, name := range broadcasts {
			if strings.Contains(text, "@"+name) {
				r.calls = append(r.calls, name)
			}
		}
	}
	return blocksOf(separated(r.lex(text)))
}

var broadcasts = []string{"here", "channel", "everyone"}

// plain is what people see of a plain text: escapes and emoji count there, too.
func (r *reader) plain(t *text) string {
	if t == nil {
		return ""
	}
	if t.Type == "mrkdwn" {
		return r.mrkdwn(t.Text, t.Verbatim)
	}
	var line []glyph
	for _, c := range unescape(t.Text) {
		g := single(c)
		if c != ':' && c != separator {
			g.mark = 0
		}
		line = append(line, g)
	}
	line = separated(line)
	if t.Emoji != nil && !*t.Emoji {
		return shown(line)
	}
	return inline(line)
}

// lex makes glyphs of a text. What stands between < and > is one.
func (r *reader) lex(text string) []glyph {
	var out []glyph
	for text != "" {
		g, size := r.first(text)
		out, text = append(out, g), text[size:]
	}
	return out
}

// first is the glyph that a text begins with, and how much of the text it is.
func (r *reader) first(text string) (glyph, int) {
	switch text[0] {
	case '<':
		if to := strings.IndexAny(text, ">\n"); to > 1 && text[to] == '>' && text[1] != ' ' {
			return glyph{shown: r.control(text[1:to])}, to + 1
		}
	case '&':
		for _, code := range []string{"&amp;", "&lt;", "&gt;"} {
			if strings.HasPrefix(text, code) {
				return single(rune(unescape(code)[0])), len(code)
			}
		}
	}
	c, size := utf8.DecodeRuneInString(text)
	return single(c), size
}

func single(c rune) glyph {
	g := glyph{shown: string(c), word: unicode.IsLetter(c) || unicode.IsNumber(c), blank: unicode.IsSpace(c)}
	if strings.ContainsRune("*_~`>:", c) || c == separator {
		g.mark = c
	}
	return g
}

// control is what people see of what stands between < and >.
func (r *reader) control(code string) string {
	target, label, labelled := strings.Cut(code, "|")
	label = shown(separated(r.lex(strings.ReplaceAll(label, "<", "&lt;"))))
	switch {
	case strings.HasPrefix(target, "@"):
		return r.user(target[1:])
	case strings.HasPrefix(target, "#"):
		return r.channelName(target[1:])
	case strings.HasPrefix(target, "!date^"):
		return label
	case strings.HasPrefix(target, "!"):
		name, _, _ := strings.Cut(target[1:], "^")
		r.calls = append(r.calls, name)
		if labelled {
			return label
		}
		return "@" + name
	case labelled && label != "":
		return label
	}
	return unescape(target)
}

// user is how somebody is mentioned, who then is called.
func (r *reader) user(id string) string {
	p := r.s.users[id]
	if p == nil {
		return "@unknown"
	}
	r.calls = append(r.calls, id)
	return "@" + p.name
}

func (r *reader) channelName(id string) string {
	if c := r.s.channels[id]; c != nil {
		return "#" + c.name
	}
	return "#unknown"
}

// separated shows no separators that stand beside what they could keep apart.
// They are still there: what is beside one is no mark.
func separated(line []glyph) []glyph {
	out := slices.Clone(line)
	for i := 0; i < len(line); i++ {
		from := i
		for i < len(line) && line[i].mark == separator {
			i++
		}
		if from < i && (from > 0 && line[from-1].special() || i < len(line) && line[i].special()) {
			for j := from; j < i; j++ {
				out[j].shown = ""
			}
		}
	}
	return out
}

// special reports whether somebody could want to part g from what is beside it.
func (g glyph) special() bool {
	return g.mark != 0 || g.shown != "" && strings.ContainsAny(g.shown[:1], "<&@#")
}

// blocksOf parts a text at its code blocks, each of which has lines of its own.
func blocksOf(text []glyph) string {
	var out strings.Builder
	for {
		from, to := fenced(text)
		if from < 0 {
			return out.String() + linesOf(text)
		}
		if head := linesOf(text[:from]); head != "" {
			out.WriteString(strings.TrimSuffix(head, "\n") + "\n")
		}
		code := shown(text[from+3 : to])
		out.WriteString(strings.TrimSuffix(strings.TrimPrefix(code, "\n"), "\n"))
		text = text[to+3:]
		if len(text) > 0 && text[0].shown != "\n" {
			out.WriteString("\n")
		}
	}
}

// fenced is where the first code block's marks are, or -1.
func fenced(text []glyph) (from, to int) {
	from = fence(text, 0)
	if from < 0 {
		return -1, -1
	}
	if to = fence(text, from+4); to < 0 {
		return -1, -1
	}
	return from, to
}

func fence(text []glyph, from int) int {
	for i := from; i+3 <= len(text); i++ {
		if text[i].mark == '`' && text[i+1].mark == '`' && text[i+2].mark == '`' {
			return i
		}
	}
	return -1
}

// linesOf reads line by line. What begins with > is a quote, after >>> all is.
func linesOf(text []glyph) string {
	var out strings.Builder
	quoted := false
	for len(text) > 0 {
		end := slices.IndexFunc(text, func(g glyph) bool { return g.shown == "\n" })
		line, rest := text, []glyph(nil)
		if end >= 0 {
			line, rest = text[:end], text[end+1:]
		}
		if n := quotes(line); n > 0 && !quoted {
			quoted = n == 3
			line = line[n:]
			if len(line) > 0 && line[0].shown == " " {
				line = line[1:]
			}
		}
		out.WriteString(inline(line))
		if end >= 0 {
			out.WriteString("\n")
		}
		text = rest
	}
	return out.String()
}

// quotes is how many marks make a line a quote.
func quotes(line []glyph) int {
	n := 0
	for n < len(line) && n < 3 && line[n].mark == '>' {
		n++
	}
	if n == 2 {
		n = 1
	}
	return n
}

// inline reads a line, of which marks that belong together are not shown.
func inline(line []glyph) string {
	var out strings.Builder
	for i := 0; i < len(line); i++ {
		if to, name := emojiAt(line, i); to > 0 {
			out.WriteString(name)
			i = to
			continue
		}
		to := closing(line, i)
		switch {
		case to < 0:
			out.WriteString(line[i].shown)
			continue
		case line[i].mark == '`':
			out.WriteString(shown(line[i+1 : to]))
		default:
			out.WriteString(inline(line[i+1 : to]))
		}
		i = to
	}
	return out.String()
}

// closing is where what line[i] opens is closed, or -1. A mark opens at the
// beginning of a word and closes at its end; a separator takes that from it.
func closing(line []glyph, i int) int {
	mark := line[i].mark
	opens := strings.ContainsRune("*_~`", mark) && mark != 0 &&
		(i == 0 || !line[i-1].word) && i+1 < len(line) && inside(line[i+1]) && line[i+1].mark != mark
	if !opens {
		return -1
	}
	for j := i + 2; j < len(line); j++ {
		switch {
		case line[j].mark == '`' && mark != '`':
			if to := closing(line, j); to > 0 {
				j = to // what is in code closes nothing
			}
		case line[j].mark == mark && inside(line[j-1]) && (j+1 == len(line) || !line[j+1].word):
			return j
		}
	}
	return -1
}

// inside reports whether a mark beside g, on its inner side, works.
func inside(g glyph) bool { return !g.blank && g.mark != separator }

// emojiAt is the emoji that is named from line[i] on, and where that ends.
func emojiAt(line []glyph, i int) (to int, shown string) {
	if line[i].mark != ':' {
		return 0, ""
	}
	name := ""
	for j := i + 1; j < len(line) && len(name) < 30; j++ {
		switch {
		case line[j].mark == ':' && emoji[name] != "":
			return j, emoji[name]
		case line[j].mark == ':' || line[j].mark == separator:
			return 0, ""
		}
		name += line[j].shown
	}
	return 0, ""
}

// emoji are a few of those that Slack makes of their names.
var emoji = map[string]string{
	"a": "🅰️", "b": "🅱️", "o": "⭕", "x": "❌", "v": "✌️", "m": "Ⓜ️", "100": "💯", "+1": "👍", "-1": "👎",
	"smile": "😄", "tada": "🎉", "wave": "👋", "eyes": "👀", "warning": "⚠️", "white_check_mark": "✅",
	"lock": "🔒", "key": "🔑", "link": "🔗", "rocket": "🚀", "fire": "🔥", "heart": "❤️", "ok": "🆗",
}

// shown is what people see when no mark counts.
func shown(line []glyph) string {
	var out strings.Builder
	for _, g := range line {
		out.WriteString(g.shown)
	}
	return out.String()
}
