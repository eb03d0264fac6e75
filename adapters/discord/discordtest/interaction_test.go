package discordtest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core/coretest"
)

type answer = discordgo.InteractionResponseData

const private = discordgo.MessageFlagsEphemeral

func buttons(b ...discordgo.MessageComponent) []discordgo.MessageComponent {
	return []discordgo.MessageComponent{discordgo.ActionsRow{Components: b}}
}

func press(name string) discordgo.Button {
	return discordgo.Button{Label: name, Style: discordgo.PrimaryButton, CustomID: "press-" + name}
}

// ask lets alice say /ping and returns what comes of it.
func (b *bot) ask() *received {
	b.Helper()
	b.srv.Say("alice", general, "/ping")
	return b.interaction()
}

func TestInteractionShape(t *testing.T) {
	online(t, func(b *bot) {
		b.srv.Say("alice", "#general/help", "/ping")
		i := b.interaction()
		if i.Type != 2 || i.Data.Name != "ping" || i.Member == nil || i.Member.User.Username != "alice" || i.User != nil || i.GuildID != b.srv.Guild() || i.Context != 0 {
			t.Errorf("got %+v, want /ping by a member", i)
		}
		if i.Channel.Type != 11 || i.Channel.Parent != b.srv.Channel("alice", general) || i.AppID != b.srv.Application() {
			t.Errorf("got %+v, want a thread in #general", i.Channel)
		}
		b.srv.Say("alice", coretest.Direct, "/ping")
		if i := b.interaction(); i.Member != nil || i.User.ID != b.srv.ID("alice") || i.GuildID != "" || i.Context != 1 || i.Channel.Type != 1 {
			t.Errorf("got %+v, want /ping by a user", i)
		}
	}, ping)
}

func TestFirstAnswer(t *testing.T) {
	online(t, func(b *bot) {
		i := b.ask()
		if b.srv.Unanswered() != 1 || !b.srv.Busy() {
			t.Error("got nobody waiting, want alice to")
		}
		b.reply(i, 4, &answer{Content: "**Pong!**", Components: buttons(press("Again"))})
		b.wants("bob", general, "Pong! [Again]")
		b.refused(b.respond(i, 4, &answer{Content: "Again"}), 400, 40060, "acknowledged")

		late := b.ask()
		time.Sleep(3*time.Second + time.Millisecond)
		b.refused(b.respond(late, 4, &answer{Content: "Late"}), 404, 10062, "Unknown interaction")
		if got := b.srv.Failures(); len(got) != 1 || got[0] != "/ping by alice: no answer in time" {
			t.Errorf("got %q, want one failure", got)
		}
		b.refused(b.InteractionRespond(&discordgo.Interaction{ID: i.ID, Token: "wrong"}, &discordgo.InteractionResponse{Type: 4}), 404, 10062, "")
		early := b.ask()
		_, err := b.FollowupMessageCreate(early.asked(), true, &discordgo.WebhookParams{Content: "early"})
		b.refused(err, 404, 10015, "Unknown Webhook")
		b.refused(b.respond(early, 6, nil), 400, 50035, "type 6")
		b.refused(b.respond(early, 8, nil), 400, 50035, "type 8")
		b.refused(b.respond(early, 4, &answer{}), 400, 50006, "empty")
		b.reply(early, 4, &answer{Content: "Still fine"})
		b.wants("alice", general, "Pong! [Again]\nStill fine")
	}, ping)
}

func TestDeferred(t *testing.T) {
	online(t, func(b *bot) {
		i := b.ask()
		b.reply(i, 5, &answer{Flags: private})
		b.wants("alice", general, "")
		if b.srv.Unanswered() != 1 {
			t.Error("got nobody waiting, want alice to see that the bot thinks")
		}
		loading, err := b.InteractionResponse(i.asked())
		b.must(err)
		if loading.Flags != private|discordgo.MessageFlagsLoading {
			t.Errorf("got flags %d, want ephemeral and loading", loading.Flags)
		}
		text := "For you"
		m, err := b.InteractionResponseEdit(i.asked(), &discordgo.WebhookEdit{Content: &text})
		b.must(err)
		b.wants("alice", general, "For you (private)")
		b.wants("bob", general, "")
		_, err = b.ChannelMessageEdit(m.ChannelID, m.ID, "through the channel")
		b.refused(err, 404, 10008, "Unknown Message")
		_, err = b.FollowupMessageCreate(i.asked(), true, &discordgo.WebhookParams{Content: "For all"})
		b.must(err)
		b.wants("bob", general, "For all")
		b.must(b.InteractionResponseDelete(i.asked()))
		b.wants("alice", general, "For all")
		_, err = b.InteractionResponseEdit(i.asked(), &discordgo.WebhookEdit{Content: &text})
		b.refused(err, 404, 10008, "Unknown Message")
		if b.srv.Busy() {
			t.Error("got busy, want nobody to wait")
		}
	}, ping)
}

