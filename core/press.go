package core

import (
	"context"
	"errors"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/store"
)

// pressCancel ends one login. The press is also a way to its card, which the
// engine then edits.
func (b *Bot) pressCancel(ctx context.Context, in *Invocation) error {
	return b.decide(ctx, in, b.logins.Cancel)
}

// pressMe links an account that the person says is theirs.
func (b *Bot) pressMe(ctx context.Context, in *Invocation) error {
	return b.decide(ctx, in, func(ctx context.Context, id string) (authflow.Login, error) { return b.logins.Confirm(ctx, id, "") })
}

// about returns the login that a press is about, and its thread. It reports false
// for one of so long ago that its row is gone, after having said so. What else is
// said of a login is its person's alone.
func (b *Bot) about(ctx context.Context, in *Invocation) (authflow.Login, thread, bool, error) {
	in.private = true
	login, err := b.logins.Login(ctx, in.Args[0])
	if errors.Is(err, store.ErrNotFound) {
		return login, thread{}, false, in.tell(ctx, b.words.TooOld)
	}
	if err != nil {
		return login, thread{}, false, err
	}
	t, err := unpackThread(login.Origin)
	return login, t, err == nil, err
}

// decide does what a press on a card asks for. Where that is too late, the card
// says again how the login stands.
func (b *Bot) decide(ctx context.Context, in *Invocation, do func(context.Context, string) (authflow.Login, error)) error {
	login, t, ok, err := b.about(ctx, in)
	if !ok {
		return err
	}
	if err := b.renew(ctx, in, login, t); err != nil {
		return err
	}
	_, err = do(ctx, login.ID)
	if errors.Is(err, authflow.ErrEnded) {
		return b.refresh(ctx, in)
	}
	return err
}

// renew notes that the card can be edited again, through the press on it.
func (b *Bot) renew(ctx context.Context, in *Invocation, login authflow.Login, t thread) error {
	if in.On.Until.IsZero() || !login.State.Open() {
		return nil // it always can, or need not
	}
	t = t.on(in.On)
	err := b.logins.Keep(ctx, login, t.pack(), t.wake())
	if errors.Is(err, authflow.ErrEnded) || errors.Is(err, authflow.ErrMoved) {
		return nil
	}
	return err
}

// refresh makes the pressed message say how its login stands.
func (b *Bot) refresh(ctx context.Context, in *Invocation) error {
	login, t, ok, err := b.about(ctx, in)
	switch {
	case !ok:
		return err
	case login.State.Open():
		return b.show(ctx, in.port, login, t)
	}
	return in.Update(ctx, b.card(login, in.From))
}

// pressCheck renews a card that only a press can renew.
func (b *Bot) pressCheck(ctx context.Context, in *Invocation) error {
	login, t, ok, err := b.about(ctx, in)
	if !ok {
		return err
	}
	if err := b.renew(ctx, in, login, t); err != nil {
		return err
	}
	return b.refresh(ctx, in)
}

// pressQR shows the link of a login as a QR code too.
func (b *Bot) pressQR(ctx context.Context, in *Invocation) error {
	login, t, ok, err := b.about(ctx, in)
	switch {
	case !ok:
		return err
	case login.State != authflow.Waiting:
		return b.refresh(ctx, in)
	}
	t = t.on(in.On)
	t.QR = true
	login, err = b.logins.Reshow(ctx, login, t.pack(), t.wake())
	switch {
	case errors.Is(err, authflow.ErrEnded), errors.Is(err, authflow.ErrMoved):
		return b.refresh(ctx, in)
	case err != nil:
		return err
	}
	return b.show(ctx, in.port, login, t)
}

// pressAgain starts anew what ran out or was refused, in the same message.
func (b *Bot) pressAgain(ctx context.Context, in *Invocation) error {
	login, t, ok, err := b.about(ctx, in)
	if !ok {
		return err
	}
	p, err := b.logins.Provider(login.Provider)
	if err != nil {
		return in.Update(ctx, Message{Text: failedText(authflow.Unavailable, b.provider(login.Provider), &b.words)})
	}
	if err := in.Update(ctx, Message{Text: markup.F(b.words.Asking, p.Title)}); err != nil {
		return err
	}
	return b.begin(ctx, in, p, login.Scopes, thread{User: in.From, Chat: t.Chat, Card: reveal(in.On), Wait: t.Wait})
}

// pressNotMe takes back an account that is not the person's: while they are
// asked about it, and up to 30 days after.
func (b *Bot) pressNotMe(ctx context.Context, in *Invocation) error {
	if len(in.Args) == 1 {
		return b.decide(ctx, in, b.logins.Disown)
	}
	in.private = true
	return b.signOut(ctx, in, in.Args[1], in.Args[0], b.words.AlreadyRemoved)
}

// pressGo lets a command go on that waited for a login.
func (b *Bot) pressGo(ctx context.Context, in *Invocation) error {
	login, t, ok, err := b.about(ctx, in)
	if !ok {
		return err
	}
	fresh, err := b.store.AddNote(ctx, seen("login:"+login.ID), nil, in.At.Add(seenFor))
	if err != nil || !fresh {
		return err
	}
	if err := in.Update(ctx, Message{Text: markup.F(b.words.GoesOn, t.Wait.Command)}); err != nil {
		return err
	}
	there := in.elsewhere(t.Chat)
	there.Args, there.Key = nil, "login:"+login.ID
	there.Back = later{port: in.port, user: in.From, chat: t.Chat, command: t.Wait.Command}
	return b.routeCall(there, Call{Name: t.Wait.Command, Args: t.Wait.args()})(ctx, there)
}
