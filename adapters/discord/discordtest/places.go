package discordtest

import (
	"strconv"
	"strings"
	"time"

	"github.com/usherbot/usher/core/coretest"
)

// The kinds of channels.
const (
	guildText    = 0
	direct       = 1
	publicThread = 11
)

// person is somebody who exists because a test named them, or the bot.
type person struct {
	ID, Name string
	alone    *channel // with the bot
	open     bool     // they have written to the bot
	blocked  bool     // the bot
	modal    *modal   // before their eyes
}

// channel is a place that the bot is in.
type channel struct {
	ID, name string
	kind     int
	with     *person  // in a direct one
	parent   *channel // of a thread
	messages map[string]*message
	last     string
	hidden   bool // from the bot
	muted    bool // for the bot
	fileless bool // for the bot
}

// message is something that was said. Of an ephemeral one only its person and
// the tokens of interactions know.
type message struct {
	ID       string
	in       *channel
	from     *person
	bot      string // the name of another bot that said it
	at       time.Time
	edited   time.Time
	said     said
	pings    []string     // ids, or "everyone"
	only     *person      // ephemeral
	thinking bool         // a deferred answer that is still to come
	deleted  bool         //
	answers  *interaction // of which it is a response
}

// What bots may set of a message's flags, and what they may read of them.
const (
	suppressEmbeds = 1 << 2
	ephemeral      = 1 << 6
	loading        = 1 << 7
	silent         = 1 << 12
	componentsV2   = 1 << 15
)

// id makes a snowflake. Real ones begin with the time; in a bubble of
// testing/synctest, where it is the year 2000, these begin with one in 2026.
func (s *Server) id() string {
	const epoch, floor = 1420070400000, 350000000000
	s.ids++
	ms := uint64(max(time.Now().UnixMilli()-epoch, floor))
	return strconv.FormatUint(ms<<22+s.ids, 10)
}

// person is the one of that name, who comes into being by this.
func (s *Server) person(name string) *person {
	if p := s.people[name]; p != nil {
		return p
	}
	p := &person{ID: s.id(), Name: name, open: !s.opt.NoDMs}
	p.alone = s.channel(&channel{kind: direct, with: p})
	s.people[name] = p
	return p
}

// personOf is the one with that id, or nil.
func (s *Server) personOf(id string) *person {
	for _, p := range s.people {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// place is where who is when they are in that place. Channels and threads come
// into being by being named.
func (s *Server) place(who, where string) *channel {
	if where == coretest.Direct {
		return s.person(who).alone
	}
	if c := s.named[where]; c != nil {
		return c
	}
	if !strings.HasPrefix(where, "#") {
		panic("discordtest: " + where + " is no place; channels begin with #")
	}
	parent, thread, is := strings.Cut(where, "/")
	c := &channel{name: strings.TrimPrefix(where, "#"), kind: guildText}
	if is {
		c = &channel{name: thread, kind: publicThread, parent: s.place(who, parent)}
	}
	s.named[where] = s.channel(c)
	event := map[int]string{guildText: "CHANNEL_CREATE", publicThread: "THREAD_CREATE"}[c.kind]
	s.dispatch(event, intentGuilds, s.wireChannel(c))
	return c
}

func (s *Server) channel(c *channel) *channel {
	c.ID, c.messages = s.id(), map[string]*message{}
	s.channels[c.ID] = c
	return c
}

// add puts a message into its channel, where all can read it.
func (s *Server) add(m *message) *message {
	m.ID, m.at = s.id(), time.Now()
	if m.only == nil {
		m.in.messages[m.ID], m.in.last = m, m.ID
	}
	if m.from == s.me {
		s.shown = append(s.shown, m)
		s.answered()
	}
	s.tell("MESSAGE_CREATE", m)
	return m
}

// answered notes that the bot has done something that people see.
func (s *Server) answered() {
	s.awaited = false
	s.Change()
}

// seenBy reports whether m is before the eyes of p somewhere.
func (m *message) seenBy(p *person) bool {
	return !m.deleted && !m.thinking && (m.only == nil || m.only == p) && (m.in.with == nil || m.in.with == p)
}

// access refuses what the bot may not do in c.
func (c *channel) access(write bool) error {
	switch {
	case c.hidden:
		return errMissingAccess
	case write && c.muted:
		return errMayNot
	case write && c.with != nil && (c.with.blocked || !c.with.open):
		return errCannotDM
	}
	return nil
}

// takes refuses files where the bot may not attach any. Answers to interactions always
// may have some.
func (c *channel) takes(files []file) error {
	if c.fileless && len(files) > 0 {
		return errMayNot
	}
	return nil
}

// reach is the channel that a request names.
func (s *Server) reach(q *request, write bool) (*channel, error) {
	c := s.channels[q.PathValue("channel_id")]
	if c == nil {
		return nil, errUnknownChannel
	}
	return c, c.access(write)
}

// getChannel describes a channel.
func (s *Server) getChannel(q *request) (any, error) {
	c, err := s.reach(q, false)
	if err != nil {
		return nil, err
	}
	return s.wireChannel(c), nil
}

// showTyping shows that the bot is at work, which nobody here looks at.
func (s *Server) showTyping(q *request) (any, error) {
	_, err := s.reach(q, true)
	return nil, err
}

// openDM is the channel with one person alone. It can be had from those too who
// let the bot write nothing there.
func (s *Server) openDM(q *request) (any, error) {
	var in struct {
		To string `json:"recipient_id"`
	}
	if err := read(q.body, &in); err != nil {
		return nil, err
	}
	p := s.personOf(in.To)
	if p == nil || p == s.me {
		return nil, errBadRecipient
	}
	return s.wireChannel(p.alone), nil
}
