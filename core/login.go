package core

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/store"
)

// The login conversation, in the order in which things happen: signIn finds a
// surface that only the person sees (surface.go), and only then asks for a code,
// which turns that message into the card (card.go). tell is called when there is
// more to say: it edits the card, or moves it. Presses on the card are in
// press.go, a command that goes on afterwards in continue.go. What a login must
// remember of its chat is a thread (thread.go).

// signIn runs the login conversation up to the card.
func (b *Bot) signIn(ctx context.Context, in *Invocation, need Need, wait *waiting) error {
	p, err := b.logins.Provider(need.Provider)
	if err != nil {
		return err
	}
	ref, err := b.surface(ctx, in, p, need, wait)
	if errors.Is(err, ErrUnsure) { // a card needs a message that can be edited
		ref, err = b.surface(ctx, in, p, need, wait)
	}
	if err != nil || ref.Chat.ID == "" {
		return err
	}
	return b.begin(ctx, in, p, need.Scopes, thread{Message: store.NewID(), User: in.From, Chat: in.Chat, Card: reveal(ref), Wait: wait})
}

// begin starts the login and makes the surface its card.
func (b *Bot) begin(ctx context.Context, in *Invocation, p authflow.Provider, scopes []string, t thread) error {
	person, err := in.personID(ctx)
	if err != nil {
		return err
	}
	login, err := b.logins.Start(ctx, authflow.Start{
		Person: person, Provider: p.Name, Scopes: scopes, Place: t.Chat.Key(), Asker: in.asker(), Origin: t.pack(), Wake: t.wake(),
	})
	if err != nil {
		return errors.Join(b.sayFailed(ctx, in.port, t, b.startFailed(p, err)), ctx.Err())
	}
	if login.Moved != nil {
		t = b.movedHere(ctx, in.port, login, t)
	}
	return b.show(ctx, in.port, login, t)
}

// sayFailed says in place of the card why there is none, also when the bot is about
// to end: what it has asked for nobody will answer.
func (b *Bot) sayFailed(ctx context.Context, p *port, t thread, text markup.Text) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer stop()
	return p.edit(ctx, t.Card.ref(), Message{Text: text})
}

// lastWords is how long a bot that ends may take to say so: less than a drain gives
// to handlers whose context was cancelled.
const lastWords = 1500 * time.Millisecond

// movedHere says below the old card that it goes on elsewhere, and takes over
// the command that waited there, unless a newer one does.
func (b *Bot) movedHere(ctx context.Context, p *port, login authflow.Login, t thread) thread {
	old, err := unpackThread(login.Moved)
	if err != nil {
		b.log.Warn("an earlier card cannot be read", "login", login.ID, "error", err)
		return t
	}
	if t.Wait == nil {
		t.Wait = old.Wait
	}
	if old.Card.Token != t.Card.Token {
		if err := b.pointOn(ctx, p, old.Card, t.Card); err != nil {
			b.log.Warn("an earlier card cannot be changed", "login", login.ID, "error", err)
		}
	}
	return t
}

// pointOn makes what was a card, or was to be, say where it goes on.
func (b *Bot) pointOn(ctx context.Context, p *port, from, to cardRef) error {
	where := b.words.Below
	if from.Chat.Key() != to.Chat.Key() && to.Chat.Direct {
		where = b.words.Elsewhere
	}
	err := p.edit(ctx, from.ref(), Message{Text: where})
	if errors.Is(err, ErrGone) {
		return nil
	}
	return err
}

// show puts the card of an open login where t says, and notes that it is there.
// Where the message is gone, the direct chat gets it.
func (b *Bot) show(ctx context.Context, p *port, login authflow.Login, t thread) error {
	m := b.shown(p, login, t)
	if login.State == authflow.Confirming {
		m = b.instead(ctx, login, m)
	}
	if t.Check {
		m = b.withCheck(m, login, t.User)
	}
	err := p.edit(ctx, t.Card.ref(), m)
	if errors.Is(err, ErrGone) {
		t.Card, err = b.sendDirect(ctx, p, t.User, m)
		t.Message = store.NewID()
	}
	if err != nil {
		return fmt.Errorf("show login %s: %w", login.ID, err)
	}
	_, err = b.keep(ctx, p, login, t)
	return err
}

// keep notes that the card of a login is where t says. It reports false where that
// comes too late, which is said there.
func (b *Bot) keep(ctx context.Context, p *port, login authflow.Login, t thread) (bool, error) {
	err := b.logins.Keep(ctx, login, t.pack(), t.wake())
	switch {
	case errors.Is(err, authflow.ErrEnded):
		return false, b.endedMeanwhile(ctx, p, login.ID, t)
	case errors.Is(err, authflow.ErrMoved):
		return false, b.movedMeanwhile(ctx, p, login.ID, t)
	}
	return err == nil, err
}

// movedMeanwhile says where a login goes on whose card came late to where t says,
// unless it is that message still: then a press has renewed it.
func (b *Bot) movedMeanwhile(ctx context.Context, p *port, id string, t thread) error {
	login, err := b.logins.Login(ctx, id)
	if err != nil {
		return err
	}
	now, err := unpackThread(login.Origin)
	if err != nil || now.Message == t.Message {
		return err
	}
	return b.pointOn(ctx, p, t.Card, now.Card)
}

