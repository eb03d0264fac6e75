package core

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRepeatsAreDropped(t *testing.T) {
	bubble(t, "one after the other", func(t *testing.T) {
		ran := 0
		h := host(t, newWire(), counting(&ran))
		ev := h.event(ann, hall, Call{Name: "go"})
		for range 3 {
			h.take(ev)
		}
		if ran != 1 {
			t.Errorf("got %d runs, want 1", ran)
		}
		time.Sleep(24 * time.Hour)
		if h.take(ev); ran != 1 {
			t.Errorf("after a day: got %d runs, want 1", ran)
		}
		time.Sleep(2 * time.Hour)
		if h.take(ev); ran != 2 {
			t.Errorf("after 26 hours: got %d runs, want 2", ran)
		}
	})
	bubble(t, "in two chats at once", func(t *testing.T) {
		var ran atomic.Int32
		h := host(t, newWire(), func(b *Bot) {
			b.Add(command("go", func(context.Context, *Invocation) error { ran.Add(1); return nil }))
		})
		for i := range 50 { // their lanes differ, so nothing but the note tells them apart
			ev := h.event(ann, Chat{Platform: "neutral", ID: fmt.Sprint(i)}, Call{Name: "go"})
			ev.Key = "the same"
			h.hand(ev)
		}
		if synctest.Wait(); ran.Load() != 1 {
			t.Errorf("got %d runs, want 1", ran.Load())
		}
	})
	bubble(t, "after a restart", func(t *testing.T) {
		ran, kept := 0, newNotes()
		first := hostOn(t, newWire(), kept, counting(&ran))
		ev := first.event(ann, hall, Call{Name: "go"})
		first.take(ev)
		first.end(t)
		hostOn(t, newWire(), kept, counting(&ran)).take(ev)
		if ran != 1 {
			t.Errorf("got %d runs, want 1", ran)
		}
	})
}

func counting(ran *int) func(*Bot) {
	return func(b *Bot) {
		b.Add(command("go", func(context.Context, *Invocation) error { *ran++; return nil }))
	}
}

// safely is an event that notes when it became safe.
func (h *hosted) safely(what What) Event {
	ev := h.event(ann, hall, what)
	ev.Safe = func() {
		h.notes.mu.Lock()
		defer h.notes.mu.Unlock()
		h.notes.log = append(h.notes.log, "safe "+ev.Key)
	}
	return ev
}

