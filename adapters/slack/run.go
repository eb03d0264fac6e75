package slack

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
)

const (
	ackAfter = 2 * time.Second // at the latest, Slack hears that a delivery was taken; it waits 3
	shortest = time.Second     // between tries after a failure
	longest  = 30 * time.Second
)

// Run implements core.Adapter.
func (a *Adapter) Run(ctx context.Context, on func(core.Event)) error {
	err := a.persist(ctx, "find out who the bot is", func() error { return a.identify(ctx) })
	if err != nil {
		return unless(ctx, err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	a.intake.Store(&intake{ctx: ctx, on: on})
	defer a.intake.Store(nil)
	if a.config.Mode == Socket {
		return unless(ctx, a.listen(ctx))
	}
	a.open.Add(1)
	defer a.open.Add(-1)
	<-ctx.Done()
	return nil
}

// unless returns err, unless ctx has ended: what comes of that is no error.
func unless(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// intake is where deliveries go while Run runs, which is as long as ctx.
type intake struct {
	ctx context.Context
	on  func(core.Event)
	mu  sync.Mutex
}

// hand hands one event over after the other: what comes on one connection may be
// said after what came on another.
func (i *intake) hand(e core.Event) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.on(e)
}

// persist does something that comes before all else: again and again, until it is
// done, ctx ends, or nothing can help.
func (a *Adapter) persist(ctx context.Context, what string, do func() error) error {
	for tries := 0; ; tries++ {
		err := do()
		switch fatal := rejected(err); {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case fatal != nil:
			return fatal
		case hopeless(err):
			return err
		}
		if tries == 0 {
			a.log.Warn("Slack cannot be reached; trying on", "to", what, "error", err)
		}
		if err := pause(ctx, backoff(tries, err)); err != nil {
			return err
		}
	}
}

// backoff is how long to wait after so many failures: longer and longer, never
// in step with others, and as long as Slack says.
func backoff(tries int, err error) time.Duration {
	if slow, ok := errors.AsType[*core.Slow](err); ok {
		return slow.After
	}
	d := min(shortest<<min(tries, 5), longest)
	return d - rand.N(d/4)
}

// receive hands a delivery over. What is no event is safe at once.
func (a *Adapter) receive(d delivery, safe func()) {
	to, me := a.intake.Load(), a.self.Load()
	if to == nil || me == nil {
		return
	}
	now := time.Now()
	in, heard := decode(d, *me, a.known, now)
	if !heard {
		safe()
		return
	}
	r := &responder{adapter: a, in: in, came: now, hook: line{hook: in.hook}}
	hand := func() {
		event := r.in.event
		event.Back, event.Safe = r, safe
		to.hand(event)
	}
	if in.event.From.ID == "" { // it comes from nobody
		hand()
		return
	}
	a.settle(to, &r.in, hand)
}
