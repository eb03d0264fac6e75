package slacktest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core/coretest"
)

// order is a modal with all that is used of one.
func order() slack.ModalViewRequest {
	name := slack.NewPlainTextInputBlockElement(plain("yours"), "name")
	name.MaxLength = 10
	note := slack.NewPlainTextInputBlockElement(nil, "note").WithInitialValue("none")
	size := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Pick"), "size",
		slack.NewOptionBlockObject("s", plain("Small"), nil), slack.NewOptionBlockObject("l", plain("Large"), nil))
	optional := slack.NewInputBlock("c", plain("Note"), nil, note)
	optional.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain("Order"), Submit: plain("Send"), Close: plain("Cancel"), CallbackID: "call", PrivateMetadata: "meta",
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("a", plain("Name"), nil, name), slack.NewInputBlock("b", plain("Size"), nil, size), optional,
		}},
	}
}

// form opens a modal for alice in #general.
func (b *bot) form(v slack.ModalViewRequest) coretest.Seen {
	b.Helper()
	b.srv.Say("alice", general, "/usher")
	_, err := b.api.OpenViewContext(b.Context(), b.command().TriggerID, v)
	b.must("open", err)
	return b.sees("alice", general, v.Title.Text)
}

func TestForm(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		seen := b.form(order())
		if !seen.Form || seen.String() != "Order [Name] [Size: Small | Large] [Note]" || seen.Controls[2].Text != "none" || !seen.Controls[2].Optional {
			b.Errorf("got %+v, want the form", seen)
		}
		b.seesNothing("bob", general, "Order")
		b.seesNothing("alice", coretest.Direct, "Order")
		for name, values := range map[string]map[string]string{
			"nothing": nil, "no size": {"Name": "x"}, "no such size": {"Name": "x", "Size": "Huge"},
			"too long": {"Name": strings.Repeat("x", 11), "Size": "Large"}, "not asked for": {"Name": "x", "Size": "Large", "Colour": "red"},
		} {
			if err := b.srv.Fill("alice", seen, values); err == nil {
				b.Errorf("%s: got no error, want one", name)
			}
		}
		b.must("fill", b.srv.Fill("alice", seen, map[string]string{"Name": "*A* & B", "Size": "Large"}))
		got := b.interaction()
		state := got.View.State.Values
		if got.Type != slack.InteractionTypeViewSubmission || got.User.Name != "alice" || got.View.CallbackID != "call" || got.View.PrivateMetadata != "meta" {
			b.Errorf("got %+v, want alice's form", got)
		}
		if state["a"]["name"].Value != "*A* & B" || state["b"]["size"].SelectedOption.Value != "l" || state["c"]["note"].Value != "none" {
			b.Errorf("got %+v, want what was filled in", state)
		}
		b.settled()
		b.seesNothing("alice", general, "Order")
		if err := b.srv.Fill("alice", seen, map[string]string{"Name": "x", "Size": "Large"}); err == nil {
			b.Error("a closed form: got no error, want one")
		}
	})
}

// settled waits until the bot's acknowledgements have arrived.
func (b *bot) settled() {
	b.Helper()
	for over := time.Now().Add(time.Minute); b.srv.Pending() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(over) {
			b.Fatal("got deliveries that are not acknowledged, want none")
		}
	}
}

func TestTriggers(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		open := func(trigger string) error {
			_, err := b.api.OpenViewContext(b.Context(), trigger, order())
			return err
		}
		b.srv.Say("alice", general, "/usher")
		first := b.command().TriggerID
		b.must("open", open(first))
		b.refused("open again", open(first), "exchanged_trigger_id")
		b.refused("open", open("1.2.x"), "invalid_trigger_id")
		b.srv.Say("alice", general, "/usher")
		late := b.command().TriggerID
		time.Sleep(3100 * time.Millisecond)
		b.refused("open late", open(late), "expired_trigger_id")
		b.srv.Leave("alice")
		b.seesNothing("alice", general, "Order")
	})
}

