package coretest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/markup"
)

// desk is a bot by hand, and the provider at which it signs people in.
type desk struct {
	t      *testing.T
	chat   *coretest.Chat
	card   core.Ref
	code   string // that waits
	count  int
	leak   bool // says codes in public
	hangUp func()
	log    strings.Builder

	mu      sync.Mutex
	refused error // what the chat would not do
}

func (d *desk) note(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = errors.Join(d.refused, err)
}

func (d *desk) on(e core.Event) {
	ctx := d.t.Context()
	var err error
	switch what := e.What.(type) {
	case core.Call:
		err = d.call(ctx, e, what)
	case core.Press:
		switch what.Token.Reveal() {
		case "Cancel":
			err = e.Back.Update(ctx, say("Cancelled."))
		case "colour":
			err = e.Back.Update(ctx, say(markup.Plain("You chose "+strings.Join(what.Values, " and ")+".")))
		default:
			_, err = e.Back.Reply(ctx, core.Message{Text: "Welcome.", Private: !e.Chat.Direct})
		}
	case core.Submit:
		_, err = e.Back.Reply(ctx, say(markup.F("Hello %s.", what.Values["n"])))
	}
	d.note(err)
}

func (d *desk) call(ctx context.Context, e core.Event, call core.Call) (err error) {
	switch call.Name {
	case "ping":
		_, err = e.Back.Reply(ctx, say("Pong!"))
	case "both":
		_, err = e.Back.Reply(ctx, say("One"))
		_, second := e.Back.Reply(ctx, say("Two"))
		err = errors.Join(err, second)
	case "slow":
		d.card, err = e.Back.Reply(ctx, say("One moment…"))
		time.AfterFunc(20*time.Second, func() {
			d.note(d.chat.Edit(d.t.Context(), d.card, say("Done, *at last*.")))
		})
	case "gone":
		var ref core.Ref
		ref, err = e.Back.Reply(ctx, say("Soon gone"))
		time.AfterFunc(time.Second, func() { d.note(d.chat.Delete(d.t.Context(), ref)) })
	case "login":
		d.count++
		d.code = fmt.Sprintf("WXYZ-000%d", d.count)
		d.log.WriteString("a login began\n")
		m := say(markup.Plain("Enter "+d.code), core.Link{Label: "Open", URL: "https://auth.example"}, button("Cancel"))
		m.Private = !d.leak && !e.Chat.Direct
		d.card, err = e.Back.Reply(ctx, m)
	case "name":
		err = e.Back.Ask(ctx, core.Form{Title: "You", Do: do("form"), Inputs: []core.Input{{Name: "n", Label: "Name"}}})
	case "colour":
		_, err = e.Back.Reply(ctx, say("Pick.", core.Select{Hint: "Colour", Max: 2, Do: do("colour"), Choices: []core.Choice{{Label: "Red"}, {Label: "Blue"}}}))
	case "private":
		_, err = d.chat.Direct(ctx, e.From, "token")
		if cannot, is := errors.AsType[*core.CannotDM](err); is {
			_, err = e.Back.Reply(ctx, say("Come.", core.Link{Label: "Open the private chat", URL: cannot.Link}))
		}
	}
	return err
}

func (d *desk) Pending() []string {
	if d.code == "" {
		return nil
	}
	return []string{d.code}
}

func (d *desk) end(code, text string) error {
	if code != d.code {
		return fmt.Errorf("got code %q, want %q", code, d.code)
	}
	d.code = ""
	return d.chat.Edit(d.t.Context(), d.card, say(markup.Plain(text)))
}

func (d *desk) Approve(code, account string) error { return d.end(code, "Signed in as "+account+".") }
func (d *desk) Deny(code string) error             { return d.end(code, "You declined.") }
func (d *desk) Expire(code string) error           { return d.end(code, "Expired.") }
func (d *desk) Answer(with string) error           { return fmt.Errorf("cannot answer %q", with) }
func (d *desk) Withdraw(account string) {
	d.note(d.chat.Edit(d.t.Context(), d.card, say("Withdrawn.")))
}
func (d *desk) Stop()   {}
func (d *desk) Resume() {}

