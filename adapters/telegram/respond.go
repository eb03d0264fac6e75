package telegram

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/reach"
	"github.com/usherbot/usher/core/seal"
)

// ackAfter is how long a press may wait for an answer of its own. Telegram names
// no deadline, but until there is an answer the button shows that it is waiting.
const ackAfter = 2 * time.Second

// responder answers one event.
type responder struct {
	adapter *Adapter
	in      incoming
	ack     *ack // of a press
}

// Reply implements core.Responder. What is private is an alert, the first time
// within ackAfter; after that it is core.ErrTooLate.
func (r *responder) Reply(ctx context.Context, m core.Message) (core.Ref, error) {
	if m.Private {
		return core.Ref{}, r.ack.alert(ctx, markup.Visible(m.Text))
	}
	replyTo := r.in.message
	if r.in.event.Chat.Direct {
		replyTo = 0 // nobody else could be meant
	}
	ref, err := r.adapter.send(ctx, r.in.event.Chat, m, replyTo)
	r.ack.done(ctx)
	return ref, err
}

// Update implements core.Responder.
func (r *responder) Update(ctx context.Context, m core.Message) error {
	if r.ack == nil { // nothing was pressed
		return fmt.Errorf("update: %w", core.ErrGone)
	}
	err := r.adapter.Edit(ctx, r.in.event.On, m)
	r.ack.done(ctx)
	return err
}

// Ask implements core.Responder: there are no forms.
func (r *responder) Ask(context.Context, core.Form) error {
	return fmt.Errorf("ask: %w", core.ErrTooLate)
}

// send sends a message, as a reply where replyTo is not zero.
func (a *Adapter) send(ctx context.Context, to core.Chat, m core.Message, replyTo int64) (core.Ref, error) {
	var ref core.Ref
	err := a.show(to, m, func(m core.Message) (err error) {
		ref, err = a.post(ctx, to, m, replyTo)
		return err
	})
	return ref, err
}

// post is send for what Telegram takes there.
func (a *Adapter) post(ctx context.Context, to core.Chat, m core.Message, replyTo int64) (core.Ref, error) {
	method, p, files := sending(m)
	if to.Thread != "" {
		p["message_thread_id"] = to.Thread
	}
	if replyTo != 0 {
		p["reply_parameters"] = asJSON(replyParameters{ID: replyTo, Anyway: true})
	}
	var sent message
	err := a.write(ctx, to, method, p, &sent, files...)
	if reach.Garbled(err) {
		return core.Ref{}, fmt.Errorf("%w: %w", core.ErrUnsure, err)
	}
	if err != nil {
		return core.Ref{}, err
	}
	to.ID = a.moved.of(to.ID)
	return core.Ref{Chat: to, Token: seal.Secret(strconv.FormatInt(sent.ID, 10))}, nil
}

type replyParameters struct {
	ID     int64 `json:"message_id"`
	Anyway bool  `json:"allow_sending_without_reply"`
}

// ack answers a press once: by an alert, or by nothing at all, which ends the
// waiting that the button shows. A nil ack is that of no press.
type ack struct {
	adapter *Adapter
	query   string
	mu      sync.Mutex
	given   bool
	timer   *time.Timer
}

// newAck begins the wait for an answer.
func (a *Adapter) newAck(query string) *ack {
	k := &ack{adapter: a, query: query}
	k.mu.Lock() // the timer may be quicker than its assignment
	defer k.mu.Unlock()
	k.timer = time.AfterFunc(ackAfter, func() { k.done(context.Background()) })
	return k
}

// take reports whether the press is still to be answered; from now on it is not.
func (k *ack) take() bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.given {
		return false
	}
	k.given = true
	k.timer.Stop()
	return true
}

// alert shows a text to whoever pressed.
func (k *ack) alert(ctx context.Context, text string) error {
	if !k.take() {
		return fmt.Errorf("alert: %w", core.ErrTooLate)
	}
	err := k.adapter.soon(ctx, "answerCallbackQuery", params{
		"callback_query_id": k.query, "text": text, "show_alert": "true",
	}, nil)
	if hopeless(err) { // too old, or known no more
		return fmt.Errorf("alert: %w", core.ErrTooLate)
	}
	if _, slow := errors.AsType[*core.Slow](err); slow {
		k.untake()
	}
	return err
}

// untake leaves the press to be answered after all.
func (k *ack) untake() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.given = false
	k.timer.Reset(ackAfter)
}

// done ends the waiting.
func (k *ack) done(ctx context.Context) {
	if k.take() {
		k.end(ctx, 0)
	}
}

// end answers by nothing, and after an outage once more. What comes of that in the
// end is of no interest to anybody else.
func (k *ack) end(ctx context.Context, try int) {
	err := k.adapter.soon(ctx, "answerCallbackQuery", params{"callback_query_id": k.query}, nil)
	_, slow := errors.AsType[*core.Slow](err)
	switch {
	case err != nil && try < retries && (slow || passing(err)):
		time.AfterFunc(reach.Backoff(try, err), func() { k.end(context.Background(), try+1) })
	case err != nil:
		k.adapter.log.Debug("a press stays unanswered", "platform", platform, "error", err)
	}
}
