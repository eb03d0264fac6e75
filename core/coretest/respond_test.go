package coretest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/markup"
)

// TestPrivate follows what one person alone sees through the time in which the
// bot can edit it, and a press that revives it.
func TestPrivate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{})
		var ref, fresh core.Ref
		connect(t, chat, func(e core.Event) {
			if _, is := e.What.(core.Press); is {
				fresh = e.On
				return
			}
			var err error
			ref, err = e.Back.Reply(t.Context(), core.Message{Text: "Psst", Private: true, Rows: [][]core.Control{{button("Go")}}})
			wants(t, "reply", err, nil)
		})
		chat.Say("alice", "#general", "/secret")
		synctest.Wait()
		seen := chat.Sees("alice", "#general")
		if len(seen) != 1 || !seen[0].Private || len(chat.Sees("bob", "#general")) != 0 {
			t.Fatalf("alice sees %v, bob %v; want only alice to see it", seen, chat.Sees("bob", "#general"))
		}
		if err := chat.Press("bob", seen[0], "Go"); err == nil {
			t.Error("bob presses what bob does not see: got no error, want one")
		}
		if got, want := time.Until(ref.Until), 15*time.Minute; got != want {
			t.Errorf("it can be edited for %v, want %v", got, want)
		}
		time.Sleep(15 * time.Minute)
		wants(t, "late edit", chat.Edit(t.Context(), ref, say("Late")), core.ErrGone)
		wants(t, "press", chat.Press("alice", seen[0], "Go"), nil)
		synctest.Wait()
		wants(t, "edit after the press", chat.Edit(t.Context(), fresh, say("Fresh")), nil)
	})
}

func TestResponder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{})
		var last core.Event
		connect(t, chat, func(e core.Event) { last = e })
		chat.Say("alice", "#general", "/hello")
		synctest.Wait()
		form := core.Form{Title: "Order", Do: do("f"), Inputs: []core.Input{{Name: "n", Label: "Name"}}}

		wants(t, "update without a press", last.Back.Update(t.Context(), say("Hi")), core.ErrGone)
		wants(t, "ask", last.Back.Ask(t.Context(), form), nil)
		if err := last.Back.Ask(t.Context(), form); err == nil {
			t.Error("second form: got no error, want one")
		}
		sends(t, chat, say("Press", button("Go")))
		wants(t, "press", chat.Press("alice", chat.Sees("alice", "#general")[0], "Go"), nil)
		synctest.Wait()
		wants(t, "update", last.Back.Update(t.Context(), say("Pressed")), nil)
		if err := last.Back.Update(t.Context(), say("Again")); err == nil {
			t.Error("second update: got no error, want one")
		}
		wants(t, "edit after it", chat.Edit(t.Context(), last.On, say("Again")), nil)
		time.Sleep(4 * time.Second)
		wants(t, "late form", last.Back.Ask(t.Context(), form), core.ErrTooLate)
		time.Sleep(15 * time.Minute)
		_, err := last.Back.Reply(t.Context(), say("Late"))
		wants(t, "late reply", err, core.ErrTooLate)
		wants(t, "late update", last.Back.Update(t.Context(), say("Late")), core.ErrTooLate)
	})
}

// alerting is a platform on which a press can be answered privately, and nothing
// else.
func alerting() *coretest.Chat {
	return coretest.New(coretest.Options{Caps: core.Caps{Platform: "neutral", Alert: 10, Replies: true}})
}

func TestAlert(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := alerting()
		var last core.Event
		connect(t, chat, func(e core.Event) { last = e })
		psst := func(text markup.Text) error {
			_, err := last.Back.Reply(t.Context(), core.Message{Text: text, Private: true})
			return err
		}
		chat.Say("alice", "#general", "/hello")
		synctest.Wait()
		if got := message(psst("Psst")); !strings.Contains(got, "no private messages") {
			t.Errorf("private reply to a command: got error %q, want one", got)
		}
		sends(t, chat, say("Press", button("Go")))
		press := func() {
			wants(t, "press", chat.Press("bob", chat.Sees("bob", "#general")[0], "Go"), nil)
			synctest.Wait()
		}
		press()
		if got := message(psst("12345678901")); !strings.Contains(got, "11 characters of text, at most 10") {
			t.Errorf("long alert: got error %q, want one", got)
		}
		wants(t, "alert", psst("Not *you*."), nil)
		wants(t, "second alert", psst("No"), core.ErrTooLate)
		if got := chat.Sees("bob", "#general"); len(got) != 2 || got[1].String() != "Not you." || !got[1].Private {
			t.Errorf("bob sees %v, want an alert", got)
		}
		if got := chat.Sees("alice", "#general"); len(got) != 1 {
			t.Errorf("alice sees %v, want no alert", got)
		}
		press()
		time.Sleep(3 * time.Second)
		wants(t, "late alert", psst("Late"), core.ErrTooLate)
	})
}

func TestReplyBox(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := alerting()
		var last core.Event
		connect(t, chat, func(e core.Event) { last = e })
		chat.Say("alice", "#general", "/ask")
		synctest.Wait()
		question := core.Message{Text: "Kind?", Answer: true}
		crowded := question
		crowded.Rows = [][]core.Control{{button("Go")}}
		if _, err := last.Back.Reply(t.Context(), crowded); !strings.Contains(message(err), "has no controls") {
			t.Errorf("question with a button: got error %v, want one", err)
		}
		ref, err := last.Back.Reply(t.Context(), question)
		wants(t, "reply", err, nil)
		for _, tt := range []struct {
			who, text string
			replies   bool
		}{{"bob", "@usher what?", false}, {"alice", "what?", false}, {"alice", "@usher Funghi", true}, {"alice", "@usher Funghi", false}} {
			chat.Say(tt.who, "#general", tt.text)
			synctest.Wait()
			if got := last.On == ref; got != tt.replies {
				t.Errorf("%s: %s: replies to the question: got %v, want %v", tt.who, tt.text, got, tt.replies)
			}
			wants(t, "update", last.Back.Update(t.Context(), say("Changed")), core.ErrGone)
		}
		last = core.Event{}
		asked := sends(t, chat, question) // unasked, it is for all
		chat.Say("bob", "#general", "@usher Me first")
		synctest.Wait()
		if last.On != asked {
			t.Errorf("got a reply to %v, want %v", last.On, asked)
		}
	})
}
