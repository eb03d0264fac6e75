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
// Reload, Ungrant and Uninstall change the world around a conversation; Post and
// SayAsBot are heard by the bot and are not for it.
//
// The bot can upload images, which are seen as a coretest.Picture in messages that
// show them, and some time after the upload was completed: until then such a message
// is refused. Files counts those that are there. Upload adds one of somebody else.
//
// Break makes a method or ResponseURL misbehave, once per stand.Fault, and with
// no method any that people see the work of. Cut, Stop, Resume and Disconnect are
// an unkind network; of what people do meanwhile events come later. Repeat, Forge, BadSignature, OldTimestamp,
// VerifyURL and SSLCheck are what a bot must be able to bear. Requests tells
// everything that arrived, Last what people got.
//
// It judges the adapter, so it shares no code with it. It keeps everything until
// it is closed, and lets everybody in: never put it on a network. Start
// therefore listens on loopback only.
package slacktest

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/seal"
)

// AnyCommand among Options.Commands makes every slash command the app's.
const AnyCommand = "*"

// Options describe a server. The zero value is useful.
type Options struct {
	stand.Place // by default slack.example:443 on Net, otherwise on loopback

	Name     string   // of the bot user; default "usher"
	Deliver  string   // the bot's base URL, to which /slack/events and so on are added; empty: Socket Mode
	Commands []string // the app's slash commands beside /usher, such as "/login", or AnyCommand
	ReadsAll bool     // the app has subscribed to message.channels, too
}

// Server is a running Slack with one bot.
type Server struct {
	*stand.Server
	stand.Changes // what people see, and what the bot has taken

	opt     Options
	bot     seal.Secret
	app     seal.Secret
	signing seal.Secret
	sockets sync.WaitGroup
	log     stand.Log[Request]

	mu       sync.Mutex // guards all below
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
	files    map[string]*file // by id
	uploads  map[string]*file // by the secret part of the URL to upload to
	scopes   map[string]bool  // of the app

	lanes   map[string][]*delivery
	last    *delivery
	pending int
	tickets map[string]bool
	links   []*link
	next    int           // of links, in turn
	arrived chan struct{} // closed when a link opens

	disabled    bool // Socket Mode was switched off
	tabClosed   bool
	uninstalled bool
}

var _ coretest.World = (*Server)(nil)

// Start makes a server and begins to serve.
func Start(o Options) (*Server, error) {
	o.Name = cmp.Or(o.Name, "usher")
	o.Deliver = strings.TrimSuffix(o.Deliver, "/")
	on, err := stand.Listen(o.Place, stand.Platform{Name: "Slack", Host: "slack.example:443", Loud: shows})
	if err != nil {
		return nil, err
	}
	s := &Server{
		Server: on, opt: o,
		bot:     seal.Secret("xoxb-1000000001-2000000001-" + rand.Text()[:24]),
		app:     seal.Secret("xapp-1-" + appID + "-3000000001-" + rand.Text()),
		signing: seal.Secret(hex.EncodeToString([]byte(rand.Text()[:16]))),
		arrived: make(chan struct{}),
		people:  map[string]*person{}, users: map[string]*person{},
		channels: map[string]*channel{}, places: map[string]*channel{},
		hooks: map[string]*hook{}, triggers: map[string]*trigger{}, views: map[string]*view{},
		files: map[string]*file{}, uploads: map[string]*file{}, scopes: granted(),
		lanes: map[string][]*delivery{}, tickets: map[string]bool{},
	}
	s.me, s.slackbot = s.newPerson(o.Name, botID), s.newPerson("slackbot", "USLACKBOT")
	s.me.bot = true
	s.Serve(http.HandlerFunc(s.serve))
	return s, nil
}

// New starts a server for a test and closes it at the end. Unless o says where,
// the server gets a network of pipes of its own, reached through Client and Dial.
func New(t stand.T, o Options) *Server {
	t.Helper()
	o.Place = o.OrPipes()
	return stand.Test(t, Start, o)
}

// URL is where the Web API is: a method's name follows the slash at its end.
func (s *Server) URL() string { return s.Server.URL() + apiPath }

// BotToken is what the bot calls the Web API with.
func (s *Server) BotToken() seal.Secret { return s.bot }

// AppToken is what the bot asks for sockets with.
func (s *Server) AppToken() seal.Secret { return s.app }

// SigningSecret is what deliveries to Options.Deliver are signed with.
func (s *Server) SigningSecret() seal.Secret { return s.signing }

// Close stops the server, drops its connections and waits until nothing of it runs.
func (s *Server) Close() error {
	err := s.Server.Close()
	s.sockets.Wait()
	return err
}
