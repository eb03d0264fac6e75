package discord

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

// errNoKey is what an operator reads when deliveries cannot be proven.
var errNoKey = errors.New("DISCORD_PUBLIC_KEY: is missing, and Discord does not tell it. Copy it from the developer portal, under General Information")

// Run implements core.Adapter.
func (a *Adapter) Run(ctx context.Context, on func(core.Event)) error {
	err := a.persist(ctx, "find out who the bot is", func() error { return a.identify(ctx) })
	if err != nil {
		return reach.Unless(ctx, err)
	}
	in := &intake{on: on, done: make(chan struct{})}
	a.intake.Store(in)
	defer func() {
		a.ready.Store(false)
		a.intake.Store(nil)
		close(in.done)
	}()
	return reach.Unless(ctx, a.serve(ctx, *a.self.Load()))
}

// serve has interactions come, one way or the other.
func (a *Adapter) serve(ctx context.Context, me self) error {
	if !a.overHTTP(me) {
		if me.URL != "" {
			a.log.Warn("DISCORD_MODE: is gateway, but Discord posts this application's interactions to its interactions endpoint URL. Remove that in the developer portal, or choose http", "platform", platform)
		}
		return a.listen(ctx)
	}
	if me.Key == nil {
		return errNoKey
	}
	if me.URL == "" {
		a.log.Warn("DISCORD_MODE: is http, but the application has no interactions endpoint URL. Set it in the developer portal to the bot's public address with "+path, "platform", platform)
	}
	a.ready.Store(true)
	<-ctx.Done()
	return nil
}

// intake is where events go while Run runs.
type intake struct {
	on   func(core.Event)
	done chan struct{}
}

// persist does something that comes before all else, until it is done or nothing
// can help.
func (a *Adapter) persist(ctx context.Context, what string, do func() error) error {
	return reach.Persist(ctx, do, rejected, hopeless, func(err error) {
		a.log.Warn("Discord cannot be reached; trying on", "to", what, "error", err)
	})
}

// receive hands an interaction over, and reports whether somebody took it. over
// is the HTTP request that it came by, or nil.
func (a *Adapter) receive(it interaction, over *delivery) (*first, bool) {
	to := a.intake.Load()
	in, heard := decode(it, time.Now())
	if to == nil || !heard {
		return nil, false
	}
	f := a.newFirst(in, over, to.done)
	in.event.Back, in.event.Safe, in.event.Done = responder{f}, sync.OnceFunc(func() { close(f.safe) }), f.done
	to.on(in.event)
	return f, true
}

// hear hands a message over.
func (a *Adapter) hear(m message) {
	to := a.intake.Load()
	in, heard := decodeMessage(m, *a.self.Load())
	if to == nil || !heard {
		return
	}
	in.event.Back = speaker{adapter: a, in: in}
	to.on(in.event)
}
