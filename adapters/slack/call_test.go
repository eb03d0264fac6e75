package slack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

// answers is a network that answers every request in one way.
type answers func(*http.Request) (*http.Response, error)

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const (
	testBot seal.Secret = "xoxb-1-2-markerBot"
	testApp seal.Secret = "xapp-1-A1-2-markerApp"
	testKey seal.Secret = "marker-signing-secret"
)

func through(f answers) *Adapter {
	return New(Config{BotToken: testBot, AppToken: testApp, SigningSecret: testKey, HTTP: &http.Client{Transport: f}})
}

func says200(body string) answers { return saysStatus(200, body) }

func saysStatus(status int, body string) answers {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(body)), Request: r,
		}, nil
	}
}

func refuses(code string) answers { return says200(fmt.Sprintf(`{"ok":false,"error":%q}`, code)) }

var (
	hall  = core.Chat{Platform: platform, Team: "T1", ID: "C1"}
	alone = core.Chat{Platform: platform, Team: "T1", ID: "D1", Direct: true}
)

// TestWhatErrorsMean goes through what platforms.md section 4.3 has, and what
// every answer may become.
func TestWhatErrorsMean(t *testing.T) {
	tests := []struct {
		name string
		net  answers
		chat core.Chat
		is   error // nil: none of core's
		text string
	}{
		{"not in there", refuses("not_in_channel"), hall, core.ErrForbidden, "chat.postMessage: not_in_channel"},
		{"restricted", refuses("restricted_action_read_only_channel"), hall, core.ErrForbidden, ""},
		{"a bot", refuses("cannot_dm_bot"), alone, core.ErrForbidden, ""},
		{"no messages tab", refuses("messages_tab_disabled"), alone, core.ErrForbidden, ""},
		{"nobody", refuses("user_not_found"), alone, core.ErrForbidden, ""},
		{"no such chat", refuses("channel_not_found"), hall, core.ErrGone, ""},
		{"no such direct chat", refuses("channel_not_found"), alone, core.ErrForbidden, ""},
		{"in the archive", refuses("is_archived"), hall, core.ErrGone, ""},
		{"no such message", refuses("message_not_found"), hall, core.ErrGone, ""},
		{"not to be changed any more", refuses("edit_window_closed"), hall, core.ErrGone, ""},
		{"not to be changed", refuses("cant_update_message"), hall, core.ErrGone, ""},
		{"too late", refuses("expired_trigger_id"), hall, core.ErrTooLate, ""},
		{"refused for another reason", refuses("invalid_blocks"), hall, nil, "chat.postMessage: invalid_blocks"},
		{"and where", says200(`{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] invalid url: https://x.example/?code=marker [json-pointer:/blocks/0/text]"]}}`), hall, nil, "chat.postMessage: invalid_blocks at /blocks/0/text"},
		{"a scope", says200(`{"ok":false,"error":"missing_scope","needed":"im:write","provided":"chat:write"}`), hall, nil, "chat.postMessage: missing_scope, the app needs im:write"},
		{"no code at all", refuses("marker is wrong"), hall, nil, "chat.postMessage: refused"},
		{"neither yes nor no", says200(`{"ok":false}`), hall, core.ErrUnsure, ""},
		{"a gateway", saysStatus(502, "<html>Bad Gateway</html>"), hall, nil, "chat.postMessage: HTTP status 502"},
		{"a redirect", func(r *http.Request) (*http.Response, error) {
			resp, err := saysStatus(302, "")(r)
			resp.Header.Set("Location", "https://elsewhere.example/marker")
			return resp, err
		}, hall, nil, "chat.postMessage: HTTP status 302"},
		{"cut off", says200(`{"ok":true,"ts":"1`), hall, core.ErrUnsure, ""},
		{"of another shape", says200(`{"ok":true,"ts":7}`), hall, core.ErrUnsure, ""},
		{"of somebody else", says200(`<html>marker`), hall, nil, "chat.postMessage: the answer is not Slack's"},
		{"no network", func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }, hall, nil, "chat.postMessage: connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := through(tt.net).Send(t.Context(), tt.chat, core.Message{Text: "Hello"})
				if err == nil || tt.is != nil && !errors.Is(err, tt.is) || tt.text != "" && err.Error() != tt.text {
					t.Errorf("got %v, want %v: %s", err, tt.is, tt.text)
				}
				for _, other := range []error{core.ErrGone, core.ErrForbidden, core.ErrTooLate, core.ErrUnsure} {
					if !errors.Is(tt.is, other) && errors.Is(err, other) {
						t.Errorf("got %v, want it to be no %v", err, other)
					}
				}
				for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
					if shown := fmt.Sprintf(verb, err); strings.Contains(shown, "marker") {
						t.Errorf("%s: a secret is in %s", verb, shown)
					}
				}
			})
		})
	}
}

