package core

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
)

// newPlainWire is a platform with nothing that one person alone sees but alerts,
// and with boxes to reply in.
func newPlainWire() *wire {
	w := newWire()
	w.caps = Caps{Platform: "neutral", Title: "Neutral", Alert: 40, Replies: true}
	return w
}

func TestAlert(t *testing.T) {
	const long = "Kept until the day after tomorrow, at noon."
	tests := []struct {
		name   string
		answer markup.Text
		odd    func(how string, m Message) error
		want   string
	}{
		{"a short answer", "Kept.", nil, "reply hall privately: Kept."},
		{"a long one", long, nil, "send with-ann: " + long + "\nreply hall privately: I have sent you a direct message."},
		{"one too late", "Kept.", func(_ string, m Message) error {
			if m.Private {
				return ErrTooLate
			}
			return nil
		}, "send with-ann: Kept."},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			w := newPlainWire()
			w.odd = tt.odd
			h := host(t, w, func(b *Bot) {
				b.Add(command("keep", func(ctx context.Context, in *Invocation) error {
					_, err := in.Reply(ctx, Message{Text: "Keep it?", Rows: [][]Control{{Button{Label: "Yes", Do: Action{Name: "keep", Only: ann}}}}})
					return err
				}))
				b.On("keep", func(ctx context.Context, in *Invocation) error {
					_, err := in.Reply(ctx, Message{Text: tt.answer, Private: true})
					return err
				})
			})
			h.call(ann, "keep")
			if got := h.do(h.press(t, ann, "Yes")); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got, want := h.do(h.press(t, bob, "Yes")), "reply hall privately: That button is not for you."; tt.odd == nil && got != want {
				t.Errorf("somebody else: got %q, want %q", got, want)
			}
		})
	}
	bubble(t, "to no press", func(t *testing.T) {
		h := host(t, newPlainWire(), nil)
		if got := h.call(ann, "nothing"); !strings.HasPrefix(got, "reply hall: I do not know") {
			t.Errorf("got %q, want an answer that all can read", got)
		}
	})
}

func TestGreeting(t *testing.T) {
	alone := Chat{Platform: "neutral", ID: "with-ann", Direct: true}
	tests := []struct {
		name string
		chat Chat
		what What
		want string
	}{
		{"who has just come", alone, Hello{}, "reply with-ann: Hello, I am usher. / I know these commands: / /cancel"},
		{"through a link that is not ours", alone, Press{Token: "summer_sale"}, "reply with-ann: Hello, I am usher."},
		{"a forged press elsewhere", hall, Press{Token: "summer_sale"}, ""},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			h := host(t, newPlainWire(), nil)
			if got := h.do(h.event(ann, tt.chat, tt.what)); !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	bubble(t, "a forged press on a message", func(t *testing.T) {
		h := host(t, newPlainWire(), nil)
		ev := h.event(ann, alone, Press{Token: "summer_sale"})
		ev.On = Ref{Chat: alone, Token: seal.Secret("1")}
		if got := h.do(ev); got != "" {
			t.Errorf("got %q, want silence", got)
		}
	})
}

// A question that opens a reply box has no buttons: words say what they would.
func TestReplyBox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := host(t, newPlainWire(), pizza(false))
		h.call(ann, "pizza")
		asked := h.deeds()[0]
		if got, want := sketch(asked.said), "@Ann: Kind / such as Funghi / Please reply to this message; /cancel stops."; got != want || !asked.said.Answer {
			t.Fatalf("got %q, Answer %v, want %q", got, asked.said.Answer, want)
		}
		answer := func(text string) string {
			ev := h.event(ann, hall, Said{Text: text})
			deeds := h.deeds()
			ev.On = deeds[len(deeds)-1].ref
			return h.do(ev)
		}
		if got := answer("Funghi"); !strings.Contains(got, "[Small]") {
			t.Errorf("got %q, want buttons for what has choices", got)
		}
		h.do(h.press(t, ann, "Large"))
		deeds := h.deeds()
		last := deeds[len(deeds)-1]
		if got, want := sketch(last.said), "@Ann: Note / Please reply to this message, with - to leave it out; /cancel stops."; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got, want := answer("-"), `reply hall: oven 2: Funghi, l, "" false.`; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestReadyOnceConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		w.away = true
		h := host(t, w, nil)
		check(t, h.bot.Handler(), http.MethodGet, "/readyz", http.StatusServiceUnavailable, "Neutral is not connected")
	})
}
