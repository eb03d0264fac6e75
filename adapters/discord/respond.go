package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/usherbot/usher/core"
)

// responder answers an interaction: by the first response, and from then on by
// what follows it.
type responder struct{ *first }

// Reply implements core.Responder.
func (r responder) Reply(ctx context.Context, m core.Message) (core.Ref, error) {
	m.Private = m.Private && !r.in.event.Chat.Direct // there it is anyway
	leave, err := r.enter(ctx)
	if err != nil {
		return core.Ref{}, err
	}
	defer leave()
	// What only one person sees can be changed by this token only as the original,
	// and an image would not always be there in time.
	if r.state == fresh && (r.in.onOwn() || m.Image != nil) {
		err := r.putFor(ctx, m)
		if err != nil && !errors.Is(err, core.ErrTooLate) && !errors.Is(err, core.ErrUnsure) {
			return core.Ref{}, err
		}
	}
	if r.state == fresh {
		ref, err := r.respond(ctx, m)
		if !errors.Is(err, core.ErrTooLate) {
			return ref, err
		}
	}
	if r.state != missed && time.Now().Before(until(r.begun)) {
		r.over.wait(ctx)
		ref, err := r.follow(ctx, m)
		if !errors.Is(err, core.ErrGone) {
			return ref, err
		}
	}
	return r.adapter.afresh(ctx, r.in.event, m)
}

// respond replies by the first response. A message with controls must be known
// by its id, and one in a direct chat may be a card; of others the id is asked for
// only if they are ever edited so late that it is needed.
func (r responder) respond(ctx context.Context, m core.Message) (core.Ref, error) {
	p := render(m)
	if m.Private {
		p.Flags |= flagPrivate
	}
	var sent *message
	if !m.Private && (r.over == nil || len(m.Rows) > 0 || r.in.event.Chat.Direct) {
		sent = new(message)
	}
	if err := r.give(ctx, callback{Type: respondMessage, Data: p}, answered, sent); err != nil {
		return core.Ref{}, err
	}
	return r.refOf(m, sent), nil
}

// refOf is the Ref of the first response. sent is what Discord told of it, if
// anything.
func (r responder) refOf(m core.Message, sent *message) core.Ref {
	if sent != nil && sent.ID != "" && !m.Private {
		return byID(r.in.event.Chat, sent.ID)
	}
	l := location{app: r.in.app, token: r.in.token, message: original}
	if m.Private {
		return l.ref(r.in.event.Chat, until(r.begun))
	}
	l.interaction = r.in.id
	return l.ref(r.in.event.Chat, time.Time{})
}

// follow replies after the first response: in the place of "thinking" where that
// is seen by the same people.
func (r responder) follow(ctx context.Context, m core.Message) (core.Ref, error) {
	p := render(m)
	l := location{app: r.in.app, token: r.in.token, message: original}
	var sent message
	if r.state == thinking && r.private == m.Private {
		err := r.adapter.hooked(ctx, l.request("fill answer", http.MethodPatch, r.in.event.Chat, p), &sent)
		if err != nil {
			return core.Ref{}, err
		}
		r.state = answered
		return r.refOf(m, &sent), nil
	}
	if err := r.hush(ctx); err != nil { // else what follows would be seen by those who see that
		return core.Ref{}, err
	}
	if m.Private {
		p.Flags |= flagPrivate
	}
	err := r.adapter.hooked(ctx, request{
		does: "follow up", method: http.MethodPost, path: hookPath(r.in.app, r.in.token) + "?wait=true",
		body: p, chat: r.in.event.Chat.ID, hook: true, once: true,
	}, &sent)
	switch {
	case unsure(err), err == nil && sent.ID == "":
		return core.Ref{}, errors.Join(core.ErrUnsure, err)
	case err != nil:
		return core.Ref{}, err
	case m.Private:
		l.message = sent.ID
		return l.ref(r.in.event.Chat, until(r.begun)), nil
	}
	return byID(r.in.event.Chat, sent.ID), nil
}

// Update implements core.Responder.
func (r responder) Update(ctx context.Context, m core.Message) error {
	if r.in.event.On.Token == "" {
		return fmt.Errorf("update: %w", core.ErrGone)
	}
	return r.update(ctx, r.in.event.On, m)
}

// Ask implements core.Responder. A form can only be the first response, and not
// to another form.
func (r responder) Ask(ctx context.Context, f core.Form) error {
	late := fmt.Errorf("ask: %w", core.ErrTooLate)
	if r.in.kind == submitted {
		return late
	}
	leave, err := r.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if r.state != fresh {
		return late
	}
	err = r.give(ctx, callback{Type: respondForm, Data: renderForm(f)}, answered, nil)
	if errors.Is(err, core.ErrUnsure) {
		return nil // it is open, or the person calls again
	}
	return err
}

// speaker answers a message.
type speaker struct {
	adapter *Adapter
	in      incoming
}

// Reply implements core.Responder.
func (s speaker) Reply(ctx context.Context, m core.Message) (core.Ref, error) {
	e := s.in.event
	if m.Private && !e.Chat.Direct {
		return s.adapter.afresh(ctx, e, m)
	}
	m.Private = false
	replyTo := s.in.id
	if e.Chat.Direct {
		replyTo = "" // nothing else could be meant
	}
	return s.adapter.send(ctx, e.Chat, m, replyTo)
}

// Update implements core.Responder: nothing was pressed.
func (speaker) Update(context.Context, core.Message) error {
	return fmt.Errorf("update: %w", core.ErrGone)
}

// Ask implements core.Responder: only an interaction opens a form.
func (speaker) Ask(context.Context, core.Form) error {
	return fmt.Errorf("ask: %w", core.ErrTooLate)
}

// afresh answers what cannot be answered as it came, by a new message: in the
// direct chat what is for one person alone.
func (a *Adapter) afresh(ctx context.Context, e core.Event, m core.Message) (core.Ref, error) {
	to := e.Chat
	if m.Private {
		var err error
		if to, err = a.Direct(ctx, e.From, ""); err != nil {
			return core.Ref{}, err
		}
		m.Private = false
	}
	return a.send(ctx, to, m, "")
}
