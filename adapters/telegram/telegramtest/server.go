// Package telegramtest is a Telegram in memory: the Bot API and the people who
// talk to the bot, for tests and for the playground.
//
// Start makes a Server, New one for a test. A bot reaches it with any client
// library at URL, with the Token, and asks for updates with getUpdates or has
// them sent to its webhook. It is held to the real limits, and refused in the
// words of the real thing.
//
// The other side is a coretest.World: people exist by being named, are alone
// with the bot in coretest.Direct and together in supergroups such as
// "#general" and in topics of them such as "#general/help". Say, Press, Follow
// and Reply do what a person does, Sees tells what that person has before the
// eyes; an answer to a press is seen by who pressed. There are no selects and
// no forms. Open, Block, Kick, BasicGroup, Migrate, Topic and Remove change the
// world around a conversation; Post, SayAsBot and SayAsAdmin are heard by the
// bot and are not for it.
//
// Break makes a method misbehave, once per Fault; Cut, Stop and Resume are an
// unkind network; Repeat, Shuffle and Forge are what a bot must be able to
// bear. Requests tells everything that arrived.
//
// It judges the adapter, so it shares no code with it. It keeps everything until
// it is closed, and lets everybody in: never put it on a network. Start
// therefore listens on loopback only.
package telegramtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/seal"
)

// Options describe a server. The zero value is useful.
type Options struct {
	Net      *pipe.Net    // where to listen and to call webhooks; nil: on loopback
	Addr     string       // default: api.telegram.example:443 on Net, otherwise 127.0.0.1:0
	Listener net.Listener // listens here instead of Net and Addr

	Name     string // of the bot, after the @; default "usher_bot"
	ReadsAll bool   // the bot gets all messages in groups: its privacy mode is off
}

// Server is a running Telegram with one bot.
type Server struct {
	opt    Options
	url    string
	token  seal.Secret
	me     User
	http   *http.Server
	client *http.Client
	caller *http.Client  // calls webhooks
	served chan struct{} // closed when Serve has returned
	quit   context.Context
	leave  context.CancelFunc

	conns    sync.WaitGroup
	couriers sync.WaitGroup
	connMu   sync.Mutex
	live     map[net.Conn]bool

	mu       sync.Mutex // guards all below
	changed  chan struct{}
	people   map[string]*person
	chats    map[int64]*chat
	groups   map[string]*chat // by place; after an upgrade the new one
	shown    []*message       // of the bot, in the order in which people got them
	awaited  bool             // somebody has done something that the bot has not answered yet
	presses  map[string]*press
	commands map[string][]Command

	pending  []*update
	again    []*update // to be delivered though they were confirmed
	last     *update
	updates  int64
	allowed  []string // nil: all but those that must be asked for
	wake     chan struct{}
	polling  *poll
	polls    int
	conflict time.Time // until then conflicts are told late
	reversed bool
	hook     *webhook

	faults  map[string][]Fault
	stopped bool
	seen    []*Request
}

var _ coretest.World = (*Server)(nil)

// botID is the bot's, and the part of its token that is no secret.
const botID = 7000000001

// Start makes a server and begins to serve.
func Start(o Options) (*Server, error) {
	o.Name = cmp.Or(o.Name, "usher_bot")
	l, err := listen(o)
	if err != nil {
		return nil, err
	}
	s := &Server{
		opt: o, url: base(l.Addr()), served: make(chan struct{}), live: map[net.Conn]bool{},
		token:  seal.Secret(strconv.Itoa(botID) + ":AA" + (rand.Text() + rand.Text())[:33]),
		me:     User{ID: botID, IsBot: true, FirstName: "Usher", UserName: o.Name},
		client: reaching(o), caller: reaching(Options{Net: o.Net}),
		changed: make(chan struct{}), wake: make(chan struct{}),
		people: map[string]*person{}, chats: map[int64]*chat{}, groups: map[string]*chat{},
		presses: map[string]*press{}, commands: map[string][]Command{}, faults: map[string][]Fault{},
		updates: 860000001,
	}
	s.caller.Timeout = time.Minute
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
// the server gets a network of pipes of its own, reached through Client.
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

// URL is where the Bot API is; it has no slash at the end. Methods are at
// URL()/bot<token>/<method>.
func (s *Server) URL() string { return s.url }

// Token is the bot's.
func (s *Server) Token() seal.Secret { return s.token }

// Client reaches the server, over pipes where Options.Net or New put it there.
func (s *Server) Client() *http.Client { return s.client }

// Format prints where the server is and nothing that it knows.
func (s *Server) Format(f fmt.State, _ rune) {
	io.WriteString(f, "Telegram at "+s.url) //nolint:errcheck // fmt's own buffer
}

// Close stops the server, drops its connections and waits until nothing of it runs.
func (s *Server) Close() error {
	s.mu.Lock()
	s.leave()
	s.hook = nil
	s.mu.Unlock()
	err := s.http.Close()
	<-s.served
	err = errors.Join(err, s.http.Close()) // whoever was accepted in between
	s.conns.Wait()
	s.couriers.Wait()
	s.client.CloseIdleConnections()
	s.caller.CloseIdleConnections()
	if err != nil {
		return fmt.Errorf("close Telegram: %w", err)
	}
	return nil
}

// count lets Close wait for connections, which net/http itself does not, and
// Cut find them.
func (s *Server) count(c net.Conn, state http.ConnState) {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	switch state {
	case http.StateNew:
		s.conns.Add(1)
		s.live[c] = true
	case http.StateClosed:
		delete(s.live, c)
		s.conns.Done()
	}
}
