package telegramtest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Fault answers one request in place of the method, which it may call.
type Fault func(w http.ResponseWriter, r *http.Request, method http.HandlerFunc)

// Break lets the next requests to a method meet these faults, one each, in order
// and after those that still wait. No method is any but getUpdates.
func (s *Server) Break(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(method)
	s.faults[key] = append(s.faults[key], faults...)
}

// TooMany is a 429 that asks for a pause, in whole seconds.
func TooMany(after time.Duration) Fault {
	n := int(after / time.Second)
	return func(w http.ResponseWriter, r *http.Request, method http.HandlerFunc) {
		w.Header().Set("Retry-After", strconv.Itoa(n))
		Custom(http.StatusTooManyRequests, jsonType, fmt.Sprintf(
			`{"ok":false,"error_code":429,"description":"Too Many Requests: retry after %d","parameters":{"retry_after":%d}}`, n, n))(w, r, method)
	}
}

// Unavailable is what stands before the Bot API when that is away: a 502 that is no JSON.
func Unavailable() Fault {
	return Custom(http.StatusBadGateway, "text/html", "<html><head><title>502 Bad Gateway</title></head></html>")
}

// Custom answers with exactly this.
func Custom(status int, contentType, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body) //nolint:errcheck // whoever asked has gone
	}
}

// Drop closes the connection without an answer.
func Drop() Fault {
	return func(http.ResponseWriter, *http.Request, http.HandlerFunc) { panic(http.ErrAbortHandler) }
}

// DropAfter does the work and then closes the connection without an answer: the
// bot cannot know.
func DropAfter() Fault {
	return func(_ http.ResponseWriter, r *http.Request, method http.HandlerFunc) {
		method(nowhere{}, r)
		panic(http.ErrAbortHandler)
	}
}

// Hang never answers; it holds the request until the client gives up.
func Hang() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// nowhere is where the answer goes that DropAfter keeps back.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}

// Cut closes every connection now. New ones succeed.
func (s *Server) Cut() {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	for c := range s.live {
		c.Close()
	}
}

// Stop lets nobody reach the server, nor the server any webhook, until Resume.
// What people do meanwhile is kept; requests are still in Requests.
func (s *Server) Stop() {
	s.setStopped(true)
	s.Cut()
}

// Resume ends what Stop began.
func (s *Server) Resume() { s.setStopped(false) }

func (s *Server) setStopped(to bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = to
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