// However a request fails, no secret is in the error.
func TestNoSecretInErrors(t *testing.T) {
	over := http.DefaultTransport // a real one, which quotes addresses
	for _, base := range []string{"http://127.0.0.1:1", "https://no-such-host.invalid", "http://127.0.0.1:1/%zz"} {
		a := New(Config{BotToken: testBot, AppToken: testApp, APIBase: base, HTTP: &http.Client{Transport: over}})
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		h := &line{hook: newHook(seal.Secret(base+"/marker-hook"), time.Now())}
		_, dialed := a.dial(ctx)
		errs := []error{a.identify(ctx), dialed, a.call(ctx, "response_url", func(ctx context.Context) error {
			return a.useOnce(ctx, h.url.Reveal(), nil)
		})}
		stop()
		for _, err := range errs {
			if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "marker") {
				t.Errorf("%s: got %v, want an error without a secret", base, err)
			}
		}
	}
	c := Config{BotToken: testBot, AppToken: testApp, SigningSecret: testKey}
	r := &responder{adapter: New(c), in: incoming{hook: newHook("https://hooks.example/marker", time.Now()), trigger: "marker"}}
	held := []any{c, New(c), r, r.in, core.Event{Back: r}, origin{Hook: "marker"}, slash{ResponseURL: "marker", Trigger: "marker"}}
	if shown := fmt.Sprintf("%v %+v %#v", held, held, held); strings.Contains(shown, "marker") {
		t.Errorf("a secret is in %s", shown)
	}
}

func TestSlow(t *testing.T) {
	net := func(r *http.Request) (*http.Response, error) {
		resp, err := saysStatus(429, `{"ok":false,"error":"ratelimited"}`)(r)
		resp.Header.Set("Retry-After", "35")
		return resp, err
	}
	_, err := through(net).Send(t.Context(), hall, core.Message{Text: "Hello"})
	if slow, ok := errors.AsType[*core.Slow](err); !ok || slow.After != 35*time.Second {
		t.Errorf("got %v, want to wait 35 s", err)
	}
}

