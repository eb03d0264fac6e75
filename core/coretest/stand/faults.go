package stand

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Fault answers one request in place of call, which would have answered it and
// may be called.
type Fault func(w http.ResponseWriter, r *http.Request, call http.HandlerFunc)

// Break lets the next requests to a route meet these faults, one each, in order
// and after those that still wait. How routes are named is in the fake's
// documentation; small and capital letters are the same. No route is any that
// people see the work of.
func (s *Server) Break(route string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(route)
	s.faults[key] = append(s.faults[key], faults...)
}

// Answer answers a request to a route: with the Fault that it meets, or with call.
func (s *Server) Answer(w http.ResponseWriter, r *http.Request, route string, call http.HandlerFunc) {
	if fault := s.met(route); fault != nil {
		fault(w, r, call)
		return
	}
	call(w, r)
}

// met takes the Fault that a request to a route meets, or nil.
func (s *Server) met(route string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return Drop()
	}
	keys := []string{strings.ToLower(route)}
	if loud := s.platform.Loud; loud != nil && loud(route) {
		keys = append(keys, "")
	}
	for _, key := range keys {
		if waiting := s.faults[key]; len(waiting) > 0 {
			s.faults[key] = waiting[1:]
			return waiting[0]
		}
	}
	return nil
}

// Cut closes every connection now, those that a handler has taken over too. New
// ones succeed.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.live {
		c.Close()
	}
}

// Stop lets nobody reach the server, nor the server any bot, until Resume. What
// arrives nevertheless is noted, and dropped.
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

// Stopped reports whether Stop was called, and Resume not yet.
func (s *Server) Stopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// Custom answers with exactly this, which no cache may keep.
func Custom(status int, contentType, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		io.WriteString(w, body) //nolint:errcheck // whoever asked has gone
	}
}

// HTML is the page of a gateway or a captive portal, with 502, 503 or even 200.
func HTML(status int) Fault {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	return Custom(status, "text/html; charset=utf-8", "<!doctype html><title>"+title+"</title><h1>"+title+"</h1>")
}

// Drop closes the connection without an answer. Mind that net/http repeats a GET
// by itself when that happens on a connection used before.
func Drop() Fault {
	return func(http.ResponseWriter, *http.Request, http.HandlerFunc) { panic(http.ErrAbortHandler) }
}

// DropAfter does the work and then closes the connection without an answer: who
// asked cannot know.
func DropAfter() Fault {
	return func(_ http.ResponseWriter, r *http.Request, call http.HandlerFunc) {
		call(nowhere{}, r)
		panic(http.ErrAbortHandler)
	}
}

// nowhere is where the answer goes that DropAfter keeps back.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}

// Hang never answers; it holds the request until the client gives up.
func Hang() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// After takes its time for another Fault, which comes to nothing when the client
// gives up before.
func After(d time.Duration, then Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, call http.HandlerFunc) {
		select {
		case <-time.After(d):
			then(w, r, call)
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
}
