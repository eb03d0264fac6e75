package telegram

import (
	"net/url"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/reach"
)

// Limits of a message, from the Bot API's page on sendMessage and
// answerCallbackQuery. Entities beyond the hundredth are dropped by Telegram.
const (
	maxText     = 4096
	maxAlert    = 200
	maxEntities = 100
)

// render makes of a message what the Bot API takes: text and entities, so that
// nothing anybody wrote can become formatting, and no preview, which would fetch
// what a link leads to.
func render(m core.Message) params {
	text, entities := written(m.Text)
	if strings.TrimSpace(text) == "" {
		text = "…" // Telegram takes no message without a word
	}
	p := params{"text": text, "link_preview_options": asJSON(preview{Disabled: true})}
	if len(entities) > 0 {
		p["entities"] = asJSON(entities)
	}
	return attach(p, m)
}

// written is a text as the Bot API takes it.
func written(t markup.Text) (string, []entity) {
	var w writer
	w.all(markup.Parse(t))
	return w.String(), w.entities[:min(len(w.entities), maxEntities)]
}

// attach puts to p what is below the text and the image of m.
func attach(p params, m core.Message) params {
	switch {
	case m.Answer:
		p["reply_markup"] = asJSON(forceReply{Force: true, Selective: true})
	case len(m.Rows) > 0:
		p["reply_markup"] = asJSON(keyboardOf(m.Rows))
	}
	return p
}

type preview struct {
	Disabled bool `json:"is_disabled"`
}

// forceReply opens a box to reply in for those who are mentioned or replied to.
type forceReply struct {
	Force     bool `json:"force_reply"`
	Selective bool `json:"selective"`
}

type keyboard struct {
	Rows [][]button `json:"inline_keyboard"`
}

// button has exactly one of URL, Data and Copy.
type button struct {
	Text  string    `json:"text"`
	Style string    `json:"style,omitempty"`
	URL   string    `json:"url,omitempty"`
	Data  string    `json:"callback_data,omitempty"`
	Copy  *copyText `json:"copy_text,omitempty"`
}

type copyText struct {
	Text string `json:"text"`
}

func keyboardOf(rows [][]core.Control) keyboard {
	k := keyboard{Rows: make([][]button, len(rows))}
	for i, row := range rows {
		for _, c := range row {
			switch c := c.(type) {
			case core.Button:
				k.Rows[i] = append(k.Rows[i], button{Text: c.Label, Style: styles[c.Tone], Data: c.Do.Token().Reveal()})
			case core.Link:
				k.Rows[i] = append(k.Rows[i], button{Text: c.Label, URL: c.URL})
			case core.Copy:
				k.Rows[i] = append(k.Rows[i], button{Text: c.Label, Copy: &copyText{c.Text}})
			}
		}
	}
	return k
}

var styles = map[core.Tone]string{core.Main: "primary", core.Good: "success", core.Bad: "danger"}

// lengthOf is how long a text is when it is rendered.
func lengthOf(t markup.Text) int {
	var w writer
	w.all(markup.Parse(t))
	return w.at
}

// writer writes spans as a text and its entities.
type writer struct {
	strings.Builder
	at       int // length so far, in UTF-16 code units
	entities []entity
}

func (w *writer) all(spans []markup.Span) {
	for _, s := range spans {
		w.span(s)
	}
}

func (w *writer) span(s markup.Span) {
	switch s.Kind {
	case markup.Word:
		w.say(s.Text)
	case markup.Break:
		w.say("\n")
	case markup.Bold:
		w.around(entity{Type: "bold"}, func() { w.all(s.Spans) })
	case markup.Italic:
		w.around(entity{Type: "italic"}, func() { w.all(s.Spans) })
	case markup.Code:
		w.around(entity{Type: "code"}, func() { w.say(s.Text) })
	case markup.Block:
		w.around(entity{Type: "pre", Language: s.Lang}, func() { w.say(s.Text) })
	case markup.Link:
		w.link(s)
	case markup.Mention:
		w.mention(s)
	case markup.Moment:
		// A short date and time in the reader's zone; older clients show the words.
		w.around(entity{Type: "date_time", UnixTime: s.Time.Unix(), Format: "dt"}, func() { w.say(inUTC(s.Time)) })
	case markup.Quote:
		w.around(entity{Type: "blockquote"}, func() { w.all(s.Spans) })
	}
}

func inUTC(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

// link is one that Telegram makes, or else its words: it refuses a message with a
// link that leads to no public host.
func (w *writer) link(s markup.Span) {
	if u, err := url.Parse(s.URL); err != nil || !strings.Contains(strings.Trim(u.Hostname(), "."), ".") || reach.Loopback(u.Hostname()) {
		w.all(s.Spans)
		w.say(" (" + s.URL + ")")
		return
	}
	w.around(entity{Type: "text_link", URL: s.URL}, func() { w.all(s.Spans) })
}

// mention names somebody in a way that reaches them, if they are on Telegram.
func (w *writer) mention(s markup.Span) {
	name := s.Text
	if name == "" {
		name = "somebody"
	}
	id, err := userID(s.Person)
	if err != nil {
		w.say(name)
		return
	}
	w.around(entity{Type: "text_mention", User: &user{ID: id, FirstName: name}}, func() { w.say(name) })
}

// around puts an entity around what write writes.
func (w *writer) around(e entity, write func()) {
	e.Offset = w.at
	i := len(w.entities)
	w.entities = append(w.entities, e) // the outer before the inner, as Telegram sorts them
	write()
	if w.entities[i].Length = w.at - e.Offset; w.at == e.Offset {
		w.entities = append(w.entities[:i], w.entities[i+1:]...)
	}
}

func (w *writer) say(text string) {
	w.WriteString(text)
	for _, r := range text {
		w.at += utf16.RuneLen(r)
	}
}
