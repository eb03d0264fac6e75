package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

const general = "#general"

// soon is how long what must happen may take, and for how long nothing happens
// when nothing may.
const soon = 30 * time.Second

// scene is a case being played.
type scene struct {
	*testing.T
	Stage
	count int // of tokens
}

// bot is an adapter that runs, and what it hands over.
type bot struct {
	core.Adapter
	s      *scene
	unsafe atomic.Bool // what is handed over does not get safe
	events chan core.Event
	seen   map[string]bool // keys
	stop   context.CancelFunc
	ended  chan error
}

// published are the commands that the people of the suite know.
var published = []core.Command{
	{Name: "echo", Summary: "Says it again", Options: []core.Option{core.String("text", "what to say")}},
	{Name: "greet", Summary: "Greets somebody", Options: []core.Option{core.Person("who", "whom to greet").Required()}},
}

// start starts an adapter, which runs until the case is over or it is stopped.
func (s *scene) start() *bot {
	s.Helper()
	b := &bot{Adapter: s.Adapter(), s: s, events: make(chan core.Event, 1000), seen: map[string]bool{}, ended: make(chan error, 1)}
	ctx, stop := context.WithCancel(s.Context())
	b.stop = stop
	s.must("check", b.Check())
	s.must("publish", b.Publish(ctx, published, true))
	go func() { b.ended <- b.Run(ctx, b.take) }()
	s.Cleanup(b.end)
	s.await("ready", b.Ready)
	return b
}

// host starts a whole bot, until the case is over, and returns #general and alice's
// direct chat, too.
func (s *scene) host() (bot *core.Bot, all, direct core.Chat) {
	s.Helper()
	db, err := sqlstore.Open(s.Context(), filepath.Join(s.TempDir(), "bot.db"))
	s.must("open store", err)
	keys, err := seal.NewKeys(masterSecret, "")
	s.must("make keys", err)
	bot = core.New(core.Options{Store: db, Keys: keys, Log: slog.New(slog.DiscardHandler)})
	called := make(chan core.Chat, 1)
	bot.Add(core.Command{Name: "where", Summary: "Says it", Run: func(ctx context.Context, in *core.Invocation) error {
		_, err := in.Reply(ctx, say("Here"))
		called <- in.Chat
		return err
	}})
	adapter := s.Adapter()
	bot.Connect(adapter)
	ctx, stop := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- bot.Run(ctx) }()
	s.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, db.Close()); err != nil {
			s.Errorf("run: got %v, want nil", err)
		}
	})
	s.await("ready", adapter.Ready)
	s.World.Say("alice", general, "/where")
	all = <-called
	s.World.Say("alice", coretest.Direct, "/where")
	return bot, all, <-called
}

func (b *bot) take(e core.Event) {
	if !b.unsafe.Load() && e.Safe != nil {
		e.Safe()
	}
	b.events <- e
}

// end stops the adapter and waits for its end.
func (b *bot) end() {
	b.s.Helper()
	b.stop()
	if err := <-b.ended; err != nil {
		b.s.Errorf("run: got %v, want nil", err)
	}
	b.ended <- nil // it may be ended twice
}

// raw returns what is handed over next, repeats too, if anything is.
func (b *bot) raw() (core.Event, bool) {
	select {
	case e := <-b.events:
		return e, true
	case <-time.After(soon):
		return core.Event{}, false
	}
}

// next returns what happened next, having left out repeats.
func (b *bot) next() core.Event {
	b.s.Helper()
	for {
		e, ok := b.raw()
		if !ok {
			b.s.Fatal("got no event, want one")
		}
		if !b.seen[e.Key] {
			b.seen[e.Key] = true
			return e
		}
	}
}

// quiet wants nothing more to happen.
func (b *bot) quiet() {
	b.s.Helper()
	for {
		e, ok := b.raw()
		if !ok {
			return
		}
		if !b.seen[e.Key] {
			b.s.Fatalf("got %T from %s, want nothing", e.What, e.From.Name)
		}
	}
}

// hears has somebody say something and returns the event of that.
func (b *bot) hears(who, where, text string) core.Event {
	b.s.Helper()
	b.s.World.Say(who, where, text)
	return b.next()
}

