package adaptertest

import (
	"strings"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
)

// This file has the cases of what answers an event.

// private: what is for one person is shown to that person, or to nobody.
func private(s *scene) {
	b := s.start()
	e := b.hears("alice", general, "/echo hello")
	m := core.Message{Text: "For alice alone", Private: true}
	_, err := e.Back.Reply(s.Context(), m)
	if b.Caps().Private {
		s.must("reply", err)
		if got := s.sees("alice", general, "For alice"); !got.Private {
			s.Error("got a message that all see, want a private one")
		}
	} else if err == nil {
		s.Error("private reply: got no error on a platform without, want one")
	}
	if _, err := b.Send(s.Context(), e.Chat, m); err == nil {
		s.Error("private message that nobody asked for: got no error, want one")
	}
	s.never("bob", "For alice")
}

// privateWhile: the bot can edit what is private for as long as it says, and a
// press gives it more time.
func privateWhile(s *scene) {
	b := s.start()
	caps := b.Caps()
	if !caps.Private || caps.PrivateEdit == 0 {
		return
	}
	e := b.hears("alice", general, "/echo hello")
	ref, err := e.Back.Reply(s.Context(), core.Message{Text: "Psst", Private: true, Rows: [][]core.Control{{button("Go")}}})
	s.must("reply", err)
	if left := time.Until(ref.Until); left > caps.PrivateEdit || left < caps.PrivateEdit-time.Minute {
		s.Errorf("it can be edited for %v, want %v", left, caps.PrivateEdit)
	}
	s.must("edit", b.Edit(s.Context(), ref, say("Psst 2", row(button("Go")))))
	m := s.sees("alice", general, "Psst 2")
	time.Sleep(caps.PrivateEdit)
	s.wants("late edit", b.Edit(s.Context(), ref, say("Late")), core.ErrGone)
	s.must("press", s.World.Press("alice", m, "Go"))
	s.must("edit after a press", b.Edit(s.Context(), b.next().On, say("Psst 3")))
	s.sees("alice", general, "Psst 3")
	s.never("bob", "Psst")
}

// alert: where nothing else is private, the answer to a press can be.
func alert(s *scene) {
	b := s.start()
	most := b.Caps().Alert
	if b.Caps().Private || most == 0 {
		return
	}
	b.sends(say("Press", row(button("Go"))), b.general())
	press := func() core.Event {
		s.must("press", s.World.Press("bob", s.sees("bob", general, "[Go]"), "Go"))
		return b.next()
	}
	text := strings.Repeat("ж", most)
	e := press()
	_, err := e.Back.Reply(s.Context(), core.Message{Text: markup.Plain(text), Private: true})
	s.must("alert", err)
	if got := s.sees("bob", general, text); !got.Private {
		s.Error("got a message that all see, want a private one")
	}
	_, err = e.Back.Reply(s.Context(), core.Message{Text: "Second", Private: true})
	s.wants("second alert", err, core.ErrTooLate)
	_, err = e.Back.Reply(s.Context(), say("For all"))
	s.must("reply", err)
	s.sees("alice", general, "For all")

	e = press()
	time.Sleep(10 * time.Second)
	_, err = e.Back.Reply(s.Context(), core.Message{Text: "Late", Private: true})
	s.wants("late alert", err, core.ErrTooLate)
	for _, who := range []string{"alice", "bob"} {
		s.never(who, "Second")
		s.never(who, "Late")
	}
	s.never("alice", text)
}

func update(s *scene) {
	b := s.start()
	for _, where := range []string{general, coretest.Direct} {
		e := b.hears("alice", where, "/echo hello")
		s.wants("update without a press", e.Back.Update(s.Context(), say("Nothing")), core.ErrGone)
		ref, err := e.Back.Reply(s.Context(), say("Press", row(button("Go")), row(button("Stop"))))
		s.must("reply", err)
		m := s.sees("alice", where, "Press")
		s.must("press", s.World.Press("alice", m, "Go"))
		press := b.next()
		b.wellMade(press)
		if !sameRef(press.On, ref) || press.Chat.Key() != e.Chat.Key() || !press.From.Is(e.From) {
			s.Errorf("in %s: got a press by %s on another message or in another chat than was answered", where, press.From.Key())
		}
		s.must("update", press.Back.Update(s.Context(), say("Pressed", row(button("Again")))))
		if got := s.sees("alice", where, "Pressed"); got.String() != "Pressed [Again]" || got.ID != m.ID {
			s.Errorf("in %s: got %q as %s, want Pressed [Again] as %s", where, got, got.ID, m.ID)
		}
		s.must("edit after it", b.Edit(s.Context(), press.On, say("Edited")))
		s.sees("alice", where, "Edited")
		s.never("alice", "Press")
	}
}

// tokens come back as they were, whatever the platform uses them for.
func tokens(s *scene) {
	b := s.start()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	want := map[string]string{
		"One": alphabet, "Two": strings.Repeat("-", 64), "Three": "_", "Four": alphabet[1:] + "A", "Five": "a:b"[:1],
	}
	m := say("Press")
	for label, token := range want {
		m.Rows = append(m.Rows, row(core.Button{Label: label, Do: core.Action{}.WithToken(seal.Secret(token))}))
	}
	_, err := b.Send(s.Context(), b.general(), m)
	s.must("send", err)
	for label, token := range want {
		s.must("press", s.World.Press("bob", s.sees("bob", general, "Press"), label))
		if got := what[core.Press](s, b.next()); got.Token.Reveal() != token || len(got.Values) > 0 {
			s.Errorf("%s: got token %q with %q, want %q", label, got.Token.Reveal(), got.Values, token)
		}
	}
}

