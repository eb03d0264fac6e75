package core

import (
	"context"
	"sync"
	"time"
)

const (
	handlers = 1024 // handlers at once
	waiters  = 32   // goroutines that are kept for the next lane
)

// laneKey is what order is kept by: a person in a chat.
type laneKey struct{ platform, team, chat, user string }

// lanes run the events of one person in one chat one after the other, and those
// of different ones at the same time.
type lanes struct {
	handle func(context.Context, *Invocation)
	mu     sync.Mutex
	ctx    context.Context // of handlers; nil while closed
	queues map[laneKey][]*Invocation
	wg     sync.WaitGroup // of lanes that are not empty
	route  chan struct{}
	run    chan struct{}
	begun  chan lane     // to goroutines that wait for one
	idle   chan struct{} // holds one for each of them
}

// lane is the events of a person in a chat, from the first of them on.
type lane struct {
	ctx   context.Context
	key   laneKey
	first *Invocation
}

func (l *lanes) init(handle func(context.Context, *Invocation)) {
	l.handle, l.queues = handle, map[laneKey][]*Invocation{}
	l.route, l.run = make(chan struct{}, routers), make(chan struct{}, handlers)
	l.begun, l.idle = make(chan lane), make(chan struct{}, waiters)
}

// open lets events in.
func (l *lanes) open(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ctx = ctx
}

// isOpen reports whether events are let in.
func (l *lanes) isOpen() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ctx != nil
}

// drain lets no event in any more and waits for those that are in. When that
// takes longer than patience it calls abort, and a while later it reports false:
// then handlers that do not listen to their context are left behind.
func (l *lanes) drain(patience time.Duration, abort func()) bool {
	l.mu.Lock()
	l.ctx = nil
	l.mu.Unlock()
	empty := make(chan struct{})
	go func() {
		l.wg.Wait()
		close(empty)
	}()
	select {
	case <-empty:
		return true
	case <-time.After(patience):
		abort()
	}
	select {
	case <-empty:
		return true
	case <-time.After(patience / 2):
		return false
	}
}

// take is given to adapters. An event that comes while the bot is not running is
// not safe, and so is delivered again by platforms that can.
func (l *lanes) take(ev Event) {
	k := laneKey{ev.Chat.Platform, ev.Chat.Team, ev.Chat.ID, ev.From.ID}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx == nil {
		return
	}
	in := &Invocation{Event: ev}
	queue, busy := l.queues[k]
	if busy {
		l.queues[k] = append(queue, in)
		return
	}
	l.queues[k] = nil
	l.wg.Add(1)
	first := lane{l.ctx, k, in}
	select {
	case l.begun <- first:
	default:
		go l.work(first)
	}
}

// work handles lane after lane. A goroutine that has handled one waits for
// another for as long as the bot runs, unless enough do: its stack has grown to
// what handlers need.
func (l *lanes) work(first lane) {
	for next := first; ; {
		l.drive(next)
		select {
		case l.idle <- struct{}{}:
		default:
			return
		}
		select {
		case next = <-l.begun:
			<-l.idle
		case <-next.ctx.Done():
			<-l.idle
			return
		}
	}
}

// drive handles the events of a lane until it is empty.
func (l *lanes) drive(n lane) {
	defer l.wg.Done()
	for in, more := n.first, true; more; {
		l.run <- struct{}{}
		l.handle(n.ctx, in)
		<-l.run
		in, more = l.following(n.key)
	}
}

// following takes the next event of a lane, or ends the lane.
func (l *lanes) following(k laneKey) (*Invocation, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	queue := l.queues[k]
	if len(queue) == 0 {
		delete(l.queues, k)
		return nil, false
	}
	l.queues[k] = queue[1:]
	return queue[0], true
}
