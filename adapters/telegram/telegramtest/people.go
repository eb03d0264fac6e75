package telegramtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// Say implements coretest.World. In a direct chat it opens that, and unblocks
// the bot. A bot that is spoken to by name and has asked for a reply gets one.
func (s *Server) Say(who, where, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	c, topic := s.place(who, where)
	if c.with != nil {
		s.enter(p)
	}
	rest, named := s.addressed(text)
	m := &message{chat: c, topic: topic}
	if named || c.with != nil && !strings.HasPrefix(text, "/") {
		m.reply = s.asked(p, c, topic)
	}
	if m.reply != nil {
		m.reply.answered[p] = true
		text = rest
	}
	m.text, m.entities = s.compose(text)
	s.say(p, m)
}

// say puts a person's message into its chat and lets the bot know.
func (s *Server) say(p *person, m *message) {
	m.from = &p.User
	s.tell("message", s.add(m))
}

// asked is the forced reply that p has open there: the newest one that is meant
// for p, unless p has replied.
func (s *Server) asked(p *person, c *chat, topic int) *message {
	for _, m := range slices.Backward(c.messages) {
		if m.force != nil && !m.deleted && m.topic == topic && m.asks(p) {
			if m.answered[p] {
				return nil
			}
			return m
		}
	}
	return nil
}

// asks reports whether the forced reply of m opens for p: in a group a selective
// one does for those whom m mentions or replies to.
func (m *message) asks(p *person) bool {
	if !m.force.Selective || m.chat.with != nil {
		return true
	}
	mentions := func(e Entity) bool { return e.User != nil && e.User.ID == p.ID }
	return slices.ContainsFunc(m.entities, mentions) || m.reply != nil && m.reply.from == &p.User
}

// Reply replies to a message of the bot.
func (s *Server) Reply(who string, to coretest.Seen, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	on, err := s.visible(p, to.ID)
	if err != nil {
		return err
	}
	if on.force != nil {
		on.answered[p] = true
	}
	m := &message{chat: on.chat, topic: on.topic, reply: on}
	m.text, m.entities = s.compose(text)
	s.say(p, m)
	return nil
}

// Edit changes the last message of a person there.
func (s *Server) Edit(who, where, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	c, topic := s.place(who, where)
	for _, m := range slices.Backward(c.messages) {
		if m.from == &p.User && m.topic == topic && m.service == (service{}) {
			m.text, m.entities = s.compose(text)
			m.edited = time.Now()
			s.tell("edited_message", m)
			return
		}
	}
	panic("telegramtest: " + who + " has written nothing in " + where)
}

// Press implements coretest.World. A button that opens a link is followed.
func (s *Server) Press(who string, m coretest.Seen, label string) error {
	control, err := m.Control(coretest.Button, label)
	if err != nil {
		if _, none := m.Control(coretest.Link, label); none == nil {
			return s.Follow(who, m, label)
		}
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	on, err := s.visible(p, m.ID)
	if err != nil {
		return err
	}
	s.pressed(p, on, control.Key)
	return nil
}

// visible is the message of that key, where p can do something with it.
func (s *Server) visible(p *person, key string) (*message, error) {
	for _, m := range s.shown {
		if m.key != key || !m.seenBy(p) || m.only != nil {
			continue
		}
		if m.chat.kicked || m.chat.next != nil || p.blocked && m.chat.with != nil {
			return nil, fmt.Errorf("message %s cannot be used: the bot is not there any more", key)
		}
		return m, nil
	}
	return nil, fmt.Errorf("%s does not see message %s", p.FirstName, key)
}

// Follow implements coretest.World.
func (s *Server) Follow(who string, m coretest.Seen, label string) error {
	link, err := m.Control(coretest.Link, label)
	if err != nil {
		return err
	}
	start, leads := s.leads(link.URL)
	if !leads {
		return errors.New("that link does not lead to the direct chat")
	}
	if err := checkStart(start); err != nil {
		return fmt.Errorf("follow %q: %w", label, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start(s.person(who), start)
	return nil
}

// Choose implements coretest.World: Telegram has no selects.
func (s *Server) Choose(string, coretest.Seen, string, ...string) error {
	return errors.New("there are no selects on Telegram")
}

// Fill implements coretest.World: Telegram has no forms.
func (s *Server) Fill(string, coretest.Seen, map[string]string) error {
	return errors.New("there are no forms on Telegram")
}

// Leave implements coretest.World. There is nothing to close.
func (s *Server) Leave(string) {}

// Sees implements coretest.World.
func (s *Server) Sees(who, where string) []coretest.Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	c, topic := s.place(who, where)
	var out []coretest.Seen
	for _, m := range s.shown {
		if m.in(c, topic) && m.seenBy(p) {
			out = append(out, s.view(m))
		}
	}
	return out
}

// view is m as people see it.
func (s *Server) view(m *message) coretest.Seen {
	out := coretest.Seen{ID: m.key, Text: m.text, Edited: !m.edited.IsZero(), Private: m.only != nil && m.chat.with == nil}
	if m.photo != nil {
		out.Controls = append(out.Controls, coretest.Control{Kind: coretest.Picture, Data: m.photo.data})
	}
	for _, row := range m.rows {
		for _, b := range row {
			out.Controls = append(out.Controls, s.control(b))
		}
	}
	return out
}

func (s *Server) control(b button) coretest.Control {
	tones := map[string]core.Tone{"danger": core.Bad, "success": core.Good, "primary": core.Main}
	out := coretest.Control{Kind: coretest.Button, Label: b.Text, Tone: tones[b.Style], Key: b.Data}
	switch {
	case b.URL != "":
		out.Kind, out.URL = coretest.Link, b.URL
		_, out.Leads = s.leads(b.URL)
	case b.Copy != nil:
		out.Kind, out.Text = coretest.Copy, b.Copy.Text
	}
	return out
}

// Busy reports whether the bot has yet to take or to answer what people did. For
// coretest.Idle; there need be no answer.
func (s *Server) Busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.awaited || len(s.pendingNow()) > 0
}
