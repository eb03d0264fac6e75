package slack

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

func TestPrivateReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		ev := r.says(t, "alice", "#general", "/ping")
		ref := adaptertest.Reply(t, ev, core.Message{Text: "For you", Private: true, Rows: withButton("Go").Rows})
		if got := adaptertest.Last(r.srv, "alice", "#general"); !got.Private || got.Text != "For you" || len(r.srv.Sees("bob", "#general")) != 0 {
			t.Errorf("got %+v, want what alice alone sees", got)
		}
		if err := r.Edit(t.Context(), ref, core.Message{Text: "x"}); !errors.Is(err, core.ErrGone) {
			t.Errorf("edit: got %v, want core.ErrGone", err)
		}
		if err := r.Delete(t.Context(), ref); !errors.Is(err, core.ErrGone) {
			t.Errorf("delete: got %v, want core.ErrGone", err)
		}
		press := r.presses(t, "alice", "#general", "Go")
		for i := range 6 {
			err := press.Back.Update(t.Context(), core.Message{Text: "Changed", Rows: withButton("Go").Rows})
			if i < hookUses && err != nil || i == hookUses && !errors.Is(err, core.ErrGone) {
				t.Errorf("update %d: got %v", i, err)
			}
		}
		if got := len(r.srv.Requests(slacktest.ResponseURL)); got != hookUses {
			t.Errorf("got %d posts to an address, want the %d that it is good for", got, hookUses)
		}
		if got := adaptertest.Last(r.srv, "alice", "#general"); got.Text != "Changed" || !got.Private {
			t.Errorf("got %+v, want it changed", got)
		}
		late := r.presses(t, "alice", "#general", "Go")
		time.Sleep(hookFor)
		if err := late.Back.Update(t.Context(), core.Message{Text: "Late"}); !errors.Is(err, core.ErrGone) {
			t.Errorf("after half an hour: got %v, want core.ErrGone", err)
		}
		r.end(t)
	})
}

// Where the bot is no member, answers go through the address that came along.
func TestWhereTheBotIsNoMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		r.says(t, "bob", "#general", "/ping")
		r.srv.Kick("#general")
		ev := r.says(t, "alice", "#general", "/ping")
		adaptertest.Reply(t, ev, core.Message{Text: "For you", Private: true})
		if got := adaptertest.Last(r.srv, "alice", "#general"); got.Text != "For you" || !got.Private || len(r.srv.Sees("bob", "#general")) != 0 {
			t.Errorf("got %+v, want what alice alone sees", got)
		}
		ref := adaptertest.Reply(t, ev, withButton("Go"))
		if got := adaptertest.Last(r.srv, "bob", "#general"); got.String() != "Go? [Go]" {
			t.Errorf("got %s, want it for all", got)
		}
		if err := r.Edit(t.Context(), ref, core.Message{Text: "x"}); !errors.Is(err, core.ErrGone) || ref.Token == "" {
			t.Errorf("edit: got %v, want core.ErrGone", err)
		}
		press := r.presses(t, "bob", "#general", "Go")
		if err := press.Back.Update(t.Context(), core.Message{Text: "Gone."}); err != nil {
			t.Errorf("update: got %v, want nil", err)
		}
		if got := adaptertest.Last(r.srv, "alice", "#general"); got.String() == "Go? [Go]" {
			t.Errorf("got %s, want it changed", got)
		}
		if _, err := r.Send(t.Context(), ev.Chat, core.Message{Text: "Unasked"}); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("send: got %v, want core.ErrForbidden", err)
		}
		r.end(t)
	})
}

func TestForms(t *testing.T) {
	form := core.Form{Title: "Order", Do: core.Action{}.WithToken("form-token"), Inputs: []core.Input{{Name: "kind", Label: "Kind"}}}
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, func(ev core.Event) {
			ev.Safe()
			if press, is := ev.What.(core.Press); is && press.Token == "tok" {
				go func() {
					if err := ev.Back.Ask(t.Context(), form); err != nil {
						t.Errorf("ask: got %v, want nil", err)
					}
					if err := ev.Back.Ask(t.Context(), form); !errors.Is(err, core.ErrTooLate) {
						t.Errorf("ask again: got %v, want core.ErrTooLate", err)
					}
				}()
			}
		})
		said := r.says(t, "alice", coretest.Direct, "good morning")
		if err := said.Back.Ask(t.Context(), form); !errors.Is(err, core.ErrTooLate) {
			t.Errorf("ask after a message: got %v, want core.ErrTooLate", err)
		}
		late := r.says(t, "alice", "#general", "/ping")
		time.Sleep(openWithin)
		if err := late.Back.Ask(t.Context(), form); !errors.Is(err, core.ErrTooLate) {
			t.Errorf("ask late: got %v, want core.ErrTooLate", err)
		}
		for _, where := range []string{"#general/plans", coretest.Direct} {
			ev := r.says(t, "alice", where, map[bool]string{true: "ping", false: "@usher ping"}[where == coretest.Direct])
			ref := adaptertest.Reply(t, ev, withButton("Go"))
			r.presses(t, "alice", where, "Go")
			if err := r.srv.Fill("alice", adaptertest.Last(r.srv, "alice", where), map[string]string{"Kind": "Funghi"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			sent := r.Events()[len(r.Events())-1]
			submit, is := sent.What.(core.Submit)
			if !is || submit.Values["kind"] != "Funghi" || sent.Chat.Key() != ev.Chat.Key() || sent.Chat.Direct != ev.Chat.Direct || sent.On.Token != ref.Token {
				t.Errorf("in %s: got %+v in %s, want the form there", where, sent.What, sent.Chat.Key())
			}
			if err := sent.Back.Update(t.Context(), core.Message{Text: "Ordered."}); err != nil {
				t.Errorf("update: got %v, want nil", err)
			}
			if got := adaptertest.Last(r.srv, "alice", where).String(); got != "Ordered." {
				t.Errorf("in %s: got %s, want Ordered.", where, got)
			}
		}
		r.end(t)
	})
}

// Nothing that the bot says is looked up by Slack.
func TestNoPreviews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		adaptertest.Reply(t, r.says(t, "alice", coretest.Direct, "/ping"), core.Message{Text: "https://example.com/"})
		if r.srv.Last(coretest.Direct).Preview {
			t.Error("got a preview, want none")
		}
		r.end(t)
	})
}

// In a direct chat that takes no messages, an answer is for the person alone too.
func TestClosedDirectChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		r.srv.CloseMessagesTab()
		ev := r.says(t, "alice", coretest.Direct, "/ping")
		adaptertest.Reply(t, ev, core.Message{Text: "Pong!"})
		posts := r.srv.Requests(slacktest.ResponseURL)
		if !ev.Chat.Direct || len(posts) != 1 || posts[0].Params.Get("response_type") != "ephemeral" {
			t.Errorf("got direct %v and %d posts, want one that is ephemeral", ev.Chat.Direct, len(posts))
		}
		if got := adaptertest.Last(r.srv, "alice", coretest.Direct).Text; got != "Pong!" {
			t.Errorf("got %q, want Pong!", got)
		}
		r.end(t)
	})
}
