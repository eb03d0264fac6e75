package authflow

import (
	"container/heap"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/core/replica"
)

// The sizes of the engine.
const (
	workers        = 64                    // logins that are worked on at once
	perProvider    = 16                    // of them at one provider
	requestTimeout = 10 * time.Second      // of one request
	leeway         = 10 * time.Millisecond // what is due within it is taken up at once
	retryWrite     = time.Second           // until a step that could not be stored is tried again
	grace          = 3 * time.Second       // for requests under way when Run, or a life, ends
	claimBatch     = 500
)

// engine is the soft state of polling: heaps of what is due. All of it can be read
// again from the store. It has logins only while it has a life, whose they are.
type engine struct {
	mu      sync.Mutex
	life    *replica.Life
	work    context.Context // of what is under way in that life
	epoch   time.Time       // where its clock begins, which is the monotonic one
	entries *index
	runs    map[*entry]*run
	vias    map[string]*via
	lanes   map[string]*lane
	wakes   dueHeap
	held    dueHeap // see hold.go
	running int
	target  time.Duration   // when the loop looks next
	changed chan struct{}   // it has to look before that
	jobs    chan *run       // to workers that wait
	stale   map[string]bool // changed while logins are claimed; nil while none are
}

func newEngine(providers []Provider) *engine {
	g := &engine{
		epoch: time.Now(), entries: newIndex(), runs: map[*entry]*run{}, lanes: map[string]*lane{},
		changed: make(chan struct{}, 1), jobs: make(chan *run),
	}
	for _, p := range providers {
		g.lanes[p.Name] = &lane{}
	}
	g.clear()
	return g
}

// begin takes up logins in the name of life. What is under way may go on until
// work ends.
func (g *engine) begin(life *replica.Life, work context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.life, g.work = life, work
}

// clear forgets all logins, and returns those of which something was decided that is
// not stored. Nobody works on one.
func (g *engine) clear() (undone []*entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for e := range g.entries.all() {
		if e.decided() {
			undone = append(undone, e)
		}
	}
	g.life, g.entries, g.vias, g.wakes, g.held = nil, newIndex(), map[string]*via{}, nil, nil
	for _, l := range g.lanes {
		l.heap, l.open = nil, 0
	}
	return undone
}

// owner is the id under which this process owns logins now; empty: it cannot.
func (g *engine) owner() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ownerLocked()
}

func (g *engine) ownerLocked() string {
	if g.life == nil || !g.life.Alive() {
		return ""
	}
	return g.life.ID
}

// on is t on the engine's clock, and off its inverse. The zero time stays zero.
func (g *engine) on(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return t.Sub(g.epoch)
}

func (g *engine) off(d time.Duration) time.Time { return g.epoch.Add(d) }

// via returns the one for these.
func (g *engine) via(p Provider, flow Flow, kind string, scopes []string) *via {
	key := p.Name + "\x00" + kind + "\x00" + strings.Join(scopes, "\x00")
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.vias[key]
	if v == nil {
		v = &via{provider: p, flow: flow, scopes: scopes, lane: g.lanes[p.Name]}
		if v.lane == nil {
			v.lane = &lane{} // of a provider that is no longer offered
			g.lanes[p.Name] = v.lane
		}
		g.vias[key] = v
	}
	return v
}

// claiming has the engine remember which logins are changed while others are claimed:
// what was read of them then may be an old picture.
func (g *engine) claiming(now bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stale = nil
	if now {
		g.stale = map[string]bool{}
	}
}

// wrote says that a login was changed in the store.
func (g *engine) wrote(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.note(id)
}

// note is wrote with g.mu held.
func (g *engine) note(id string) {
	if g.stale != nil {
		g.stale[id] = true
	}
}

func (g *engine) isStale(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stale[id]
}

// add begins to look after e, unless its row is another life's.
func (g *engine) add(e *entry, owner string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if owner == "" || owner != g.ownerLocked() {
		return
	}
	if old := g.entries.get(e.login()); old != nil {
		old.via.lane.open--
	}
	g.entries.put(e)
	e.via.lane.open++
	g.push(e)
}

// push puts e, on which nobody works, into its heap. g.mu is held.
func (g *engine) push(e *entry) {
	e.waking = e.wakesFirst()
	heap.Push(g.heapOf(e), e)
	if e.next() < g.target {
		g.target = e.next()
		g.look()
	}
}

// pull takes e out of its heap. g.mu is held.
func (g *engine) pull(e *entry) { heap.Remove(g.heapOf(e), int(e.at)) }

func (g *engine) heapOf(e *entry) *dueHeap {
	switch {
	case e.waking:
		return &g.wakes
	case e.holds():
		return &g.held
	}
	return &e.via.lane.heap
}

// look makes the loop look at the heaps again.
func (g *engine) look() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// wake sets when a card must move.
func (g *engine) wake(id string, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.entries.get(id)
	switch {
	case e == nil:
		g.note(id)
	case g.runs[e] != nil:
		e.setWake(g, at)
	default:
		g.pull(e)
		e.setWake(g, at)
		g.push(e)
	}
}

// doubt has a login read again, unless it is in that state here too, and reports
// whether the engine has it. One that is being worked on may be so in a moment, and
// what is decided and not stored yet finds out by itself; the row is looked at again.
func (g *engine) doubt(id string, state State) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.entries.get(id)
	switch {
	case e == nil:
		return false
	case g.runs[e] != nil, e.state() == state, e.decided():
		return true
	}
	g.pull(e)
	e.stale, e.due = true, g.on(time.Now())
	g.push(e)
	return true
}

// replace makes e, on which its caller works, what it has become by now.
func (g *engine) replace(e, now *entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now.wake = e.wake // which anybody sets
	*e = *now
}

// hold takes a login away from the engine, ending a request under way, until
// release is called: to go on with it, or to forget it. One that the engine does
// not have is another process's, and nil.
func (g *engine) hold(ctx context.Context, id string) (held *entry, release func(goOn bool), err error) {
	for {
		g.mu.Lock()
		e := g.entries.get(id)
		if e == nil {
			g.mu.Unlock()
			return nil, func(bool) {}, nil
		}
		r := g.runs[e]
		if r == nil {
			g.pull(e)
			r = &run{entry: e, stop: func() {}, idle: make(chan struct{})}
			g.runs[e] = r
			g.mu.Unlock()
			return e, func(goOn bool) { g.giveBack(r, goOn) }, nil
		}
		r.stop()
		g.mu.Unlock()
		select {
		case <-r.idle:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// giveBack ends a hold. An entry that is not kept is forgotten.
func (g *engine) giveBack(r *run, keep bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settle(r, keep)
}

// settle ends a run. g.mu is held.
func (g *engine) settle(r *run, keep bool) {
	e := r.entry
	close(r.idle)
	delete(g.runs, e)
	switch {
	case g.entries.get(e.login()) != e: // of a life that is over
	case keep:
		g.push(e)
	default:
		g.entries.remove(e.login())
		e.via.lane.open--
	}
}
