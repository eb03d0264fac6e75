package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
)

// This file has the cases of what the bot says without being asked.

// hostile is text that some platform would take for something else.
var hostile = []string{
	"*bold* _italic_ __under__ ~strike~ ~~strike~~ ||spoiler|| `code` ```block```",
	"[label](https://evil.example) <https://evil.example|label> <b>&amp;</b> &lt; <!-- -->",
	"@everyone @here @alice <@U123> <@!123> <@&1> <#C1> <!channel> <!subteam^S1> <:a:1> <t:1>",
	"# heading\n> quote\n>>> quotes\n- item\n1. item\n-# small\n| a | b |\n\\ end \\",
	"\\* \\\\* {braces} =+-.!()[] $x$ %s %d %!",
	"\u05e2\u05d1\u05e8\u05d9\u05ea \u200f(right to left)\u200e \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
	"👩🏽‍🚀🇩🇪 𝔘𝔫𝔦 é e\u0301 Z\u0351\u036b\u0343 ﷽ beyond 😀",
	"`", "```", "``` `` `", "a`b``c", "tail\\", "_", "*", "**", "<", "&", "😀",
	"  spaces  inside  and  around  ",
	"line one\n\n\nline four\ttab",
	strings.Repeat("unbroken", 50),
	strings.Repeat("😀", 100),
}

func hostileOut(s *scene) {
	b := s.start()
	chat := b.general()
	for i, text := range hostile {
		for _, format := range []markup.Text{"%s", "*%s*", "_%s_ %[1]s", "`%s`", "> %s", "x\n```\n%s\n```\ny", "[%s](https://example.com/)!"} {
			m := markup.F(format, text)
			ref := b.sends(say(m), chat)
			s.newest(fmt.Sprintf("text %d in %q", i, format), seen(m))
			s.must("delete", b.Delete(s.Context(), ref))
		}
	}
}

// seen is what people see of t: of a link its label, with or without its address.
func seen(t markup.Text) []string {
	spans := markup.Parse(t)
	for i, span := range spans {
		if span.Kind == markup.Link {
			spans[i] = markup.Span{Kind: markup.Word, Text: markup.Visible(markup.Write(span.Spans))}
		}
	}
	return []string{markup.Visible(t), markup.Visible(markup.Write(spans))}
}

// newest wants bob to see one of these texts last in #general.
func (s *scene) newest(of string, want []string) {
	s.Helper()
	all := s.World.Sees("bob", general)
	if len(all) == 0 {
		s.Fatalf("%s: bob sees nothing, want %q", of, want)
	}
	got := strings.TrimSpace(all[len(all)-1].Text)
	if !slices.ContainsFunc(want, func(w string) bool { return strings.TrimSpace(w) == got }) {
		s.Errorf("%s: got %.300q, want one of %.600q", of, got, want)
	}
}

// markups: all kinds of markup are shown, however the platform does that.
func markups(s *scene) {
	b := s.start()
	e := b.hears("alice", general, "/echo hello")
	for _, text := range []markup.Text{
		"*bold* and _italic_ and *both _at once_*",
		"`code` at the start, and at the end `code`",
		"> quoted *boldly*\n> twice\nand not",
		"before\n```go\nfunc main() {\n\tprintln(\"*\")\n}\n```\nafter",
		"*😀* _𝔘𝔫𝔦_ `👩🏽‍🚀` *e\u0301*",
		"[a *label*](https://example.com/?a=b&c=d#e)",
		"https://example.com/a_b_c",
	} {
		ref := b.sends(say(text), e.Chat)
		s.newest("markup", seen(text))
		s.must("delete", b.Delete(s.Context(), ref))
	}
	b.sends(say(markup.F("Ask %s before %s.", markup.Person(e.From.Key(), "alice"), markup.Time(time.Now()))), e.Chat)
	if got := s.sees("bob", general, "Ask").Text; !strings.Contains(got, "alice") || !strings.Contains(got, "before") {
		s.Errorf("got %q, want it to name alice and a time", got)
	}
}

