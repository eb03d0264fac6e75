package slacktest

import (
	"io"
	"net/http"
	"net/url"
	"time"
)

const hookPath = "/hooks/"

// Limits of a response_url.
const (
	hookUses = 5
	hookLife = 30 * time.Minute
)

// hook is a response_url.
type hook struct {
	by     *person
	in     *channel
	thread string
	on     *message // what was pressed; nil for a slash command
	used   int
	until  time.Time
}

// newHook makes a response_url for what somebody did.
func (s *Server) newHook(h *hook) string {
	key := teamID + "/" + s.newID("") + "/" + secret()
	h.until = time.Now().Add(hookLife)
	s.hooks[key] = h
	return s.Server.URL() + hookPath + key
}

// serveHook answers a post to a response_url.
func (s *Server) serveHook(w http.ResponseWriter, seen *Request) {
	h := s.hooks[seen.hook]
	refuse := func(err error) {
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set(refusedHeader, err.Error())
		w.WriteHeader(http.StatusNotFound)
		w.Write(encode(object{"ok": false, "error": err.Error()})) //nolint:errcheck // whoever asked has gone
	}
	switch {
	case h == nil:
		refuse(no("no_service"))
		return
	case time.Now().After(h.until):
		refuse(no("expired_url"))
		return
	case h.used == hookUses:
		refuse(no("used_url"))
		return
	}
	h.used++
	if err := s.respond(h, seen.Params); err != nil {
		refuse(err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "ok") //nolint:errcheck // whoever asked has gone
}

// respond does what was posted to a response_url, or given with an
// acknowledgement. What a slash command says can only be added to.
func (s *Server) respond(h *hook, p url.Values) error {
	replaceable := h.on != nil && !h.on.deleted
	if truth(p, "delete_original", false) {
		if replaceable {
			s.take(h.on)
			s.answered()
		}
		return nil
	}
	said, err := s.readContent(p)
	if err != nil {
		return err
	}
	if h.on != nil && truth(p, "replace_original", false) {
		if replaceable {
			s.change(h.on, said)
		}
		return nil
	}
	m := &message{channel: h.in, thread: h.in.root(p.Get("thread_ts")), from: s.me, only: h.by, content: said}
	if p.Get("response_type") == "in_channel" {
		m.only = nil
	}
	s.add(m)
	s.answered()
	if m.only == nil {
		s.tell(m, s.messageEvent(m))
	}
	return nil
}
