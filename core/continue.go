package core

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/store"
)

// waiting is a command that goes on after a login.
type waiting struct {
	Command string            `json:"command"`
	Values  map[string]string `json:"values,omitempty"`
	Key     string            `json:"key"`             // of the event that called it
	Begun   bool              `json:"begun,omitempty"` // and found out on the way that the access has ended
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
		begun := lacks == nil
		if begun {
			err := n.Run(ctx, in)
			if in.goesOn() || !errors.Is(err, authflow.ErrSignInAgain) {
				return err
			}
		}
		if in.goesOn() && len(lacks) > 0 { // asking again would not help
			title := b.provider(n.Needs.Provider).Title
			return &Tell{Text: markup.F(b.words.ScopeRefused, title, strings.Join(lacks, ", "), n.path)}
		}
		if err := b.store.PutNote(ctx, latest(in.From), []byte(seen(in.Key)), time.Now().Add(DefaultFor)); err != nil {
			return fmt.Errorf("note latest command: %w", err)
		}
		return b.signIn(ctx, in, n.Needs, &waiting{Command: n.path, Values: in.Values, Key: in.Key, Begun: begun})
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
	case a.State != authflow.Good:
		return []string{}, nil
	}
	if !a.Expires.IsZero() && !time.Now().Before(a.Expires) { // there may be no token after it
		if _, err := in.Client(ctx, need.Provider); errors.Is(err, authflow.ErrSignInAgain) {
			return []string{}, nil
		}
	}
	return a.Lacks(need.Scopes), nil
}

// goesOn reports whether the event is a command that goes on after a login.
func (in *Invocation) goesOn() bool { return strings.HasPrefix(in.Key, "login:") }

// goOn continues the command that waited for a login, once. One that changes
// things, that has begun already, or that the person has moved on from, asks first.
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
	if n.Confirm || t.Wait.Begun || string(last) != seen(t.Wait.Key) {
		return b.askGoOn(ctx, p, login, t, n)
	}
	return b.runLater(ctx, p, login, t, n)
}

// askGoOn asks whether a command should go on. The press is noted under the same
// key as going on by itself would be, so that it goes on once.
func (b *Bot) askGoOn(ctx context.Context, p *port, login authflow.Login, t thread, n *node) error {
	asked := "asked:" + login.ID
	if _, err := b.store.Note(ctx, asked); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	title := b.provider(login.Provider).Title
	m := Message{
		Text: markup.F(b.words.GoOn, title, n.path),
		Rows: [][]Control{{Button{Label: markup.Visible(markup.F(b.words.GoOnButton, n.path)), Tone: Main, Do: Action{
			Name: "~go", Args: []string{login.ID}, Only: t.User, For: time.Hour, Once: true,
		}}}},
		Private: !t.Chat.Direct && (p.caps.Private || n.Private),
		Key:     login.ID + "?",
	}
	_, err := p.reply(ctx, later{port: p, user: t.User, chat: t.Chat, command: n.path}, t.Chat, m)
	if unreachable(err) {
		b.log.Info("a person cannot be asked whether to go on", "login", login.ID, "command", n.path)
		return nil
	}
	if err != nil && !errors.Is(err, ErrUnsure) {
		return err
	}
	_, err = b.store.AddNote(ctx, asked, nil, time.Now().Add(seenFor))
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
