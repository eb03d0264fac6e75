package slack

import (
	"regexp"
	"slices"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// rich makes rich text of spans: texts with styles, in which no character means
// anything but itself.
type rich struct {
	done  []api.RichTextElement
	line  []api.RichTextSectionElement
	open  bool // line has begun, maybe with nothing
	style api.RichTextSectionTextStyle
	link  string // where the words lead to
}

// richText is a text as a block; nil if it says nothing.
func richText(t markup.Text) api.Block {
	if strings.TrimSpace(markup.Visible(t)) == "" {
		return nil
	}
	var w rich
	w.lines(markup.Parse(t))
	if len(w.line) > 0 {
		w.end()
	}
	return api.NewRichTextBlock("", w.done...)
}

// lines writes spans line by line: Slack puts blocks and quotes on lines of their
// own by itself.
func (w *rich) lines(spans []markup.Span) {
	for more := true; more; {
		line := spans
		i := slices.IndexFunc(spans, func(s markup.Span) bool { return s.Kind == markup.Break })
		if more = i >= 0; more {
			line, spans = spans[:i], spans[i+1:]
		}
		if len(line) == 1 && (line[0].Kind == markup.Quote || line[0].Kind == markup.Block) {
			w.end()
			w.alone(line[0])
			continue
		}
		if w.open {
			w.say("\n")
		}
		w.open = true
		w.all(line)
	}
}

// alone writes a quote or a block.
func (w *rich) alone(s markup.Span) {
	var inner rich
	if s.Kind == markup.Block {
		inner.say(s.Text)
		w.done = append(w.done, &api.RichTextPreformatted{Type: api.RTEPreformatted, Elements: inner.line})
		return
	}
	inner.all(s.Spans)
	w.done = append(w.done, &api.RichTextQuote{Type: api.RTEQuote, Elements: inner.line})
}

// end ends the section that has begun. An empty line is a space: Slack takes no
// section without a character.
func (w *rich) end() {
	if !w.open {
		return
	}
	if len(w.line) == 0 {
		w.say(" ")
	}
	w.done = append(w.done, api.NewRichTextSection(w.line...))
	w.line, w.open = nil, false
}

func (w *rich) all(spans []markup.Span) {
	for _, s := range spans {
		w.span(s)
	}
}

func (w *rich) span(s markup.Span) {
	before, link := w.style, w.link
	switch s.Kind {
	case markup.Bold:
		w.style.Bold = true
		w.all(s.Spans)
	case markup.Italic:
		w.style.Italic = true
		w.all(s.Spans)
	case markup.Code:
		w.style.Code = true
		w.say(s.Text)
	case markup.Link:
		w.link = s.URL
		w.all(s.Spans)
	case markup.Mention:
		w.mention(s)
	case markup.Moment:
		words := inUTC(s.Time)
		date := api.NewRichTextSectionDateElement(s.Time.Unix(), "{date_short_pretty} {time}", nil, &words)
		date.Style = w.styled()
		w.line = append(w.line, date)
	case markup.Break:
		w.say("\n")
	default: // a word; quotes and blocks are never inside of anything
		w.words(s.Text)
	}
	w.style, w.link = before, link
}

// inUTC is what those see whose clients know no dates.
func inUTC(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

// mention names somebody in a way that reaches them, if they are on Slack.
func (w *rich) mention(s markup.Span) {
	if u, ok := core.UserOf(s.Person); ok && u.Platform == platform {
		w.line = append(w.line, api.NewRichTextSectionUserElement(u.ID, w.styled()))
		return
	}
	w.say(named("somebody", s.Text))
}

// styled is the style of what is written next; nil if it has none.
func (w *rich) styled() *api.RichTextSectionTextStyle {
	if w.style == (api.RichTextSectionTextStyle{}) {
		return nil
	}
	style := w.style
	return &style
}

// address is one that stands in a text. In rich text Slack makes no link of it by
// itself.
var address = regexp.MustCompile(`https?://[^\s<>|"]*[^\s<>|".,;:!?'()\[\]{}*_~` + "`" + `]`)

// words are text in which addresses can be followed.
func (w *rich) words(text string) {
	at := 0
	for _, found := range address.FindAllStringIndex(text, -1) {
		if w.link != "" {
			break
		}
		w.say(text[at:found[0]])
		at = found[1]
		w.link = text[found[0]:at]
		w.say(w.link)
		w.link = ""
	}
	w.say(text[at:])
}

// say appends to what was said last in the same way.
func (w *rich) say(text string) {
	style := w.styled()
	switch last := w.last(); {
	case text == "":
	case w.link != "" && len(w.link) <= maxURL:
		w.line = append(w.line, api.NewRichTextSectionLinkElement(w.link, text, style))
	case last != nil && (last.Style == nil) == (style == nil) && (style == nil || *last.Style == *style):
		last.Text += text
	default:
		w.line = append(w.line, api.NewRichTextSectionTextElement(text, style))
	}
}

// last is the last of a line, if it is a text.
func (w *rich) last() *api.RichTextSectionTextElement {
	if len(w.line) == 0 {
		return nil
	}
	text, is := w.line[len(w.line)-1].(*api.RichTextSectionTextElement)
	if !is {
		return nil
	}
	return text
}
