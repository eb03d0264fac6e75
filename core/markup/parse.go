package markup

import (
	"slices"
	"strings"
)

// fence opens and closes a block of code.
const fence = "```"

// calm says whether s is the same with and without markup.
func calm(s string) bool { return !strings.ContainsAny(s, "\\*_`[<>\n") }

// Parse returns the spans of t. Every text has some reading, so there are no
// errors, and the time it takes grows only with the length of t.
func Parse(t Text) []Span {
	if t == "" {
		return nil
	}
	if calm(string(t)) {
		return []Span{{Text: string(t)}}
	}
	out := make([]Span, 0, 4)
	line, rest, more := cutLine(string(t))
	for {
		switch {
		case more && opensBlock(line):
			var s Span
			s, rest, more = block(line, rest)
			if s.Text != "" {
				out = append(out, s)
			}
		case quoted(line):
			var s Span
			s, rest, more = quote(line, rest, more)
			if len(s.Spans) > 0 {
				out = append(out, s)
			}
		default:
			out = inline(out, line)
		}
		if !more {
			return out
		}
		out = append(out, Span{Kind: Break})
		line, rest, more = cutLine(rest)
	}
}

// cutLine cuts s at its first newline that no backslash makes ordinary.
func cutLine(s string) (line, rest string, more bool) {
	if i := find(s, 0, "\n"); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// find returns where the first of set is in s, from at on, that stands behind
// no backslash, or -1.
func find(s string, at int, set string) int {
	for i := at; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if in(set, s[i]) {
			return i
		}
	}
	return -1
}

func in(set string, c byte) bool {
	for i := range len(set) {
		if set[i] == c {
			return true
		}
	}
	return false
}

// unescape undoes what a backslash does in code, addresses, names.
func unescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	for ; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && escapable(s[i+1]) {
			i++
			if s[i] == '&' {
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// escapable says whether a backslash before c means anything: c is a newline or
// ASCII punctuation.
func escapable(c byte) bool {
	return c == '\n' || '!' <= c && c <= '/' || ':' <= c && c <= '@' || '[' <= c && c <= '`' || '{' <= c && c <= '~'
}

// oneLine is unescape for what cannot contain a line break.
func oneLine(s string) string { return strings.ReplaceAll(unescape(s), "\n", " ") }

func quoted(line string) bool { return line == ">" || strings.HasPrefix(line, "> ") }

// quote reads the quote that begins with line.
func quote(line, rest string, more bool) (Span, string, bool) {
	q := Span{Kind: Quote}
	for {
		q.Spans = inline(q.Spans, line[min(2, len(line)):])
		next, after, again := cutLine(rest)
		if !more || !quoted(next) {
			return q, rest, more
		}
		q.Spans = append(q.Spans, Span{Kind: Break})
		line, rest, more = next, after, again
	}
}

func opensBlock(line string) bool {
	return strings.HasPrefix(line, fence) && find(line, len(fence), "`") < 0
}

// block reads the block that line opens. Without a closing line, all the rest
// is code.
func block(line, rest string) (Span, string, bool) {
	s := Span{Kind: Block, Lang: language(unescape(line[len(fence):]))}
	for at := 0; ; {
		next, after, more := cutLine(rest[at:])
		if strings.TrimRight(next, " \t") == fence {
			s.Text = unescape(rest[:max(at-1, 0)])
			return s, after, more
		}
		if !more {
			s.Text = unescape(rest)
			return s, "", false
		}
		at = len(rest) - len(after)
	}
}

// language returns what at the start of s can name a programming language.
func language(s string) string {
	s = strings.TrimLeft(s, " ")
	end := strings.IndexFunc(s, func(r rune) bool {
		return (r < '0' || '9' < r) && (r < 'A' || 'Z' < r) && (r < 'a' || 'z' < r) && !strings.ContainsRune("+#._-", r)
	})
	if end < 0 {
		return s
	}
	return s[:end]
}

// join makes one Word of those that are side by side.
func join(spans []Span) []Span {
	out := spans[:0]
	for i := 0; i < len(spans); {
		end := i + 1
		for spans[i].Kind == Word && end < len(spans) && spans[end].Kind == Word {
			end++
		}
		s := spans[i]
		if end > i+1 {
			s = Span{Text: visible(spans[i:end])}
		}
		out = append(out, s)
		i = end
	}
	return slices.Clip(out)
}
