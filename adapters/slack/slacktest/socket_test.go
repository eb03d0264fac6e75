package slacktest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"

	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core/coretest"
)

func TestEnvelopes(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Say("alice", general, "/usher")
		if got := b.next(); got.Type != "slash_commands" || got.EnvelopeID == "" || !got.AcceptsResponsePayload {
			b.Errorf("got %+v, want a command that can be answered", got)
		}
		b.srv.Say("alice", coretest.Direct, "hello")
		if got := b.next(); got.Type != "events_api" || got.AcceptsResponsePayload || got.RetryAttempt != 0 {
			b.Errorf("got %+v, want an event that came at once", got)
		}
		time.Sleep(3 * time.Hour) // pings keep it open
		if got := b.srv.Connections(); got != 1 {
			b.Errorf("got %d sockets, want the one", got)
		}
	})
}

// An event that is not acknowledged comes again, three times.
func TestRetries(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.deaf.Store(true)
		begun := time.Now()
		b.srv.Say("alice", coretest.Direct, "hello")
		first := b.next()
		for i, after := range []time.Duration{3 * time.Second, 66 * time.Second, 369 * time.Second} {
			again := b.next()
			if got := time.Since(begun).Round(time.Second); got != after || again.RetryAttempt != i+1 || again.RetryReason != "timeout" {
				b.Errorf("got retry %d (%s) after %v, want %d after %v", again.RetryAttempt, again.RetryReason, got, i+1, after)
			}
			if id(b, again.Payload) != id(b, first.Payload) || again.EnvelopeID == first.EnvelopeID {
				b.Error("got another event or the same envelope, want the event in another one")
			}
		}
		time.Sleep(time.Hour)
		b.quiet()
		if got := b.srv.Pending(); got != 0 {
			b.Errorf("got %d pending, want it given up", got)
		}
	})
}

func id(b *bot, payload json.RawMessage) string {
	b.Helper()
	var out event
	b.must("read event", json.Unmarshal(payload, &out))
	return out.ID
}

// A command that is not acknowledged is lost, and its person knows.
func TestTimeout(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		c, _ := b.post(b.place(general), slack.MsgOptionBlocks(slack.NewActionBlock("", button("Go", "v"))))
		b.deaf.Store(true)
		begun := time.Now()
		b.srv.Say("alice", general, "/usher")
		b.sees("alice", general, `/usher failed with the error "operation_timeout"`)
		if took := time.Since(begun).Round(time.Second); took != 3*time.Second {
			b.Errorf("told after %v, want 3s", took)
		}
		b.must("press", b.srv.Press("bob", b.sees("bob", general, "Go"), "Go"))
		b.sees("bob", general, "operation_timeout")
		b.seesNothing("bob", general, "/usher failed")
		b.next()
		b.next()
		b.quiet()
		_, err := b.api.OpenViewContext(b.Context(), "x", order())
		b.refused("open", err, "invalid_trigger_id")
		b.post(c, text("still there"))
	})
}

// Without a socket events come later, and commands fail.
func TestNoSocket(t *testing.T) {
	bubble(t, slacktest.Options{}, func(b *bot) {
		b.srv.Say("alice", coretest.Direct, "hello")
		b.srv.Say("bob", general, "/usher")
		b.sees("bob", general, "dispatch_failed")
		b.connect()
		begun := time.Now()
		if got := b.next(); got.RetryAttempt == 0 || time.Since(begun) > 2*time.Minute {
			b.Errorf("got attempt %d after %v, want a retry", got.RetryAttempt, time.Since(begun))
		}
	})
}

// One person's deeds come in order over several sockets, in turn.
func TestSockets(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.connect()
		b.open(2)
		for _, word := range []string{"one", "two", "three", "four"} {
			b.srv.Say("alice", general, "/usher "+word)
		}
		for _, word := range []string{"one", "two", "three", "four"} {
			if got := b.command().Text; got != word {
				b.Errorf("got %q, want %q", got, word)
			}
		}
		b.srv.Cut()
		b.srv.Say("alice", general, "/usher five")
		if got := b.command().Text; got != "five" {
			b.Errorf("got %q, want five on a new socket", got)
		}
	})
}

func TestDisconnect(t *testing.T) {
	for _, reason := range []string{slacktest.Warning, slacktest.Refresh} {
		t.Run(reason, func(t *testing.T) {
			bubble(t, slacktest.Options{}, func(b *bot) {
				first := b.dial()
				b.heard(first, "hello")
				second := b.dial()
				b.heard(second, "hello")
				go b.srv.Disconnect(reason) // which waits until it is read
				begun := time.Now()
				if got := b.heard(first, "disconnect"); got.Reason != reason {
					b.Errorf("got reason %q, want %s", got.Reason, reason)
				}
				b.srv.Say("alice", general, "/usher one")
				b.srv.Say("bob", general, "/usher two")
				b.heard(second, "slash_commands")
				b.heard(second, "slash_commands")
				if _, _, err := first.ReadMessage(); err == nil || time.Since(begun).Round(time.Second) != 10*time.Second {
					b.Errorf("got %v after %v, want the end after 10s", err, time.Since(begun))
				}
			})
		})
	}
}

