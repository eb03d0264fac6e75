package discordtest

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// visible is what people read of a text in Discord's Markdown, as its clients
// render that: a link as "label (address)", a moment in UTC, a mention as
// "@name". What has no width is not read. Rules are tried in the clients' order;
// an address is shown as it stands, backslashes and all.
func (s *Server) visible(text string) string {
	return strings.ReplaceAll(s.show(text, true), "\u200b", "")
}

// show renders a text. At the start of a line there can be quotes, headings and lists.
func (s *Server) show(text string, lineStart bool) string {
	var out strings.Builder
	quoted := false
	for text != "" {
		if lineStart {
			shown, rest, all := lineMarks(text, quoted)
			quoted = quoted || all
			out.WriteString(shown)
			if text = rest; text == "" {
				break
			}
		}
		if block := codeBlock.FindStringSubmatch(text); block != nil {
			text = text[len(block[0]):]
			out.WriteString(alone(block[2], out.String(), text))
			lineStart = false
			continue
		}
		shown, n := s.piece(text)
		lineStart = strings.HasSuffix(text[:n], "\n")
		out.WriteString(shown)
		text = text[n:]
	}
	return out.String()
}

var (
	codeBlock  = regexp.MustCompile("(?is)^```(?:([a-z0-9_+\\-.#]+?)\n)?\n*([^\n].*?)\n*```")
	quoteMark  = regexp.MustCompile(`^ *> `)
	quoteAll   = regexp.MustCompile(`^ *>>> ?`)
	headMark   = regexp.MustCompile(`^(?:#{1,3}|-#) +(\S)`)
	bulletMark = regexp.MustCompile(`^( *)[*-] +(\S)`)
)

// lineMarks takes what has a meaning only at the start of a line off a text. all
// says that the rest is a quote.
func lineMarks(text string, quoted bool) (shown, rest string, all bool) {
	rest = text
	if !quoted {
		if m := quoteAll.FindString(rest); m != "" {
			rest, all = rest[len(m):], true
		} else {
			rest = rest[len(quoteMark.FindString(rest)):]
		}
	}
	if m := headMark.FindStringSubmatch(rest); m != nil {
		return "", rest[len(m[0])-len(m[1]):], all
	}
	if m := bulletMark.FindStringSubmatch(rest); m != nil {
		return m[1] + "• ", rest[len(m[0])-len(m[2]):], all
	}
	return "", rest, all
}

// alone is a block on lines of its own.
func alone(block, before, after string) string {
	if before != "" && !strings.HasSuffix(before, "\n") {
		block = "\n" + block
	}
	if after != "" && !strings.HasPrefix(after, "\n") {
		block += "\n"
	}
	return block
}

// piece is what is shown for the first n bytes of a text that is not empty.
func (s *Server) piece(text string) (shown string, n int) {
	switch text[0] {
	case '\\':
		return escaped(text)
	case '`':
		return inlineCode(text)
	case '<':
		return s.tag(text)
	case '[':
		return s.masked(text)
	case 'h', 's':
		if m := balanced(address.FindString(text)); m != "" {
			return m, len(m)
		}
	}
	for _, mark := range []string{"**", "__", "~~", "||", "*", "_"} {
		if inner := span(text, mark); inner != "" {
			return s.show(inner, false), len(inner) + 2*len(mark)
		}
	}
	_, n = utf8.DecodeRuneInString(text)
	return text[:n], n
}

// escaped is the character behind a backslash, unless that is a letter, a digit
// or a space, of ASCII.
func escaped(text string) (string, int) {
	r, size := utf8.DecodeRuneInString(text[1:])
	if size == 0 || strings.ContainsRune(" \t\n\r\v\f", r) || wordy(text[1:]) && text[1] != '_' {
		return text[:1], 1
	}
	return text[1 : 1+size], 1 + size
}

