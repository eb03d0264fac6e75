package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/replica"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// Options are what New needs. Run reports what is missing.
type Options struct {
	Name   string // what the bot calls itself; empty: usher
	Store  store.Store
	Keys   seal.Keys
	Logins *authflow.Logins // nil: a bot without logins
	Log    *slog.Logger     // nil: slog.Default
	Words  *Words           // nil: English
}

// drainFor is how long handlers may go on when Run is asked to end; half of it
// more they have to come back once their context is cancelled.
const drainFor = 4 * time.Second

// Bot is a chat bot on any number of platforms. Add, On, Said, Use and Connect
// are called before Run; everything else at any time.
type Bot struct {
	name   string
	store  store.Store
	keys   seal.Keys
	logins *authflow.Logins
	log    *slog.Logger
	words  Words

	commands []*node
	actions  map[string]Handler
	said     []Handler
	around   []func(Handler) Handler
	ports    map[string]*port
	wrong    []string // what Run will report
	lanes    lanes
	replica  *replica.Replica
}

// New returns a bot that knows the commands every bot has: help, ping, cancel,
// and with logins also login, logout, whoami and forget.
func New(o Options) *Bot {
	b := &Bot{
		name: o.Name, store: o.Store, keys: o.Keys, logins: o.Logins, log: o.Log, words: English,
		actions: map[string]Handler{}, ports: map[string]*port{},
	}
	b.lanes.init(b.handle)
	if b.name == "" {
		b.name = "usher"
	}
	if b.log == nil {
		b.log = slog.Default()
	}
	if b.logins != nil {
		b.replica = b.logins.Replica()
	} else {
		b.replica = replica.New(b.store, b.log)
	}
	if o.Words != nil {
		b.words = *o.Words
	}
	if b.store == nil {
		b.wrong = append(b.wrong, "Options.Store is missing: open one, for example with sqlstore.Open")
	}
	if o.Keys.Zero() {
		b.wrong = append(b.wrong, "Options.Keys are missing: make them with seal.NewKeys")
	}
	b.addBuiltins()
	return b
}

// Add adds commands. One of the same name as a built-in command replaces it.
func (b *Bot) Add(cmds ...Command) {
	for _, c := range cmds {
		b.wrong = append(b.wrong, c.check("")...)
		b.commands = slices.DeleteFunc(b.commands, func(n *node) bool { return n.builtin && n.Name == c.Name })
		for _, n := range b.commands {
			if n.is(c.Name) || slices.ContainsFunc(c.Aliases, n.is) {
				b.wrong = append(b.wrong, fmt.Sprintf("command %s: the name is taken by command %s", c.Name, n.Name))
			}
		}
		b.commands = append(b.commands, newNode(c, ""))
	}
}

// On registers what pressing a control with an Action of this name does. Names
// that begin with ~ are the bot's own.
func (b *Bot) On(action string, h Handler) {
	switch _, taken := b.actions[action]; {
	case action == "" || strings.HasPrefix(action, "~") || strings.ContainsAny(action, inStore+isPick):
		b.wrong = append(b.wrong, fmt.Sprintf("action %q: not a name to use", action))
	case taken:
		b.wrong = append(b.wrong, fmt.Sprintf("action %s: registered twice", action))
	}
	b.actions[action] = h
}

// Said registers a handler for messages that are no command. All registered
// ones are called, in order.
func (b *Bot) Said(h Handler) { b.said = append(b.said, h) }

// Use puts middleware around the handlers of commands, actions and messages. The
// first is the outermost. It runs before a login that a command needs.
func (b *Bot) Use(middleware ...func(Handler) Handler) { b.around = append(b.around, middleware...) }

// Connect adds platforms. Two adapters of one platform are an error of Run.
func (b *Bot) Connect(adapters ...Adapter) {
	for _, a := range adapters {
		caps := a.Caps()
		if _, twice := b.ports[caps.Platform]; twice {
			b.wrong = append(b.wrong, "two adapters for "+caps.Platform)
		}
		b.ports[caps.Platform] = &port{adapter: &paced{Adapter: a}, caps: caps, bot: b}
	}
}

// Send sends a message that nobody asked for, so it cannot be private. See
// Adapter.Send for its errors.
func (b *Bot) Send(ctx context.Context, to Chat, m Message) (Ref, error) {
	if m.Private {
		return Ref{}, errors.New("send: only an answer can be private; Direct has the chat with one person alone")
	}
	p, err := b.port(to.Platform)
	if err != nil {
		return Ref{}, err
	}
	return p.send(ctx, to, m)
}