func TestLinkDisabled(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Disconnect(slacktest.LinkDisabled)
		synctest.Wait()
		if got := b.srv.Connections(); got != 0 {
			b.Errorf("got %d sockets, want none", got)
		}
		_, _, err := b.api.StartSocketModeContext(b.Context())
		b.refused("open a socket", err, "not_allowed")
	})
}

func TestTooManySockets(t *testing.T) {
	bubble(t, slacktest.Options{}, func(b *bot) {
		for range 10 {
			b.heard(b.dial(), "hello")
		}
		if got := b.heard(b.dial(), "disconnect"); got.Reason != "too_many_websockets" {
			b.Errorf("got reason %q, want too_many_websockets", got.Reason)
		}
	})
}

// An old socket is told to go.
func TestOldSocket(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		time.Sleep(24 * time.Hour)
		b.open(1)
		if got := len(b.srv.Requests("apps.connections.open")); got < 5 || got > 7 {
			b.Errorf("got %d sockets in a day, want about six", got)
		}
	})
}

// A ticket is good once.
func TestTickets(t *testing.T) {
	bubble(t, slacktest.Options{}, func(b *bot) {
		_, url, err := b.api.StartSocketModeContext(b.Context())
		b.must("open a socket", err)
		if !strings.HasPrefix(url, "wss://slack.example/") {
			b.Errorf("got %s, want a wss URL", url)
		}
		dialer := &websocket.Dialer{NetDialTLSContext: b.srv.Dial}
		conn, _, err := dialer.DialContext(b.Context(), url, nil)
		b.must("dial", err)
		b.Cleanup(func() { conn.Close() })
		if _, res, err := dialer.DialContext(b.Context(), url, nil); err == nil || res.StatusCode != http.StatusForbidden {
			b.Errorf("second dial: got error %v, want a 403", err)
		}
	})
}

// An acknowledgement that is too large is as good as none.
func TestLargeAnswer(t *testing.T) {
	bubble(t, slacktest.Options{}, func(b *bot) {
		conn := b.dial()
		b.heard(conn, "hello")
		b.srv.Say("alice", general, "/usher")
		got := b.heard(conn, "slash_commands")
		b.must("answer", conn.WriteJSON(map[string]any{"envelope_id": got.EnvelopeID, "payload": map[string]string{"text": strings.Repeat("x", 20<<10)}}))
		b.sees("alice", general, "operation_timeout")
		b.must("answer late", conn.WriteJSON(map[string]any{"envelope_id": got.EnvelopeID, "payload": map[string]string{"text": "late"}}))
		time.Sleep(time.Second)
		b.seesNothing("alice", general, "late")
	})
}

// dial opens a socket by hand.
func (b *bot) dial() *websocket.Conn {
	b.Helper()
	_, url, err := b.api.StartSocketModeContext(b.Context())
	b.must("open a socket", err)
	conn, _, err := (&websocket.Dialer{NetDialTLSContext: b.srv.Dial}).DialContext(b.Context(), url, nil)
	b.must("dial", err)
	b.Cleanup(func() { conn.Close() })
	return conn
}

type heard struct {
	Type, Reason string
	EnvelopeID   string `json:"envelope_id"`
}

// heard is the next message of a socket; commands are acknowledged.
func (b *bot) heard(conn *websocket.Conn, want string) heard {
	b.Helper()
	var out heard
	b.must("read", conn.ReadJSON(&out))
	if out.Type != want {
		b.Fatalf("got %+v, want %s", out, want)
	}
	return out
}

func TestRepeat(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Say("alice", coretest.Direct, "hello")
		first := b.next()
		b.srv.Repeat()
		if again := b.next(); id(b, again.Payload) != id(b, first.Payload) || again.RetryAttempt != 1 {
			b.Errorf("got %s, want the same event as a retry", again.Payload)
		}
		b.srv.Say("alice", general, "/usher")
		command := b.command()
		b.srv.Repeat()
		if again := b.command(); again.TriggerID != command.TriggerID {
			b.Errorf("got %+v, want the same command", again)
		}
	})
}

func TestUninstall(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.srv.Uninstall()
		for _, want := range []string{"tokens_revoked", "app_uninstalled"} {
			if got := b.event().Event.Type; got != want {
				b.Errorf("got %s, want %s", got, want)
			}
		}
		_, err := b.api.AuthTestContext(b.Context())
		b.refused("auth.test", err, "account_inactive")
		b.srv.Say("alice", general, "/usher")
		b.sees("alice", general, "/usher is not a valid command.")
	})
}
