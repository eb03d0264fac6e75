package core

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core/markup"
)

// pizza adds a command that asks for a pizza.
func pizza(private bool) func(*Bot) {
	return func(b *Bot) {
		b.Add(Command{Name: "pizza", Summary: "Brings a pizza", Private: private, Run: func(ctx context.Context, in *Invocation) error {
			return in.Ask(ctx, Form{Title: "Pizza", Do: Action{Name: "pizza", Args: []string{"oven 2"}}, Inputs: []Input{
				{Name: "kind", Label: "Kind", Hint: "such as Funghi", Max: 10},
				{Name: "size", Label: "Size", Choices: []Choice{{"Small", "s"}, {"Large", "l"}}},
				{Name: "note", Label: "Note", Optional: true},
			}})
		}})
		b.On("pizza", func(ctx context.Context, in *Invocation) error {
			note, given := in.Values["note"]
			return says(markup.F("%s: %s, %s, %q %v.", in.Args[0], in.Values["kind"], in.Values["size"], note, given))(ctx, in)
		})
	}
}

func TestForm(t *testing.T) {
	tests := []struct {
		name   string
		who    User
		values map[string]string
		want   string
	}{
		{"filled in", ann, map[string]string{"kind": "Funghi", "size": "l", "note": "hot"}, `reply hall: oven 2: Funghi, l, "hot" true.`},
		{"without what is optional", ann, map[string]string{"kind": "Funghi", "size": "l"}, `reply hall: oven 2: Funghi, l, "" false.`},
		{"without what is not", ann, map[string]string{"size": "l"}, "reply hall privately: Kind is missing."},
		{"with a value that was not offered", ann, map[string]string{"kind": "Funghi", "size": "xxl"}, "reply hall privately: That is not one of the choices. Please try again."},
		{"with a label", ann, map[string]string{"kind": "Funghi", "size": "Large"}, "reply hall privately: That is not one of the choices. Please try again."},
		{"with too much", ann, map[string]string{"kind": "Funghi porcini", "size": "l"}, "reply hall privately: That is too long: 14 characters, and at most 10 are possible. Please try again."},
		{"with nothing", ann, nil, "reply hall privately: Kind is missing."},
		{"by somebody else", bob, map[string]string{"kind": "Funghi", "size": "l"}, "reply hall privately: That button is not for you."},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			h := host(t, newWire(), pizza(false))
			if got, want := h.call(ann, "pizza"), "ask hall: Pizza"; got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
			if got := h.do(h.fill(tt.who, tt.values)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	bubble(t, "too late", func(t *testing.T) {
		h := host(t, newWire(), pizza(false))
		h.call(ann, "pizza")
		time.Sleep(15 * time.Minute)
		got, want := h.do(h.fill(ann, map[string]string{"kind": "Funghi", "size": "l"})), "reply hall privately: That button is too old. Please start again."
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A form that comes too late waits behind a button.
func TestFormTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, late := newWire(), true
		w.odd = func(how string, _ Message) error {
			if how == "ask" && late {
				return fmt.Errorf("open: %w", ErrTooLate)
			}
			return nil
		}
		h := host(t, w, pizza(false))
		step := func(got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		step(h.call(ann, "pizza"), "reply hall privately: Pizza: one more step. [Continue]")
		step(h.do(h.press(t, ann, "Continue")), "reply hall privately: Pizza: one more step. [Continue]")
		late = false
		step(h.do(h.press(t, bob, "Continue")), "reply hall privately: That button is not for you.")
		step(h.do(h.press(t, ann, "Continue")), "ask hall: Pizza")
		step(h.do(h.fill(ann, map[string]string{"kind": "Funghi", "size": "l"})), `reply hall: oven 2: Funghi, l, "" false.`)
		h.notes.mu.Lock()
		clear(h.notes.kept)
		h.notes.mu.Unlock()
		step(h.do(h.press(t, ann, "Continue")), "reply hall privately: That button is too old. Please start again.")
	})
}

// What a form is for is done once, also when the form had to wait.
func TestFormOnce(t *testing.T) {
	for _, late := range []bool{false, true} {
		bubble(t, fmt.Sprintf("late %v", late), func(t *testing.T) {
			w, tries := newWire(), 0
			w.odd = func(how string, _ Message) error {
				if tries++; how == "ask" && late && tries == 1 {
					return ErrTooLate
				}
				return nil
			}
			h := host(t, w, func(b *Bot) {
				b.Add(command("pay", func(ctx context.Context, in *Invocation) error {
					return in.Ask(ctx, Form{Title: "Pay", Inputs: []Input{{Name: "sum", Label: "Sum"}}, Do: Action{Name: "pay", Once: true}})
				}))
				b.On("pay", says("Paid."))
			})
			h.call(ann, "pay")
			if late {
				h.take(h.press(t, ann, "Continue"))
			}
			for _, want := range []string{"reply hall: Paid.", "reply hall privately: That button is too old. Please start again."} {
				if got := h.do(h.fill(ann, map[string]string{"sum": "5"})); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
}

// mute is a platform without forms.
func mute() *wire {
	w := newWire()
	w.caps.Forms = false
	return w
}

func TestWhichFormsAreAsked(t *testing.T) {
	tests := []struct {
		name   string
		limits Limits
		want   string
	}{
		{"what fits", Limits{Inputs: 3, Choices: 2}, "ask hall: Pizza"},
		{"too many inputs", Limits{Inputs: 2}, "reply hall: Kind / such as Funghi [Cancel]"},
		{"too many choices", Limits{Choices: 1}, "reply hall: Kind / such as Funghi [Cancel]"},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			w := newWire()
			w.caps.Limits = tt.limits
			if got := host(t, w, pizza(false)).call(ann, "pizza"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// chatter is what somebody says and presses, and what the bot makes of it:
// "text" is said, "[Label]" pressed, "reply text" said below the last question
// and "elsewhere text" below another message, "@ text" said to the bot.
func chatter(t *testing.T, h *hosted, who User, in Chat, lines [][2]string) {
	t.Helper()
	for _, line := range lines {
		said := line[0]
		var ev Event
		switch {
		case strings.HasPrefix(said, "["):
			ev = h.press(t, who, strings.Trim(said, "[]"))
			ev.Chat = in
		case strings.HasPrefix(said, "reply "):
			ev = h.event(who, in, Said{Text: strings.TrimPrefix(said, "reply ")})
			ev.On = h.lastQuestion()
		case strings.HasPrefix(said, "elsewhere "):
			ev = h.event(who, in, Said{Text: strings.TrimPrefix(said, "elsewhere ")})
			ev.On = Ref{Chat: in, Token: "some other message"}
		case strings.HasPrefix(said, "@ "):
			ev = h.event(who, in, Said{Text: strings.TrimPrefix(said, "@ "), ToMe: true})
		case strings.HasPrefix(said, "/"):
			ev = h.event(who, in, Call{Name: said[1:]})
		default:
			ev = h.event(who, in, Said{Text: said, ToMe: in.Direct})
		}
		if got := h.do(ev); got != line[1] {
			t.Errorf("%s: got %q, want %q", said, got, line[1])
		}
	}
}

func (w *wire) lastQuestion() Ref {
	for _, d := range slices.Backward(w.deeds()) {
		if len(d.said.Rows) > 0 {
			return d.ref
		}
	}
	return Ref{}
}

func TestQuestions(t *testing.T) {
	const (
		kind = " Kind / such as Funghi [Cancel]"
		size = " Size [Small] [Large] [Cancel]"
		note = " Note [Cancel] [Skip]"
	)
	tests := []struct {
		name    string
		private bool
		in      Chat
		lines   [][2]string
	}{
		{"in the direct chat", false, home, [][2]string{
			{"/pizza", "reply with-ann:" + kind},
			{" Funghi ", "reply with-ann:" + size},
			{"large", "reply with-ann:" + note},
			{"hot", `reply with-ann: oven 2: Funghi, l, "hot" true.`},
			{"hello", "reply with-ann: " + helpText},
		}},
		{"with buttons", false, home, [][2]string{
			{"/pizza", "reply with-ann:" + kind},
			{"Funghi", "reply with-ann:" + size},
			{"[Small]", "reply with-ann:" + note},
			{"[Skip]", `reply with-ann: oven 2: Funghi, s, "" false.`},
			{"[Skip]", "reply with-ann: That button is too old. Please start again."},
		}},
		{"with answers that will not do", false, home, [][2]string{
			{"/pizza", "reply with-ann:" + kind},
			{"Funghi porcini", "reply with-ann: That is too long: 14 characters, and at most 10 are possible. Please try again."},
			{"  ", "reply with-ann: Kind is missing."},
			{"Funghi", "reply with-ann:" + size},
			{"xxl", "reply with-ann: That is not one of the choices. Please try again."},
			{"l", "reply with-ann:" + note},
			{"[Large]", "reply with-ann: That button is too old. Please start again."},
			{"hot", `reply with-ann: oven 2: Funghi, l, "hot" true.`},
		}},
		{"cancelled", false, home, [][2]string{
			{"/pizza", "reply with-ann:" + kind},
			{"[Cancel]", "update with-ann: Cancelled."},
			{"Funghi", "reply with-ann: " + helpText},
		}},
		{"cancelled by the command", false, home, [][2]string{
			{"/pizza", "reply with-ann:" + kind},
			{"/cancel", "reply with-ann: Cancelled."},
			{"/cancel", "reply with-ann: Nothing is under way."},
			{"Funghi", "reply with-ann: " + helpText},
		}},
		{"asked anew", false, home, [][2]string{
			{"/pizza", "reply with-ann:" + kind},
			{"Funghi", "reply with-ann:" + size},
			{"/pizza", "reply with-ann:" + kind},
			{"[Large]", "reply with-ann: That button is too old. Please start again."},
			{"Margherita", "reply with-ann:" + size},
			{"small", "reply with-ann:" + note},
			{"[Skip]", `reply with-ann: oven 2: Margherita, s, "" false.`},
		}},
		{"in a group", false, hall, [][2]string{
			{"/pizza", "reply hall:" + kind},
			{"Funghi", ""},
			{"elsewhere Funghi", ""},
			{"reply Funghi", "reply hall:" + size},
			{"@ large", "reply hall:" + note},
			{"reply hot", `reply hall: oven 2: Funghi, l, "hot" true.`},
		}},
		{"in a group, in private", true, hall, [][2]string{
			{"/pizza", "send with-ann: Kind / such as Funghi [Cancel]\nreply hall privately: I have sent you a direct message."},
			{"reply Funghi", ""},
		}},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			h := host(t, mute(), pizza(tt.private))
			if tt.private {
				h.caps.Private = false
			}
			chatter(t, h, ann, tt.in, tt.lines)
			if tt.private {
				chatter(t, h, ann, home, [][2]string{{"Funghi", "reply with-ann:" + size}})
			}
		})
	}
}

const helpText = "I know these commands: / /cancel – Stop what is under way / /help [command] – What I can do / /ping – Is anybody there? / /pizza – Brings a pizza"

func TestQuestionsAreForOnePerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := host(t, mute(), pizza(false))
		chatter(t, h, ann, hall, [][2]string{{"/pizza", "reply hall: Kind / such as Funghi [Cancel]"}})
		chatter(t, h, bob, hall, [][2]string{
			{"reply Funghi", ""},
			{"[Cancel]", "reply hall privately: That button is not for you."},
		})
		chatter(t, h, ann, home, [][2]string{{"Funghi", "reply with-ann: " + helpText}}) // another chat
		chatter(t, h, ann, hall, [][2]string{{"reply Funghi", "reply hall: Size [Small] [Large] [Cancel]"}})
	})
}

func TestQuestionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := host(t, mute(), pizza(false))
		chatter(t, h, ann, home, [][2]string{{"/pizza", "reply with-ann: Kind / such as Funghi [Cancel]"}})
		time.Sleep(15*time.Minute - time.Second)
		chatter(t, h, ann, home, [][2]string{{"Funghi", "reply with-ann: Size [Small] [Large] [Cancel]"}})
		time.Sleep(15 * time.Minute)
		chatter(t, h, ann, home, [][2]string{{"large", "reply with-ann: " + helpText}})
	})
}

// A question outlives the process that asked it, and its answer the handler.
func TestQuestionsOutliveTheBot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := newNotes()
		first := hostOn(t, mute(), kept, pizza(false))
		chatter(t, first, ann, home, [][2]string{{"/pizza", "reply with-ann: Kind / such as Funghi [Cancel]"}, {"Funghi", "reply with-ann: Size [Small] [Large] [Cancel]"}})
		first.end(t)
		w := mute()
		w.seq = 100
		second := hostOn(t, w, kept, pizza(false))
		chatter(t, second, ann, home, [][2]string{{"large", "reply with-ann: Note [Cancel] [Skip]"}})
		second.end(t)
		w = mute()
		w.seq = 200
		third := hostOn(t, w, kept, nil) // which knows no pizza
		chatter(t, third, ann, home, [][2]string{{"hot", "reply with-ann: That button is too old. Please start again."}})
	})
}

