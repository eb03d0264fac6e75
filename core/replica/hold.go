package replica

import (
	"context"
	"errors"
)

// current returns the life of the moment, waiting for one.
func (r *Replica) current(ctx context.Context) (*Life, error) {
	for ctx.Err() == nil {
		r.mu.Lock()
		l, next := r.life, r.next
		r.mu.Unlock()
		if l != nil && l.ctx.Err() == nil {
			return l, nil
		}
		select {
		case <-next:
		case <-ctx.Done():
		}
	}
	return nil, ctx.Err()
}

// Take reports whether this process has the lease of key now, waiting until the
// store answers. It fails only when ctx ends.
func (r *Replica) Take(ctx context.Context, key string) (bool, error) {
	_, took, err := r.take(ctx, key)
	return took, err
}

func (r *Replica) take(ctx context.Context, key string) (*Life, bool, error) {
	away := Trouble{Log: r.log.With("of", key), What: "a lease cannot be taken"}
	for {
		l, err := r.current(ctx)
		if err != nil {
			return nil, false, err
		}
		took, err := r.store.TakeLease(l.ctx, key, l.ID)
		if err == nil || l.ctx.Err() == nil {
			away.Met(err)
		}
		if err == nil && l.Alive() {
			return l, took, nil
		}
		pause(ctx, retry)
	}
}

// Hold runs run while this process has the lease of key, waiting for it as long as
// another has it, until run returns by itself or ctx ends. The context of run ends
// when the lease is lost; then it waits again. While the store is away, a process
// that was the only one keeps on: there is nobody to take its place.
func (r *Replica) Hold(ctx context.Context, key string, run func(ctx context.Context) error) error {
	for {
		l, took, err := r.take(ctx, key)
		if err != nil {
			return nil //nolint:nilerr // ctx has ended
		}
		if !took {
			pause(ctx, retry)
			continue
		}
		if l, lost, err := r.during(ctx, key, l, run); !lost {
			r.give(ctx, key, l)
			return err
		}
	}
}

// during runs run for as long as the lease of key is this process's. It reports
// whether the lease was lost, and the last life that had it.
func (r *Replica) during(ctx context.Context, key string, l *Life, run func(ctx context.Context) error) (*Life, bool, error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- run(running) }()
	for {
		select {
		case err := <-ended:
			return l, false, err
		case <-l.ctx.Done():
		}
		if ctx.Err() != nil {
			return l, false, <-ended
		}
		if l.alone() {
			next, took, err := r.take(ctx, key)
			if err == nil && took {
				l = next
				continue
			}
			if err != nil {
				return l, false, <-ended
			}
		}
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			r.log.Warn("what lost its lease ended badly", "of", key, "error", err)
		}
		return l, true, nil
	}
}

// give frees the lease of key.
func (r *Replica) give(ctx context.Context, key string, l *Life) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := r.store.GiveLease(ctx, key, l.ID); err != nil {
		r.log.Warn("a lease is given back only when it ends", "of", key, "error", err)
	}
}