// endedMeanwhile says how a login ended while its card was on its way to where t
// says: its end is told where it was before, and here would stay a code.
func (b *Bot) endedMeanwhile(ctx context.Context, p *port, id string, t thread) error {
	login, err := b.logins.Login(ctx, id)
	if err != nil {
		return err
	}
	return b.showEnd(ctx, p, login, t)
}

func (b *Bot) sendDirect(ctx context.Context, p *port, u User, m Message) (cardRef, error) {
	chat, err := p.adapter.Direct(ctx, u, "")
	if err != nil {
		return cardRef{}, err
	}
	ref, err := p.send(ctx, chat, m)
	return reveal(ref), err
}

// startFailed is the sentence for a login that did not begin.
func (b *Bot) startFailed(p authflow.Provider, err error) markup.Text {
	w := &b.words
	if limit, ok := errors.AsType[*authflow.LimitError](err); ok {
		return markup.F(w.TooManyStarts, markup.Time(limit.Again))
	}
	b.log.Warn("login did not start", "provider", p.Name, "error", err)
	_, refused := errors.AsType[*authflow.OAuthError](err)
	switch {
	case errors.Is(err, authflow.ErrNoPublicURL):
		return markup.F(w.NoBrowser, p.Title)
	case errors.Is(err, authflow.ErrFlowOff):
		return markup.F(w.FlowOff, p.Title)
	case errors.Is(err, authflow.ErrSetup):
		return markup.F(w.BadSetup, p.Title)
	case refused:
		return markup.F(w.Failed, p.Title)
	}
	return markup.F(w.Unreachable, p.Title)
}

// tell is called by the engine: there is something to say about a login. It may
// be called again for what was said already.
func (b *Bot) tell(ctx context.Context, login authflow.Login) error {
	t, err := unpackThread(login.Origin)
	if err != nil {
		return err
	}
	p, err := b.port(t.User.Platform)
	if err != nil {
		return err
	}
	if login.Moved != nil { // and who moved it did not come to say so
		t = b.movedHere(ctx, p, login, t)
	}
	switch {
	case login.State == authflow.Waiting && login.Shown:
		return b.moveCard(ctx, p, login, t)
	case login.State.Open():
		return b.show(ctx, p, login, t)
	}
	if err := b.showEnd(ctx, p, login, t); err != nil {
		return err
	}
	if login.State == authflow.Linked && t.Wait != nil {
		return b.goOn(ctx, p, login, t)
	}
	return nil
}

// showEnd turns the card into how the login ended. Only where no edit is
// possible any more, a new message says so.
func (b *Bot) showEnd(ctx context.Context, p *port, login authflow.Login, t thread) error {
	m := b.card(login, t.User)
	err := p.edit(ctx, t.Card.ref(), m)
	if !errors.Is(err, ErrGone) && !errors.Is(err, ErrForbidden) {
		return err
	}
	m.Key = login.ID
	_, err = b.sendDirect(ctx, p, t.User, m)
	if unreachable(err) {
		b.log.Info("a person cannot be told how a login ended", "login", login.ID, "state", string(login.State))
		return nil
	}
	return err
}

// moveCard moves a card into the direct chat before its message can be edited no
// more. Where there is no direct chat, it gets [Check], whose press renews it.
func (b *Bot) moveCard(ctx context.Context, p *port, login authflow.Login, t thread) error {
	if t.wake().IsZero() || time.Now().Before(t.wake()) {
		return nil // told twice
	}
	old := t.Card.ref()
	m := b.shown(p, login, t)
	m.Key = moveKey(login.ID, t.wake())
	card, err := b.sendDirect(ctx, p, t.User, m)
	switch {
	case unreachable(err):
		t.Check = true
		return b.show(ctx, p, login, t)
	case err != nil:
		return err
	}
	t.Card, t.Message = card, store.NewID()
	if kept, err := b.keep(ctx, p, login, t); !kept {
		return err
	}
	if err := p.edit(ctx, old, Message{Text: b.words.Elsewhere}); err != nil && !errors.Is(err, ErrGone) {
		b.log.Warn("an earlier card cannot be changed", "login", login.ID, "error", err)
	}
	return nil
}

// moveKey is the same at each try of one move of a card, within the 25 characters of
// a Message.Key, and not that of its end.
func moveKey(login string, wake time.Time) string {
	minutes := strconv.FormatInt(wake.Unix()/60, 36)
	return login + minutes[max(0, len(minutes)-3):]
}

// withCheck adds the button that a card has when only a press can renew it.
func (b *Bot) withCheck(m Message, login authflow.Login, u User) Message {
	m.Text = join([]markup.Text{m.Text, b.words.StillOpen})
	m.Rows = append(m.Rows, []Control{Button{Label: markup.Visible(b.words.Check), Do: Action{
		Name: "~check", Args: []string{login.ID}, Only: u,
	}}})
	return m
}
