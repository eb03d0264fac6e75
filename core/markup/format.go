package markup

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

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
