package telegramtest

import (
	"slices"
	"strings"

	"github.com/usherbot/usher/core/coretest"
)

// enter opens the direct chat of p, and unblocks the bot.
func (s *Server) enter(p *person) {
	p.open, p.met = true, true
	if p.blocked {
		p.blocked = false
		s.queue("my_chat_member", chatLane(p.alone), wordsWait, s.membership(p.alone, p.User, kicked, present))
	}
}

// Open opens the direct chat of somebody as if they had started the bot long ago.
func (s *Server) Open(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enter(s.person(who))
}

// Block keeps the bot from writing to somebody, until that person writes to it
// or Unblock.
func (s *Server) Block(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	if p.blocked {
		return
	}
	p.blocked, p.met = true, true
	s.queue("my_chat_member", chatLane(p.alone), wordsWait, s.membership(p.alone, p.User, present, kicked))
}

// Unblock ends what Block began.
func (s *Server) Unblock(who string) { s.Open(who) }

// BasicGroup makes a group of the small kind, which is not a supergroup yet.
func (s *Server) BasicGroup(place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups[place] != nil {
		panic("telegramtest: " + place + " is there already")
	}
	s.group(place, basic)
}

// Topic makes a topic such as "#general/help", which turns #general into a
// forum, and lets the bot know. A place that is merely named is silently there.
func (s *Server) Topic(place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, topic, is := strings.Cut(place, "/")
	c := s.group(name, supergroup)
	if !is || c.topics[topic] != 0 {
		panic("telegramtest: " + place + " is no new topic")
	}
	s.tell("message", c.messages[s.topic(c, topic)-1])
}

// Migrate upgrades a basic group to a supergroup: another chat, with another id
// and no messages. What was said stays before people's eyes.
func (s *Server) Migrate(place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.groups[place]
	if old == nil || old.Type != basic {
		panic("telegramtest: " + place + " is no basic group")
	}
	delete(s.groups, place)
	old.next = s.group(place, supergroup)
	by := s.person(owner)
	s.say(by, &message{chat: old, service: service{MigrateTo: old.next.ID}})
	s.say(by, &message{chat: old.next, service: service{MigrateFrom: old.ID}})
}

// Kick removes the bot from a group.
func (s *Server) Kick(place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, _ := s.place("", place)
	if c.with != nil || c.kicked {
		panic("telegramtest: the bot cannot be removed from " + place)
	}
	c.kicked = true
	s.queue("my_chat_member", chatLane(c), wordsWait, s.membership(c, s.person(owner).User, present, kicked))
}

// NoPhotos keeps everybody but admins, and so the bot, from sending photos to a group.
func (s *Server) NoPhotos(place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, _ := s.place("", place)
	c.noPhotos = true
}

// Remove deletes the bot's newest message there, as an admin can. In
// coretest.Direct it is the newest in anybody's direct chat.
func (s *Server) Remove(place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest(place).deleted = true
	s.Change()
}

// Message is what the bot has said, in the Bot API's terms.
type Message struct {
	ID       int
	Text     string
	Entities []Entity
	Preview  bool // the first link in it may be fetched and shown
}

// Last returns the bot's newest message there; see Remove.
func (s *Server) Last(place string) Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.newest(place)
	return Message{ID: m.id, Text: m.text, Entities: slices.Clone(m.entities), Preview: m.preview}
}

func (s *Server) newest(place string) *message {
	there := func(m *message) bool { return m.chat.with != nil }
	if place != coretest.Direct {
		c, topic := s.place("", place)
		there = func(m *message) bool { return m.in(c, topic) }
	}
	for _, m := range slices.Backward(s.shown) {
		if !m.deleted && m.only == nil && there(m) {
			return m
		}
	}
	panic("telegramtest: the bot has said nothing in " + place)
}

// Ids that Telegram keeps for who speaks in the name of something.
const (
	anonymousAdmin = 1087968824
	anotherBot     = 6000000001
)

// Post publishes something in a channel that the bot is in.
func (s *Server) Post(place, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.group(place, channel)
	m := &message{chat: c, sender: c}
	m.text, m.entities = s.compose(text)
	s.tell("channel_post", s.add(m))
}

// SayAsBot lets another bot say something in a group.
func (s *Server) SayAsBot(place, text string) {
	s.sayAs(place, text, User{ID: anotherBot, IsBot: true, FirstName: "Other", UserName: "other_bot"}, false)
}

// SayAsAdmin lets an admin say something in the name of the group.
func (s *Server) SayAsAdmin(place, text string) {
	s.sayAs(place, text, User{ID: anonymousAdmin, IsBot: true, FirstName: "Group", UserName: "GroupAnonymousBot"}, true)
}

func (s *Server) sayAs(place, text string, from User, asGroup bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, topic := s.place("", place)
	m := &message{chat: c, topic: topic, from: &from}
	if asGroup {
		m.sender = c
	}
	m.text, m.entities = s.compose(text)
	s.tell("message", s.add(m))
}
