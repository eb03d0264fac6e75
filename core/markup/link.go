package markup

import (
	"fmt"
	"strings"
	"time"
)

// address returns s as the URL of a Link: http or https with a host, and what
// could end an address on some platform percent-encoded.
func address(s string) (string, bool) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", false
	}
	if rest == "" || in("/?#", rest[0]) {
		return "", false
	}
	var b []byte
	from := 0
	for i := range len(s) {
		if unsafeInURL(s[i]) {
			b = fmt.Appendf(append(b, s[from:i]...), "%%%02X", s[i])
			from = i + 1
		}
	}
	if from == 0 {
		return s, true
	}
	return string(append(b, s[from:]...)), true
}

// unsafeInURL: RFC 3986 allows none of these in a URL.
func unsafeInURL(c byte) bool {
	switch c {
	case '"', '<', '>', '\\', '^', '`', '{', '|', '}', 0x7f:
		return true
	}
	return c <= ' '
}

// label makes spans a link's label. One that cannot be seen gives way to the
// address.
func label(spans []Span, url string) []Span {
	if strings.TrimSpace(visible(spans)) == "" {
		return []Span{{Text: url}}
	}
	return flat(spans)
}

// flat leaves spans on one line, leading nowhere themselves.
func flat(spans []Span) []Span {
	for i, s := range spans {
		switch s.Kind {
		case Bold, Italic:
			spans[i].Spans = flat(s.Spans)
		case Break:
			spans[i] = Span{Text: " "}
		case Mention, Moment:
			spans[i] = Span{Text: visible(spans[i : i+1])}
		}
	}
	return join(spans)
}

// moment reads a time of which Write can make the same again.
func moment(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	t = t.UTC().Truncate(time.Second)
	return t, err == nil && t.Year() >= 0 && t.Year() <= 9999
}
