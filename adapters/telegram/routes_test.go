package telegram

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
)

const public = "https://bot.example"

// startHooked runs an adapter whose Telegram delivers to it.
func startHooked(t *testing.T, do func(core.Event)) (*running, *http.Client) {
	t.Helper()
	n := pipe.New()
	srv := telegramtest.New(t, telegramtest.Options{Place: stand.Place{Net: n}})
	r := start(t, srv, func(c *Config) { c.PublicURL = public + "/" }, do)
	adaptertest.Serve(t, n, "bot.example:443", adaptertest.Routes(r.Adapter))
	return r, n.Client()
}

func TestWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := startHooked(t, nil)
		for _, word := range []string{"one", "two", "three"} {
			r.srv.Say("alice", coretest.Direct, "/"+word)
		}
		time.Sleep(time.Second)
		if got := r.Calls(); got != "one two three" || !r.Ready() {
			t.Errorf("got %q, ready %v, want three commands in order", got, r.Ready())
		}
		set := r.srv.Requests("setWebhook")[0].Params
		if set.Get("url") != public+path || set.Get("secret_token") != r.config.WebhookSecret.Reveal() || set.Has("drop_pending_updates") {
			t.Errorf("got a webhook at %s, want it at %s, with a secret, and nothing dropped", set.Get("url"), public+path)
		}
		r.end(t)
		if len(r.srv.Requests("deleteWebhook", "getUpdates")) != 0 {
			t.Error("got the webhook removed at the end, want it left for others")
		}
	})
}

// Telegram delivers again what is not safe in 25 seconds.
func TestWebhookLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times := 0
		r, _ := startHooked(t, func(ev core.Event) {
			if times++; times > 1 {
				ev.Safe()
			}
		})
		r.srv.Say("alice", coretest.Direct, "/slow")
		time.Sleep(deliverFor - time.Second)
		if got := r.Calls(); got != "slow" {
			t.Errorf("got %q, want it once", got)
		}
		time.Sleep(10 * time.Second)
		if got := r.Calls(); got != "slow slow" {
			t.Errorf("got %q, want it again", got)
		}
		if ev := r.Events(); ev[0].Key != ev[1].Key {
			t.Error("got another key for the same update")
		}
		r.end(t)
	})
}

func TestDeliver(t *testing.T) {
	const ping = `{"update_id":7,"message":{` + inAlone + `,"text":"/ping"}}`
	tests := []struct {
		name, method, secret, body string
		do                         func(core.Event)
		status                     int
		after                      time.Duration
		events                     int
	}{
		{"an update", "POST", "right", ping, func(ev core.Event) { ev.Safe() }, 200, 0, 1},
		{"one that is never safe", "POST", "right", ping, func(core.Event) {}, 503, deliverFor, 1},
		{"one that is safe later", "POST", "right", ping, func(ev core.Event) { time.AfterFunc(5*time.Second, ev.Safe) }, 200, 5 * time.Second, 1},
		{"one that nobody is to hear of", "POST", "right", `{"update_id":7,"poll":{}}`, nil, 200, 0, 0},
		{"the wrong secret", "POST", "wrong", ping, nil, 401, 0, 0},
		{"no secret", "POST", "", ping, nil, 401, 0, 0},
		{"the wrong secret and far too much", "POST", "wrong", strings.Repeat("x", 2<<20), nil, 401, 0, 0},
		{"too much", "POST", "right", `{"update_id":7,"x":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 413, 0, 0},
		{"no update", "POST", "right", `<html>`, nil, 400, 0, 0},
		{"a visitor", "GET", "right", "", nil, 405, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, c := startHooked(t, tt.do)
				req, err := http.NewRequestWithContext(t.Context(), tt.method, public+path, strings.NewReader(tt.body))
				if err != nil {
					t.Fatal(err)
				}
				switch tt.secret {
				case "right":
					req.Header.Set(secretHeader, r.config.WebhookSecret.Reveal())
				case "wrong":
					req.Header.Set(secretHeader, strings.Repeat("0", 64))
				}
				began := time.Now()
				status := post(t, c, req)
				if status != tt.status || time.Since(began) != tt.after || len(r.Events()) != tt.events {
					t.Errorf("got %d after %v and %d events, want %d after %v and %d", status, time.Since(began), len(r.Events()), tt.status, tt.after, tt.events)
				}
				r.end(t)
			})
		})
	}
}

func post(t *testing.T, c *http.Client, req *http.Request) int {
	t.Helper()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// While the bot does not run, or is about to end, nothing is taken.
func TestDeliverToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, c := startHooked(t, func(core.Event) {})
		request := func() *http.Request {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, public+path, strings.NewReader(`{"update_id":7,"message":{`+inAlone+`,"text":"/ping"}}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set(secretHeader, r.config.WebhookSecret.Reveal())
			return req
		}
		time.AfterFunc(time.Second, r.Stop)
		began := time.Now()
		if got := post(t, c, request()); got != http.StatusServiceUnavailable || time.Since(began) != time.Second {
			t.Errorf("at the end: got %d after %v, want 503 at once", got, time.Since(began))
		}
		if got := post(t, c, request()); got != http.StatusServiceUnavailable || time.Since(began) != time.Second {
			t.Errorf("after the end: got %d after %v, want 503 at once", got, time.Since(began))
		}
		r.end(t)
	})
}

func TestWebhookThatTelegramRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		srv.Break("setWebhook", stand.Custom(400, "application/json", `{"ok":false,"error_code":400,"description":"Bad Request: bad webhook: IP address 10.0.0.1 is reserved"}`))
		r := start(t, srv, func(c *Config) { c.PublicURL = public }, nil)
		if err := <-r.Ended; err == nil || !strings.HasPrefix(err.Error(), "USHER_PUBLIC_URL: ") {
			t.Errorf("got %v, want an error that names USHER_PUBLIC_URL", err)
		}
	})
}

func TestNoRoutesWhilePolling(t *testing.T) {
	if got := New(Config{Token: testToken}).Routes(); got != nil {
		t.Errorf("got %v, want none", got)
	}
}
