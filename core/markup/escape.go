package markup

import (
	"fmt"
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

// F is fmt.Sprintf for texts. An argument that is a Text stands in the result as
// if it had been typed there; every other argument is formatted by its verb and
// then escaped as Plain does. Whatever an argument holds, it changes nothing
// outside of it, be it in words, code, a label or an address. A width cannot be
// an argument (%*d), and %T and %p are of no use.
func F(format Text, args ...any) Text {
	if len(args) == 0 && strings.IndexByte(string(format), '%') < 0 {
		return format
	}
	held := make([]arg, len(args))
	list := make([]any, len(args))
	for i, a := range args {
		held[i].value = a
		list[i] = &held[i]
	}
	s := fmt.Sprintf(guardSlashes(string(format)), list...)
	if strings.IndexByte(s, seam) < 0 {
		return Text(s)
	}
	return Text(mend(s))
}

// seam is where an argument's edge is not a letter, until mend has seen what
// that edge meets. Escaped text never contains it.
const seam = 0

// An arg escapes itself while fmt formats it.
type arg struct{ value any }

// Format is called by fmt for every verb but %T and %p.
func (a *arg) Format(f fmt.State, verb rune) {
	if t, ok := a.value.(Text); ok && t != "" {
		write(f, []byte(t))
		return
	}
	s, ok := a.value.(string)
	if form := fmt.FormatString(f, verb); !ok || form != "%s" && form != "%v" {
		s = fmt.Sprintf(form, a.value)
	}
	b := append(make([]byte, 0, len(s)+len(s)/8+16), seam)
	b = appendClean(b, s)
	first, _ := utf8.DecodeRune(b[1:])
	if last, _ := utf8.DecodeLastRune(b[1:]); classOf(last) != letter {
		b = append(b, seam)
	}
	if classOf(first) == letter {
		b = b[1:]
	}
	write(f, b)
}

// write writes to a buffer of fmt's, which cannot fail.
func write(f fmt.State, b []byte) {
	if _, err := f.Write(b); err != nil {
		panic(err)
	}
}

// mend puts glue where the edge of an argument would otherwise decide what the
// format means: beside a mark, after the > of a quote, between an opening
// bracket and what it might open. Elsewhere seams just vanish. Two seams in a
// row are an empty argument, which lets what is around it touch.
func mend(s string) string {
	b := make([]byte, 0, len(s)+len(glue))
	var left byte // what was read last, if no backslash made it ordinary
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] != seam {
			b = append(b, s[i], s[i+1])
			left = 0
			i++
			continue
		}
		if s[i] != seam {
			b = append(b, s[i])
			left = s[i]
			continue
		}
		end := i + 1
		for end < len(s) && s[end] == seam {
			end++
		}
		var right byte
		if end < len(s) {
			right = s[end]
		}
		if in("*_`<>", left) || in("*_", right) || end > i+1 && isSpecial(right) {
			b = append(b, glue...)
			left = 0
		}
		i = end - 1
	}
	return string(b)
}

func in(set string, c byte) bool {
	for i := range len(set) {
		if set[i] == c {
			return true
		}
	}
	return false
}

// guardSlashes doubles a lone backslash before a verb. It would otherwise take
// the argument's own backslash for what it escapes, and free what comes after.
func guardSlashes(format string) string {
	if !strings.Contains(format, `\%`) {
		return format
	}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		b.WriteByte(format[i])
		if format[i] != '\\' || i+1 == len(format) {
			continue
		}
		if format[i+1] == '%' && !strings.HasPrefix(format[i+1:], "%%") {
			b.WriteByte('\\')
			continue
		}
		i++
		b.WriteByte(format[i])
	}
	return b.String()
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
