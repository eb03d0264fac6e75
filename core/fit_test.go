package core

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/usherbot/usher/core/markup"
)

func runes(t markup.Text) int { return utf8.RuneCountInString(markup.Visible(t)) }

// able is a platform that has everything, within limits.
func able(l Limits) Caps {
	return Caps{Private: true, Forms: true, Selects: true, Embeds: true, Images: true, Alts: true, Copies: true, Loopback: true, Limits: l}
}

func buttons(labels ...string) []Control {
	var row []Control
	for _, l := range labels {
		row = append(row, Button{Label: l})
	}
	return row
}

func choices(labels ...string) (out []Choice) {
	for _, l := range labels {
		out = append(out, Choice{Label: l})
	}
	return out
}

// lay is messages as text: one a line, rows and embeds between bars.
func lay(ms []Message) string {
	var lines []string
	for _, m := range ms {
		parts := []string{strings.ReplaceAll(markup.Visible(m.Text), "\n", " / ")}
		for _, e := range m.Embeds {
			parts = append(parts, layEmbed(e))
		}
		if m.Image != nil {
			parts = append(parts, "("+m.Image.Alt+")")
		}
		for _, row := range m.Rows {
			parts = append(parts, strings.TrimSpace(sketch(Message{Rows: [][]Control{row}})))
		}
		lines = append(lines, strings.Join(parts, " | "))
	}
	return strings.Join(lines, "\n")
}

