package discordtest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// heartbeat is how often clients are asked to give a sign of life. Who is silent
// for twice as long is gone.
const heartbeat = 41250 * time.Millisecond

// latency is how late a heartbeat is acknowledged. discordgo takes its lock for
// that; see farewell.
const latency = 37 * time.Millisecond

// farewell is how long a client that says goodbye is given to close the
// connection itself, before it is answered. discordgo holds its lock for a
// second then: an answer in that time would make its reader wait for the lock,
// which stops the clock of a testing/synctest bubble for good.
const farewell = 1500 * time.Millisecond

// The operations of the gateway.
const (
	opDispatch     = 0
	opHeartbeat    = 1
	opIdentify     = 2
	opResume       = 6
	opReconnect    = 7
	opInvalid      = 9
	opHello        = 10
	opHeartbeatAck = 11
)

// Codes that the gateway closes with.
const (
	closeUndecodable      = 4002
	closeNotAuthenticated = 4003
	closeBadToken         = 4004
	closeAlready          = 4005
	closeBadSequence      = 4007
	closeBadIntents       = 4013
	closePrivileged       = 4014
)

// link is a connection to the gateway.
type link struct {
	ws      *websocket.Conn
	more    chan struct{}
	mu      sync.Mutex
	queue   []frame
	leaving bool

	// The server's lock guards these.
	session *session
	deaf    bool // hears nothing any more, and says nothing
}

// frame is what is sent, words or the close.
type frame struct {
	kind int
	data []byte
}

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

// gateway serves one connection.
func (s *Server) gateway(w http.ResponseWriter, q *http.Request) {
	s.links.Add(1)
	defer s.links.Done()
	if s.Stopped() {
		panic(http.ErrAbortHandler)
	}
	ws, err := upgrader.Upgrade(w, q, nil)
	if err != nil {
		return // the client was told
	}
	ws.SetCloseHandler(func(int, string) error { return nil })
	l := &link{ws: ws, more: make(chan struct{}, 1)}
	ended := make(chan struct{})
	s.links.Go(func() { l.write(s.Context().Done(), ended) })
	s.welcome(l)
	err = s.listen(l)
	s.part(l, err)
	close(ended)
}

// welcome says HELLO.
func (s *Server) welcome(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[l] = true
	l.tell(opHello, object{"heartbeat_interval": heartbeat.Milliseconds(), "_trace": []string{}})
	if s.met(secondFrameReconnect) != nil {
		l.tell(opReconnect, nil)
		l.deaf = true
	}
}

// listen hears what the client says, until it goes.
func (s *Server) listen(l *link) error {
	for {
		l.patience()
		_, data, err := l.ws.ReadMessage()
		if err != nil {
			return err
		}
		var said struct {
			Op   int             `json:"op"`
			Data json.RawMessage `json:"d"`
		}
		if json.Unmarshal(data, &said) != nil {
			said.Op = -1
		}
		s.hear(l, said.Op, said.Data)
	}
}

func (s *Server) hear(l *link, op int, data json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case l.deaf:
	case op < 0:
		l.end(closeUndecodable, "Error while decoding payload.")
	case op == opHeartbeat:
		time.AfterFunc(latency, func() { l.tell(opHeartbeatAck, nil) })
	case op == opIdentify && l.session == nil:
		s.identify(l, data)
	case op == opResume && l.session == nil:
		s.resume(l, data)
	case op == opIdentify || op == opResume:
		l.end(closeAlready, "Already authenticated.")
	case l.session == nil:
		l.end(closeNotAuthenticated, "Not authenticated.")
	}
}

// part ends a connection. A session whose client has said goodbye is over; any
// other can be taken up again.
func (s *Server) part(l *link, why error) {
	code := 0
	if said, is := errors.AsType[*websocket.CloseError](why); is && said.Code != websocket.CloseAbnormalClosure {
		code = said.Code
	}
	s.mu.Lock()
	delete(s.open, l)
	if l.session != nil {
		l.session.link, l.session.left = nil, time.Now()
		if code == websocket.CloseNormalClosure || code == websocket.CloseGoingAway {
			delete(s.sessions, l.session.id)
		}
	}
	s.mu.Unlock()
	s.Release(l.ws.NetConn())
	if code != 0 {
		l.bid(code)
	}
	l.ws.Close()
}

// bid answers a goodbye, after the client had time to close. Nobody cuts that short.
func (l *link) bid(code int) {
	conn := l.ws.NetConn()
	conn.SetReadDeadline(time.Now().Add(farewell)) //nolint:errcheck // a connection that is closed needs none
	if _, err := io.Copy(io.Discard, conn); err == nil {
		return // it has closed
	}
	// A client that has gone does not hear it.
	l.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second)) //nolint:errcheck
}

// patience is how long the client may be silent.
func (l *link) patience() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.leaving {
		l.ws.SetReadDeadline(time.Now().Add(2 * heartbeat)) //nolint:errcheck // see bid
	}
}

// leave gives the client a moment to close the connection.
func (l *link) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.leaving {
		l.leaving = true
		l.ws.SetReadDeadline(time.Now().Add(farewell)) //nolint:errcheck // see bid
	}
}

// tell queues what the gateway says by itself.
func (l *link) tell(op int, data any) {
	l.send(marshal(object{"op": op, "d": data, "s": nil, "t": nil}))
}

func (l *link) send(data []byte) { l.push(frame{websocket.TextMessage, data}) }

// end queues the close. What the client says to that ends no session.
func (l *link) end(code int, why string) {
	if l.session != nil {
		l.session.link, l.session.left = nil, time.Now()
	}
	l.deaf, l.session = true, nil
	l.push(frame{websocket.CloseMessage, websocket.FormatCloseMessage(code, why)})
}

func (l *link) push(f frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, f)
	select {
	case l.more <- struct{}{}:
	default:
	}
}

func (l *link) take() []frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.queue
	l.queue = nil
	return out
}

// write sends what is queued, until the connection has ended. Who does not read
// for a while is gone.
func (l *link) write(quit, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case <-quit:
			quit = nil
			l.leave()
			continue
		case <-l.more:
		}
		for _, f := range l.take() {
			l.ws.SetWriteDeadline(time.Now().Add(5 * time.Second)) //nolint:errcheck // see bid
			if l.ws.WriteMessage(f.kind, f.data) != nil {
				l.ws.Close()
				return
			}
			if f.kind == websocket.CloseMessage {
				l.leave()
			}
		}
	}
}

// bare is a token without the word in front that discordgo sends on the gateway
// too.
func bare(token string) string { return strings.TrimPrefix(token, "Bot ") }
