// Package replica keeps this process alive in the eyes of others that work on the
// same store, and knows by itself when it no longer is.
//
// A Replica renews its lease while it runs. When it cannot, because the store does
// not answer or because the process stood still, its life ends a while before others
// may take what it owns, so that it has stopped by then; it goes on under a new id, as
// if it had just started.
// Lives hands each life to whoever works on what is owned; Hold runs what only one
// process may do at a time.
package replica

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/usherbot/usher/core/store"
)

const (
	lease    = 15 * time.Second
	fence    = lease - 3*time.Second // of a life since it was last renewed: what it does has the rest to stop
	renew    = lease / 3
	retry    = time.Second     // of what the store did not take, and of a lease that another has
	farewell = 3 * time.Second // to give back what is owned
)

// Replica is this process as others see it. It is safe for concurrent use.
type Replica struct {
	store store.Replicas
	log   *slog.Logger

	mu   sync.Mutex
	life *Life         // nil before the first
	next chan struct{} // closed when there is another life
}

// Life is a time in which this process owns what it owns.
type Life struct {
	ID    string
	ctx   context.Context // ends with it
	end   context.CancelFunc
	mu    sync.Mutex
	until time.Time // it is over then, by the clock that does not jump
	wall  time.Time // and by the one that does
	live  int       // processes, this one included, when last counted
	dead  []string
}

// New returns a replica that does not live yet; Run makes it.
func New(s store.Replicas, log *slog.Logger) *Replica {
	return &Replica{store: s, log: log, next: make(chan struct{})}
}

// Run lives, life after life, until ctx ends, and then gives back what is owned.
// Each life is handed to lives, which must return soon after its context ends.
func (r *Replica) Run(ctx context.Context, lives func(ctx context.Context, l *Life)) {
	away := Trouble{Log: r.log, What: "the store does not take this process"}
	for ctx.Err() == nil {
		l, err := r.begin(ctx)
		if ctx.Err() == nil {
			away.Met(err)
		}
		if err != nil {
			pause(ctx, retry)
			continue
		}
		var keeping sync.WaitGroup
		keeping.Go(func() { r.keep(l) })
		lives(l.ctx, l)
		l.end()
		keeping.Wait()
		if ctx.Err() != nil {
			r.leave(ctx, l)
		}
	}
}

// begin begins a life.
func (r *Replica) begin(ctx context.Context) (*Life, error) {
	l := &Life{ID: store.NewID(), live: 1}
	l.extend(time.Now().Add(fence))
	soon, cancel := context.WithDeadline(ctx, l.ends())
	defer cancel()
	if err := r.store.AddReplica(soon, l.ID, lease); err != nil {
		return nil, err
	}
	l.ctx, l.end = context.WithCancel(ctx)
	r.recount(soon, l)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.life = l
	close(r.next)
	r.next = make(chan struct{})
	return l, nil
}

// keep renews the lease of a life, and ends the life when that fails for too long.
func (r *Replica) keep(l *Life) {
	defer l.end()
	away := Trouble{Log: r.log, What: "the lease of this process cannot be renewed"}
	wait := renew
	for {
		// Looked at each second: a clock that jumps moves no timer.
		for left := wait; left > 0; left -= retry {
			pause(l.ctx, min(left, retry, time.Until(l.ends())))
			if l.ctx.Err() != nil {
				return
			}
			switch {
			case l.Alive():
			case wait == retry:
				r.log.Warn("the store was away for too long, and this process begins anew")
				return
			default:
				r.log.Warn("this process stood still, and begins anew")
				return
			}
		}
		now := time.Now()
		err := r.renew(l)
		switch {
		case l.ctx.Err() != nil:
			return
		case errors.Is(err, store.ErrStale):
			r.log.Warn("the lease of this process has run out, and it begins anew")
			return
		case err != nil:
			wait = retry
		default:
			l.extend(now.Add(fence))
			wait = renew
		}
		away.Met(err)
	}
}

// renew asks the store, for no longer than the life lasts, and who else lives now.
func (r *Replica) renew(l *Life) error {
	ctx, cancel := context.WithDeadline(l.ctx, l.ends())
	defer cancel()
	if err := r.store.RenewReplica(ctx, l.ID, lease); err != nil {
		return err
	}
	r.recount(ctx, l)
	return nil
}

// leave gives back all that a life owned.
func (r *Replica) leave(ctx context.Context, l *Life) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := r.store.EndReplica(ctx, l.ID); err != nil {
		r.log.Warn("what this process owned is given back only when its lease ends", "error", err)
	}
}

// recount is count where it can wait until the next time.
func (r *Replica) recount(ctx context.Context, l *Life) {
	if err := r.count(ctx, l); err != nil && ctx.Err() == nil {
		r.log.Warn("processes cannot be counted", "error", err)
	}
}

// count asks who lives.
func (r *Replica) count(ctx context.Context, l *Life) error {
	live, dead, err := r.store.Replicas(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.live, l.dead = live, dead
	return nil
}

// Look counts anew who lives, and returns how many do and the ids of the dead that
// may still own something.
func (r *Replica) Look(l *Life) (live int, dead []string, err error) {
	if err := r.count(l.ctx, l); err != nil {
		return 0, nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live, l.dead, nil
}

// Alive reports whether this life lasts, by both clocks. It is asked before anything
// that only the owner may do: a process that stood still finds out here first.
func (l *Life) Alive() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	return l.ctx.Err() == nil && now.Before(l.until) && now.Round(0).Before(l.wall)
}

func (l *Life) ends() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until
}

func (l *Life) extend(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until, l.wall = until, until.Round(0)
}

// alone reports whether no other process lived when that was last looked at.
func (l *Life) alone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live <= 1
}

// pause waits until ctx ends, or for d.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
