package markup

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var noon = time.Date(2026, 1, 2, 12, 0, 5, 999, time.FixedZone("", 3600))

// outline writes spans on one line, for tables and messages.
func outline(spans []Span) string {
	var b strings.Builder
	for i, s := range spans {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch s.Kind {
		case Word:
			fmt.Fprintf(&b, "%q", s.Text)
		case Break:
			b.WriteByte('/')
		case Mention:
			fmt.Fprintf(&b, "Mention(%s %q)", s.Person, s.Text)
		case Moment:
			fmt.Fprintf(&b, "Moment(%s)", s.Time.Format(time.RFC3339))
		case Code, Block:
			fmt.Fprintf(&b, "%v%s(%q)", s.Kind, s.Lang, s.Text)
		default:
			fmt.Fprintf(&b, "%v%s(%s)", s.Kind, s.URL, outline(s.Spans))
		}
	}
	return b.String()
}

func TestVisible(t *testing.T) {
	tests := []struct {
		name string
		text Text
		want string
	}{
		{"nothing", "", ""},
		{"words", "hello", "hello"},
		{"marks", "*a* _b_ `c`\n> d", "a b c\nd"},
		{"link", "see [the *docs*](https://x.example)", "see the docs (https://x.example)"},
		{"bare link", "[](https://x.example)", "https://x.example"},
		{"moment", F("until %s", Time(noon)), "until 2 Jan 2026 11:00 UTC"},
		{"person", F("hi %s", Person("slack:T1:U1", "Ann")), "hi @Ann"},
		{"nameless", Person("slack:T1:U1", ""), "@slack:T1:U1"},
		{"nobody", Person("", "Ann"), "@Ann"},
		{"block", "a\n```go\nx := 1\n```\nb", "a\nx := 1\nb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Visible(tt.text); got != tt.want {
				t.Errorf("Visible(%q): got %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestPlain(t *testing.T) {
	tests := []struct {
		name, s string
		want    Text
	}{
		{"nothing", "", ""},
		{"harmless", "Hello, wörld! It's 5 o'clock.", "Hello, wörld! It's 5 o'clock."},
		{"marks", "a*b_c`d", "a\\*b\\_c\\`d"},
		{"brackets", "[x](y) <z>", `\[x\]\(y\) \<z\>`},
		{"slash", `C:\&`, `C:\\&`},
		{"lines", "a\r\nb", "a\\\nb"},
		{"spaces", " a\t", `\& a` + "\t" + `\&`},
		{"controls", "a\x00b\x1bc\x7fd\u0085e", "abcde"},
		{"order", "\u202ea\u200fb\u2066c\u061cd", "abcd"},
		{"only controls", "\u202e\x00", ""},
		{"space behind a control", "\u200e a", `\& a`},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Plain(tt.s); got != tt.want {
				t.Errorf("Plain(%q): got %q, want %q", tt.s, got, tt.want)
			}
		})
	}
}

func TestF(t *testing.T) {
	type id string
	tests := []struct {
		name string
		got  Text
		want Text
	}{
		{"constant", F("*a* 100 %"), "*a* 100 %!(NOVERB)"},
		{"percent", F("100%%"), "100%"},
		{"string", F("hello *%s*", "Ann"), "hello *Ann*"},
		{"edges in words", F("(%s)", "so it is."), "(so it is.)"},
		{"number", F("%d of %05.1f, %d", 3, 2.5, -1), "3 of 002.5, -1"},
		{"quoted", F("%q", "a_b"), `"a\_b"`},
		{"width", F("%-6s|%6v|", "a*", id("b")), `a\*    |     b|`},
		{"text", F("%s and %v", Text("*a*"), Plain("*b*")), `*a* and \*b\*`},
		{"order", F("%[2]s %[1]s", "a", "b"), "b a"},
		{"error", F("%v", errors.New("x_y")), `x\_y`},
		{"nil", F("%v", nil), `\<nil\>`},
		{"missing", F("%s %s", "a"), "a %!s(MISSING)"},
		{"nothing at all", F("%s", ""), ""},
		{"nothing in bold", F("*%s*", ""), `*\&*`},
		{"no text in bold", F("*%s*", Text("")), `*\&*`},
		{"space in bold", F("*%s*", " a "), `*\& a \&*`},
		{"slash before a verb", F(`\%s`, "*a*"), `\\\*a\*`},
		{"slash before a percent", F(`\%%%s\\%s`, "a", "b"), `\%a\\b`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %q, want %q", tt.got, tt.want)
			}
		})
	}
}

// skeleton is what is left of spans without what an argument may add by itself:
// words and line breaks. Spans that show nothing but only are left out too.
func skeleton(spans []Span, only string) string {
	var b strings.Builder
	for _, s := range spans {
		switch {
		case s.Kind == Word || s.Kind == Break || visible([]Span{s}) == only:
		case s.Kind == Link: // whose label may give way to the address
			b.WriteString("Link()")
		default:
			fmt.Fprintf(&b, "%v(%s)", s.Kind, skeleton(s.Spans, only))
		}
	}
	return b.String()
}

