package telegram

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// TestGolden shows what Telegram gets of what the bot says.
func TestGolden(t *testing.T) {
	until := time.Date(2026, 1, 2, 12, 15, 0, 0, time.UTC)
	messages := map[string]core.Message{
		"plain": {Text: "Pong!"},
		"card": {
			Text: markup.F("*Sign in to %s*\nOpen %s and enter the code\n`%s`\nThe code is good until %s.", "GitHub", "https://github.com/login/device", "WDJB-MJHT", markup.Time(until)),
			Rows: [][]core.Control{{
				core.Link{Label: "Open GitHub", URL: "https://github.com/login/device"},
				core.Copy{Label: "Copy code", Text: "WDJB-MJHT"},
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
		"markup": {Text: markup.F(
			"*bold _and italic_* `code` [a *link*](https://example.com/?a=1&b=2)\n> quoted *words*\n> 😀 and more\n```go\nfunc main() {}\n```\n%s, %s and %s",
			markup.Person("telegram::11", "Bob"), markup.Person("elsewhere:T:1", "Eve"), markup.Person("telegram::12", ""),
		)},
		"links-nowhere": {Text: "[here](http://127.0.0.1:8080/x), [there](http://printer/) and [on the web](https://example.com)"},
		"hostile":       {Text: markup.F("%s", "*_`~|[x](http://e.example) <b>&amp;</b> @everyone <!channel> \\ \u202e👩‍👩‍👧 é")},
		"question":      {Text: "Which kind?", Answer: true},
		"silent":        {Text: markup.Plain(" \n ")},
	}
	for name, m := range messages {
		t.Run(name, func(t *testing.T) {
			adaptertest.Golden(t, "render/"+name, readable(render(m)))
		})
	}
}

// readable is what goes over the wire, with what is JSON in it.
func readable(p params) map[string]any {
	out := map[string]any{}
	for name, value := range p {
		var v any
		if name == "text" || json.Unmarshal([]byte(value), &v) != nil {
			v = value
		}
		out[name] = v
	}
	return out
}

// Every entity covers what it was put around, whatever stands before it.
func TestEntitiesAreWhereTheyBelong(t *testing.T) {
	for _, before := range []string{"", "x", "é", "ß", "😀", "👩‍👩‍👧 ", "\u0301", "a\nb"} {
		text := markup.F("%s *%s* and `%s`", before, "bold 😀", "code")
		var w writer
		w.all(markup.Parse(text))
		units := utf16.Encode([]rune(w.String()))
		var got []string
		for _, e := range w.entities {
			got = append(got, e.Type+" "+string(utf16.Decode(units[e.Offset:e.Offset+e.Length])))
		}
		if want := "bold bold 😀, code code"; strings.Join(got, ", ") != want {
			t.Errorf("after %q: got %q, want %q", before, got, want)
		}
		if size := lengthOf(text); size != len(units) {
			t.Errorf("after %q: got length %d, want %d", before, size, len(units))
		}
	}
}

func TestNoMoreEntitiesThanTelegramTakes(t *testing.T) {
	var text markup.Text
	for i := range 150 {
		text += markup.F("*%s* ", fmt.Sprint(i))
	}
	var got []entity
	if err := json.Unmarshal([]byte(render(core.Message{Text: text})["entities"]), &got); err != nil || len(got) != maxEntities {
		t.Errorf("got %d entities (%v), want %d", len(got), err, maxEntities)
	}
}

func FuzzRender(f *testing.F) {
	f.Add("*bold* _it_ `c` <@telegram::1|x> [l](https://x.example)\n> q\n```\nb\n```")
	f.Fuzz(func(t *testing.T, text string) {
		var w writer
		w.all(markup.Parse(markup.Text(text)))
		size := len(utf16.Encode([]rune(w.String())))
		for _, e := range w.entities {
			if !e.within(size) {
				t.Errorf("got %+v outside of %d units", e, size)
			}
		}
	})
}
