package slack

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	api "github.com/slack-go/slack"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// TestGolden shows what Slack gets of what the bot says.
func TestGolden(t *testing.T) {
	until := time.Date(2026, 1, 2, 12, 15, 0, 0, time.UTC)
	files := map[string]string{"image": "F1", "image-alone": "F2"}
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
			Rows: [][]core.Control{{adaptertest.Pressable("Yes", core.Good, "t1"), adaptertest.Pressable("Erase", core.Bad, "t2")}, {adaptertest.Pressable("More", core.Main, "t3")}},
		},
		"selects": {Text: "Toppings?", Rows: [][]core.Control{
			{core.Select{Hint: "One", Max: 1, Choices: []core.Choice{{Label: "Olives", Value: "o"}, {Label: "Capers"}}, Do: core.Action{}.WithToken("t1")}},
			{core.Select{Min: 1, Max: 2, Choices: []core.Choice{{Label: "Olives", Value: "o"}, {Label: "Capers"}}, Do: core.Action{}.WithToken("t2")}},
		}},
		"embeds": {Text: "Above", Embeds: []core.Embed{
			{
				Title: "Deployed", Tone: core.Good, Text: "To *production*.", Image: "https://example.com/a.png", Footer: "by *CI*",
				Fields: []core.Field{{Name: "Version", Value: "1.2.3", Short: true}, {Name: "By", Value: "ann & bob", Short: true}},
			},
			{
				Title: "A *title*", URL: "https://example.com/", Tone: core.Bad,
				Fields: []core.Field{{Name: "Na*m*e", Value: "Value", Short: true}, {Name: "Other", Value: "_Value_"}},
			},
		}},
		"image":             {Text: "Scan it", Image: &core.Image{Alt: "A *code* <1>"}, Rows: withButton("Cancel").Rows},
		"image-alone":       {Image: &core.Image{}},
		"image-in-words":    {Text: "Scan it", Image: &core.Image{Alt: "A *code* <1>"}, Rows: withButton("Cancel").Rows},
		"image-unspeakable": {Image: &core.Image{}},
		"markup": {Text: markup.F(
			"*bold _and italic_* `code` [a *link*](https://example.com/?a=1&b=2)\n> quoted *words*\n> 😀 and more\n```go\nfunc main() {}\n```\n\n%s, %s and %s, https://example.com/a_b.",
			markup.Person("slack:T1:U11", "Bob"), markup.Person("elsewhere:T:1", "Eve"), markup.Person("slack:T1:U12", ""),
		)},
		"hostile": {Text: markup.F("%s", "*_`~|[x](http://e.example) <b>&amp;</b> @everyone <!channel> <@U1> :smile: \\ \u202e👩‍👩‍👧 é")},
		"silent":  {Text: markup.Plain(" \n ")},
	}
	for name, m := range messages {
		t.Run(name, func(t *testing.T) {
			r := render(m, files[name])
			adaptertest.Golden(t, "render/"+name, map[string]any{"text": r.text, "blocks": r.blocks})
		})
	}
}

func TestGoldenForm(t *testing.T) {
	view, err := modal(core.Form{Title: "Order", Do: core.Action{}.WithToken("form-token"), Inputs: []core.Input{
		{Name: "n", Label: "Name", Hint: "yours", Max: 40},
		{Name: "s", Label: "Size", Value: "l", Choices: []core.Choice{{Label: "Small", Value: "s"}, {Label: "Large", Value: "l"}}},
		{Name: "note", Label: "Note", Value: "none", Long: true, Optional: true, Max: 5000},
	}}, origin{Channel: "C1", Thread: "1.2", On: "1.5", Hook: "https://hooks.example/1", Until: 7})
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Golden(t, "render/form", view)
}