var hostile = []string{
	"*", "_", "`", "```", "[", "]", "](https://evil.example)", "[x](https://evil.example)", "*_[x](y)`", `\`, `\\`, `a\`, "&", "\n", "\n\n",
	"> ", "\n> a", ">", "<", "<@slack:T1:U1|Ann>", "@slack:T1:U1|Ann", "<!2026-01-02T15:04:05Z>", "!2026-01-02T15:04:05Z", "a\n```\nb", "\n```\n",
	" ", "a ", " a", ".", "a.", "é", "😀", "\u0301", "\u202e", "\x00", "\xff", "\t", "*a*", "_a_", "`a`", "a*b", "%s", ")", "(", "a)b", "|", "\u200d", "",
}

var formats = []Text{
	"%s", "*%s*", "_%s_", "`%s`", "*_%s_*", "> %s", "a\n> %s\nb", ">%s a", "%s> a", "%s*a*", "*a*%s", "*a*%s*b*", "%s_%s_", "a%s*b*",
	"```\n%s\n```\n*b*", "```%s\na\n```\n*b*", "```\na\n```%s\n*b*", "%s```\na\n```", "``%s`", "[%s](https://a.example)", "[a](https://a.example/%s)",
	"[a]%s(https://a.example)", "[*%s*](https://a.example)", "<%s>", "<@k%s|n>", "<@k|%s>", "<%s@k|n>", `\%s*a*`, `*\%s*`, "*%s* and *%s*", "%s%s%s*", "# %s",
}

func TestFKeepsTheTree(t *testing.T) {
	for _, format := range formats {
		args := []any{"a", "b", "c"}[:strings.Count(string(format), "%s")]
		for i := range args {
			other := args[i]
			for _, h := range hostile {
				args[i] = h
				text := F(format, args...)
				args[i] = "qzq"
				if got, want := skeletons(text, F(format, args...), h); got != want {
					t.Errorf("F(%q) with %q as argument %d: got %s, want %s", format, h, i, got, want)
				}
			}
			args[i] = other
		}
	}
}

// skeletons returns those of a text with argument and of one with "qzq". A span
// that holds only the argument may vanish where that shows nothing.
func skeletons(got, want Text, argument string) (string, string) {
	if clean(argument) == "" {
		return skeleton(Parse(got), ""), skeleton(Parse(want), "qzq")
	}
	return skeleton(Parse(got), "\x00"), skeleton(Parse(want), "\x00")
}

// clean is what Plain shows of s, made the slow way. Map makes U+FFFD of each invalid byte.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, s)
}

func TestAllocations(t *testing.T) {
	s := "Nothing here needs any care at all."
	tests := []struct {
		name string
		most float64
		do   func()
	}{
		{"Plain", 0, func() { Plain(s) }},
		{"Visible", 0, func() { Visible(Text(s)) }},
		{"Parse", 1, func() { Parse(Text(s)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := testing.AllocsPerRun(100, tt.do); got > tt.most {
				t.Errorf("got %v allocations, want at most %v", got, tt.most)
			}
		})
	}
}

func FuzzF(f *testing.F) {
	for i, h := range hostile {
		before, after, _ := strings.Cut(string(formats[i%len(formats)]), "%s")
		f.Add(before, h, strings.ReplaceAll(after, "%s", ""))
	}
	f.Fuzz(func(t *testing.T, before, argument, after string) {
		if strings.ContainsRune(before+after, 0) || strings.Contains(before, "](") || strings.Contains(before, "<") {
			return // an argument may decide whether an address, key or moment is one
		}
		if strings.Contains(before+argument+after, "qzq") || !utf8.ValidString(before) || !utf8.ValidString(after) {
			return // no format is like that
		}
		format := Text(strings.ReplaceAll(before, "%", "%%") + "%s" + strings.ReplaceAll(after, "%", "%%"))
		if got, want := skeletons(F(format, argument), F(format, "qzq"), argument); got != want {
			t.Errorf("F(%q, %q): got %s, want %s", format, argument, got, want)
		}
	})
}

func ExampleF() {
	name := "*Eve*](https://evil.example)"
	fmt.Println(F("Signed in as *%s*, until %s.", name, Time(time.Unix(1767366245, 0))))
	// Output: Signed in as *\&\*Eve\*\]\(https://evil.example\)\&*, until <!2026-01-02T15:04:05Z>.
}

func ExampleVisible() {
	fmt.Println(Visible("Open [the page](https://login.example) and enter `ABCD-EFGH`."))
	// Output: Open the page (https://login.example) and enter ABCD-EFGH.
}

func BenchmarkF(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		F("Signed in as *%s* on %s, %d scopes.", "octo_cat", "GitHub", 3)
	}
}
