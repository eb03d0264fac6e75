package slacktest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core/coretest"
)

// TestPayloads holds what a bot is told against recordings of what Slack tells:
// all that is in those is here, too, and of the same type.
func TestPayloads(t *testing.T) {
	dir := os.Getenv("USHER_TEST_SCHEMAS")
	if dir == "" {
		t.Skip("USHER_TEST_SCHEMAS is not set: it names the folder of the platforms' schemas and recordings")
	}
	say := func(where, text string) func(b *bot) {
		return func(b *bot) { b.srv.Say("alice", where, text) }
	}
	press := func(do func(b *bot, m coretest.Seen) error) func(b *bot) {
		return func(b *bot) {
			b.srv.Say("alice", "#general/plans", "hello")
			c := b.event().Event
			b.post(c.Channel, text("Look"), slack.MsgOptionTS(c.Thread), slack.MsgOptionBlocks(slack.NewActionBlock("", button("Go", ""),
				slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Pick"), "pick", slack.NewOptionBlockObject("1", plain("One"), nil)))))
			b.event()
			b.must("use", do(b, b.sees("alice", "#general/plans", "Go")))
		}
	}
	tests := []struct {
		file string
		do   func(b *bot)
		lack []string // what has nothing to do with a bot like this one
	}{
		{"event_message_im.json", say(coretest.Direct, "hello"), nil},
		{"event_message_channel.json", say("#general/plans", "hello"), nil},
		{"event_app_mention.json", func(b *bot) {
			b.srv.Say("alice", general, "@usher hello")
			b.next() // the same as a message
		}, []string{"event.files", "event.upload", "event.display_as_bot", "event.assistant_thread"}},
		{"slash_command.json", say(general, "/usher hello"), nil},
		{"block_actions_button.json", press(func(b *bot, m coretest.Seen) error { return b.srv.Press("alice", m, "Go") }), nil},
		{"block_actions_select.json", press(func(b *bot, m coretest.Seen) error { return b.srv.Choose("alice", m, "Pick", "One") }), nil},
		{"view_submission.json", func(b *bot) {
			m := b.form(feedback())
			b.must("fill", b.srv.Fill("alice", m, map[string]string{"Your Feedback": "Hello!", "Category": "Bug Report", "Email (optional)": "user@example.com"}))
		}, []string{"view.blocks.0.element.multiline", "view.blocks.0.dispatch_action", "view.blocks.0.optional"}},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, "fixtures", "slack", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			connected(t, slacktest.Options{ReadsAll: true}, func(b *bot) {
				tt.do(b)
				bad := missing(b, raw, b.next().Payload)
				bad = slices.DeleteFunc(bad, func(at string) bool {
					return slices.ContainsFunc(tt.lack, func(known string) bool { return strings.HasPrefix(at, known+" ") })
				})
				if len(bad) > 0 {
					b.Errorf("got a payload without %q", bad)
				}
			})
		})
	}
}

// feedback is the modal that was recorded.
func feedback() slack.ModalViewRequest {
	category := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Select a category"), "category",
		slack.NewOptionBlockObject("bug", plain("Bug Report"), nil), slack.NewOptionBlockObject("feature", plain("Feature Request"), nil))
	mail := slack.NewInputBlock("email", plain("Email (optional)"), nil, slack.NewPlainTextInputBlockElement(plain("your@email.com"), "email"))
	mail.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain("Send Feedback"), Submit: plain("Send"), Close: plain("Cancel"), CallbackID: "feedback_form",
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("message", plain("Your Feedback"), nil, slack.NewPlainTextInputBlockElement(plain("Tell us"), "message")),
			slack.NewInputBlock("category", plain("Category"), nil, category), mail,
		}},
	}
}

// missing is what is in one payload and not in another, or of another type there.
func missing(b *bot, want, got []byte) []string {
	b.Helper()
	var w, g any
	b.must("read recording", json.Unmarshal(want, &w))
	b.must("read payload", json.Unmarshal(got, &g))
	return differ(w, g, "")
}

func differ(want, got any, at string) (bad []string) {
	switch want := want.(type) {
	case map[string]any:
		g, is := got.(map[string]any)
		if !is {
			return []string{at + " (no object)"}
		}
		for name, v := range want {
			other, there := g[name]
			if !there {
				bad = append(bad, strings.TrimPrefix(at+"."+name, ".")+" (missing)")
				continue
			}
			bad = append(bad, differ(v, other, strings.TrimPrefix(at+"."+name, "."))...)
		}
	case []any:
		g, is := got.([]any)
		if !is {
			return []string{at + " (no list)"}
		}
		if len(want) > 0 && len(g) > 0 {
			return differ(want[0], g[0], at+".0")
		}
	case nil: // anything may be there
	default:
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
			return []string{fmt.Sprintf("%s (%T)", at, got)}
		}
	}
	return bad
}