// The first that follows a deferral is what was deferred, and as private. What is
// deleted first is followed by something new.
func TestDeferredAndFollowed(t *testing.T) {
	online(t, func(b *bot) {
		i := b.ask()
		b.reply(i, 5, &answer{Flags: private})
		_, err := b.FollowupMessageCreate(i.asked(), true, &discordgo.WebhookParams{Content: "One"})
		b.must(err)
		b.wants("alice", general, "One (private)")
		b.wants("bob", general, "")

		i = b.ask()
		b.reply(i, 5, &answer{Flags: private})
		b.must(b.InteractionResponseDelete(i.asked()))
		_, err = b.FollowupMessageCreate(i.asked(), true, &discordgo.WebhookParams{Content: "Two"})
		b.must(err)
		b.wants("bob", general, "Two")
	}, ping)
}

func TestTokenDies(t *testing.T) {
	online(t, func(b *bot) {
		i := b.ask()
		b.reply(i, 4, &answer{Content: "For all"})
		m, err := b.InteractionResponse(i.asked())
		b.must(err)
		text := "Edited"
		time.Sleep(15*time.Minute - time.Second)
		_, err = b.InteractionResponseEdit(i.asked(), &discordgo.WebhookEdit{Content: &text})
		b.must(err)
		time.Sleep(time.Second)
		_, err = b.InteractionResponseEdit(i.asked(), &discordgo.WebhookEdit{Content: &text})
		b.refused(err, 401, 50027, "Invalid Webhook Token")
		_, err = b.ChannelMessageEdit(m.ChannelID, m.ID, "for ever")
		b.must(err)
		b.wants("bob", general, "for ever (edited)")
	}, ping)
}

func TestPress(t *testing.T) {
	online(t, func(b *bot) {
		first := b.ask()
		b.reply(first, 4, &answer{Content: "Private", Flags: private, Components: buttons(press("Go"), press("Stop"))})
		if err := b.srv.Press("bob", b.newest("alice", general), "Go"); err == nil {
			t.Error("got bob pressing what he does not see")
		}
		card := b.newest("alice", general)
		_, err := b.ChannelMessageEdit(b.srv.Channel("alice", general), card.ID, "through the channel")
		b.refused(err, 404, 10008, "Unknown Message")
		time.Sleep(20 * time.Minute) // the card's token is long dead
		b.must(b.srv.Press("alice", card, "Go"))
		i := b.interaction()
		if i.Type != 3 || i.Data.CustomID != "press-Go" || i.Message == nil || i.Message.Flags&private == 0 {
			t.Errorf("got %+v, want a press on an ephemeral message", i)
		}
		b.reply(i, 7, &answer{Content: "Pressed", Components: buttons()[:0]})
		b.wants("alice", general, "Pressed (private) (edited)")
		text := "Later"
		_, err = b.InteractionResponseEdit(i.asked(), &discordgo.WebhookEdit{Content: &text})
		b.must(err)
		b.wants("alice", general, "Later (private) (edited)")
		b.wants("bob", general, "")
	}, ping)
}

