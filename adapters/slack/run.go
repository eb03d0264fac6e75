package slack

import (
	"context"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

const (
	ackAfter = 2 * time.Second // at the latest, Slack hears that a delivery was taken; it waits 3
)

// Run implements core.Adapter.
func (a *Adapter) Run(ctx context.Context, on func(core.Event)) error {
	err := a.persist(ctx, "find out who the bot is", func() error { return a.identify(ctx) })
	if err != nil {
		return reach.Unless(ctx, err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	a.intake.Store(&intake{ctx: ctx, on: on})
	defer a.intake.Store(nil)
	a.files.setOpen(true)
	var tidied sync.WaitGroup
	tidied.Go(func() { a.tidy(ctx) })
	defer tidied.Wait()
	defer stop()
	if a.config.Mode == Socket {
		return reach.Unless(ctx, a.listen(ctx))
	}
	a.open.Add(1)
	defer a.open.Add(-1)
	<-ctx.Done()
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

// persist does something that comes before all else, until it is done or nothing
// can help.
func (a *Adapter) persist(ctx context.Context, what string, do func() error) error {
	return reach.Persist(ctx, do, rejected, hopeless, func(err error) {
		a.log.Warn("Slack cannot be reached; trying on", "to", what, "error", err)
	})
}

// receive hands a delivery over. What is no event is safe at once.
func (a *Adapter) receive(d delivery, safe func()) {
	to, me := a.intake.Load(), a.self.Load()
	if to == nil || me == nil {
		return
	}
	if !me.serves(d) {
		a.log.Warn("a delivery is of a workspace that the bot has no token of: the app is installed in more than one", "platform", platform)
		safe()
		return
	}
	now := time.Now()
	in, heard := decode(d, *me, a.known, now)
	if !heard {
		safe()
		return
	}
	if _, gone := in.event.What.(core.Gone); gone {
		a.keeps(errRemoved)
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