func layEmbed(e Embed) string {
	var parts []string
	for _, p := range []string{e.Title, e.URL, markup.Visible(e.Text), e.Image, e.Footer} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	for _, f := range e.Fields {
		parts = append(parts, f.Name+"="+markup.Visible(f.Value))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

var cat = &Image{Data: []byte("meow"), Alt: "A *cat*"}

func TestFit(t *testing.T) {
	field := func(name, value string) Field { return Field{Name: name, Value: markup.Plain(value)} }
	bare := Caps{}
	tests := []struct {
		name string
		caps Caps
		m    Message
		want string
	}{
		{"a text", able(Limits{}), Message{Text: "hello *you*"}, "hello you"},
		{"nothing", able(Limits{}), Message{}, ""},
		{"a text at the limit", able(Limits{Text: 11}), Message{Text: "hello *there*"}, "hello there"},
		{"a text beyond it", able(Limits{Text: 10}), Message{Text: "hello *there*"}, "hello\nthere"},
		{"controls stay with the end", able(Limits{Text: 5}), Message{Text: "hello there", Rows: [][]Control{buttons("A")}}, "hello\nthere | [A]"},
		{"controls alone", able(Limits{}), Message{Rows: [][]Control{buttons("A")}}, "… | [A]"},
		{"controls with an embed", able(Limits{}), Message{Embeds: []Embed{{Title: "T"}}, Rows: [][]Control{buttons("A")}}, " | {T} | [A]"},

		{"an embed becomes text", bare, Message{Text: "Look:", Embeds: []Embed{{
			Title: "T*t*", URL: "https://x.example", Text: "*b*", Image: "https://x.example/i_i_.png", Footer: "F",
			Fields: []Field{field("N", "v"), field("M", "w")},
		}}}, "Look: / T*t* (https://x.example) / b / N: v / M: w / https://x.example/i_i_.png / F"},
		{"an embed without an address", bare, Message{Embeds: []Embed{{Title: "T"}, {Text: "b"}}}, "T / b"},
		{"embeds at the limit", able(Limits{Embeds: 2}), Message{Embeds: []Embed{{Title: "A"}, {Title: "B"}}}, " | {A} | {B}"},
		{
			"embeds beyond it", able(Limits{Embeds: 2}),
			Message{Text: "t", Embeds: []Embed{{Title: "A"}, {Title: "B"}, {Title: "C"}}, Rows: [][]Control{buttons("X")}},
			"t | {A} | {B}\n | {C} | [X]",
		},
		{"a title at the limit", able(Limits{EmbedTitle: 3}), Message{Embeds: []Embed{{Title: "äöü"}}}, " | {äöü}"},
		{"a title beyond it", able(Limits{EmbedTitle: 3}), Message{Embeds: []Embed{{Title: "äöüß"}}}, " | {äö…}"},
		{"a footer at the limit", able(Limits{Footer: 3}), Message{Embeds: []Embed{{Title: "T", Footer: "abc"}}}, " | {T, abc}"},
		{"a footer beyond it", able(Limits{Footer: 3}), Message{Embeds: []Embed{{Title: "T", Footer: "abcd"}}}, " | {T, ab…}"},
		{"a text in an embed at the limit", able(Limits{EmbedText: 11}), Message{Embeds: []Embed{{Text: "hello *there*"}}}, " | {hello there}"},
		{"a text in an embed beyond it", able(Limits{EmbedText: 10}), Message{Embeds: []Embed{{Title: "T", Text: "hello *there*"}}}, " | {T, hello} | {there}"},
		{"fields at the limit", able(Limits{Fields: 2}), Message{Embeds: []Embed{{Fields: []Field{field("a", "1"), field("b", "2")}}}}, " | {a=1, b=2}"},
		{
			"fields beyond it", able(Limits{Fields: 2}),
			Message{Embeds: []Embed{{Title: "T", Fields: []Field{field("a", "1"), field("b", "2"), field("c", "3")}}}},
			" | {T, a=1, b=2} | {c=3}",
		},
		{"a field's name at the limit", able(Limits{FieldName: 2}), Message{Embeds: []Embed{{Fields: []Field{field("ab", "1")}}}}, " | {ab=1}"},
		{"a field's name beyond it", able(Limits{FieldName: 2}), Message{Embeds: []Embed{{Fields: []Field{field("abc", "1")}}}}, " | {a…=1}"},
		{"a field's value at the limit", able(Limits{FieldText: 2}), Message{Embeds: []Embed{{Fields: []Field{field("a", "12")}}}}, " | {a=12}"},
		{"a field's value beyond it", able(Limits{FieldText: 2}), Message{Embeds: []Embed{{Fields: []Field{field("a", "123")}}}}, " | {a=1…}"},

		{"embeds that say as much as they may", able(Limits{AllEmbeds: 6}), Message{Embeds: []Embed{{Title: "abc"}, {Footer: "def"}}}, " | {abc} | {def}"},
		{"embeds that say more", able(Limits{AllEmbeds: 5}), Message{Embeds: []Embed{{Title: "abc"}, {Footer: "def"}}}, " | {abc}\n | {def}"},
		{
			"an embed that says more", able(Limits{AllEmbeds: 6}),
			Message{Embeds: []Embed{{Title: "abc", Text: "hello", Fields: []Field{field("a", "1"), field("b", "2"), field("c", "3")}}}},
			" | {abc, hel}\n | {lo, a=1, b=2}\n | {c=3}",
		},

		{"a label at the limit", able(Limits{Label: 3}), Message{Text: "t", Rows: [][]Control{buttons("äöü")}}, "t | [äöü]"},
		{
			"labels beyond it", able(Limits{Label: 3}),
			Message{Text: "t", Rows: [][]Control{{Button{Label: "äöüß"}, Link{"abcd", "https://x.example"}, Copy{"a bcd", "x"}}}},
			"t | [äö…] [ab…: https://x.example] [a…: x]",
		},
		{"a row at the limit", able(Limits{Row: 2}), Message{Text: "t", Rows: [][]Control{buttons("A", "B")}}, "t | [A] [B]"},
		{"a row beyond it", able(Limits{Row: 2}), Message{Text: "t", Rows: [][]Control{buttons("A", "B", "C"), buttons("D")}}, "t | [A] [B] | [C] | [D]"},
		{"rows at the limit", able(Limits{Rows: 2}), Message{Text: "t", Rows: [][]Control{buttons("A"), buttons("B")}}, "t | [A] | [B]"},
		{"rows beyond it", able(Limits{Rows: 2}), Message{Text: "t", Rows: [][]Control{buttons("A"), buttons("B"), buttons("C")}}, "t | [A] | [B]\n… | [C]"},
		{"an empty row", able(Limits{}), Message{Text: "t", Rows: [][]Control{{}, buttons("A"), nil}}, "t | [A]"},

		{
			"a select", able(Limits{}),
			Message{Text: "t", Rows: [][]Control{{Button{Label: "A"}, Select{Hint: "Pick", Choices: choices("x", "y")}, Button{Label: "B"}}}},
			"t | [A] | [Pick: x y] | [B]",
		},
		{"choices at the limit", able(Limits{Choices: 2}), Message{Text: "t", Rows: [][]Control{{Select{Hint: "Pick", Choices: choices("x", "y")}}}}, "t | [Pick: x y]"},
		{
			"choices beyond it", able(Limits{Choices: 2, Row: 2}),
			Message{Text: "t", Rows: [][]Control{{Select{Hint: "Pick *one*", Choices: choices("x", "y", "z")}}}},
			"t / Pick *one* | [x] [y] | [z]",
		},
		{"a choice at the limit", able(Limits{Choice: 3}), Message{Text: "t", Rows: [][]Control{{Select{Hint: "P", Choices: choices("abc")}}}}, "t | [P: abc]"},
		{"a choice beyond it", able(Limits{Choice: 3}), Message{Text: "t", Rows: [][]Control{{Select{Hint: "P", Choices: choices("abcd")}}}}, "t | [P: ab…]"},
		{"a value at the limit", able(Limits{Value: 3}), Message{Text: "t", Rows: [][]Control{{Select{Hint: "P", Choices: []Choice{{"A", "abc"}}}}}}, "t | [P: A]"},
		{"a value beyond it", able(Limits{Value: 3}), Message{Text: "t", Rows: [][]Control{{Select{Hint: "P", Choices: []Choice{{"A", "abcd"}}}}}}, "t / P | [A]"},
		{"a label that is a value beyond it", able(Limits{Value: 3}), Message{Text: "t", Rows: [][]Control{{Select{Hint: "P", Choices: choices("abcd")}}}}, "t / P | [abcd]"},
		{"a select becomes buttons", bare, Message{Rows: [][]Control{{Select{Hint: "Pick", Choices: choices("x", "y")}}}}, "Pick | [x] [y]"},
		{"a select without a hint becomes buttons", bare, Message{Rows: [][]Control{{Select{Choices: choices("x")}}}}, "… | [x]"},

		{"what can be copied", able(Limits{Copy: 4}), Message{Text: "t", Rows: [][]Control{{Copy{"Code", "ABCD"}}}}, "t | [Code: ABCD]"},
		{"what is too long to be copied", able(Limits{Copy: 3}), Message{Text: "t", Rows: [][]Control{{Copy{"Code", "A`CD"}}}}, "t / Code: A`CD"},
		{"what cannot be copied", bare, Message{Text: "t", Rows: [][]Control{{Copy{"Code", "A*C*"}, Button{Label: "B"}}}}, "t / Code: A*C* | [B]"},

		{"an image", able(Limits{}), Message{Text: "t", Image: cat, Rows: [][]Control{buttons("A")}}, "t | (A *cat*) | [A]"},
		{"an image alone", able(Limits{}), Message{Image: cat, Rows: [][]Control{buttons("A")}}, " | (A *cat*) | [A]"},
		{"an image where there are none", bare, Message{Text: "t", Image: cat}, "t / A *cat*"},
		{"an image that tells nobody what it shows", Caps{Images: true}, Message{Text: "t", Image: cat}, "t / A *cat* | (A *cat*)"},
		{"an alt text beyond the limit", able(Limits{Alt: 4}), Message{Text: "t", Image: cat}, "t | (A *…)"},
		{"an image below a long text", able(Limits{Text: 5}), Message{Text: "hello there", Image: cat}, "hello\nthere | (A *cat*)"},
		{"a text that an image can have", able(Limits{Caption: 5}), Message{Text: "hello", Image: cat}, "hello | (A *cat*)"},
		{"a text that is too long for one", able(Limits{Caption: 4}), Message{Text: "hello", Image: cat, Rows: [][]Control{buttons("A")}}, "hello\n | (A *cat*) | [A]"},

		{"a link", bare, Message{Text: "t", Rows: [][]Control{{Link{"Open", "https://x.example/?a_b_=1"}}}}, "t | [Open: https://x.example/?a_b_=1]"},
		{"a link to localhost", bare, Message{Text: "t", Rows: [][]Control{{Link{"Open", "http://localhost:8080/a_b_"}}}}, "t / Open: http://localhost:8080/a_b_"},
		{"a link to loopback", bare, Message{Rows: [][]Control{{Link{"Open", "http://127.0.0.53/"}, Link{"Too", "http://[::1]:80/"}}}}, "Open: http://127.0.0.53/ / Too: http://[::1]:80/"},
		{"a link to loopback where that is fine", able(Limits{}), Message{Text: "t", Rows: [][]Control{{Link{"Open", "http://localhost/"}}}}, "t | [Open: http://localhost/]"},
		{"a link that is none", bare, Message{Text: "t", Rows: [][]Control{{Link{"Open", "http://%zz"}}}}, "t | [Open: http://%zz]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Fit(tt.m, tt.caps, runes)
			if lay(got) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", lay(got), tt.want)
			}
			for _, m := range got {
				checkFits(t, m, tt.caps)
			}
		})
	}
}