// An adapter hears when no more comes of an event, and whether it was a repeat.
func TestDone(t *testing.T) {
	tests := []struct {
		name   string
		what   What
		repeat bool
		want   string // what the bot has done, and how that ended
	}{
		{"a command", Call{Name: "ping"}, false, "reply hall: Pong!, done"},
		{"a command that says nothing", Call{Name: "quiet"}, false, ", done"},
		{"a command that fails", Call{Name: "break"}, false, "told, done"},
		{"a command that panics", Call{Name: "panic"}, false, "told, done"},
		{"a form that stands for nothing", Submit{Token: "forged"}, false, ", done"},
		{"a repeat", Call{Name: "ping"}, true, ", repeat"},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			h := host(t, newWire(), troubles)
			ev := h.event(ann, hall, tt.what)
			if tt.repeat {
				h.take(ev)
			}
			before, got := len(h.deeds()), ""
			ev.Done = func(repeat bool) {
				got = h.since(before)
				if strings.Contains(got, "reference") || strings.Contains(got, "wrong") {
					got = "told"
				}
				got += map[bool]string{false: ", done", true: ", repeat"}[repeat]
			}
			h.take(ev)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// story is what befell an event.
func (h *hosted) story(ev Event) string {
	h.notes.mu.Lock()
	defer h.notes.mu.Unlock()
	var out []string
	for _, line := range h.notes.log {
		if verb, of, _ := strings.Cut(line, " "); strings.HasSuffix(of, ev.Key) {
			out = append(out, verb)
		}
	}
	return strings.Join(out, ", ")
}

func TestSafe(t *testing.T) {
	tests := []struct {
		name string
		what What
		want string
	}{
		{"a command", Call{Name: "go"}, "add, safe"},
		{"a command that fails", Call{Name: "break"}, "add, safe"},
		{"a command that panics", Call{Name: "panic"}, "add, safe"},
		{"a command that there is not", Call{Name: "fly"}, "add, safe"},
		{"a press", Press{Token: "forged"}, "add, safe"},
		{"a form", Submit{Token: "forged"}, "add, safe"},
		{"what nobody listens to", Said{Text: "hello"}, "safe"},
		{"the end of a workspace", Gone{}, "safe"},
		{"nothing at all", nil, "safe"},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			h := host(t, newWire(), troubles)
			ev := h.safely(tt.what)
			h.take(ev)
			if got := h.story(ev); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	bubble(t, "a repeat", func(t *testing.T) {
		h := host(t, newWire(), troubles)
		ev := h.safely(Call{Name: "go"})
		h.take(ev)
		h.take(ev)
		if got, want := h.story(ev), "add, safe, add, safe"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	bubble(t, "a store that is broken", func(t *testing.T) {
		h := host(t, newWire(), troubles)
		h.notes.spoil(errors.New("disk on fire"))
		ev := h.safely(Call{Name: "go"})
		h.take(ev)
		if got, want := h.story(ev), "add, safe"; got != want {
			t.Errorf("got %s, want %s: the person was asked to try again", got, want)
		}
	})
	bubble(t, "after the end", func(t *testing.T) {
		h := host(t, newWire(), troubles)
		ev := h.safely(Call{Name: "go"})
		h.end(t)
		h.take(ev)
		if got := h.story(ev); got != "" {
			t.Errorf("got %s, want nothing", got)
		}
	})
	bubble(t, "before Run", func(t *testing.T) {
		h := host(t, newWire(), troubles)
		ev := h.safely(Call{Name: "go"})
		newBot(t).lanes.take(ev)
		synctest.Wait()
		if got := h.story(ev); got != "" {
			t.Errorf("got %s, want nothing", got)
		}
	})
	bubble(t, "of a platform that is not connected", func(t *testing.T) {
		h := host(t, newWire(), troubles)
		ev := h.safely(Call{Name: "go"})
		ev.Chat.Platform = "other"
		h.take(ev)
		if got := h.story(ev); got != "" {
			t.Errorf("got %s, want nothing", got)
		}
	})
}

// troubles adds a command for everything that can go wrong in one.
func troubles(b *Bot) {
	b.Add(
		command("go", says("Gone.")),
		command("quiet", func(context.Context, *Invocation) error { return nil }),
		command("break", func(context.Context, *Invocation) error { return fmt.Errorf("open shop: %w", errOdd) }),
		command("panic", func(context.Context, *Invocation) error { panic("out of milk") }),
		command("tell", func(context.Context, *Invocation) error { return &Tell{Text: "The shop is closed."} }),
		command("tellmore", func(context.Context, *Invocation) error {
			return fmt.Errorf("buy: %w", &Tell{Text: "The shop is *closed*.", Err: errOdd})
		}),
	)
}

var numbered = regexp.MustCompile(`number ([0-9a-f]{6})\.`)

func TestWhatGoesWrongIsTold(t *testing.T) {
	tests := []struct{ name, shown, logged string }{
		{"break", "Something went wrong", "open shop: the platform hiccuped"},
		{"panic", "Something went wrong", "panic: out of milk"},
		{"tell", "reply hall privately: The shop is closed.", ""},
		{"tellmore", "reply hall privately: The shop is closed.", "buy: the platform hiccuped"},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			h := host(t, newWire(), troubles)
			got, log := h.call(ann, tt.name), h.log.String()
			if !strings.Contains(got, tt.shown) || strings.Count(got, "\n") > 0 {
				t.Errorf("shown: got %q, want %q", got, tt.shown)
			}
			if !strings.Contains(log, tt.logged) || tt.logged == "" && log != "" {
				t.Errorf("log: got %q, want %q", log, tt.logged)
			}
			if n := numbered.FindStringSubmatch(got); n != nil && !strings.Contains(log, "number="+n[1]) {
				t.Errorf("log: got %q, want the number %s that was shown", log, n[1])
			}
			if got, want := h.call(ann, "go"), "reply hall: Gone."; got != want {
				t.Errorf("the next command: got %q, want %q", got, want)
			}
		})
	}
	bubble(t, "a panic has its stack in the log", func(t *testing.T) {
		h := host(t, newWire(), troubles)
		if h.call(ann, "panic"); !strings.Contains(h.log.String(), "troubles") {
			t.Errorf("got %q, want the stack", h.log.String())
		}
	})
	bubble(t, "a person who cannot be told", func(t *testing.T) {
		w := newWire()
		w.odd = func(string, Message) error { return errOdd }
		h := host(t, w, troubles)
		if h.call(ann, "tell"); !strings.Contains(h.log.String(), "could not be told") {
			t.Errorf("got %q, want a line that says so", h.log.String())
		}
	})
	bubble(t, "a platform that panics", func(t *testing.T) {
		w := newWire()
		w.odd = func(string, Message) error { panic("adapter out of order") }
		h := host(t, w, troubles)
		h.call(ann, "go")
		w.odd = nil
		if got, want := h.call(ann, "go"), "reply hall: Gone."; got != want {
			t.Errorf("the next command: got %q, want %q", got, want)
		}
		if !strings.Contains(h.log.String(), "adapter out of order") {
			t.Errorf("got %q, want the panic", h.log.String())
		}
	})
	bubble(t, "a chat that cannot be written to", func(t *testing.T) {
		w := newWire()
		w.caps.Private, w.link = false, &CannotDM{Link: "https://chat.example/open"}
		h := host(t, w, func(b *Bot) {
			b.Add(Command{Name: "secret", Summary: "Whispers", Private: true, Run: says("psst")})
			b.Add(Command{Name: "poor", Summary: "Has too little", Private: true, Run: poor})
		})
		for _, name := range []string{"secret", "poor"} {
			got, want := h.call(ann, name), "reply hall: That is for your eyes only. Let us go on in our private chat. [Open the private chat: https://chat.example/open]"
			if got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	})
	bubble(t, "an error of a private command", func(t *testing.T) {
		w := newWire()
		w.caps.Private = false
		h := host(t, w, func(b *Bot) {
			b.Add(Command{Name: "poor", Summary: "Has too little", Private: true, Run: poor})
		})
		if got := h.call(ann, "poor"); got != "send with-ann: You have 3 left.\nreply hall: I have sent you a direct message." {
			t.Errorf("got %q, want it in the direct chat alone", got)
		}
	})
}

// poor fails with a sentence that only its person should read.
func poor(context.Context, *Invocation) error { return &Tell{Text: "You have 3 left."} }

func TestMiddleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		around := func(name string) func(Handler) Handler {
			return func(next Handler) Handler {
				return func(ctx context.Context, in *Invocation) error {
					order = append(order, name)
					err := next(ctx, in)
					order = append(order, "/"+name)
					return err
				}
			}
		}
		h := host(t, newWire(), func(b *Bot) {
			b.Use(around("a"), around("b"))
			b.Use(around("c"))
			b.Add(command("buttons", func(ctx context.Context, in *Invocation) error {
				_, err := in.Reply(ctx, Message{Text: "Pick.", Rows: [][]Control{{Button{Label: "Go", Do: Action{Name: "go"}}}}})
				return err
			}), command("go", says("Gone.")))
			b.On("go", says("Gone."))
			b.Said(says("Heard."))
		})
		check := func(what, did, want string) {
			t.Helper()
			if got := strings.Join(order, " ") + ": " + did; got != want {
				t.Errorf("%s: got %s, want %s", what, got, want)
			}
			order = nil
		}
		check("a command", h.call(ann, "buttons"), "a b c /c /b /a: reply hall: Pick. [Go]")
		check("a button", h.do(h.press(t, ann, "Go")), "a b c /c /b /a: reply hall: Gone.")
		check("a message", h.do(h.event(ann, hall, Said{Text: "hi"})), "a b c /c /b /a: reply hall: Heard.")
		check("a built-in command", h.call(ann, "ping"), "a b c /c /b /a: reply hall: Pong!")
		check("an unknown command", h.call(ann, "zzzzzz"), ": reply hall privately: I do not know /zzzzzz. /help lists what I can do.")
	})
}

func TestSaid(t *testing.T) {
	bubble(t, "all handlers hear it, in order, up to an error", func(t *testing.T) {
		var heard []string
		hear := func(name string, err error) Handler {
			return func(_ context.Context, in *Invocation) error {
				heard = append(heard, name+" "+in.What.(Said).Text)
				return err
			}
		}
		h := host(t, newWire(), func(b *Bot) {
			b.Said(hear("first", nil))
			b.Said(hear("second", &Tell{Text: "Enough."}))
			b.Said(hear("third", nil))
		})
		got := h.do(h.event(ann, hall, Said{Text: "hello"}))
		if want := []string{"first hello", "second hello"}; !slices.Equal(heard, want) || got != "reply hall privately: Enough." {
			t.Errorf("got %q and %q, want %q", heard, got, want)
		}
	})
	tests := []struct {
		name string
		said Said
		in   Chat
		want string
	}{
		{"to the bot", Said{Text: "hello", ToMe: true}, home, "reply with-ann: I know these commands: / /cancel – Stop what is under way / /help [command] – What I can do / /ping – Is anybody there?"},
		{"among others", Said{Text: "hello"}, hall, ""},
	}
	for _, tt := range tests {
		bubble(t, "nobody listens "+tt.name, func(t *testing.T) {
			h := host(t, newWire(), nil)
			if got := h.do(h.event(ann, tt.in, tt.said)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
