package discordtest

import (
	"slices"

	"github.com/gorilla/websocket"
)

// trouble is something that the gateway does to a client once.
type trouble struct {
	kind upset
	code int // of closes
}

type upset int

const (
	secondFrameReconnect upset = iota
	neverReady
	invalidSession
	closes
)

// met takes the first trouble that is of one of these kinds, or none.
func (s *Server) met(kinds ...upset) *trouble {
	i := slices.IndexFunc(s.troubles, func(t trouble) bool { return slices.Contains(kinds, t.kind) })
	if i < 0 {
		return nil
	}
	t := s.troubles[i]
	s.troubles = slices.Delete(s.troubles, i, i+1)
	return &t
}

// suffer is what becomes of an IDENTIFY or RESUME that meets trouble.
func (s *Server) suffer(l *link, t *trouble) {
	switch t.kind {
	case invalidSession:
		l.tell(opInvalid, false)
	case closes:
		l.end(t.code, "")
	case neverReady:
		l.deaf = true
	}
}

func (s *Server) expect(t trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.troubles = append(s.troubles, t)
}

// SecondFrameReconnect lets the next client that connects be asked to reconnect
// right after HELLO, before any READY. discordgo's Open never returns from that.
func (s *Server) SecondFrameReconnect() { s.expect(trouble{kind: secondFrameReconnect}) }

// NeverReady leaves the next IDENTIFY or RESUME without any answer.
func (s *Server) NeverReady() { s.expect(trouble{kind: neverReady}) }

// InvalidSession answers the next IDENTIFY or RESUME with op 9.
func (s *Server) InvalidSession() { s.expect(trouble{kind: invalidSession}) }

// CloseWith closes all connections to the gateway with a code, or where there is
// none the next that identifies. Sessions end with codes after which clients may
// not resume.
func (s *Server) CloseWith(code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) == 0 {
		s.troubles = append(s.troubles, trouble{closes, code})
	}
	for l := range s.open {
		if ses := l.session; ses != nil && final(code) {
			delete(s.sessions, ses.id)
		}
		l.end(code, "")
	}
}

// final reports whether a session is over after a close with that code.
func final(code int) bool {
	return slices.Contains([]int{
		websocket.CloseNormalClosure, websocket.CloseGoingAway,
		closeBadToken, closeBadSequence, 4009, 4010, 4011, 4012, closeBadIntents, closePrivileged,
	}, code)
}

// Reconnect asks all clients to come back soon, and to resume.
func (s *Server) Reconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.open {
		l.tell(opReconnect, nil)
	}
}

// Deafen lets the connections that are open now go silent, heartbeats too. What
// happens meanwhile is told to who resumes.
func (s *Server) Deafen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.open {
		l.deaf = true
	}
}

// HangUp breaks the connections to the gateway, and no other.
func (s *Server) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.open {
		l.ws.Close()
	}
}

// Starts sets how often clients may still identify today. Beyond that the bot is
// locked out.
func (s *Server) Starts(left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts = left
}

// Identifies is how often a client has sent IDENTIFY, Resumes how often RESUME.
func (s *Server) Identifies() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identifies
}

// Resumes is how often a client has sent RESUME.
func (s *Server) Resumes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resumes
}

// Connected is how many clients have a session on the gateway now.
func (s *Server) Connected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for l := range s.open {
		if l.session != nil && !l.deaf {
			n++
		}
	}
	return n
}
