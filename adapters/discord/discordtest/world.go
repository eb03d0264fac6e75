package discordtest

import (
	"slices"

	"github.com/usherbot/usher/core/coretest"
)

// Block keeps the bot from writing to somebody, until that person writes to it
// or Unblock. The direct channel can still be had.
func (s *Server) Block(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.person(who).blocked = true
}

// Unblock lets the bot write to somebody, also one who has never written to it.
func (s *Server) Unblock(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	p.open, p.blocked = true, false
}

// Open is Unblock.
func (s *Server) Open(who string) { s.Unblock(who) }

// Hide takes a channel from the bot's eyes, and what is done there still
// reaches it as an interaction. Show gives it back.
func (s *Server) Hide(place string) { s.permit(place, func(c *channel) { c.hidden = true }) }

// Show ends what Hide began.
func (s *Server) Show(place string) { s.permit(place, func(c *channel) { c.hidden = false }) }

// Mute forbids the bot to write in a channel but as an answer. Unmute allows it.
func (s *Server) Mute(place string) { s.permit(place, func(c *channel) { c.muted = true }) }

// Unmute ends what Mute began.
func (s *Server) Unmute(place string) { s.permit(place, func(c *channel) { c.muted = false }) }

// DenyFiles forbids the bot to attach files in a channel but to an answer. AllowFiles
// allows it.
func (s *Server) DenyFiles(place string) { s.permit(place, func(c *channel) { c.fileless = true }) }

// AllowFiles ends what DenyFiles began.
func (s *Server) AllowFiles(place string) { s.permit(place, func(c *channel) { c.fileless = false }) }

func (s *Server) permit(place string, change func(*channel)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if place == coretest.Direct {
		panic("discordtest: nobody gives or takes permissions in the direct chat")
	}
	change(s.place("", place))
}

// Remove deletes the bot's newest message there, as an admin can. In
// coretest.Direct it is the newest in anybody's direct chat.
func (s *Server) Remove(place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(s.newest(place))
}

// Message is what the bot has said, in the API's terms.
type Message struct {
	ID, Channel string
	Content     string
	Flags       int
	Pings       []string // names of who was pinged, or "everyone"
	Previews    bool     // links in it may be fetched and shown
}

// Last returns the bot's newest message there; see Remove.
func (s *Server) Last(place string) Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.newest(place)
	out := Message{
		ID: m.ID, Channel: m.in.ID, Content: m.said.Content, Flags: m.said.Flags, Previews: m.said.Flags&suppressEmbeds == 0,
	}
	for _, id := range m.pings {
		if p := s.personOf(id); p != nil {
			id = p.Name
		}
		out.Pings = append(out.Pings, id)
	}
	return out
}

// newest is the last of the bot's messages there that all can see.
func (s *Server) newest(place string) *message {
	for _, m := range slices.Backward(s.shown) {
		there := m.in.with != nil
		if place != coretest.Direct {
			there = m.in == s.place("", place)
		}
		if there && m.only == nil && !m.deleted && !m.thinking {
			return m
		}
	}
	panic("discordtest: the bot has said nothing in " + place)
}

// Post publishes something in a channel through a webhook that is not the bot's.
func (s *Server) Post(place, text string) { s.sayAs("News", place, text) }

// SayAsBot lets another bot say something in a channel.
func (s *Server) SayAsBot(place, text string) { s.sayAs("Other", place, text) }

func (s *Server) sayAs(bot, place, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	content := s.mention(text)
	s.add(&message{
		in: s.place("", place), bot: bot, said: said{Content: content}, pings: (&utterance{}).pings(content, false),
	})
}

// ID is the id of a person, who comes into being by being named.
func (s *Server) ID(who string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.person(who).ID
}

// Channel is the id of a place, for one person where that is coretest.Direct.
func (s *Server) Channel(who, where string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.place(who, where).ID
}
