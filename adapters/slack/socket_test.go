package slack

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest/pipe"
)

// bareSlack is a server that says on a socket what a test wants, which may be
// what Slack never says.
type bareSlack struct {
	net    *pipe.Net
	opened atomic.Int32
	live   func(c *websocket.Conn)
}

func (b *bareSlack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "auth.test"):
		w.Write([]byte(`{"ok":true,"user_id":"U99","user":"usher"}`))
	case strings.HasSuffix(r.URL.Path, "apps.connections.open"):
		b.opened.Add(1)
		w.Write([]byte(`{"ok":true,"url":"wss://slack.example/socket?ticket=marker"}`))
	default:
		up := websocket.Upgrader{}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		b.live(c)
	}
}

// onBare runs an adapter on a bareSlack until the test ends.
func onBare(t *testing.T, live func(c *websocket.Conn)) (*running, *bareSlack) {
	t.Helper()
	b := &bareSlack{net: pipe.New(), live: live}
	adaptertest.Serve(t, b.net, "slack.example:443", b)
	r := &running{}
	r.Running = adaptertest.Start(t, func(log *slog.Logger) core.Adapter {
		r.Adapter = New(Config{BotToken: testBot, AppToken: testApp, APIBase: "https://slack.example/api", HTTP: b.net.Client(), Dial: b.net.Dial, Log: log})
		return r.Adapter
	}, nil, func(core.Event) {})
	t.Cleanup(func() {
		r.End(t, "marker")
		b.net.Cut("slack.example:443")
	})
	return r, b
}

const hello = `{"type":"hello","num_connections":1}`

// talk says things on a socket, and returns the envelopes that are acknowledged.
func talk(c *websocket.Conn, messages ...string) <-chan string {
	acked := make(chan string, 100)
	go func() {
		defer close(acked)
		for {
			var got struct {
				ID string `json:"envelope_id"`
			}
			if c.ReadJSON(&got) != nil {
				return
			}
			acked <- got.ID
		}
	}()
	for _, m := range messages {
		if c.WriteMessage(websocket.TextMessage, []byte(m)) != nil {
			break
		}
	}
	return acked
}

// Whatever has an id is acknowledged, and what has none harms nobody.
func TestWhatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		acks := make(chan string, 100)
		r, b := onBare(t, func(c *websocket.Conn) {
			for id := range talk(c, hello, `<html>`, `[]`, `{"type":"pigeon"}`, `{"envelope_id":7}`, hello,
				`{"envelope_id":"e1","type":"pigeon","payload":{}}`,
				`{"envelope_id":"e2","type":"slash_commands","payload":7}`,
				`{"envelope_id":"e3","type":"events_api","payload":{"type":"event_callback","event":{"type":"message","text":{"marker":1}}}}`,
				`{"envelope_id":"e4","type":"events_api","payload":{"type":"event_callback","event":{"type":"teleported"}}}`,
				`{"envelope_id":"e5","type":"interactive","reason":5,"payload":{"type":"shortcut"}}`,
				`{"envelope_id":"e6","type":"slash_commands"}`) {
				acks <- id
			}
		})
		time.Sleep(time.Second)
		got := map[string]int{}
		for len(acks) > 0 {
			got[<-acks]++
		}
		if want := (map[string]int{"e1": 2, "e2": 2, "e3": 2, "e4": 2, "e5": 2, "e6": 2}); !maps.Equal(got, want) {
			t.Errorf("got %v acknowledged, want all six on each connection", got)
		}
		if len(r.Events()) != 0 || !r.Ready() || b.opened.Load() != sockets {
			t.Errorf("got %d events, ready %v, %d connections", len(r.Events()), r.Ready(), b.opened.Load())
		}
	})
}

// counted says how often a channel says what.
func counted(said <-chan string) map[string]int {
	out := map[string]int{}
	for s := range said {
		out[s]++
	}
	return out
}

// A server that ends every connection at once is not asked all the time.
func TestNoBusyLoop(t *testing.T) {
	tests := map[string]func(c *websocket.Conn){
		"closed at once":       func(*websocket.Conn) {},
		"closed after hello":   func(c *websocket.Conn) { talk(c, hello) },
		"told to go at once":   func(c *websocket.Conn) { counted(talk(c, hello, `{"type":"disconnect","reason":"warning"}`)) },
		"told to go and stays": func(c *websocket.Conn) { counted(talk(c, `{"type":"disconnect","reason":"too_many_websockets"}`)) },
	}
	for name, live := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, b := onBare(t, live)
				time.Sleep(5 * time.Minute)
				if got := b.opened.Load(); got < 8 || got > 40 {
					t.Errorf("got %d connections in five minutes, want some", got)
				}
			})
		})
	}
}

// A connection on which nothing comes is asked for a sign of life, and left when
// there is none.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pings atomic.Int32
		deaf := atomic.Bool{}
		r, b := onBare(t, func(c *websocket.Conn) {
			pong := c.PingHandler()
			c.SetPingHandler(func(data string) error {
				pings.Add(1)
				if deaf.Load() {
					return nil
				}
				return pong(data)
			})
			counted(talk(c, hello))
		})
		time.Sleep(10 * time.Minute)
		if b.opened.Load() != sockets || !r.Ready() || pings.Load() < 60 {
			t.Errorf("got %d connections and %d pings, ready %v, want those that are alive kept", b.opened.Load(), pings.Load(), r.Ready())
		}
		deaf.Store(true)
		time.Sleep(silence + 5*time.Second)
		deaf.Store(false)
		time.Sleep(time.Minute)
		if got := b.opened.Load(); got < 2*sockets || !r.Ready() {
			t.Errorf("got %d connections, ready %v, want those replaced that were silent", got, r.Ready())
		}
	})
}

// What Slack delivers twice has one key, on whichever connection.
func TestEnvelope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		payload, err := json.Marshal(map[string]string{
			"team_id": "T1", "channel_id": "C1", "user_id": "U7", "user_name": "ann", "command": "/usher", "text": "ping", "trigger_id": "1.2.x",
		})
		if err != nil {
			t.Fatal(err)
		}
		r, _ := onBare(t, func(c *websocket.Conn) {
			counted(talk(c, hello, `{"envelope_id":"e1","type":"slash_commands","accepts_response_payload":true,"payload":`+string(payload)+`}`))
		})
		time.Sleep(time.Minute)
		got := r.Events()
		if len(got) != sockets || got[0].Key != got[1].Key || got[0].Key != "slack:T1:"+identity("1.2.x") || r.Calls() != "ping ping" {
			t.Errorf("got %d events (%s), want the same one on each connection", len(got), r.Calls())
		}
	})
}
