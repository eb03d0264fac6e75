package coretest_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

func TestSettings(t *testing.T) {
	s := parse(t, "chat has no private messages\nchat has no forms\nchat cannot write first\nchat edits private messages for 2m")
	got := s.Chat(coretest.Options{})
	want := coretest.Options{Caps: coretest.Rich(), DM: coretest.LinkOnly}
	want.Caps.Private, want.Caps.Forms, want.Caps.PrivateEdit = false, false, 2*time.Minute
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if again := s.Chat(got); again != got {
		t.Errorf("a chat that suits was changed: got %+v, want %+v", again, got)
	}
}

func TestWhomTheBotCanWriteTo(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		want         bool
	}{
		{"all", "alice in #general: hi\nbot to bob: Hello", true},
		{"only by a link", "chat cannot write first\nalice in #general: hi\nbot to bob: Hello", false},
		{"not at all", "chat cannot write at all\nalice in #general: hi\nbot to bob: Hello", false},
	} {
		s := parse(t, tt.script)
		if got := s.Writes(); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		if got, want := s.People(), []string{"alice", "bob"}; !slices.Equal(got, want) {
			t.Errorf("%s: got people %q, want %q", tt.name, got, want)
		}
	}
	if got := parse(t, "codes are good for 30m\nalice: hi").Codes(); got != 30*time.Minute {
		t.Errorf("got codes for %v, want 30m", got)
	}
}

func TestLimitCaps(t *testing.T) {
	caps := coretest.Rich()
	caps.Selects, caps.Replies = false, true
	chat := coretest.New(coretest.Options{Caps: caps})
	script := "chat has selects\nchat has no forms\nchat has no replies\nchat edits private messages for 2m"
	got := parse(t, script).Limit(chat).Caps()
	want := caps
	want.Forms, want.Replies, want.PrivateEdit = false, false, 2*time.Minute
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := parse(t, "chat edits private messages for 24h").Limit(chat).Caps(); got != caps {
		t.Errorf("got %+v, want no more than %+v", got, caps)
	}
}

func TestLimitDirect(t *testing.T) {
	for _, tt := range []struct {
		script string
		linked bool
	}{{"chat cannot write first", true}, {"chat cannot write at all", false}} {
		a := parse(t, tt.script).Limit(coretest.New(coretest.Options{DM: coretest.LinkOnly}))
		_, err := a.Direct(t.Context(), user("alice"), "s")
		cannot, is := errors.AsType[*core.CannotDM](err)
		if !is || (cannot.Link != "") != tt.linked {
			t.Errorf("%s: got %v, want a link: %v", tt.script, err, tt.linked)
		}
	}
}

// TestLimitPrivateEdit: what is private ends sooner, and a press gives it no more
// time than that.
func TestLimitPrivateEdit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{})
		a := parse(t, "chat edits private messages for 2m").Limit(chat)
		var last core.Event
		go a.Run(t.Context(), func(e core.Event) { last = e }) // its end is of no interest
		chat.Say("alice", "#general", "/secret")
		synctest.Wait()
		ref, err := last.Back.Reply(t.Context(), core.Message{Text: "Psst", Private: true, Rows: [][]core.Control{{button("Go")}}})
		wants(t, "reply", err, nil)
		open := func(what string, ref core.Ref) {
			t.Helper()
			if got := time.Until(ref.Until); got != 2*time.Minute {
				t.Errorf("%s: it can be edited for %v, want 2m", what, got)
			}
			m := say("Psst", button("Go"))
			wants(t, what, a.Edit(t.Context(), ref, m), nil)
			time.Sleep(2 * time.Minute)
			wants(t, what+" too late", a.Edit(t.Context(), ref, m), core.ErrGone)
		}
		open("edit", ref)
		wants(t, "press", chat.Press("alice", chat.Sees("alice", "#general")[0], "Go"), nil)
		synctest.Wait()
		open("edit after a press", last.On)

		public, err := last.Back.Reply(t.Context(), say("For all"))
		if err != nil || !public.Until.IsZero() {
			t.Errorf("got %v until %v, want no end of what is public", err, public.Until)
		}
	})
}
