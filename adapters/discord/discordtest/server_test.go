package discordtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
)

const general = "#general"

// bot is a bot made of nothing but the client library.
type bot struct {
	*testing.T
	*discordgo.Session
	srv *discordtest.Server
	got chan *discordgo.Event
}

// elsewhere sends requests to where the fake is.
type elsewhere struct {
	base *url.URL
	http.RoundTripper
}

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = e.base.Scheme, e.base.Host
	return e.RoundTripper.RoundTrip(r)
}

func newBot(t *testing.T, srv *discordtest.Server) *bot {
	t.Helper()
	s, err := discordgo.New("Bot " + srv.Token().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(srv.URL())
	if err != nil {
		t.Fatal(err)
	}
	s.Client = &http.Client{Transport: elsewhere{base, srv.Client().Transport}}
	s.Dialer = &websocket.Dialer{NetDialContext: srv.Dial, NetDialTLSContext: srv.Dial}
	s.ShouldReconnectOnError, s.ShouldRetryOnRateLimit, s.StateEnabled = false, false, false
	b := &bot{t, s, srv, make(chan *discordgo.Event, 100)}
	s.SyncEvents = true
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) { b.got <- e })
	return b
}

// bubble runs do with a bot in virtual time.
func bubble(t *testing.T, o discordtest.Options, do func(b *bot)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { do(newBot(t, discordtest.New(t, o))) })
}

// online is bubble with a bot that is on the gateway and has these commands.
func online(t *testing.T, do func(b *bot), commands ...*discordgo.ApplicationCommand) {
	t.Helper()
	bubble(t, discordtest.Options{}, func(b *bot) {
		b.publish(commands...)
		b.connect()
		do(b)
	})
}

func (b *bot) publish(commands ...*discordgo.ApplicationCommand) {
	b.Helper()
	_, err := b.ApplicationCommandBulkOverwrite(b.srv.Application(), "", commands)
	b.must(err)
}

var ping = &discordgo.ApplicationCommand{Name: "ping", Description: "Is anybody there?"}

func (b *bot) connect() {
	b.Helper()
	b.must(b.Open())
	b.Cleanup(func() {
		time.Sleep(time.Millisecond) // its heartbeat is through
		b.must(b.Close())
	})
	b.event("READY")
}

// event is the next of that name; others are let go.
func (b *bot) event(name string) json.RawMessage {
	b.Helper()
	for {
		select {
		case e := <-b.got:
			if e.Type == name {
				return e.RawData
			}
		case <-time.After(time.Minute):
			b.Fatalf("got no %s, want one", name)
		}
	}
}

// none wants no event of that name.
func (b *bot) none(name string) {
	b.Helper()
	for {
		select {
		case e := <-b.got:
			if e.Type == name {
				b.Errorf("got %s %s, want none", name, e.RawData)
			}
		case <-time.After(5 * time.Second):
			return
		}
	}
}

// interaction is the next, read as any program may read it.
func (b *bot) interaction() *received {
	b.Helper()
	return decode[received](b, b.event("INTERACTION_CREATE"))
}

// received is an interaction.
type received struct {
	ID, Token string
	Type      int
	AppID     string `json:"application_id"`
	GuildID   string `json:"guild_id"`
	ChannelID string `json:"channel_id"`
	Context   int
	User      *discordgo.User
	Member    *discordgo.Member
	Message   *discordgo.Message
	Channel   struct {
		Type   int
		Parent string `json:"parent_id"`
	}
	Data struct {
		Name     string
		CustomID string `json:"custom_id"`
		Values   []string
		Options  []struct {
			Name    string
			Type    int
			Value   any
			Options []any
		}
		Components []any
		Resolved   map[string]map[string]any
	}
}

// asked is i as discordgo wants it for answers.
func (i *received) asked() *discordgo.Interaction {
	return &discordgo.Interaction{ID: i.ID, Token: i.Token, AppID: i.AppID}
}

func decode[V any](b *bot, raw []byte) *V {
	b.Helper()
	v := new(V)
	if err := json.Unmarshal(raw, v); err != nil {
		b.Fatalf("decode %s: %v", raw, err)
	}
	return v
}

// reply answers an interaction for the first time.
func (b *bot) reply(i *received, kind int, data *discordgo.InteractionResponseData) {
	b.Helper()
	b.must(b.respond(i, kind, data))
}

func (b *bot) respond(i *received, kind int, data *discordgo.InteractionResponseData) error {
	return b.InteractionRespond(i.asked(), &discordgo.InteractionResponse{Type: discordgo.InteractionResponseType(kind), Data: data})
}