func (d *desk) restart() {
	d.chat.Cut()
	d.hangUp()
	d.hangUp = connect(d.t, d.chat, d.on)
}

func (d *desk) stage() coretest.Stage {
	return coretest.Stage{World: d.chat, Caps: d.chat.Caps(), Provider: d, Restart: d.restart, Log: d.log.String}
}

func newDesk(t *testing.T, s *coretest.Script) *desk {
	d := &desk{t: t, chat: coretest.New(s.Chat(coretest.Options{}))}
	d.hangUp = connect(t, d.chat, d.on)
	return d
}

func parse(t *testing.T, text string) *coretest.Script {
	t.Helper()
	s, err := coretest.Parse("test.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRun(t *testing.T) {
	coretest.Run(t, "testdata/*.txt", func(t *testing.T, s *coretest.Script) coretest.Stage {
		d := newDesk(t, s)
		t.Cleanup(func() { wants(t, "all that the bot asked of the chat", d.refused, nil) })
		return d.stage()
	})
}

// TestPlayFails has a script for everything that must not go unnoticed.
func TestPlayFails(t *testing.T) {
	tests := []struct {
		name, script string
		change       func(*desk, *coretest.Stage)
		want         []string // parts of the error; none: no error
	}{
		{"good", "alice in #general: /ping\nbot in #general: Pong!", nil, nil},
		{
			"another text", "alice in #general: /ping\nbot: Ping!", nil,
			[]string{"test.txt:2: bot: Ping!", "did not come in 30s", "what came instead:\n    bot in #general: Pong!", "> alice in #general: /ping"},
		},
		{"lines that count", "with forms, alice: /ping\nwithout embeds, alice: /both\nwith forms, with embeds, bot: Pong!", nil, nil},
		{"a line that should not count", "alice: /ping\nwithout forms, bot: Pong!", nil, []string{"nobody expected it"}},
		{
			"private, where nothing is", "chat has no private messages\nalice: /ping\nbot to alice in #general: Pong!", nil, nil,
		},
		{"public, where nothing is private", "chat has no private messages\nalice: /ping\nbot in #general: Pong!", nil, []string{"did not come"}},
		{"half the text", "alice: /slow\nbot: One", nil, []string{"did not come"}},
		{"two", "alice: /both\nbot: One\nbot: Two", nil, nil},
		{"the second first", "alice: /both\nbot: Two\nbot: One", nil, []string{"test.txt:2", "bot to alice: One\n    bot to alice: Two"}},
		{"nothing", "alice: hello\nbot: Hello", nil, []string{"nothing came instead"}},
		{"another person", "alice: /ping\nbot to bob: Pong!", nil, []string{"bot to alice: Pong!"}},
		{"another place", "alice: /ping\nbot in #general: Pong!", nil, []string{"did not come"}},
		{"public for private", "alice in #general: /ping\nbot to alice in #general: Pong!", nil, []string{"did not come"}},
		{"private for public", "alice in #general: /login\nbot in #general: *", nil, []string{"did not come"}},
		{"a message for an edit", "alice: /ping\nbot edits: Pong!", nil, []string{"did not come"}},
		{"unnoticed before a line", "alice: /ping\nalice: /ping", nil, []string{"test.txt:2", "no line expects what came before", "Pong!"}},
		{"unnoticed at the end", "alice: /ping", nil, []string{"after the last line", "nobody expected it", "Pong!"}},
		{"unnoticed later", "alice: /slow\nbot: One moment…\nwait 30s", nil, []string{"Done"}},
		{"heard after all", "alice: /ping\nnobody hears anything", nil, []string{"nobody expected it"}},
		{"heard by bob", "alice in #general: /ping\nbob sees nothing new", nil, []string{"nobody expected it"}},
		{"no button", "alice: /ping\nbot: Pong!\nalice presses: Cancel", nil, []string{`alice sees no button "Cancel"`}},
		{"somebody else's button", "alice in #general: /login\nbot: *\nbob presses: Cancel", nil, []string{`bob sees no button "Cancel"`}},
		{"gone", "alice: /login\nbot: *\nalice presses: Cancel\nbot edits: Cancelled.\nalice presses: Cancel", nil, []string{"alice sees no button"}},
		{"no code", "octocat approves", nil, []string{"no code was shown to octocat"}},
		{"code of another", "alice: /login\nbot: *\nbob: hi\nbob denies", nil, []string{"no code was shown to bob"}},
		{"withdrawn", "alice: /login\nbot: *\noctocat withdraws\nbot edits: Withdrawn.", nil, nil},
		{"withdrawn before it was noticed", "alice: /login\noctocat withdraws", nil, []string{"no line expects what came before"}},
		{"nowhere to withdraw", "octocat withdraws", func(_ *desk, s *coretest.Stage) { s.Provider = nil }, []string{"there is no provider"}},
		{"unknown answer", "provider answers riddles", nil, []string{`cannot answer "riddles"`}},
		{"no restart", "restart", func(_ *desk, s *coretest.Stage) { s.Restart = nil }, []string{"cannot be restarted"}},
		{
			"public code", "alice in #general: /login\nbot: *", func(d *desk, _ *coretest.Stage) { d.leak = true },
			[]string{"can see the user code"},
		},
		{
			"code in the log", "alice: /login\nbot: *", func(_ *desk, s *coretest.Stage) { s.Log = func() string { return "code WXYZ-0001" } },
			[]string{"a user code is in the log"},
		},
		{
			"code in public, gone at once", "alice: /login\nbot: *", func(_ *desk, s *coretest.Stage) { s.Public = func() string { return "code WXYZ-0001" } },
			[]string{"a user code was said where others can read"},
		},
		{"secret in the log", "alice: /ping\nbot: *", func(_ *desk, s *coretest.Stage) {
			s.Log, s.Secrets = func() string { return "token hush" }, func() []string { return []string{"hush"} }
		}, []string{"secret 0 is in the log"}},
		{
			"secret on the screen", "alice: /ping\nbot: *", func(_ *desk, s *coretest.Stage) { s.Secrets = func() []string { return []string{"Pong"} } },
			[]string{"can see secret 0"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := parse(t, tt.script)
				d := newDesk(t, s)
				stage := d.stage()
				if tt.change != nil {
					tt.change(d, &stage)
				}
				got := message(s.Play(stage))
				if (got == "") != (tt.want == nil) {
					t.Fatalf("got error %q, want %q", got, tt.want)
				}
				for _, want := range tt.want {
					if !strings.Contains(got, want) {
						t.Errorf("got error\n%s\nwant %q in it", got, want)
					}
				}
			})
		})
	}
}

