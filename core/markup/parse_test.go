package markup

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name string
		text Text
		want string
	}{
		{"nothing", "", ``},
		{"words", "hello, world", `"hello, world"`},
		{"lines", "a\nb\n\nc\n", `"a" / "b" / / "c" /`},
		{"bold", "a *b c* d", `"a " Bold("b c") " d"`},
		{"italic", "_a_.", `Italic("a") "."`},
		{"nested", "*a _b_ `c`*", `Bold("a " Italic("b") " " Code("c"))`},
		{"side by side", "*a**b*", `Bold("a") Bold("b")`},
		{"in words", "snake_case_name 2*3*4", `"snake_case_name 2*3*4"`},
		{"spaced", "2 * 3 * 4 ** 5", `"2 * 3 * 4 ** 5"`},
		{"spaced end", "*a * b", `"*a * b"`},
		{"doubled", "**a**", `"*" Bold("a") "*"`},
		{"open", "*a _b", `"*a _b"`},
		{"open to the line's end", "*a\nb*", `"*a" / "b*"`},
		{"escaped newline", "*a\\\nb*", `Bold("a" / "b")`},
		{"crossed", "*a _b* c_", `Bold("a _b") " c_"`},
		{"quotation marks", "“*a*”", `"“" Bold("a") "”"`},
		{"list", "* a\n* b", `"* a" / "* b"`},
		{"code", "`a *b*`", `Code("a *b*")`},
		{"code twice", "`a``b`", `Code("a") Code("b")`},
		{"code with a backtick", "`a\\`b\\\\`", "Code(\"a`b\\\\\")"},
		{"code is one line", "`a\\\nb`", `Code("a b")`},
		{"open code", "a ` *b*", "\"a ` \" Bold(\"b\")"},
		{"empty code", "a``b", `"ab"`},
		{"one-line fence", "```a```", `Code("a")`},
		{"block", "a\n```go\nx\n*y*\n```\nb", `"a" / Blockgo("x\n*y*") / "b"`},
		{"block with escapes", "```\n\\```\n\\*\\n\n```", "Block(\"```\\n*\\\\n\")"},
		{"open block", "```\na\n", `Block("a\n")`},
		{"fence without a block", "a\n```", "\"a\" / \"`\""},
		{"empty block", "a\n```\n```\nb", `"a" / / "b"`},
		{"language", "``` c++ x\na\n```", `Blockc++("a")`},
		{"quote", "> a\n> *b*\n>\nc", `Quote("a" / Bold("b") /) / "c"`},
		{"not quotes", ">a a > b\n\\> c", `">a a > b" / "> c"`},
		{"no block in a quote", "> ```\n> a", "Quote(\"`\" / \"a\")"},
		{"link", "[a *b*](https://x.example/y_z_*)", `Linkhttps://x.example/y_z_*("a " Bold("b"))`},
		{"link alone", "[](http://x.example)", `Linkhttp://x.example("http://x.example")`},
		{"blank link", "[ _ _](http://x.example)", `Linkhttp://x.example(" _ _")`},
		{"script", "[a](javascript:alert(1))", `"[a](javascript:alert(1))"`},
		{"no host", "[a](https:///b)", `"[a](https:///b)"`},
		{"brackets", "[a] [b [c](https://x.example)", `"[a] [b " Linkhttps://x.example("c")`},
		{"odd address", "[a](https://x.example/ \"<\\)\\\n)", `Linkhttps://x.example/%20%22%3C)%0A("a")`},
		{"label is flat", "[a\\\nb <@k|c> <!2026-01-02T15:04:05Z>](https://x.example)", `Linkhttps://x.example("a b @c 2 Jan 2026 15:04 UTC")`},
		{"person", "hi <@slack:T1:U1|Ann Lee>!", `"hi " Mention(slack:T1:U1 "Ann Lee") "!"`},
		{"person without a name", "<@k>", `Mention(k "")`},
		{"moment", "<!2026-01-02T15:04:05+01:00>", `Moment(2026-01-02T14:04:05Z)`},
		{"no such tags", "<@> <!x> <b> < <@k|n", `"<@> <!x> <b> < <@k|n"`},
		{"escapes", `\*a\* \\ \q \é \`, `"*a* \\ \\q \\é \\"`},
		{"glue", `\&> a *\& b* c\&*d*\&`, `"> a " Bold(" b") " c*d*"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spans := Parse(tt.text)
			if got := outline(spans); got != tt.want {
				t.Errorf("Parse(%q): got %s, want %s", tt.text, got, tt.want)
			}
			roundTrip(t, tt.text)
		})
	}
}

