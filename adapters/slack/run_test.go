package slack

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
)

func TestSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		if !r.Ready() || r.srv.Connections() != 2 {
			t.Errorf("ready %v with %d connections, want 2", r.Ready(), r.srv.Connections())
		}
		for _, word := range []string{"one", "two", "three"} {
			r.srv.Say("alice", "#general", "/"+word)
		}
		time.Sleep(time.Second)
		if got := r.Calls(); got != "one two three" || r.srv.Pending() != 0 {
			t.Errorf("got %q with %d not acknowledged, want three commands in order", got, r.srv.Pending())
		}
		r.end(t)
		time.Sleep(time.Second)
		if r.Ready() || r.srv.Connections() != 0 {
			t.Errorf("ready %v with %d connections after the end", r.Ready(), r.srv.Connections())
		}
	})
}

// Slack hears at once what is safe, and after two seconds what is not.
func TestAcknowledgements(t *testing.T) {
	for _, tt := range []struct {
		name  string
		do    func(core.Event)
		after time.Duration
	}{
		{"safe", func(ev core.Event) { ev.Safe() }, 0},
		{"safe later", func(ev core.Event) { time.AfterFunc(time.Second, ev.Safe) }, time.Second},
		{"never safe", func(core.Event) {}, ackAfter},
		{"safe too late", func(ev core.Event) { time.AfterFunc(time.Minute, ev.Safe) }, ackAfter},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, newSlack(t), nil, tt.do)
				r.srv.Say("alice", "#general", "/ping")
				if tt.after > 0 {
					time.Sleep(tt.after - time.Millisecond)
					if r.srv.Pending() != 1 {
						t.Error("it is acknowledged too early")
					}
					time.Sleep(2 * time.Millisecond)
				}
				synctest.Wait()
				if r.srv.Pending() != 0 || len(r.Events()) != 1 {
					t.Errorf("got %d events and %d not acknowledged, want one that is", len(r.Events()), r.srv.Pending())
				}
				time.Sleep(2 * time.Minute)
				r.end(t)
			})
		})
	}
}

// A connection is replaced before it ends, and no event waits for that.
func TestRefresh(t *testing.T) {
	for _, reason := range []string{slacktest.Warning, slacktest.Refresh} {
		t.Run(reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, newSlack(t), nil, nil)
				time.Sleep(time.Minute)
				for i := range 60 {
					if i%20 == 5 {
						r.srv.Disconnect(reason)
					}
					r.srv.Say("alice", "#general", fmt.Sprintf("/n%d", i))
					time.Sleep(time.Second)
					if !r.Ready() || len(r.Events()) != i+1 {
						t.Fatalf("after %d s: ready %v with %d events", i, r.Ready(), len(r.Events()))
					}
				}
				time.Sleep(time.Minute)
				if got := r.srv.Connections(); got != sockets {
					t.Errorf("got %d connections, want %d", got, sockets)
				}
				if strings.Contains(r.Log.String(), "WARN") {
					t.Errorf("got warnings about what is usual: %s", r.Log)
				}
				r.end(t)
			})
		})
	}
}

// Outages of all kinds end, no event is lost, and none of them keeps the bot busy.
func TestOutages(t *testing.T) {
	tests := []struct {
		name  string
		upset func(srv *slacktest.Server)
	}{
		{"a cut", func(srv *slacktest.Server) { srv.Cut() }},
		{"five minutes away", func(srv *slacktest.Server) { srv.Stop(); time.AfterFunc(5*time.Minute, srv.Resume) }},
		{"no connections", func(srv *slacktest.Server) {
			srv.Break("apps.connections.open", slices.Repeat([]stand.Fault{stand.HTML(503)}, 10)...)
			srv.Cut()
		}},
		{"no answers", func(srv *slacktest.Server) {
			srv.Break("apps.connections.open", slices.Repeat([]stand.Fault{stand.Hang()}, 4)...)
			srv.Cut()
		}},
		{"asked for a pause", func(srv *slacktest.Server) {
			srv.Break("apps.connections.open", slacktest.TooMany(time.Minute))
			srv.Cut()
		}},
		{"answers of another kind", func(srv *slacktest.Server) {
			srv.Break("apps.connections.open", stand.Custom(200, "application/json", `{"ok":true}`), stand.Custom(200, "text/html", "<html>"),
				stand.Custom(200, "application/json", `{"ok":true,"url":"ws://elsewhere.example/?ticket=x"}`), stand.Custom(200, "application/json", `{"ok":true,"url":"https://elsewhere.example/"}`))
			srv.Cut()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, newSlack(t), nil, nil)
				time.Sleep(time.Minute)
				before := len(r.srv.Requests("apps.connections.open"))
				tt.upset(r.srv)
				r.srv.Say("alice", coretest.Direct, "ping")
				r.srv.Say("bob", coretest.Direct, "login")
				time.Sleep(10 * time.Minute)
				keys := map[string]bool{}
				for _, ev := range r.Events() {
					keys[ev.Key] = true
				}
				if len(keys) != 2 || !r.Ready() || r.srv.Connections() != sockets {
					t.Errorf("got %d commands, ready %v with %d connections", len(keys), r.Ready(), r.srv.Connections())
				}
				if asked := len(r.srv.Requests("apps.connections.open")) - before; asked > 45 {
					t.Errorf("got %d requests for a connection, want patience", asked)
				}
				r.end(t)
			})
		})
	}
}

