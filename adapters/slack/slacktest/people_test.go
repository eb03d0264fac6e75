package slacktest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core/coretest"
)

func TestCommand(t *testing.T) {
	connected(t, slacktest.Options{Commands: []string{"/login"}}, func(b *bot) {
		b.srv.Say("alice", general, "/login  @bob <b> & https://example.com/?a&b ")
		got := b.command()
		if got.Command != "/login" || got.UserName != "alice" || got.ChannelName != "general" || got.TriggerID == "" || got.ResponseURL == "" || got.TeamID == "" {
			b.Errorf("got %+v, want /login by alice in #general", got)
		}
		b.srv.Say("bob", coretest.Direct, "/usher")
		bob := b.command()
		if want := "<@" + bob.UserID + "> &lt;b&gt; &amp; <https://example.com/?a&amp;b>"; got.Text != want {
			b.Errorf("got %q, want %q", got.Text, want)
		}
		if bob.ChannelName != "directmessage" || !strings.HasPrefix(bob.ChannelID, "D") || bob.Text != "" {
			b.Errorf("got %+v, want it in a direct chat", bob)
		}
		b.srv.Say("alice", general, "/ping")
		if seen := b.sees("alice", general, "/ping is not a valid command."); !seen.Private {
			b.Error("got it told to all, want alice alone")
		}
		b.quiet()
	})
}

func TestAnyCommand(t *testing.T) {
	connected(t, slacktest.Options{Commands: []string{slacktest.AnyCommand}}, func(b *bot) {
		b.srv.Say("alice", general, "/xylophone")
		if got := b.command(); got.Command != "/xylophone" {
			b.Errorf("got %s, want /xylophone", got.Command)
		}
	})
}

func TestTalk(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Say("alice", general, "not for the bot")
		b.quiet()
		b.srv.Say("alice", general, "@usher hello")
		said := b.event()
		if got := said.Event; got.Type != "app_mention" || got.Text != "<@U0000000001> hello" || got.Bot != "" || said.ID == "" {
			b.Errorf("got %+v, want a mention", said)
		}
		b.srv.Say("alice", coretest.Direct, "@usher <hello>")
		if got := b.event().Event; got.Type != "message" || got.Kind != "im" || got.Text != "<@U0000000001> &lt;hello&gt;" {
			b.Errorf("got %+v, want a message in the direct chat", got)
		}
		b.quiet()
	})
}

// What the bot hears anyway it hears twice when it is mentioned.
func TestMentionTwice(t *testing.T) {
	connected(t, slacktest.Options{ReadsAll: true}, func(b *bot) {
		b.srv.Say("alice", general, "hey @usher")
		first, second := b.event(), b.event()
		if first.Event.Type != "message" || second.Event.Type != "app_mention" || first.Event.TS != second.Event.TS || first.ID == second.ID {
			b.Errorf("got %+v and %+v, want a message and a mention with one ts", first, second)
		}
	})
}

func TestNotForTheBot(t *testing.T) {
	connected(t, slacktest.Options{ReadsAll: true}, func(b *bot) {
		b.srv.Say("alice", general, "one")
		c := b.event().Event.Channel
		b.srv.Edit("alice", general, "two")
		if got := b.event().Event; got.Subtype != "message_changed" || got.Message.Text != "two" {
			b.Errorf("got %+v, want a change", got)
		}
		b.srv.SayAsBot(general, "from a bot")
		if got := b.event().Event; got.Bot == "" || got.Text != "from a bot" || got.Subtype != "" {
			b.Errorf("got %+v, want it from a bot", got)
		}
		b.srv.Post(general, "from a webhook")
		if got := b.event().Event; got.Subtype != "bot_message" || got.User != "" {
			b.Errorf("got %+v, want it from a webhook", got)
		}
		b.post(c, text("from itself"))
		if got := b.event().Event; got.Bot == "" || got.User != "U0000000001" {
			b.Errorf("got %+v, want it from the bot itself", got)
		}
		if got := words(b.srv.Sees("bob", general)); !slices.Equal(got, []string{"from itself"}) {
			b.Errorf("got %q, want what the bot said", got)
		}
	})
}

