package slack

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	api "github.com/slack-go/slack"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

// openWithin is how long after an event a form is still tried to be opened; Slack
// allows three seconds from when somebody did something.
const openWithin = 3 * time.Second

// responder answers one event.
type responder struct {
	adapter *Adapter
	in      incoming
	came    time.Time
	hook    line
	asked   atomic.Bool // a trigger opens one form
}

// Format prints nothing of what answering takes, whatever the verb.
func (*responder) Format(f fmt.State, _ rune) { fmt.Fprint(f, "the answer to an event from Slack") }

// Reply implements core.Responder. Where the bot may not write, the answer goes
// through the hook, and can then not be changed any more.
func (r *responder) Reply(ctx context.Context, m core.Message) (core.Ref, error) {
	chat := r.in.event.Chat
	if m.Private && !chat.Direct {
		return r.whisper(ctx, m)
	}
	ref, err := r.adapter.send(ctx, chat, m)
	if !shut(err) || r.in.hook.url == "" {
		return ref, err
	}
	seen := "in_channel"
	if chat.Direct {
		seen = "ephemeral"
	}
	return r.through(ctx, m, seen, err)
}

// whisper sends what only the person sees, which has an image in words: nobody can
// share a file with one person in a chat with others.
func (r *responder) whisper(ctx context.Context, m core.Message) (core.Ref, error) {
	chat, user := r.in.event.Chat, r.in.event.From.ID
	options := render(m, "").options()
	if chat.Thread != "" {
		options = append(options, api.MsgOptionTS(chat.Thread))
	}
	var ref core.Ref
	err := r.adapter.post(ctx, chat, "chat.postEphemeral", func(ctx context.Context) error {
		ts, err := r.adapter.web.PostEphemeralContext(ctx, chat.ID, user, options...)
		if err = missing(ts, err); err == nil {
			ref = core.Ref{Chat: chat, Token: seal.Secret(fleeting + ts), Until: time.Now()}
		}
		return err
	})
	switch {
	case err == nil:
		return ref, nil
	case shut(err) && r.in.hook.url != "":
		return r.through(ctx, m, "ephemeral", err)
	}
	return core.Ref{}, err
}

// shut reports whether the bot may not write to a chat, of which a hook takes no
// notice.
func shut(err error) bool {
	return errors.Is(err, core.ErrForbidden) || errors.Is(err, core.ErrGone)
}

// through answers through the hook; why is what is wrong with the straight way.
func (r *responder) through(ctx context.Context, m core.Message, seen string, why error) (core.Ref, error) {
	chat := r.in.event.Chat
	out := render(m, "")
	err := r.adapter.use(ctx, &r.hook, chat, hooked{Text: out.text, Blocks: out.blocks, Type: seen, Thread: chat.Thread})
	if errors.Is(err, core.ErrTooLate) {
		return core.Ref{}, why
	}
	if err != nil {
		return core.Ref{}, err
	}
	return core.Ref{Chat: chat, Token: posted, Until: time.Now()}, nil
}

// Update implements core.Responder. An ephemeral message, and one in a chat that
// the bot may not write to, is changed through the hook of the press.
func (r *responder) Update(ctx context.Context, m core.Message) error {
	on := r.in.event.On
	if on.Chat.ID == "" { // nothing was pressed
		return fmt.Errorf("update: %w", core.ErrGone)
	}
	err := r.adapter.Edit(ctx, on, m)
	if !shut(err) || errors.Is(err, errAnew) || r.in.hook.url == "" {
		return err
	}
	out := render(m, "")
	again := r.adapter.use(ctx, &r.hook, on.Chat, hooked{Text: out.text, Blocks: out.blocks, Replace: true})
	r.adapter.files.hidden(place(on), again)
	if errors.Is(again, core.ErrTooLate) {
		return err
	}
	return again
}

// Ask implements core.Responder.
func (r *responder) Ask(ctx context.Context, f core.Form) error {
	left := openWithin - time.Since(r.came)
	if r.in.trigger == "" || left <= 0 || r.asked.Swap(true) {
		return fmt.Errorf("ask: %w", core.ErrTooLate)
	}
	chat := r.in.event.Chat
	view, err := modal(f, origin{
		Channel: chat.ID, Thread: chat.Thread, Direct: chat.Direct, On: r.in.event.On.Token.Reveal(),
		Hook: r.in.hook.url.Reveal(), Until: r.in.hook.until.Unix(),
	})
	if err != nil {
		return err
	}
	err = r.adapter.call(ctx, "views.open", func(ctx context.Context) error {
		said, err := r.adapter.web.OpenViewContext(ctx, r.in.trigger.Reveal(), view)
		if err != nil {
			return err
		}
		return missing(said.ID, nil)
	})
	if _, slow := errors.AsType[*core.Slow](err); slow {
		r.asked.Store(false)
	}
	return err
}
