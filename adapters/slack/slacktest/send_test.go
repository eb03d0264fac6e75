package slacktest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

func TestPost(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		c := b.place(general)
		at, ts := b.post(c, text("Hello *all* &amp; <@U0000000001>"), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
		if at != c || ts == "" {
			b.Errorf("got %s in %q, want a ts in %s", ts, at, c)
		}
		want := coretest.Seen{ID: c + "/" + ts, Text: "Hello all & @usher"}
		if got := b.sees("bob", general, "Hello"); got.String() != want.String() || got.ID != want.ID || got.Private || got.Edited {
			b.Errorf("got %+v, want %+v", got, want)
		}
		if last := b.srv.Last(general); last.Preview || last.TS != ts || last.Notice != want.Text || !slices.Equal(last.Calls, []string{"U0000000001"}) {
			b.Errorf("got %+v, want it without a preview, calling the bot", last)
		}
		b.post(c, text("Hello again"))
		if !b.srv.Last(general).Preview {
			b.Error("got no preview, want one unless it is switched off")
		}
	})
}

func TestPostToPerson(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Say("alice", general, "/usher")
		alice := b.command().UserID
		d, ts := b.post(alice, text("Between us"))
		if !strings.HasPrefix(d, "D") {
			b.Errorf("got %s, want a direct chat", d)
		}
		b.sees("alice", coretest.Direct, "Between us")
		b.seesNothing("bob", coretest.Direct, "Between us")
		_, _, _, err := b.api.UpdateMessageContext(b.Context(), alice, ts, text("x"))
		b.refused("update by the person's id", err, "channel_not_found")
		_, _, _, err = b.api.UpdateMessageContext(b.Context(), d, ts, text("Changed"))
		b.must("update", err)
		if got := b.sees("alice", coretest.Direct, "Changed"); !got.Edited || got.ID != d+"/"+ts {
			b.Errorf("got %+v, want the same message, edited", got)
		}
		im, _, already, err := b.api.OpenConversationContext(b.Context(), &slack.OpenConversationParameters{Users: []string{alice}, ReturnIM: true})
		b.must("open", err)
		if im.ID != d || !already || im.User != alice {
			b.Errorf("got %s of %s, already open %v, want %s, already open", im.ID, im.User, already, d)
		}
	})
}

func TestDirectRefused(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Say("alice", general, "/usher")
		alice := b.command().UserID
		open := func(who string) error {
			_, _, _, err := b.api.OpenConversationContext(b.Context(), &slack.OpenConversationParameters{Users: []string{who}})
			return err
		}
		post := func() error {
			_, _, err := b.api.PostMessageContext(b.Context(), alice, text("Hello"))
			return err
		}
		b.srv.BlockDM("alice")
		b.refused("open", open(alice), "cannot_dm_bot")
		b.refused("post", post(), "cannot_dm_bot")
		b.srv.UnblockDM("alice")
		b.must("open", open(alice))
		b.srv.CloseMessagesTab()
		b.must("open", open(alice))
		b.refused("post", post(), "messages_tab_disabled")
		b.refused("open", open("U9"), "user_not_found")
		b.refused("open the bot's own", open("U0000000001"), "cannot_dm_bot")
	})
}

func TestUpdateAndDelete(t *testing.T) {
	connected(t, slacktest.Options{ReadsAll: true}, func(b *bot) {
		b.srv.Say("alice", general, "by alice")
		said := b.event().Event
		c, ts := b.post(said.Channel, text("fallback"), slack.MsgOptionBlocks(section("Before"), slack.NewActionBlock("", button("Go", "v"))))
		b.event() // the bot's own
		update := func(ts string, o ...slack.MsgOption) error {
			_, _, _, err := b.api.UpdateMessageContext(b.Context(), c, ts, o...)
			return err
		}
		b.must("update", update(ts, text("new fallback")))
		if got := b.sees("bob", general, "Before"); got.String() != "Before [Go]" {
			b.Errorf("got %q, want blocks to stay unless they are mentioned", got)
		}
		b.must("update", update(ts, text("After"), slack.MsgOptionBlocks()))
		if got := b.sees("bob", general, "After"); got.String() != "After" {
			b.Errorf("got %q, want the blocks gone", got)
		}
		b.refused("update", update("1.0", text("x")), "message_not_found")
		b.refused("update a person's", update(said.TS, text("x")), "cant_update_message")
		b.refused("update", update(ts), "no_text")
		b.refused("update", update(ts, text(strings.Repeat("ж", 4001))), "msg_too_long")
		b.must("update", update(ts, text(strings.Repeat("ж", 4000))))
		remove := func(ts string) error {
			_, _, err := b.api.DeleteMessageContext(b.Context(), c, ts)
			return err
		}
		b.refused("delete a person's", remove(said.TS), "cant_delete_message")
		b.must("delete", remove(ts))
		b.refused("delete", remove(ts), "message_not_found")
		b.refused("update", update(ts, text("x")), "message_not_found")
		if got := b.srv.Sees("bob", general); len(got) != 0 {
			b.Errorf("got %v, want nothing", got)
		}
		for _, want := range []string{"message_changed", "message_changed", "message_changed", "message_deleted"} {
			if got := b.event().Event; got.Subtype != want {
				b.Errorf("got %s, want %s", got.Subtype, want)
			}
		}
	})
}

