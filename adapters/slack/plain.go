package slack

import (
	"strings"
	"unicode/utf8"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// spoken is all that a message says, and where its links lead, as far as there is
// room.
func spoken(m core.Message) string {
	lines := []string{plainText(m.Text)}
	say := func(t markup.Text) {
		if t != "" {
			lines = append(lines, plainText(t))
		}
	}
	if m.Image != nil {
		say(markup.Plain(altOf(*m.Image)))
	}
	for _, e := range m.Embeds {
		say(markup.Plain(strings.TrimSpace(e.Title + " " + e.URL)))
		say(e.Text)
		say(below(e.Fields))
		say(markup.Plain(e.Footer))
	}
	for _, row := range m.Rows {
		for _, c := range row {
			if l, ok := c.(core.Link); ok && !strings.Contains(lines[0], escape(l.URL)) {
				say(markup.F("%s: %s", l.Label, l.URL))
			}
		}
	}
	return cutEscaped(strings.TrimSpace(strings.Join(lines, "\n")), maxPlain)
}

// plainText is a text without formatting, escaped. Links say where they lead.
func plainText(t markup.Text) string {
	var b strings.Builder
	plainSpans(&b, markup.Parse(t))
	return b.String()
}

func plainSpans(b *strings.Builder, spans []markup.Span) {
	for _, s := range spans {
		switch s.Kind {
		case markup.Break:
			b.WriteByte('\n')
		case markup.Mention:
			if u, ok := core.UserOf(s.Person); ok && u.Platform == platform {
				b.WriteString("<@" + escape(u.ID) + ">")
			} else {
				b.WriteString(escape(named("somebody", s.Text)))
			}
		case markup.Moment:
			b.WriteString(inUTC(s.Time))
		case markup.Link:
			plainSpans(b, s.Spans)
			if markup.Visible(markup.Write(s.Spans)) != s.URL {
				b.WriteString(escape(" (" + s.URL + ")"))
			}
		case markup.Bold, markup.Italic, markup.Quote:
			plainSpans(b, s.Spans)
		default:
			b.WriteString(escape(s.Text))
		}
	}
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape makes of a text one that Slack takes for just that.
func escape(text string) string { return escaper.Replace(text) }

// cut is a text of at most so many characters.
func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

// cutEscaped is an escaped text of at most so many bytes. It is never cut within
// a character, an escape or a mention.
func cutEscaped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	text = text[:most-len("…")]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	if i := strings.LastIndexAny(text, "&<"); i >= 0 && !strings.ContainsAny(text[i:], ";>") {
		text = text[:i]
	}
	return text + "…"
}