func TestFitKeeps(t *testing.T) {
	m := Message{Text: "hello there you", Private: true, Key: "k", Rows: [][]Control{buttons("A"), buttons("B")}}
	got := Fit(m, able(Limits{Text: 5, Rows: 1}), runes)
	if len(got) != 4 {
		t.Fatalf("got %d messages, want 4", len(got))
	}
	for i, part := range got {
		if want := map[int]string{0: "k"}[i]; !part.Private || part.Key != want {
			t.Errorf("part %d: got private %v, key %q, want private, key %q", i, part.Private, part.Key, want)
		}
	}
	one := fitOne(m, able(Limits{Text: 5, Rows: 1}), runes)
	if !one.Private || one.Key != "k" || lay([]Message{one}) != "hell… | [A]" {
		t.Errorf("got %s, private %v, key %q, want it all in one", lay([]Message{one}), one.Private, one.Key)
	}
}

// Fit and fitOne leave what they are given as it is.
func TestFitChangesNothing(t *testing.T) {
	m := full()
	before := fmt.Sprintf("%+v", m)
	Fit(m, Caps{Limits: Limits{Text: 9, Label: 2, Row: 1}}, runes)
	fitOne(m, able(Limits{EmbedTitle: 2, FieldName: 1, Choice: 1, Label: 2, Row: 1}), runes)
	if got := fmt.Sprintf("%+v", m); got != before {
		t.Errorf("got %s, want %s", got, before)
	}
}