func TestRemove(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		c, ts := b.post(b.place(general), text("Goes"))
		b.srv.Remove(general)
		_, _, _, err := b.api.UpdateMessageContext(b.Context(), c, ts, text("x"))
		b.refused("update", err, "message_not_found")
	})
}

func TestEphemeral(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Say("alice", general, "/usher")
		by := b.command()
		post := func(to string, o ...slack.MsgOption) (string, error) {
			return b.api.PostEphemeralContext(b.Context(), by.ChannelID, to, o...)
		}
		ts, err := post(by.UserID, text("Psst"))
		b.must("post", err)
		if got := b.sees("alice", general, "Psst"); !got.Private {
			b.Error("got a message for all, want it private")
		}
		b.seesNothing("bob", general, "Psst")
		_, _, _, err = b.api.UpdateMessageContext(b.Context(), by.ChannelID, ts, text("x"))
		b.refused("update", err, "message_not_found")
		_, _, err = b.api.DeleteMessageContext(b.Context(), by.ChannelID, ts)
		b.refused("delete", err, "message_not_found")
		_, err = post(by.UserID, text(strings.Repeat("ж", 2001)))
		b.refused("post", err, "msg_too_long")
		_, err = post("U9", text("x"))
		b.refused("post", err, "user_not_in_channel")
		b.srv.Reload("alice")
		b.seesNothing("alice", general, "Psst")
		b.srv.Part("alice", general)
		_, err = post(by.UserID, text("x"))
		b.refused("post", err, "user_not_in_channel")
		if _, ts := b.post(by.ChannelID, text("For the others")); ts == "" {
			b.Error("got no ts, want one")
		}
		b.seesNothing("alice", general, "others")
		b.sees("bob", general, "others")
	})
}

func TestRefusedPosts(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		c := b.place(general)
		post := func(o ...slack.MsgOption) error {
			_, _, err := b.api.PostMessageContext(b.Context(), c, o...)
			return err
		}
		b.refused("nothing", post(), "no_text")
		b.refused("no blocks", post(slack.MsgOptionBlocks()), "no_text")
		b.refused("too long", post(text(strings.Repeat("x", 40001))), "msg_too_long")
		b.refused("blocks", post(slack.MsgOptionBlocks(section(""))), "invalid_blocks")
		b.srv.Kick(general)
		b.refused("kicked", post(text("x")), "not_in_channel")
		b.srv.Say("alice", general, "/usher still here")
		if got := b.command(); got.Text != "still here" {
			b.Errorf("got %q, want commands from where the bot is not", got.Text)
		}
	})
}

// What is under a message is in its thread; what is under nothing is not.
func TestThreads(t *testing.T) {
	connected(t, slacktest.Options{ReadsAll: true}, func(b *bot) {
		b.srv.Say("alice", "#general/plans", "hello")
		said := b.event().Event
		if said.Thread == "" || said.Thread == said.TS || said.Text != "hello" {
			b.Fatalf("got %+v, want it in a thread", said)
		}
		b.post(said.Channel, text("There"), slack.MsgOptionTS(said.Thread), slack.MsgOptionBlocks(section("There"), slack.NewActionBlock("", button("Go", "v"))))
		b.post(said.Channel, text("Not there"), slack.MsgOptionTS("1.000000"))
		if got := words(b.srv.Sees("bob", "#general/plans")); !slices.Equal(got, []string{"There [Go]"}) {
			b.Errorf("got %q in the thread, want There", got)
		}
		if got := words(b.srv.Sees("bob", general)); !slices.Equal(got, []string{"Not there"}) {
			b.Errorf("got %q, want Not there", got)
		}
		b.event()
		b.event()
		b.must("press", b.srv.Press("bob", b.sees("bob", "#general/plans", "There"), "Go"))
		if got := b.interaction(); got.Container.ThreadTs != said.Thread || got.Message.ThreadTimestamp != said.Thread {
			b.Errorf("got a press in thread %q, want %s", got.Container.ThreadTs, said.Thread)
		}
		b.srv.Say("alice", "#general/plans", "/echo hi")
		if got := b.event().Event; got.Text != "<@U0000000001> echo hi" || got.Thread != said.Thread {
			b.Errorf("got %+v, want a mention in the thread in place of a command", got)
		}
	})
}

