package core

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/usherbot/usher/core/markup"
)

// Whatever is said, all of it is still there to be seen, within the limits.
func TestNothingIsLost(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 7))
		g := &babbler{r: r}
		m, c := g.message(), g.caps()
		parts := Fit(m, c, runes)
		shown := lay(parts)
		for _, word := range g.words {
			if !strings.Contains(shown, word) {
				t.Errorf("seed %d: %s is lost in\n%s\nof\n%s\nfor %+v", seed, word, shown, lay([]Message{m}), c)
			}
		}
		for i, part := range parts {
			checkFits(t, part, c)
			if i < len(parts)-1 && len(part.Rows) > 0 && len(parts[i+1].Embeds) > 0 {
				t.Errorf("seed %d: controls stand before embeds", seed)
			}
		}
		checkFits(t, fitOne(m, c, runes), c)
		if t.Failed() {
			return
		}
	}
}

// babbler makes messages of words that each occur once.
type babbler struct {
	r     *rand.Rand
	words []string
}

func (g *babbler) word() string {
	w := fmt.Sprintf("q%dw", len(g.words))
	g.words = append(g.words, w)
	return w
}

func (g *babbler) text(most int) markup.Text {
	var parts []markup.Text
	for range g.r.IntN(most + 1) {
		forms := []markup.Text{"%s", "*%s*", "_%s_", "`%s`", "%s,\n", "> %s\n", "[%s](https://x.example)"}
		parts = append(parts, markup.F(forms[g.r.IntN(len(forms))], g.word()))
	}
	out := markup.Text("")
	for _, p := range parts {
		out += p + " "
	}
	return out
}

func (g *babbler) message() Message {
	m := Message{Text: g.text(60)}
	for range g.r.IntN(4) {
		e := Embed{Title: g.word(), URL: "https://x.example/" + g.word(), Text: g.text(40), Footer: g.word()}
		for range g.r.IntN(6) {
			e.Fields = append(e.Fields, Field{Name: g.word(), Value: markup.F("*%s*", g.word())})
		}
		m.Embeds = append(m.Embeds, e)
	}
	for range g.r.IntN(5) {
		var row []Control
		for range g.r.IntN(5) {
			row = append(row, g.control())
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

func (g *babbler) control() Control {
	switch g.r.IntN(4) {
	case 0:
		return Button{Label: g.word()}
	case 1:
		return Link{Label: g.word(), URL: []string{"http://127.0.0.1/", "https://x.example/"}[g.r.IntN(2)] + g.word()}
	case 2:
		return Copy{Label: g.word(), Text: g.word()}
	}
	s := Select{Hint: g.word()}
	for range g.r.IntN(6) + 1 {
		s.Choices = append(s.Choices, Choice{Label: g.word()})
	}
	return s
}

func (g *babbler) caps() Caps {
	yes := func() bool { return g.r.IntN(2) == 0 }
	limit := func(low, high int) int { return []int{0, low + g.r.IntN(high-low)}[g.r.IntN(2)] }
	return Caps{Selects: yes(), Embeds: yes(), Copies: yes(), Loopback: yes(), Limits: Limits{
		Text: limit(40, 300), Label: limit(5, 20), Row: limit(1, 5), Rows: limit(1, 5), Choices: limit(1, 6), Choice: limit(5, 20),
		Embeds: limit(1, 4), EmbedTitle: limit(5, 20), EmbedText: limit(40, 200), Fields: limit(1, 6), FieldName: limit(5, 20),
		FieldText: limit(5, 20), Footer: limit(5, 20), Copy: limit(5, 20), AllEmbeds: limit(250, 600),
	}}
}
