package discordtest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault makes one request fail. call is what would have answered it.
type Fault func(w http.ResponseWriter, r *http.Request, call http.HandlerFunc)

// Break lets the next requests to a route meet these faults, one each, in order
// and after those that still wait. Routes are named as in Request.Route; no route
// is any that writes.
func (s *Server) Break(route string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[route] = append(s.faults[route], faults...)
}

// TooMany is a 429 that asks for a pause.
func TooMany(after time.Duration) Fault { return tooMany(after, false) }

// TooManyAtAll is a 429 that asks for a pause from everything.
func TooManyAtAll(after time.Duration) Fault { return tooMany(after, true) }

func tooMany(after time.Duration, global bool) Fault {
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
		Custom(http.StatusTooManyRequests, jsonType, fmt.Sprintf(
			`{"message":"You are being rate limited.","retry_after":%s,"global":%t}`, pause, global))(w, r, call)
	}
}

// Unavailable is what stands before the API when that is away: a 502 that is no JSON.
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
	return func(_ http.ResponseWriter, r *http.Request, call http.HandlerFunc) {
		call(nowhere{}, r)
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

// Cut closes every connection now, those to the gateway too. New ones succeed.
func (s *Server) Cut() {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	for c := range s.live {
		c.Close()
	}
}

// Stop lets nobody reach the server, nor the server any bot, until Resume.
// Requests are still in Requests.
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