// TestRetries says what is tried again: nothing that may have been done and
// would then be done twice.
func TestRetries(t *testing.T) {
	hang := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	drop := func(*http.Request) (*http.Response, error) { return nil, io.EOF }
	send := func(ctx context.Context, a *Adapter) error {
		_, err := a.Send(ctx, hall, core.Message{Text: "Hello"})
		return err
	}
	edit := func(ctx context.Context, a *Adapter) error {
		return a.Edit(ctx, core.Ref{Chat: hall, Token: "1.2"}, core.Message{Text: "Hello"})
	}
	tests := []struct {
		name  string
		do    func(ctx context.Context, a *Adapter) error
		net   answers
		calls int
	}{
		{"a message that was dropped", send, drop, 2},
		{"a message during an outage", send, saysStatus(502, "<html>"), 2},
		{"a message and an internal error", send, refuses("internal_error"), 2},
		{"a message whose answer is of somebody else", send, says200("<html>"), 2},
		{"a message that nobody answers", send, hang, 1},
		{"a message whose answer is cut off", send, says200(`{"ok":tr`), 1},
		{"a message that is refused", send, refuses("not_in_channel"), 1},
		{"an edit that nobody answers", edit, hang, 2},
		{"an edit whose answer is cut off", edit, says200(`{"ok":tr`), 2},
		{"an edit that is refused", edit, refuses("message_not_found"), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				a := through(func(r *http.Request) (*http.Response, error) {
					if calls++; calls == 1 {
						return tt.net(r)
					}
					return says200(`{"ok":true,"channel":"C1","ts":"1.2"}`)(r)
				})
				err := tt.do(t.Context(), a)
				if calls != tt.calls || (err == nil) != (tt.calls == 2) {
					t.Errorf("got %d calls and %v, want %d", calls, err, tt.calls)
				}
			})
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, began := 0, time.Now()
		a := through(func(r *http.Request) (*http.Response, error) { calls++; return saysStatus(502, "")(r) })
		if _, err := a.Send(t.Context(), hall, core.Message{Text: "Hello"}); err == nil || calls != 1+retries || time.Since(began) > 5*time.Second {
			t.Errorf("got %v after %d calls and %v, want an error after %d", err, calls, time.Since(began), 1+retries)
		}
	})
}

func TestCheck(t *testing.T) {
	good := Config{BotToken: testBot, AppToken: testApp}
	tests := []struct {
		name   string
		change func(*Config)
		want   []string // settings, in order
	}{
		{"good", func(*Config) {}, nil},
		{"over HTTP", func(c *Config) { c.AppToken, c.SigningSecret = "", testKey }, nil},
		{"rotated", func(c *Config) { c.BotToken = "xoxe.xoxb-1-marker" }, nil},
		{"a stand on this machine", func(c *Config) { c.APIBase = "http://127.0.0.1:8081/api" }, nil},
		{"no bot token", func(c *Config) { c.BotToken = "" }, []string{"SLACK_BOT_TOKEN"}},
		{"a user's token", func(c *Config) { c.BotToken = "xoxp-marker" }, []string{"SLACK_BOT_TOKEN"}},
		{"a bot token for an app token", func(c *Config) { c.AppToken = testBot }, []string{"SLACK_APP_TOKEN"}},
		{"sockets without a token", func(c *Config) { c.AppToken, c.Mode = "", Socket }, []string{"SLACK_APP_TOKEN"}},
		{"nothing to hear by", func(c *Config) { c.AppToken = "" }, []string{"SLACK_SIGNING_SECRET"}},
		{"a secret with a space", func(c *Config) { c.SigningSecret = "marker " }, []string{"SLACK_SIGNING_SECRET"}},
		{"an unknown mode", func(c *Config) { c.Mode = "pigeon" }, []string{"SLACK_MODE"}},
		{"no TLS", func(c *Config) { c.APIBase = "http://api.example" }, []string{"SLACK_API_BASE"}},
		{"a base with a query", func(c *Config) { c.APIBase = "https://api.example?x=1" }, []string{"SLACK_API_BASE"}},
		{"no address at all", func(c *Config) { c.APIBase = "slack.com/api" }, []string{"SLACK_API_BASE"}},
		{"all at once", func(c *Config) { c.BotToken, c.Mode, c.APIBase = "marker", "pigeon", "http://api.example" }, []string{"SLACK_BOT_TOKEN", "SLACK_MODE", "SLACK_API_BASE"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			err := New(c).Check()
			var got []string
			if err != nil {
				for line := range strings.Lines(err.Error()) {
					name, _, _ := strings.Cut(line, ":")
					got = append(got, name)
				}
				if strings.Contains(err.Error(), "marker") {
					t.Errorf("a secret is in %v", err)
				}
			}
			if strings.Join(got, " ") != strings.Join(tt.want, " ") {
				t.Errorf("got %v, want complaints of %v", err, tt.want)
			}
		})
	}
}
