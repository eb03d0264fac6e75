package adaptertest

import (
	"errors"
	"strings"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// This file has the cases of what people say.

func command(s *scene) {
	b := s.start()
	var alice core.User
	for _, where := range []string{general, coretest.Direct} {
		e := b.hears("alice", where, "/echo hello, world")
		b.wellMade(e)
		call := what[core.Call](s, e)
		if got := given(call, "text"); call.Name != "echo" || got != "hello, world" {
			s.Errorf("in %s: got /%s %q, want /echo hello, world", where, call.Name, got)
		}
		if e.Chat.Direct != (where == coretest.Direct) {
			s.Errorf("in %s: got direct %v", where, e.Chat.Direct)
		}
		if where == general {
			alice = e.From
		}
		if !e.From.Is(alice) || e.From.Name == "" {
			s.Errorf("in %s: got it from %s, named %q, want %s and a name", where, e.From.Key(), e.From.Name, alice.Key())
		}
		ref, err := e.Back.Reply(s.Context(), say("Pong in "+"*both*"))
		s.must("reply", err)
		if ref.Token == "" || ref.Chat.Key() != e.Chat.Key() {
			s.Errorf("in %s: got a Ref in %s, want one in %s", where, ref.Chat.Key(), e.Chat.Key())
		}
		s.same("reply", s.sees("alice", where, "Pong").Text, "Pong in both")
	}
	s.sees("bob", general, "Pong")
	if n := s.times("bob", coretest.Direct, "Pong"); n != 0 {
		s.Error("bob sees what was said to alice alone")
	}
	bob := b.hears("bob", coretest.Direct, "/echo")
	if call := what[core.Call](s, bob); given(call, "text") != "" || bob.From.Is(alice) {
		s.Errorf("got %q from %s, want nothing from bob", given(call, "text"), bob.From.Key())
	}
}

// wellMade: what every event must have.
func (b *bot) wellMade(e core.Event) {
	b.s.Helper()
	platform := b.Caps().Platform
	switch {
	case e.Key == "":
		b.s.Error("the event has no Key")
	case e.Back == nil:
		b.s.Error("the event has no Responder")
	case e.From.Platform != platform || e.Chat.Platform != platform || e.From.ID == "" || e.Chat.ID == "":
		b.s.Errorf("got it from %q in %q, want both on %s", e.From.Key(), e.Chat.Key(), platform)
	case time.Since(e.At).Abs() > time.Minute:
		b.s.Errorf("got it dated %v, want about %v", e.At, time.Now())
	}
}

func mention(s *scene) {
	b := s.start()
	bob := b.hears("bob", general, "/echo here I am").From
	e := b.hears("alice", general, "/greet @bob")
	if got := given(what[core.Call](s, e), "who"); got != bob.Key() {
		s.Errorf("got %q, want bob's key %q", got, bob.Key())
	}
}

func talk(s *scene) {
	b := s.start()
	for _, tt := range []struct{ where, text, want string }{
		{coretest.Direct, "hello there", "hello there"},
		{general, "@usher hello there", "hello there"},
	} {
		e := b.hears("alice", tt.where, tt.text)
		b.wellMade(e)
		said := what[core.Said](s, e)
		if !said.ToMe {
			s.Errorf("in %s: got talk to others, want it to the bot", tt.where)
		}
		s.same("talk in "+tt.where, said.Text, tt.want)
		_, err := e.Back.Reply(s.Context(), say("Hello"))
		s.must("reply", err)
		s.sees("alice", tt.where, "Hello")
	}
}

// bots: what bots say, this one among them, is nobody's wish.
func bots(s *scene) {
	b := s.start()
	b.sends(say("/echo from myself"), b.general())
	s.Post(general, "/echo from a bot")
	b.quiet()
}

func reworded(s *scene) {
	b := s.start()
	b.hears("alice", general, "/echo one")
	s.Reword("alice", general, "/echo two")
	for e, more := b.raw(); more; e, more = b.raw() {
		if _, is := e.What.(core.Call); is {
			s.Error("got a command, want none of a changed message")
		}
	}
}

func thread(s *scene) {
	b := s.start()
	e := b.hears("alice", s.Thread, "/echo hello")
	if e.Chat.Thread == "" {
		s.Fatal("got no thread, want one")
	}
	_, err := e.Back.Reply(s.Context(), say("An answer", row(button("Go"))))
	s.must("reply", err)
	b.sends(say("Unasked"), e.Chat)
	s.sees("bob", s.Thread, "Unasked")
	s.must("press", s.World.Press("bob", s.sees("bob", s.Thread, "An answer"), "Go"))
	if press := b.next(); press.Chat.Key() != e.Chat.Key() {
		s.Errorf("got a press in %s, want %s", press.Chat.Key(), e.Chat.Key())
	}
	elsewhere := b.hears("alice", general, "/echo hello")
	if elsewhere.Chat.Key() == e.Chat.Key() {
		s.Error("got the same chat outside of the thread, want another")
	}
}

func hostileIn(s *scene) {
	b := s.start()
	for _, text := range hostile {
		if strings.Contains(text, "@") { // a mention, in some Worlds
			continue
		}
		if !s.Deaf {
			e := b.hears("alice", coretest.Direct, "so: "+text)
			s.same("said", what[core.Said](s, e).Text, "so: "+text)
		}
		e := b.hears("alice", coretest.Direct, "/echo "+text)
		s.same("option", given(what[core.Call](s, e), "text"), text)
	}
}

func cannotDM(s *scene, err error) *core.CannotDM {
	s.Helper()
	cannot, is := errors.AsType[*core.CannotDM](err)
	if !is {
		s.Fatalf("direct: got error %v, want a chat or *core.CannotDM", err)
	}
	return cannot
}
