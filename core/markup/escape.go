package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// glue is nothing, but counts as a letter.
const glue = `\&`

// Plain returns s as a Text that shows just s. Characters that can reorder or
// hide other text (bidirectional controls, control characters but newline and
// tab) are left out, and what is not UTF-8 becomes U+FFFD.
func Plain(s string) Text {
	if headOf(s) != space && tailOf(s) != space && strings.IndexFunc(s, unruly) < 0 {
		return Text(s)
	}
	b := append(make([]byte, 0, len(s)+len(s)/8+2*len(glue)), glue...)
	b = appendClean(b, s)
	text := b[len(glue):]
	if len(text) == 0 {
		return ""
	}
	if last, _ := utf8.DecodeLastRune(text); classOf(last) == space {
		b = append(b, glue...)
	}
	if first, _ := utf8.DecodeRune(text); classOf(first) != space {
		b = b[len(glue):]
	}
	return Text(b)
}

// appendClean appends what Plain makes of s.
func appendClean(b []byte, s string) []byte {
	for _, r := range s {
		if hidden(r) {
			continue
		}
		if r < utf8.RuneSelf && isSpecial(byte(r)) {
			b = append(b, '\\')
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}

// appendEscaped appends s with its punctuation made ordinary, and nothing lost.
func appendEscaped(b []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		if isSpecial(s[i]) {
			b = append(append(b, s[from:i]...), '\\')
			from = i
		}
	}
	return append(b, s[from:]...)
}

// isSpecial says whether Parse may act on c anywhere. With all of these escaped,
// text is the same in words, code, labels and addresses.
func isSpecial(c byte) bool {
	switch c {
	case '\\', '*', '_', '`', '[', ']', '(', ')', '<', '>', '\n':
		return true
	}
	return false
}

// unruly says whether Plain has to touch r.
func unruly(r rune) bool {
	if r < utf8.RuneSelf {
		return isSpecial(byte(r)) || hidden(r)
	}
	return r == utf8.RuneError || hidden(r)
}

// hidden says whether r is a control character, or one of those that change the
// order in which the text around them is shown (Unicode UAX #9, section 2).
func hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20 || 0x7f <= r && r < 0xa0:
		return true
	case r < 0x61c:
		return false
	}
	return r == 0x61c || r == 0x200e || r == 0x200f || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
}

// A class is what * and _ want to know of the characters beside them.
type class int

const (
	space class = iota // also where the text ends
	letter
	other
)

func classOf(r rune) class {
	switch {
	case unicode.IsSpace(r):
		return space
	case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
		return letter
	}
	return other
}

func headOf(s string) class {
	if s == "" {
		return space
	}
	r, _ := utf8.DecodeRuneInString(s)
	return classOf(r)
}

func tailOf(s string) class {
	if s == "" {
		return space
	}
	r, _ := utf8.DecodeLastRuneInString(s)
	return classOf(r)
}