func TestPressQuietly(t *testing.T) {
	online(t, func(b *bot) {
		b.reply(b.ask(), 4, &answer{Content: "Press", Components: buttons(press("Go"))})
		m := b.newest("bob", general)
		b.must(b.srv.Press("bob", m, "Go"))
		i := b.interaction()
		b.reply(i, 6, nil)
		if b.srv.Unanswered() != 0 {
			t.Error("got bob waiting, want him not to")
		}
		_, err := b.FollowupMessageCreate(i.asked(), true, &discordgo.WebhookParams{Content: "Psst", Flags: private})
		b.must(err)
		b.wants("bob", general, "Press [Go]\nPsst (private)")
		b.wants("alice", general, "Press [Go]")
		text := "Gone"
		_, err = b.InteractionResponseEdit(i.asked(), &discordgo.WebhookEdit{Content: &text, Components: &[]discordgo.MessageComponent{}})
		b.must(err)
		b.must(b.srv.Press("alice", m, "Go")) // as it was when she saw it
		if got := b.interaction(); got.Data.CustomID != "press-Go" {
			t.Errorf("got %q, want the late press", got.Data.CustomID)
		}
		b.srv.Forge("mallory", general, "anything")
		if got := b.interaction(); got.Data.CustomID != "anything" {
			t.Errorf("got %q, want what was forged", got.Data.CustomID)
		}
		b.srv.Repeat()
		if got := b.interaction(); got.Data.CustomID != "anything" {
			t.Errorf("got %q, want it again", got.Data.CustomID)
		}
	}, ping)
}

func TestChoose(t *testing.T) {
	online(t, func(b *bot) {
		one := 1
		b.reply(b.ask(), 4, &answer{Content: "Colours", Components: buttons(discordgo.SelectMenu{
			MenuType: discordgo.StringSelectMenu, CustomID: "colour", Placeholder: "Pick", MinValues: &one, MaxValues: 2,
			Options: []discordgo.SelectMenuOption{{Label: "Red", Value: "r"}, {Label: "Green", Value: "g"}, {Label: "Blue", Value: "b"}},
		})})
		m := b.newest("bob", general)
		if got := m.String(); got != "Colours [Pick: Red | Green | Blue]" {
			t.Errorf("got %q", got)
		}
		b.must(b.srv.Choose("bob", m, "Pick", "Green", "Red"))
		if i := b.interaction(); i.Data.CustomID != "colour" || strings.Join(i.Data.Values, " ") != "g r" {
			t.Errorf("got %+v, want g and r", i.Data)
		}
		for _, labels := range [][]string{nil, {"Red", "Green", "Blue"}, {"Black"}} {
			if b.srv.Choose("bob", m, "Pick", labels...) == nil {
				t.Errorf("got %q chosen, want an error", labels)
			}
		}
	}, ping)
}