// Nothing that anybody wrote becomes more than text, wherever it stands.
func TestNothingBecomesMarkup(t *testing.T) {
	for _, text := range []string{"<!channel>", "<@U1>", "*b*", "`c`", ":smile:", "&lt;", "> q", "@here", "<https://e.example|x>", "https:\u2060//e.example"} {
		m := core.Message{
			Text: markup.Plain(text), Rows: [][]core.Control{{core.Button{Label: text}, core.Link{Label: text, URL: "https://example.com"}}},
			Embeds: []core.Embed{{Title: text, Text: markup.Plain(text), Footer: text, Fields: []core.Field{{Name: text, Value: markup.Plain(text), Short: true}}}},
		}
		r := render(m, "")
		if strings.ContainsAny(r.text, "<>") {
			t.Errorf("%s: got %q for screen readers, want it escaped", text, r.text)
		}
		for _, b := range r.blocks {
			section, is := b.(*api.SectionBlock)
			if is && strings.ContainsAny(section.Fields[0].Text, "<>_~`:") {
				t.Errorf("%s: got %q in a field, want it elsewhere", text, section.Fields[0].Text)
			}
			raw, err := json.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(text, "\u2060") && strings.Contains(string(raw), `"type":"link"`) {
				t.Errorf("%s: got a link in %s", text, raw)
			}
			for _, kind := range []string{`"type":"user"`, `"type":"broadcast"`, `"type":"emoji"`, `"type":"usergroup"`, `"emoji":true`} {
				if strings.Contains(string(raw), kind) {
					t.Errorf("%s: got %s in %s", text, kind, raw)
				}
			}
		}
	}
}

// Screen readers hear of everything, as far as Slack takes it.
func TestSpoken(t *testing.T) {
	m := core.Message{
		Text:   "Open https://x.example/device now.",
		Embeds: []core.Embed{{Title: "Title", Text: "Text", Footer: "Foot", Fields: []core.Field{{Name: "Name", Value: "Value"}}}},
		Rows:   [][]core.Control{{core.Link{Label: "There", URL: "https://x.example/device"}, core.Link{Label: "Here", URL: "https://y.example/?a=1&b=2"}, adaptertest.Pressable("Cancel", core.Plain, "t")}},
	}
	want := "Open https://x.example/device now.\nTitle\nText\nName: Value\nFoot\nHere: https://y.example/?a=1&amp;b=2"
	if got := render(m, "").text; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestCutEscaped(t *testing.T) {
	for _, unit := range []string{"a", "ж", "😀", "&amp;", "<@U1234>", "a&lt;"} {
		long := strings.Repeat(unit, 5000)
		for most := 3990; most <= 4000; most++ {
			got := cutEscaped(long, most)
			rest := strings.TrimSuffix(got, "…")
			if len(got) > most || len(got) < most-12 || !utf8.ValidString(got) || rest == got || strings.Count(rest, "&") != strings.Count(rest, ";") || strings.Count(rest, "<") != strings.Count(rest, ">") {
				t.Errorf("%q at %d: got …%q", unit, most, got[max(0, len(got)-20):])
			}
		}
	}
	if got := cutEscaped("short", maxPlain); got != "short" {
		t.Errorf("got %q, want short", got)
	}
}

// What is too long for one place is shown in another.
func TestTooLongForColumns(t *testing.T) {
	long := core.Field{Name: "Name", Value: markup.Plain(strings.Repeat("&", 1000)), Short: true}
	if inColumns([]core.Field{long}) != nil || len(render(core.Message{Embeds: []core.Embed{{Fields: []core.Field{long}}}}, "").blocks) != 1 {
		t.Error("got a field in a column that has no room for it, want it below")
	}
	if got := string(mustJSON(t, richText(markup.Plain("https://x.example/"+strings.Repeat("a", maxURL))))); strings.Contains(got, `"link"`) {
		t.Error("got a link that is too long, want it as text")
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestSize(t *testing.T) {
	a := New(Config{})
	for text, want := range map[markup.Text]int{"": 0, "a&b": 7, "ж": 2, "*a*": 1, "`x`\n> y": 3} {
		if got := a.Size(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add("*bold* _it_ `c` <@slack:T:U1|x> [l](https://x.example) https://y.example/a.\n> q\n```\nb\n```\n\n> r")
	f.Fuzz(func(t *testing.T, text string) {
		r := render(core.Message{Text: markup.Text(text)}, "")
		raw, err := json.Marshal(r.blocks)
		if err != nil || len(r.blocks) == 0 || strings.TrimSpace(r.text) == "" || len(r.text) > maxPlain {
			t.Fatalf("got %s (%v), text %q", raw, err, r.text)
		}
		if strings.Contains(string(raw), `"text":""`) || strings.Contains(string(raw), `"elements":[]`) || strings.Contains(string(raw), `"elements":null`) {
			t.Errorf("got something empty in %s", raw)
		}
	})
}
