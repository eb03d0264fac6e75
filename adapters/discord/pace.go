package discord

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
)

const (
	patience = 10 * time.Second // that a call waits for its turn; then core hears of it
	retries  = 3                // of a call that met an outage
	firstTry = 500 * time.Millisecond
)

// write is a call that changes something. It waits where Discord wants to be left
// alone and tries again after an outage, but not what may have been done and
// would then be done twice.
func (a *Adapter) write(ctx context.Context, r request, result any) error {
	for try := 0; ; try++ {
		err := a.pace.through(ctx, r, func() error { return a.soon(ctx, r, result) })
		if err == nil || try == retries || !passing(err) || r.once && unsure(err) {
			return err
		}
		if err := pause(ctx, firstTry<<try); err != nil {
			return err
		}
	}
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pace keeps calls apart that Discord limits together, while it wants to be left
// alone: after a 429 they go one at a time, each after the time that Discord
// named. A global 429 stops all but what has an interaction's token, which
// Discord does not count. The zero pace is ready.
type pace struct {
	mu    sync.Mutex
	gates map[string]*gate
	until time.Time // of a global 429
}

// gate is before what was told to wait.
type gate struct {
	turn  chan struct{} // holds one while a call is under way
	until time.Time     // owned by whoever has the turn
	users int           // guarded by pace.mu
}

// through does a call. It waits up to patience; more is a *core.Slow.
func (p *pace) through(ctx context.Context, r request, do func() error) error {
	call := func() error { return p.global(ctx, r, do) }
	g := p.join(r.gate, false)
	if g == nil {
		err := call()
		wait, ok := waits(err)
		if !ok {
			return err
		}
		g = p.join(r.gate, true)
		defer p.leave(r.gate, g)
		return g.pass(ctx, wait, call)
	}
	defer p.leave(r.gate, g)
	return g.pass(ctx, 0, call)
}

// waits reports whether an error asks for a wait that is not too long.
func waits(err error) (time.Duration, bool) {
	slow, ok := errors.AsType[*core.Slow](err)
	if !ok || slow.After > patience {
		return 0, false
	}
	return slow.After, true
}

// global does a call once the whole bot may go on.
func (p *pace) global(ctx context.Context, r request, do func() error) error {
	if !r.hook {
		p.mu.Lock()
		wait := time.Until(p.until)
		p.mu.Unlock()
		if wait > patience {
			return &core.Slow{After: wait}
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
	err := do()
	if limited, ok := errors.AsType[*refusal](err); ok && limited.global {
		p.mu.Lock()
		defer p.mu.Unlock()
		if until := time.Now().Add(limited.after); until.After(p.until) {
			p.until = until
		}
	}
	return err
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
		wait, ok := waits(err)
		if !ok {
			return err
		}
		g.until = time.Now().Add(wait)
	}
}

// join enters the queue before a gate; without one it makes it or returns nil.
func (p *pace) join(name string, begin bool) *gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.gates[name]
	if g == nil && !begin {
		return nil
	}
	if g == nil {
		if p.gates == nil {
			p.gates = map[string]*gate{}
		}
		g = &gate{turn: make(chan struct{}, 1)}
		p.gates[name] = g
	}
	g.users++
	return g
}

// leave forgets a gate that nobody waits at any more.
func (p *pace) leave(name string, g *gate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g.users--; g.users == 0 {
		delete(p.gates, name)
	}
}
