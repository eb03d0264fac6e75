package coretest_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

func TestDirect(t *testing.T) {
	tests := []struct {
		name   string
		dm     coretest.DM
		link   string // empty: the chat is open
		cannot bool
	}{
		{"allowed", coretest.Allowed, "", false},
		{"link only", coretest.LinkOnly, "https://chat.example/open?start=s1", true},
		{"impossible", coretest.Impossible, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			chat := coretest.New(coretest.Options{DM: tt.dm})
			got, err := chat.Direct(t.Context(), user("alice"), "s1")
			cannot, is := errors.AsType[*core.CannotDM](err)
			if is != tt.cannot || is && cannot.Link != tt.link {
				t.Fatalf("got %v, %v; want link %q", got, err, tt.link)
			}
			to := core.Chat{Platform: "neutral", ID: "with-alice", Direct: true}
			_, err = chat.Send(t.Context(), to, say("Hi"))
			wants(t, "send", err, map[bool]error{true: core.ErrForbidden}[tt.cannot])

			chat.Say("alice", coretest.Direct, "hello")
			if got, err := chat.Direct(t.Context(), user("alice"), "s1"); err != nil || got != to {
				t.Errorf("after alice wrote: got %v, %v; want %v", got, err, to)
			}
		})
	}
}

func TestFollow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{DM: coretest.LinkOnly})
		var got core.Event
		connect(t, chat, func(e core.Event) { got = e })
		_, err := chat.Direct(t.Context(), user("alice"), "s-1")
		cannot, _ := errors.AsType[*core.CannotDM](err)
		sends(t, chat, say("Come", core.Link{Label: "Open", URL: cannot.Link}, core.Link{Label: "Else", URL: "https://example.com"}))
		m := chat.Sees("alice", "#general")[0]
		if err := chat.Follow("alice", m, "Else"); err == nil {
			t.Error("a link to somewhere else: got no error, want one")
		}
		wants(t, "follow", chat.Follow("alice", m, "Open"), nil)
		synctest.Wait()
		press, is := got.What.(core.Press)
		if !is || press.Token.Reveal() != "s-1" || got.On != (core.Ref{}) || !got.Chat.Direct || got.From.ID != "alice" {
			t.Errorf("got %+v, want a press of the link's token in the direct chat, on nothing", got)
		}
		_, err = chat.Send(t.Context(), got.Chat, say("Welcome"))
		wants(t, "send", err, nil)
	})
}

// TestOpen: whoever comes for the first time without a wish says hello.
func TestOpen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{DM: coretest.LinkOnly})
		var hellos []string
		connect(t, chat, func(e core.Event) {
			if e.What == (core.Hello{}) && e.Chat.Direct {
				hellos = append(hellos, e.From.ID)
			}
		})
		chat.Open("bob")
		if _, err := chat.Direct(t.Context(), user("bob"), ""); err != nil {
			t.Errorf("open: got %v, want a chat", err)
		}
		_, err := chat.Direct(t.Context(), user("alice"), "")
		cannot, _ := errors.AsType[*core.CannotDM](err)
		sends(t, chat, say("Come", core.Link{Label: "Open", URL: cannot.Link}))
		for _, who := range []string{"bob", "alice", "alice"} {
			wants(t, "follow", chat.Follow(who, chat.Sees(who, "#general")[0], "Open"), nil)
		}
		synctest.Wait()
		if strings.Join(hellos, " ") != "alice" {
			t.Errorf("got hello from %q, want it from alice once", hellos)
		}
	})
}
