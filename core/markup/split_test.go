package markup

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// lorem is 5,000 characters of everything.
var lorem = Text(strings.Repeat("The *quick* brown_fox jumps over [the lazy dog](https://dog.example/lazy), `again` and _again_.\n", 51))

// atMost fits texts that show no more than n characters.
func atMost(n int) func(Text) bool {
	return func(t Text) bool { return utf8.RuneCountInString(Visible(t)) <= n }
}

func TestSplit(t *testing.T) {
	tests := []struct {
		name string
		text Text
		most int
		want []Text
	}{
		{"fits", "*a*  b ", 9, []Text{"*a*  b "}},
		{"lines first", "aaaa bb\ncc dd", 10, []Text{"aaaa bb", "cc dd"}},
		{"lines only if half full", "a\nbbbb cccc dddd", 12, []Text{"a\nbbbb cccc", "dddd"}},
		{"spaces", "aaa bbb  ccc", 8, []Text{"aaa bbb", "ccc"}},
		{"letters", "aaabbbc", 3, []Text{"aaa", "bbb", "c"}},
		{"bold", "*aaa bbb _ccc ddd_*", 8, []Text{"*aaa bbb*", "*_ccc ddd_*"}},
		{"code stays whole", "aaa b`cccc`", 6, []Text{"aaa", "b`cccc`"}},
		{"code after letters", "aab`cccc`", 6, []Text{"aab", "`cccc`"}},
		{"long code", "a `bbbbbb`", 4, []Text{"a", "`bbbb`", "`bb`"}},
		{"link stays whole", "aaaa [b c](http://d.e)", 17, []Text{"aaaa", "[b c](http://d.e)"}},
		{"long label", "[aaaaaaaa](http://d.e)", 18, []Text{"[aaaaa](http://d.e)", "[aaa](http://d.e)"}},
		{"quote", "> aaa bbb\n> ccc", 7, []Text{"> aaa bbb", "> ccc"}},
		{"block", "```go\na\n  b\n  c\n```", 5, []Text{"```go\na\\\n  b\n```", "```go\n  c\n```"}},
		{"accents", "aa\u0301b", 2, []Text{"a", "a\u0301", "b"}},
		{"too many accents", "a\u0301\u0301\u0301", 2, []Text{"a\u0301", "\u0301\u0301"}},
		{"flags", "🇫🇷🇩🇪", 3, []Text{"🇫🇷", "🇩🇪"}},
		{"family", "x👩\u200d👧", 3, []Text{"x", "👩\u200d👧"}},
		{"nothing fits", "ab", 0, []Text{"a", "b"}},
		{"person", "aaaa <@k|bbbb>", 6, []Text{"aaaa", "<@k|bbbb>"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Split(tt.text, atMost(tt.most)); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
				t.Errorf("Split(%q) at %d: got %q, want %q", tt.text, tt.most, got, tt.want)
			}
		})
	}
}

func TestCut(t *testing.T) {
	tests := []struct {
		name string
		text Text
		most int
		want Text
	}{
		{"fits", "*a* b", 3, "*a* b"},
		{"letters", "abcdef", 4, "abc…"},
		{"no space before", "abc def", 5, "abc…"},
		{"bold", "*abc def*", 6, "*abc d*…"},
		{"code goes whole", "ab `cdef` gh", 6, "ab…"},
		{"code alone", "`abcdef`", 4, "`abc`…"},
		{"quote", "> abcdef\n\nx", 4, "> abc…"},
		{"block", "```\nabcdef\n```\nx", 4, "```\nabc…\n```"},
		{"only the dots", "abc", 1, "…"},
		{"nothing", "abc", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Cut(tt.text, atMost(tt.most)); got != tt.want {
				t.Errorf("Cut(%q) at %d: got %q, want %q", tt.text, tt.most, got, tt.want)
			}
		})
	}
}

// TestSplitAsksSeldom: measuring a text is dear on some platforms.
func TestSplitAsksSeldom(t *testing.T) {
	asked := 0
	pieces := Split(Text(strings.Repeat(string(lorem), 20)), func(t Text) bool {
		asked++
		return len(t) <= 2000
	})
	if got, want := asked, 10*len(pieces); got > want {
		t.Errorf("got %d questions for %d pieces, want at most %d", got, len(pieces), want)
	}
}

// ink returns what is in the leaves of spans, but for spaces.
func ink(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(strings.Join(strings.Fields(s.Text), ""))
		b.WriteString(ink(s.Spans))
	}
	return b.String()
}

func FuzzSplit(f *testing.F) {
	for i, h := range hostile {
		f.Add(string(formats[i%len(formats)]), uint8(i))
		f.Add("*a "+h+"* [b](https://c.example/) _"+h+"_ `"+h+h+"`", uint8(i))
		f.Add("> "+h+"\n```go\n"+h+"\n```\n<@k|"+h+">\n"+h, uint8(1))
	}
	f.Fuzz(func(t *testing.T, s string, most uint8) {
		if !utf8.ValidString(s) {
			return // invalid bytes are counted one by one
		}
		fits := func(t Text) bool { return len(ink(Parse(t))) <= int(most) }
		var got strings.Builder
		for _, piece := range Split(Text(s), fits) {
			spans := Parse(piece)
			if !fits(piece) && newCutter(piece).next(0) < len(newCutter(piece).marks) {
				t.Errorf("Split(%q) at %d: got %q, want a piece that fits", s, most, piece)
			}
			got.WriteString(ink(spans))
		}
		if want := ink(Parse(Text(s))); got.String() != want {
			t.Errorf("Split(%q) at %d: got %q in all, want %q", s, most, got.String(), want)
		}
		if short := Cut(Text(s), fits); !fits(short) {
			t.Errorf("Cut(%q) at %d: got %q, want what fits", s, most, short)
		}
	})
}

func ExampleSplit() {
	fits := func(t Text) bool { return len(Visible(t)) <= 14 }
	for _, piece := range Split("*One two three four five*", fits) {
		fmt.Println(piece)
	}
	// Output:
	// *One two three*
	// *four five*
}

func BenchmarkSplit(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(lorem)))
	for b.Loop() {
		Split(lorem, func(t Text) bool { return len(t) <= 2000 })
	}
}
