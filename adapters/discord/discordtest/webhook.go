package discordtest

import (
	"slices"
	"time"
)

// granted is the interaction whose token a request has.
func (s *Server) granted(q *request) (*interaction, error) {
	i := s.byToken(q.PathValue("webhook_token"))
	switch {
	case i == nil && q.PathValue("webhook_id") == s.app:
		return nil, errTokenDied
	case i == nil || q.PathValue("webhook_id") != s.app || !i.acked:
		return nil, errUnknownWebhook
	case time.Since(i.at) >= tokenLife:
		return nil, errTokenDied
	}
	return i, nil
}

// response is the message that a request names: the first answer, or one that
// followed.
func (s *Server) response(q *request) (*message, error) {
	i, err := s.granted(q)
	if err != nil {
		return nil, err
	}
	m := i.original
	if id := q.PathValue("message_id"); id != "" && (m == nil || m.ID != id) {
		at := slices.IndexFunc(i.said, func(m *message) bool { return m.ID == id })
		if at < 0 {
			return nil, errUnknownMessage
		}
		m = i.said[at]
	}
	if m == nil || m.deleted {
		return nil, errUnknownMessage
	}
	return m, nil
}

// followUp says more. The first that follows a deferral is what was deferred.
func (s *Server) followUp(q *request) (any, error) {
	i, err := s.granted(q)
	if err != nil {
		return nil, err
	}
	if m := i.original; m != nil && m.thinking && !m.deleted {
		if err := s.rewrite(m, q.body, q.files); err != nil {
			return nil, err
		}
		return s.wireMessage(m), nil
	}
	m, err := s.reply(i, q.body, q.files)
	if err != nil {
		return nil, err
	}
	i.said = append(i.said, m)
	return s.wireMessage(m), nil
}

// getResponse returns an answer.
func (s *Server) getResponse(q *request) (any, error) {
	m, err := s.response(q)
	if err != nil {
		return nil, err
	}
	return s.wireMessage(m), nil
}

// editResponse changes an answer, also one that only its person sees.
func (s *Server) editResponse(q *request) (any, error) {
	m, err := s.response(q)
	if err != nil {
		return nil, err
	}
	if err := s.rewrite(m, q.body, q.files); err != nil {
		return nil, err
	}
	return s.wireMessage(m), nil
}

// deleteResponse removes an answer, or the word that one is to come.
func (s *Server) deleteResponse(q *request) (any, error) {
	m, err := s.response(q)
	if err != nil {
		return nil, err
	}
	s.remove(m)
	return nil, nil
}
