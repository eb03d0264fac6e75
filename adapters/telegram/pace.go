package telegram

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
)

const (
	patience = 10 * time.Second // that a call waits for a chat; then core hears of it
	retries  = 3                // of a call that met an outage
	firstTry = 500 * time.Millisecond
)

// write is a call that changes something in a chat. It waits where Telegram
// wants a chat left alone, follows a group that has become a supergroup, and tries
// again after an outage. A message is not sent again when it may have been taken:
// when there was no answer in time, or one that cannot be read. A connection that
// was closed without a word has taken nothing, as far as anybody can tell.
func (a *Adapter) write(ctx context.Context, chat core.Chat, method string, p params, result any) error {
	once := method == "sendMessage"
	for try := 0; ; try++ {
		to := a.moved.of(chat.ID)
		p["chat_id"] = to
		err := a.pace.through(ctx, to, func() error { return a.soon(ctx, method, p, result) })
		r, refused := errors.AsType[*refusal](err)
		switch {
		case try == retries || err == nil:
			return err
		case refused && r.movedTo != 0:
			a.moved.note(to, strconv.FormatInt(r.movedTo, 10))
		case !passing(err) || once && (garbled(err) || errors.Is(err, errTimeout)):
			return err
		default:
			if err := pause(ctx, firstTry<<try); err != nil {
				return err
			}
		}
	}
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pace keeps calls to a chat apart while Telegram wants the chat left alone:
// after a 429 they go one at a time, each after the time that Telegram named.
// The zero pace is ready.
type pace struct {
	mu    sync.Mutex
	gates map[string]*gate
}

// gate is before a chat that was told to wait for.
type gate struct {
	turn  chan struct{} // holds one while a call is under way
	until time.Time     // owned by whoever has the turn
	users int           // guarded by pace.mu
}

// through does a call to a chat. It waits up to patience; more is a *core.Slow.
func (p *pace) through(ctx context.Context, chat string, call func() error) error {
	g := p.join(chat, false)
	if g == nil {
		err := call()
		slow, ok := errors.AsType[*core.Slow](err)
		if !ok || slow.After > patience {
			return err
		}
		g = p.join(chat, true)
		defer p.leave(chat, g)
		return g.pass(ctx, slow.After, call)
	}
	defer p.leave(chat, g)
	return g.pass(ctx, 0, call)
}

// pass does a call when it has its turn and the time has come.
func (g *gate) pass(ctx context.Context, wait time.Duration, call func() error) error {
	ctx, stop := context.WithTimeoutCause(ctx, patience+wait, &core.Slow{After: patience})
	defer stop()
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if until := time.Now().Add(wait); until.After(g.until) {
		g.until = until
	}
	for {
		if err := pause(ctx, time.Until(g.until)); err != nil {
			return err
		}
		err := call()
		slow, ok := errors.AsType[*core.Slow](err)
		if !ok || slow.After > patience {
			return err
		}
		g.until = time.Now().Add(slow.After)
	}
}

// join enters the queue before a chat; without one it makes it or returns nil.
func (p *pace) join(chat string, begin bool) *gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.gates[chat]
	if g == nil && !begin {
		return nil
	}
	if g == nil {
		if p.gates == nil {
			p.gates = map[string]*gate{}
		}
		g = &gate{turn: make(chan struct{}, 1)}
		p.gates[chat] = g
	}
	g.users++
	return g
}

// leave forgets a chat that nobody waits for any more.
func (p *pace) leave(chat string, g *gate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g.users--; g.users == 0 {
		delete(p.gates, chat)
	}
}

// moves remember which group became which supergroup. What they forget with the
// process, Telegram tells again. The zero moves are ready.
type moves struct {
	mu sync.Mutex
	to map[string]string
}

func (m *moves) of(chat string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if to, moved := m.to[chat]; moved {
		return to
	}
	return chat
}

func (m *moves) note(from, to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.to == nil {
		m.to = map[string]string{}
	}
	m.to[from] = to
}
