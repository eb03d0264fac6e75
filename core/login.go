package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// The login conversation.
//
// signIn finds a surface that only the person sees, and only then asks for a
// code, which turns that message into the card. tell is called when there is
// more to say: it edits the card, or moves it. What a login must remember of the
// chat is its thread.

// ownFor is the least time for which a private message must stay editable to
// carry a card; ahead is how long before the end of that time the card moves.
const (
	ownFor = 5 * time.Minute
	ahead  = time.Minute
)

// thread is what a login remembers of its chat: authflow keeps it as Origin.
type thread struct {
	User  User     `json:"user"`
	Chat  Chat     `json:"chat"` // where the person asked
	Card  cardRef  `json:"card"`
	Check bool     `json:"check,omitempty"` // the card has [Check]: it cannot move
	Wait  *waiting `json:"wait,omitempty"`
}

// cardRef is a Ref in clear, on its way into the sealed origin.
type cardRef struct {
	Chat  Chat      `json:"chat"`
	Token string    `json:"token"`
	Until time.Time `json:"until,omitzero"`
}

func (c cardRef) ref() Ref { return Ref{c.Chat, seal.Secret(c.Token), c.Until} }
func reveal(r Ref) cardRef { return cardRef{r.Chat, r.Token.Reveal(), r.Until} }
func (t thread) pack() []byte {
	b, err := json.Marshal(t)
	if err != nil {
		panic(fmt.Sprintf("core: encode thread: %v", err)) // it has nothing that JSON lacks
	}
	return b
}

func unpackThread(b []byte) (thread, error) {
	var t thread
	if err := json.Unmarshal(b, &t); err != nil {
		return t, fmt.Errorf("decode thread: %w", err)
	}
	return t, nil
}

// wake is when the card must move because its message can then no longer be
// edited.
func (t thread) wake() time.Time {
	if t.Card.Until.IsZero() || t.Check {
		return time.Time{}
	}
	return t.Card.Until.Add(-ahead)
}

// waiting is a command that goes on after a login.
type waiting struct {
	Command string            `json:"command"`
	Values  map[string]string `json:"values,omitempty"`
	Key     string            `json:"key"` // of the event that called it
}

