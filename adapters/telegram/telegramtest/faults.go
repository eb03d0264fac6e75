package telegramtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/usherbot/usher/core/coretest/stand"
)

// TooMany is a 429 that asks for a pause, in whole seconds.
func TooMany(after time.Duration) stand.Fault {
	n := int(after / time.Second)
	return func(w http.ResponseWriter, r *http.Request, method http.HandlerFunc) {
		w.Header().Set("Retry-After", strconv.Itoa(n))
		stand.Custom(http.StatusTooManyRequests, jsonType, fmt.Sprintf(
			`{"ok":false,"error_code":429,"description":"Too Many Requests: retry after %d","parameters":{"retry_after":%d}}`, n, n))(w, r, method)
	}
}

// Resume ends what Stop began, and brings the webhook what happened meanwhile.
func (s *Server) Resume() {
	s.Server.Resume()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dispatch()
}

// Repeat delivers the last update again, with the same update_id, although it
// was confirmed. It panics when there was none.
func (s *Server) Repeat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		panic("telegramtest: nothing has happened that could be repeated")
	}
	if s.hook != nil {
		s.pending = append(s.pending, s.last)
	} else {
		s.again = append(s.again, s.last)
	}
	s.announce()
}

// Shuffle lets the next getUpdates that has several updates to tell answer them
// in reverse order.
func (s *Server) Shuffle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reversed = true
}

// Forge presses a button that the bot's newest message there does not have, as
// tampered clients can. It panics when there is no message.
func (s *Server) Forge(who, place, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, topic := s.place(who, place)
	for _, m := range slices.Backward(s.shown) {
		if m.in(c, topic) && !m.deleted && m.only == nil {
			s.pressed(s.person(who), m, data)
			return
		}
	}
	panic("telegramtest: " + who + " sees no message in " + place)
}
