package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/usherbot/usher/core/reach"
)

const (
	silence = 30 * time.Second // after which a connection is taken for dead
	pulse   = 15 * time.Second // after which we ask for a sign of life
)

// socket is one connection of Socket Mode.
type socket struct {
	adapter *Adapter
	conn    *websocket.Conn
	up      func()      // called when it is open
	leaving chan string // why Slack is about to end it
	once    sync.Once
	open    bool        // owned by run
	calm    *time.Timer // pings when nothing has come for a while
	mu      sync.Mutex  // one writes at a time
}

// run listens until the connection ends.
func (s *socket) run(ctx context.Context) error {
	defer s.drop()
	defer context.AfterFunc(ctx, s.drop)()
	s.calm = time.AfterFunc(pulse, s.ping)
	defer s.calm.Stop()
	s.heard()
	s.conn.SetPongHandler(func(string) error { s.heard(); return nil })
	pong := s.conn.PingHandler()
	s.conn.SetPingHandler(func(data string) error { s.heard(); return pong(data) })
	defer func() {
		if s.open {
			s.adapter.open.Add(-1)
		}
	}()
	for {
		_, raw, err := s.conn.ReadMessage()
		if err != nil {
			return fmt.Errorf("listen: %w", reach.Bare(err))
		}
		s.heard()
		s.take(raw)
	}
}

// heard gives the connection time until it is taken for dead.
func (s *socket) heard() {
	s.calm.Reset(pulse)
	if err := s.conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
		s.drop()
	}
}

// ping asks for a sign of life, in case that Slack gives none by itself.
func (s *socket) ping() {
	if err := s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(pulse)); err != nil {
		s.drop()
	}
}

// drop ends the connection; that it has ended already is no news.
func (s *socket) drop() {
	s.once.Do(func() {
		if err := s.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			s.adapter.log.Debug("a connection to Slack did not end well", "platform", platform, "error", reach.Bare(err))
		}
	})
}

// envelope is a message of Socket Mode.
type envelope struct {
	ID      string          `json:"envelope_id"`
	Type    string          `json:"type"`
	Reason  string          `json:"reason"`
	Payload json.RawMessage `json:"payload"`
}

// take hands on what has come. Whatever has an id is acknowledged some time: it
// would only come again.
func (s *socket) take(raw []byte) {
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil && e.ID == "" {
		s.adapter.log.Error("a message of Socket Mode cannot be read", "platform", platform, "error", wrongType(err))
		return
	}
	switch e.Type {
	case "hello":
		if !s.open {
			s.open = true
			s.adapter.open.Add(1)
			s.up()
		}
		return
	case "disconnect":
		select {
		case s.leaving <- e.Reason:
		default: // it has said so before
		}
		return
	}
	if e.ID == "" {
		return
	}
	d, err := parse(e.Type, e.Payload)
	if err != nil {
		s.adapter.log.Error("a delivery cannot be read", "platform", platform, "error", err)
		s.ack(e.ID)
		return
	}
	s.adapter.receive(d, s.owed(e.ID))
}

// owed acknowledges once: when it is called, or after ackAfter.
func (s *socket) owed(id string) func() {
	once := sync.OnceFunc(func() { s.ack(id) })
	late := time.AfterFunc(ackAfter, once)
	return func() {
		late.Stop()
		once()
	}
}

// ack tells Slack that a delivery was taken. If it does not hear that, it delivers
// again, and the bot knows the event by its key.
func (s *socket) ack(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.conn.SetWriteDeadline(time.Now().Add(ackAfter))
	if err == nil {
		err = s.conn.WriteJSON(map[string]string{"envelope_id": id})
	}
	if err != nil {
		s.adapter.log.Debug("a delivery is not acknowledged", "platform", platform, "error", reach.Bare(err))
	}
}
