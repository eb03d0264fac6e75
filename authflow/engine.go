package authflow

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/usherbot/usher/core/store"
)

// The sizes of the engine.
const (
	workers        = 64               // requests to providers at once
	perProvider    = 16               // of them to one provider
	requestTimeout = 10 * time.Second // of one request
	retryWrite     = time.Second      // until a step that could not be stored is tried again
	grace          = 3 * time.Second  // for requests under way when Run ends
	claimBatch     = 1000
)

// entry is an open login in memory. While at is not negative the heap has it;
// otherwise exactly one goroutine works on it and owns its fields.
type entry struct {
	row      store.Login // as read or made; its id, person and provider count
	provider Provider
	flow     Flow
	turn     turn
	token    Token     // with Granted
	since    time.Time // when Granted
	pending  decision  // made, and not stored yet
	due      time.Time // when to go on
	wake     time.Time // when the card must move

	at   int                // in the heap
	stop context.CancelFunc // ends the request under way
	idle chan struct{}      // closed when whoever works on it is done
}

// next is when the engine has to look at e again.
func (e *entry) next() time.Time {
	if !e.wake.IsZero() && e.wake.Before(e.due) {
		return e.wake
	}
	return e.due
}

// engine is the soft state of polling: a heap of what is due. All of it can be
// read again from the store.
type engine struct {
	mu      sync.Mutex
	entries map[string]*entry
	heap    dueHeap
	changed chan struct{} // the first of the heap may have changed
	slots   chan struct{}
	per     map[string]chan struct{}
}

func newEngine(providers []Provider) *engine {
	g := &engine{
		entries: map[string]*entry{}, changed: make(chan struct{}, 1),
		slots: make(chan struct{}, workers), per: map[string]chan struct{}{},
	}
	for _, p := range providers {
		g.per[p.Name] = make(chan struct{}, perProvider)
	}
	return g
}

// add begins to look after e.
func (g *engine) add(e *entry) {
	g.mu.Lock()
	g.entries[e.row.ID] = e
	heap.Push(&g.heap, e)
	g.mu.Unlock()
	g.look()
}

// look makes the loop look at the heap again.
func (g *engine) look() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// wake sets when a card must move.
func (g *engine) wake(id string, at time.Time) {
	g.mu.Lock()
	if e := g.entries[id]; e != nil {
		e.wake = at
		if e.at >= 0 {
			heap.Fix(&g.heap, e.at)
		}
	}
	g.mu.Unlock()
	g.look()
}

// hold takes a login away from the engine, ending a request under way, until
// release is called: to go on with it, or to forget it. One that the engine does
// not have is another process's.
func (g *engine) hold(ctx context.Context, id string) (release func(goOn bool), err error) {
	for {
		g.mu.Lock()
		e := g.entries[id]
		if e == nil {
			g.mu.Unlock()
			return func(bool) {}, nil
		}
		if e.at >= 0 {
			g.take(e, func() {})
			g.mu.Unlock()
			return func(goOn bool) { g.giveBack(e, goOn) }, nil
		}
		e.stop()
		idle := e.idle
		g.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take gives e to the caller alone. g.mu is held.
func (g *engine) take(e *entry, stop context.CancelFunc) {
	heap.Remove(&g.heap, e.at)
	e.at, e.stop, e.idle = -1, stop, make(chan struct{})
}

// giveBack ends a take. An entry that is not kept is forgotten.
func (g *engine) giveBack(e *entry, keep bool) {
	g.mu.Lock()
	if keep {
		heap.Push(&g.heap, e)
	} else {
		delete(g.entries, e.row.ID)
	}
	close(e.idle)
	g.mu.Unlock()
	g.look()
}

// ready takes the first entry that is due and is not waking, after having
// collected those whose cards must move. wait is the time until the next look.
func (g *engine) ready(ctx context.Context, now time.Time) (e *entry, run context.Context, woken []store.Login, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.heap) > 0 {
		first := g.heap[0]
		if wait = first.next().Sub(now); wait > 0 {
			return nil, nil, woken, wait
		}
		if !first.wake.IsZero() && !first.wake.After(now) {
			woken = append(woken, first.row)
			first.wake = time.Time{}
			heap.Fix(&g.heap, 0)
			continue
		}
		run, stop := context.WithCancel(ctx)
		g.take(first, stop)
		return first, run, woken, 0
	}
	return nil, nil, woken, time.Hour
}

// dueHeap orders entries by when they are due.
type dueHeap []*entry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].next().Before(h[j].next()) }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *dueHeap) Push(x any) {
	e := x.(*entry)
	e.at = len(*h)
	*h = append(*h, e)
}

func (h *dueHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.at = -1
	return e
}
