package discord

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// TestGolden shows what Discord gets of what the bot says.
func TestGolden(t *testing.T) {
	until := time.Date(2026, 1, 2, 12, 15, 0, 0, time.UTC)
	messages := map[string]core.Message{
		"plain": {Text: "Pong!"},
		"card": {
			Text: markup.F("*Sign in to %s*\nOpen %s and enter the code\n`%s`\nThe code is good until %s.", "GitHub", "https://github.com/login/device", "WDJB-MJHT", markup.Time(until)),
			Rows: [][]core.Control{{
				core.Link{Label: "Open GitHub", URL: "https://github.com/login/device?user_code=WDJB-MJHT"},
				adaptertest.Pressable("Cancel", core.Plain, "cancel-token"),
			}},
		},
		"signed-in": {
			Text: markup.F("Signed in as *%s* on %s.", "octo*cat_", "GitHub"),
			Rows: [][]core.Control{{adaptertest.Pressable("Not me", core.Plain, "not-me-token")}},
		},
		"tones": {
			Text: "Go on?",
			Rows: [][]core.Control{{adaptertest.Pressable("Yes", core.Good, "t1"), adaptertest.Pressable("Erase", core.Bad, "t2")}, {adaptertest.Pressable("More", core.Main, "t3"), adaptertest.Pressable("The same", core.Plain, "t3")}},
		},
		"markup": {Text: markup.F(
			"*bold _and italic_* `code` [a *link*](https://example.com/?a=1&b=2)\n> quoted *words*\n> 😀 and more\n```go\nfunc main() {}\n```\n%s, %s and %s",
			markup.Person("discord::11", "Bob"), markup.Person("elsewhere:T:1", "Eve_"), markup.Person("discord::12", ""),
		)},
		"links":   {Text: "[https://a.example](https://b.example), [\\[x\\]](https://example.com) and https://example.com/a_b_(c)?d=*."},
		"hostile": {Text: markup.F("%s", "*_`~|[x](http://e.example) <@1> <b>&amp;</b> @everyone :smile: \\ ftp://e.example\n# heading\n1. one\n> quote")},
		"select":  {Text: "Colours", Rows: [][]core.Control{{core.Select{Hint: "Colour", Max: 2, Choices: []core.Choice{{Label: "Red", Value: "r"}, {Label: "Blue"}}, Do: core.Action{}.WithToken("s")}}}},
		"embed": {Embeds: []core.Embed{{
			Title: "A *title*", URL: "https://example.com/", Image: "https://example.com/i.png", Text: markup.F("Text of %s", "*an* embed"), Footer: "Foot_er_", Tone: core.Good,
			Fields: []core.Field{{Name: "Na*m*e", Value: "*Value*", Short: true}, {Name: "Nothing"}},
		}}},
		"long-link": {Text: "Go", Rows: [][]core.Control{{core.Link{Label: "There*", URL: "https://example.com/?q=" + strings.Repeat("x", 500)}}}},
		"picture":   {Text: "Look", Image: &core.Image{Data: []byte("GIF89a"), Alt: "Two *cats*"}},
		"silent":    {Text: markup.Plain(" \n ")},
	}
	for name, m := range messages {
		t.Run(name, func(t *testing.T) { adaptertest.Golden(t, "render/"+name, render(m)) })
	}
	t.Run("form", func(t *testing.T) {
		adaptertest.Golden(t, "render/form", renderForm(core.Form{Title: "Order", Do: core.Action{}.WithToken("form-token"), Inputs: []core.Input{
			{Name: "kind", Label: "Kind", Hint: "such as Margherita", Max: 20},
			{Name: "size", Label: "Size", Value: "l", Choices: []core.Choice{{Label: "Small", Value: "s"}, {Label: "Large", Value: "l"}}},
			{Name: "note", Label: "Note", Value: "none", Long: true, Optional: true},
			{Name: "extra", Label: "Extra", Optional: true, Choices: []core.Choice{{Label: "Olives"}}},
		}}))
	})
}

