package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inAllWays are the ways in which a bot writes to the hall.
var inAllWays = map[string]func(context.Context, *hosted) error{
	"send": func(ctx context.Context, h *hosted) error {
		_, err := h.bot.Send(ctx, hall, Message{Text: "Hi."})
		return err
	},
	"edit": func(ctx context.Context, h *hosted) error {
		return h.bot.Edit(ctx, Ref{Chat: hall, Token: "1"}, Message{Text: "Hi."})
	},
	"reply": func(ctx context.Context, h *hosted) error {
		_, err := h.invoke().Reply(ctx, Message{Text: "Hi."})
		return err
	},
	"update": func(ctx context.Context, h *hosted) error { return h.invoke().Update(ctx, Message{Text: "Hi."}) },
}

func TestSlow(t *testing.T) {
	tests := []struct {
		name   string
		after  time.Duration
		times  int
		within time.Duration
		want   bool
		passed time.Duration
	}{
		{"a little", 3 * time.Second, 1, time.Hour, true, 3 * time.Second},
		{"ten seconds", 10 * time.Second, 1, time.Hour, true, 10 * time.Second},
		{"longer", 10*time.Second + 1, 1, time.Hour, false, 0},
		{"again", time.Second, 3, time.Hour, true, 3 * time.Second},
		{"for ever", 3 * time.Second, 1000, time.Hour, false, 13 * time.Second},
		{"until the end", 2 * time.Second, 1, time.Second, false, time.Second},
	}
	for _, tt := range tests {
		for how, do := range inAllWays {
			bubble(t, tt.name+", "+how, func(t *testing.T) {
				w, left := newWire(), tt.times
				w.odd = func(string, Message) error {
					if left--; left >= 0 {
						return fmt.Errorf("%s: %w", how, &Slow{After: tt.after})
					}
					return nil
				}
				h, begun := host(t, w, nil), time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), tt.within)
				defer cancel()
				err := do(ctx, h)
				if (err == nil) != tt.want || time.Since(begun) != tt.passed {
					t.Errorf("got %v after %v, want success %v after %v", err, time.Since(begun), tt.want, tt.passed)
				}
				if _, slow := errors.AsType[*Slow](err); err != nil && ctx.Err() == nil && !slow {
					t.Errorf("got %v, want *Slow", err)
				}
			})
		}
	}
}

func TestSlowToOpenADirectChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, tries := newWire(), 0
		w.odd = func(how string, _ Message) error {
			if tries++; how == "direct" && tries == 1 {
				return &Slow{After: 2 * time.Second}
			}
			return nil
		}
		h, begun := host(t, w, nil), time.Now()
		if _, err := h.bot.Direct(t.Context(), ann); err != nil || time.Since(begun) != 2*time.Second {
			t.Errorf("got %v after %v, want it after 2s", err, time.Since(begun))
		}
	})
}

// busy takes a call every so often and refuses all others.
type busy struct {
	every time.Duration
	mu    sync.Mutex
	free  time.Time
	begun time.Time
	done  []time.Duration
	calls int
}

func newBusy(every time.Duration) *busy {
	return &busy{every: every, begun: time.Now(), free: time.Now()}
}

func (b *busy) call() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	if wait := time.Until(b.free); wait > 0 {
		return &Slow{After: wait}
	}
	b.free = time.Now().Add(b.every)
	b.done = append(b.done, time.Since(b.begun))
	return nil
}

func TestPaceWaitsForABusyChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		b := newBusy(time.Second)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if err := p.through(t.Context(), placeOf(hall), b.call); err != nil {
					t.Errorf("got %v, want patience", err)
				}
			})
		}
		wg.Wait()
		slices.Sort(b.done)
		for i, at := range b.done {
			if want := time.Duration(i) * time.Second; at != want {
				t.Errorf("message %d: got it after %v, want %v", i, at, want)
			}
		}
		if len(b.done) != 6 || b.calls > 6+6+5 { // each hears of it once at first, and then one by one
			t.Errorf("got %d messages by %d calls, want 6 by few", len(b.done), b.calls)
		}
		if len(p.gates) != 0 {
			t.Errorf("got %d chats remembered, want none", len(p.gates))
		}
	})
}

// While a chat is busy nobody asks anything of it, and other chats go on. What is
// too fast alone waits alone.
func TestPaceKeepsApart(t *testing.T) {
	tests := []struct {
		name  string
		alone bool
		to    Chat
		want  time.Duration
	}{
		{"the same chat", false, hall, 5 * time.Second},
		{"a thread of it", false, Chat{Platform: hall.Platform, Team: hall.Team, ID: hall.ID, Thread: "1"}, 5 * time.Second},
		{"another chat", false, home, time.Second},
		{"the same chat, which is not meant", true, hall, time.Second},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			var p pace
			begun, first := time.Now(), make(chan error, 1)
			go func() {
				tries := 0
				first <- p.through(t.Context(), placeOf(hall), func() error {
					if tries++; tries == 1 {
						return &Slow{After: 5 * time.Second, Alone: tt.alone}
					}
					return nil
				})
			}()
			time.Sleep(time.Second)
			var called time.Duration
			err := p.through(t.Context(), placeOf(tt.to), func() error { called = time.Since(begun); return nil })
			if err != nil || called != tt.want {
				t.Errorf("got %v after %v, want it after %v", err, called, tt.want)
			}
			if err := <-first; err != nil || time.Since(begun) != 5*time.Second {
				t.Errorf("the first: got %v after %v, want it after 5s", err, time.Since(begun))
			}
			if len(p.gates) != 0 {
				t.Errorf("got %d chats remembered, want none", len(p.gates))
			}
		})
	}
}

// A queue has an end, for those who wait; a call under way goes on.
func TestPaceHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		begun, first := time.Now(), make(chan error, 1)
		go func() {
			tries := 0
			first <- p.through(t.Context(), placeOf(hall), func() error {
				if tries++; tries == 1 {
					return &Slow{After: time.Second}
				}
				time.Sleep(time.Minute)
				return nil
			})
		}()
		synctest.Wait()
		err := p.through(t.Context(), placeOf(hall), func() error { return nil })
		if slow, ok := errors.AsType[*Slow](err); !ok || time.Since(begun) != longestSlow {
			t.Errorf("got %v after %v, want %v in the end", err, time.Since(begun), slow)
		}
		if err := <-first; err != nil || time.Since(begun) != time.Minute+time.Second {
			t.Errorf("the first: got %v after %v, want it done after its time", err, time.Since(begun))
		}
	})
}
