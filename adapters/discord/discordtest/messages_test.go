package discordtest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

func TestMessages(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		c := b.srv.Channel("alice", general)
		m, err := b.ChannelMessageSendComplex(c, &discordgo.MessageSend{
			Content: " **Hello** ", Embeds: []*discordgo.MessageEmbed{{
				Title: "A *title*", URL: "https://example.com/", Description: "> text", Color: 0xED4245, Footer: &discordgo.MessageEmbedFooter{Text: "Foot_er_"},
				Fields: []*discordgo.MessageEmbedField{{Name: "_Name_", Value: "`v`", Inline: true}},
			}},
			Components: buttons(press("Go"), discordgo.Button{Label: "Bad", Style: discordgo.DangerButton, CustomID: "b"}),
		})
		b.must(err)
		if m.Content != "**Hello**" || m.Author.ID != b.srv.Application() || len(m.Components) != 1 {
			t.Errorf("got %+v", m)
		}
		seen := b.newest("bob", general)
		if want := "Hello\nA title\nhttps://example.com/\ntext\nName: v\nFoot_er_"; seen.Text != want {
			t.Errorf("got %q, want %q", seen.Text, want)
		}
		if seen.Tone != core.Bad || seen.Controls[0].Tone != core.Main || seen.Controls[1].Tone != core.Bad || seen.ID != m.ID {
			t.Errorf("got %+v, want its tones", seen)
		}
		_, err = b.ChannelMessageEdit(c, m.ID, "Changed") // what is not said stays
		b.must(err)
		if got := b.newest("bob", general); !strings.HasPrefix(got.Text, "Changed\nA title") || len(got.Controls) != 2 || !got.Edited {
			t.Errorf("got %+v, want only the text to have changed", got)
		}
		_, err = b.ChannelMessageEditComplex(&discordgo.MessageEdit{Channel: c, ID: m.ID, Embeds: &[]*discordgo.MessageEmbed{}, Components: &[]discordgo.MessageComponent{}})
		b.must(err)
		b.wants("bob", general, "Changed (edited)")
		empty := ""
		_, err = b.ChannelMessageEditComplex(&discordgo.MessageEdit{Channel: c, ID: m.ID, Content: &empty})
		b.refused(err, 400, 50006, "empty")
		got, err := b.ChannelMessage(c, m.ID)
		b.must(err)
		if got.Content != "Changed" {
			t.Errorf("got %q, want what was said", got.Content)
		}
		b.must(b.ChannelMessageDelete(c, m.ID))
		b.wants("bob", general, "")
		b.refused(b.ChannelMessageDelete(c, m.ID), 404, 10008, "Unknown Message")
		b.must(b.ChannelTyping(c))
	})
}

