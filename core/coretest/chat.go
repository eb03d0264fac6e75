package coretest

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// DM says how a bot gets to write to one person alone.
type DM int

// The ways. A direct chat that the person has opened, by a link or by writing
// there, is open to the bot for good.
const (
	Allowed    DM = iota // at any time
	LinkOnly             // once the person has opened the chat; there is a link for that
	Impossible           // once the person has opened the chat, which nothing leads to
)

// Options describe a Chat. The zero value is a chat that can do everything.
type Options struct {
	Name string    // of the bot, as people address it; default "usher"
	Caps core.Caps // without a Platform: Rich
	DM   DM
}

// Rich returns Caps of a platform that has everything, within common limits.
func Rich() core.Caps {
	return core.Caps{
		Platform: "neutral", Title: "Neutral",
		Private: true, PrivateEdit: 15 * time.Minute,
		Forms: true, Selects: true, Embeds: true, Images: true, Alts: true, Copies: true, Loopback: true,
		Limits: core.Limits{
			Text: 4000, Label: 80, Row: 5, Rows: 5, Choices: 25, Choice: 100,
			Inputs: 5, FormTitle: 45, InputLabel: 45,
			Embeds: 10, EmbedTitle: 256, EmbedText: 4096, Fields: 25, FieldName: 256, FieldText: 1024, Footer: 1024, AllEmbeds: 6000,
			Copy: 256,
		},
	}
}

// Chat is a platform in memory. It is the core.Adapter to itself, for any number
// of bots one after another, and the World of the people in it. It keeps
// everything until it is thrown away.
type Chat struct {
	name string
	caps core.Caps
	dm   DM

	mu       sync.Mutex
	changed  chan struct{} // closed at the next change
	born     string        // no other Chat's
	count    int           // of ids given out
	messages []*message
	waiting  []*happening    // what no bot has taken yet
	lines    []*line         // of the bots that are connected
	opened   map[string]bool // direct chats, by person
	keys     map[string]core.Ref
	commands []core.Command
	sent     []Sent
	last     *happening // the newest of all
	cut      bool
	slow     map[string]time.Time // until when bots are too fast there
	asked    bool                 // somebody has done something that the bot has not answered yet
}

// message is something that the bot has said, or a form that it has opened.
type message struct {
	id      string
	chat    core.Chat
	to      string // who alone sees it; empty: all who are there
	said    core.Message
	form    *core.Form
	on      *message // what opened the form
	asks    string   // who gets the box to reply in; empty: all who see it
	replied bool     // somebody has used the box
	edited  bool
	deleted bool
}

// Sent is something that the bot asked of the Chat and that was done.
type Sent struct {
	How     string // "send", "edit", "delete", "reply", "alert", "update" or "ask"
	Chat    core.Chat
	To      string // who alone sees it
	Message core.Message
	Form    core.Form
}

var (
	_ core.Adapter = (*Chat)(nil)
	_ World        = (*Chat)(nil)
)

// New makes a Chat in which nothing has been said.
func New(o Options) *Chat {
	if o.Caps.Platform == "" {
		o.Caps = Rich()
	}
	return &Chat{
		born: rand.Text()[:8], name: cmp.Or(o.Name, "usher"), caps: o.Caps, dm: o.DM,
		changed: make(chan struct{}), opened: map[string]bool{}, keys: map[string]core.Ref{}, slow: map[string]time.Time{},
	}
}

// Caps implements core.Adapter.
func (c *Chat) Caps() core.Caps { return c.caps }

// Check implements core.Adapter.
func (c *Chat) Check() error { return nil }

// Size implements core.Adapter: the characters that people read.
func (c *Chat) Size(t markup.Text) int { return utf8.RuneCountInString(markup.Visible(t)) }

// Publish implements core.Adapter. It ends what Cut began.
func (c *Chat) Publish(_ context.Context, cmds []core.Command, write bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = false
	if write {
		c.commands = cmds
	}
	return nil
}

// Commands returns what was last published.
func (c *Chat) Commands() []core.Command {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.commands
}

// Routes implements core.Adapter.
func (c *Chat) Routes() map[string]http.Handler { return nil }

// Sent returns what the bot has done so far.
func (c *Chat) Sent() []Sent {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Sent(nil), c.sent...)
}

// opening is where the link into a direct chat leads.
const opening = "https://chat.example/open?start="

// Direct implements core.Adapter.
func (c *Chat) Direct(_ context.Context, u core.User, start string) (core.Chat, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.reach(""); err != nil {
		return core.Chat{}, fmt.Errorf("open the direct chat: %w", err)
	}
	switch {
	case u.Platform != c.caps.Platform:
		return core.Chat{}, fmt.Errorf("open the direct chat: %s is not on %s", u.Key(), c.caps.Platform)
	case c.dm == Allowed || c.opened[u.ID]:
		return c.place(u.ID, Direct), nil
	case c.dm == LinkOnly:
		return core.Chat{}, &core.CannotDM{Link: opening + url.QueryEscape(start)}
	}
	return core.Chat{}, &core.CannotDM{}
}

// place is the chat that a person means by where.
func (c *Chat) place(who, where string) core.Chat {
	if where == Direct {
		return core.Chat{Platform: c.caps.Platform, ID: directID + who, Direct: true}
	}
	return core.Chat{Platform: c.caps.Platform, ID: where}
}

const directID = "with-"

func personIn(direct core.Chat) string { return strings.TrimPrefix(direct.ID, directID) }

func (c *Chat) user(name string) core.User {
	return core.User{Platform: c.caps.Platform, ID: name, Name: name}
}
