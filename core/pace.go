package core

import (
	"context"
	"errors"
	"sync"
	"time"
)

// longestSlow is how long core waits for a platform that is busy.
const longestSlow = 10 * time.Second

// paced is an adapter whose platform is left alone for as long as it wants. Chats
// wait each for itself, and opening direct chats counts as one more.
type paced struct {
	Adapter
	pace pace
}

// Run implements Adapter. What comes from it is answered at the same pace.
func (p *paced) Run(ctx context.Context, on func(Event)) error {
	return p.Adapter.Run(ctx, func(ev Event) {
		ev.Back = p.answer(ev)
		on(ev)
	})
}

func (p *paced) answer(ev Event) Responder {
	return &pacedAnswer{Responder: ev.Back, pace: &p.pace, chat: placeOf(ev.Chat)}
}

// Send implements Adapter.
func (p *paced) Send(ctx context.Context, to Chat, m Message) (ref Ref, err error) {
	err = p.pace.through(ctx, placeOf(to), func() error { ref, err = p.Adapter.Send(ctx, to, m); return err })
	return ref, err
}

// Edit implements Adapter.
func (p *paced) Edit(ctx context.Context, r Ref, m Message) error {
	return p.pace.through(ctx, placeOf(r.Chat), func() error { return p.Adapter.Edit(ctx, r, m) })
}

// Delete implements Adapter.
func (p *paced) Delete(ctx context.Context, r Ref) error {
	return p.pace.through(ctx, placeOf(r.Chat), func() error { return p.Adapter.Delete(ctx, r) })
}

// Direct implements Adapter.
func (p *paced) Direct(ctx context.Context, u User, start string) (chat Chat, err error) {
	err = p.pace.through(ctx, place{}, func() error { chat, err = p.Adapter.Direct(ctx, u, start); return err })
	return chat, err
}

// pacedAnswer answers an event at the pace of its chat.
type pacedAnswer struct {
	Responder
	pace *pace
	chat place
}

// Reply implements Responder.
func (a *pacedAnswer) Reply(ctx context.Context, m Message) (ref Ref, err error) {
	err = a.pace.through(ctx, a.chat, func() error { ref, err = a.Responder.Reply(ctx, m); return err })
	return ref, err
}

// Update implements Responder.
func (a *pacedAnswer) Update(ctx context.Context, m Message) error {
	return a.pace.through(ctx, a.chat, func() error { return a.Responder.Update(ctx, m) })
}

// Ask implements Responder. A form does not go to the chat.
func (a *pacedAnswer) Ask(ctx context.Context, f Form) error {
	return a.pace.through(ctx, place{alone: new(Slow)}, func() error { return a.Responder.Ask(ctx, f) })
}

// place is what a platform wants to be left alone: a chat with all its threads,
// or what is alone in being too fast.
type place struct {
	team, chat string
	alone      *Slow
}

func placeOf(c Chat) place { return place{team: c.Team, chat: c.ID} }

// pace keeps calls to a busy place apart: they go one at a time, each once the
// time is over that the platform named. The zero pace is ready.
type pace struct {
	mu    sync.Mutex
	gates map[place]*gate
}

// gate is before a busy place, for as long as somebody waits there.
type gate struct {
	turn  chan struct{} // holds one while a call is under way
	until time.Time     // owned by whoever has the turn
	users int           // guarded by pace.mu
}

// through does a call. It waits up to longestSlow; more is a *Slow.
func (p *pace) through(ctx context.Context, to place, call func() error) error {
	var wait time.Duration
	g := p.join(to, false)
	if g == nil {
		err := call()
		slow, ok := bearable(err)
		if !ok {
			return err
		}
		if wait = slow.After; slow.Alone {
			to.alone = slow
		}
		g = p.join(to, true)
	}
	defer p.leave(to, g)
	return g.pass(ctx, wait, call)
}

// bearable is the *Slow of a call that is worth waiting for.
func bearable(err error) (*Slow, bool) {
	slow, ok := errors.AsType[*Slow](err)
	return slow, ok && slow.After <= longestSlow
}

// pass does a call, in its turn, once the time for it has come. Only the wait has
// an end: a call that is cut short may have been heard.
func (g *gate) pass(ctx context.Context, wait time.Duration, call func() error) error {
	waiting, stop := context.WithTimeoutCause(ctx, wait+longestSlow, &Slow{After: longestSlow})
	defer stop()
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-waiting.Done():
		return context.Cause(waiting)
	}
	if until := time.Now().Add(wait); until.After(g.until) {
		g.until = until
	}
	for {
		if err := g.closed(waiting); err != nil {
			return err
		}
		err := call()
		slow, ok := bearable(err)
		if !ok {
			return err
		}
		g.until = time.Now().Add(slow.After)
	}
}

// closed waits until the time for the next call has come.
func (g *gate) closed(waiting context.Context) error {
	left := time.Until(g.until)
	if left <= 0 {
		return context.Cause(waiting)
	}
	select {
	case <-time.After(left):
		return nil
	case <-waiting.Done():
		return context.Cause(waiting)
	}
}

// join enters the queue before a place; where there is none, begin makes one.
func (p *pace) join(to place, begin bool) *gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.gates[to]
	switch {
	case g == nil && !begin:
		return nil
	case g == nil:
		if p.gates == nil {
			p.gates = map[place]*gate{}
		}
		g = &gate{turn: make(chan struct{}, 1)}
		p.gates[to] = g
	}
	g.users++
	return g
}

// leave forgets a place that nobody waits for any more.
func (p *pace) leave(to place, g *gate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g.users--; g.users == 0 {
		delete(p.gates, to)
	}
}
