package core

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/usherbot/usher/core/markup"
)

// afterwards is an event whose interaction is over, as a handler has it.
func (h *hosted) afterwards(in Chat) *Invocation {
	p := h.bot.ports["neutral"]
	back := later{port: p, user: ann, chat: in, command: "repo add"}
	return &Invocation{Event: Event{From: ann, Chat: in, Back: back}, bot: h.bot, port: p}
}

// failing is a platform on which writing to a chat fails.
func failing(chat string, err error) func(*wire) {
	return func(w *wire) { w.closed = map[string]error{chat: err} }
}

func TestLater(t *testing.T) {
	tests := []struct {
		name    string
		in      Chat
		private bool
		set     func(*wire)
		want    string
		err     error
	}{
		{"in its chat", hall, false, nil, "send hall: Added.", nil},
		{"in private", hall, true, nil, "send with-ann: /repo add: Added.", nil},
		{"in the direct chat", home, true, nil, "send with-ann: Added.", nil},
		{"where it is forbidden", hall, false, failing("hall", ErrForbidden), "send with-ann: /repo add: Added.", nil},
		{"in a chat that is gone", hall, false, failing("hall", ErrGone), "send with-ann: /repo add: Added.", nil},
		{"where it fails", hall, false, failing("hall", errOdd), "", errOdd},
		{"nowhere", hall, true, func(w *wire) { w.link = &CannotDM{} }, "", &CannotDM{}},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			w := newWire()
			if tt.set != nil {
				tt.set(w)
			}
			h := host(t, w, nil)
			_, err := h.afterwards(tt.in).Reply(t.Context(), Message{Text: "Added.", Private: tt.private})
			if got := h.since(0); got != tt.want || fmt.Sprint(err) != fmt.Sprint(tt.err) {
				t.Errorf("got %q and %v, want %q and %v", got, err, tt.want, tt.err)
			}
		})
	}
	bubble(t, "has nothing to update or to open a form with", func(t *testing.T) {
		in := host(t, newWire(), nil).afterwards(hall)
		if err := in.Back.Update(t.Context(), Message{}); !errors.Is(err, ErrGone) {
			t.Errorf("update: got %v, want %v", err, ErrGone)
		}
		if err := in.Back.Ask(t.Context(), Form{}); !errors.Is(err, ErrTooLate) {
			t.Errorf("ask: got %v, want %v", err, ErrTooLate)
		}
	})
}

// What moves to the direct chat fits there, and its buttons can be pressed.
func TestLaterInTheDirectChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		w.caps.Limits.Text = 20
		h := host(t, w, func(b *Bot) { b.On("go", says("Gone.")) })
		m := Message{Text: markup.Plain(strings.Repeat("x", 20)), Private: true, Rows: [][]Control{{Button{Label: "Go", Do: Action{Name: "go"}}}}}
		if _, err := h.afterwards(hall).Reply(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		for _, d := range h.deeds() {
			if n := w.Size(d.said.Text); d.chat != home || n > 20 {
				t.Errorf("got %q of %d characters, want at most 20 in %s", d, n, home.ID)
			}
		}
		if got, want := h.do(h.press(t, ann, "Go")), "reply with-ann: Gone."; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestReplyInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		w.caps.Limits = Limits{Text: 5, Rows: 1}
		h := host(t, w, nil)
		rows := [][]Control{{Button{Label: "A", Do: Action{Name: "a"}}}, {Button{Label: "B", Do: Action{Name: "b"}}}}
		ref, err := h.invoke().Reply(t.Context(), Message{Text: "hello there", Rows: rows})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := h.since(0), "reply hall: hello\nreply hall: there [A]\nreply hall: … [B]"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if last := h.deeds()[2].ref; ref != last {
			t.Errorf("got the ref %v, want that of the last, %v", ref.Token.Reveal(), last.Token.Reveal())
		}
		left := 1
		w.odd = func(string, Message) error {
			if left--; left < 0 {
				return errOdd
			}
			return nil
		}
		if _, err := h.invoke().Reply(t.Context(), Message{Text: "hello there"}); !errors.Is(err, errOdd) {
			t.Errorf("a part that fails: got %v, want %v", err, errOdd)
		}
	})
}

func TestUpdate(t *testing.T) {
	fails := func(err error) func(how string, m Message) error {
		return func(how string, _ Message) error {
			if how == "update" {
				return fmt.Errorf("update: %w", err)
			}
			return nil
		}
	}
	tests := []struct {
		name string
		on   bool
		odd  func(string, Message) error
		want string
		err  error
	}{
		{"of what was pressed", true, nil, "update hall: New.", nil},
		{"of nothing", false, nil, "reply hall: New.", nil},
		{"of what is gone", true, fails(ErrGone), "reply hall: New.", nil},
		{"too late", true, fails(ErrTooLate), "reply hall: New.", nil},
		{"that fails", true, fails(errOdd), "", errOdd},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			w := newWire()
			w.odd = tt.odd
			h := host(t, w, nil)
			in := h.invoke()
			if !tt.on {
				in.On = Ref{}
			}
			err := in.Update(t.Context(), Message{Text: "New."})
			if got := h.since(0); got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q and %v, want %q and %v", got, err, tt.want, tt.err)
			}
		})
	}
}

// A message whose actions cannot be stored is not sent.
func TestActionsThatCannotBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := host(t, newWire(), nil)
		h.notes.spoil(errOdd)
		m := Message{Text: "t", Rows: [][]Control{{Button{Label: "A", Do: Action{Name: "a", Once: true}}}}}
		_, send := h.bot.Send(t.Context(), hall, m)
		m.Rows = [][]Control{{Select{Choices: choices("x"), Do: Action{Name: "a"}}}}
		for _, err := range []error{
			send, h.bot.Edit(t.Context(), Ref{Chat: hall, Token: "1"}, m), h.invoke().Update(t.Context(), m),
			h.invoke().Ask(t.Context(), Form{Inputs: []Input{{Name: "x"}}}),
		} {
			if !errors.Is(err, errOdd) {
				t.Errorf("got %v, want %v", err, errOdd)
			}
		}
		if got := h.since(0); got != "" {
			t.Errorf("got %q, want nothing", got)
		}
	})
}

func TestDirectOfAnInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := host(t, newWire(), nil)
		for _, chat := range []Chat{hall, home} {
			in := h.invoke()
			in.Chat = chat
			if got, err := in.Direct(context.Background()); err != nil || got != home {
				t.Errorf("from %s: got %+v and %v, want %+v", chat.ID, got, err, home)
			}
		}
		h.link = &CannotDM{Link: "x"}
		if _, err := h.invoke().Direct(context.Background()); fmt.Sprint(err) != "cannot write to this person first" {
			t.Errorf("got %v, want *CannotDM", err)
		}
	})
}

// An answer that was probably sent is followed by no false alarm.
func TestUnsureIsNoAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		w.odd = func(_ string, m Message) error {
			if m.Text == "Hi." {
				return fmt.Errorf("reply: %w", ErrUnsure)
			}
			return nil
		}
		h := host(t, w, func(b *Bot) { b.Add(command("hi", says("Hi."))) })
		if got := h.call(ann, "hi"); got != "" {
			t.Errorf("got %q, want nothing more", got)
		}
		if !strings.Contains(h.log.String(), "probably sent") {
			t.Error("got no line in the log")
		}
	})
}
