package slack

import (
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// running is an adapter on a Slack in memory.
type running struct {
	*Adapter
	*adaptertest.Running
	srv *slacktest.Server
}

// commands are those that the bot of these tests has.
var commands = []core.Command{{Name: "ping", Summary: "Is anybody there?"}, {Name: "login", Aliases: []string{"signin"}, Summary: "Signs you in"}}

// newSlack is a Slack on which all slash commands are the bot's.
func newSlack(t *testing.T) *slacktest.Server {
	t.Helper()
	return slacktest.New(t, slacktest.Options{Commands: []string{slacktest.AnyCommand}})
}

// start runs an adapter. do is what is made of an event; nil: it is safe at once.
func start(t *testing.T, srv *slacktest.Server, change func(*Config), do func(core.Event)) *running {
	t.Helper()
	r := &running{srv: srv}
	r.Running = adaptertest.Start(t, func(log *slog.Logger) core.Adapter {
		c := configOf(srv)
		c.Log = log
		if change != nil {
			change(&c)
		}
		r.Adapter = New(c)
		return r.Adapter
	}, commands, do)
	return r
}

// end stops the adapter, which is no error, and looks at all that it has sent.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.End(t, r.srv.BotToken().Reveal(), r.srv.AppToken().Reveal(), r.srv.SigningSecret().Reveal(), "/hooks/", "/upload/", "ticket=")
	checkRequests(t, r.srv)
}

// says has somebody say something, and returns the event of that.
func (r *running) says(t *testing.T, who, where, text string) core.Event {
	t.Helper()
	before := len(r.Events())
	r.srv.Say(who, where, text)
	time.Sleep(1500 * time.Millisecond)
	if got := r.Events(); len(got) > before {
		return got[len(got)-1]
	}
	t.Fatalf("%s in %s: got nothing, want an event", text, where)
	return core.Event{}
}

// presses has somebody press a button of the newest message there.
func (r *running) presses(t *testing.T, who, where, label string) core.Event {
	t.Helper()
	before := len(r.Events())
	if err := r.srv.Press(who, adaptertest.Last(r.srv, who, where), label); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond)
	if got := r.Events(); len(got) > before {
		return got[len(got)-1]
	}
	t.Fatalf("%s in %s: got nothing, want an event", label, where)
	return core.Event{}
}

// withButton is a message with a button.
func withButton(label string) core.Message {
	return core.Message{Text: "Go?", Rows: [][]core.Control{{adaptertest.Pressable(label, core.Plain, "tok")}}}
}

// What is typed is a command wherever the bot is addressed.
func TestCommandsAsText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		for _, tt := range []struct {
			where, text string
			want        core.What
		}{
			{"#general", "/login github", core.Call{Name: "login", Rest: "github"}},
			{"#general", "/usher login github", core.Call{Name: "login", Rest: "github"}},
			{"#general", "@usher login github", core.Call{Name: "login", Rest: "github"}},
			{"#general/plans", "@usher SignIn", core.Call{Name: "signin"}},
			{coretest.Direct, "login github", core.Call{Name: "login", Rest: "github"}},
			{coretest.Direct, "log me in", core.Said{Text: "log me in", ToMe: true}},
			{"#general", "@usher good morning", core.Said{Text: "good morning", ToMe: true}},
		} {
			got := r.says(t, "alice", tt.where, tt.text)
			if got.From.Name != "alice" || got.Chat.Direct != (tt.where == coretest.Direct) || (got.Chat.Thread != "") != (tt.where == "#general/plans") {
				t.Errorf("%s in %s: got it from %q in %+v", tt.text, tt.where, got.From.Name, got.Chat)
			}
			if !reflect.DeepEqual(got.What, tt.want) {
				t.Errorf("%s in %s: got %+v, want %+v", tt.text, tt.where, got.What, tt.want)
			}
		}
		if n := len(r.srv.Requests("users.info")); n != 1 {
			t.Errorf("alice's name was asked for %d times, want once", n)
		}
		r.end(t)
	})
}

// A message that comes as two events is one.
func TestMentionAndMessageAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := slacktest.New(t, slacktest.Options{ReadsAll: true})
		r := start(t, srv, nil, nil)
		srv.Say("alice", "#general", "@usher ping")
		time.Sleep(time.Minute)
		got := r.Events()
		if len(got) != 2 || got[0].Key != got[1].Key || r.Calls() != "ping ping" {
			t.Errorf("got %d events (%s), want two that have the same key", len(got), r.Calls())
		}
		r.end(t)
	})
}

func TestSendIsNeverPrivate(t *testing.T) {
	if _, err := New(Config{BotToken: testBot}).Send(t.Context(), hall, core.Message{Text: "x", Private: true}); err == nil {
		t.Error("got nil, want an error: all would see it")
	}
}

// A bot whose token is taken back says so once, and is not ready until it has one
// that is good.
func TestTokenIsLost(t *testing.T) {
	tests := []struct {
		code string
		lost bool
	}{{"invalid_auth", true}, {"account_inactive", true}, {"token_revoked", true}, {"missing_scope", false}, {"channel_not_found", false}}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, newSlack(t), nil, nil)
			chat := r.says(t, "alice", "#general", "/ping").Chat
			for range 3 {
				r.srv.Break("chat.postMessage", slacktest.Refuse(tt.code))
				if _, err := r.Send(t.Context(), chat, core.Message{Text: "Hi"}); err == nil {
					t.Error("got nil, want an error")
				}
			}
			if n := strings.Count(r.Log.String(), "SLACK_BOT_TOKEN"); (n == 1) != tt.lost || r.Ready() == tt.lost {
				t.Errorf("%s: got %d lines about it and ready %v, want lost %v", tt.code, n, r.Ready(), tt.lost)
			}
			if _, err := r.Send(t.Context(), chat, core.Message{Text: "Hi"}); err != nil || !r.Ready() {
				t.Errorf("%s is over: got %v and ready %v", tt.code, err, r.Ready())
			}
			r.end(t)
		})
	}
}

func TestUninstalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		r.srv.Uninstall()
		time.Sleep(time.Minute)
		for _, ev := range r.Events() {
			if _, gone := ev.What.(core.Gone); !gone || ev.Chat.Team == "" {
				t.Errorf("got %T, want the end of a team", ev.What)
			}
		}
		if n := len(r.Events()); n != 1 {
			t.Errorf("got %d events, want one", n)
		}
		if n := strings.Count(r.Log.String(), "SLACK_BOT_TOKEN"); n != 1 || r.Ready() {
			t.Errorf("got %d lines about it and ready %v, want one, and not ready", n, r.Ready())
		}
		r.end(t)
	})
}
