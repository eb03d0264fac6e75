package adaptertest

import (
	"context"
	"slices"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// This file has the cases of an adapter's life: its beginning and end, and what
// becomes of events in between.

func endsAtOnce(s *scene) {
	if a := s.Adapter(); a.Ready() {
		s.Error("ready: got true before Run, want false")
	}
	s.start().endsAtOnce()
}

func endsUnsafe(s *scene) {
	b := s.start()
	b.unsafe.Store(true)
	b.hears("alice", general, "/echo hello")
	b.endsAtOnce()
}

func (b *bot) endsAtOnce() {
	b.s.Helper()
	asked := time.Now()
	b.end()
	if took := time.Since(asked); took > time.Second {
		b.s.Errorf("run ended after %v, want it to end at once", took)
	}
	if b.Ready() {
		b.s.Error("ready: got true after Run, want false")
	}
}

// publishes: every process publishes, one of them writes, and always the same.
func publishes(s *scene) {
	b := s.start()
	for _, write := range []bool{true, true, false} {
		s.must("publish once more", b.Publish(s.Context(), published, write))
	}
	s.must("publish less", b.Publish(s.Context(), published[:1], true))
	b.hears("alice", general, "/echo hello")

	ctx, stop := context.WithCancel(s.Context())
	stop()
	begun := time.Now()
	err := b.Publish(ctx, published, true)
	if took := time.Since(begun); took > time.Second {
		s.Errorf("publish ended after %v (%v), want it to end at once with its context", took, err)
	}
}

func keys(s *scene) {
	b := s.start()
	seen := map[string]bool{}
	note := func(e core.Event) {
		if e.Key == "" || seen[e.Key] {
			s.Errorf("got key %q, want one that no other event has", e.Key)
		}
		seen[e.Key] = true
	}
	chat := b.hears("alice", general, "/echo hello").Chat
	for range 3 {
		s.World.Say("alice", general, "/echo hello")
		s.World.Say("bob", general, "/echo hello")
	}
	b.sends(say("Press", row(button("Go"))), chat)
	m := s.sees("alice", general, "[Go]")
	s.must("press", s.World.Press("alice", m, "Go"))
	s.must("press", s.World.Press("alice", m, "Go"))
	for range 8 {
		e, ok := b.raw()
		if !ok {
			s.Fatal("got no event, want one")
		}
		note(e)
	}
}

func repeat(s *scene) {
	b := s.start()
	first := b.hears("alice", general, "/echo hello")
	s.Repeat()
	for e, again := b.raw(); again; e, again = b.raw() {
		if e.Key != first.Key {
			s.Errorf("got key %q, want %q again", e.Key, first.Key)
		}
	}
	if second := b.hears("alice", general, "/echo hello"); second.Key == first.Key {
		s.Error("got the same key for what was said again, want another")
	}
}

// inOrder: what one person says in one chat stays in order.
func inOrder(s *scene) {
	b := s.start()
	words := []string{"one", "two", "three", "four", "five"}
	for _, word := range words {
		s.World.Say("alice", general, "/echo "+word)
	}
	var got []string
	for range words {
		got = append(got, given(what[core.Call](s, b.next()), "text"))
	}
	if !slices.Equal(got, words) {
		s.Errorf("got %q, want %q", got, words)
	}
}

func cut(s *scene) {
	b := s.start()
	b.hears("alice", general, "/echo one")
	s.Cut()
	s.World.Say("alice", general, "/echo two")
	second := b.next()
	s.same("after the cut", given(what[core.Call](s, second), "text"), "two")
	b.unsafe.Store(true)
	b.hears("alice", general, "/echo three")
	s.Cut()
	b.unsafe.Store(false)
	b.quiet()
	s.await("ready again", b.Ready)
	_, err := second.Back.Reply(s.Context(), say("Still here"))
	s.must("reply", err)
	s.sees("alice", general, "Still here")
	s.same("later", given(what[core.Call](s, b.hears("alice", general, "/echo four")), "text"), "four")
}

// redelivered: what a bot did not get safe before it ended is for the next one,
// under the same key; what it got safe is not.
func redelivered(s *scene) {
	first := s.start()
	first.hears("alice", general, "/echo one")
	time.Sleep(time.Second)
	first.unsafe.Store(true)
	lost := first.hears("alice", general, "/echo two")
	first.end()

	second := s.start()
	again := second.next()
	if again.Key != lost.Key || given(what[core.Call](s, again), "text") != "two" {
		s.Errorf("got %q with key %q, want what was not safe, with key %q", again.What, again.Key, lost.Key)
	}
	second.quiet()
	_, err := again.Back.Reply(s.Context(), say("Two at last"))
	s.must("reply", err)
	s.sees("alice", general, "Two at last")
	second.end()
	s.start().quiet()
}

// direct: a chat with one person alone, asked for before or after they came.
func direct(s *scene) {
	b := s.start()
	e := b.hears("alice", general, "/echo hello")
	chat, err := b.Direct(s.Context(), e.From, "start-here_1")
	if err != nil {
		chat = b.follow(e, err, "start-here_1")
	}
	if !chat.Direct {
		s.Errorf("got chat %s, want a direct one", chat.Key())
	}
	b.sends(say("Between us"), chat)
	s.sees("alice", coretest.Direct, "Between us")
	s.never("bob", "Between us")
	if again, err := b.Direct(s.Context(), e.From, ""); err != nil || again.Key() != chat.Key() {
		s.Errorf("got chat %s, %v, want %s again", again.Key(), err, chat.Key())
	}
	said := b.hears("alice", coretest.Direct, "/echo hello")
	if said.Chat.Key() != chat.Key() || !said.Chat.Direct || !said.From.Is(e.From) {
		s.Errorf("got it from %s in %s, want %s in %s", said.From.Key(), said.Chat.Key(), e.From.Key(), chat.Key())
	}
}

// follow is how alice, and before her bob, gets to the direct chat: by a link, or
// where there is none by going there.
func (b *bot) follow(e core.Event, why error, start string) core.Chat {
	s := b.s
	cannot := cannotDM(s, why)
	if cannot.Link == "" {
		return b.hears("alice", coretest.Direct, "hello").Chat
	}
	b.sends(say("Come", row(core.Link{Label: "Open", URL: cannot.Link})), e.Chat)
	for _, who := range []string{"bob", "alice"} {
		s.must("follow", s.World.Follow(who, s.sees(who, general, "[Open]"), "Open"))
		came := b.next()
		press := what[core.Press](s, came)
		if press.Token.Reveal() != start || came.On.Token != "" || came.On.Chat.ID != "" {
			s.Errorf("got a press of %q on %v, want one of %q on nothing", press.Token.Reveal(), came.On, start)
		}
		if !came.Chat.Direct || came.From.Is(e.From) != (who == "alice") {
			s.Errorf("got it from %s in %s, want %s in a direct chat", came.From.Key(), came.Chat.Key(), who)
		}
		_, err := came.Back.Reply(s.Context(), say("Welcome"))
		s.must("reply", err)
		s.sees(who, coretest.Direct, "Welcome")
		e.Chat = came.Chat
	}
	return e.Chat
}