// Edit replaces a message. It returns ErrGone when the platform allows it no
// more.
func (b *Bot) Edit(ctx context.Context, r Ref, m Message) error {
	p, err := b.port(r.Chat.Platform)
	if err != nil {
		return err
	}
	return p.edit(ctx, r, m)
}

// Direct returns the chat with u alone, or *CannotDM.
func (b *Bot) Direct(ctx context.Context, u User) (Chat, error) {
	p, err := b.port(u.Platform)
	if err != nil {
		return Chat{}, err
	}
	return p.adapter.Direct(ctx, u, "")
}

func (b *Bot) port(platform string) (*port, error) {
	if p := b.ports[platform]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("platform %q is not connected", platform)
}

// Run connects and serves until ctx ends; that is a clean end, and nil. It
// reports all that is wrong with the options, commands and settings at once,
// before anything connects. Otherwise it returns early only when no platform is
// left that could be served.
func (b *Bot) Run(ctx context.Context) error {
	if err := b.check(); err != nil {
		return err
	}
	if err := b.prepare(ctx); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // asked to end before it had begun
		}
		return err
	}
	return b.serve(ctx)
}

// prepare checks the secret and makes the commands ready to run.
func (b *Bot) prepare(ctx context.Context) error {
	if err := b.checkSecret(ctx); err != nil {
		return err
	}
	b.compile()
	return nil
}

// serve runs the platforms and the logins beside them.
func (b *Bot) serve(ctx context.Context) error {
	work, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	b.lanes.open(work)

	var wg sync.WaitGroup
	ends := make(chan error, len(b.ports))
	owning, giveBack := context.WithCancel(context.WithoutCancel(ctx)) // until no platform runs any more
	defer giveBack()
	wg.Go(func() { b.own(owning) })
	var platforms sync.WaitGroup
	for _, p := range b.sorted() {
		platforms.Go(func() {
			if err := p.run(ctx); err != nil && ctx.Err() == nil {
				if len(b.ports) > 1 { // of the last one Run tells
					b.log.Error("platform ended", "platform", p.caps.Platform, "error", err)
				}
				ends <- err
			}
		})
	}
	platforms.Wait()
	giveBack()
	if !b.lanes.drain(drainFor, abort) {
		b.log.Error("handlers that do not listen to their context are left behind")
	}
	wg.Wait()
	close(ends)
	if ctx.Err() != nil {
		return nil
	}
	var all []error
	for err := range ends {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// own keeps this process alive in the eyes of others until ctx ends, and looks after
// the logins meanwhile.
func (b *Bot) own(ctx context.Context) {
	if b.logins != nil {
		b.logins.Run(ctx, b.tell, b.tellDied)
		return
	}
	b.replica.Run(ctx, func(ctx context.Context, _ *replica.Life) { <-ctx.Done() })
}

// check collects what cannot work.
func (b *Bot) check() error {
	wrong := slices.Clone(b.wrong)
	if len(b.ports) == 0 {
		wrong = append(wrong, "no platform is connected: call Connect")
	}
	for _, p := range b.sorted() {
		if err := p.adapter.Check(); err != nil {
			wrong = append(wrong, p.caps.Title+": "+err.Error())
		}
	}
	for _, n := range b.commands {
		wrong = append(wrong, b.checkNeeds(n)...)
	}
	if len(wrong) == 0 {
		return nil
	}
	return errors.New("the bot cannot start:\n  " + strings.Join(wrong, "\n  "))
}

func (b *Bot) checkNeeds(n *node) []string {
	var wrong []string
	if name := n.Needs.Provider; name != "" {
		if b.logins == nil {
			wrong = append(wrong, fmt.Sprintf("command %s: it needs a login, and Options.Logins is missing", n.path))
		} else if _, err := b.logins.Provider(name); err != nil {
			wrong = append(wrong, fmt.Sprintf("command %s: it needs the provider %q, which is not set up", n.path, name))
		}
	}
	for _, sub := range n.sub {
		wrong = append(wrong, b.checkNeeds(sub)...)
	}
	return wrong
}

// sorted returns the ports in the order of their platforms.
func (b *Bot) sorted() []*port {
	out := make([]*port, 0, len(b.ports))
	for _, p := range b.ports {
		out = append(out, p)
	}
	slices.SortFunc(out, func(x, y *port) int { return strings.Compare(x.caps.Platform, y.caps.Platform) })
	return out
}
