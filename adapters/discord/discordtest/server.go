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
// Block, Hide, Mute and Remove change the world around a conversation; Post,
// SayAsBot and Edit are heard by the bot and are no commands. Break makes a
// route misbehave, once per Fault; Cut, Stop and Resume are an unkind network.
// HangUp, Reconnect, CloseWith, InvalidSession, SecondFrameReconnect, NeverReady
// and Deafen are what a gateway does to its clients; Repeat, Forge and
// BadSignature what a bot must be able to bear. Requests tells what arrived.
//
// Components V2, polls, attachments and stickers are not there and are refused.
//
// It judges the adapter, so it shares no code with it. It keeps everything until
// it is closed, and lets everybody in: never put it on a network. Start
// therefore listens on loopback only.
package discordtest

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/seal"
)

// Options describe a server. The zero value is useful.
type Options struct {
	Net      *pipe.Net    // where to listen and to post interactions; nil: on loopback
	Addr     string       // default: discord.example:443 on Net, otherwise 127.0.0.1:0
	Listener net.Listener // listens here instead of Net and Addr

	Name            string // of the bot; default "usher"
	InteractionsURL string // interactions are posted there, and the gateway has none
	NoDMs           bool   // people take direct messages only after having written to the bot
}

// Server is a running Discord with one bot, in one guild.
type Server struct {
	opt    Options
	url    string
	token  seal.Secret
	key    ed25519.PrivateKey
	me     *person
	app    string
	guild  string
	http   *http.Server
	client *http.Client
	caller *http.Client  // posts interactions
	served chan struct{} // closed when Serve has returned
	quit   context.Context
	leave  context.CancelFunc

	conns    sync.WaitGroup
	links    sync.WaitGroup // connections to the gateway
	couriers sync.WaitGroup
	connMu   sync.Mutex
	live     map[net.Conn]bool

	mu           sync.Mutex // guards all below
	changed      chan struct{}
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

	faults  map[string][]Fault
	stopped bool
	seen    []*Request
}

var _ coretest.World = (*Server)(nil)

// Start makes a server and begins to serve.
func Start(o Options) (*Server, error) {
	o.Name = cmp.Or(o.Name, "usher")
	l, err := listen(o)
	if err != nil {
		return nil, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a key: %w", err), l.Close())
	}
	s := &Server{
		opt: o, url: base(l.Addr()), key: key, served: make(chan struct{}), live: map[net.Conn]bool{},
		client: reaching(o), caller: reaching(Options{Net: o.Net}), changed: make(chan struct{}),
		people: map[string]*person{}, channels: map[string]*channel{}, named: map[string]*channel{},
		nonces: map[string]*message{}, commands: map[string][]Command{}, faults: map[string][]Fault{},
		sessions: map[string]*session{}, open: map[*link]bool{}, starts: 1000,
	}
	s.app, s.guild = s.id(), s.id()
	s.me = &person{ID: s.app, Name: o.Name}
	s.people[o.Name] = s.me
	s.token = seal.Secret(base64.RawURLEncoding.EncodeToString([]byte(s.app)) + "." + rand.Text()[:6] + "." + rand.Text() + rand.Text()[:12])
	s.caller.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.quit, s.leave = context.WithCancel(context.Background())
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, ConnState: s.count}
	go func() {
		defer close(s.served)
		// Serve ends with ErrServerClosed, or because the listener was taken away: both are wanted.
		s.http.Serve(l) //nolint:errcheck
	}()
	return s, nil
}

// T is what New needs of a *testing.T, so that programs need not link package testing.
type T interface {
	Helper()
	Cleanup(func())
	Fatal(args ...any)
	Error(args ...any)
}

// New starts a server for a test and closes it at the end. Unless o says where,
// the server gets a network of pipes of its own, reached through Client and Dial.
func New(t T, o Options) *Server {
	t.Helper()
	if o.Net == nil && o.Listener == nil && o.Addr == "" {
		o.Net = pipe.New()
	}
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// URL is where Discord is; it has no slash at the end. The API is below
// URL()/api/v9.
func (s *Server) URL() string { return s.url }

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

// Client reaches the server, over pipes where Options.Net or New put it there.
func (s *Server) Client() *http.Client { return s.client }

// Dial reaches the gateway as Client reaches the API. It fits both NetDialContext
// and NetDialTLSContext of a websocket.Dialer: over pipes there is no TLS.
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if s.opt.Net != nil && s.opt.Listener == nil {
		return s.opt.Net.Dial(ctx, network, addr)
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// Format prints where the server is and nothing that it knows.
func (s *Server) Format(f fmt.State, _ rune) {
	io.WriteString(f, "Discord at "+s.url) //nolint:errcheck // fmt's own buffer
}

// Close stops the server, drops its connections and waits until nothing of it
// runs. Clients of the gateway get a moment to leave first: see farewell.
func (s *Server) Close() error {
	s.leave()
	err := s.http.Close()
	<-s.served
	err = errors.Join(err, s.http.Close()) // whoever was accepted in between
	s.conns.Wait()
	s.links.Wait()
	s.couriers.Wait()
	s.mu.Lock()
	for _, i := range s.interactions {
		i.late.Stop()
	}
	s.mu.Unlock()
	s.client.CloseIdleConnections()
	s.caller.CloseIdleConnections()
	if err != nil {
		return fmt.Errorf("close Discord: %w", err)
	}
	return nil
}

// count lets Close wait for connections, which net/http itself does not, and
// Cut find them. Those of the gateway are waited for by links.
func (s *Server) count(c net.Conn, state http.ConnState) {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	switch state {
	case http.StateNew:
		s.conns.Add(1)
		s.live[c] = true
	case http.StateHijacked:
		s.conns.Done()
	case http.StateClosed:
		delete(s.live, c)
		s.conns.Done()
	}
}

// gatewayURL is where the gateway is.
func (s *Server) gatewayURL() string { return "ws" + strings.TrimPrefix(s.url, "http") }
