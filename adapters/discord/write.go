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

// write is a call that changes something. A message whose image Discord does not
// take is sent in words.
func (a *Adapter) write(ctx context.Context, r request, result any) error {
	refused := a.tryWrite(ctx, r, result)
	p, says := r.body.(payload)
	if !says || p.image == nil || !takesNoFile(refused) {
		return refused
	}
	r.body = p.inWords()
	if err := a.tryWrite(ctx, r, result); err != nil {
		return err
	}
	if !a.bare.Swap(true) {
		a.log.Warn("a message is sent without its image: it is too large, or the bot has no permission Attach Files there", "platform", platform, "channel", r.chat, "error", refused)
	}
	return nil
}

// tryWrite is a call that is tried again after an outage, but not what may have been
// done and would then be done twice.
func (a *Adapter) tryWrite(ctx context.Context, r request, result any) error {
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