// TestPatience: an answer that comes sooner or later is waited for in virtual
// time.
func TestPatience(t *testing.T) {
	for _, tt := range []struct {
		patience time.Duration
		found    bool
	}{{25 * time.Second, true}, {15 * time.Second, false}} {
		bubble(t, func(t *testing.T) {
			s := parse(t, "alice: /slow\nbot: One moment…\nbot edits: Done*")
			stage := newDesk(t, s).stage()
			stage.Patience = tt.patience
			if err := s.Play(stage); (err == nil) != tt.found {
				t.Errorf("patience %v: got %v", tt.patience, err)
			}
			synctest.Wait()
		})
	}
}

func TestParseFails(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"nonsense", "# fine\n\nalice dances", `test.txt:3: cannot read "alice dances"`},
		{"misspelt", "alice pressses: Cancel", "cannot read"},
		{"late setting", "alice: hi\nchat has no forms", "after the conversation has begun"},
		{"unknown ability", "chat has no soul", `no chat has "soul"`},
		{"unknown condition", "with soul, alice: hi", `no chat has "soul"`},
		{"conditional setting", "with forms, chat has no selects", "after the conversation has begun"},
		{"condition of nothing", "with forms, alice dances", "cannot read"},
		{"no time", "chat edits private messages for long", "read the time"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := coretest.Parse("test.txt", tt.script)
			if got := message(err); !strings.Contains(got, tt.want) {
				t.Errorf("got error %q, want %q", got, tt.want)
			}
		})
	}
}
