package discordtest_test

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core/coretest"
)

const words = discordgo.IntentGuildMessages | discordgo.IntentDirectMessages

// message is what MESSAGE_CREATE tells.
type said struct {
	Content, GuildID string
	ChannelType      int `json:"channel_type"`
	Author           discordgo.User
	Mentions         []discordgo.User
}

func TestWords(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		b.Identify.Intents = words
		b.connect()
		for _, tt := range []struct{ name, where, text, want string }{
			{"direct", coretest.Direct, " hello\nthere ", "hello\nthere"},
			{"to the bot", general, "@usher hello", "<@" + b.srv.Application() + "> hello"},
			{"to others", general, "hello all", ""},
			{"in a thread", "#general/help", "@usher help", "<@" + b.srv.Application() + "> help"},
			{"unknown command", coretest.Direct, "/lgoin demo", "/lgoin demo"},
		} {
			b.srv.Say("alice", tt.where, tt.text)
			got := decode[said](b, b.event("MESSAGE_CREATE"))
			if got.Content != tt.want || got.Author.Username != "alice" {
				t.Errorf("%s: got %q by %s, want %q by alice", tt.name, got.Content, got.Author.Username, tt.want)
			}
		}
		b.srv.SayAsBot(general, "@usher hello")
		if got := decode[said](b, b.event("MESSAGE_CREATE")); !got.Author.Bot || len(got.Mentions) != 1 {
			t.Errorf("got %+v, want it by a bot, for the bot", got)
		}
		b.srv.Edit("alice", general, "@usher changed")
		b.event("MESSAGE_UPDATE")
	})
}

func TestIntents(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		b.publish(ping)
		b.Identify.Intents = discordgo.IntentGuildMessages
		b.connect()
		b.srv.Say("alice", coretest.Direct, "hello")
		b.none("MESSAGE_CREATE")
		b.srv.Say("alice", general, "@usher hello")
		b.event("MESSAGE_CREATE")
		b.srv.Say("alice", coretest.Direct, "/ping")
		b.interaction()
	})
}

func TestFatalCloses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(b *bot)
		want   int
	}{
		{"bad token", func(b *bot) { b.Identify.Token = "Bot wrong" }, 4004},
		{"privileged", func(b *bot) { b.Identify.Intents = discordgo.IntentMessageContent }, 4014},
		{"unknown intents", func(b *bot) { b.Identify.Intents = 1 << 30 }, 4013},
		{"as ordered", func(b *bot) { b.srv.CloseWith(4011) }, 4011},
		{"no starts left", func(b *bot) { b.srv.Starts(0) }, 4004},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, discordtest.Options{}, func(b *bot) {
				tt.change(b)
				err := b.Open()
				if closed, is := errors.AsType[*websocket.CloseError](err); !is || closed.Code != tt.want {
					t.Errorf("got %v, want close %d", err, tt.want)
				}
			})
		})
	}
}

// dial is a client of the gateway that does nothing by itself.
func dial(t *testing.T, srv *discordtest.Server) *websocket.Conn {
	t.Helper()
	d := websocket.Dialer{NetDialContext: srv.Dial, NetDialTLSContext: srv.Dial}
	ws, res, err := d.Dial("wss://discord.example/?v=9&encoding=json", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	t.Cleanup(func() { ws.Close() })
	return ws
}

type frame struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  int             `json:"s"`
	Type string          `json:"t"`
}

func next(t *testing.T, ws *websocket.Conn) frame {
	t.Helper()
	var f frame
	if err := ws.ReadJSON(&f); err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, ws *websocket.Conn, op int, d any) {
	t.Helper()
	if err := ws.WriteJSON(map[string]any{"op": op, "d": d}); err != nil {
		t.Fatal(err)
	}
}

func TestGatewayTroubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := discordtest.New(t, discordtest.Options{})
		identify := map[string]any{"token": srv.Token().Reveal(), "intents": 0, "properties": map[string]string{}}

		srv.SecondFrameReconnect()
		ws := dial(t, srv)
		if hello, second := next(t, ws), next(t, ws); hello.Op != 10 || second.Op != 7 {
			t.Errorf("got op %d and %d, want 10 and 7", hello.Op, second.Op)
		}

		srv.InvalidSession()
		ws = dial(t, srv)
		next(t, ws)
		write(t, ws, 2, identify)
		if got := next(t, ws); got.Op != 9 || string(got.Data) != "false" {
			t.Errorf("got op %d %s, want 9 false", got.Op, got.Data)
		}
		write(t, ws, 2, identify)
		if got := next(t, ws); got.Type != "READY" || got.Seq != 1 {
			t.Errorf("got %+v, want READY", got)
		}
		write(t, ws, 1, 1)
		if got := next(t, ws); got.Op != 11 {
			t.Errorf("got op %d, want an ACK", got.Op)
		}

		srv.NeverReady()
		ws = dial(t, srv)
		next(t, ws)
		write(t, ws, 2, identify)
		ws.SetReadDeadline(time.Now().Add(time.Minute))
		if _, _, err := ws.ReadMessage(); err == nil {
			t.Error("got a frame, want silence")
		}
		if got := srv.Identifies(); got != 3 {
			t.Errorf("got %d identifies, want 3", got)
		}
	})
}

// The library takes a session up again, and hears what it has missed.
func TestResume(t *testing.T) {
	online(t, func(b *bot) {
		for name, upset := range map[string]func(){
			"hang up": b.srv.HangUp, "cut": b.srv.Cut, "reconnect": b.srv.Reconnect, "close": func() { b.srv.CloseWith(4000) },
		} {
			before := b.srv.Resumes()
			synctest.Wait() // the first heartbeat is through
			upset()
			b.srv.Say("alice", general, "/ping")
			time.Sleep(1100 * time.Millisecond) // discordgo closes
			b.must(b.Open())
			b.reply(b.interaction(), 4, &discordgo.InteractionResponseData{Content: name})
			if got := b.srv.Resumes() - before; got != 1 {
				t.Errorf("%s: got %d resumes, want 1", name, got)
			}
			if got := b.newest("bob", general).Text; got != name {
				t.Errorf("got %q, want %q", got, name)
			}
		}
		if got := b.srv.Failures(); len(got) != 0 {
			t.Errorf("got failures %q, want none", got)
		}
	}, ping)
}

// Who closes properly has no session any more, and interactions have nobody.
func TestNobodyThere(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		b.publish(ping)
		b.must(b.Open())
		synctest.Wait()
		b.must(b.Close())
		b.srv.Say("alice", general, "/ping")
		b.srv.Say("alice", coretest.Direct, "hello")
		if got := b.srv.Failures(); len(got) != 1 || got[0] != "/ping by alice: nobody is connected to the gateway" {
			t.Errorf("got %q, want one failure", got)
		}
		if b.srv.Busy() {
			t.Error("got busy, want nobody to wait")
		}
		b.must(b.Open()) // resumes what is over
		b.event("READY")
		b.none("INTERACTION_CREATE")
		b.must(b.Close())
	})
}

func TestHeartbeats(t *testing.T) {
	online(t, func(b *bot) {
		time.Sleep(10 * time.Minute)
		if got := b.srv.Connected(); got != 1 {
			t.Errorf("got %d connected after ten minutes, want 1", got)
		}
		b.srv.Deafen()
		if got := b.srv.Connected(); got != 0 {
			t.Errorf("got %d connected, want 0", got)
		}
		b.srv.Say("alice", general, "/ping")
		b.none("INTERACTION_CREATE")
	}, ping)
	synctest.Test(t, func(t *testing.T) { // a client without heartbeats is gone
		ws := dial(t, discordtest.New(t, discordtest.Options{}))
		next(t, ws)
		begun := time.Now()
		if _, _, err := ws.ReadMessage(); err == nil || time.Since(begun) > 2*time.Minute {
			t.Errorf("got %v after %v, want the end of the connection", err, time.Since(begun))
		}
	})
}

// A server that is closed while a client is closing lets the client do so.
func TestCloseBeside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := discordtest.New(t, discordtest.Options{})
		b := newBot(t, srv)
		b.must(b.Open())
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- b.Close() }()
		b.must(srv.Close())
		b.must(<-closed)
	})
}
