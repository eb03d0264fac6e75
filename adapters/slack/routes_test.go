package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/seal"
)

// startHooked runs an adapter whose Slack delivers to it.
func startHooked(t *testing.T, do func(core.Event)) (*running, *http.Client) {
	t.Helper()
	n := pipe.New()
	srv := slacktest.New(t, slacktest.Options{Place: stand.Place{Net: n}, Deliver: public, Commands: []string{slacktest.AnyCommand}})
	r := start(t, srv, func(c *Config) { c.AppToken, c.SigningSecret = "", srv.SigningSecret() }, do)
	adaptertest.Serve(t, n, "bot.example:443", adaptertest.Routes(r.Adapter))
	return r, n.Client()
}

func TestDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := startHooked(t, nil)
		for _, word := range []string{"one", "two", "three"} {
			r.srv.Say("alice", "#general", "/"+word)
		}
		r.srv.Say("alice", coretest.Direct, "ping")
		time.Sleep(2 * time.Second)
		if got := r.Calls(); got != "one two three ping" || !r.Ready() || r.srv.Pending() != 0 {
			t.Errorf("got %q, ready %v, %d not acknowledged, want four commands in order", got, r.Ready(), r.srv.Pending())
		}
		if err := r.srv.VerifyURL(); err != nil {
			t.Error(err)
		}
		if err := r.srv.SSLCheck(); err != nil {
			t.Error(err)
		}
		for name, probe := range map[string]func() (int, error){"a forged signature": r.srv.BadSignature, "an old one": r.srv.OldTimestamp} {
			if status, err := probe(); status != http.StatusUnauthorized || err != nil {
				t.Errorf("%s: got %d, %v, want 401", name, status, err)
			}
		}
		if got := r.Calls(); got != "one two three ping" {
			t.Errorf("got %q in the end, want no more", got)
		}
		r.end(t)
		if len(r.srv.Requests("apps.connections.open")) != 0 {
			t.Error("got a socket asked for, want none")
		}
	})
}

// request is a delivery signed with a secret, so long ago.
func request(t *testing.T, path, body string, secret seal.Secret, ago time.Duration) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, public+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	stamp := strconv.FormatInt(time.Now().Add(-ago).Unix(), 10)
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", signature(secret, stamp, body))
	return req
}

func signature(secret seal.Secret, stamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	io.WriteString(mac, "v0:"+stamp+":"+body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

func TestDeliver(t *testing.T) {
	ping := url.Values{
		"team_id": {"T1"}, "channel_id": {"C1"}, "user_id": {"U7"}, "user_name": {"ann"}, "trigger_id": {"1.2.x"}, "command": {"/ping"},
	}.Encode()
	press := url.Values{"payload": {`{"type":"block_actions",` + acted + `,"container":{"message_ts":"1.5"},"actions":[{"type":"button","value":"x"}]}`}}.Encode()
	said := happened(`"type":"app_mention",` + written + `,"text":"<@U0000000001> ping"`)
	safe := func(ev core.Event) { ev.Safe() }
	tests := []struct {
		name, path, body string
		change           func(*http.Request)
		do               func(core.Event)
		status           int
		after            time.Duration
		events           int
	}{
		{"a command", commandsPath, ping, nil, safe, 200, 0, 1},
		{"a press", pressesPath, press, nil, safe, 200, 0, 1},
		{"one that is never safe", commandsPath, ping, nil, func(core.Event) {}, 200, ackAfter, 1},
		{"one that is safe later", commandsPath, ping, nil, func(ev core.Event) { time.AfterFunc(time.Second, ev.Safe) }, 200, time.Second, 1},
		{"one that comes again", eventsPath, said, func(r *http.Request) { r.Header.Set("X-Slack-Retry-Num", "2") }, safe, 200, 0, 1},
		{"one that nobody is to hear of", eventsPath, happened(`"type":"team_join","user":{"id":"U7"}`), nil, nil, 200, 0, 0},
		{"a challenge", eventsPath, `{"type":"url_verification","challenge":"abc"}`, nil, nil, 200, 0, 0},
		{"a look", commandsPath, "ssl_check=1&token=x", nil, nil, 200, 0, 0},
		{"a look without a signature", commandsPath, "ssl_check=1&token=x", func(r *http.Request) { r.Header.Del("X-Slack-Signature") }, nil, 200, 0, 0},
		{"a command that claims to be a look", commandsPath, ping + "&ssl_check=1", func(r *http.Request) { r.Header.Del("X-Slack-Signature") }, nil, 200, 0, 0},
		{"no signature", commandsPath, ping, func(r *http.Request) { r.Header.Del("X-Slack-Signature") }, nil, 401, 0, 0},
		{"no time", commandsPath, ping, func(r *http.Request) { r.Header.Del("X-Slack-Request-Timestamp") }, nil, 401, 0, 0},
		{"another time", commandsPath, ping, func(r *http.Request) {
			r.Header.Set("X-Slack-Request-Timestamp", strconv.FormatInt(time.Now().Unix()+1, 10))
		}, nil, 401, 0, 0},
		{"another body", commandsPath, ping, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(ping+"x")), int64(len(ping)+1)
		}, nil, 401, 0, 0},
		{"too much", eventsPath, `{"x":"` + strings.Repeat("x", 1<<20) + `"}`, nil, nil, 413, 0, 0},
		{"no delivery", eventsPath, `<html>`, nil, nil, 400, 0, 0},
		{"no press", pressesPath, `payload=x`, nil, nil, 400, 0, 0},
		{"no command", commandsPath, `a=b`, nil, nil, 400, 0, 0},
		{"a visitor", eventsPath, "", func(r *http.Request) { r.Method = http.MethodGet }, nil, 405, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, c := startHooked(t, tt.do)
				r.self.Store(&self{User: me.User, Team: "T1"}) // which is delivered to
				req := request(t, tt.path, tt.body, r.srv.SigningSecret(), 0)
				if tt.change != nil {
					tt.change(req)
				}
				began := time.Now()
				status, body := post(t, c, req)
				took := time.Since(began)
				if status != tt.status || took != tt.after || len(r.Events()) != tt.events {
					t.Errorf("got %d after %v and %d events, want %d after %v and %d", status, took, len(r.Events()), tt.status, tt.after, tt.events)
				}
				if tt.status == http.StatusUnauthorized && body != "not authorised\n" {
					t.Errorf("got %q, want the same whatever is wrong", body)
				}
				r.end(t)
			})
		})
	}
}

