package slacktest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
)

const general = "#general"

// bot is a bot made of nothing but the client library. It acknowledges all that
// it hears, unless it is deaf.
type bot struct {
	*testing.T
	srv  *slacktest.Server
	api  *slack.Client
	deaf atomic.Bool
	says atomic.Pointer[any] // with its acknowledgements
	got  chan socketmode.Request
	sock *socketmode.Client
}

func newBot(t *testing.T, srv *slacktest.Server) *bot {
	return &bot{
		T: t, srv: srv, got: make(chan socketmode.Request, 1000),
		api: slack.New(
			srv.BotToken().Reveal(), slack.OptionAPIURL(srv.URL()), slack.OptionHTTPClient(srv.Client()),
			slack.OptionAppLevelToken(srv.AppToken().Reveal()),
		),
	}
}

// bubble runs do with a bot in virtual time.
func bubble(t *testing.T, o slacktest.Options, do func(b *bot)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { do(newBot(t, slacktest.New(t, o))) })
}

// connected is a bubble in which the bot has a socket open.
func connected(t *testing.T, o slacktest.Options, do func(b *bot)) {
	t.Helper()
	bubble(t, o, func(b *bot) {
		b.connect()
		b.open(1)
		do(b)
	})
}

// connect keeps a socket open until the end.
func (b *bot) connect() {
	b.sock = socketmode.New(b.api, socketmode.OptionDialer(&websocket.Dialer{
		NetDialContext: b.srv.Dial, NetDialTLSContext: b.srv.Dial,
	}))
	sock := b.sock
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- sock.RunContext(ctx) }()
	go b.listen(ctx, sock)
	b.Cleanup(func() {
		stop()
		<-ended
	})
}

func (b *bot) listen(ctx context.Context, sock *socketmode.Client) {
	for {
		select {
		case e := <-sock.Events:
			if e.Request == nil || e.Request.EnvelopeID == "" {
				continue
			}
			b.got <- *e.Request
			if b.deaf.Load() {
				continue
			}
			var says any
			if p := b.says.Load(); p != nil {
				says = *p
			}
			sock.Ack(*e.Request, says)
		case <-ctx.Done():
			return
		}
	}
}

// open waits until so many sockets are open.
func (b *bot) open(n int) {
	b.Helper()
	for over := time.Now().Add(time.Minute); b.srv.Connections() != n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(over) {
			b.Fatalf("got %d sockets, want %d", b.srv.Connections(), n)
		}
	}
}

// next is what the bot hears next.
func (b *bot) next() socketmode.Request {
	b.Helper()
	select {
	case r := <-b.got:
		return r
	case <-time.After(time.Hour):
		b.Fatal("got nothing, want a request")
		panic("unreachable")
	}
}

// quiet wants the bot to hear nothing more.
func (b *bot) quiet() {
	b.Helper()
	synctest.Wait()
	select {
	case r := <-b.got:
		b.Fatalf("got %s, want nothing", r.Payload)
	default:
	}
}

func (b *bot) command() slack.SlashCommand {
	b.Helper()
	var out slack.SlashCommand
	b.must("read command", json.Unmarshal(b.next().Payload, &out))
	return out
}

func (b *bot) interaction() slack.InteractionCallback {
	b.Helper()
	var out slack.InteractionCallback
	b.must("read interaction", json.Unmarshal(b.next().Payload, &out))
	return out
}

// event is a delivered event, as far as tests look at it.
type event struct {
	ID    string `json:"event_id"`
	Event struct {
		Type, Subtype, Text, User, Channel, TS string
		Kind                                   string `json:"channel_type"`
		Thread                                 string `json:"thread_ts"`
		Bot                                    string `json:"bot_id"`
		Message                                struct{ Text string }
	}
}

func (b *bot) event() event {
	b.Helper()
	r := b.next()
	if r.Type != socketmode.RequestTypeEventsAPI {
		b.Fatalf("got %s, want an event", r.Type)
	}
	var out event
	b.must("read event", json.Unmarshal(r.Payload, &out))
	return out
}

func (b *bot) must(do string, err error) {
	b.Helper()
	if err != nil {
		b.Fatalf("%s: got error %v, want none", do, err)
	}
}

// refused wants exactly that error.
func (b *bot) refused(do string, err error, want string) {
	b.Helper()
	if err == nil || err.Error() != want {
		b.Errorf("%s: got error %v, want %s", do, err, want)
	}
}

// post says something and returns where it is.
func (b *bot) post(channel string, o ...slack.MsgOption) (string, string) {
	b.Helper()
	c, ts, err := b.api.PostMessageContext(b.Context(), channel, o...)
	b.must("post", err)
	return c, ts
}

// sees is the newest message before somebody's eyes that has part in it.
func (b *bot) sees(who, where, part string) coretest.Seen {
	b.Helper()
	ctx, stop := context.WithTimeout(b.Context(), time.Minute)
	defer stop()
	seen, err := coretest.Wait(ctx, b.srv, who, where, part)
	b.must("wait", err)
	return seen
}

func (b *bot) seesNothing(who, where, part string) {
	b.Helper()
	for _, m := range b.srv.Sees(who, where) {
		if strings.Contains(m.String(), part) {
			b.Errorf("%s sees %q in %s, want no %q", who, m, where, part)
		}
	}
}

func text(t string) slack.MsgOption { return slack.MsgOptionText(t, false) }

func section(t string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, t, false, true), nil, nil)
}

