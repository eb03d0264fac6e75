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
// no forms. Open, Block, Kick, BasicGroup, Migrate, Topic, NoPhotos and Remove change the
// world around a conversation; Post, SayAsBot and SayAsAdmin are heard by the
// bot and are not for it.
//
// Break makes a method misbehave, once per stand.Fault, and with no method any
// but getUpdates. Cut, Stop and Resume are an unkind network, in which what people
// do is kept. Repeat, Shuffle and Forge are what a bot must be able to
// bear. Requests tells everything that arrived.
//
// It judges the adapter, so it shares no code with it. It keeps everything until
// it is closed, and lets everybody in: never put it on a network. Start
// therefore listens on loopback only.
package telegramtest

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/seal"
)

// Options describe a server. The zero value is useful.
type Options struct {
	stand.Place // by default api.telegram.example:443 on Net, otherwise on loopback

	Name     string // of the bot, after the @; default "usher_bot"
	ReadsAll bool   // the bot gets all messages in groups: its privacy mode is off
}

// Server is a running Telegram with one bot.
type Server struct {
	*stand.Server
	stand.Changes // what people see, and what the bot has taken

	opt   Options
	token seal.Secret
	me    User
	log   stand.Log[Request]

	mu       sync.Mutex // guards all below
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
	conflict time.Time // until then conflicts are told late
	reversed bool
	hook     *webhook
}

var _ coretest.World = (*Server)(nil)

// botID is the bot's, and the part of its token that is no secret.
const botID = 7000000001

// Start makes a server and begins to serve.
func Start(o Options) (*Server, error) {
	o.Name = cmp.Or(o.Name, "usher_bot")
	on, err := stand.Listen(o.Place, stand.Platform{Name: "Telegram", Host: "api.telegram.example:443", Loud: acts})
	if err != nil {
		return nil, err
	}
	s := &Server{
		Server: on, opt: o,
		token:  seal.Secret(strconv.Itoa(botID) + ":AA" + (rand.Text() + rand.Text())[:33]),
		me:     User{ID: botID, IsBot: true, FirstName: "Usher", UserName: o.Name},
		wake:   make(chan struct{}),
		people: map[string]*person{}, chats: map[int64]*chat{}, groups: map[string]*chat{},
		presses: map[string]*press{}, commands: map[string][]Command{},
		updates: 860000001,
	}
	s.Serve(http.HandlerFunc(s.serve))
	return s, nil
}

// acts reports whether a method does something, and is no asking for updates.
func acts(method string) bool { return !strings.EqualFold(method, "getUpdates") }

// New starts a server for a test and closes it at the end. Unless o says where,
// the server gets a network of pipes of its own, reached through Client.
func New(t stand.T, o Options) *Server {
	t.Helper()
	o.Place = o.OrPipes()
	return stand.Test(t, Start, o)
}

// Token is the bot's.
func (s *Server) Token() seal.Secret { return s.token }