// A button answers with its own value, though another choice is called so.
func TestQuestionWithConfusingChoices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := host(t, mute(), func(b *Bot) {
			b.Add(command("ask", func(ctx context.Context, in *Invocation) error {
				return in.Ask(ctx, Form{Title: "T", Do: Action{Name: "got"}, Inputs: []Input{
					{Name: "x", Label: "X", Choices: []Choice{{"First", "second"}, {"Second", "third"}}},
				}})
			}))
			b.On("got", func(ctx context.Context, in *Invocation) error { return says(markup.Plain(in.Values["x"]))(ctx, in) })
		})
		chatter(t, h, ann, home, [][2]string{
			{"/ask", "reply with-ann: X [First] [Second] [Cancel]"},
			{"[First]", "reply with-ann: second"},
			{"/ask", "reply with-ann: X [First] [Second] [Cancel]"},
			{"second", "reply with-ann: third"},
		})
	})
}

func TestMissingOptionsAreAskedOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := host(t, mute(), func(b *Bot) { b.Add(command("order", echo, optCount.Required(), optSize.Required())) })
		chatter(t, h, ann, home, [][2]string{
			{"/order", "reply with-ann: count / how many [Cancel]"},
			{"7", "reply with-ann: size / how large [Small] [Large] [Cancel]"},
			{"large", "reply with-ann: order: count=7 size=l"},
		})
	})
}

// What fails while a question waits is told, and the question stays.
func TestQuestionsWhileTheStoreIsBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := host(t, mute(), pizza(false))
		chatter(t, h, ann, home, [][2]string{{"/pizza", "reply with-ann: Kind / such as Funghi [Cancel]"}})
		h.notes.spoil(errOdd)
		if got := h.do(h.event(ann, home, Said{Text: "Funghi", ToMe: true})); !strings.Contains(got, "Please try again in a few minutes") {
			t.Errorf("got %q, want when to try again", got)
		}
		h.notes.spoil(nil)
		chatter(t, h, ann, home, [][2]string{{"Funghi", "reply with-ann: Size [Small] [Large] [Cancel]"}})
	})
}