// controls come exact: what they are called, copy and lead to.
func controls(s *scene) {
	b := s.start()
	const address = "https://example.com/a/b?c=d&e=%20f#g"
	m := say("Look", row(button("Plain"), core.Link{Label: "A *link* & more", URL: address}), row(core.Button{Label: "<b>_x_</b>", Tone: core.Bad}))
	if b.Caps().Copies {
		m.Rows = append(m.Rows, row(core.Copy{Label: "Copy", Text: "AB_C-*1*<&>"}))
	}
	b.sends(m, b.general())
	got := s.sees("bob", general, "Look")
	for _, row := range core.Fit(m, b.Caps(), b.Size)[0].Rows {
		for _, c := range row {
			s.shows(got, c)
		}
	}
	s.same("text", got.Text, "Look")
}

// shows wants a message to have a control, as it was meant.
func (s *scene) shows(m coretest.Seen, c core.Control) {
	s.Helper()
	var got coretest.Control
	var err error
	switch c := c.(type) {
	case core.Button:
		_, err = m.Control(coretest.Button, c.Label)
	case core.Link:
		if got, err = m.Control(coretest.Link, c.Label); got.URL != c.URL {
			s.Errorf("got link to %q, want %q", got.URL, c.URL)
		}
	case core.Copy:
		if got, err = m.Control(coretest.Copy, c.Label); got.Text != c.Text {
			s.Errorf("got %q to copy, want %q", got.Text, c.Text)
		}
	}
	s.must("look for a control", err)
}

// embeds are shown whole, as themselves or as text.
func embeds(s *scene) {
	b := s.start()
	b.sends(core.Message{Text: "Above", Embeds: []core.Embed{{
		Title: "A *title*", URL: "https://example.com/", Text: markup.F("Text of %s", "*an* embed"), Footer: "Foot_er_", Tone: core.Good,
		Fields: []core.Field{{Name: "Na*m*e", Value: "Value", Short: true}, {Name: "Other", Value: "_Value_"}},
	}}}, b.general())
	got := s.sees("bob", general, "Above").Text
	for _, part := range []string{"A *title*", "Text of *an* embed", "Foot_er_", "Na*m*e", "Value", "Other"} {
		if !strings.Contains(got, part) {
			s.Errorf("got %q, want %q in it", got, part)
		}
	}
}

func edit(s *scene) {
	b := s.start()
	ref := b.sends(say("Before", row(button("Go"))), b.general())
	id := s.sees("bob", general, "Before [Go]").ID
	for range 2 { // the second time it says that already
		s.must("edit", b.Edit(s.Context(), ref, say("After *that*", row(button("Stop")))))
	}
	if got := s.sees("bob", general, "After"); got.String() != "After that [Stop]" || got.ID != id {
		s.Errorf("got %q as message %s, want After that [Stop] in place of message %s", got, got.ID, id)
	}
	s.must("edit", b.Edit(s.Context(), ref, say("Last")))
	if got := s.sees("bob", general, "Last"); got.String() != "Last" {
		s.Errorf("got %q, want no button any more", got)
	}
	s.never("bob", "Before")
}

// editLater: a Ref is good for another process too.
func editLater(s *scene) {
	b := s.start()
	ref := b.sends(say("Before", row(button("Go"))), b.general())
	b.end()
	kept := core.Ref{Chat: core.Chat{
		Platform: ref.Chat.Platform, Team: ref.Chat.Team, ID: ref.Chat.ID, Thread: ref.Chat.Thread, Direct: ref.Chat.Direct,
	}, Token: seal.Secret(ref.Token.Reveal()), Until: ref.Until}
	b = s.start()
	s.must("edit", b.Edit(s.Context(), kept, say("After")))
	s.sees("bob", general, "After")
	s.never("bob", "Before")
	s.must("delete", b.Delete(s.Context(), kept))
	s.never("bob", "After")
}

