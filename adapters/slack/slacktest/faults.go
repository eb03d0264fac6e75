package slacktest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/usherbot/usher/core/coretest/stand"
)

// TooMany is a 429 that asks for a pause, in whole seconds.
func TooMany(after time.Duration) stand.Fault {
	return func(w http.ResponseWriter, r *http.Request, method http.HandlerFunc) {
		w.Header().Set("Retry-After", strconv.Itoa(int(after/time.Second)))
		w.Header().Set(refusedHeader, "ratelimited")
		stand.Custom(http.StatusTooManyRequests, jsonType, `{"ok":false,"error":"ratelimited"}`)(w, r, method)
	}
}

// Refuse answers with an error code, such as edit_window_closed.
func Refuse(code string) stand.Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) { answer(w, nil, no(code)) }
}

// Repeat delivers what was delivered last once more, under the same identity. It
// panics when there was nothing.
func (s *Server) Repeat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := *s.lastDelivery()
	d.attempt, d.reason = 1, "timeout"
	s.deliver(&d)
}

func (s *Server) lastDelivery() *delivery {
	if s.last == nil {
		panic("slacktest: nothing has happened that could be repeated")
	}
	return s.last
}

// Forge presses a button that the bot's newest message there does not have, with
// that value, which is its action_id, too. It panics when there is no message.
func (s *Server) Forge(who, place, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.act(s.person(who), s.newest(place), object{
		"type": "button", "block_id": "forged", "action_id": value, "value": value,
		"text": object{"type": "plain_text", "text": "Forged", "emoji": true},
	})
}
