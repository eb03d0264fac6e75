package slack

import (
	"context"
	"errors"
	"fmt"
	"strings"

	api "github.com/slack-go/slack"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

// Send implements core.Adapter.
func (a *Adapter) Send(ctx context.Context, to core.Chat, m core.Message) (core.Ref, error) {
	if m.Private {
		return core.Ref{}, errors.New("send: who is to see a private message is known only where somebody asked")
	}
	return a.send(ctx, to, m)
}

// send posts a message for all who are in a chat.
func (a *Adapter) send(ctx context.Context, to core.Chat, m core.Message) (core.Ref, error) {
	options := []api.MsgOption{api.MsgOptionDisableLinkUnfurl(), api.MsgOptionDisableMediaUnfurl()}
	if to.Thread != "" {
		options = append(options, api.MsgOptionTS(to.Thread))
	}
	post := func(out rendered) (ref core.Ref, err error) {
		return ref, a.post(ctx, to, "chat.postMessage", func(ctx context.Context) error {
			_, ts, err := a.web.PostMessageContext(ctx, to.ID, append(out.options(), options...)...)
			if err = missing(ts, err); err == nil {
				ref = core.Ref{Chat: to, Token: seal.Secret(ts)}
			}
			return err
		})
	}
	if m.Image != nil {
		ref, done, err := a.picture(ctx, m, post)
		if done {
			return ref, err
		}
		a.lament(ctx, err)
	}
	return post(render(m, ""))
}

// errAnew is of a message that is gone because it was to get an image: the people of a
// chat see a file that was posted there, and not one that an edit has brought.
var errAnew = errors.New("an image takes a new message")

// Edit implements core.Adapter. Slack sets no end to it, but a workspace may.
func (a *Adapter) Edit(ctx context.Context, r core.Ref, m core.Message) error {
	if !editable(r) {
		return fmt.Errorf("chat.update: %w", core.ErrGone)
	}
	if m.Image != nil {
		if err := a.Delete(ctx, r); err != nil {
			return err
		}
		return fmt.Errorf("chat.update: %w: %w", errAnew, core.ErrGone)
	}
	out := render(m, "")
	err := a.write(ctx, r.Chat, "chat.update", func(ctx context.Context) error {
		_, ts, _, err := a.web.UpdateMessageContext(ctx, r.Chat.ID, r.Token.Reveal(), out.options()...)
		return missing(ts, err)
	})
	a.files.hidden(place(r), err)
	return err
}

// Delete implements core.Adapter.
func (a *Adapter) Delete(ctx context.Context, r core.Ref) error {
	if !editable(r) {
		return fmt.Errorf("chat.delete: %w", core.ErrGone)
	}
	err := a.write(ctx, r.Chat, "chat.delete", func(ctx context.Context) error {
		_, _, err := a.web.DeleteMessageContext(ctx, r.Chat.ID, r.Token.Reveal())
		return err
	})
	if says(err, "message_not_found") {
		err = nil
	}
	a.files.hidden(place(r), err)
	return err
}

// fleeting is before the time of an ephemeral message in a Ref, which the bot
// cannot change by itself.
const fleeting = "ephemeral:"

// posted is the Token of a message that was posted through a hook, which does not
// tell what became of it.
const posted = "posted"

// editable reports whether a Ref is of a message that the bot can change.
func editable(r core.Ref) bool {
	token := r.Token.Reveal()
	return token != "" && token != posted && !strings.HasPrefix(token, fleeting)
}
