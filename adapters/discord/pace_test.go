package discord

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

// busy takes a call every so often and refuses all others.
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

var one, two = request{gate: "1"}, request{gate: "2"}

func TestPaceWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		b := newBusy(time.Second)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if err := p.through(t.Context(), one, b.call); err != nil {
					t.Errorf("got %v, want patience", err)
				}
			})
		}
		wg.Wait()
		slices.Sort(b.done)
		for i, at := range b.done {
			if want := time.Duration(i) * time.Second; at != want {
				t.Errorf("call %d: got it after %v, want %v", i, at, want)
			}
		}
		if len(b.done) != 6 || b.calls > 6+6+5 { // each hears of it once at first, and then one by one
			t.Errorf("got %d done by %d calls, want 6 by few", len(b.done), b.calls)
		}
		if len(p.gates) != 0 {
			t.Errorf("got %d gates remembered, want none", len(p.gates))
		}
	})
}

func TestPaceKeepsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		b := newBusy(5 * time.Second)
		b.free = time.Now().Add(5 * time.Second)
		go func() {
			if err := p.through(t.Context(), one, b.call); err != nil {
				t.Errorf("got %v, want patience", err)
			}
		}()
		synctest.Wait()
		began := time.Now()
		if err := p.through(t.Context(), two, func() error { return nil }); err != nil || time.Since(began) != 0 {
			t.Errorf("another: got %v after %v, want no wait", err, time.Since(began))
		}
		time.Sleep(6 * time.Second)
	})
}

// A limit of the whole bot stops everything but answers to interactions.
func TestPaceOfTheWholeBot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		tries, began, first := 0, time.Now(), make(chan struct{})
		go func() {
			defer close(first)
			err := p.through(t.Context(), one, func() error {
				if tries++; tries == 1 {
					return &refusal{status: 429, after: 3 * time.Second, global: true}
				}
				return nil
			})
			if err != nil || time.Since(began) != 3*time.Second {
				t.Errorf("got %v after %v, want it done after 3s", err, time.Since(began))
			}
		}()
		synctest.Wait()
		done := func(r request) time.Duration {
			if err := p.through(t.Context(), r, func() error { return nil }); err != nil {
				t.Errorf("got %v, want patience", err)
			}
			return time.Since(began)
		}
		if got := done(request{gate: "hook", hook: true}); got != 0 {
			t.Errorf("an answer: got it after %v, want it at once", got)
		}
		if got := done(two); got != 3*time.Second {
			t.Errorf("another call: got it after %v, want 3s", got)
		}
		<-first
		p.until = time.Now().Add(time.Minute)
		slow, ok := errors.AsType[*core.Slow](p.through(t.Context(), two, func() error { return nil }))
		if !ok || slow.After != time.Minute {
			t.Errorf("got %v, want a minute told", slow)
		}
	})
}

func TestPaceHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		began := time.Now()
		err := p.through(t.Context(), one, func() error { return &core.Slow{After: time.Minute} })
		slow, ok := errors.AsType[*core.Slow](err)
		if !ok || slow.After != time.Minute || time.Since(began) != 0 {
			t.Errorf("got %v after %v, want the minute told at once", err, time.Since(began))
		}
		err = p.through(t.Context(), one, func() error { return &core.Slow{After: 2 * time.Second} })
		if _, ok := errors.AsType[*core.Slow](err); !ok || time.Since(began) > 2*patience {
			t.Errorf("for ever busy: got %v after %v, want *core.Slow in the end", err, time.Since(began))
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		err = p.through(ctx, one, func() error { return &core.Slow{After: 5 * time.Second} })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", err)
		}
		if len(p.gates) != 0 {
			t.Errorf("got %d gates remembered, want none", len(p.gates))
		}
	})
}