func TestFitOneIsOne(t *testing.T) {
	tests := []struct {
		name string
		caps Caps
		m    Message
		want string
	}{
		{"a long text", able(Limits{Text: 8}), Message{Text: "*hello there*", Rows: [][]Control{buttons("A")}}, "hello t… | [A]"},
		{"too many embeds and rows", able(Limits{Embeds: 1, Rows: 1}), Message{Embeds: []Embed{{Title: "A"}, {Title: "B"}}, Rows: [][]Control{buttons("A"), buttons("B")}}, " | {A} | [A]"},
		{"embeds that become text", Caps{Limits: Limits{Text: 6}}, Message{Text: "abc", Embeds: []Embed{{Title: "defg"}}}, "abc / d…"},
		{"controls alone", able(Limits{}), Message{Rows: [][]Control{buttons("A")}}, "… | [A]"},
		{"what fits", able(Limits{}), Message{Text: "abc"}, "abc"},
		{"an image", able(Limits{Caption: 3}), Message{Text: "abc", Image: cat}, "abc | (A *cat*)"},
		{"a text that is too long for an image", able(Limits{Caption: 3}), Message{Text: "abcd", Image: cat}, "abcd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := fitOne(tt.m, tt.caps, runes)
			if s := lay([]Message{got}); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
			checkFits(t, got, tt.caps)
		})
	}
}

