// Package markup is the small Markdown that messages are written in.
//
// A Text is written as a constant, or built by F, which works like fmt.Sprintf
// but escapes its arguments, so that nobody's name can become formatting.
// Parse turns a Text into a tree of spans, and each platform's adapter renders
// that tree in its own way, escaping at the leaves. Visible tells what a person
// would read without any formatting. Split and Cut make a Text fit a platform's
// limit without tearing its formatting, and Write is the way back from spans.
//
// What a Text may contain:
//
//	*bold* and _italic_      only around whole words: snake_case and 2*3*4 stay as they are
//	`code`                   on one line
//	[label](https://…)       http and https; anything else stays words
//	> quoted                 at the start of a line; lines in a row are one quote
//	```go                    a block of code, up to a line of three backticks
//	<@chat:T1:U1|Ann>        a person; write it with Person
//	<!2006-01-02T15:04:05Z>  a moment; write it with Time
//
// A newline ends a line and whatever was left open in it: a mark without its
// partner is an ordinary character, and a span with nothing in it is nothing.
//
// A backslash means the same everywhere, in code and addresses too. It makes
// the punctuation after it an ordinary character, and a newline after it a line
// break that ends neither the quote nor the bold around it. The one exception
// is \&, which is nothing at all but counts as a letter: it keeps its neighbours
// apart, and F puts it where an empty or spaced argument meets a mark.
package markup

import (
	"strings"
	"time"
)

// A Text is a message in this package's Markdown. Constants convert to it by
// themselves; a variable must pass F or Plain, which escape.
type Text string

// Kind says what a Span is, and so which of its fields are set.
type Kind int

// The kinds of spans. Renderers switch on them. Blocks and quotes stand on
// lines of their own, with a Break on either side unless the text ends there.
const (
	Word    Kind = iota // Text, as it is to be seen; never holds a newline
	Break               // the end of a line
	Bold                // Spans
	Italic              // Spans
	Code                // Text, on one line
	Block               // Text, of any number of lines, and perhaps Lang
	Link                // URL, and as label Spans of Word, Bold, Italic and Code
	Mention             // Person, and as Text a name, which may be empty
	Moment              // Time
	Quote               // Spans of all kinds but Block and Quote
)

// String returns the kind's name.
func (k Kind) String() string {
	names := [...]string{"Word", "Break", "Bold", "Italic", "Code", "Block", "Link", "Mention", "Moment", "Quote"}
	if k < 0 || int(k) >= len(names) {
		return "Kind?"
	}
	return names[k]
}

// A Span is a piece of a parsed Text. No span of a kind is inside another of
// that kind, so trees are at most a few spans deep.
type Span struct {
	Kind   Kind
	Text   string
	Lang   string    // of a Block: letters, digits and + # . _ -
	URL    string    // of a Link: http or https, without spaces, quotes, < > \ ^ ` { | }
	Person string    // of a Mention: the key given to Person
	Time   time.Time // of a Moment: UTC, whole seconds
	Spans  []Span
}

// Person mentions someone. The key is core's User.Key, which contains no "|";
// the name is shown where the platform cannot show its own.
func Person(key, name string) Text {
	if key == "" {
		return Plain("@" + name)
	}
	return "<@" + Plain(key) + "|" + Plain(name) + ">"
}

// Time shows a moment, to the second. Platforms show it in the reader's own
// time zone where they can.
func Time(t time.Time) Text {
	return Text(t.UTC().Format("<!" + time.RFC3339 + ">"))
}

// Visible returns what a person reads when there is no formatting at all: a
// link as "label (address)", a moment in UTC, a mention as "@name".
func Visible(t Text) string {
	if calm(string(t)) {
		return string(t)
	}
	return visible(Parse(t))
}

func visible(spans []Span) string {
	var b strings.Builder
	show(&b, spans)
	return b.String()
}

func show(b *strings.Builder, spans []Span) {
	for _, s := range spans {
		switch s.Kind {
		case Break:
			b.WriteByte('\n')
		case Link:
			showLink(b, s)
		case Mention:
			b.WriteByte('@')
			b.WriteString(either(s.Text, s.Person))
		case Moment:
			b.WriteString(s.Time.UTC().Format("2 Jan 2006 15:04 UTC"))
		case Bold, Italic, Quote:
			show(b, s.Spans)
		default:
			b.WriteString(s.Text)
		}
	}
}

func showLink(b *strings.Builder, s Span) {
	label := visible(s.Spans)
	b.WriteString(label)
	if label != s.URL {
		b.WriteString(" (" + s.URL + ")")
	}
}

func either(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
