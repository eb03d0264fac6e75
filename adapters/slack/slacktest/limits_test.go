package slacktest

import (
	"fmt"
	"strings"
	"testing"
)

func times(n int, item string) string {
	return strings.TrimSuffix(strings.Repeat(item+",", n), ",")
}

// numbered is n items, each with its number in place of %d.
func numbered(n int, item string) string {
	out := make([]string, n)
	for i := range out {
		out[i] = strings.ReplaceAll(item, "%d", fmt.Sprint(i))
	}
	return strings.Join(out, ",")
}

func letters(n int) string { return strings.Repeat("ж", n) }

func words(kind string, n int) string { return `{"type":"` + kind + `","text":"` + letters(n) + `"}` }

func TestLimits(t *testing.T) {
	mrkdwn := func(n int) string { return words("mrkdwn", n) }
	plain := func(n int) string { return words("plain_text", n) }
	actions := func(elements string) string { return `{"type":"actions","elements":[` + elements + `]}` }
	button := func(more string) string {
		return `{"type":"button","text":{"type":"plain_text","text":"x"}` + more + `}`
	}
	selects := func(options string, more string) string {
		return actions(`{"type":"static_select","options":[` + options + `]` + more + `}`)
	}
	option := func(label, value int) string { return `{"text":` + plain(label) + `,"value":"` + letters(value) + `"}` }
	tests := []struct {
		name string
		most int // 0: wrong always
		make func(n int) string
	}{
		{"blocks", 50, func(n int) string { return times(n, `{"type":"divider"}`) }},
		{"section", 3000, func(n int) string { return `{"type":"section","text":` + mrkdwn(n) + `}` }},
		{"fields", 10, func(n int) string { return `{"type":"section","fields":[` + times(n, mrkdwn(1)) + `]}` }},
		{"field", 2000, func(n int) string { return `{"type":"section","fields":[` + mrkdwn(n) + `]}` }},
		{"header", 150, func(n int) string { return `{"type":"header","text":` + plain(n) + `}` }},
		{"context", 10, func(n int) string { return `{"type":"context","elements":[` + times(n, mrkdwn(1)) + `]}` }},
		{"alt text", 2000, func(n int) string {
			return `{"type":"image","image_url":"https://x.example/","alt_text":"` + letters(n) + `"}`
		}},
		{"block_id", 255, func(n int) string { return `{"type":"divider","block_id":"` + letters(n) + `"}` }},
		{"actions", 25, func(n int) string { return actions(numbered(n, button(`,"action_id":"%d"`))) }},
		{"label", 75, func(n int) string { return actions(`{"type":"button","text":` + plain(n) + `}`) }},
		{"value", 2000, func(n int) string { return actions(button(`,"value":"` + letters(n) + `"`)) }},
		{"action_id", 255, func(n int) string { return actions(button(`,"action_id":"` + letters(n) + `"`)) }},
		{"url", 3000, func(n int) string { return actions(button(`,"url":"https://x/` + strings.Repeat("a", n-10) + `"`)) }},
		{"options", 100, func(n int) string { return selects(times(n, option(1, 1)), "") }},
		{"option", 75, func(n int) string { return selects(option(n, 1), "") }},
		{"option value", 75, func(n int) string { return selects(option(1, n), "") }},
		{"placeholder", 150, func(n int) string { return selects(option(1, 1), `,"placeholder":`+plain(n)) }},

		{"empty text", 0, func(int) string { return `{"type":"section","text":` + mrkdwn(0) + `}` }},
		{"no text", 0, func(int) string { return `{"type":"section"}` }},
		{"mrkdwn header", 0, func(int) string { return `{"type":"header","text":` + mrkdwn(1) + `}` }},
		{"mrkdwn label", 0, func(int) string { return actions(`{"type":"button","text":` + mrkdwn(1) + `}`) }},
		{"no alt text", 0, func(int) string { return `{"type":"image","image_url":"https://x.example/"}` }},
		{"no address", 0, func(int) string { return `{"type":"image","image_url":"x","alt_text":"x"}` }},
		{"no actions", 0, func(int) string { return actions("") }},
		{"no options", 0, func(int) string { return selects("", "") }},
		{"initial option", 0, func(int) string { return selects(option(1, 1), `,"initial_option":`+option(1, 2)) }},
		{"action_id twice", 0, func(int) string { return actions(times(2, button(`,"action_id":"a"`))) }},
		{"block_id twice", 0, func(int) string { return times(2, `{"type":"divider","block_id":"a"}`) }},
		{"style", 0, func(int) string { return actions(button(`,"style":"good"`)) }},
		{"unknown block", 0, func(int) string { return `{"type":"poem"}` }},
		{"unknown element", 0, func(int) string { return actions(`{"type":"poem"}`) }},
		{"input in a message", 0, func(int) string {
			return `{"type":"input","label":` + plain(1) + `,"element":{"type":"plain_text_input"}}`
		}},
		{"empty rich text", 0, func(int) string {
			return `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":""}]}]}`
		}},
		{"rich text in rich text", 0, func(int) string { return `{"type":"rich_text","elements":[{"type":"text","text":"x"}]}` }},
		{"rich style", 0, func(int) string {
			return `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"x","style":{"loud":true}}]}]}`
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.most > 0 {
				if bad := check(t, tt.make(tt.most)); bad != nil {
					t.Errorf("%d: got %q, want nothing wrong", tt.most, bad)
				}
			}
			if bad := check(t, tt.make(tt.most+1)); bad == nil {
				t.Errorf("%d: got nothing wrong, want a complaint", tt.most+1)
			}
		})
	}
}

func check(t *testing.T, blocks string) []string {
	t.Helper()
	list, _, err := readBlocks("[" + blocks + "]")
	if err != nil {
		t.Fatal(err)
	}
	return (&Server{}).checkBlocks(list, "/blocks", false)
}

func TestBlocksFormat(t *testing.T) {
	for _, source := range []string{"{", "{}", `"x"`} {
		if _, _, err := readBlocks(source); err == nil || err.Error() != "invalid_blocks_format" {
			t.Errorf("%s: got error %v, want invalid_blocks_format", source, err)
		}
	}
	for _, source := range []string{`["x"]`, `[{"type":{}}]`, `[{"type":"section","fields":{}}]`} {
		if _, _, err := readBlocks(source); err == nil {
			t.Errorf("%s: got no error, want one", source)
		}
	}
}