// A button that stands for a choice picks its value, and only that.
func TestButtonsOfASelect(t *testing.T) {
	for _, selects := range []bool{true, false} {
		bubble(t, fmt.Sprintf("selects %v", selects), func(t *testing.T) {
			w := newWire()
			w.caps.Selects = selects
			h := host(t, w, func(b *Bot) {
				b.Add(command("shirt", func(ctx context.Context, in *Invocation) error {
					_, err := in.Reply(ctx, Message{Text: "Shirts.", Rows: [][]Control{{Select{
						Hint: "Colour", Choices: []Choice{{"Red", "r"}, {"Blue", strings.Repeat("b", 99)}, {Label: "Pink"}}, Do: Action{Name: "shirt", Args: []string{"XL"}},
					}}}})
					return err
				}))
				b.On("shirt", func(ctx context.Context, in *Invocation) error {
					return says(markup.F("%s in %s", in.Args[0], strings.Join(in.Picked, "+")))(ctx, in)
				})
			})
			h.call(ann, "shirt")
			for label, want := range map[string]string{"Red": "r", "Blue": strings.Repeat("b", 99), "Pink": "Pink"} {
				if got, want := h.do(h.pick(t, label, want)), "reply hall: XL in "+want; got != want {
					t.Errorf("%s: got %q, want %q", label, got, want)
				}
			}
			ev := h.pick(t, "Red", "r")
			press := ev.What.(Press)
			press.Values = []string{"what was not offered"}
			ev.What = press
			if got := h.do(ev); selects && got != "" || !selects && got != "reply hall: XL in r" {
				t.Errorf("a value that was not offered: got %q, want nobody to see it", got)
			}
		})
	}
}

