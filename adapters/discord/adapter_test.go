package discord

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
)

// running is an adapter on a Discord in memory.
type running struct {
	*Adapter
	*adaptertest.Running
	srv *discordtest.Server
}

// commands are those that people can choose.
var commands = []core.Command{
	{Name: "open", Summary: "Answers for all"},
	{Name: "ping", Summary: "Answers"},
	{Name: "secret", Summary: "Answers the asker alone", Private: true},
	{Name: "whoami", Summary: "Needs a login", Needs: core.Login("demo")},
}

// start runs an adapter. do is what is made of an event, once it is safe.
func start(t *testing.T, srv *discordtest.Server, change func(*Config), do func(core.Event)) *running {
	t.Helper()
	r := &running{srv: srv}
	r.Running = adaptertest.Start(t, func(log *slog.Logger) core.Adapter {
		c := settings(srv)
		c.Log = log
		if change != nil {
			change(&c)
		}
		r.Adapter = New(c)
		return r.Adapter
	}, commands, func(ev core.Event) {
		if ev.Safe != nil {
			ev.Safe()
		}
		if do != nil {
			go do(ev)
		}
	})
	return r
}

// startOn runs an adapter on a Discord that sends interactions one way or the
// other.
func startOn(t *testing.T, over string, do func(core.Event)) *running {
	t.Helper()
	o := discordtest.Options{}
	if over == "http" {
		o.Net, o.InteractionsURL = pipe.New(), public+path
	}
	r := start(t, discordtest.New(t, o), nil, do)
	if over == "http" {
		adaptertest.Serve(t, o.Net, "bot.example:443", adaptertest.Routes(r.Adapter))
	}
	return r
}

// end stops the adapter, which is no error, and looks at all that it has sent.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.End(t, r.srv.Token().Reveal(), "aW50ZXJhY3Rpb24") // which interactions' tokens begin with
	checkRequests(t, r.srv)
	if failures := r.srv.Failures(); len(failures) > 0 {
		t.Errorf("got failures %q, want every interaction answered in time", failures)
	}
}

// remembered is how much is kept of what is over.
func (r *running) remembered() int {
	r.pending.mu.Lock()
	defer r.pending.mu.Unlock()
	return len(r.pending.by)
}

// reply answers an event in the words given.
func reply(t *testing.T, ev core.Event, m core.Message) core.Ref {
	t.Helper()
	ref, err := ev.Back.Reply(t.Context(), m)
	if slow, ok := errors.AsType[*core.Slow](err); ok { // as core does
		time.Sleep(slow.After)
		ref, err = ev.Back.Reply(t.Context(), m)
	}
	if err != nil {
		t.Errorf("reply: got %v, want nil", err)
	}
	return ref
}

// outline is what somebody sees, message by message.
func outline(srv *discordtest.Server, who, where string) string {
	var all []string
	for _, seen := range srv.Sees(who, where) {
		text := seen.String()
		if seen.Private {
			text = "(" + text + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, " / ")
}

// Nobody but who is mentioned by markup is notified, and no link is fetched.
func TestNobodyIsNotified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startOn(t, "gateway", func(ev core.Event) { reply(t, ev, core.Message{Text: "@everyone <@&1> https://example.com"}) })
		r.srv.Say("alice", "#general", "/ping")
		time.Sleep(time.Second)
		if got := r.srv.Last("#general"); len(got.Pings) > 0 || got.Previews {
			t.Errorf("got %q notified, previews %v, want neither", got.Pings, got.Previews)
		}
		r.end(t)
	})
}

func TestDirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := discordtest.New(t, discordtest.Options{NoDMs: true})
		r := start(t, srv, nil, func(ev core.Event) { reply(t, ev, core.Message{Text: "Pong!"}) })
		srv.Say("alice", "#general", "/ping")
		time.Sleep(time.Second)
		who := r.Events()[0].From
		send := func(want error) {
			t.Helper()
			chat, err := r.Direct(t.Context(), who, "ignored")
			if err != nil || !chat.Direct {
				t.Fatalf("got %v, %v, want a direct chat", chat, err)
			}
			if _, err := r.Send(t.Context(), chat, core.Message{Text: "Psst."}); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		send(core.ErrForbidden)
		srv.Open("alice")
		send(nil)
		srv.Block("alice")
		send(core.ErrForbidden)
		_, err := r.Direct(t.Context(), core.User{Platform: platform, ID: "1"}, "")
		if cannot, ok := errors.AsType[*core.CannotDM](err); !ok || cannot.Link != "" {
			t.Errorf("nobody: got %v, want *core.CannotDM", err)
		}
		r.end(t)
	})
}

// What a mention says privately goes to the direct chat.
func TestPrivateAnswerToWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startOn(t, "gateway", func(ev core.Event) {
			reply(t, ev, core.Message{Text: "For you.", Private: true})
			if err := ev.Back.Ask(t.Context(), core.Form{}); !errors.Is(err, core.ErrTooLate) {
				t.Errorf("ask: got %v, want core.ErrTooLate", err)
			}
		})
		r.srv.Say("alice", "#general", "@usher hello")
		time.Sleep(time.Second)
		if in, alone := outline(r.srv, "alice", "#general"), outline(r.srv, "alice", coretest.Direct); in != "" || alone != "For you." {
			t.Errorf("alice sees %q and alone %q, want it alone", in, alone)
		}
		r.end(t)
	})
}

func TestSendIsNeverPrivate(t *testing.T) {
	a := New(Config{Token: testToken})
	if _, err := a.Send(t.Context(), hall, core.Message{Text: "x", Private: true}); err == nil {
		t.Error("got nil, want an error: all would see it")
	}
}
