package discord

import (
	"context"
	"time"

	"github.com/usherbot/usher/core/reach"
)

const (
	retries  = 3 // of a call that met an outage
	firstTry = 500 * time.Millisecond
)

// write is a call that changes something. It is tried again after an outage, but
// not what may have been done and would then be done twice.
func (a *Adapter) write(ctx context.Context, r request, result any) error {
	for try := 0; ; try++ {
		err := a.soon(ctx, r, result)
		if err == nil || try == retries || !passing(err) || r.once && unsure(err) {
			return err
		}
		if err := reach.Pause(ctx, firstTry<<try); err != nil {
			return err
		}
	}
}