// signIn runs the login conversation up to the card.
func (b *Bot) signIn(ctx context.Context, in *Invocation, need Need, wait *waiting) error {
	p, err := b.logins.Provider(need.Provider)
	if err != nil {
		return err
	}
	ref, err := b.surface(ctx, in, p, need, wait)
	if err != nil || ref.Chat.ID == "" {
		return err
	}
	return b.begin(ctx, in, p, need.Scopes, thread{User: in.From, Chat: in.Chat, Card: reveal(ref), Wait: wait})
}

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
			if err := in.tell(ctx, b.words.SentDirect); err != nil {
				b.log.Warn("a person cannot be told of a direct message", "platform", in.Chat.Platform, "error", err)
			}
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
	link := cannot.Link
	_, err := in.port.reply(ctx, in.Back, in.Chat, Message{
		Text:    b.words.OpenDirectText,
		Rows:    [][]Control{{Link{Label: markup.Visible(b.words.OpenDirect), URL: link}}},
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

// begin starts the login and makes the surface its card.
func (b *Bot) begin(ctx context.Context, in *Invocation, p authflow.Provider, scopes []string, t thread) error {
	person, err := in.personID(ctx)
	if err != nil {
		return err
	}
	login, err := b.logins.Start(ctx, authflow.Start{
		Person: person, Provider: p.Name, Scopes: scopes, Place: t.Chat.Key(), Origin: t.pack(), Wake: t.wake(),
	})
	if err != nil {
		return errors.Join(in.port.edit(ctx, t.Card.ref(), Message{Text: b.startFailed(p, err)}), ctx.Err())
	}
	if login.Moved != nil {
		t = b.movedHere(ctx, in.port, login, t)
	}
	return b.show(ctx, in.port, login, t)
}

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
	if old.Card != t.Card {
		if err := p.edit(ctx, old.Card.ref(), Message{Text: b.words.Below}); err != nil && !errors.Is(err, ErrGone) {
			b.log.Warn("an earlier card cannot be changed", "login", login.ID, "error", err)
		}
	}
	return t
}

// show puts the card of an open login where t says, and notes that it is there.
// Where the message is gone, the direct chat gets it.
func (b *Bot) show(ctx context.Context, p *port, login authflow.Login, t thread) error {
	m := b.card(login, t.User)
	if login.State == authflow.Confirming {
		m = b.instead(ctx, login, m)
	}
	if t.Check {
		m = b.withCheck(m, login, t.User)
	}
	err := p.edit(ctx, t.Card.ref(), m)
	if errors.Is(err, ErrGone) {
		t.Card, err = b.sendDirect(ctx, p, t.User, m)
	}
	if err != nil {
		return fmt.Errorf("show login %s: %w", login.ID, err)
	}
	err = b.logins.Keep(ctx, login.ID, t.pack(), t.wake())
	if errors.Is(err, authflow.ErrEnded) { // while the card was on its way
		return b.tellAgain(ctx, login.ID)
	}
	return err
}

// tellAgain says how a login stands now, for a card that may say something older.
func (b *Bot) tellAgain(ctx context.Context, id string) error {
	login, err := b.logins.Login(ctx, id)
	if err != nil {
		return err
	}
	return b.tell(ctx, login)
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
	card, err := b.sendDirect(ctx, p, t.User, b.card(login, t.User))
	switch {
	case unreachable(err):
		t.Check = true
		return b.show(ctx, p, login, t)
	case err != nil:
		return err
	}
	t.Card = card
	if err := b.logins.Keep(ctx, login.ID, t.pack(), t.wake()); err != nil && !errors.Is(err, authflow.ErrEnded) {
		return err
	}
	if err := p.edit(ctx, old, Message{Text: b.words.Elsewhere}); err != nil && !errors.Is(err, ErrGone) {
		b.log.Warn("an earlier card cannot be changed", "login", login.ID, "error", err)
	}
	return nil
}

// withCheck adds the button that a card has when only a press can renew it.
func (b *Bot) withCheck(m Message, login authflow.Login, u User) Message {
	m.Text = join([]markup.Text{m.Text, b.words.StillOpen})
	m.Rows = append(m.Rows, []Control{Button{Label: markup.Visible(b.words.Check), Do: Action{
		Name: "~check", Args: []string{login.ID}, Only: u,
	}}})
	return m
}

// signedIn puts what a command needs before its handler.
func (b *Bot) signedIn(n *node) Handler {
	if n.Needs.Provider == "" {
		return n.Run
	}
	return func(ctx context.Context, in *Invocation) error {
		lacks, err := b.lacks(ctx, in, n.Needs)
		if err != nil {
			return err
		}
		if lacks == nil {
			return n.Run(ctx, in)
		}
		if in.goesOn() && len(lacks) > 0 { // asking again would not help
			title := b.provider(n.Needs.Provider).Title
			return &Tell{Text: markup.F(b.words.ScopeRefused, title, strings.Join(lacks, ", "), n.path)}
		}
		return b.signIn(ctx, in, n.Needs, &waiting{Command: n.path, Values: in.Values, Key: in.Key})
	}
}

// lacks returns nil when the person has the account that is needed; otherwise
// the scopes that are missing, none when all of the account is.
func (b *Bot) lacks(ctx context.Context, in *Invocation, need Need) ([]string, error) {
	a, err := in.Account(ctx, need.Provider)
	switch {
	case errors.Is(err, authflow.ErrNotLinked):
		return []string{}, nil
	case err != nil:
		return nil, err
	case a.Expired():
		return []string{}, nil
	}
	return a.Lacks(need.Scopes), nil
}

// goesOn reports whether the event is a command that goes on after a login.
func (in *Invocation) goesOn() bool { return strings.HasPrefix(in.Key, "login:") }

// goOn continues the command that waited for a login, once. One that changes
// things, or that the person has moved on from, asks first.
func (b *Bot) goOn(ctx context.Context, p *port, login authflow.Login, t thread) error {
	n, _, _ := b.find(t.Wait.Command, "")
	if n == nil || n.handler == nil {
		b.log.Warn("a command that waited for a login is no more", "login", login.ID, "command", t.Wait.Command)
		return nil
	}
	last, err := b.store.Note(ctx, latest(t.User))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read latest command: %w", err)
	}
	if n.Confirm || string(last) != t.Wait.Key {
		return b.askGoOn(ctx, p, login, t, n)
	}
	return b.runLater(ctx, p, login, t, n)
}

// askGoOn asks whether a command should go on. The press is noted under the same
// key as going on by itself would be, so that it goes on once.
func (b *Bot) askGoOn(ctx context.Context, p *port, login authflow.Login, t thread, n *node) error {
	fresh, err := b.store.AddNote(ctx, "asked:"+login.ID, nil, time.Now().Add(seenFor))
	if err != nil || !fresh {
		return err
	}
	title := b.provider(login.Provider).Title
	m := Message{
		Text: markup.F(b.words.GoOn, title, n.path),
		Rows: [][]Control{{Button{Label: markup.Visible(markup.F(b.words.GoOnButton, n.path)), Tone: Main, Do: Action{
			Name: "~go", Args: []string{login.ID}, Only: t.User, For: time.Hour, Once: true,
		}}}},
		Private: !t.Chat.Direct && (p.caps.Private || n.Private),
	}
	_, err = p.reply(ctx, later{port: p, user: t.User, chat: t.Chat, command: n.path}, t.Chat, m)
	if unreachable(err) {
		b.log.Info("a person cannot be asked whether to go on", "login", login.ID, "command", n.path)
		return nil
	}
	return err
}

// runLater has a command run as if it had been called now, and returns once it
// can no longer be lost.
func (b *Bot) runLater(ctx context.Context, p *port, login authflow.Login, t thread, n *node) error {
	safe := make(chan struct{})
	b.lanes.take(Event{
		Key: "login:" + login.ID, At: time.Now(), From: t.User, Chat: t.Chat,
		What: Call{Name: n.path, Args: t.Wait.args()},
		Back: later{port: p, user: t.User, chat: t.Chat, command: n.path},
		Safe: sync.OnceFunc(func() { close(safe) }),
	})
	select {
	case <-safe:
		return nil
	case <-time.After(time.Minute):
		return errors.New("the command that waited is still not safe")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// args are the values as a platform with typed options would hand them over.
func (w *waiting) args() map[string]string {
	if w.Values == nil {
		return map[string]string{}
	}
	return w.Values
}