func (b *bot) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// refused wants a refusal with that status and code, whose body has a text in it.
func (b *bot) refused(err error, status, code int, part string) {
	b.Helper()
	rest, is := errors.AsType[*discordgo.RESTError](err)
	switch {
	case !is:
		b.Errorf("got %v, want a refusal with %d", err, code)
	case rest.Response.StatusCode != status || rest.Message == nil || rest.Message.Code != code || !strings.Contains(string(rest.ResponseBody), part):
		b.Errorf("got %d %s, want %d with code %d and %q", rest.Response.StatusCode, rest.ResponseBody, status, code, part)
	}
}

// sees is what somebody has before the eyes, a line each.
func (b *bot) sees(who, where string) string {
	var lines []string
	for _, s := range b.srv.Sees(who, where) {
		line := s.String()
		if s.Private {
			line += " (private)"
		}
		if s.Edited {
			line += " (edited)"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (b *bot) wants(who, where, want string) {
	b.Helper()
	if got := b.sees(who, where); got != want {
		b.Errorf("%s in %s: got %q, want %q", who, where, got, want)
	}
}

// newest is the last that somebody sees there.
func (b *bot) newest(who, where string) coretest.Seen {
	b.Helper()
	all := b.srv.Sees(who, where)
	if len(all) == 0 {
		b.Fatalf("%s sees nothing in %s", who, where)
	}
	return all[len(all)-1]
}

func TestAccess(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		me, err := b.User("@me")
		b.must(err)
		if me.Username != "usher" || !me.Bot || me.ID != b.srv.Application() {
			t.Errorf("got %+v, want the bot usher", me)
		}
		gw, err := b.GatewayBot()
		b.must(err)
		if gw.URL != "wss://discord.example/" || gw.SessionStartLimit.Remaining != 1000 {
			t.Errorf("got %+v, want the gateway and 1000 starts", gw)
		}
		b.Token = "Bot wrong"
		_, err = b.User("@me")
		b.refused(err, 401, 0, "401: Unauthorized")
		_, err = b.Channel("1")
		b.refused(err, 401, 0, "401: Unauthorized")
		b.Token = "Bot " + b.srv.Token().Reveal()
		_, err = b.Channel("1")
		b.refused(err, 404, 10003, "Unknown Channel")
		_, err = b.Request("GET", discordgo.EndpointAPI+"nonsense", nil)
		b.refused(err, 404, 0, "404: Not Found")
	})
}

func TestNothingPrintsSecrets(t *testing.T) {
	online(t, func(b *bot) {
		b.srv.Say("alice", general, "/ping")
		i := b.interaction()
		b.reply(i, 4, &discordgo.InteractionResponseData{Content: "a code"})
		for _, v := range []any{b.srv, b.srv.Requests()} {
			raw, err := json.Marshal(b.srv.Requests())
			b.must(err)
			out := fmt.Sprintf("%v %+v %s", v, v, raw)
			for _, secret := range []string{b.srv.Token().Reveal(), i.Token, "a code"} {
				if strings.Contains(out, secret) {
					t.Errorf("got %q in %.200q, want none", secret, out)
				}
			}
		}
	}, ping)
}

// On loopback everything is plain, and takes real time.
func TestLoopback(t *testing.T) {
	srv := discordtest.New(t, discordtest.Options{Place: stand.Place{Addr: "127.0.0.1:0"}})
	b := newBot(t, srv)
	b.publish(ping)
	b.connect()
	srv.Say("alice", general, "/ping")
	b.reply(b.interaction(), 4, &discordgo.InteractionResponseData{Content: "Pong!"})
	b.wants("bob", general, "Pong!")
	if _, err := discordtest.Start(discordtest.Options{Place: stand.Place{Addr: "0.0.0.0:0"}}); err == nil {
		t.Error("got a server for all the world, want an error")
	}
}

func TestRequests(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		b.srv.Say("alice", coretest.Direct, "hello")
		c := b.direct("alice")
		_, err := b.ChannelMessageSend(c, "hi")
		b.must(err)
		got := b.srv.Requests("POST /channels/{channel_id}/messages")
		if len(got) != 1 || got[0].Status != 200 || !strings.Contains(string(got[0].Body), `"hi"`) {
			t.Errorf("got %v, want one with a body", got)
		}
		res, err := b.srv.Client().Post(b.srv.URL()+"/api/v9/channels/1/messages", "application/json", strings.NewReader("{"))
		b.must(err)
		body, err := io.ReadAll(res.Body)
		b.must(err)
		if res.StatusCode != 400 || !strings.Contains(string(body), "50109") {
			t.Errorf("got %d %s, want 400 with 50109", res.StatusCode, body)
		}
		res.Body.Close()
	})
}

// direct is the channel with somebody alone, as the bot gets it.
func (b *bot) direct(who string) string {
	b.Helper()
	c, err := b.UserChannelCreate(b.id(who))
	b.must(err)
	return c.ID
}

// id is somebody's, found out by a message that mentions them.
func (b *bot) id(who string) string {
	b.Helper()
	return b.srv.ID(who)
}