func TestUsersAndChannels(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Say("alice", general, "/usher")
		by := b.command()
		alice, err := b.api.GetUserInfoContext(b.Context(), by.UserID)
		b.must("users.info", err)
		if alice.Name != "alice" || alice.Locale != "en-US" || alice.IsBot || alice.TZ == "" {
			b.Errorf("got %+v, want alice with a locale", alice)
		}
		_, err = b.api.GetUserInfoContext(b.Context(), "U9")
		b.refused("users.info", err, "user_not_found")
		c, err := b.api.GetConversationInfoContext(b.Context(), &slack.GetConversationInfoInput{ChannelID: by.ChannelID})
		b.must("conversations.info", err)
		if c.Name != "general" || !c.IsChannel || c.IsIM || !c.IsMember {
			b.Errorf("got %+v, want #general", c)
		}
	})
}

// Everything that people see of blocks, and nothing else.
func TestShown(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		m := slack.NewTextBlockObject(slack.MarkdownType, "*field*", false, false)
		danger, link := button("No", "no"), button("More", "")
		danger.Style, link.URL = slack.StyleDanger, "https://example.com/"
		many := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, plain("Many"), "many",
			slack.NewOptionBlockObject("1", plain("One"), nil), slack.NewOptionBlockObject("2", plain("Two"), nil))
		main := button("Yes", "yes")
		main.Style = slack.StylePrimary
		b.post(b.place(general), text("fallback"), slack.MsgOptionBlocks(
			slack.NewHeaderBlock(plain("Title *1*")), slack.NewDividerBlock(),
			slack.NewSectionBlock(nil, []*slack.TextBlockObject{m, plain("_plain_")}, nil),
			slack.NewSectionBlock(m, nil, slack.NewAccessory(main)),
			slack.NewImageBlock("https://example.com/x.png", "a picture", "", nil),
			slack.NewContextBlock("", m, slack.NewImageBlockElement("https://example.com/y.png", "an icon")),
			slack.NewRichTextBlock("", slack.NewRichTextSection(
				slack.NewRichTextSectionTextElement("*rich* ", &slack.RichTextSectionTextStyle{Bold: true}),
				slack.NewRichTextSectionUserElement("U0000000001", nil),
				slack.NewRichTextSectionLinkElement("https://example.com/", " link", nil),
			), &slack.RichTextPreformatted{
				Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement("code", nil)},
			}),
			slack.NewActionBlock("", danger, link, many),
		))
		got := b.sees("bob", general, "Title")
		want := "Title *1*\nfield\n_plain_\nfield\na picture\nfield an icon\n*rich* @usher link\ncode"
		if got.Text != want {
			b.Errorf("got %q, want %q", got.Text, want)
		}
		if line := got.String(); !strings.HasSuffix(line, "[Yes] [No] [More] [Many: One | Two]") {
			b.Errorf("got %q, want the controls in order", line)
		}
		tones := []core.Tone{got.Controls[0].Tone, got.Controls[1].Tone, got.Controls[2].Tone}
		if !slices.Equal(tones, []core.Tone{core.Main, core.Bad, core.Plain}) || got.Controls[2].URL != link.URL || got.Controls[3].Max != 2 {
			b.Errorf("got %+v, want a main, a bad and a link button, and two choices", got.Controls)
		}
		if last := b.srv.Last(general); last.Text != "fallback" || !strings.Contains(string(last.Blocks), `"block_id"`) {
			b.Errorf("got %+v, want the text for notifications and ids", last)
		}
	})
}

func TestWaitsForNobody(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Say("alice", general, "/usher")
		if !b.srv.Busy() {
			b.Error("got idle, want busy with a command")
		}
		begun := time.Now()
		go func() {
			c := b.command().ChannelID
			time.Sleep(2 * time.Second)
			b.post(c, text("Done"))
		}()
		coretest.Idle(b.Context(), b.srv, b.srv.Busy, time.Minute)
		if took := time.Since(begun); took < 2*time.Second || took > 3*time.Second || b.srv.Busy() {
			b.Errorf("idle after %v, want it after the answer", took)
		}
	})
}
