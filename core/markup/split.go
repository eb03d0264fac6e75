package markup

import "slices"

// Split cuts t into pieces that fit, each with all the formatting it had in t.
// It cuts at the end of a line if that leaves the piece half full at least, else
// at a space, else between letters; and inside code, a link's label or a letter
// with its accents only if that alone does not fit. Space around a cut is
// dropped. A piece that cannot be cut any more is returned even if it does not
// fit. Split calls fits about log(n) times for a piece of n characters, and
// expects that a text fits if a longer one, going on where it ends, fits.
func Split(t Text, fits func(Text) bool) []Text {
	if fits(t) {
		return []Text{t}
	}
	c := newCutter(t)
	var out []Text
	guess := 1024
	for from := c.skip(0); from < c.end(); {
		to := c.best(from, guess,
			func(reach int) int { return c.nicest(from, reach) },
			func(to int) bool { return fits(c.text(from, to)) })
		out = append(out, c.text(from, to))
		guess = to - from
		from = c.skip(to)
		c.forget(from)
	}
	return out
}

// Cut returns t if it fits, and otherwise as much of its beginning as fits
// together with a final "…". It is empty if not even that fits.
func Cut(t Text, fits func(Text) bool) Text {
	if fits(t) {
		return t
	}
	c := newCutter(t)
	cut := func(to int) Text { return Write(ellipsis(slices.Collect(between(c.spans, 0, c.trim(0, to))))) }
	whole := func(reach int) int {
		if to := c.last(letters, 0, reach); to > 0 {
			return to
		}
		return reach
	}
	short := cut(c.best(0, 1024, whole, func(to int) bool { return fits(cut(to)) }))
	if fits(short) {
		return short
	}
	return ""
}

// ellipsis adds "…" to the last line of spans.
func ellipsis(spans []Span) []Span {
	if n := len(spans); n > 0 {
		switch last := &spans[n-1]; last.Kind {
		case Block:
			last.Text += "…"
			return spans
		case Quote:
			last.Spans = ellipsis(slices.Clip(last.Spans))
			return spans
		}
	}
	return append(spans, Span{Text: "…"})
}
