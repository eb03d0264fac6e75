package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
	"github.com/usherbot/usher/core/seal"
)

// original names the first response to an interaction.
const original = "@original"

// location is where a message can be changed: what the token of its Ref says. One
// in a chat is known by its id alone, for ever. One for a single person is reached
// only by the token of an interaction: its own, or that of a press on it.
type location struct {
	app, message string      // whose interaction; and the id, or original
	token        seal.Secret // of the interaction; empty: by id
	interaction  string      // set for a public response whose id nobody asked for
}

// byID is the Ref of a message in a chat.
func byID(chat core.Chat, id string) core.Ref {
	return core.Ref{Chat: chat, Token: seal.Secret(id)}
}

// ref is the Ref of l. Until is the zero time for what others see too.
func (l location) ref(chat core.Chat, until time.Time) core.Ref {
	parts := []string{l.message}
	if l.token != "" {
		parts = []string{l.message, l.app, l.interaction, l.token.Reveal()}
	}
	return core.Ref{Chat: chat, Token: seal.Secret(strings.Join(parts, "/")), Until: until}
}

// locate reads the token of a Ref.
func locate(r core.Ref) location {
	parts := strings.SplitN(r.Token.Reveal(), "/", 4)
	if len(parts) < 4 {
		return location{message: parts[0]}
	}
	return location{message: parts[0], app: parts[1], interaction: parts[2], token: seal.Secret(parts[3])}
}

// request is one on the message.
func (l location) request(does, method string, chat core.Chat, body any) request {
	r := request{does: does, method: method, body: body, chat: chat.ID, path: "/channels/" + url.PathEscape(chat.ID)}
	if l.token != "" {
		r.path, r.hook = hookPath(l.app, l.token), true
	}
	r.path += "/messages/" + url.PathEscape(l.message)
	return r
}

// hookPath is where what comes after the first response to an interaction goes.
func hookPath(app string, token seal.Secret) string {
	return "/webhooks/" + url.PathEscape(app) + "/" + url.PathEscape(token.Reveal())
}

// Edit implements core.Adapter. What only one person sees can be edited until the
// interaction's token is no longer good.
func (a *Adapter) Edit(ctx context.Context, r core.Ref, m core.Message) error {
	if f := a.pending.of(locate(r)); f != nil {
		return f.update(ctx, r, m)
	}
	return a.change(ctx, r, "edit message", http.MethodPatch, render(m), nil)
}

// Delete implements core.Adapter.
func (a *Adapter) Delete(ctx context.Context, r core.Ref) error {
	err := a.change(ctx, r, "delete message", http.MethodDelete, nil, nil)
	if errors.Is(err, core.ErrGone) && !over(r) {
		return nil
	}
	return err
}

// until is how long the token of an interaction of now is good. Stores keep times
// to the millisecond; a card that is to move then must not be found too early.
func until(now time.Time) time.Time { return now.Add(editFor).Truncate(time.Second) }

// over reports whether the bot can change a message no more.
func over(r core.Ref) bool { return !r.Until.IsZero() && !time.Now().Before(r.Until) }

// change does something to a message, wherever it is.
func (a *Adapter) change(ctx context.Context, r core.Ref, does, method string, body, result any) error {
	l := locate(r)
	if over(r) {
		return fmt.Errorf("%s: %w", does, core.ErrGone)
	}
	err := a.hooked(ctx, l.request(does, method, r.Chat, body), result)
	if l.interaction == "" || !errors.Is(err, core.ErrGone) {
		return err
	}
	id, lost := a.find(ctx, r.Chat, l.interaction)
	if lost != nil {
		return lost
	}
	return a.write(ctx, location{message: id}.request(does, method, r.Chat, body), result)
}

// find returns the id of the message that answered an interaction. Ids grow with
// time, so it is one of the first after the interaction's.
func (a *Adapter) find(ctx context.Context, chat core.Chat, interaction string) (string, error) {
	var after []message
	err := a.write(ctx, request{
		does: "find message", method: http.MethodGet,
		path: "/channels/" + url.PathEscape(chat.ID) + "/messages?limit=50&after=" + url.QueryEscape(interaction),
	}, &after)
	if err != nil {
		return "", err
	}
	for _, m := range after {
		if m.Answers != nil && m.Answers.ID == interaction {
			return m.ID, nil
		}
	}
	return "", fmt.Errorf("find message: %w", core.ErrGone)
}

// early is how long Discord may not know an interaction yet that it has been
// given the first response to.
const early = 3 * time.Second

// hooked is write with the patience that it takes when the first response is
// still on its way.
func (a *Adapter) hooked(ctx context.Context, r request, result any) error {
	begun := time.Now()
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		err := a.write(ctx, r, result)
		if !r.hook || codeOf(err) != discordgo.ErrCodeUnknownWebhook || time.Since(begun) > early {
			return err
		}
		if err := reach.Pause(ctx, wait); err != nil {
			return err
		}
	}
}

// pending are the presses on messages of one person that have no response yet,
// by the interaction's token. The zero pending is empty.
type pending struct {
	mu sync.Mutex
	by map[seal.Secret]*first
}

func (p *pending) add(f *first) {
	if f.in.event.On.Until.IsZero() {
		return // can be edited without
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == nil {
		p.by = map[seal.Secret]*first{}
	}
	if p.by[f.in.token] == nil { // else it is a repeat
		p.by[f.in.token] = f
	}
}

func (p *pending) remove(f *first) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by[f.in.token] == f {
		delete(p.by, f.in.token)
	}
}

// of returns the press on a message that has no response yet, or nil.
func (p *pending) of(l location) *first {
	if l.token == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.by[l.token]
	if f == nil || locate(f.in.event.On).message != l.message {
		return nil
	}
	return f
}
