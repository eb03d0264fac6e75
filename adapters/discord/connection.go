package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
)

// connection is one to the gateway.
type connection struct {
	adapter *Adapter
	conn    *websocket.Conn
	session *session
	every   time.Duration // between heartbeats
	beats   chan struct{} // asks for one now
	ended   chan struct{}
}

// close says why, and ends the connection at once.
func (c *connection) close(code int) {
	c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second/2)) //nolint:errcheck // it may be gone
	c.conn.Close()
}

// lost is why the connection ended. After some reasons the session is over too.
func (c *connection) lost(err error) error {
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok && (closed.Code == 4003 || closed.Code == 4007 || closed.Code == 4009) {
		c.session.forget()
	}
	return fmt.Errorf("read from the gateway: %w", err)
}

// take does what a frame asks for. An error ends the connection.
func (c *connection) take(e discordgo.Event) error {
	switch e.Operation {
	case opHello:
		return c.hello(e.RawData)
	case opDispatch:
		c.session.seq.Store(e.Sequence)
		return c.dispatch(e)
	case opBeat:
		select {
		case c.beats <- struct{}{}:
		default: // one is asked for
		}
	case opReconnect:
		return errors.New("the gateway asks for a new connection")
	case opInvalid:
		if string(e.RawData) != "true" { // the same session may not be resumed
			c.session.forget()
		}
		return errInvalid
	}
	return nil
}

// hello begins the heartbeat and says who is there.
func (c *connection) hello(raw json.RawMessage) error {
	var hello struct {
		Every int64 `json:"heartbeat_interval"` // milliseconds
	}
	if err := json.Unmarshal(raw, &hello); err != nil || hello.Every <= 0 || c.every != 0 {
		return errors.New("the gateway's greeting is of another shape")
	}
	c.every = time.Duration(hello.Every) * time.Millisecond
	if err := c.introduce(); err != nil {
		return fmt.Errorf("introduce to the gateway: %w", err)
	}
	go c.beat()
	return nil
}

// introduce goes on with the session, or begins one.
func (c *connection) introduce() error {
	token := "Bot " + c.adapter.config.Token.Reveal()
	if c.session.id != "" {
		return c.write(opResume, resume{Token: token, ID: c.session.id, Seq: c.session.seq.Load()})
	}
	c.adapter.started.Store(time.Now().UnixNano())
	return c.write(opIdentify, identify{
		Token: token, Intents: intents, Properties: map[string]string{"os": runtime.GOOS, "browser": "usher", "device": "usher"},
	})
}

type resume struct {
	Token string `json:"token"`
	ID    string `json:"session_id"`
	Seq   int64  `json:"seq"`
}

type identify struct {
	Token      string            `json:"token"`
	Intents    discordgo.Intent  `json:"intents"`
	Properties map[string]string `json:"properties"`
}

// frame is what is written to the gateway.
type frame struct {
	Op int `json:"op"`
	D  any `json:"d"`
}

// write sends a frame. Only one is written at a time: first the introduction,
// then heartbeats.
func (c *connection) write(op int, d any) error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeFor)); err != nil {
		return err
	}
	return c.conn.WriteJSON(frame{op, d})
}

// beat shows Discord every so often that the bot is there: the first time after a
// part of the interval, so that not all bots do it at once.
func (c *connection) beat() {
	next := time.NewTimer(rand.N(c.every))
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-c.beats:
		case <-c.ended:
			return
		}
		if err := c.write(opBeat, c.session.last()); err != nil {
			c.conn.Close()
			return
		}
		next.Reset(c.every)
	}
}

// last is the number of the last dispatch, or null.
func (s *session) last() any {
	if n := s.seq.Load(); n != 0 {
		return n
	}
	return nil
}

// dispatch takes an event.
func (c *connection) dispatch(e discordgo.Event) error {
	a := c.adapter
	switch e.Type {
	case "READY":
		var r struct {
			ID   string `json:"session_id"`
			URL  string `json:"resume_gateway_url"`
			User user   `json:"user"`
		}
		if err := json.Unmarshal(e.RawData, &r); err != nil || r.ID == "" {
			return errors.New("the gateway's welcome is of another shape")
		}
		c.session.id, c.session.url = r.ID, r.URL
		if me := *a.self.Load(); r.User.ID != "" && r.User.ID != me.User {
			me.User = r.User.ID
			a.self.Store(&me)
		}
		a.ready.Store(true)
	case "RESUMED":
		a.ready.Store(true)
	case "INTERACTION_CREATE":
		it, err := parse(e.RawData)
		if err != nil {
			a.log.Error("an interaction cannot be read", "platform", platform, "error", err)
			return nil
		}
		a.receive(it, nil)
	case "MESSAGE_CREATE":
		var m message
		if err := json.Unmarshal(e.RawData, &m); err != nil {
			a.log.Error("a message cannot be read", "platform", platform, "error", shapeless(err))
			return nil
		}
		a.hear(m)
	}
	return nil
}