// wordy reports whether a text begins with a letter, digit or _ of ASCII.
func wordy(text string) bool {
	if text == "" {
		return false
	}
	c := text[0]
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// inlineCode is what stands between as many backticks, or fewer than there are.
func inlineCode(text string) (string, int) {
	run := len(text) - len(strings.TrimLeft(text, "`"))
	for n := run; n > 0; n-- {
		fence := text[:n]
		for i := n + 1; i+n <= len(text); i++ {
			if text[i:i+n] == fence && text[i-1] != '`' && !strings.HasPrefix(text[i+n:], "`") {
				return unpadded(text[n:i]), i + n
			}
		}
	}
	return text[:1], 1
}

// unpadded takes a space off each end that keeps backticks from the fence.
func unpadded(code string) string {
	if rest, is := strings.CutPrefix(code, " "); is && strings.HasPrefix(strings.TrimLeft(rest, " "), "`") {
		code = rest
	}
	if rest, is := strings.CutSuffix(code, " "); is && strings.HasSuffix(strings.TrimRight(rest, " "), "`") {
		code = rest
	}
	return code
}

// span is what a mark at the start of a text and its partner embrace, or "".
func span(text, mark string) string {
	rest, is := strings.CutPrefix(text, mark)
	if !is {
		return ""
	}
	for i := 0; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && mark != "~~" && mark != "||":
			i++
		case i > 0 && strings.HasPrefix(rest[i:], mark) && ends(rest, i, mark):
			return rest[:i]
		case len(mark) == 1 && strings.HasPrefix(rest[i:], mark+mark):
			i++
		case len(mark) == 1 && rest[i] == mark[0]:
			return "" // another one between
		}
	}
	return ""
}

// ends reports whether a mark at i can end a span. Stars do not stand beside
// spaces inside, and an underscore not before a letter.
func ends(rest string, i int, mark string) bool {
	after := rest[i+len(mark):]
	switch mark {
	case "*":
		return !strings.HasPrefix(after, "*") && !spaced(rest[:1]) && !spaced(rest[i-1:i])
	case "_":
		return !wordy(after)
	case "~~":
		return !strings.HasPrefix(after, "_")
	case "||":
		return true
	}
	return !strings.HasPrefix(after, mark[:1])
}

func spaced(text string) bool { return strings.TrimSpace(text) == "" }

var address = regexp.MustCompile(`^(?:https?|steam)://[^\s<]+[^<.,:;"'\]\s]`)

// balanced takes a closing bracket off an address that has no opening one.
func balanced(address string) string {
	for strings.HasSuffix(address, ")") && strings.Count(address, ")") > strings.Count(address, "(") {
		address = address[:len(address)-1]
	}
	return address
}

var maskedTo = regexp.MustCompile(`^\((?:<(https?://[^\s<>]+)>|(https?://[^\s()<>]+(?:\([^\s()]*\)[^\s()<>]*)*))\)`)

// masked is a link that has a label.
func (s *Server) masked(text string) (string, int) {
	end := labelEnd(text)
	if end < 2 {
		return text[:1], 1
	}
	m := maskedTo.FindStringSubmatch(text[end+1:])
	if m == nil {
		return text[:1], 1
	}
	label, to := s.show(text[1:end], false), m[1]+m[2]
	n := end + 1 + len(m[0])
	if label == to {
		return to, n
	}
	return label + " (" + to + ")", n
}

// labelEnd is where the bracket closes that a text begins with; 0: nowhere.
func labelEnd(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return 0
}

var (
	autolink = regexp.MustCompile(`^<(https?://[^\s<>]+)>`)
	mentions = regexp.MustCompile(`^<@!?(\d+)>`)
	ofRole   = regexp.MustCompile(`^<@&\d+>`)
	ofPlace  = regexp.MustCompile(`^<#(\d+)>`)
	emoji    = regexp.MustCompile(`^<a?(:\w+:)\d+>`)
	ofCmd    = regexp.MustCompile(`^<(/[^:>]+):\d+>`)
	moment   = regexp.MustCompile(`^<t:(-?\d{1,12})(?::[tTdDfFsSR])?>`)
)

// tag is what stands in angle brackets.
func (s *Server) tag(text string) (string, int) {
	for _, as := range []*regexp.Regexp{autolink, emoji, ofCmd} {
		if m := as.FindStringSubmatch(text); m != nil {
			return m[1], len(m[0])
		}
	}
	if m := moment.FindStringSubmatch(text); m != nil {
		seconds, err := strconv.ParseInt(m[1], 10, 64)
		if err == nil {
			return time.Unix(seconds, 0).UTC().Format("2 Jan 2006 15:04 UTC"), len(m[0])
		}
	}
	if m := mentions.FindStringSubmatch(text); m != nil {
		if p := s.personOf(m[1]); p != nil {
			return "@" + p.Name, len(m[0])
		}
		return "@unknown-user", len(m[0])
	}
	if m := ofPlace.FindStringSubmatch(text); m != nil {
		if c := s.channels[m[1]]; c != nil && c.name != "" {
			return "#" + c.name, len(m[0])
		}
		return "#unknown", len(m[0])
	}
	if m := ofRole.FindString(text); m != "" {
		return "@unknown-role", len(m)
	}
	return text[:1], 1
}
