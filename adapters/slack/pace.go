package slack

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
)

const (
	patience = 10 * time.Second // that a call waits for a chat; then core hears of it
	retries  = 3                // of a call that met an outage
	firstTry = 500 * time.Millisecond
)

// write is a call that may be done twice. It waits where Slack wants a chat left
// alone, and tries again after an outage.
func (a *Adapter) write(ctx context.Context, chat core.Chat, method string, do func(context.Context) error) error {
	return a.persevere(ctx, chat, method, passing, do)
}

// post is write for what would be seen twice. It is not sent again when it may
// have been taken: when there was no answer in time, or one that cannot be read,
// which is core.ErrUnsure. A connection that was closed without a word has taken
// nothing, as far as anybody can tell.
func (a *Adapter) post(ctx context.Context, chat core.Chat, method string, do func(context.Context) error) error {
	untaken := func(err error) bool { return passing(err) && !garbled(err) && !errors.Is(err, errTimeout) }
	err := a.persevere(ctx, chat, method, untaken, do)
	if garbled(err) {
		return fmt.Errorf("%w: %w", core.ErrUnsure, err)
	}
	return err
}

func (a *Adapter) persevere(ctx context.Context, chat core.Chat, method string, again func(error) bool, do func(context.Context) error) error {
	for try := 0; ; try++ {
		err := a.pace.through(ctx, chat.ID, func() error { return a.call(ctx, method, do) })
		if r, refused := errors.AsType[*refusal](err); refused {
			r.direct = chat.Direct
		}
		if err == nil || try == retries || !again(err) {
			return err
		}
		if err := pause(ctx, firstTry<<try); err != nil {
			return err
		}
	}
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pace keeps calls to a chat apart while Slack wants the chat left alone: after a
// 429 they go one at a time, each after the time that Slack named. The zero pace
// is ready.
type pace struct {
	mu    sync.Mutex
	gates map[string]*gate
}

// gate is before a chat that was told to wait for.
type gate struct {
	turn  chan struct{} // holds one while a call is under way
	until time.Time     // owned by whoever has the turn
	users int           // guarded by pace.mu
}

// through does a call to a chat. It waits up to patience; more is a *core.Slow.
func (p *pace) through(ctx context.Context, chat string, call func() error) error {
	g := p.join(chat, false)
	if g == nil {
		err := call()
		slow, ok := errors.AsType[*core.Slow](err)
		if !ok || slow.After > patience {
			return err
		}
		g = p.join(chat, true)
		defer p.leave(chat, g)
		return g.pass(ctx, slow.After, call)
	}
	defer p.leave(chat, g)
	return g.pass(ctx, 0, call)
}

// pass does a call when it has its turn and the time has come.
func (g *gate) pass(ctx context.Context, wait time.Duration, call func() error) error {
	ctx, stop := context.WithTimeoutCause(ctx, patience+wait, &core.Slow{After: patience})
	defer stop()
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if until := time.Now().Add(wait); until.After(g.until) {
		g.until = until
	}
	for {
		if err := pause(ctx, time.Until(g.until)); err != nil {
			return err
		}
		err := call()
		slow, ok := errors.AsType[*core.Slow](err)
		if !ok || slow.After > patience {
			return err
		}
		g.until = time.Now().Add(slow.After)
	}
}

// join enters the queue before a chat; without one it makes it or returns nil.
func (p *pace) join(chat string, begin bool) *gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.gates[chat]
	if g == nil && !begin {
		return nil
	}
	if g == nil {
		if p.gates == nil {
			p.gates = map[string]*gate{}
		}
		g = &gate{turn: make(chan struct{}, 1)}
		p.gates[chat] = g
	}
	g.users++
	return g
}

// leave forgets a chat that nobody waits for any more.
func (p *pace) leave(chat string, g *gate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g.users--; g.users == 0 {
		delete(p.gates, chat)
	}
}
