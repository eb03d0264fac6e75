package telegramtest

import (
	"fmt"
	"hash/fnv"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/usherbot/usher/core/coretest"
)

// The four kinds of chats.
const (
	private    = "private"
	basic      = "group"
	supergroup = "supergroup"
	channel    = "channel"
)

// Ids are larger than 32 bits, as most are by now. Those of supergroups and
// channels begin with -100.
const (
	firstPerson = 5000000001
	firstGroup  = -4000000001
	firstSuper  = -1001000000001
)

// person is somebody who exists because a test named them. People have no user
// names, so that bots must do without.
type person struct {
	User
	alone   *chat // with the bot
	met     bool  // the bot has been told of them
	open    bool  // they have started the bot
	blocked bool
}

// chat is one that the bot is in.
type chat struct {
	wireChat
	with     *person        // in a private one
	topics   map[string]int // the ids of the messages that made them
	messages []*message     // the id of each is its place, from 1
	kicked   bool           // the bot
	noPhotos bool           // may be sent by the bot
	next     *chat          // what this one was upgraded to
}

// message is something in a chat. An alert is one without an id there, which
// one person sees.
type message struct {
	key      string // what a coretest.Seen is known by
	id       int
	chat     *chat
	topic    int // 0: none
	root     int // of the replies that it is among, where there are no topics
	from     *User
	sender   *chat // who it is from, in the name of a chat
	at       time.Time
	edited   time.Time
	text     string
	entities []Entity
	rows     [][]button
	force    *forceReply
	preview  bool
	photo    *photo // which text is the caption of
	above    bool   // the caption is above the photo
	reply    *message
	answered map[*person]bool // whose forced reply has come
	only     *person          // of an alert
	service  service
	deleted  bool
}

// person is who is called so; naming somebody makes them exist.
func (s *Server) person(name string) *person {
	if p := s.people[name]; p != nil {
		return p
	}
	id := firstPerson + int64(len(s.people))
	p := &person{User: User{ID: id, FirstName: name, Language: "en"}}
	p.alone = &chat{wireChat: wireChat{ID: id, Type: private, FirstName: name}, with: p}
	s.people[name], s.chats[id] = p, p.alone
	return p
}

// group is the chat of many that is called so, made as that kind if need be.
func (s *Server) group(name, kind string) *chat {
	if c := s.groups[name]; c != nil {
		return c
	}
	id := firstSuper - int64(len(s.chats))
	if kind == basic {
		id = firstGroup - int64(len(s.chats))
	}
	c := &chat{wireChat: wireChat{ID: id, Type: kind, Title: name}, topics: map[string]int{}}
	s.groups[name], s.chats[id] = c, c
	return c
}

// place is the chat that who means by where, and the topic in it.
func (s *Server) place(who, where string) (*chat, int) {
	if where == coretest.Direct {
		return s.person(who).alone, 0
	}
	name, topic, _ := strings.Cut(where, "/")
	c := s.group(name, supergroup)
	if topic == "" {
		return c, 0
	}
	return c, s.topic(c, topic)
}

// topic is the topic of c that is called so, made if need be.
func (s *Server) topic(c *chat, name string) int {
	if id := c.topics[name]; id != 0 {
		return id
	}
	if c.Type != supergroup {
		panic("telegramtest: " + c.Title + " is a " + c.Type + ", which has no topics")
	}
	c.Forum = true
	m := s.add(&message{chat: c, from: &s.person(owner).User, service: service{TopicCreated: &topicCreated{name, 7322096}}})
	m.topic = m.id
	c.topics[name] = m.id
	return m.id
}

// owner is who founds topics, upgrades groups and removes the bot from them.
const owner = "owner"

// add puts m into its chat.
func (s *Server) add(m *message) *message {
	m.at = time.Now()
	m.chat.messages = append(m.chat.messages, m)
	m.id = len(m.chat.messages)
	m.key = fmt.Sprintf("%d/%d", m.chat.ID, m.id)
	if m.reply != nil && m.chat.Type == supergroup && !m.chat.Forum {
		m.root = m.reply.id
		if m.reply.root != 0 {
			m.root = m.reply.root
		}
	}
	return m
}

// find is the message of that id which is still there, or nil.
func (c *chat) find(id int) *message {
	if id < 1 || id > len(c.messages) || c.messages[id-1].deleted {
		return nil
	}
	return c.messages[id-1]
}

// in reports whether people who look at that topic of c see m. What was said
// before an upgrade stays before their eyes.
func (m *message) in(c *chat, topic int) bool {
	return (m.chat == c || m.chat.next == c) && m.topic == topic
}

// seenBy reports whether m is before the eyes of p somewhere.
func (m *message) seenBy(p *person) bool {
	return !m.deleted && (m.only == nil || m.only == p) && (m.chat.with == nil || m.chat.with == p)
}

// instance is what callback queries call c by.
func (c *chat) instance() string {
	h := fnv.New64a()
	h.Write([]byte(strconv.FormatInt(c.ID, 10))) // never returns an error
	return strconv.FormatUint(h.Sum64(), 10)
}

// chat is the one that a request names, as long as the bot is in it.
func (s *Server) chat(p url.Values) (*chat, error) {
	if p.Get("chat_id") == "" {
		return nil, badf("chat_id is empty")
	}
	c := s.chats[int64(integer(p, "chat_id"))]
	switch {
	case c == nil || c.with != nil && !c.with.met:
		return nil, badf("chat not found")
	case c.next != nil:
		return nil, &refusal{
			code: 400, text: "Bad Request: group chat was upgraded to a supergroup chat", migrate: c.next.ID,
		}
	case c.kicked:
		return nil, forbidden("bot was kicked from the " + c.Type + " chat")
	}
	return c, nil
}

// writable is the chat that a request names, if the bot may write there.
func (s *Server) writable(p url.Values) (*chat, error) {
	c, err := s.chat(p)
	switch {
	case err != nil || c.with == nil:
		return c, err
	case c.with.blocked:
		return nil, forbidden("bot was blocked by the user")
	case !c.with.open:
		return nil, forbidden("bot can't initiate conversation with a user")
	}
	return c, nil
}