func TestPress(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		c, ts := b.post(b.place(general), slack.MsgOptionBlocks(slack.NewActionBlock("row", button("A & <b>", "v"))))
		seen := b.sees("bob", general, "A & <b>")
		b.must("press", b.srv.Press("bob", seen, "A & <b>"))
		got := b.interaction()
		a := got.ActionCallback.BlockActions[0]
		if got.Type != slack.InteractionTypeBlockActions || got.User.Name != "bob" || got.Channel.ID != c || got.Message.Timestamp != ts || got.TriggerID == "" {
			b.Errorf("got %+v, want a press by bob on the message", got)
		}
		if a.ActionID != "do-v" || a.BlockID != "row" || a.Value != "v" || got.Container.MessageTs != ts || got.Container.IsEphemeral {
			b.Errorf("got %+v, want the button's own", a)
		}
		if err := b.srv.Press("bob", seen, "Go"); err == nil {
			b.Error("no such button: got no error, want one")
		}
		_, _, _, err := b.api.UpdateMessageContext(b.Context(), c, ts, text("x"), slack.MsgOptionBlocks())
		b.must("update", err)
		b.must("press what has just gone", b.srv.Press("bob", seen, "A & <b>"))
		b.interaction()
		b.srv.Forge("bob", general, "forged")
		if got := b.interaction(); got.ActionCallback.BlockActions[0].Value != "forged" {
			b.Errorf("got %+v, want a forged press", got)
		}
		b.srv.Remove(general)
		if err := b.srv.Press("bob", seen, "A & <b>"); err == nil {
			b.Error("what is deleted: got no error, want one")
		}
	})
}

func TestChoose(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		one, two := slack.NewOptionBlockObject("1", plain("One & only"), nil), slack.NewOptionBlockObject("2", plain("Two"), nil)
		b.post(b.place(general), slack.MsgOptionBlocks(slack.NewActionBlock("",
			slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("One"), "single", one, two),
			slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, plain("Many"), "many", one, two))))
		seen := b.sees("bob", general, "Many")
		b.must("choose", b.srv.Choose("bob", seen, "One", "One & only"))
		if got := b.interaction().ActionCallback.BlockActions[0]; got.SelectedOption.Value != "1" || got.ActionID != "single" {
			b.Errorf("got %+v, want the first", got)
		}
		b.must("choose", b.srv.Choose("bob", seen, "Many", "Two", "One & only"))
		if got := b.interaction().ActionCallback.BlockActions[0].SelectedOptions; len(got) != 2 || got[0].Value != "2" {
			b.Errorf("got %+v, want both", got)
		}
		for name, err := range map[string]error{
			"two of one":      b.srv.Choose("bob", seen, "One", "Two", "One & only"),
			"none of one":     b.srv.Choose("bob", seen, "One"),
			"no such choice":  b.srv.Choose("bob", seen, "Many", "Three"),
			"no such select":  b.srv.Choose("bob", seen, "Few", "Two"),
			"a link that not": b.srv.Follow("bob", seen, "Open"),
		} {
			if err == nil {
				b.Errorf("%s: got no error, want one", name)
			}
		}
		b.quiet()
	})
}

// A button with a link opens it, and tells the app, too.
func TestLinks(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		me, err := b.api.AuthTestContext(b.Context())
		b.must("auth.test", err)
		page, app := button("Page", ""), button("App", "")
		page.URL, app.URL = "https://example.com/", "slack://user?team="+me.TeamID+"&id="+me.UserID
		app.ActionID = "app"
		b.post(b.place(general), slack.MsgOptionBlocks(slack.NewActionBlock("", page, app)))
		seen := b.sees("bob", general, "App")
		b.must("press", b.srv.Press("bob", seen, "Page"))
		if got := string(b.next().Payload); !strings.Contains(got, `"url":"`+page.URL+`"`) {
			b.Errorf("got %s, want the link", got)
		}
		if err := b.srv.Follow("bob", seen, "Page"); err == nil {
			b.Error("a link elsewhere: got no error, want one")
		}
		b.must("follow", b.srv.Follow("bob", seen, "App"))
		b.interaction()
	})
}