// Whoever runs the bot must hear of what only they can change, in one line.
func TestEndsLoudly(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		upset  func(srv *slacktest.Server)
		want   string
	}{
		{"a wrong bot token", func(c *Config) { c.BotToken = testBot }, nil, "SLACK_BOT_TOKEN: Slack does not take it"},
		{"a wrong app token", func(c *Config) { c.AppToken = testApp }, nil, "SLACK_APP_TOKEN: Slack does not take it"},
		{"a bot token for an app token", nil, func(srv *slacktest.Server) {
			srv.Break("apps.connections.open", slacktest.Refuse("not_allowed_token_type"))
			srv.Cut()
		}, "SLACK_APP_TOKEN: Slack does not take it"},
		{"Socket Mode switched off", nil, func(srv *slacktest.Server) { srv.Disconnect(slacktest.LinkDisabled) }, "SLACK_MODE: Socket Mode is switched off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, newSlack(t), tt.change, nil)
				if tt.upset != nil {
					time.Sleep(time.Minute)
					tt.upset(r.srv)
				}
				began := time.Now()
				err := <-r.Ended
				if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "marker") || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want %s…", err, tt.want)
				}
				if took := time.Since(began); took > 5*time.Second || r.Ready() {
					t.Errorf("it ended after %v, ready %v", took, r.Ready())
				}
			})
		})
	}
}

func TestRepeatsHaveTheSameKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		for _, text := range []string{"/ping", "@usher ping"} {
			first := r.says(t, "alice", "#general", text)
			r.srv.Repeat()
			time.Sleep(time.Second)
			got := r.Events()
			if again := r.says(t, "alice", "#general", text); got[len(got)-1].Key != first.Key || again.Key == first.Key || len(got)%3 != 2 {
				t.Errorf("%s: got %d events, want one, its repeat, and another", text, len(got)+1)
			}
		}
		r.end(t)
	})
}

// What nobody listens to, and what cannot be read, is acknowledged: it would only
// come again.
func TestUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := through(nil)
		a.self.Store(&me)
		a.intake.Store(&intake{ctx: t.Context(), on: func(core.Event) { t.Error("got an event, want none") }})
		for _, wire := range []string{
			`{"type":"event_callback","event":{"type":"teleported"}}`, `{"type":"event_callback"}`,
			`{"type":"event_callback","event":{"type":"user_change","user":{"id":"U1"}}}`,
		} {
			d, err := parse(ofEvents, []byte(wire))
			safe := false
			a.receive(d, func() { safe = true })
			if err != nil || !safe {
				t.Errorf("%s: got safe %v, %v", wire, safe, err)
			}
		}
	})
}

// A thousand presses leave nothing behind but what they asked for.
func TestManyEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newSlack(t)
		var wg sync.WaitGroup
		r := start(t, srv, nil, func(ev core.Event) {
			ev.Safe()
			wg.Go(func() { adaptertest.Reply(t, ev, core.Message{Text: "Pong!"}) })
		})
		srv.Say("alice", coretest.Direct, "/ping")
		time.Sleep(time.Minute)
		before := runtime.NumGoroutine()
		for i := range 1000 {
			srv.Say(fmt.Sprintf("p%d", i%50), []string{coretest.Direct, "#general"}[i%2], "/ping")
		}
		time.Sleep(5 * time.Minute)
		wg.Wait()
		if got := len(srv.Requests("chat.postMessage")); got != 1001 {
			t.Errorf("got %d answers, want 1001", got)
		}
		if after := runtime.NumGoroutine(); after > before+5 {
			t.Errorf("got %d goroutines, %d before", after, before)
		}
		r.end(t)
	})
}

// A bot that starts during an outage begins when that is over.
func TestStartInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newSlack(t)
		srv.Break("auth.test", append(slices.Repeat([]stand.Fault{stand.HTML(503)}, 3), slacktest.TooMany(20*time.Second), slacktest.Refuse("internal_error"), stand.Hang())...)
		r := start(t, srv, nil, nil)
		if r.Ready() {
			t.Error("got a bot that is ready, want one that tries on")
		}
		time.Sleep(3 * time.Minute)
		if !r.Ready() || len(srv.Requests("auth.test")) != 7 {
			t.Errorf("ready %v after %d requests, want 7", r.Ready(), len(srv.Requests("auth.test")))
		}
		r.end(t)
	})
	synctest.Test(t, func(t *testing.T) {
		srv := newSlack(t)
		srv.Break("auth.test", slacktest.Refuse("team_access_not_granted"))
		r := start(t, srv, nil, nil)
		if err := <-r.Ended; err == nil || err.Error() != "auth.test: team_access_not_granted" {
			t.Errorf("got %v, want why there is no bot", err)
		}
	})
}