// slowHandler: an answer may take a while, whatever the platform's deadlines.
func slowHandler(s *scene) {
	b := s.start()
	for _, d := range []time.Duration{5 * time.Second, 20 * time.Second} {
		e := b.hears("alice", general, "/echo hello")
		time.Sleep(d)
		_, err := e.Back.Reply(s.Context(), say(markup.F("After %s", d), row(button("Go"))))
		s.must("reply", err)
		m := s.sees("bob", general, "After "+d.String())

		s.must("press", s.World.Press("bob", m, "Go"))
		press := b.next()
		time.Sleep(d)
		s.must("update", press.Back.Update(s.Context(), say(markup.F("Changed after %s", d))))
		s.sees("alice", general, "Changed after "+d.String())
		_, err = press.Back.Reply(s.Context(), say(markup.F("And more after %s", d)))
		s.must("reply to the press", err)
		s.sees("alice", general, "And more after "+d.String())
	}
}

// unanswered: what the bot says nothing to does not look as if it went on.
func unanswered(s *scene) {
	b := s.start()
	for _, d := range []time.Duration{0, 5 * time.Second} {
		before := len(s.World.Sees("bob", general))
		e := b.hears("alice", general, "/echo hello")
		time.Sleep(d)
		done(e)
		time.Sleep(10 * time.Second)
		if after := len(s.World.Sees("bob", general)); after != before {
			s.Errorf("bob sees %d messages after a command that took %v, want %d", after, d, before)
		}
		if s.Busy != nil && s.Busy() {
			s.Errorf("a command that took %v is shown as not answered after 10s more", d)
		}
		_, err := e.Back.Reply(s.Context(), say(markup.F("At last, after %s", d)))
		s.must("late reply", err)
		s.sees("bob", general, "At last, after "+d.String())
	}
	b.sends(say("Press", row(button("Go"))), b.general())
	before := len(s.World.Sees("bob", general))
	s.must("press", s.World.Press("bob", s.sees("bob", general, "Press"), "Go"))
	b.next()
	time.Sleep(5 * time.Second)
	if s.Busy != nil && s.Busy() {
		s.Error("the press is shown as not answered after 5s")
	}
	if after := len(s.World.Sees("bob", general)); after != before {
		s.Errorf("bob sees %d messages after the press, want %d", after, before)
	}
}

func choose(s *scene) {
	b := s.start()
	if !b.Caps().Selects {
		return
	}
	b.sends(say("Colours", row(core.Select{
		Hint: "Colour", Min: 1, Max: 2, Choices: []core.Choice{{Label: "Red *1*", Value: "r"}, {Label: "Green", Value: "g & <b>"}, {Label: "Blue"}},
	})), b.general())
	m := s.sees("bob", general, "Colours")
	for _, tt := range []struct {
		labels []string
		want   string
	}{{[]string{"Green"}, "g & <b>"}, {[]string{"Red *1*", "Blue"}, "r, Blue"}} {
		s.must("choose", s.World.Choose("bob", m, "Colour", tt.labels...))
		e := b.next()
		if got := strings.Join(what[core.Press](s, e).Values, ", "); got != tt.want || e.On.Token == "" {
			s.Errorf("got %q, want %q, on the message", got, tt.want)
		}
	}
}

func form(s *scene) {
	b := s.start()
	e := b.hears("alice", general, "/echo hello")
	f := core.Form{Title: "Order", Do: core.Action{}.WithToken("form-token_1"), Inputs: []core.Input{
		{Name: "n", Label: "Name", Hint: "yours"},
		{Name: "s", Label: "Size", Choices: []core.Choice{{Label: "Small", Value: "s"}, {Label: "Large", Value: "l"}}},
		{Name: "note", Label: "Note", Value: "none", Long: true, Optional: true},
	}}
	err := e.Back.Ask(s.Context(), f)
	if !b.Caps().Forms {
		if err == nil {
			s.Error("ask: got no error on a platform without forms, want one")
		}
		return
	}
	s.must("ask", err)
	open := s.sees("alice", general, "Order")
	s.must("fill", s.World.Fill("alice", open, map[string]string{"Name": hostile[0], "Size": "Large"}))
	sent := b.next()
	b.wellMade(sent)
	got := what[core.Submit](s, sent)
	if got.Token.Reveal() != "form-token_1" || got.Values["n"] != hostile[0] || got.Values["s"] != "l" || got.Values["note"] != "none" {
		s.Errorf("got %q with token %q, want what was filled in", got.Values, got.Token.Reveal())
	}
	_, err = sent.Back.Reply(s.Context(), say("Ordered"))
	s.must("reply", err)
	s.sees("bob", general, "Ordered")

	late := b.hears("alice", general, "/echo hello")
	time.Sleep(10 * time.Second)
	if err := late.Back.Ask(s.Context(), f); err != nil {
		s.wants("late form", err, core.ErrTooLate)
	}
}

// replyBox: a question that opens a box is answered in it.
func replyBox(s *scene) {
	b := s.start()
	if !b.Caps().Replies {
		return
	}
	e := b.hears("alice", general, "/echo ask me")
	ref, err := e.Back.Reply(s.Context(), core.Message{Text: "Which kind?", Answer: true})
	s.must("reply", err)
	s.sees("alice", general, "Which kind?")
	if other := b.hears("bob", general, "@usher what is this"); sameRef(other.On, ref) {
		s.Error("bob is taken to answer what alice was asked")
	}
	answer := b.hears("alice", general, "@usher Funghi")
	s.same("answer", what[core.Said](s, answer).Text, "Funghi")
	if !sameRef(answer.On, ref) {
		s.Error("the answer is to another message than the question")
	}
	s.wants("update without a press", answer.Back.Update(s.Context(), say("Nothing")), core.ErrGone)
	s.sees("alice", general, "Which kind?")
}