func TestBadMessages(t *testing.T) {
	of := func(n int) string { return strings.Repeat("ж", n) }
	row := func(inner string) string { return `{"components":[{"type":1,"components":[` + inner + `]}]}` }
	btn := func(more string) string { return `{"type":2,"style":1,"label":"x","custom_id":"x"` + more + `}` }
	embed := func(inner string) string { return `{"embeds":[{"title":"x",` + inner + `}]}` }
	list := func(n int, one string) string {
		var out []string
		for i := range n {
			out = append(out, strings.ReplaceAll(one, "#", fmt.Sprint(i)))
		}
		return strings.Join(out, ",")
	}
	for _, tt := range []struct{ name, body, part string }{
		{"content", `{"content":"` + of(2001) + `"}`, `{"content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 2000 or fewer in length."}]}}`},
		{"nonce", `{"content":"x","nonce":"` + of(26) + `"}`, "nonce"},
		{"v2", `{"flags":32768,"components":[{"type":10,"content":"x"}]}`, "Components V2"},
		{"poll", `{"content":"x","poll":{"question":{}}}`, "poll"},
		{"mentions", `{"content":"x","allowed_mentions":{"parse":["users"],"users":["1"]}}`, "mutually exclusive"},
		{"mentions of what", `{"content":"x","allowed_mentions":{"parse":["all"]}}`, "BASE_TYPE_CHOICES"},
		{"wrong type", `{"content":1}`, "BASE_TYPE_INVALID"},
		{"six rows", `{"components":[` + list(6, `{"type":1,"components":[{"type":2,"style":1,"label":"x","custom_id":"#"}]}`) + `]}`, "between 0 and 5"},
		{"no row", `{"components":[` + btn("") + `]}`, `"type"`},
		{"empty row", row(""), "between 1 and 5"},
		{"six buttons", row(list(6, `{"type":2,"style":1,"label":"x","custom_id":"#"}`)), "between 1 and 5"},
		{"button and select", row(btn("") + `,{"type":5,"custom_id":"y"}`), "LAYOUT_WIDTH"},
		{"same id", row(btn("") + "," + btn("")), "DUPLICATED"},
		{"no id", row(`{"type":2,"style":1,"label":"x"}`), `"custom_id"`},
		{"long id", row(`{"type":2,"style":1,"label":"x","custom_id":"` + of(101) + `"}`), "between 1 and 100"},
		{"long label", row(`{"type":2,"style":1,"label":"` + of(81) + `","custom_id":"x"}`), "80 or fewer"},
		{"no label", row(`{"type":2,"style":1,"custom_id":"x"}`), "LABEL_OR_EMOJI"},
		{"link without", row(`{"type":2,"style":5,"label":"x"}`), "must have a url"},
		{"link with id", row(`{"type":2,"style":5,"label":"x","url":"https://example.com","custom_id":"x"}`), "no custom id"},
		{"link to nowhere", row(`{"type":2,"style":5,"label":"x","url":"nowhere"}`), "well formed"},
		{"link to a file", row(`{"type":2,"style":5,"label":"x","url":"file://host/x"}`), "SCHEME"},
		{"long link", row(`{"type":2,"style":5,"label":"x","url":"https://example.com/` + of(500) + `"}`), "between 1 and 512"},
		{"style", row(`{"type":2,"style":7,"label":"x","custom_id":"x"}`), "BASE_TYPE_CHOICES"},
		{"button with url", row(btn(`,"url":"https://example.com"`)), "Only link buttons"},
		{"select without", row(`{"type":3,"custom_id":"x","options":[]}`), "between 1 and 25"},
		{"select of 26", row(`{"type":3,"custom_id":"x","options":[` + list(26, `{"label":"#","value":"#"}`) + `]}`), "between 1 and 25"},
		{"same value", row(`{"type":3,"custom_id":"x","options":[{"label":"a","value":"a"},{"label":"b","value":"a"}]}`), "already used"},
		{"long choice", row(`{"type":3,"custom_id":"x","options":[{"label":"` + of(101) + `","value":"a"}]}`), "between 1 and 100"},
		{"long hint", row(`{"type":3,"custom_id":"x","placeholder":"` + of(151) + `","options":[{"label":"a","value":"a"}]}`), "150 or fewer"},
		{"more than there is", row(`{"type":3,"custom_id":"x","max_values":2,"options":[{"label":"a","value":"a"}]}`), "Must be 1 or fewer"},
		{"title", embed(`"title":"` + of(257) + `"`), "256 or fewer"},
		{"description", embed(`"description":"` + of(4097) + `"`), "4096 or fewer"},
		{"fields", embed(`"fields":[` + list(26, `{"name":"a","value":"b"}`) + `]`), "between 0 and 25"},
		{"field without", embed(`"fields":[{"name":"a","value":" "}]`), "required"},
		{"field name", embed(`"fields":[{"name":"` + of(257) + `","value":"b"}]`), "between 1 and 256"},
		{"field value", embed(`"fields":[{"name":"a","value":"` + of(1025) + `"}]`), "between 1 and 1024"},
		{"footer", embed(`"footer":{"text":"` + of(2049) + `"}`), "2048 or fewer"},
		{"author", embed(`"author":{"name":"` + of(257) + `"}`), "between 1 and 256"},
		{"colour", embed(`"color":16777216`), "16777215"},
		{"image", embed(`"image":{"url":"nowhere"}`), "well formed"},
		{"eleven", `{"embeds":[` + list(11, `{"title":"#"}`) + `]}`, "between 0 and 10"},
		{"together", `{"embeds":[` + list(2, `{"description":"`+of(3001)+`"}`) + `]}`, "MAX_EMBED_SIZE_EXCEEDED"},
		{"nothing in it", `{"embeds":[{}]}`, "EMBED_EMPTY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, discordtest.Options{}, func(b *bot) {
				c := b.srv.Channel("alice", general)
				_, err := b.RequestWithBucketID("POST", discordgo.EndpointChannelMessages(c), json.RawMessage(tt.body), "x")
				b.refused(err, 400, 50035, tt.part)
				b.wants("bob", general, "")
			})
		})
	}
}

