package discordtest_test

import (
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/adapters/discord/discordtest"
)

// What people read is what Discord's clients render.
func TestMarkdown(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"words", "hello, wörld!", "hello, wörld!"},
		{"marks", "**bold** *it* _it_ __under__ ~~struck~~ ||spoiler|| ***both*** **_both_**", "bold it it under struck spoiler both both"},
		{"escapes", `\*\*a\*\* \_b\_ \\ \> \# \- \é \a \1`, `**a** _b_ \ > # - é \a \1`},
		{"lonely marks", "* a ** b _ c ~ d | 2 * 3 * 4", "• a ** b _ c ~ d | 2 * 3 * 4"},
		{"words with underscores", "snake_case_name a_b", "snake_case_name a_b"},
		{"stars beside spaces", "x * a * y and *a *", "x * a * y and *a *"},
		{"nested", "**a *b* c**", "a b c"},
		{"escaped inside", `**a\*\*b** *c\*d*`, "a**b c*d"},
		{"over lines", "**a\nb**", "a\nb"},
		{"code", "`a*b*c` ``a`b`` `` ` `` `\\`", "a*b*c a`b ` \\"},
		{"half a code", "`a and ``b", "`a and ``b"},
		{"block", "before\n```go\nf(\"*\")\n\n```\nafter", "before\nf(\"*\")\nafter"},
		{"block in words", "a```b```c", "a\nb\nc"},
		{"block of one word", "```go```", "go"},
		{"fence broken by nothing", "```\na`\u200b``b\n```", "a```b"},
		{"quotes", "> a\n> **b**\nc > d\n>e", "a\nb\nc > d\n>e"},
		{"quote to the end", ">>> a\n> b", "a\n> b"},
		{"headings", "# A\n## B\n-# small\n#hash\n\\# C", "A\nB\nsmall\n#hash\n# C"},
		{"lists", "- a\n  * b\n1. c\n\\- d", "• a\n  • b\n1. c\n- d"},
		{"link", "[a *b*](<https://example.com/(x)>)!", "a b (https://example.com/(x))!"},
		{"link without brackets", "[a](https://example.com/)", "a (https://example.com/)"},
		{"label that is the address", "[https://example.com/](<https://example.com/>)", "https://example.com/"},
		{"label with brackets", `[a\]b](<https://example.com>)`, "a]b (https://example.com)"},
		{"no link", "[a](b) [c] (d) [](<https://example.com>)", "[a](b) [c] (d) [](https://example.com)"},
		{"escaped link", `\[a\]\(b\)`, "[a](b)"},
		{"address", "see https://example.com/a_b_c.", "see https://example.com/a_b_c."},
		{"address with escapes", `https://example.com/a\_b`, `https://example.com/a\_b`},
		{"address in brackets", "(https://example.com/a) <https://example.com/b>", "(https://example.com/a) https://example.com/b"},
		{"no address", `https\://example.com/a\_b`, "https://example.com/a_b"},
		{"person", "<@BOB> <@!BOB> <@1>", "@bob @bob @unknown-user"},
		{"others", "<#1> <@&1> <:smile:1> <a:x:1> </login:1>", "#unknown @unknown-role :smile: :x: /login"},
		{"no tags", `\<@1> <@U1> <!channel> <b>`, "<@1> <@U1> <!channel> <b>"},
		{"moment", "<t:1767315605:f> <t:1767315605>", "2 Jan 2026 01:00 UTC 2 Jan 2026 01:00 UTC"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, discordtest.Options{}, func(b *bot) {
				text := replaceBob(tt.text, b.srv.ID("bob"))
				_, err := b.ChannelMessageSendComplex(b.srv.Channel("alice", general), &discordgo.MessageSend{Content: text})
				b.must(err)
				if got := b.newest("alice", general).Text; got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func replaceBob(text, id string) string { return strings.ReplaceAll(text, "BOB", id) }

// No text makes the renderer fail or stop.
func FuzzMarkdown(f *testing.F) {
	for _, text := range []string{"**a*_`[x](<https://y>)", "> # - a\n```go\n", "\\", "<t:1>", ">>> ||~~__", "a\n> ", "[[[]", "``` ```", "\xff_\xfe"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 1000 {
			discordtest.Visible(text)
		}
	})
}
