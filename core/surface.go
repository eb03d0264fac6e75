package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
)

// ownFor is the least time for which the bot must be able to edit a private
// message that is to be a card.
const ownFor = 5 * time.Minute

// surface is the private ladder: it sends the message that becomes the card to
// where only the person sees it. The zero Ref means that there is no such place
// yet, and that the person was told how to get to one.
func (b *Bot) surface(ctx context.Context, in *Invocation, p authflow.Provider, need Need, wait *waiting) (Ref, error) {
	asking := Message{Text: markup.F(b.words.Asking, p.Title)}
	caps := in.port.caps
	if in.Chat.Direct {
		return in.port.reply(ctx, in.Back, in.Chat, asking)
	}
	if caps.Private && caps.PrivateEdit >= ownFor {
		asking.Private = true
		return in.port.reply(ctx, in.Back, in.Chat, asking)
	}
	start, err := b.startToken(ctx, in, need, wait)
	if err != nil {
		return Ref{}, err
	}
	chat, err := in.port.adapter.Direct(ctx, in.From, start)
	if err == nil {
		var ref Ref
		if ref, err = in.port.send(ctx, chat, asking); err == nil {
			in.pointDirect(ctx)
			return ref, nil
		}
	}
	if !unreachable(err) {
		return Ref{}, fmt.Errorf("open direct chat: %w", err)
	}
	return Ref{}, b.pointThere(ctx, in, err)
}

// unreachable reports whether the bot may not write to a person by itself.
func unreachable(err error) bool {
	_, cannot := errors.AsType[*CannotDM](err)
	return cannot || errors.Is(err, ErrForbidden)
}

// pointThere leads a person whom the bot cannot reach to their direct chat, by a
// link where there is one.
func (b *Bot) pointThere(ctx context.Context, in *Invocation, why error) error {
	cannot, ok := errors.AsType[*CannotDM](why)
	if !ok || cannot.Link == "" {
		return in.tell(ctx, b.words.NoPrivate)
	}
	_, err := in.port.reply(ctx, in.Back, in.Chat, Message{
		Text:    b.words.OpenDirectText,
		Rows:    [][]Control{{Link{Label: markup.Visible(b.words.OpenDirect), URL: cannot.Link}}},
		Private: in.port.caps.Private,
	})
	return err
}

// startToken is what a link to the direct chat hands back there: good for this
// person only.
func (b *Bot) startToken(ctx context.Context, in *Invocation, need Need, wait *waiting) (string, error) {
	a := Action{Name: "~login", Args: []string{need.Provider}, Only: in.From, For: askFor}
	if wait != nil || len(need.Scopes) > 0 {
		more, err := json.Marshal(wait)
		if err != nil {
			return "", fmt.Errorf("encode waiting command: %w", err)
		}
		a.Args = append(a.Args, strings.Join(need.Scopes, " "), string(more))
	}
	token, err := b.sign(ctx, a, in.Chat, stored{})
	return token.Reveal(), err
}