func remove(s *scene) {
	b := s.start()
	chat := b.general()
	b.sends(say("Stays"), chat)
	ref := b.sends(say("Goes"), chat)
	s.sees("bob", general, "Goes")
	for range 2 {
		s.must("delete", b.Delete(s.Context(), ref))
	}
	s.never("bob", "Goes")
	s.sees("bob", general, "Stays")
	s.wants("edit what is deleted", b.Edit(s.Context(), ref, say("Is back")), core.ErrGone)
	s.never("bob", "Is back")
}

func gone(s *scene) {
	b := s.start()
	ref := b.sends(say("Here"), b.general())
	s.sees("bob", general, "Here")
	s.Remove(general)
	s.wants("edit", b.Edit(s.Context(), ref, say("Still here")), core.ErrGone)
	s.must("delete", b.Delete(s.Context(), ref))
	s.never("bob", "ere")
}

// together: all methods may be called at the same time.
func together(s *scene) {
	b := s.start()
	chat := b.general()
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			ref := b.sends(say(markup.F("Message %d.", i)), chat)
			if err := b.Edit(s.Context(), ref, say(markup.F("Changed %d.", i))); err != nil {
				s.Errorf("edit: %v", err)
			}
		})
	}
	wg.Wait()
	for i := range 10 {
		if n := s.times("bob", general, fmt.Sprintf("Changed %d.", i)); n != 1 {
			s.Errorf("bob sees message %d %d times, want once", i, n)
		}
	}
}

// slowDown: an adapter says how long the platform wants to be left alone, at
// once. In the end all is there, and once.
func slowDown(s *scene) {
	b := s.start()
	e := b.hears("alice", general, "/echo hello")
	var ref core.Ref
	steps := []struct {
		name string
		do   func(ctx context.Context) error
	}{
		{"One", func(ctx context.Context) (err error) { ref, err = b.Send(ctx, e.Chat, say("One")); return err }},
		{"Two", func(ctx context.Context) error { return b.Edit(ctx, ref, say("Two")) }},
		{"Three", func(ctx context.Context) error { _, err := e.Back.Reply(ctx, say("Three")); return err }},
	}
	for _, step := range steps {
		s.Slow(3 * time.Second)
		s.must(step.name, s.patiently(step.do))
		if n := s.times("bob", general, step.name); n != 1 {
			s.Errorf("bob sees %s %d times, want once", step.name, n)
		}
	}
	s.never("bob", "One")
}

// patiently does what core does with *core.Slow.
func (s *scene) patiently(do func(ctx context.Context) error) error {
	begun := time.Now()
	slow, is := errors.AsType[*core.Slow](do(s.Context()))
	if took := time.Since(begun); !is || took > time.Second {
		s.Fatalf("got %v after %v, want *core.Slow at once", slow, took)
	}
	if slow.After <= 0 || slow.After > 10*time.Second {
		s.Errorf("got slow down for %v, want what the platform said", slow.After)
	}
	time.Sleep(slow.After)
	if took := time.Since(begun); took < 3*time.Second {
		s.Errorf("got slow down for %v, want 3s", took)
	}
	return do(s.Context())
}

// slowChat: while one chat is slowed down, a bot asks nothing more of it, whoever
// wants to write there, and others go on.
func slowChat(s *scene) {
	bot, chat, direct := s.host()
	s.Slow(5 * time.Second)
	begun, first := time.Now(), make(chan error, 1)
	go func() {
		_, err := bot.Send(s.Context(), chat, say("First"))
		first <- err
	}()
	time.Sleep(time.Second)
	_, err := bot.Send(s.Context(), direct, say("Elsewhere"))
	s.must("send elsewhere", err)
	if took := time.Since(begun); took > 3*time.Second {
		s.Errorf("in another chat: done after %v, want it at once", took)
	}
	_, err = bot.Send(s.Context(), chat, say("Second"))
	s.must("send", err)
	if took := time.Since(begun); took < 5*time.Second {
		s.Errorf("the second is there after %v, want nothing asked before 5s", took)
	}
	s.must("send first", <-first)
	for _, text := range []string{"First", "Second"} {
		if n := s.times("bob", general, text); n != 1 {
			s.Errorf("bob sees %s %d times, want once", text, n)
		}
	}
}