func TestViewUpdate(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Say("alice", general, "/usher")
		opened, err := b.api.OpenViewContext(b.Context(), b.command().TriggerID, order())
		b.must("open", err)
		second := order()
		second.Title = plain("Second")
		update := func(hash string) error {
			_, err := b.api.UpdateViewContext(b.Context(), second, "", hash, opened.ID)
			return err
		}
		b.refused("update", update("0.x"), "hash_conflict")
		b.must("update", update(opened.Hash))
		if got := b.sees("alice", general, "Second"); got.ID != opened.ID {
			b.Errorf("got form %s, want %s", got.ID, opened.ID)
		}
		b.srv.Leave("alice")
		b.refused("update", update(""), "not_found")
	})
}

func TestRefusedViews(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		tests := []struct {
			name  string
			spoil func(*slack.ModalViewRequest)
		}{
			{"title", func(v *slack.ModalViewRequest) { v.Title = plain(strings.Repeat("ж", 25)) }},
			{"no title", func(v *slack.ModalViewRequest) { v.Title = nil }},
			{"submit", func(v *slack.ModalViewRequest) { v.Submit = plain(strings.Repeat("ж", 25)) }},
			{"no submit", func(v *slack.ModalViewRequest) { v.Submit = nil }},
			{"metadata", func(v *slack.ModalViewRequest) { v.PrivateMetadata = strings.Repeat("ж", 3001) }},
			{"callback_id", func(v *slack.ModalViewRequest) { v.CallbackID = strings.Repeat("ж", 256) }},
			{"max_length", func(v *slack.ModalViewRequest) {
				v.Blocks.BlockSet[0].(*slack.InputBlock).Element.(*slack.PlainTextInputBlockElement).MaxLength = 3001
			}},
			{"initial_value", func(v *slack.ModalViewRequest) {
				v.Blocks.BlockSet[0].(*slack.InputBlock).Element.(*slack.PlainTextInputBlockElement).InitialValue = strings.Repeat("x", 11)
			}},
			{"home", func(v *slack.ModalViewRequest) { v.Type = slack.VTHomeTab }},
		}
		for _, tt := range tests {
			v := order()
			tt.spoil(&v)
			b.srv.Say("alice", general, "/usher")
			_, err := b.api.OpenViewContext(b.Context(), b.command().TriggerID, v)
			b.refused(tt.name, err, "invalid_arguments")
		}
	})
}

// What the bot says with its acknowledgement of a form.
func TestFormAnswers(t *testing.T) {
	second := order()
	second.Title = plain("Second")
	tests := []struct {
		name   string
		answer any
		want   string // of the form that is open then
	}{
		{"clear", slack.NewClearViewSubmissionResponse(), ""},
		{"errors", slack.NewErrorsViewSubmissionResponse(map[string]string{"a": "Another name, please."}), "Another name, please."},
		{"update", slack.NewUpdateViewSubmissionResponse(&second), "Second"},
		{"nonsense", map[string]string{"response_action": "sing"}, "trouble"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			connected(t, slacktest.Options{}, func(b *bot) {
				seen := b.form(order())
				b.settled()
				b.says.Store(&tt.answer)
				b.must("fill", b.srv.Fill("alice", seen, map[string]string{"Name": "A", "Size": "Large"}))
				b.settled()
				got := strings.Join(words(b.srv.Sees("alice", general)), " ")
				if !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
					b.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// A form that is not acknowledged in time stays, and says that something is wrong.
func TestFormUnanswered(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		seen := b.form(order())
		b.settled()
		b.deaf.Store(true)
		b.must("fill", b.srv.Fill("alice", seen, map[string]string{"Name": "A", "Size": "Large"}))
		b.sees("alice", general, "trouble connecting")
	})
}

func TestFormClosed(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		v := order()
		v.NotifyOnClose = true
		b.form(v)
		b.srv.Leave("alice")
		if got := b.interaction(); got.Type != slack.InteractionTypeViewClosed || got.View.CallbackID != "call" {
			b.Errorf("got %+v, want the form closed", got)
		}
	})
}

// hook posts to a response_url.
func (b *bot) hook(url string, o ...slack.MsgOption) error {
	o = append(o, slack.MsgOptionResponseURL(url, slack.ResponseTypeEphemeral))
	_, err := b.api.PostEphemeralContext(b.Context(), "", "", o...)
	return err
}

func TestResponseURLOfCommand(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Kick(general)
		b.srv.Say("alice", general, "/usher")
		url := b.command().ResponseURL
		b.must("respond", b.hook(url, text("For alice")))
		if got := b.sees("alice", general, "For alice"); !got.Private {
			b.Error("got it told to all, want alice alone")
		}
		b.seesNothing("bob", general, "For alice")
		all := func(t string) error {
			_, _, _, err := b.api.SendMessageContext(b.Context(), "", text(t), slack.MsgOptionResponseURL(url, slack.ResponseTypeInChannel))
			return err
		}
		b.must("respond", all("For all"))
		b.sees("bob", general, "For all")
		b.must("replace", b.hook(url, text("Instead"), slack.MsgOptionReplaceOriginal(url)))
		if got := words(b.srv.Sees("alice", general)); !slices.Equal(got, []string{"For alice", "For all", "Instead"}) {
			b.Errorf("got %q, want what a command said to stay", got)
		}
		b.refused("respond", b.hook(url, slack.MsgOptionBlocks(section(""))), "slack server error: 404 Not Found")
		b.must("respond", b.hook(url, text("Fifth")))
		b.refused("respond", b.hook(url, text("Sixth")), "slack server error: 404 Not Found")
		if got := b.srv.Requests(slacktest.ResponseURL); len(got) != 6 || got[5].Error != "used_url" || got[3].Error != "invalid_blocks" {
			b.Errorf("got %v, want six, of which two were refused", got)
		}
	})
}

