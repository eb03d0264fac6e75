package coretest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// TestNothingIsLost: what no bot had safe comes again to the next one.
func TestNothingIsLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{})
		chat.Say("alice", "#general", "/one")
		var got []core.Event
		ctx, stop := context.WithCancel(t.Context())
		go chat.Run(ctx, func(e core.Event) { got = append(got, e) }) // its end is of no interest
		chat.Say("alice", "#general", "/two")
		synctest.Wait()
		if len(got) != 2 {
			t.Fatalf("got %d events, want 2", len(got))
		}
		got[0].Safe()
		stop()
		synctest.Wait()
		got[1].Safe() // too late, the line is gone

		var again []core.Event
		hangUp := connect(t, chat, func(e core.Event) { again = append(again, e) })
		synctest.Wait()
		if len(again) != 1 || again[0].Key != got[1].Key {
			t.Fatalf("got %d events again, want the one that was not safe", len(again))
		}
		hangUp()
		connect(t, chat, func(e core.Event) { t.Errorf("got %v once more", e.Key) })
		synctest.Wait()
	})
}

func TestCut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{})
		var last core.Event
		connect(t, chat, func(e core.Event) { last = e })
		chat.Say("alice", "#general", "/one")
		synctest.Wait()
		old := last
		chat.Cut()
		chat.Say("alice", "#general", "/two")
		synctest.Wait()
		_, err := chat.Send(t.Context(), general(chat), say("Farewell"))
		_, late := old.Back.Reply(t.Context(), say("Farewell"))
		if err == nil || late == nil || last.Key != old.Key {
			t.Errorf("send %v, reply %v, last event %s; want nothing to get through", err, late, last.Key)
		}

		wants(t, "publish", chat.Publish(t.Context(), []core.Command{{Name: "two"}}, true), nil)
		connect(t, chat, func(e core.Event) { last = e })
		synctest.Wait()
		_, late = old.Back.Reply(t.Context(), say("Farewell"))
		if call, _ := last.What.(core.Call); call.Name != "two" || late == nil {
			t.Errorf("the new bot got %+v, the old one replied with %v; want two, and an error", last.What, late)
		}
		sends(t, chat, say("Hello again"))
		if got := chat.Sent(); len(got) != 1 || got[0].How != "send" || chat.Commands()[0].Name != "two" {
			t.Errorf("sent: %v, commands: %v", got, chat.Commands())
		}
	})
}

func TestHangupAndRepeat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{})
		var got []core.Event
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go chat.Run(ctx, func(e core.Event) { got = append(got, e) }) // its end is of no interest
		chat.Repeat()
		chat.Say("alice", "#general", "/one")
		synctest.Wait()
		chat.Hangup()
		synctest.Wait()
		if len(got) != 2 || got[0].Key != got[1].Key {
			t.Fatalf("got %v, want what was not safe twice", got)
		}
		got[0].Safe()
		chat.Hangup()
		synctest.Wait()
		if len(got) != 2 {
			t.Errorf("got %d events, want what is safe no more", len(got))
		}
		chat.Repeat()
		synctest.Wait()
		if len(got) != 3 || got[2].Key != got[0].Key {
			t.Errorf("got %v, want the last one repeated", got)
		}
		_, err := got[0].Back.Reply(ctx, say("Still here"))
		wants(t, "reply", err, nil)
	})
}

func TestSlow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{})
		var last core.Event
		connect(t, chat, func(e core.Event) { last = e })
		chat.Say("alice", "#general", "/one")
		synctest.Wait()
		ref := sends(t, chat, say("One"))
		chat.Slow("#general", 3*time.Second)
		time.Sleep(time.Second)
		_, send := chat.Send(t.Context(), ref.Chat, say("Two"))
		_, reply := last.Back.Reply(t.Context(), say("Two"))
		for i, err := range []error{send, reply, chat.Edit(t.Context(), ref, say("Two")), chat.Delete(t.Context(), ref)} {
			if slow, is := errors.AsType[*core.Slow](err); !is || slow.After != 2*time.Second {
				t.Errorf("request %d: got error %v, want to wait for 2s", i, err)
			}
		}
		time.Sleep(2 * time.Second)
		sends(t, chat, say("Two"))
		if got := chat.Sees("bob", "#general"); len(got) != 2 || got[0].Text != "One" {
			t.Errorf("bob sees %v, want One and Two", got)
		}
	})
}

func TestRemove(t *testing.T) {
	chat := coretest.New(coretest.Options{})
	sends(t, chat, say("One"))
	ref := sends(t, chat, say("Two"))
	chat.Remove("#general")
	chat.Remove("#other")
	if got := chat.Sees("bob", "#general"); len(got) != 1 || got[0].Text != "One" {
		t.Errorf("bob sees %v, want One", got)
	}
	wants(t, "edit", chat.Edit(t.Context(), ref, say("Back")), core.ErrGone)
}
