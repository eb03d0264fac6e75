package slack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

const (
	retries  = 3 // of a call that met an outage
	firstTry = 500 * time.Millisecond
)

// write is a call that may be done twice, and is after an outage.
func (a *Adapter) write(ctx context.Context, chat core.Chat, method string, do func(context.Context) error) error {
	return a.persevere(ctx, chat, method, passing, do)
}

// post is write for what would be seen twice. It is not sent again when it may
// have been taken: when there was no answer in time, or one that cannot be read,
// which is core.ErrUnsure. A connection that was closed without a word has taken
// nothing, as far as anybody can tell.
func (a *Adapter) post(ctx context.Context, chat core.Chat, method string, do func(context.Context) error) error {
	untaken := func(err error) bool { return passing(err) && !reach.Garbled(err) && !errors.Is(err, reach.ErrTimeout) }
	err := a.persevere(ctx, chat, method, untaken, do)
	if reach.Garbled(err) {
		return fmt.Errorf("%w: %w", core.ErrUnsure, err)
	}
	return err
}

func (a *Adapter) persevere(ctx context.Context, chat core.Chat, method string, again func(error) bool, do func(context.Context) error) error {
	for try := 0; ; try++ {
		err := a.call(ctx, method, do)
		if r, refused := errors.AsType[*refusal](err); refused {
			r.direct = chat.Direct
		}
		if err == nil || try == retries || !again(err) {
			return err
		}
		if err := reach.Pause(ctx, firstTry<<try); err != nil {
			return err
		}
	}
}
