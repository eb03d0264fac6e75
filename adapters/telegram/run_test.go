package telegram

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
	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
)

func TestPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		r := start(t, srv, nil, nil)
		if !r.Ready() {
			t.Error("got an adapter that is not ready, want one that is connected")
		}
		for _, word := range []string{"one", "two", "three"} {
			srv.Say("alice", coretest.Direct, "/"+word)
		}
		time.Sleep(time.Second)
		if got := r.Calls(); got != "one two three" {
			t.Errorf("got %q, want three commands in order", got)
		}
		r.end(t)
		if r.Ready() || srv.Pending() != 0 {
			t.Errorf("ready %v with %d updates unconfirmed, want neither", r.Ready(), srv.Pending())
		}
	})
}

// What was not safe when the bot died comes again, and nothing else.
func TestPollingLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		first := start(t, srv, nil, func(ev core.Event) {
			if ev.What.(core.Call).Name != "slow" {
				ev.Safe()
			}
		})
		for _, word := range []string{"quick", "slow", "quick"} {
			srv.Say("alice", coretest.Direct, "/"+word)
		}
		time.Sleep(5 * time.Second)
		if got := first.Calls(); got != "quick slow quick" {
			t.Errorf("got %q, want each once while it is under way", got)
		}
		first.end(t)
		second := start(t, srv, nil, nil)
		time.Sleep(time.Second)
		if got := second.Calls(); got != "slow quick" {
			t.Errorf("after a restart: got %q, want what was not confirmed", got)
		}
		if first.Events()[1].Key != second.Events()[0].Key {
			t.Error("got another key for the same update")
		}
		second.end(t)
	})
}

// Neither an idle bot nor one with a command under way asks all the time.
func TestPollingIsNotBusy(t *testing.T) {
	tests := []struct {
		name string
		do   func(srv *telegramtest.Server)
		most int // polls in a minute
	}{
		{"idle", func(*telegramtest.Server) {}, 4},
		{"a command that is not safe", func(srv *telegramtest.Server) { srv.Say("alice", coretest.Direct, "/slow") }, 245},
		{"nobody answers", func(srv *telegramtest.Server) { srv.Stop() }, 10},
		{"an outage", func(srv *telegramtest.Server) {
			srv.Break("getUpdates", slices.Repeat([]stand.Fault{stand.HTML(502)}, 50)...)
		}, 10},
		{"empty answers at once", func(srv *telegramtest.Server) {
			srv.Break("getUpdates", slices.Repeat([]stand.Fault{stand.Custom(200, "application/json", `{"ok":true,"result":[]}`)}, 1000)...)
		}, 245},
		{"the same over and over", func(srv *telegramtest.Server) {
			srv.Break("getUpdates", slices.Repeat([]stand.Fault{stand.Custom(200, "application/json", `{"ok":true,"result":[{"update_id":1}]}`)}, 1000)...)
		}, 245},
		{"hundreds too many", func(srv *telegramtest.Server) {
			srv.Break("getUpdates", slices.Repeat([]stand.Fault{telegramtest.TooMany(20 * time.Second)}, 50)...)
		}, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := telegramtest.New(t, telegramtest.Options{})
				r := start(t, srv, nil, func(core.Event) {})
				tt.do(srv)
				before := srv.Polls()
				time.Sleep(time.Minute)
				if got := srv.Polls() - before; got > tt.most {
					t.Errorf("got %d polls in a minute, want at most %d", got, tt.most)
				}
				srv.Resume()
				r.end(t)
			})
		})
	}
}

func TestPollingRecovers(t *testing.T) {
	tests := []struct {
		name  string
		upset func(srv *telegramtest.Server)
	}{
		{"an outage", func(srv *telegramtest.Server) {
			srv.Stop()
			time.Sleep(30 * time.Second)
			srv.Resume()
		}},
		{"a cut connection", func(srv *telegramtest.Server) { srv.Cut() }},
		{"an internal error", func(srv *telegramtest.Server) { srv.Break("getUpdates", stand.HTML(502)) }},
		{"a gateway", func(srv *telegramtest.Server) {
			srv.Break("getUpdates", stand.Custom(502, "text/html", "<html>"))
		}},
		{"no answer", func(srv *telegramtest.Server) { srv.Break("getUpdates", stand.Hang()) }},
		{"an answer that nobody heard", func(srv *telegramtest.Server) { srv.Break("getUpdates", stand.DropAfter()) }},
		{"updates out of order", func(srv *telegramtest.Server) { srv.Shuffle() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := telegramtest.New(t, telegramtest.Options{})
				r := start(t, srv, nil, nil)
				tt.upset(srv)
				srv.Say("alice", coretest.Direct, "/one")
				srv.Say("bob", coretest.Direct, "/two")
				time.Sleep(2 * time.Minute)
				keys := map[string]string{}
				for _, ev := range r.Events() {
					keys[ev.Key] = ev.What.(core.Call).Name
				}
				if len(keys) != 2 || !r.Ready() {
					t.Errorf("got %v, ready %v, want both commands", keys, r.Ready())
				}
				r.end(t)
			})
		})
	}
}

func TestRepeatsHaveTheSameKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		r := start(t, srv, nil, nil)
		srv.Say("alice", coretest.Direct, "/ping")
		time.Sleep(time.Second)
		srv.Repeat()
		time.Sleep(time.Second)
		srv.Say("alice", coretest.Direct, "/ping")
		time.Sleep(time.Second)
		got := r.Events()
		if len(got) != 3 || got[0].Key != got[1].Key || got[1].Key == got[2].Key {
			t.Errorf("got %d events, want one, its repeat, and another", len(got))
		}
		r.end(t)
	})
}

// Whoever runs the bot must hear of a wrong token, in one line.
func TestWrongTokenEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		r := start(t, srv, func(c *Config) { c.Token = testToken }, nil)
		err := <-r.Ended
		if err == nil || !strings.HasPrefix(err.Error(), "TELEGRAM_TOKEN: Telegram does not know it") || strings.Contains(err.Error(), "marker") {
			t.Errorf("got %v, want an error that names TELEGRAM_TOKEN", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		r := start(t, srv, nil, nil)
		srv.Break("getUpdates", stand.Custom(401, "application/json", `{"ok":false,"error_code":401,"description":"Unauthorized"}`))
		srv.Say("alice", coretest.Direct, "/ping")
		if err := <-r.Ended; err == nil || !strings.HasPrefix(err.Error(), "TELEGRAM_TOKEN: ") {
			t.Errorf("while it runs: got %v, want an error that names TELEGRAM_TOKEN", err)
		}
	})
}

// Two pollers take turns until one ends, which is then the one that goes on.
func TestAnotherPoller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		first, second := start(t, srv, nil, nil), start(t, srv, nil, nil)
		before := srv.Polls()
		time.Sleep(time.Minute)
		if got := srv.Polls() - before; got > 30 {
			t.Errorf("got %d polls in a minute, want two bots that stand back", got)
		}
		if !strings.Contains(first.Log.String(), "409") {
			t.Error("got no line about the conflict in the log")
		}
		first.end(t)
		srv.Say("alice", coretest.Direct, "/ping")
		time.Sleep(time.Minute)
		if got := second.Calls(); got != "ping" {
			t.Errorf("got %q, want the other to go on", got)
		}
		second.end(t)
	})
}

func TestPollingRemovesAWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		hook := New(Config{Token: srv.Token(), APIBase: srv.URL(), HTTP: srv.Client()})
		if err := hook.soon(t.Context(), "setWebhook", params{"url": "https://gone.example/hook"}, nil); err != nil {
			t.Fatal(err)
		}
		srv.Say("alice", coretest.Direct, "/before")
		r := start(t, srv, nil, nil)
		srv.Say("alice", coretest.Direct, "/after")
		time.Sleep(time.Second)
		if got := r.Calls(); got != "before after" {
			t.Errorf("got %q, want also what waited for the webhook", got)
		}
		if err := hook.soon(t.Context(), "setWebhook", params{"url": "https://gone.example/hook"}, nil); err != nil {
			t.Fatal(err)
		}
		srv.Say("alice", coretest.Direct, "/again")
		time.Sleep(time.Minute)
		if got := r.Calls(); got != "before after again" {
			t.Errorf("got %q, want a webhook that comes later removed too", got)
		}
		r.end(t)
	})
}

// A thousand updates leave nothing behind but what they asked for.
func TestManyUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		var wg sync.WaitGroup
		r := start(t, srv, nil, func(ev core.Event) {
			ev.Safe()
			wg.Go(func() { adaptertest.Reply(t, ev, core.Message{Text: "Pong!"}) })
		})
		srv.Say("alice", coretest.Direct, "/ping")
		time.Sleep(time.Minute)
		before := runtime.NumGoroutine()
		for i := range 1000 {
			srv.Say(fmt.Sprintf("p%d", i%50), coretest.Direct, "/ping")
		}
		time.Sleep(5 * time.Minute)
		wg.Wait()
		if got := len(srv.Requests("sendMessage")); got != 1001 {
			t.Errorf("got %d answers, want 1001", got)
		}
		if after := runtime.NumGoroutine(); after > before+5 {
			t.Errorf("got %d goroutines, %d before", after, before)
		}
		r.end(t)
	})
}
