package authflow

import (
	"context"
	"math"
	"time"
)

// lane is the logins of one provider.
type lane struct {
	heap    dueHeap
	running int
	open    int // all of them, also those that are in no heap of its
}

// due takes what is due and may be worked on now, and the ids of those whose cards
// must move. wait is the time until the next look.
func (g *engine) due(now time.Time) (start []*run, woken []string, wait time.Duration) {
	at := g.on(now)
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.wakes) > 0 && g.wakes[0].wake.time() <= at {
		e := g.wakes[0]
		g.pull(e)
		e.wake = 0
		g.push(e)
		woken = append(woken, e.login())
	}
	for r := g.pick(at); r != nil; r = g.pick(at) {
		start = append(start, r)
	}
	g.target = at + time.Hour
	if len(g.wakes) > 0 {
		g.target = min(g.target, g.wakes[0].wake.time())
	}
	if len(g.held) > 0 {
		g.target = min(g.target, g.held[0].due)
	}
	g.target = min(g.target, g.nextDue())
	return start, woken, g.target - at
}

// nextDue is when the next may be worked on. While there is no room for it, that is
// never: done looks again. g.mu is held.
func (g *engine) nextDue() time.Duration {
	next := time.Duration(math.MaxInt64)
	for _, l := range g.lanes {
		if len(l.heap) > 0 && l.running < perProvider && g.running < workers {
			next = min(next, l.heap[0].due)
		}
	}
	return next
}

// pick takes the entry that is due for longest, where one more may be worked on.
// g.mu is held.
func (g *engine) pick(at time.Duration) *run {
	var first *lane
	for _, l := range g.lanes {
		if len(l.heap) > 0 && l.heap[0].due <= at && l.running < perProvider && (first == nil || l.heap[0].due < first.heap[0].due) {
			first = l
		}
	}
	if first == nil || g.running >= workers {
		return nil
	}
	e := first.heap[0]
	g.pull(e)
	first.running++
	g.running++
	return g.run(e, requestTimeout)
}

// run begins to work on e, for so long. g.mu is held.
func (g *engine) run(e *entry, limit time.Duration) *run {
	ctx, stop := context.WithTimeout(g.work, limit)
	r := &run{entry: e, ctx: ctx, stop: stop, idle: make(chan struct{})}
	g.runs[e] = r
	return r
}

// handOver gives r to a worker that waits, if one does.
func (g *engine) handOver(r *run) bool {
	select {
	case g.jobs <- r:
		return true
	default:
		return false
	}
}

// await gives r to the next worker that waits: as many as may be are there, and
// one of them is about to.
func (g *engine) await(ctx context.Context, r *run) {
	select {
	case g.jobs <- r:
	case <-ctx.Done():
		g.done(r, true, time.Now())
	}
}

// done ends a run, and returns what its worker works on next, if there is something.
func (g *engine) done(r *run, keep bool, now time.Time) *run {
	r.stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	r.via.lane.running--
	g.running--
	g.settle(r, keep)
	if g.ownerLocked() == "" {
		return nil
	}
	next := g.pick(g.on(now))
	if due := g.nextDue(); due < g.target { // for which there was no room
		g.target = due
		g.look()
	}
	return next
}

// dueHeap orders entries by when the engine has to look at them.
type dueHeap []*entry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].next() < h[j].next() }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = int32(i), int32(j)
}

func (h *dueHeap) Push(x any) {
	e := x.(*entry)
	e.at = int32(len(*h))
	*h = append(*h, e)
}

func (h *dueHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}
