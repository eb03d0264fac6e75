package coretest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usherbot/usher/core"
)

// Limit makes of an adapter one that can do no more than the script's chat: its
// Caps lack what the script takes away, what is private can be edited for no
// longer, and where the bot "cannot write at all" there is no link to the direct
// chat. Nothing is added that the platform does not have.
func (s *Script) Limit(a core.Adapter) core.Adapter {
	l := &limited{Adapter: a, caps: a.Caps()}
	o := Options{Caps: l.caps}
	for _, set := range s.settings {
		set(&o)
	}
	for _, ability := range abilities {
		*ability(&l.caps) = *ability(&l.caps) && *ability(&o.Caps)
	}
	l.caps.PrivateEdit = min(l.caps.PrivateEdit, o.Caps.PrivateEdit)
	l.noLink = o.DM == Impossible
	return l
}

// limited is an adapter that can do less than its platform.
type limited struct {
	core.Adapter
	caps   core.Caps
	noLink bool
}

func (l *limited) Caps() core.Caps { return l.caps }

func (l *limited) Run(ctx context.Context, on func(core.Event)) error {
	return l.Adapter.Run(ctx, func(e core.Event) {
		e.On = l.shorten(e.On)
		e.Back = limitedResponder{e.Back, l}
		on(e)
	})
}

func (l *limited) Direct(ctx context.Context, u core.User, start string) (core.Chat, error) {
	chat, err := l.Adapter.Direct(ctx, u, start)
	if _, cannot := errors.AsType[*core.CannotDM](err); cannot && l.noLink {
		err = &core.CannotDM{}
	}
	return chat, err
}

func (l *limited) Edit(ctx context.Context, r core.Ref, m core.Message) error {
	if !r.Until.IsZero() && !time.Now().Before(r.Until) {
		return fmt.Errorf("edit: %w", core.ErrGone)
	}
	return l.Adapter.Edit(ctx, r, m)
}

// shorten is r as it is handed out now: one that ends, ends sooner.
func (l *limited) shorten(r core.Ref) core.Ref {
	if until := time.Now().Add(l.caps.PrivateEdit); !r.Until.IsZero() && until.Before(r.Until) {
		r.Until = until
	}
	return r
}

// limitedResponder shortens what it hands out.
type limitedResponder struct {
	core.Responder
	by *limited
}

func (r limitedResponder) Reply(ctx context.Context, m core.Message) (core.Ref, error) {
	ref, err := r.Responder.Reply(ctx, m)
	return r.by.shorten(ref), err
}