func plain(t string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, t, false, false)
}

func button(label, value string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement("do-"+value, value, plain(label))
}

// place is the id of a channel, made known by somebody's command there.
func (b *bot) place(where string) string {
	b.Helper()
	b.srv.Say("alice", where, "/usher")
	return b.command().ChannelID
}

func TestAuth(t *testing.T) {
	bubble(t, slacktest.Options{Name: "butler"}, func(b *bot) {
		me, err := b.api.AuthTestContext(b.Context())
		b.must("auth.test", err)
		if me.User != "butler" || me.UserID == "" || me.BotID == "" || me.TeamID == "" || !strings.HasPrefix(me.URL, "https://slack.example/") {
			b.Errorf("got %+v, want the bot named butler", me)
		}
		for token, want := range map[string]string{"": "not_authed", "xoxb-wrong": "invalid_auth", b.srv.AppToken().Reveal(): "not_allowed_token_type"} {
			api := slack.New(token, slack.OptionAPIURL(b.srv.URL()), slack.OptionHTTPClient(b.srv.Client()))
			_, err := api.AuthTestContext(b.Context())
			b.refused("auth.test", err, want)
		}
		_, err = b.api.GetTeamInfoContext(b.Context())
		b.refused("team.info", err, "unknown_method")
	})
}

func TestFaults(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		c := b.place(general)
		post := func() error {
			ctx, stop := context.WithTimeout(b.Context(), 5*time.Second)
			defer stop()
			_, _, err := b.api.PostMessageContext(ctx, c, text("Hello"))
			return err
		}
		b.srv.Break("", slacktest.TooMany(3*time.Second), stand.HTML(503), slacktest.Refuse("edit_window_closed"), stand.Drop(), stand.DropAfter(), stand.Hang())
		if slow, is := errors.AsType[*slack.RateLimitedError](post()); !is || slow.RetryAfter != 3*time.Second {
			b.Errorf("got %v, want a pause of 3s", slow)
		}
		if got, is := errors.AsType[slack.StatusCodeError](post()); !is || got.Code != http.StatusServiceUnavailable {
			b.Errorf("got %v, want a 503", got)
		}
		b.refused("post", post(), "edit_window_closed")
		for i, shown := range []int{0, 1, 1} {
			if err := post(); err == nil {
				b.Errorf("fault %d: got no error, want one", i)
			}
			if got := len(b.srv.Sees("alice", general)); got != shown {
				b.Errorf("fault %d: got %d messages, want %d", i, got, shown)
			}
		}
		b.srv.Break("auth.test", slacktest.Refuse("fatal_error"))
		b.must("post", post())
		_, err := b.api.AuthTestContext(b.Context())
		b.refused("auth.test", err, "fatal_error")
	})
}

func TestRequests(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		b.post(b.place(general), text("Hello SECRET"))
		_, _, err := b.api.PostMessageContext(b.Context(), "C1", text("SECRET"))
		b.refused("post", err, "channel_not_found")
		all := b.srv.Requests("chat.postMessage")
		if len(all) != 2 || all[0].Params.Get("text") != "Hello SECRET" || all[0].Status != http.StatusOK || all[1].Error != "channel_not_found" {
			b.Fatalf("got %v, want one that was taken and one that was refused", all)
		}
		printed := fmt.Sprintf("%v %+v %#v %s %v", all, all[0], all[0], all[0], b.srv)
		inJSON, err := json.Marshal(b.srv.Requests())
		b.must("marshal", err)
		printed += string(inJSON)
		if strings.Contains(printed, "SECRET") || strings.Contains(printed, b.srv.BotToken().Reveal()) || !strings.Contains(printed, "chat.postMessage channel") {
			b.Errorf("got %s, want names and no values", printed)
		}
		if all[0].Params.Has("token") {
			b.Error("got the token among the parameters, want it left out")
		}
	})
}

// A server that was stopped is like a network that is down.
func TestStop(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		c := b.place(general)
		synctest.Wait() // the command is acknowledged
		b.srv.Stop()
		b.open(0)
		if _, _, err := b.api.PostMessageContext(b.Context(), c, text("Lost")); err == nil {
			b.Error("got no error from a server that is stopped, want one")
		}
		b.srv.Resume()
		b.open(1)
		b.post(c, text("Back"))
		if got := b.srv.Sees("alice", general); len(got) != 1 || got[0].Text != "Back" {
			b.Errorf("got %v, want Back", got)
		}
	})
}

// On loopback everything is as over pipes.
func TestLoopback(t *testing.T) {
	srv, err := slacktest.Start(slacktest.Options{Commands: []string{"/ping"}})
	if err != nil {
		t.Fatal(err)
	}
	b := newBot(t, srv)
	b.Cleanup(func() { b.must("close", srv.Close()) })
	b.connect()
	b.open(1)
	srv.Say("alice", general, "/ping")
	if got := b.command(); got.Command != "/ping" {
		b.Errorf("got %s, want /ping", got.Command)
	}
	if !strings.HasPrefix(srv.URL(), "http://127.0.0.1:") {
		b.Errorf("got %s, want a loopback URL", srv.URL())
	}
	if _, err := slacktest.Start(slacktest.Options{Place: stand.Place{Addr: "0.0.0.0:0"}}); err == nil {
		t.Error("listening to everybody: got no error, want one")
	}
}

// words are the fields of a text.
func words(list []coretest.Seen) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.String())
	}
	return slices.Clip(out)
}
