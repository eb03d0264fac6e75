package slack

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
)

// busy is a chat that takes a message every so often and refuses all others.
type busy struct {
	every time.Duration
	mu    sync.Mutex
	free  time.Time
	done  []time.Duration
	begun time.Time
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
		return &core.Slow{After: wait}
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
				if err := p.through(t.Context(), "1", b.call); err != nil {
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

func TestPaceKeepsChatsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		b := newBusy(5 * time.Second)
		b.free = time.Now().Add(5 * time.Second)
		go func() {
			if err := p.through(t.Context(), "1", b.call); err != nil {
				t.Errorf("got %v, want patience", err)
			}
		}()
		synctest.Wait()
		began := time.Now()
		if err := p.through(t.Context(), "2", func() error { return nil }); err != nil || time.Since(began) != 0 {
			t.Errorf("another chat: got %v after %v, want no wait", err, time.Since(began))
		}
		time.Sleep(6 * time.Second)
	})
}

func TestPaceHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		began := time.Now()
		err := p.through(t.Context(), "1", func() error { return &core.Slow{After: time.Minute} })
		slow, ok := errors.AsType[*core.Slow](err)
		if !ok || slow.After != time.Minute || time.Since(began) != 0 {
			t.Errorf("got %v after %v, want the minute told at once", err, time.Since(began))
		}
		err = p.through(t.Context(), "1", func() error { return &core.Slow{After: 2 * time.Second} })
		if _, ok := errors.AsType[*core.Slow](err); !ok || time.Since(began) > 2*patience {
			t.Errorf("for ever busy: got %v after %v, want *core.Slow in the end", err, time.Since(began))
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		err = p.through(ctx, "1", func() error { return &core.Slow{After: 5 * time.Second} })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", err)
		}
		if len(p.gates) != 0 {
			t.Errorf("got %d chats remembered, want none", len(p.gates))
		}
	})
}