func TestWritten(t *testing.T) {
	tests := []struct {
		name string
		text markup.Text
		want string
	}{
		{"emphasis does not begin with a space", markup.F("*%s*", " x "), ` **x** `},
		{"one after the other", "*a*_b_", "**a**\u200b*b*"},
		{"nested", "_a *b*_", "*a **b***"},
		{"nothing is nothing", markup.F("*%s*", ""), ""},
		{"code with a backtick", markup.F("`%s`", "a`b"), "``a`b``"},
		{"code that cannot be code", markup.F("`%s`", "`"), "\\`"},
		{"a block that cannot be one", markup.F("```\n%s\n```", "a```b"), "a\\`\\`\\`b"},
		{"a block after words", "x\n```\n1. y\n```\nz", "x\n```\n1. y\n```\nz"},
		{"a list that is none", markup.F("> %s", "1. x\n2. y"), "> 1\\. x\n> 2\\. y"},
		{"a number that is none", "It is 1. No.", "It is 1. No."},
		{"an address at the end", "See https://example.com/x.", "See <https://example.com/x>."},
		{"an address in brackets", "(https://example.com/(x))", `\(<https://example.com/(x)>\)`},
		{"an address to nowhere", "https://... and http://", `https\://... and http\://`},
		{"an address in another tongue", "https://müller.example/ж", "<https://müller.example/ж>"},
		{"an address that core has broken", "https:\u2060//a.example", "https:\u2060//a.example"},
		{"another scheme", "ssh://host", `ssh\://host`},
		{"an emoji's name", "12:15:00 and :smile:", `12\:15:00 and \:smile:`},
		{"a link to itself", "[https://a.example](https://a.example)", "<https://a.example>"},
		{"somebody whose id is none", markup.Person("discord::x", "Eve"), "Eve"},
		{"a moment", markup.Time(time.Unix(1767355200, 0)), "<t:1767355200:f>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, _ := written(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// What embeds say together has a limit, whatever they are made of.
func TestEmbedsStayWithinTheirLimits(t *testing.T) {
	long := strings.Repeat("*", 5000)
	e := core.Embed{Title: long, Text: markup.Plain(long), Footer: long}
	for range 30 {
		e.Fields = append(e.Fields, core.Field{Name: long, Value: markup.Plain(long)})
	}
	for _, embeds := range [][]core.Embed{{e}, {e, e, e}, {{Title: "a"}, e}, {{Fields: e.Fields}}, {{Footer: long}, {Footer: long}, {Footer: long}, {Footer: long}}} {
		total := 0
		count := func(s string, most int) {
			n := utf8.RuneCountInString(s)
			if total += n; n > most {
				t.Errorf("got a text of %d, want at most %d", n, most)
			}
		}
		for _, got := range render(core.Message{Embeds: embeds}).Embeds {
			count(got.Title, maxEmbedTitle)
			count(got.Description, maxEmbedText)
			for _, f := range got.Fields {
				count(f.Name, maxEmbedTitle)
				count(f.Value, maxFieldText)
				if f.Name == "" || f.Value == "" {
					t.Error("got a field without name or value, which Discord refuses")
				}
			}
			if got.Footer != nil {
				count(got.Footer.Text, maxFooter)
			}
		}
		if total > maxAllEmbeds {
			t.Errorf("got %d characters in all, want at most %d", total, maxAllEmbeds)
		}
	}
}

func FuzzWritten(f *testing.F) {
	f.Add("*bold* _it_ `c` <@discord::1|x> [l](https://x.example)\n> q\n```\nb\n```")
	f.Fuzz(func(t *testing.T, text string) {
		got, users := written(markup.Text(text))
		if strings.Contains(strings.ReplaceAll(got, `\<`, ""), "<@&") {
			t.Errorf("got a role mentioned in %q", got)
		}
		for _, u := range users {
			if !isID(u) {
				t.Errorf("got %q mentioned, want ids only", u)
			}
		}
		if n := lengthOf(markup.Text(text)); n != utf8.RuneCountInString(got) {
			t.Errorf("got length %d, want %d", n, utf8.RuneCountInString(got))
		}
	})
}
