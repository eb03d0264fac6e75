package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

// Discord waits 3 s for the first response to an interaction.
const (
	deferAfter = 800 * time.Millisecond // when somebody works on it
	ackAfter   = 2 * time.Second        // in any case
	giveWithin = time.Second            // that a try may take; the next is told if it was done
)

// callback is a first response on the wire.
type callback struct {
	Type int `json:"type"`
	Data any `json:"data,omitempty"`
}

// Types of first responses.
const (
	respondMessage = int(discordgo.InteractionResponseChannelMessageWithSource)
	respondLater   = int(discordgo.InteractionResponseDeferredChannelMessageWithSource)
	respondSilence = int(discordgo.InteractionResponseDeferredMessageUpdate)
	respondUpdate  = int(discordgo.InteractionResponseUpdateMessage)
	respondForm    = int(discordgo.InteractionResponseModal)
)

// state is what has become of the first response.
type state int

const (
	fresh    state = iota // none was given
	thinking              // the person sees that the bot thinks; the answer fills that message
	answered
	missed // it is too late for any
)

// first is the first response to an interaction. Discord takes one, and whether
// others may see it is decided with it.
type first struct {
	adapter *Adapter
	in      incoming
	begun   time.Time
	private bool            // a deferral is for one person alone
	over    *delivery       // the HTTP request that waits for it; nil on the gateway
	safe    chan struct{}   // closed when a crash can no longer lose the event
	ended   <-chan struct{} // closed when the bot ends

	turn    chan struct{} // holds one while somebody answers
	state   state         // owned by whoever has the turn, as is foreign
	foreign bool          // another process may have given the first response
	timer   *time.Timer
}

// newFirst begins the wait for the first response. While there is none, edits of
// the message that was pressed are it.
func (a *Adapter) newFirst(in incoming, over *delivery, ended <-chan struct{}) *first {
	f := &first{
		adapter: a, in: in, over: over, begun: time.Now(), private: !in.event.Chat.Direct && a.keepsPrivate(in),
		safe: make(chan struct{}), ended: ended, turn: make(chan struct{}, 1),
	}
	f.turn <- struct{}{} // the timer may be quicker than its assignment
	defer func() { <-f.turn }()
	a.pending.add(f)
	f.timer = time.AfterFunc(deferAfter, f.hurry)
	if over == nil && a.recent.had(in.id) { // the gateway repeats itself, and one answer is under way
		f.timer.Stop()
	}
	return f
}

// keepsPrivate reports whether what answers an interaction will most likely be
// for one person alone. Of forms nobody knows; hiding what is then shown is the
// harmless mistake.
func (a *Adapter) keepsPrivate(in incoming) bool {
	call, isCall := in.event.What.(core.Call)
	if !isCall {
		return true
	}
	known := a.private.Load()
	return known != nil && (*known)[call.Name]
}

// put defers the answer, unless one was given. Whoever calls it has the turn.
func (f *first) put(ctx context.Context) error {
	if f.state != fresh {
		return nil
	}
	if f.in.kind == pressed || f.in.onOwn() {
		return f.give(ctx, callback{Type: respondSilence}, answered, nil)
	}
	c := callback{Type: respondLater}
	if f.private {
		c.Data = struct {
			Flags int `json:"flags"`
		}{flagPrivate}
	}
	return f.give(ctx, c, thinking, nil)
}

// putFor defers an answer that is known, for those who are to see it. Where that did
// not come about, or may not have, another process can have guessed before. Whoever
// calls it has the turn.
func (f *first) putFor(ctx context.Context, m core.Message) error {
	guess := f.private
	f.private = m.Private
	err := f.put(ctx)
	if f.foreign || err != nil {
		f.private = guess
	}
	return err
}

// enter waits for the turn.
func (f *first) enter(ctx context.Context) (leave func(), err error) {
	select {
	case f.turn <- struct{}{}:
		return func() { <-f.turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// give gives the first response: inside the HTTP response that waits for it, or
// by a request, which also tells the message that it became. Whoever calls it has
// the turn. The error is core.ErrTooLate when there can be none any more.
func (f *first) give(ctx context.Context, c callback, next state, sent *message) error {
	if f.over != nil && sent == nil && f.over.give(c) {
		f.became(next)
		return nil
	}
	var answer struct {
		Resource struct {
			Message message `json:"message"`
		} `json:"resource"`
	}
	r := request{
		does: "respond", method: http.MethodPost, body: c, hook: true, within: giveWithin,
		path: "/interactions/" + url.PathEscape(f.in.id) + "/" + url.PathEscape(f.in.token.Reveal()) + "/callback",
	}
	var result any
	if sent != nil {
		r.path, result = r.path+"?with_response=true", &answer
	}
	err := f.adapter.write(ctx, r, result)
	slow, waits := errors.AsType[*core.Slow](err)
	switch code := codeOf(err); {
	case err == nil:
		f.over.release()
		f.became(next)
	case code == discordgo.ErrCodeUnknownInteraction, code == discordgo.ErrCodeUnknownWebhook,
		waits && time.Since(f.begun)+slow.After > deliverFor:
		f.became(missed)
		return fmt.Errorf("respond: %w", core.ErrTooLate)
	case errors.Is(err, reach.ErrTimeout):
		f.became(next)
		return fmt.Errorf("%w: %w", core.ErrUnsure, err)
	case code == discordgo.ErrCodeInteractionHasAlreadyBeenAcknowledged || unsure(err):
		f.became(next) // by a try whose answer was lost
		f.foreign = !unsure(err)
		return nil
	}
	if sent != nil {
		*sent = answer.Resource.Message
	}
	return err
}

// became notes what has become of the response.
func (f *first) became(s state) {
	f.state = s
	f.timer.Stop()
	f.adapter.pending.remove(f)
}

// update replaces the message that was pressed.
func (f *first) update(ctx context.Context, on core.Ref, m core.Message) error {
	leave, err := f.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if f.state == fresh {
		c := callback{Type: respondUpdate, Data: render(m)}
		if m.Image != nil {
			c = callback{Type: respondSilence} // which takes no time
		}
		// Inside an HTTP response, nobody would be told when it has come about: an edit
		// that comes soon after could be there first, and be undone by it.
		switch err := f.give(ctx, c, answered, new(message)); {
		case errors.Is(err, core.ErrTooLate), errors.Is(err, core.ErrUnsure):
		case err != nil || m.Image == nil:
			return err
		case !f.foreign: // the response is what was pressed, also where the bot itself may see nothing
			on = location{app: f.in.app, token: f.in.token, message: original}.ref(on.Chat, time.Time{})
		}
	}
	f.over.wait(ctx)
	if err := f.adapter.change(ctx, on, "edit message", http.MethodPatch, render(m), nil); err != nil {
		return err
	}
	return f.hush(ctx)
}

// hush removes a "thinking" that nothing will take the place of.
func (f *first) hush(ctx context.Context) error {
	if f.state != thinking {
		return nil
	}
	l := location{app: f.in.app, token: f.in.token, message: original}
	err := f.adapter.hooked(ctx, l.request("delete answer", http.MethodDelete, f.in.event.Chat, nil), nil)
	if err != nil && !errors.Is(err, core.ErrGone) {
		return err
	}
	f.state = answered
	return nil
}
