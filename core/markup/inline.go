package markup

import (
	"slices"
	"strings"
)

// An inliner reads one line from left to right, once. A mark that may open
// something becomes an ordinary Word and is remembered; when its partner comes,
// the spans since then move into a new one. Each kind is open at most once,
// which bounds both the depth of the tree and the work.
type inliner struct {
	line string
	at   int     // where to read on
	from int     // where the Word begins that is being read
	word []byte  // what that Word has from before its last backslash
	glue int     // the end of the last glue
	out  []Span  // the line's spans so far
	open []start // in order
}

// A start is a mark that waits for its partner.
type start struct {
	kind Kind
	span int // the index of its Word in out
}

// inline appends the spans of line.
func inline(out []Span, line string) []Span {
	if line == "" {
		return out
	}
	if calm(line) {
		return append(out, Span{Text: line})
	}
	var room [3]start
	n := len(out)
	p := inliner{line: line, out: out, open: room[:0]}
	for p.at < len(line) {
		p.step()
	}
	p.flush()
	return p.out[:n+len(join(p.out[n:]))]
}

func (p *inliner) step() {
	switch p.line[p.at] {
	case '\\':
		p.escape()
	case '*':
		p.mark(Bold)
	case '_':
		p.mark(Italic)
	case '`':
		p.code()
	case '[':
		p.drop(p.opened(Link)) // a label contains no bracket, so the last one counts
		p.push(Link)
	case ']':
		p.link()
	case '<':
		p.tag()
	default:
		p.at++
	}
}

// flush ends the Word that is being read.
func (p *inliner) flush() {
	text := p.line[p.from:p.at]
	if len(p.word) > 0 {
		text = string(append(p.word, text...))
		p.word = p.word[:0]
	}
	if text != "" {
		p.out = append(p.out, Span{Text: text})
	}
}

// skip goes on reading at end, with a new Word.
func (p *inliner) skip(end int) { p.at, p.from = end, end }

// put ends the Word, appends s, and goes on reading at end.
func (p *inliner) put(s Span, end int) {
	p.flush()
	p.out = append(p.out, s)
	p.skip(end)
}

func (p *inliner) escape() {
	next := p.at + 1
	if next == len(p.line) || !escapable(p.line[next]) {
		p.at++
		return
	}
	if p.line[next] == '\n' {
		p.put(Span{Kind: Break}, next+1)
		return
	}
	p.word = append(p.word, p.line[p.from:p.at]...)
	p.skip(next)
	p.at++
	if p.line[next] == '&' {
		p.skip(next + 1)
		p.glue = p.at
	}
}

// mark reads a * or _, which opens before something and closes after something,
// but never inside a word.
func (p *inliner) mark(kind Kind) {
	before, after := p.before(), p.after()
	switch i := p.opened(kind); {
	case i >= 0 && before != space && after != letter:
		p.close(i, Span{Kind: kind}, p.at+1)
	case i < 0 && before != letter && after != space && !p.doubled():
		p.push(kind)
	default:
		p.at++
	}
}

func (p *inliner) before() class {
	if p.glue == p.at && p.glue > 0 {
		return letter
	}
	return tailOf(p.line[:p.at])
}

func (p *inliner) after() class {
	rest := p.line[p.at+1:]
	switch {
	case strings.HasPrefix(rest, glue):
		return letter
	case strings.HasPrefix(rest, "\\\n"):
		return space
	}
	return headOf(rest)
}

func (p *inliner) doubled() bool {
	return p.at+1 < len(p.line) && p.line[p.at+1] == p.line[p.at]
}

// opened returns which of the open marks is of kind, or -1.
func (p *inliner) opened(kind Kind) int {
	return slices.IndexFunc(p.open, func(s start) bool { return s.kind == kind })
}

func (p *inliner) push(kind Kind) {
	p.flush()
	p.open = append(p.open, start{kind, len(p.out)})
	p.out = append(p.out, Span{Text: p.line[p.at : p.at+1]})
	p.skip(p.at + 1)
}

// drop leaves the open mark i the ordinary character that it is.
func (p *inliner) drop(i int) {
	if i >= 0 {
		p.open = slices.Delete(p.open, i, i+1)
	}
}

// close moves what follows the open mark i into s, and reads on at end.
func (p *inliner) close(i int, s Span, end int) {
	p.flush()
	span := p.open[i].span
	s.Spans = join(slices.Clone(p.out[span+1:]))
	p.out, p.open = p.out[:span], p.open[:i]
	if s.Kind == Link {
		s.Spans = label(s.Spans, s.URL)
	}
	if len(s.Spans) > 0 {
		p.out = append(p.out, s)
	}
	p.skip(end)
}

// code reads a backtick. If it has no partner, then no later one has.
func (p *inliner) code() {
	end := find(p.line, p.at+1, "`")
	if end < 0 {
		p.at++
		return
	}
	p.flush()
	if text := oneLine(p.line[p.at+1 : end]); text != "" {
		p.out = append(p.out, Span{Kind: Code, Text: text})
	}
	p.skip(end + 1)
}

// link reads a closing bracket. An address ends before any bracket, so that no
// part of the line is searched twice.
func (p *inliner) link() {
	i := p.opened(Link)
	if i < 0 {
		p.at++
		return
	}
	if strings.HasPrefix(p.line[p.at:], "](") {
		end := find(p.line, p.at+2, "()[]")
		if end >= 0 && p.line[end] == ')' {
			if url, ok := address(unescape(p.line[p.at+2 : end])); ok {
				p.close(i, Span{Kind: Link, URL: url}, end+1)
				return
			}
		}
	}
	p.drop(i)
	p.at++
}

// tag reads a <, which may begin a person or a moment.
func (p *inliner) tag() {
	end := find(p.line, p.at+1, "<>")
	if end < 0 || p.line[end] == '<' {
		p.at++
		return
	}
	body := p.line[p.at+1 : end]
	if strings.HasPrefix(body, "@") {
		if key, name, _ := strings.Cut(oneLine(body[1:]), "|"); key != "" {
			p.put(Span{Kind: Mention, Person: key, Text: name}, end+1)
			return
		}
	}
	if strings.HasPrefix(body, "!") {
		if t, ok := moment(body[1:]); ok {
			p.put(Span{Kind: Moment, Time: t}, end+1)
			return
		}
	}
	p.at++
}
