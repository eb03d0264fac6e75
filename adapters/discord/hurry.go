package discord

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

// This file has what becomes of an interaction that is not answered in time, or
// not at all.

// hurry defers the answer: once the event is safe, or when Discord would give up
// on it. An event that is not safe when the bot ends was never taken.
func (f *first) hurry() {
	select {
	case <-f.safe:
	case <-time.After(ackAfter - deferAfter):
	case <-f.ended:
		if !f.isSafe() {
			f.adapter.pending.remove(f)
			return
		}
	}
	f.insist("acknowledge", f.put)
}

// recent are the interactions that came last. The zero recent has none.
type recent struct {
	mu   sync.Mutex
	ids  [64]string
	next int
}

// had notes an interaction, and reports whether it had come before.
func (r *recent) had(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.ids[:], id) {
		return true
	}
	r.ids[r.next] = id
	r.next = (r.next + 1) % len(r.ids)
	return false
}

// done leaves nobody waiting for an answer that does not come. A repeat is left
// to whoever has the event.
func (f *first) done(repeat bool) {
	if repeat {
		f.insist("drop", f.drop)
		return
	}
	if !f.settled() {
		f.insist("finish", f.finish)
	}
}

// settled reports whether nothing is to be done any more, as far as that can be
// told without waiting.
func (f *first) settled() bool {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
		return f.state == answered || f.state == missed
	default: // somebody is answering
		return false
	}
}

// insist does something in its turn, and again when Discord wants it later.
func (f *first) insist(what string, do func(context.Context) error) {
	ctx, stop := context.WithTimeout(context.Background(), ackAfter)
	defer stop()
	for {
		err := f.inTurn(ctx, do)
		slow, wait := errors.AsType[*core.Slow](err)
		if wait && reach.Pause(ctx, slow.After) == nil {
			continue
		}
		if err != nil {
			f.adapter.log.Debug("an interaction does not end well", "platform", platform, "to", what, "error", err)
		}
		return
	}
}

func (f *first) inTurn(ctx context.Context, do func(context.Context) error) error {
	leave, err := f.enter(ctx)
	if err != nil {
		return err // somebody is answering
	}
	defer leave()
	return do(ctx)
}

// drop leaves an interaction as it is. Whoever calls it has the turn.
func (f *first) drop(context.Context) error {
	if f.state == fresh {
		f.became(missed)
		f.over.release()
	}
	return nil
}

// finish ends the wait for an answer: that of a press, and of a command by showing
// for a moment, to its person alone, that the bot thinks. Whoever calls it has the
// turn.
func (f *first) finish(ctx context.Context) error {
	f.private = f.private || f.state == fresh
	if err := f.put(ctx); err != nil || f.state != thinking || f.foreign {
		return err
	}
	f.over.wait(ctx)
	return f.hush(ctx)
}

// isSafe reports whether a crash can no longer lose the event.
func (f *first) isSafe() bool {
	select {
	case <-f.safe:
		return true
	default:
		return false
	}
}
