package discordtest

import (
	"fmt"
	"time"
)

// createMessage says something in a channel. The same nonce within a few minutes
// is the same message, where the bot wants that.
func (s *Server) createMessage(q *request) (any, error) {
	c, err := s.reach(q, true)
	if err != nil {
		return nil, err
	}
	if err := c.takes(q.files); err != nil {
		return nil, err
	}
	u, err := readUtterance(q.body, q.files)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprint(c.ID, " ", u.Nonce)
	unique := u.Enforce && u.Nonce != nil
	if old := s.nonces[key]; unique && old != nil && time.Since(old.at) < 5*time.Minute {
		return s.wireMessage(old), nil
	}
	what, err := u.changed(said{Nonce: u.Nonce}, s.id)
	if err != nil {
		return nil, err
	}
	m := s.add(&message{in: c, from: s.me, said: what, pings: u.pings(what.Content, false)})
	if unique {
		s.nonces[key] = m
	}
	return s.wireMessage(m), nil
}

// find is the message that a request names. One that only its person sees is in
// no channel.
func (s *Server) find(q *request) (*message, error) {
	c, err := s.reach(q, false)
	if err != nil {
		return nil, err
	}
	m := c.messages[q.PathValue("message_id")]
	if m == nil || m.deleted {
		return nil, errUnknownMessage
	}
	return m, nil
}

// getMessage returns a message. What it says is told as little as on the gateway.
func (s *Server) getMessage(q *request) (any, error) {
	m, err := s.find(q)
	if err != nil {
		return nil, err
	}
	return s.told(m), nil
}

// editMessage changes what the bot has said, however long ago.
func (s *Server) editMessage(q *request) (any, error) {
	m, err := s.find(q)
	switch {
	case err != nil:
		return nil, err
	case m.from != s.me:
		return nil, errNotAuthor
	}
	if err := m.in.takes(q.files); err != nil {
		return nil, err
	}
	if err := s.rewrite(m, q.body, q.files); err != nil {
		return nil, err
	}
	return s.wireMessage(m), nil
}

// rewrite changes a message, or says what was deferred.
func (s *Server) rewrite(m *message, body []byte, files []file) error {
	if m.deleted {
		return errUnknownMessage
	}
	u, err := readUtterance(body, files)
	if err != nil {
		return err
	}
	what, err := u.changed(m.said, s.id)
	if err != nil {
		return err
	}
	m.said = what
	if m.thinking {
		m.thinking, m.pings = false, u.pings(what.Content, true)
		s.tell("MESSAGE_CREATE", m)
	} else {
		m.edited = time.Now()
		s.tell("MESSAGE_UPDATE", m)
	}
	s.answered()
	return nil
}

// deleteMessage removes a message of the bot, which may not remove those of others.
func (s *Server) deleteMessage(q *request) (any, error) {
	m, err := s.find(q)
	switch {
	case err != nil:
		return nil, err
	case m.from != s.me:
		return nil, errMayNot
	}
	s.remove(m)
	return nil, nil
}

func (s *Server) remove(m *message) {
	m.deleted = true
	s.answered()
}