func TestFitForm(t *testing.T) {
	f := Form{Title: "abcdef", Inputs: []Input{{Name: "name", Label: "abcdef", Hint: "abcdef", Choices: choices("abcdef", "x")}}}
	got := fitForm(f, Limits{FormTitle: 5, InputLabel: 4, Choice: 3})
	want := Form{Title: "abcd…", Inputs: []Input{{Name: "name", Label: "abc…", Hint: "abcdef", Choices: []Choice{{"ab…", "abcdef"}, {"x", "x"}}}}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if f.Inputs[0].Label != "abcdef" || f.Inputs[0].Choices[0].Label != "abcdef" {
		t.Error("the form itself was changed")
	}
}

func TestCutLabel(t *testing.T) {
	tests := []struct {
		text  string
		limit int
		want  string
	}{
		{"abc", 0, "abc"}, {"abc", -1, "abc"}, {"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"äöü", 3, "äöü"}, {"ab cd", 4, "ab…"}, {"abc", 1, "…"}, {"", 1, ""},
	}
	for _, tt := range tests {
		if got := cutLabel(tt.text, tt.limit); got != tt.want {
			t.Errorf("cutLabel(%q, %d): got %q, want %q", tt.text, tt.limit, got, tt.want)
		}
	}
}

// checkFits holds a message to the limits of a platform.
func checkFits(t *testing.T, m Message, c Caps) {
	t.Helper()
	l := c.Limits
	most := func(what string, n, limit int) {
		t.Helper()
		if limit > 0 && n > limit {
			t.Errorf("%s: got %d, want at most %d in %s", what, n, limit, lay([]Message{m}))
		}
	}
	has := func(what string, has bool) {
		t.Helper()
		if !has {
			t.Errorf("got %s, want none in %s", what, lay([]Message{m}))
		}
	}
	if m.Text == "" && len(m.Embeds) == 0 && m.Image == nil && len(m.Rows) > 0 {
		t.Errorf("got controls and not a word")
	}
	most("text", runes(m.Text), l.Text)
	most("embeds", len(m.Embeds), l.Embeds)
	has("embeds", c.Embeds || len(m.Embeds) == 0)
	all := 0
	for _, e := range m.Embeds {
		all += e.size()
	}
	most("all embeds", all, l.AllEmbeds)
	for _, e := range m.Embeds {
		most("title", utf8.RuneCountInString(e.Title), l.EmbedTitle)
		most("embed text", runes(e.Text), l.EmbedText)
		most("footer", utf8.RuneCountInString(e.Footer), l.Footer)
		most("fields", len(e.Fields), l.Fields)
		for _, f := range e.Fields {
			most("field name", utf8.RuneCountInString(f.Name), l.FieldName)
			most("field text", runes(f.Value), l.FieldText)
		}
	}
	most("rows", len(m.Rows), l.Rows)
	for _, row := range m.Rows {
		most("row", len(row), l.Row)
		has("an empty row", len(row) > 0)
		for _, control := range row {
			switch k := control.(type) {
			case Button:
				most("label", utf8.RuneCountInString(k.Label), l.Label)
			case Link:
				most("label", utf8.RuneCountInString(k.Label), l.Label)
				has("a link to loopback", c.Loopback || !onThisMachine(k.URL))
			case Copy:
				most("label", utf8.RuneCountInString(k.Label), l.Label)
				most("copy", utf8.RuneCountInString(k.Text), l.Copy)
				has("a copy", c.Copies)
			case Select:
				has("a select", c.Selects)
				has("a select that is not alone", len(row) == 1)
				most("choices", len(k.Choices), l.Choices)
				for _, choice := range k.Choices {
					most("choice", utf8.RuneCountInString(choice.Label), l.Choice)
				}
			}
		}
	}
}

// full is a message that has one of everything.
func full() Message {
	return Message{
		Text: markup.F("*%s*\nasks for *access*.", "Somebody"),
		Embeds: []Embed{{Title: "Weather", URL: "https://x.example", Text: "It is *fine*.", Footer: "today", Fields: []Field{
			{Name: "Wind", Value: "calm", Short: true}, {Name: "Sun", Value: "much", Short: true},
		}}},
		Rows: [][]Control{
			{Button{Label: "Accept", Tone: Good}, Button{Label: "Refuse", Tone: Bad}, Link{"Read more", "https://x.example"}, Copy{"Code", "ABCD-EFGH"}},
			{Select{Hint: "Colour", Choices: choices("Red", "Green", "Blue")}},
		},
	}
}

func BenchmarkFit(b *testing.B) {
	caps := able(Limits{
		Text: 2000, Label: 80, Row: 5, Rows: 5, Choices: 25, Choice: 100, Embeds: 10, EmbedTitle: 256, EmbedText: 4096,
		Fields: 25, FieldName: 256, FieldText: 1024, Footer: 2048,
	})
	for _, bb := range []struct {
		name string
		caps Caps
		m    Message
	}{
		{"text", caps, Message{Text: "Pong!"}},
		{"card", caps, full()},
		{"card as text", Caps{Limits: Limits{Text: 4096}}, full()},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Fit(bb.m, bb.caps, runes)
			}
		})
	}
}
