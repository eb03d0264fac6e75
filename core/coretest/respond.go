package coretest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usherbot/usher/core"
)

// How long after an event it can be answered, by a form, and by an alert.
const (
	replyFor = 15 * time.Minute
	askFor   = 3 * time.Second
	alertFor = 2 * time.Second
)

// responder answers one event.
type responder struct {
	chat    *Chat
	line    *line
	event   core.Event
	on      *message // that was pressed
	updated bool
	asked   bool
	alerted bool
}

// open says why the event cannot be answered any more. Callers hold chat.mu.
func (r *responder) open(within time.Duration) error {
	if r.line.dead {
		return errCut
	}
	if err := r.chat.reach(r.event.Chat.ID); err != nil {
		return err
	}
	if time.Since(r.event.At) > within {
		return core.ErrTooLate
	}
	return nil
}

// Reply implements core.Responder.
func (r *responder) Reply(_ context.Context, m core.Message) (core.Ref, error) {
	r.chat.mu.Lock()
	defer r.chat.mu.Unlock()
	if err := r.open(replyFor); err != nil {
		return core.Ref{}, fmt.Errorf("reply: %w", err)
	}
	if _, pressed := r.event.What.(core.Press); pressed && m.Private && !r.chat.caps.Private && r.chat.caps.Alert > 0 {
		return core.Ref{}, r.alert(m)
	}
	said := &message{chat: r.event.Chat, said: m, asks: r.event.From.ID}
	if m.Private {
		said.to = r.event.From.ID
	}
	return r.chat.post("reply", said)
}

// alert answers a press on a platform that has no other private messages. It
// works once, and what it shows stays as it is.
func (r *responder) alert(m core.Message) error {
	if r.alerted || r.on == nil || time.Since(r.event.At) > alertFor {
		return fmt.Errorf("alert: %w", core.ErrTooLate)
	}
	if err := refuseAlert(r.chat.caps, m); err != nil {
		return fmt.Errorf("alert: %w", err)
	}
	r.alerted = true
	r.chat.put("alert", &message{chat: r.event.Chat, to: r.event.From.ID, said: m})
	return nil
}

// Update implements core.Responder. It answers the press, so it works once;
// later changes are edits.
func (r *responder) Update(_ context.Context, m core.Message) error {
	r.chat.mu.Lock()
	defer r.chat.mu.Unlock()
	if err := r.open(replyFor); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	switch {
	case r.on == nil || r.on.deleted:
		return fmt.Errorf("update: %w", core.ErrGone)
	case r.updated:
		return errors.New("update: this press was answered by an update before")
	}
	if err := r.chat.replace("update", r.on, m); err != nil {
		return err
	}
	r.updated = true
	return nil
}

// Ask implements core.Responder.
func (r *responder) Ask(_ context.Context, f core.Form) error {
	r.chat.mu.Lock()
	defer r.chat.mu.Unlock()
	if err := r.open(askFor); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	if err := refuseForm(r.chat.caps, f); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	if r.asked {
		return errors.New("ask: this event was answered by a form before")
	}
	r.asked = true
	c, who := r.chat, r.event.From.ID
	c.closeForm(who)
	c.messages = append(c.messages, &message{id: c.id(), chat: r.event.Chat, to: who, form: &f, on: r.on})
	c.done(Sent{How: "ask", Chat: r.event.Chat, To: who, Form: f})
	return nil
}
