package core

import (
	"context"
	"errors"
	"testing"

	"github.com/usherbot/usher/core/markup"
)

// TestStats lets things happen on a platform, and counts them.
func TestStats(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(h *hosted)
		want PlatformStats
	}{
		{"nothing", func(*hosted) {}, PlatformStats{Ready: true}},
		{"a command", func(h *hosted) { h.call(ann, "go"); h.call(bob, "go") }, PlatformStats{Ready: true, Commands: 2}},
		{"one that fails", func(h *hosted) { h.call(ann, "fail"); h.call(ann, "go") }, PlatformStats{Ready: true, Commands: 2, Failed: 1}},
		{"one that panics", func(h *hosted) { h.call(ann, "panic") }, PlatformStats{Ready: true, Commands: 1, Failed: 1}},
		{"one that says no", func(h *hosted) { h.call(ann, "no") }, PlatformStats{Ready: true, Commands: 1}},
		{"one that finds nobody", func(h *hosted) { h.call(ann, "nobody") }, PlatformStats{Ready: true, Commands: 1}},
		{"none of these", func(h *hosted) { h.call(ann, "gone") }, PlatformStats{Ready: true}},
		{"a repeat", func(h *hosted) {
			ev := h.event(ann, hall, Call{Name: "go"})
			h.take(ev)
			h.take(ev)
		}, PlatformStats{Ready: true, Commands: 1}},
		{"a press", func(h *hosted) { h.call(ann, "ask"); h.take(h.press(t, ann, "Yes")) }, PlatformStats{Ready: true, Commands: 1, Presses: 1}},
		{"a press of somebody else", func(h *hosted) { h.call(ann, "ask"); h.take(h.press(t, bob, "Yes")) }, PlatformStats{Ready: true, Commands: 1}},
		{"not connected", func(h *hosted) { h.drop() }, PlatformStats{}},
		{"ended", func(h *hosted) { h.end(t) }, PlatformStats{}},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			h := host(t, newWire(), counted)
			tt.do(h)
			all := h.bot.Stats().Platforms
			if got := all["neutral"]; got != tt.want || len(all) != 1 {
				t.Errorf("got %+v of %d platforms, want %+v of one", got, len(all), tt.want)
			}
		})
	}
}

// drop takes the connection away.
func (w *wire) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away = true
}

// counted adds commands that end in every way.
func counted(b *Bot) {
	fails := func(err error) Handler { return func(context.Context, *Invocation) error { return err } }
	b.Add(
		command("go", says("Gone.")),
		command("fail", fails(errors.New("no luck"))),
		command("panic", func(context.Context, *Invocation) error { panic("no luck") }),
		command("no", fails(&Tell{Text: "No."})),
		command("nobody", fails(&CannotDM{})),
		command("ask", func(ctx context.Context, in *Invocation) error {
			_, err := in.Reply(ctx, Message{Text: markup.Text("Sure?"), Rows: [][]Control{{Button{Label: "Yes", Do: Action{Name: "yes", Only: in.From}}}}})
			return err
		}),
	)
	b.On("yes", says("Yes."))
}
