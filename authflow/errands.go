package authflow

import (
	"context"
	"maps"
	"sync"
	"time"
)

// errands are what goes on when whoever began it has left: a refresh that others
// wait for too, the revocation of a token that nobody needs.
type errands struct {
	mu    sync.Mutex
	last  int
	stops map[int]context.CancelFunc // of those under way
	idle  chan struct{}              // closed when none is; only there while one is
}

// run begins f. Its context has the values of ctx, not its end.
func (e *errands) run(ctx context.Context, f func(context.Context)) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.stops) == 0 {
		e.stops, e.idle = map[int]context.CancelFunc{}, make(chan struct{})
	}
	e.last++
	id := e.last
	e.stops[id] = stop
	go func() {
		defer e.end(id)
		f(ctx)
	}()
}

func (e *errands) end(id int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stops[id]()
	delete(e.stops, id)
	if len(e.stops) == 0 {
		close(e.idle)
	}
}

// request runs ask with one of the slots for errands at a provider, and a time limit. It
// reports false when ctx ended before: then nothing was asked.
func (l *Logins) request(ctx context.Context, provider string, ask func(context.Context)) bool {
	slots := l.slots[provider]
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return false
	}
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	ask(limited)
	return true
}

// drain waits for those that are under way. When hurry ends, so do they.
func (e *errands) drain(hurry context.Context) {
	e.mu.Lock()
	idle, none := e.idle, len(e.stops) == 0
	e.mu.Unlock()
	if none {
		return
	}
	select {
	case <-idle:
		return
	case <-hurry.Done():
	}
	e.mu.Lock()
	stops := maps.Clone(e.stops)
	e.mu.Unlock()
	for _, stop := range stops {
		stop()
	}
	<-idle
}

// pause waits for d. It returns an error when ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
