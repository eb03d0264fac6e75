// Package discordtest is a Discord in memory: the REST API, the gateway, signed
// HTTP interactions, and the people who talk to the bot, for tests and for the
// playground.
//
// Start makes a Server, New one for a test. A bot reaches it with any client
// library: the REST API at URL()/api/v9 through Client, with the Token, and the
// gateway where GET /gateway says, through Dial. With Options.InteractionsURL
// interactions are posted there instead, signed for PublicKey; Probe does what
// Discord does before it accepts such a URL. Everything is held to the real
// limits and refused with the real codes.
//
// The other side is a coretest.World: people exist by being named, are alone
// with the bot in coretest.Direct and together in one guild, in channels such as
// "#general" and threads such as "#general/help". A client lets people choose
// only commands that the bot has published, and turns what they type into typed
// options: "/greet @bob Good evening" in the order of the options, or
// "/greet how:Good evening who:@bob". What it does not let them send is in
// Unsent; a command that nobody has published is sent as ordinary text. The bot
// has no message content intent: of what is said in the guild it reads what
// mentions it. Failures has what the bot did not answer in time.
//
// Block, Hide, Mute, DenyFiles and Remove change the world around a conversation; Post,
// SayAsBot and Edit are heard by the bot and are no commands. Break makes a
// route misbehave, once per stand.Fault: routes are named as in Request.Route,
// and no route is any that writes. Cut, Stop and Resume are an unkind network.
// HangUp, Reconnect, CloseWith, InvalidSession, SecondFrameReconnect, NeverReady
// and Deafen are what a gateway does to its clients; Repeat, Forge and
// BadSignature what a bot must be able to bear. Requests tells what arrived.
//
// Components V2, polls and stickers are not there and are refused, and so are files in
// the response to a delivery.
//
// It judges the adapter, so it shares no code with it. It keeps everything until
// it is closed, and lets everybody in: never put it on a network. Start
// therefore listens on loopback only.
package discordtest

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/seal"
)

// Options describe a server. The zero value is useful.
type Options struct {
	stand.Place // by default discord.example:443 on Net, otherwise on loopback

	Name            string // of the bot; default "usher"
	InteractionsURL string // interactions are posted there, and the gateway has none
	NoDMs           bool   // people take direct messages only after having written to the bot
}

// Server is a running Discord with one bot, in one guild.
type Server struct {
	*stand.Server
	stand.Changes // what people see, and what the bot has taken

	opt   Options
	token seal.Secret
	key   ed25519.PrivateKey
	me    *person
	app   string
	guild string
	links sync.WaitGroup // connections to the gateway
	log   stand.Log[Request]

	mu           sync.Mutex // guards all below
	ids          uint64
	people       map[string]*person
	channels     map[string]*channel // by id
	named        map[string]*channel // by place
	shown        []*message          // of the bot, in the order in which people got them
	nonces       map[string]*message
	interactions []*interaction
	commands     map[string][]Command // by guild; "" is global
	awaited      bool                 // somebody has written to the bot, which has said nothing since
	failures     []string
	unsent       []string

	sessions   map[string]*session
	open       map[*link]bool
	troubles   []trouble
	identifies int
	resumes    int
	starts     int    // that are left today
	again      func() // delivers once more what was delivered last
	nextPost   time.Time
}

var _ coretest.World = (*Server)(nil)

// Start makes a server and begins to serve.
func Start(o Options) (*Server, error) {
	o.Name = cmp.Or(o.Name, "usher")
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	on, err := stand.Listen(o.Place, stand.Platform{Name: "Discord", Host: "discord.example:443", Loud: writes})
	if err != nil {
		return nil, err
	}
	s := &Server{
		Server: on, opt: o, key: key,
		people: map[string]*person{}, channels: map[string]*channel{}, named: map[string]*channel{},
		nonces: map[string]*message{}, commands: map[string][]Command{},
		sessions: map[string]*session{}, open: map[*link]bool{}, starts: 1000,
	}
	s.app, s.guild = s.id(), s.id()
	s.me = &person{ID: s.app, Name: o.Name}
	s.people[o.Name] = s.me
	s.token = seal.Secret(base64.RawURLEncoding.EncodeToString([]byte(s.app)) + "." + rand.Text()[:6] + "." + rand.Text() + rand.Text()[:12])
	s.Serve(s.routes())
	return s, nil
}

// writes reports whether a route may have changed something.
func writes(route string) bool { return !strings.HasPrefix(route, http.MethodGet) }

// New starts a server for a test and closes it at the end. Unless o says where,
// the server gets a network of pipes of its own, reached through Client and Dial.
func New(t stand.T, o Options) *Server {
	t.Helper()
	o.Place = o.OrPipes()
	return stand.Test(t, Start, o)
}

// Token is the bot's, without "Bot " in front.
func (s *Server) Token() seal.Secret { return s.token }

// PublicKey is what deliveries are signed for, in hex.
func (s *Server) PublicKey() string {
	return hex.EncodeToString(s.key.Public().(ed25519.PublicKey))
}

// Application is the id of the bot's application, and of its user.
func (s *Server) Application() string { return s.app }

// Guild is the id of the guild that all are in.
func (s *Server) Guild() string { return s.guild }

// Close stops the server, drops its connections and waits until nothing of it
// runs. Clients of the gateway get a moment to leave first: see farewell.
func (s *Server) Close() error {
	err := s.Server.Close()
	s.links.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.interactions {
		i.late.Stop()
	}
	return err
}

// gatewayURL is where the gateway is.
func (s *Server) gatewayURL() string { return "ws" + strings.TrimPrefix(s.URL(), "http") }