// Signatures are good for five minutes, and so are clocks that are fast.
func TestAge(t *testing.T) {
	for ago, want := range map[time.Duration]bool{
		0: true, 4 * time.Minute: true, -4 * time.Minute: true, 5*time.Minute + time.Second: false, -5*time.Minute - time.Second: false, 10000 * time.Hour: false,
	} {
		req := request(t, eventsPath, "body", testKey, ago)
		if got := genuine(testKey, req.Header, []byte("body"), time.Now()); got != want {
			t.Errorf("%v ago: got %v, want %v", ago, got, want)
		}
		if genuine("another", req.Header, []byte("body"), time.Now()) || genuine("", req.Header, []byte("body"), time.Now()) {
			t.Errorf("%v ago: got it taken with another secret", ago)
		}
	}
}

func post(t *testing.T, c *http.Client, req *http.Request) (int, string) {
	t.Helper()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// While the bot does not run, or is about to end, nothing is taken.
func TestDeliverToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, c := startHooked(t, func(core.Event) {})
		r.self.Store(&self{User: me.User, Team: "T1"})
		body := happened(`"type":"message",` + whisper + `,"text":"ping"`)
		time.AfterFunc(time.Second, r.Stop)
		began := time.Now()
		if got, _ := post(t, c, request(t, eventsPath, body, r.srv.SigningSecret(), 0)); got != http.StatusServiceUnavailable || time.Since(began) != time.Second {
			t.Errorf("at the end: got %d after %v, want 503 at once", got, time.Since(began))
		}
		if got, _ := post(t, c, request(t, eventsPath, body, r.srv.SigningSecret(), 0)); got != http.StatusServiceUnavailable || time.Since(began) != time.Second {
			t.Errorf("after the end: got %d after %v, want 503 at once", got, time.Since(began))
		}
		r.end(t)
	})
}

func TestNoRoutesWithSockets(t *testing.T) {
	if got := New(Config{BotToken: testBot, AppToken: testApp}).Routes(); got != nil {
		t.Errorf("got %v, want none", got)
	}
}

func FuzzGenuine(f *testing.F) {
	now := time.Unix(1767355200, 0)
	stamp := "1767355200"
	f.Add(stamp, signature(testKey, stamp, "body"), "body")
	f.Add("", "v0=", "")
	f.Add("-1", "", "x")
	f.Add("9223372036854775807", "v0=00", "x")
	f.Fuzz(func(t *testing.T, stamp, sent, body string) {
		h := http.Header{"X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {sent}}
		if got := genuine(testKey, h, []byte(body), now); got && sent != signature(testKey, stamp, body) {
			t.Errorf("got %q of %q at %q taken, want it refused", sent, body, stamp)
		}
	})
}
