package discord

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// written is a text in Discord's Markdown, and whom it mentions, by id.
func written(t markup.Text) (text string, users []string) {
	var w writer
	w.all(markup.Parse(t))
	return string(w.out), w.users
}

// lengthOf is how many characters a text has when it is written.
func lengthOf(t markup.Text) int {
	text, _ := written(t)
	return utf8.RuneCountInString(text)
}

// writer writes spans in Discord's Markdown.
type writer struct {
	out   []byte
	quote bool // every line begins with "> "
	users []string
}

func (w *writer) put(s string) { w.out = append(w.out, s...) }

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
		w.newline()
	case markup.Bold:
		w.around("**", s.Spans)
	case markup.Italic:
		w.around("*", s.Spans)
	case markup.Code:
		w.code(s.Text)
	case markup.Block:
		w.block(s)
	case markup.Link:
		w.link(s)
	case markup.Mention:
		w.mention(s)
	case markup.Moment:
		w.put(fmt.Sprintf("<t:%d:f>", s.Time.Unix())) // date and time, in the reader's zone
	case markup.Quote:
		w.ownLine()
		w.put("> ")
		w.quote = true
		w.all(s.Spans)
		w.quote = false
	}
}

func (w *writer) newline() {
	w.put("\n")
	if w.quote {
		w.put("> ")
	}
}

// atStart reports whether a line begins here.
func (w *writer) atStart() bool {
	line := w.out
	if w.quote {
		line = bytes.TrimSuffix(line, []byte("> "))
	}
	return len(line) == 0 || line[len(line)-1] == '\n'
}

func (w *writer) ownLine() {
	if !w.atStart() {
		w.newline()
	}
}

// around puts marks around what spans are, but not around the space at its ends:
// no emphasis begins or ends there.
func (w *writer) around(mark string, spans []markup.Span) {
	from := len(w.out)
	w.all(spans)
	inner := string(w.out[from:])
	middle := strings.Trim(inner, " \t")
	if middle == "" {
		return
	}
	before, after, _ := strings.Cut(inner, middle)
	w.out = w.out[:from]
	w.put(before)
	if bytes.HasSuffix(w.out, []byte("*")) && !bytes.HasSuffix(w.out, []byte(`\*`)) {
		w.put("\u200b") // one mark ends and the next begins
	}
	w.put(mark + middle + mark + after)
}

// say writes what is to be read as it is.
func (w *writer) say(text string) {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			w.newline()
		}
		w.words(line)
	}
}

// code writes code in a line. There is no way to write all backticks in it; with
// those that cannot be there it is no code.
func (w *writer) code(text string) {
	switch {
	case text == "":
	case !strings.Contains(text, "`"):
		w.put("`" + text + "`")
	case strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") || strings.Contains(text, "``"):
		w.say(text)
	default:
		w.put("``" + text + "``")
	}
}

// block writes lines of code. With what would end it among them, they are none.
func (w *writer) block(s markup.Span) {
	w.ownLine()
	if strings.Contains(s.Text, "```") || strings.Trim(s.Text, "\n") == "" {
		w.say(s.Text)
		return
	}
	w.put("```" + s.Lang)
	for line := range strings.SplitSeq(s.Text, "\n") {
		w.newline()
		w.put(line)
	}
	w.newline()
	w.put("```")
}

// unsafeInLink are what would end the address of a link too early.
var unsafeInLink = strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", `\`, "%5C", " ", "%20")

// link is one that Discord makes, or its words and then the address: it makes
// none with brackets or an address in its label, which could mislead.
func (w *writer) link(s markup.Span) {
	label := markup.Visible(markup.Write(s.Spans))
	if label == s.URL {
		w.say(s.URL)
		return
	}
	if strings.ContainsAny(label, "[]<") || strings.Contains(label, "://") {
		w.all(s.Spans)
		w.say(" (" + s.URL + ")")
		return
	}
	w.put("[")
	w.all(s.Spans)
	w.put("](<" + unsafeInLink.Replace(s.URL) + ">)")
}

// mention names somebody in a way that reaches them, if they are on Discord.
func (w *writer) mention(s markup.Span) {
	u, ok := core.UserOf(s.Person)
	if !ok || u.Platform != platform || !isID(u.ID) {
		name := s.Text
		if name == "" {
			name = "somebody"
		}
		w.say(name)
		return
	}
	w.put("<@" + u.ID + ">")
	if !slices.Contains(w.users, u.ID) {
		w.users = append(w.users, u.ID)
	}
}

// isID reports whether s can be an id: Discord's are numbers.
func isID(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}
