package discordtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/usherbot/usher/core/coretest/stand"
)

// TooMany is a 429 that asks for a pause.
func TooMany(after time.Duration) stand.Fault { return tooMany(after, false) }

// TooManyAtAll is a 429 that asks for a pause from everything.
func TooManyAtAll(after time.Duration) stand.Fault { return tooMany(after, true) }

func tooMany(after time.Duration, global bool) stand.Fault {
	pause := strconv.FormatFloat(after.Seconds(), 'f', -1, 64)
	return func(w http.ResponseWriter, r *http.Request, call http.HandlerFunc) {
		h := w.Header()
		h.Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
		if global {
			h.Set("X-Ratelimit-Global", "true")
			h.Set("X-Ratelimit-Scope", "global")
		} else {
			limits(h)
			h.Set("X-Ratelimit-Remaining", "0")
			h.Set("X-Ratelimit-Reset-After", pause)
			h.Set("X-Ratelimit-Scope", "user")
		}
		stand.Custom(http.StatusTooManyRequests, jsonType, fmt.Sprintf(
			`{"message":"You are being rate limited.","retry_after":%s,"global":%t}`, pause, global))(w, r, call)
	}
}

// Repeat delivers once more what was delivered last, with the same id. It panics
// when there was nothing.
func (s *Server) Repeat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.again == nil {
		panic("discordtest: nothing has happened that could be repeated")
	}
	s.again()
}

// Forge presses a button that the bot's newest message there does not have, as
// tampered clients might. It panics when there is no message.
func (s *Server) Forge(who, where, customID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, c := s.person(who), s.place(who, where)
	for _, m := range slices.Backward(s.shown) {
		if m.in == c && m.seenBy(p) {
			s.press(p, m, component{Type: button, CustomID: customID}, nil)
			return
		}
	}
	panic("discordtest: " + who + " sees no message in " + where)
}