func TestResponseURLOfPress(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Say("alice", general, "/usher")
		by := b.command()
		_, err := b.api.PostEphemeralContext(b.Context(), by.ChannelID, by.UserID, slack.MsgOptionBlocks(section("Psst"), slack.NewActionBlock("", button("Go", "v"))))
		b.must("post", err)
		seen := b.sees("alice", general, "Psst")
		b.must("press", b.srv.Press("alice", seen, "Go"))
		press := b.next().Payload
		var got struct {
			Container struct {
				Ephemeral bool `json:"is_ephemeral"`
			}
			Message json.RawMessage
			URL     string `json:"response_url"`
		}
		b.must("read press", json.Unmarshal(press, &got))
		if !got.Container.Ephemeral || got.Message != nil {
			b.Errorf("got %s, want an ephemeral without the message", press)
		}
		b.must("replace", b.hook(got.URL, text("Psst 2"), slack.MsgOptionReplaceOriginal(got.URL)))
		if after := b.sees("alice", general, "Psst 2"); after.ID != seen.ID || !after.Edited || !after.Private || len(after.Controls) > 0 {
			b.Errorf("got %+v, want the same message, with nothing else", after)
		}
		b.must("delete", b.hook(got.URL, slack.MsgOptionDeleteOriginal(got.URL)))
		b.seesNothing("alice", general, "Psst")
		time.Sleep(31 * time.Minute)
		b.refused("respond", b.hook(got.URL, text("Late")), "slack server error: 404 Not Found")
		if all := b.srv.Requests(slacktest.ResponseURL); all[len(all)-1].Error != "expired_url" {
			b.Errorf("got %v, want the last one expired", all)
		}
	})
}

// What the bot says with its acknowledgement of a command.
func TestAnswerOfCommand(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		var answer any = map[string]string{"text": "At once", "response_type": "in_channel"}
		b.says.Store(&answer)
		b.srv.Say("alice", general, "/usher")
		b.command()
		b.sees("bob", general, "At once")
		if got := b.srv.Requests(slacktest.Answered); len(got) != 1 || !strings.Contains(got[0].Params.Get("payload"), "At once") {
			b.Errorf("got %v, want the answer", got)
		}
		answer = map[string]string{"text": strings.Repeat("x", 20<<10-100)}
		b.says.Store(&answer)
		b.srv.Say("alice", general, "/usher")
		b.sees("alice", general, "xxx")
	})
}
