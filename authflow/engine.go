package authflow

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
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

// Run looks after the logins until ctx ends: it takes up those that an earlier
// process left, polls, and calls tell for each login of which somebody must
// hear, again and again until tell returns nil.
//
// A login that tell gets is open when its card was not shown yet, or must move
// before the chat loses it; tell then calls Keep. It is Confirming also when its
// person must be asked whether the account is theirs. Otherwise it has ended.
// tell may be called at the same time for different logins. Run is called once.
func (l *Logins) Run(ctx context.Context, tell func(context.Context, Login) error) error {
	if err := l.claim(ctx); err != nil {
		return err
	}
	// What is under way when ctx ends may finish, for a short while.
	work, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, abort) })()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { l.deliver(ctx, work, tell) })
	wg.Go(func() { l.sweep(ctx) })
	l.poll(ctx, work, &wg)
	return nil
}

// poll starts what is due until ctx ends.
func (l *Logins) poll(ctx, work context.Context, wg *sync.WaitGroup) {
	for ctx.Err() == nil {
		e, run, woken, wait := l.engine.ready(work, time.Now())
		for _, row := range woken {
			if !l.putTell(work, row) {
				l.engine.wake(row.ID, time.Now().Add(retryWrite))
			}
		}
		if e != nil {
			wg.Go(func() { l.serve(run, e) })
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-l.engine.changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// sweep removes old rows, now and then.
func (l *Logins) sweep(ctx context.Context) {
	for {
		if err := l.store.Sweep(ctx); err != nil && ctx.Err() == nil {
			l.log.Warn("old rows could not be removed", "error", err)
		}
		select {
		case <-time.After(10 * time.Minute):
		case <-ctx.Done():
			return
		}
	}
}

// claim takes up the open logins of processes that are no more.
func (l *Logins) claim(ctx context.Context) error {
	for {
		rows, err := l.store.ClaimLogins(ctx, l.owner, claimBatch)
		if err != nil {
			return fmt.Errorf("claim logins: %w", err)
		}
		for _, row := range rows {
			if err := l.takeUp(ctx, row); err != nil {
				return err
			}
		}
		if len(rows) < claimBatch {
			return nil
		}
	}
}

// takeUp goes on with a claimed login, unless its person has just ended it.
func (l *Logins) takeUp(ctx context.Context, row store.Login) error {
	unlock, err := l.deciding.lock(ctx, row.ID)
	if err != nil {
		return err
	}
	defer unlock()
	if _, _, err := l.open(ctx, row.ID); !errors.Is(err, ErrEnded) {
		l.resume(ctx, row)
	}
	return nil
}

// resume goes on with a login that another process began.
func (l *Logins) resume(ctx context.Context, row store.Login) {
	e := &entry{row: row, wake: row.Wake, turn: turn{State: State(row.State)}}
	s, err := l.openSecrets(row)
	if err == nil {
		e.provider, err = l.Provider(row.Provider)
	}
	for _, flow := range e.provider.Flows {
		if flow.Name() == row.Kind {
			e.flow = flow
		}
	}
	if err != nil || e.flow == nil {
		l.log.Warn("a login cannot go on", "login", row.ID, "provider", row.Provider, "flow", row.Kind, "error", err)
		e.pending = l.ended(e.turn.State, Failed, Unavailable)
	}
	g := s.grant()
	e.turn.Grant, e.since, e.due = g, s.Since, time.Now()
	switch {
	case e.pending != nil:
	case e.turn.State == Waiting:
		e.due = g.due(e.due, jitter(g.pace()), g.pace())
	case e.turn.State == Granted:
		e.token = s.Token.token()
	case e.turn.State == Confirming:
		e.due = row.Expires
	}
	untold := e.pending == nil && (!row.Shown || e.turn.State == Confirming)
	if untold && !l.putTell(ctx, row) {
		e.wake = time.Now().Add(retryWrite)
	}
	l.engine.add(e)
}

// serve takes one step of a login that is due.
func (l *Logins) serve(ctx context.Context, e *entry) {
	defer e.stop()
	keep := true
	defer func() { l.engine.giveBack(e, keep) }()
	switch {
	case e.pending != nil:
	case e.turn.State == Waiting:
		l.askNext(ctx, e)
	case e.turn.State == Granted:
		l.askWho(ctx, e)
	case e.turn.State == Confirming:
		e.pending = l.ended(Confirming, Expired, "")
	}
	if e.pending != nil {
		keep = l.commit(ctx, e)
	}
}

// request runs ask with a slot and a time limit. It reports false when the
// request was ended before there was an answer: then nothing is known.
func (l *Logins) request(ctx context.Context, e *entry, ask func(context.Context)) bool {
	for _, slots := range []chan struct{}{l.engine.per[e.provider.Name], l.engine.slots} {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-ctx.Done():
			return false
		}
	}
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	ask(limited)
	return true
}

// askNext asks the provider how a waiting login stands.
func (l *Logins) askNext(ctx context.Context, e *entry) {
	var a Answer
	var err error
	asked := l.request(ctx, e, func(ctx context.Context) {
		a, err = e.flow.Next(ctx, l.http, e.turn.Grant, nil)
	})
	if !asked || err != nil && ctx.Err() != nil {
		e.due = time.Now().Add(e.turn.Grant.pace()) // ended by us; if it goes on, then at the usual pace
		return
	}
	now := time.Now()
	before := e.turn
	e.turn, e.due = before.step(a, err, now)
	l.logTurn(e, before, a, err)
	switch {
	case e.turn.State == Granted:
		e.token, e.since, e.due, e.turn.Misses = *a.Token, now, now, 0
		e.pending = l.granted(e.token, now)
	case e.turn.State != Waiting:
		e.pending = l.ended(Waiting, e.turn.State, e.turn.Why)
	case a.Grant != nil:
		l.slower(ctx, e)
	}
}

// logTurn tells the operator what is worth knowing of an answer.
func (l *Logins) logTurn(e *entry, before turn, a Answer, err error) {
	log := l.log.With("login", e.row.ID, "provider", e.provider.Name)
	switch {
	case err != nil && before.Misses == 0:
		log.Warn("provider did not answer", "error", err)
	case err == nil && before.Misses > 0:
		log.Info("provider answers again", "misses", before.Misses)
	}
	if a.Err != nil {
		log.Warn("provider refused to go on", "error", a.Err)
	}
}

// slower writes a slower pace through, so that a later process keeps to it. The
// pace holds in memory whether or not the store took it.
func (l *Logins) slower(ctx context.Context, e *entry) {
	g := e.turn.Grant
	sealed := l.sealSecrets(e.row, revealGrant(g, nil, time.Time{}))
	if err := l.store.PaceLogin(ctx, e.row.ID, l.owner, sealed, g.Every, e.due); err != nil {
		l.log.Warn("a slower pace could not be stored", "login", e.row.ID, "error", err)
	}
}

// askWho asks whose the token is, and decides what becomes of the login.
func (l *Logins) askWho(ctx context.Context, e *entry) {
	var who Identity
	var err error
	asked := l.request(ctx, e, func(ctx context.Context) {
		who, err = e.provider.Who(ctx, l.http, e.token)
	})
	if !asked || err != nil && ctx.Err() != nil {
		e.due = time.Now().Add(time.Second)
		return
	}
	now := time.Now()
	_, definite := errors.AsType[*OAuthError](err)
	switch {
	case err == nil:
		e.pending = l.named(context.WithoutCancel(ctx), who, e.token)
	case definite || now.Sub(e.since) > whoFor:
		l.log.Warn("provider did not say whose the token is", "login", e.row.ID, "provider", e.provider.Name, "error", err)
		e.pending = l.ended(Granted, Failed, Unnamed)
	default:
		e.turn.Misses++
		// As in step, Retry-After does not keep a person waiting for the end.
		left := whoFor - now.Sub(e.since)
		e.due = now.Add(max(backoff(time.Second, e.turn.Misses), min(retryAfter(err), left+longestWait)))
	}
}

// commit stores what was decided, and reports whether the login is still open.
// What cannot be stored is tried again: the provider is not asked twice for what
// it gives once.
func (l *Logins) commit(ctx context.Context, e *entry) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	login, err := l.change(ctx, e.row.ID, e.pending)
	switch {
	case errors.Is(err, ErrEnded):
		l.log.Info("login was ended elsewhere", "login", e.row.ID, "provider", e.row.Provider)
		return false
	case err != nil:
		l.log.Error("a login could not be stored and is tried again", "login", e.row.ID, "error", err)
		e.due = time.Now().Add(retryWrite)
		return true
	}
	e.pending, e.turn.State = nil, login.State
	if login.State == Confirming {
		e.due = login.Expires
	}
	return login.State.Open()
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
