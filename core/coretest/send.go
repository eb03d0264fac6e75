package coretest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

// Send implements core.Adapter.
func (c *Chat) Send(_ context.Context, to core.Chat, m core.Message) (core.Ref, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.reach(to.ID); err != nil {
		return core.Ref{}, fmt.Errorf("send: %w", err)
	}
	switch {
	case m.Private:
		return core.Ref{}, fmt.Errorf("send: %s has private messages only as answers", c.caps.Platform)
	case to.Platform != c.caps.Platform || to.ID == "":
		return core.Ref{}, fmt.Errorf("send: %w: there is no chat %s", core.ErrGone, to.Key())
	case to.Direct && c.dm != Allowed && !c.opened[personIn(to)]:
		return core.Ref{}, fmt.Errorf("send: %w", core.ErrForbidden)
	}
	return c.post("send", &message{chat: to, said: m})
}

// post adds a message.
func (c *Chat) post(how string, said *message) (core.Ref, error) {
	m := said.said
	if err := refuse(c.caps, m); err != nil {
		return core.Ref{}, fmt.Errorf("%s: %w", how, err)
	}
	key := said.chat.Key() + " " + m.Key
	if ref, known := c.keys[key]; known && m.Key != "" {
		return ref, nil
	}
	c.put(how, said)
	ref := c.ref(said)
	if m.Key != "" {
		c.keys[key] = ref
	}
	return ref, nil
}

// put shows a message. Callers hold c.mu.
func (c *Chat) put(how string, said *message) {
	said.id = c.id()
	c.messages = append(c.messages, said)
	c.done(Sent{How: how, Chat: said.chat, To: said.to, Message: said.said})
}

// done notes what the bot did. Callers hold c.mu.
func (c *Chat) done(s Sent) {
	c.sent = append(c.sent, s)
	c.asked = false
	c.change()
}

func (c *Chat) change() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// id is new in all chats there ever were: a store that outlives a Chat must not
// take what happens in the next for what happened in the last.
func (c *Chat) id() string {
	c.count++
	return c.born + "-" + strconv.Itoa(c.count)
}

// ref points at m from now on: what only one person sees can be edited for a
// while, and the token itself remembers for how long.
func (c *Chat) ref(m *message) core.Ref {
	if m.to == "" {
		return core.Ref{Chat: m.chat, Token: seal.Secret(m.id)}
	}
	until := time.Now().Add(c.caps.PrivateEdit).Truncate(time.Millisecond)
	return core.Ref{Chat: m.chat, Token: seal.Secret(m.id + "." + strconv.FormatInt(until.UnixMilli(), 10)), Until: until}
}

// at returns the message that r points at, or ErrGone.
func (c *Chat) at(r core.Ref) (*message, error) {
	id, until, limited := strings.Cut(r.Token.Reveal(), ".")
	if limited {
		ms, err := strconv.ParseInt(until, 10, 64)
		if err != nil || !time.Now().Before(time.UnixMilli(ms)) {
			return nil, core.ErrGone
		}
	}
	m := c.find(id)
	if m == nil || m.deleted || m.form != nil || m.chat != r.Chat || limited == (m.to == "") {
		return nil, core.ErrGone
	}
	return m, nil
}

func (c *Chat) find(id string) *message {
	for _, m := range c.messages {
		if m.id == id {
			return m
		}
	}
	return nil
}

// Edit implements core.Adapter.
func (c *Chat) Edit(_ context.Context, r core.Ref, m core.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.reach(r.Chat.ID); err != nil {
		return fmt.Errorf("edit: %w", err)
	}
	old, err := c.at(r)
	if err != nil {
		return fmt.Errorf("edit: %w", err)
	}
	return c.replace("edit", old, m)
}

func (c *Chat) replace(how string, old *message, m core.Message) error {
	if err := refuse(c.caps, m); err != nil {
		return fmt.Errorf("%s: %w", how, err)
	}
	if m.Private && old.to == "" && !old.chat.Direct {
		return fmt.Errorf("%s: all who are in %s see that message, and the new one is private", how, old.chat.ID)
	}
	old.said, old.edited = m, true
	c.done(Sent{How: how, Chat: old.chat, To: old.to, Message: m})
	return nil
}

// Delete implements core.Adapter.
func (c *Chat) Delete(_ context.Context, r core.Ref) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.reach(r.Chat.ID); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	m, err := c.at(r)
	if err != nil {
		return nil // one that is not there is no error
	}
	m.deleted = true
	c.done(Sent{How: "delete", Chat: m.chat, To: m.to})
	return nil
}
