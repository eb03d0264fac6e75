package core

import (
	"unicode/utf8"

	"github.com/usherbot/usher/core/markup"
)

// text is an embed for a platform without embeds.
func (e Embed) text() markup.Text {
	var lines []markup.Text
	switch {
	case e.Title != "" && e.URL != "":
		lines = append(lines, markup.F("*[%s](%s)*", e.Title, e.URL))
	case e.Title != "":
		lines = append(lines, markup.F("*%s*", e.Title))
	}
	if e.Text != "" {
		lines = append(lines, e.Text)
	}
	for _, f := range e.Fields {
		lines = append(lines, markup.F("*%s:* %s", f.Name, f.Value))
	}
	if e.Image != "" {
		lines = append(lines, markup.Plain(e.Image))
	}
	if e.Footer != "" {
		lines = append(lines, markup.F("_%s_", e.Footer))
	}
	return join(lines)
}

// size is how many characters of an embed count, as they are seen.
func (e Embed) size() int {
	n := utf8.RuneCountInString(e.Title) + visibly(e.Text) + utf8.RuneCountInString(e.Footer)
	for _, f := range e.Fields {
		n += f.size()
	}
	return n
}

func (f Field) size() int { return utf8.RuneCountInString(f.Name) + visibly(f.Value) }

// fitEmbeds are the embeds of each message that it takes to show them: what is one
// line is cut, and what is too much is carried over.
func fitEmbeds(embeds []Embed, l Limits) [][]Embed {
	var out [][]Embed
	left := 0
	for _, e := range embeds {
		for _, part := range fitEmbed(e, l) {
			last := len(out) - 1
			n := part.size()
			if last < 0 || l.Embeds > 0 && len(out[last]) == l.Embeds || l.AllEmbeds > 0 && n > left {
				out, last, left = append(out, nil), last+1, l.AllEmbeds
			}
			out[last] = append(out[last], part)
			left -= n
		}
	}
	return out
}

// fitEmbed is an embed, and those that go on with what it has no room for.
func fitEmbed(e Embed, l Limits) []Embed {
	fields := fitFields(e.Fields, l)
	e.Title, e.Footer, e.Fields = cutLabel(e.Title, l.EmbedTitle), cutLabel(e.Footer, l.Footer), nil
	texts := []markup.Text{e.Text}
	if room := l.embedText(e); room > 0 {
		texts = markup.Split(e.Text, visiblyFits(room))
	}
	e.Text = texts[0]
	out := []Embed{e}
	for _, t := range texts[1:] {
		out = append(out, Embed{Tone: e.Tone, Text: t})
	}
	for _, f := range fields {
		last := &out[len(out)-1]
		if l.Fields > 0 && len(last.Fields) == l.Fields || l.AllEmbeds > 0 && last.size()+f.size() > l.AllEmbeds {
			out = append(out, Embed{Tone: e.Tone})
			last = &out[len(out)-1]
		}
		last.Fields = append(last.Fields, f)
	}
	return out
}

// embedText is how much text an embed has room for beside its title and footer; 0
// is no limit.
func (l Limits) embedText(e Embed) int {
	if l.AllEmbeds == 0 {
		return l.EmbedText
	}
	e.Text = ""
	room := max(l.AllEmbeds-e.size(), 1)
	if l.EmbedText == 0 {
		return room
	}
	return min(l.EmbedText, room)
}

func fitFields(fields []Field, l Limits) []Field {
	out := make([]Field, len(fields))
	for i, f := range fields {
		f.Name = cutLabel(f.Name, l.FieldName)
		if l.FieldText > 0 {
			f.Value = markup.Cut(f.Value, visiblyFits(l.FieldText))
		}
		out[i] = f
	}
	return out
}