func TestMentions(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		c := b.srv.Channel("alice", general)
		text := "<@" + b.srv.ID("bob") + "> and @everyone"
		for _, tt := range []struct {
			name    string
			allowed *discordgo.MessageAllowedMentions
			want    string
		}{
			{"what is usual", nil, "bob everyone"},
			{"nobody", &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}}, ""},
			{"bob", &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}, Users: []string{b.srv.ID("bob")}}, "bob"},
		} {
			_, err := b.ChannelMessageSendComplex(c, &discordgo.MessageSend{Content: text, AllowedMentions: tt.allowed, Flags: discordgo.MessageFlagsSuppressEmbeds})
			b.must(err)
			last := b.srv.Last(general)
			if got := strings.Join(last.Pings, " "); got != tt.want || last.Previews {
				t.Errorf("%s: got %q and previews %v, want %q and none", tt.name, got, last.Previews, tt.want)
			}
		}
		if got := b.newest("alice", general).Text; got != "@bob and @everyone" {
			t.Errorf("got %q", got)
		}
	})
}

func TestNonce(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		c := b.srv.Channel("alice", general)
		say := func(text, nonce string) string {
			raw, err := b.RequestWithBucketID("POST", discordgo.EndpointChannelMessages(c), map[string]any{"content": text, "nonce": nonce, "enforce_nonce": true}, "x")
			b.must(err)
			return decode[discordgo.Message](b, raw).ID
		}
		first := say("One", "k")
		if again, other := say("One", "k"), say("Two", "l"); again != first || other == first {
			t.Errorf("got %s, %s and %s, want the first twice", first, again, other)
		}
		b.wants("bob", general, "One\nTwo")
	})
}

func TestDirect(t *testing.T) {
	bubble(t, discordtest.Options{NoDMs: true}, func(b *bot) {
		c := b.direct("alice")
		_, err := b.ChannelMessageSend(c, "hi")
		b.refused(err, 403, 50007, "Cannot send messages to this user")
		b.srv.Say("alice", coretest.Direct, "hello")
		_, err = b.ChannelMessageSend(c, "hi")
		b.must(err)
		b.wants("alice", coretest.Direct, "hi")
		b.wants("bob", coretest.Direct, "")
		b.srv.Block("alice")
		_, err = b.ChannelMessageSend(c, "hi")
		b.refused(err, 403, 50007, "")
		b.srv.Unblock("alice")
		_, err = b.ChannelMessageSend(c, "hi again")
		b.must(err)
		_, err = b.UserChannelCreate("1")
		b.refused(err, 400, 50033, "Invalid Recipient")
	})
}

func TestPermissions(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		c := b.srv.Channel("alice", general)
		m, err := b.ChannelMessageSend(c, "hi")
		b.must(err)
		b.srv.Mute(general)
		_, err = b.ChannelMessageSend(c, "hi")
		b.refused(err, 403, 50013, "Missing Permissions")
		b.srv.Unmute(general)
		b.srv.Hide(general)
		_, err = b.ChannelMessageEdit(c, m.ID, "hidden")
		b.refused(err, 403, 50001, "Missing Access")
		b.srv.Show(general)
		b.srv.Remove(general)
		_, err = b.ChannelMessageEdit(c, m.ID, "removed")
		b.refused(err, 404, 10008, "Unknown Message")
		b.wants("bob", general, "")
		b.Identify.Intents = words
		b.connect()
		b.srv.Post(general, "@usher news")
		news := decode[discordgo.Message](b, b.event("MESSAGE_CREATE"))
		_, err = b.ChannelMessageEdit(c, news.ID, "mine")
		b.refused(err, 403, 50005, "authored by another user")
		b.refused(b.ChannelMessageDelete(c, news.ID), 403, 50013, "")
	})
}