// what is what happened, which must be of the one type.
func what[T core.What](s *scene, e core.Event) T {
	s.Helper()
	w, is := e.What.(T)
	if !is {
		s.Fatalf("got %T, want %T", e.What, w)
	}
	return w
}

// given is the value of an option, or the text after a command's name.
func given(c core.Call, option string) string {
	if c.Args != nil {
		return c.Args[option]
	}
	return c.Rest
}

func (s *scene) must(do string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: got error %v, want none", do, err)
	}
}

func (s *scene) wants(do string, got, want error) {
	s.Helper()
	if !errors.Is(got, want) {
		s.Errorf("%s: got error %v, want %v", do, got, want)
	}
}

// same compares what people read. Platforms trim what is said.
func (s *scene) same(of, got, want string) {
	s.Helper()
	if strings.TrimSpace(got) != strings.TrimSpace(want) {
		s.Errorf("%s: got %q, want %q", of, got, want)
	}
}

// await waits until what is told becomes true.
func (s *scene) await(what string, is func() bool) {
	s.Helper()
	for over := time.Now().Add(soon); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(over) {
			s.Fatalf("%s: not after %v", what, soon)
		}
	}
}

// sees waits for a message before somebody's eyes.
func (s *scene) sees(who, where, part string) coretest.Seen {
	s.Helper()
	ctx, stop := context.WithTimeout(s.Context(), soon)
	defer stop()
	seen, err := coretest.Wait(ctx, s.World, who, where, part)
	if err != nil {
		s.Fatal(err)
	}
	return seen
}

// times is how often somebody sees a part of a message.
func (s *scene) times(who, where, part string) int {
	n := 0
	for _, seen := range s.World.Sees(who, where) {
		n += strings.Count(seen.String(), part)
	}
	return n
}

// never wants somebody to see nothing of it anywhere.
func (s *scene) never(who, part string) {
	s.Helper()
	for _, where := range []string{general, coretest.Direct} {
		if n := s.times(who, where, part); n > 0 {
			s.Errorf("%s sees %q in %s %d times, want never", who, part, where, n)
		}
	}
}

// general is the chat that all are in.
func (b *bot) general() core.Chat {
	b.s.Helper()
	e := b.hears("alice", general, "/echo where am I")
	done(e)
	return e.Chat
}

// done says that no more comes of an event.
func done(e core.Event) {
	if e.Done != nil {
		e.Done(false)
	}
}

// sends says m somewhere, as Fit makes it for the platform.
func (b *bot) sends(m core.Message, to core.Chat) core.Ref {
	b.s.Helper()
	var ref core.Ref
	for _, part := range core.Fit(m, b.Caps(), b.Size) {
		var err error
		if ref, err = b.Send(b.s.Context(), to, b.s.dress(part)); err != nil {
			b.s.Fatalf("send: %v", err)
		}
	}
	return ref
}

// dress gives each control of m a token that no other has.
func (s *scene) dress(m core.Message) core.Message {
	rows := make([][]core.Control, len(m.Rows))
	for i, row := range m.Rows {
		for _, c := range row {
			switch k := c.(type) {
			case core.Button:
				k.Do = s.token(k.Do)
				c = k
			case core.Select:
				k.Do = s.token(k.Do)
				c = k
			}
			rows[i] = append(rows[i], c)
		}
	}
	m.Rows = rows
	return m
}

func (s *scene) token(a core.Action) core.Action {
	s.count++
	return a.WithToken(seal.Secret(fmt.Sprintf("token-%d", s.count)))
}

func say(text markup.Text, rows ...[]core.Control) core.Message {
	return core.Message{Text: text, Rows: rows}
}

// button is a button whose token is its label.
func button(label string) core.Button {
	return core.Button{Label: label, Do: core.Action{}.WithToken(seal.Secret(strings.ReplaceAll(label, " ", "-")))}
}

func row(c ...core.Control) []core.Control { return c }

// sameRef reports whether two Refs hold the same token.
func sameRef(a, b core.Ref) bool {
	return a.Token.Reveal() == b.Token.Reveal() && a.Token.Reveal() != ""
}
