package slacktest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/usherbot/usher/core/coretest"
)

// Ids of what there is one of.
const (
	teamID   = "T0000000001"
	appID    = "A0000000001"
	botID    = "U0000000001" // the bot as a user
	botBotID = "B0000000001"
	domain   = "acme"
)

// person is somebody who exists because a test named them, or the bot.
type person struct {
	id, name string
	bot      bool
	alone    *channel // with the bot
	blocked  bool     // the bot cannot write to them
	modal    *view
}

// channel is a conversation: one of many people, or one with the bot alone.
type channel struct {
	id, name string
	with     *person // in a direct one
	opened   bool    // a direct one that the bot knows of
	kicked   bool    // the bot is not in it
	parted   map[*person]bool
	threads  map[string]string // by name, the ts of the messages that they are under
	messages []*message
}

// message is something in a channel. Only what a person said has no content that
// people look at here.
type message struct {
	channel *channel
	ts      string
	thread  string // the ts of what it is under; empty: nothing
	from    *person
	only    *person // who sees it, if it is ephemeral
	said    typed   // by a person
	content content
	preview bool
	edited  string // the ts of the change; empty: none
	deleted bool
}

// content is what the bot says in a message.
type content struct {
	text   string
	plain  bool // mrkdwn was switched off
	blocks []node
	raw    json.RawMessage // the blocks, as payloads have them
}

// newID makes an id of the kind that prefix tells.
func (s *Server) newID(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s0%09d", prefix, 100+s.serial)
}

func (s *Server) newPerson(name, id string) *person {
	p := &person{id: id, name: name}
	p.alone = &channel{id: s.newID("D"), name: "directmessage", with: p}
	s.people[name], s.users[id], s.channels[p.alone.id] = p, p, p.alone
	return p
}

// person is who is called so; naming somebody makes them exist.
func (s *Server) person(name string) *person {
	if p := s.people[name]; p != nil {
		return p
	}
	return s.newPerson(name, s.newID("U"))
}

// place is the channel that who means by where, and the thread in it.
func (s *Server) place(who, where string) (c *channel, thread string) {
	if where == coretest.Direct {
		return s.person(who).alone, ""
	}
	name, topic, _ := strings.Cut(where, "/")
	c = s.places[name]
	if c == nil {
		c = &channel{
			id: s.newID("C"), name: strings.TrimPrefix(name, "#"),
			parted: map[*person]bool{}, threads: map[string]string{},
		}
		s.places[name], s.channels[c.id] = c, c
	}
	if topic == "" {
		return c, ""
	}
	if c.threads[topic] == "" {
		root := s.add(&message{channel: c, from: s.person(opener), said: s.compose(topic)})
		c.threads[topic] = root.ts
	}
	return c, c.threads[topic]
}

// opener is who says what threads are under.
const opener = "opener"

// add puts m into its channel.
func (s *Server) add(m *message) *message {
	m.ts = s.now()
	m.channel.messages = append(m.channel.messages, m)
	return m
}

// now is a ts that nothing else has.
func (s *Server) now() string {
	s.stamp = max(time.Now().UnixMicro(), s.stamp+1)
	return fmt.Sprintf("%d.%06d", s.stamp/1e6, s.stamp%1e6)
}

// find is the message of that ts which is still there and which all see, or nil.
func (c *channel) find(ts string) *message {
	for _, m := range c.messages {
		if m.ts == ts && !m.deleted && m.only == nil {
			return m
		}
	}
	return nil
}

// key is what a coretest.Seen is known by.
func (m *message) key() string { return m.channel.id + "/" + m.ts }

// seenBy reports whether m is before the eyes of p somewhere.
func (m *message) seenBy(p *person) bool {
	return !m.deleted && (m.only == nil || m.only == p) && m.channel.has(p)
}

// has reports whether p is in c.
func (c *channel) has(p *person) bool {
	if c.with != nil {
		return c.with == p
	}
	return !c.parted[p]
}

// kind is what events call it.
func (c *channel) kind() string {
	if c.with != nil {
		return "im"
	}
	return "channel"
}

// secret is a part of an address or id that cannot be guessed.
func secret() string { return rand.Text() }
