package markup

import (
	"iter"
	"slices"
	"unicode"
	"unicode/utf8"
)

// A mark tells of one byte of the text in the leaves of a tree (a break, mention
// or moment counts as one) how well one can cut before it, and what it is.
type mark uint8

const (
	nowhere mark = iota // inside of a character
	runes               // inside of code, a label, or a letter with its accents
	letters             // between letters
	spaces              // beside a space
	lines               // beside the end of a line
)

const (
	rank  mark = 7 // the bits of the above
	blank mark = 8 // the byte is a space and may be dropped
	eol   mark = 16
)

// A cutter cuts a tree at positions, which are indexes into marks.
type cutter struct {
	spans []Span // from position base on
	base  int
	marks []mark
	w     writer
}

func newCutter(t Text) *cutter {
	c := &cutter{spans: Parse(t), marks: make([]mark, 0, len(t))}
	c.measure(c.spans)
	return c
}

func (c *cutter) end() int { return len(c.marks) }

// measure appends the marks of spans.
func (c *cutter) measure(spans []Span) {
	for _, s := range spans {
		start := len(c.marks)
		switch s.Kind {
		case Break:
			c.marks = append(c.marks, letters|blank|eol)
		case Mention, Moment:
			c.marks = append(c.marks, letters)
		case Word, Block:
			c.letters(s)
		case Code:
			c.letters(s)
			c.solid(start)
		default:
			c.measure(s.Spans)
			if s.Kind == Link {
				c.solid(start)
			}
		}
	}
}

// letters appends the marks of a leaf. Spaces in a block are not dropped: they
// may indent a line.
func (c *cutter) letters(s Span) {
	var last rune
	flags := 0
	for i := 0; i < len(s.Text); {
		r, size := utf8.DecodeRuneInString(s.Text[i:])
		m := letters
		if flags = countFlags(flags, r); i > 0 && (joined(last, r) || flags == 2) {
			m = runes
		}
		switch {
		case r == '\n':
			m |= blank | eol
		case s.Kind == Word && unicode.IsSpace(r):
			m |= blank
		}
		c.marks = append(c.marks, m)
		for range size - 1 {
			c.marks = append(c.marks, m&^rank)
		}
		last, i = r, i+size
	}
}

// joined says whether r belongs to the character that last ends: accents,
// variants, skin tones, and what a joiner ties (Unicode UAX #29, simplified).
func joined(last, r rune) bool {
	const joiner = '\u200d'
	return r == joiner || last == joiner || unicode.IsMark(r) || 0x1f3fb <= r && r <= 0x1f3ff
}

// countFlags counts regional indicators, of which two make one flag.
func countFlags(n int, r rune) int {
	if r < 0x1f1e6 || 0x1f1ff < r {
		return 0
	}
	return n%2 + 1
}

// solid makes what was measured since start a whole.
func (c *cutter) solid(start int) {
	for i := start + 1; i < len(c.marks); i++ {
		c.marks[i] = min(c.marks[i]&rank, runes) | c.marks[i]&^rank
	}
}

// rank returns how good it is to cut at i.
func (c *cutter) rank(i int) mark {
	if i == 0 || i == c.end() {
		return lines
	}
	switch m, near := c.marks[i]&rank, c.marks[i-1]|c.marks[i]; {
	case m <= runes:
		return m
	case near&eol != 0:
		return lines
	case near&blank != 0:
		return spaces
	default:
		return m
	}
}

// skip returns where the space that begins at i ends.
func (c *cutter) skip(i int) int {
	for i < c.end() && c.marks[i]&blank != 0 {
		i++
	}
	return i
}

// last returns the last position after from, up to to, whose rank is at least
// least, or from.
func (c *cutter) last(least mark, from, to int) int {
	for to > from && c.rank(to) < least {
		to--
	}
	return to
}

// next returns the first position after i that is between characters.
func (c *cutter) next(i int) int {
	for i++; c.rank(i) == nowhere; i++ {
	}
	return i
}

// nicest returns where between from and reach to cut; after reach only if there
// is nothing between.
func (c *cutter) nicest(from, reach int) int {
	if reach == from {
		return c.next(from)
	}
	if to := c.last(lines, from, reach); to-from >= (reach-from)/2 && to > from {
		return to
	}
	for _, least := range []mark{spaces, letters} {
		if to := c.last(least, from, reach); to > from {
			return to
		}
	}
	return reach
}

// best returns what nice makes of the last position after from that is ok, or of
// from if none is. It looks near from+guess first, so that its work does not grow
// with what comes after, and asks no more once the answer could change nothing.
func (c *cutter) best(from, guess int, nice func(int) int, ok func(to int) bool) int {
	low, high := from, from
	for step := guess; high < c.end(); step *= 2 {
		high = min(from+step, c.end())
		high = max(c.last(runes, low, high), c.next(low))
		if !ok(high) {
			break
		}
		low = high
	}
	for low < high && nice(low) != nice(c.last(runes, low, high-1)) {
		middle := c.last(runes, low, (low+high)/2)
		if middle == low {
			middle = c.next(low)
		}
		if ok(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return nice(low)
}

// text returns what is between from and to, without space at its end.
func (c *cutter) text(from, to int) Text {
	c.w = writer{b: c.w.b[:0]}
	for s := range between(c.spans, from-c.base, c.trim(from, to)-c.base) {
		c.w.span(s)
	}
	return Text(c.w.b)
}

// trim returns where the space that ends at to begins.
func (c *cutter) trim(from, to int) int {
	for to > from && c.marks[to-1]&blank != 0 {
		to--
	}
	return to
}

// forget lets go of spans that end before at.
func (c *cutter) forget(at int) {
	for len(c.spans) > 0 && c.base+length(c.spans[0]) <= at {
		c.base += length(c.spans[0])
		c.spans = c.spans[1:]
	}
}

// length returns how many marks measure makes for s.
func length(s Span) int {
	switch s.Kind {
	case Break, Mention, Moment:
		return 1
	case Word, Code, Block:
		return len(s.Text)
	}
	n := 0
	for _, inner := range s.Spans {
		n += length(inner)
	}
	return n
}

// between yields what of spans is between from and to.
func between(spans []Span, from, to int) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		for at, i := 0, 0; at < to && i < len(spans); i++ {
			n := length(spans[i])
			low, high := max(from-at, 0), min(to-at, n)
			if low < high && !yield(part(spans[i], low, high, n)) {
				return
			}
			at += n
		}
	}
}

// part returns what of s, which is n long, is between from and to.
func part(s Span, from, to, n int) Span {
	switch {
	case to-from == n:
	case len(s.Spans) > 0:
		s.Spans = slices.Collect(between(s.Spans, from, to))
	default:
		s.Text = s.Text[from:to]
	}
	return s
}
