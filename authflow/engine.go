package authflow

import (
	"container/heap"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/core/replica"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// The sizes of the engine.
const (
	workers        = 64                    // logins that are worked on at once
	perProvider    = 16                    // of them at one provider
	requestTimeout = 10 * time.Second      // of one request
	leeway         = 10 * time.Millisecond // what is due within it is taken up at once
	retryWrite     = time.Second           // until a step that could not be stored is tried again
	grace          = 3 * time.Second       // for requests under way when Run, or a life, ends
	claimBatch     = 1000
)

// entry is an open login in memory. While run is nil one of the heaps has it;
// otherwise exactly one goroutine works on it and owns its fields. There are many
// of them, and most only wait: what can be read again from the row is not here.
type entry struct {
	id     string
	via    *via
	state  State
	secret seal.Secret   // of its Grant
	code   string        // of its Grant, for errors to hide
	every  time.Duration // of its Grant
	// On the engine's clock:
	expires, due time.Duration // of its Grant; when to go on
	wake         time.Duration // when the card must move; 0: never
	misses, at   int32         // failures in a row; the place in its heap
	slowed, held bool          // of its Grant
	waking       bool          // it is in the heap of those whose cards must move first
	stale        bool          // somebody else took a step, which is to be followed
	won          *won          // beyond Waiting
	run          *run
}

// via is what logins share that ask the same of the same provider.
type via struct {
	provider Provider
	flow     Flow // nil where it is no longer offered
	scopes   []string
	lane     *lane
}

// won is what a login has that is more than waiting.
type won struct {
	token   Token
	since   time.Time // when it was granted
	pending decision  // made, and not stored yet
}

// run is the work on an entry.
type run struct {
	ctx  context.Context
	stop context.CancelFunc // ends the request under way
	idle chan struct{}      // closed when it is done
}

// next is when the engine has to look at e again.
func (e *entry) next() time.Duration {
	if e.wakesFirst() {
		return e.wake
	}
	return e.due
}

func (e *entry) wakesFirst() bool { return e.wake != 0 && e.wake < e.due }

// lane is the logins of one provider.
type lane struct {
	heap    dueHeap
	running int
}

// engine is the soft state of polling: heaps of what is due. All of it can be read
// again from the store. It has logins only while it has a life, whose they are.
type engine struct {
	mu      sync.Mutex
	life    *replica.Life
	work    context.Context // of what is under way in that life
	epoch   time.Time       // where its clock begins, which is the monotonic one
	entries map[string]*entry
	vias    map[string]*via
	lanes   map[string]*lane
	wakes   dueHeap
	held    dueHeap // see hold.go
	running int
	target  time.Duration   // when the loop looks next
	changed chan struct{}   // it has to look before that
	jobs    chan *entry     // to workers that wait
	stale   map[string]bool // changed while logins are claimed; nil while none are
}

func newEngine(providers []Provider) *engine {
	g := &engine{epoch: time.Now(), lanes: map[string]*lane{}, changed: make(chan struct{}, 1), jobs: make(chan *entry)}
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
	for _, e := range g.entries {
		if e.won != nil && e.won.pending != nil {
			undone = append(undone, e)
		}
	}
	g.life, g.entries, g.vias, g.wakes, g.held = nil, map[string]*entry{}, map[string]*via{}, nil, nil
	for _, l := range g.lanes {
		l.heap = nil
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
	g.entries[e.id] = e
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
	e := g.entries[id]
	switch {
	case e == nil:
		g.note(id)
	case e.run != nil:
		e.wake = g.on(at)
	default:
		g.pull(e)
		e.wake = g.on(at)
		g.push(e)
	}
}

// doubt has a login read again, unless it is in that state here too, and reports
// whether the engine has it. One that is being worked on may be so in a moment, and
// what is decided and not stored yet finds out by itself; the row is looked at again.
func (g *engine) doubt(id string, state State) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.entries[id]
	switch {
	case e == nil:
		return false
	case e.run != nil, e.state == state, e.won != nil && e.won.pending != nil:
		return true
	}
	g.pull(e)
	e.stale, e.due = true, g.on(time.Now())
	g.push(e)
	return true
}

// hold takes a login away from the engine, ending a request under way, until
// release is called: to go on with it, or to forget it. One that the engine does
// not have is another process's, and nil.
func (g *engine) hold(ctx context.Context, id string) (held *entry, release func(goOn bool), err error) {
	for {
		g.mu.Lock()
		e := g.entries[id]
		if e == nil {
			g.mu.Unlock()
			return nil, func(bool) {}, nil
		}
		if e.run == nil {
			g.pull(e)
			e.run = &run{stop: func() {}, idle: make(chan struct{})}
			g.mu.Unlock()
			return e, func(goOn bool) { g.giveBack(e, goOn) }, nil
		}
		e.run.stop()
		idle := e.run.idle
		g.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// giveBack ends a hold. An entry that is not kept is forgotten.
func (g *engine) giveBack(e *entry, keep bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settle(e, keep)
}

// settle ends the work on e. g.mu is held.
func (g *engine) settle(e *entry, keep bool) {
	close(e.run.idle)
	e.run = nil
	switch {
	case g.entries[e.id] != e: // of a life that is over
	case keep:
		g.push(e)
	default:
		delete(g.entries, e.id)
	}
}

// due takes what is due and may be worked on now, and the ids of those whose cards
// must move. wait is the time until the next look.
func (g *engine) due(now time.Time) (start []*entry, woken []string, wait time.Duration) {
	at := g.on(now)
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.wakes) > 0 && g.wakes[0].wake <= at {
		e := g.wakes[0]
		g.pull(e)
		e.wake = 0
		g.push(e)
		woken = append(woken, e.id)
	}
	for e := g.pick(at); e != nil; e = g.pick(at) {
		start = append(start, e)
	}
	g.target = at + time.Hour
	if len(g.wakes) > 0 {
		g.target = min(g.target, g.wakes[0].wake)
	}
	if len(g.held) > 0 {
		g.target = min(g.target, g.held[0].due)
	}
	for _, l := range g.lanes {
		if len(l.heap) > 0 && l.running < perProvider && g.running < workers {
			g.target = min(g.target, l.heap[0].due)
		}
	}
	return start, woken, g.target - at
}

// pick takes the entry that is due for longest, where one more may be worked on.
// g.mu is held.
func (g *engine) pick(at time.Duration) *entry {
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
	ctx, stop := context.WithTimeout(g.work, requestTimeout)
	e.run = &run{ctx: ctx, stop: stop, idle: make(chan struct{})}
	return e
}

// handOver gives e to a worker that waits, if one does.
func (g *engine) handOver(e *entry) bool {
	select {
	case g.jobs <- e:
		return true
	default:
		return false
	}
}

// await gives e to the next worker that waits: as many as may be are there, and
// one of them is about to.
func (g *engine) await(ctx context.Context, e *entry) {
	select {
	case g.jobs <- e:
	case <-ctx.Done():
		g.done(e, true, time.Now())
	}
}

// done ends the work on e, and returns what its worker works on next, if there is
// something.
func (g *engine) done(e *entry, keep bool, now time.Time) *entry {
	e.run.stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	e.via.lane.running--
	g.running--
	g.settle(e, keep)
	if g.ownerLocked() == "" {
		return nil
	}
	return g.pick(g.on(now))
}

// stuff is what polling needs of a grant, and turn what step does of e.
func (e *entry) stuff(g *engine, grant Grant) {
	e.secret, e.code, e.every, e.slowed, e.held = grant.Secret, grant.Show.Code, grant.Every, grant.Slowed, grant.Hold
	e.expires = g.on(grant.Expires)
}

func (e *entry) turn(g *engine) turn {
	return turn{State: e.state, Misses: int(e.misses), Grant: Grant{
		Show: Show{Code: e.code}, Secret: e.secret, Scopes: e.via.scopes,
		Every: e.every, Slowed: e.slowed, Hold: e.held, Expires: g.off(e.expires),
	}}
}

// newEntry is an entry of a row whose grant is g.
func (l *Logins) newEntry(row store.Login, v *via, grant Grant) *entry {
	e := &entry{id: row.ID, via: v, state: State(row.State), due: l.engine.on(row.Due), wake: l.engine.on(row.Wake)}
	e.stuff(l.engine, grant)
	return e
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
