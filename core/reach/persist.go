package reach

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/usherbot/usher/core"
)

// The least and the most between tries, unless the platform says otherwise.
const (
	shortest = time.Second
	longest  = 30 * time.Second
)

// Persist does something that comes before all else: again and again, until it is
// done, ctx ends, or nothing can help. That is when rejected makes of an error what
// an operator reads, or it is hopeless. failed hears of the first failure.
func Persist(ctx context.Context, do func() error, rejected func(error) error, hopeless func(error) bool, failed func(error)) error {
	for tries := 0; ; tries++ {
		err := do()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if fatal := rejected(err); fatal != nil {
			return fatal
		}
		if hopeless(err) {
			return err
		}
		if tries == 0 {
			failed(err)
		}
		if err := Pause(ctx, Backoff(tries, err)); err != nil {
			return err
		}
	}
}

// Backoff is how long to wait after err, when there were so many failures before:
// longer and longer, never in step with others, and as long as a *core.Slow says.
func Backoff(failures int, err error) time.Duration {
	if slow, ok := errors.AsType[*core.Slow](err); ok {
		return slow.After
	}
	d := min(shortest<<min(failures, 5), longest)
	return d - rand.N(d/4)
}

// Pause waits, unless ctx ends.
func Pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Unless returns err, unless ctx has ended: what comes of that is no error.
func Unless(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}
