package slacktest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const linkPath = "/link/"

const (
	maxLinks   = 10
	maxReply   = 20 << 10         // bytes; larger ones are lost without a word
	pingEvery  = 10 * time.Second // client libraries give up after 30 s without
	linkLife   = 4 * time.Hour
	linkNotice = 10 * time.Second // between a warning and the end
	writeWait  = 5 * time.Second
)

// The reasons of Disconnect.
const (
	Warning      = "warning"           // the socket ends in ten seconds
	Refresh      = "refresh_requested" // so, too
	LinkDisabled = "link_disabled"     // Socket Mode was switched off; all sockets end
)

// link is an open socket.
type link struct {
	conn    *websocket.Conn
	writing sync.Mutex
	gone    chan struct{}
	born    time.Time
	leaving time.Time                         // when it was told to go; guarded by Server.mu
	waiting map[string]chan<- acknowledgement // by envelope; guarded by Server.mu
}

// acknowledgement is one, as it came.
type acknowledgement struct {
	Envelope string          `json:"envelope_id"`
	Payload  json.RawMessage `json:"payload"`
}

// openConnection makes a ticket for one socket.
func (s *Server) openConnection(url.Values) (object, error) {
	if s.opt.Deliver != "" || s.disabled {
		return nil, no("not_allowed")
	}
	ticket := secret()
	s.tickets[ticket] = true
	return object{"url": "ws" + strings.TrimPrefix(s.Server.URL(), "http") + linkPath + "?ticket=" + ticket + "&app_id=" + appID}, nil
}

// admit uses a ticket up.
func (s *Server) admit(ticket string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.tickets[ticket] && !s.Stopped() && !s.disabled
	delete(s.tickets, ticket)
	return known
}

// serveLink is the life of a socket.
func (s *Server) serveLink(w http.ResponseWriter, r *http.Request) {
	if !s.admit(r.URL.Query().Get("ticket")) {
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	}
	s.sockets.Add(1)
	defer s.sockets.Done()
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // it has been answered
	}
	l := &link{conn: conn, gone: make(chan struct{}), born: time.Now(), waiting: map[string]chan<- acknowledgement{}}
	defer conn.Close()
	defer s.Release(conn.NetConn())
	if !s.greet(l) {
		return
	}
	s.sockets.Go(func() { s.tend(l) })
	s.listen(l)
	s.drop(l)
}

// greet counts the socket among those that get deliveries, of which hello is ahead, and says it.
func (s *Server) greet(l *link) bool {
	l.writing.Lock()
	defer l.writing.Unlock()
	count := s.seat(l)
	switch {
	case count == 0:
		return false
	case count > maxLinks:
		l.send(farewell("too_many_websockets")) //nolint:errcheck // it goes anyway
		return false
	}
	if l.send(object{
		"type": "hello", "num_connections": count, "connection_info": object{"app_id": appID},
		"debug_info": object{"host": "applink-1", "build_number": 1, "approximate_connection_time": int(linkLife / time.Second)},
	}) != nil {
		s.drop(l)
		return false
	}
	return true
}

// seat adds a socket, unless there are too many, and counts them with it: zero when all have to go.
func (s *Server) seat(l *link) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Context().Err() != nil {
		return 0
	}
	count := len(s.links) + 1
	if count <= maxLinks {
		s.links = append(s.links, l)
		close(s.arrived)
		s.arrived = make(chan struct{})
	}
	return count
}

// listen takes acknowledgements until the socket is closed.
func (s *Server) listen(l *link) {
	for {
		_, raw, err := l.conn.ReadMessage()
		if err != nil {
			return
		}
		var got acknowledgement
		if len(raw) >= maxReply || json.Unmarshal(raw, &got) != nil {
			continue
		}
		s.mu.Lock()
		if waits := l.waiting[got.Envelope]; waits != nil {
			delete(l.waiting, got.Envelope)
			waits <- got
		}
		s.mu.Unlock()
	}
}

// drop forgets a socket that is closed.
func (s *Server) drop(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links = slices.DeleteFunc(s.links, func(other *link) bool { return other == l })
	close(l.gone)
	s.Change()
}

// tend pings, and ends a socket that has become old or whose server is closed.
func (s *Server) tend(l *link) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.gone:
			return
		case <-s.Context().Done():
			l.conn.Close()
			return
		case <-tick.C:
		}
		if l.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)) != nil {
			l.conn.Close()
		}
		if time.Since(l.born) > linkLife {
			s.dismiss(l, Refresh)
		}
	}
}

// dismiss tells a socket to go, which it must soon.
func (s *Server) dismiss(l *link, reason string) {
	s.mu.Lock()
	told := !l.leaving.IsZero()
	if !told {
		l.leaving = time.Now()
	}
	s.mu.Unlock()
	if told {
		return
	}
	if l.write(farewell(reason)) != nil || reason == LinkDisabled {
		l.conn.Close()
		return
	}
	time.AfterFunc(linkNotice, func() { l.conn.Close() })
}

func farewell(reason string) object {
	return object{"type": "disconnect", "reason": reason, "debug_info": object{"host": "applink-1"}}
}

// write sends one message. The other end may have stopped to read.
func (l *link) write(v any) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.send(v)
}

// send is write for whoever holds l.writing.
func (l *link) send(v any) error {
	if err := l.conn.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return err
	}
	return l.conn.WriteMessage(websocket.TextMessage, encode(v))
}

// Connections is how many sockets are open.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.links)
}

// Disconnect tells the oldest socket to go, or with LinkDisabled all of them.
func (s *Server) Disconnect(reason string) {
	s.mu.Lock()
	links := s.staying()
	if s.disabled = s.disabled || reason == LinkDisabled; reason != LinkDisabled {
		links = links[:min(1, len(links))]
	}
	s.mu.Unlock()
	for _, l := range links {
		s.dismiss(l, reason)
	}
}
