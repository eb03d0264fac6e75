package slacktest

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// A Fault answers one request in place of the method, which it may call.
type Fault func(w http.ResponseWriter, r *http.Request, method http.HandlerFunc)

// Break lets the next requests to a method, or to ResponseURL, meet these faults,
// one each, in order and after those that still wait. No method is any that
// people see the work of.
func (s *Server) Break(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], faults...)
}

// TooMany is a 429 that asks for a pause, in whole seconds.
func TooMany(after time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, method http.HandlerFunc) {
		w.Header().Set("Retry-After", strconv.Itoa(int(after/time.Second)))
		w.Header().Set(refusedHeader, "ratelimited")
		Custom(http.StatusTooManyRequests, jsonType, `{"ok":false,"error":"ratelimited"}`)(w, r, method)
	}
}

// Refuse answers with an error code, such as edit_window_closed.
func Refuse(code string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) { answer(w, nil, no(code)) }
}

// Unavailable is what stands before the Web API when that is away: a 503 that is no JSON.
func Unavailable() Fault {
	return Custom(http.StatusServiceUnavailable, "text/html", "<html><head><title>503 Service Unavailable</title></head></html>")
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

// Cut closes every connection now, sockets too. New ones succeed.
func (s *Server) Cut() {
	s.cutLinks()
	s.connMu.Lock()
	defer s.connMu.Unlock()
	for c := range s.live {
		c.Close()
	}
}

// Stop lets nobody reach the server, nor the server the bot, until Resume. Of
// what people do meanwhile events come later, as Slack's do; requests are still
// in Requests.
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