// roundTrip checks that Write is the inverse of Parse.
func roundTrip(t *testing.T, text Text) {
	t.Helper()
	want := Parse(text)
	again := Write(want)
	if got := Parse(again); !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
		t.Errorf("Parse(%q), written as %q: got %s, want %s", text, again, outline(got), outline(want))
	}
}

// TestWrite is about trees that Parse does not make.
func TestWrite(t *testing.T) {
	word := func(s string) Span { return Span{Text: s} }
	bold := func(in ...Span) Span { return Span{Kind: Bold, Spans: in} }
	tests := []struct {
		name  string
		spans []Span
		want  string
	}{
		{"inside a word", []Span{word("a"), bold(word("b")), word("c")}, `"a" Bold("b") "c"`},
		{"spaces", []Span{bold(word(" a "))}, `Bold(" a ")`},
		{"bold in bold", []Span{bold(word("a"), bold(word("b")))}, `Bold("ab")`},
		{"empty", []Span{word(""), bold(), {Kind: Code}, {Kind: Block}, {Kind: Quote}}, ``},
		{"newline in a word", []Span{word("a\nb")}, `"a" / "b"`},
		{"quote in a line", []Span{word("a"), {Kind: Quote, Spans: []Span{word("b")}}, word("c")}, `"a" / Quote("b") / "c"`},
		{"block in bold", []Span{bold(Span{Kind: Block, Text: "a\nb"})}, `Bold(Code("a b"))`},
		{"block in a quote", []Span{{Kind: Quote, Spans: []Span{{Kind: Block, Text: "a"}}}}, `Quote(Code("a"))`},
		{"bad address", []Span{{Kind: Link, URL: "tel:1", Spans: []Span{word("a")}}}, `"a"`},
		{"link in a link", []Span{{Kind: Link, URL: "http://a", Spans: []Span{{Kind: Link, URL: "http://b", Spans: []Span{word("c")}}}}}, `Linkhttp://a("c")`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := Write(tt.spans)
			if got := outline(Parse(text)); got != tt.want {
				t.Errorf("Parse(Write(…)) by %q: got %s, want %s", text, got, tt.want)
			}
		})
	}
}

// TestParseIsLinear feeds what makes careless parsers recursive, or so slow that
// this test would not end.
func TestParseIsLinear(t *testing.T) {
	for _, unit := range []string{
		"*", "*a ", "_a*b ", "[", "[a](", "[a](https://x", "](", "<", "<@", "`\\`", "```\n", "```a\n", "> ", "\\", "*a _b [c ", "*a_", "a* ", "*a *_b_",
	} {
		text := Text(strings.Repeat(unit, 1<<17/len(unit)))
		if depth := deep(Parse(text)); depth > 5 {
			t.Errorf("Parse(%q…): got depth %d, want at most 5", unit, depth)
		}
	}
}

func deep(spans []Span) int {
	most := 0
	for _, s := range spans {
		most = max(most, 1+deep(s.Spans))
	}
	return most
}

func FuzzParse(f *testing.F) {
	for _, format := range formats {
		f.Add(string(format))
	}
	for _, h := range hostile {
		f.Add(h)
		f.Add("*a " + h + "* [b](https://c.example/" + h + ") _" + h + "_ `" + h + "`")
		f.Add("> " + h + "\n```" + h + "\n" + h + "\n```\n<@k|" + h + ">")
	}
	f.Fuzz(func(t *testing.T, s string) {
		roundTrip(t, Text(s))
		if depth := deep(Parse(Text(s))); depth > 5 {
			t.Errorf("Parse(%q): got depth %d, want at most 5", s, depth)
		}
		if got, want := Visible(Plain(s)), clean(s); got != want {
			t.Errorf("Visible(Plain(%q)): got %q, want %q", s, got, want)
		}
		if got, want := Visible(F("*%s*", s)), clean(s); got != want {
			t.Errorf("Visible(F(*%q*)): got %q, want %q", s, got, want)
		}
	})
}

func ExampleParse() {
	for _, s := range Parse("*Done.* See [the log](https://x.example).") {
		fmt.Println(s.Kind, s.Text, s.URL, len(s.Spans))
	}
	// Output:
	// Bold   1
	// Word  See   0
	// Link  https://x.example 1
	// Word .  0
}

func BenchmarkParse(b *testing.B) {
	for _, bench := range []struct {
		name string
		text Text
	}{
		{"calm", "Nothing here needs any care at all."},
		{"short", "Signed in as *octocat* on [GitHub](https://github.com), see `whoami`."},
		{"long", lorem},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bench.text)))
			for b.Loop() {
				Parse(bench.text)
			}
		})
	}
}
