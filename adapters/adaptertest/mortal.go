package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/usherbot/usher/core"
)

// errDead is what a bot gets that has died.
var errDead = errors.New("the bot is dead")

// mortal is the adapter of a bot that can die at any moment: from then on the bot
// neither hears nor says anything, and cannot call anything safe. public gets all
// that the bot says where others can read.
type mortal struct {
	core.Adapter
	dead   atomic.Bool
	public *Journal
}

// saysAt notes what is said in a chat, unless its person is alone there with the
// bot or alone sees it.
func (m *mortal) saysAt(chat core.Chat, private bool, said core.Message) {
	if !chat.Direct && !private {
		fmt.Fprintf(m.public, "%+v\n", said)
	}
}

// alive returns what do returns, unless the bot is dead.
func alive[T any](m *mortal, do func() (T, error)) (T, error) {
	if m.dead.Load() {
		var none T
		return none, errDead
	}
	return do()
}

// lives is alive for what returns only an error.
func (m *mortal) lives(do func() error) error {
	if m.dead.Load() {
		return errDead
	}
	return do()
}

func (m *mortal) Publish(ctx context.Context, cmds []core.Command, write bool) error {
	return m.lives(func() error { return m.Adapter.Publish(ctx, cmds, write) })
}

func (m *mortal) Run(ctx context.Context, on func(core.Event)) error {
	return m.Adapter.Run(ctx, func(e core.Event) {
		if m.dead.Load() {
			return
		}
		e.Back = mortalResponder{e.Back, m, e}
		if safe := e.Safe; safe != nil {
			e.Safe = func() {
				if !m.dead.Load() {
					safe()
				}
			}
		}
		if done := e.Done; done != nil {
			e.Done = func(repeat bool) {
				if !m.dead.Load() {
					done(repeat)
				}
			}
		}
		on(e)
	})
}

func (m *mortal) Send(ctx context.Context, to core.Chat, msg core.Message) (core.Ref, error) {
	m.saysAt(to, false, msg)
	return alive(m, func() (core.Ref, error) { return m.Adapter.Send(ctx, to, msg) })
}

func (m *mortal) Edit(ctx context.Context, r core.Ref, msg core.Message) error {
	m.saysAt(r.Chat, !r.Until.IsZero(), msg) // what one alone sees can be edited for a while
	return m.lives(func() error { return m.Adapter.Edit(ctx, r, msg) })
}

func (m *mortal) Delete(ctx context.Context, r core.Ref) error {
	return m.lives(func() error { return m.Adapter.Delete(ctx, r) })
}

func (m *mortal) Direct(ctx context.Context, u core.User, start string) (core.Chat, error) {
	return alive(m, func() (core.Chat, error) { return m.Adapter.Direct(ctx, u, start) })
}

// mortalResponder answers for as long as the bot lives.
type mortalResponder struct {
	core.Responder
	of *mortal
	to core.Event
}

func (r mortalResponder) Reply(ctx context.Context, m core.Message) (core.Ref, error) {
	r.of.saysAt(r.to.Chat, m.Private, m)
	return alive(r.of, func() (core.Ref, error) { return r.Responder.Reply(ctx, m) })
}

func (r mortalResponder) Update(ctx context.Context, m core.Message) error {
	r.of.saysAt(r.to.Chat, !r.to.On.Until.IsZero(), m)
	return r.of.lives(func() error { return r.Responder.Update(ctx, m) })
}

func (r mortalResponder) Ask(ctx context.Context, f core.Form) error {
	return r.of.lives(func() error { return r.Responder.Ask(ctx, f) })
}