func TestModal(t *testing.T) {
	online(t, func(b *bot) {
		open := func(i *received, components ...any) error {
			_, err := b.RequestWithBucketID("POST", discordgo.EndpointInteractionResponse(i.ID, i.Token), map[string]any{"type": 9, "data": map[string]any{
				"custom_id": "form", "title": "Order", "components": components,
			}}, "x")
			return err
		}
		text := func(id string) map[string]any {
			return map[string]any{"type": 4, "custom_id": id, "style": 1, "max_length": 10}
		}
		name := map[string]any{"type": 18, "label": "Name", "description": "yours", "component": text("n")}
		size := map[string]any{"type": 18, "label": "Size", "component": map[string]any{
			"type": 3, "custom_id": "s", "options": []any{map[string]any{"label": "Small", "value": "s"}, map[string]any{"label": "Large", "value": "l"}},
		}}
		old := text("o")
		old["label"], old["required"], old["value"] = "Note", false, "none"
		note := map[string]any{"type": 1, "components": []any{old}}

		i := b.ask()
		b.refused(open(i), 400, 50035, "data")
		b.refused(open(i, name, name), 400, 50035, "COMPONENT_CUSTOM_ID_DUPLICATED")
		b.refused(open(i, text("x")), 400, 50035, "A modal is made of labels")
		b.must(open(i, name, size, note))
		_, err := b.InteractionResponse(i.asked())
		b.refused(err, 404, 10008, "Unknown Message")
		m := b.newest("alice", general)
		if got := m.String(); got != "Order [Name] [Size: Small | Large] [Note]" || !m.Form {
			t.Errorf("got %q, want the form", got)
		}
		b.wants("bob", general, "")
		for want, values := range map[string]map[string]string{
			`"Name" must be filled in`: {"Size": "Small"}, `"Size" must be filled in`: {"Name": "x"},
			`no choice "Huge"`: {"Name": "x", "Size": "Huge"}, "0 to 10 characters": {"Name": "12345678901", "Size": "Small"},
			`does not ask for ["Age"]`: {"Name": "x", "Size": "Small", "Age": "1"},
		} {
			if err := b.srv.Fill("alice", m, values); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
		b.must(b.srv.Fill("alice", m, map[string]string{"Name": "*Ann*", "Size": "Large"}))
		raw := string(b.event("INTERACTION_CREATE"))
		for _, part := range []string{
			`"custom_id":"form"`, `{"component":{"custom_id":"n","id":2,"type":4,"value":"*Ann*"},"id":1,"type":18}`,
			`{"component":{"custom_id":"s","id":4,"type":3,"values":["l"]},"id":3,"type":18}`,
			`{"components":[{"custom_id":"o","id":6,"type":4,"value":"none"}],"id":5,"type":1}`,
		} {
			if !strings.Contains(raw, part) {
				t.Errorf("got %s, want %s in it", raw, part)
			}
		}
		sent := decode[received](b, []byte(strings.ReplaceAll(raw, `"type":18`, `"type":1`)))
		b.refused(open(sent, name), 400, 50035, "type 9")
		b.refused(b.respond(sent, 7, &answer{Content: "no"}), 400, 50035, "type 7")
		b.reply(sent, 4, &answer{Content: "Ordered"})
		b.wants("bob", general, "Ordered")
		if err := b.srv.Fill("alice", m, nil); err == nil {
			t.Error("got a form filled in twice")
		}
		b.must(open(b.ask(), name))
		b.srv.Leave("alice")
		b.wants("alice", general, "Ordered")
	}, ping)
}

// A form that a press opens is about the message that was pressed.
func TestModalOnMessage(t *testing.T) {
	online(t, func(b *bot) {
		b.reply(b.ask(), 4, &answer{Content: "Press", Components: buttons(press("Enter"))})
		b.must(b.srv.Press("alice", b.newest("alice", general), "Enter"))
		b.reply(b.interaction(), 9, &answer{CustomID: "f", Title: "Digits", Components: buttons(discordgo.TextInput{
			CustomID: "d", Label: "Digits", Style: discordgo.TextInputShort, Required: true,
		})})
		b.must(b.srv.Fill("alice", b.newest("alice", general), map[string]string{"Digits": "123456"}))
		i := b.interaction()
		if i.Type != 5 || i.Message == nil {
			t.Fatalf("got %+v, want it on the message", i)
		}
		b.reply(i, 7, &answer{Content: "Entered"})
		b.wants("alice", general, "Entered (edited)")
	}, ping)
}

func TestWithResponse(t *testing.T) {
	online(t, func(b *bot) {
		i := b.ask()
		raw, err := b.RequestWithBucketID("POST", discordgo.EndpointInteractionResponse(i.ID, i.Token)+"?with_response=true",
			map[string]any{"type": 4, "data": map[string]any{"content": "Pong!"}}, "x")
		b.must(err)
		got := decode[struct {
			Resource struct{ Message discordgo.Message }
		}](b, raw)
		if got.Resource.Message.Content != "Pong!" || got.Resource.Message.ID == "" {
			t.Errorf("got %s, want the message", raw)
		}
	}, ping)
}

func TestErrorsOfPeople(t *testing.T) {
	online(t, func(b *bot) {
		b.reply(b.ask(), 4, &answer{Content: "Press", Components: buttons(discordgo.Button{Label: "Docs", Style: discordgo.LinkButton, URL: "https://example.com/"})})
		m := b.newest("alice", general)
		for _, err := range []error{
			b.srv.Press("alice", m, "No such"), b.srv.Press("alice", m, "Docs"), b.srv.Follow("alice", m, "Docs"),
			b.srv.Choose("alice", m, "", "x"), b.srv.Fill("alice", m, nil),
		} {
			if err == nil || errors.Unwrap(err) != nil {
				t.Errorf("got %v, want a plain error", err)
			}
		}
		b.none("INTERACTION_CREATE")
	}, ping)
}
