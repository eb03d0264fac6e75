// Package slacktest is a Slack in memory: one workspace with one app in it, and
// the people who talk to the app's bot, for tests and for the playground.
//
// Start makes a Server, New one for a test. A bot calls the Web API at URL with
// its BotToken, and hears of what happens by Socket Mode: it asks for a socket
// with its AppToken, and Dial connects that. With Options.Deliver it is called at
// its own URL instead, each request signed with the SigningSecret. Either way it
// has three seconds to acknowledge; otherwise events come again, and of commands
// and presses the person sees that they failed. It is held to the real limits,
// and refused with the real thing's error codes.
//
// The other side is a coretest.World: people exist by being named, are alone
// with the bot in coretest.Direct and together in channels such as "#general" and
// in threads of them such as "#general/plans". A slash command reaches the bot if
// it is one of Options.Commands, otherwise the person is told that there is no
// such command; in a thread, where Slack has no commands, the person addresses
// the bot by name instead. Edit, Part, Kick, BlockDM, CloseMessagesTab, Remove,
// Reload and Uninstall change the world around a conversation; Post and SayAsBot
// are heard by the bot and are not for it.
//
// Break makes a method misbehave, once per Fault; Cut, Stop, Resume and
// Disconnect are an unkind network; Repeat, Forge, BadSignature, OldTimestamp,
// VerifyURL and SSLCheck are what a bot must be able to bear. Requests tells
// everything that arrived, Last what people got.
//
// It judges the adapter, so it shares no code with it. It keeps everything until
// it is closed, and lets everybody in: never put it on a network. Start
// therefore listens on loopback only.
package slacktest

import (
	"cmp"
	"context"
	"crypto/rand"
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

// AnyCommand among Options.Commands makes every slash command the app's.
const AnyCommand = "*"

// Options describe a server. The zero value is useful.
type Options struct {
	Net      *pipe.Net    // where to listen and to call the bot; nil: on loopback
	Addr     string       // default: slack.example:443 on Net, otherwise 127.0.0.1:0
	Listener net.Listener // listens here instead of Net and Addr

	Name     string   // of the bot user; default "usher"
	Deliver  string   // the bot's base URL, to which /slack/events and so on are added; empty: Socket Mode
	Commands []string // the app's slash commands beside /usher, such as "/login", or AnyCommand
	ReadsAll bool     // the app has subscribed to message.channels, too
}

// Server is a running Slack with one bot.
type Server struct {
	opt     Options
	base    string // such as https://slack.example
	bot     seal.Secret
	app     seal.Secret
	signing seal.Secret
	http    *http.Server
	client  *http.Client
	caller  *http.Client  // calls the bot
	served  chan struct{} // closed when Serve has returned
	quit    context.Context
	leave   context.CancelFunc

	conns    sync.WaitGroup
	sockets  sync.WaitGroup
	couriers sync.WaitGroup
	connMu   sync.Mutex
	live     map[net.Conn]bool

	mu       sync.Mutex // guards all below
	changed  chan struct{}
	me       *person
	slackbot *person
	people   map[string]*person // by name
	users    map[string]*person // by id
	channels map[string]*channel
	places   map[string]*channel // by name
	stamp    int64               // of the newest message, in microseconds
	serial   int                 // of ids
	awaited  bool                // somebody has done something that the bot has not answered yet
	hooks    map[string]*hook    // by the secret part of their URL
	triggers map[string]*trigger
	views    map[string]*view // those that are open

	lanes   map[string][]*delivery
	last    *delivery
	pending int
	tickets map[string]bool
	links   []*link
	next    int           // of links, in turn
	arrived chan struct{} // closed when a link opens

	faults      map[string][]Fault
	stopped     bool
	disabled    bool // Socket Mode was switched off
	tabClosed   bool
	uninstalled bool
	seen        []*Request
}

var _ coretest.World = (*Server)(nil)

// Start makes a server and begins to serve.
func Start(o Options) (*Server, error) {
	o.Name = cmp.Or(o.Name, "usher")
	o.Deliver = strings.TrimSuffix(o.Deliver, "/")
	l, err := listen(o)
	if err != nil {
		return nil, err
	}
	s := &Server{
		opt: o, base: base(l.Addr()), served: make(chan struct{}), live: map[net.Conn]bool{},
		bot:     seal.Secret("xoxb-1000000001-2000000001-" + rand.Text()[:24]),
		app:     seal.Secret("xapp-1-" + appID + "-3000000001-" + rand.Text()),
		signing: seal.Secret(hex.EncodeToString([]byte(rand.Text()[:16]))),
		client:  reaching(o), caller: reaching(Options{Net: o.Net}),
		changed: make(chan struct{}), arrived: make(chan struct{}),
		people: map[string]*person{}, users: map[string]*person{},
		channels: map[string]*channel{}, places: map[string]*channel{},
		hooks: map[string]*hook{}, triggers: map[string]*trigger{}, views: map[string]*view{},
		lanes: map[string][]*delivery{}, tickets: map[string]bool{}, faults: map[string][]Fault{},
	}
	s.me, s.slackbot = s.newPerson(o.Name, botID), s.newPerson("slackbot", "USLACKBOT")
	s.me.bot = true
	s.caller.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.quit, s.leave = context.WithCancel(context.Background())
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second, ConnState: s.count}
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

// URL is where the Web API is: a method's name follows the slash at its end.
func (s *Server) URL() string { return s.base + apiPath }

// BotToken is what the bot calls the Web API with.
func (s *Server) BotToken() seal.Secret { return s.bot }

// AppToken is what the bot asks for sockets with.
func (s *Server) AppToken() seal.Secret { return s.app }

// SigningSecret is what deliveries to Options.Deliver are signed with.
func (s *Server) SigningSecret() seal.Secret { return s.signing }

// Client reaches the server, over pipes where Options.Net or New put it there.
func (s *Server) Client() *http.Client { return s.client }

// Dial connects a websocket dialer to the server. Over pipes a wss URL needs it
// for TLS connections, too: there is none there.
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if s.opt.Net != nil && s.opt.Listener == nil {
		return s.opt.Net.Dial(ctx, network, addr)
	}
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

// Format prints where the server is and nothing that it knows.
func (s *Server) Format(f fmt.State, _ rune) {
	io.WriteString(f, "Slack at "+s.base) //nolint:errcheck // fmt's own buffer
}

// Close stops the server, drops its connections and waits until nothing of it runs.
func (s *Server) Close() error {
	s.mu.Lock()
	s.leave()
	s.mu.Unlock()
	err := s.http.Close()
	<-s.served
	err = errors.Join(err, s.http.Close()) // whoever was accepted in between
	s.cutLinks()
	s.conns.Wait()
	s.sockets.Wait()
	s.couriers.Wait()
	s.client.CloseIdleConnections()
	s.caller.CloseIdleConnections()
	if err != nil {
		return fmt.Errorf("close Slack: %w", err)
	}
	return nil
}

// count lets Close wait for connections, which net/http itself does not, and
// Cut find them. Those that become sockets are counted there.
func (s *Server) count(c net.Conn, state http.ConnState) {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	switch state {
	case http.StateNew:
		s.conns.Add(1)
		s.live[c] = true
	case http.StateClosed, http.StateHijacked:
		delete(s.live, c)
		s.conns.Done()
	}
}
