package authflow

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Some providers hold a request until the person is done. It takes no worker and
// no place in its provider's lane, for it does no work and others would wait for
// that person. It is repeated when it was cut, and nothing is lost by that.

// holdFor is how long one request may be held: what lasts longer was forgotten by
// something on the way.
const holdFor = 2 * time.Minute

// patient is c without its time limit: a request that is held has one of its own.
func patient(c *http.Client) *http.Client {
	out := *c
	out.Timeout = 0
	return &out
}

// holds reports whether the next step of e is a request to be held.
func (e *entry) holds() bool { return e.held && e.state() == Waiting }

// startHeld begins what is due of what is held.
func (l *Logins) startHeld(ctx context.Context, wg *sync.WaitGroup) {
	for _, r := range l.engine.dueHeld(time.Now()) {
		wg.Go(func() {
			// Others may finish for a while when ctx ends; this could take minutes.
			defer context.AfterFunc(ctx, r.stop)()
			keep := l.serve(r)
			r.stop()
			l.engine.giveBack(r, keep)
		})
	}
}

// dueHeld takes what is due. Each lasts as long as its login at most, but for a last
// answer.
func (g *engine) dueHeld(now time.Time) (start []*run) {
	at := g.on(now)
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.held) > 0 && g.held[0].due <= at {
		e := g.held[0]
		g.pull(e)
		start = append(start, g.run(e, max(requestTimeout, min(holdFor, e.expires.time()-at))))
	}
	return start
}
