package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/slack-go/slack"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

const (
	testBot seal.Secret = "xoxb-1-2-markerBot"
	testApp seal.Secret = "xapp-1-A1-2-markerApp"
	testKey seal.Secret = "marker-signing-secret"
)

func through(f adaptertest.Answers) *Adapter {
	return New(Config{BotToken: testBot, AppToken: testApp, SigningSecret: testKey, HTTP: &http.Client{Transport: f}})
}

func refuses(code string) adaptertest.Answers {
	return adaptertest.Says(200, fmt.Sprintf(`{"ok":false,"error":%q}`, code))
}

var (
	hall  = core.Chat{Platform: platform, Team: "T1", ID: "C1"}
	alone = core.Chat{Platform: platform, Team: "T1", ID: "D1", Direct: true}
)

// TestWhatErrorsMean goes through what platforms.md section 4.3 has, and what
// every answer may become.
func TestWhatErrorsMean(t *testing.T) {
	tests := []struct {
		name string
		net  adaptertest.Answers
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
		{"and where", adaptertest.Says(200, `{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] invalid url: https://x.example/?code=marker [json-pointer:/blocks/0/text]"]}}`), hall, nil, "chat.postMessage: invalid_blocks at /blocks/0/text"},
		{"a scope", adaptertest.Says(200, `{"ok":false,"error":"missing_scope","needed":"im:write","provided":"chat:write"}`), hall, nil, "chat.postMessage: missing_scope, the app needs im:write"},
		{"no code at all", refuses("marker is wrong"), hall, nil, "chat.postMessage: refused"},
		{"neither yes nor no", adaptertest.Says(200, `{"ok":false}`), hall, core.ErrUnsure, ""},
		{"a gateway", adaptertest.Says(502, "<html>Bad Gateway</html>"), hall, nil, "chat.postMessage: HTTP status 502"},
		{"a redirect", adaptertest.Redirects, hall, nil, "chat.postMessage: HTTP status 302"},
		{"cut off", adaptertest.Says(200, `{"ok":true,"ts":"1`), hall, core.ErrUnsure, ""},
		{"of another shape", adaptertest.Says(200, `{"ok":true,"ts":7}`), hall, core.ErrUnsure, ""},
		{"of somebody else", adaptertest.Says(200, `<html>marker`), hall, nil, "chat.postMessage: the answer is not Slack's"},
		{"no network", adaptertest.Refuses, hall, nil, "chat.postMessage: connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := through(tt.net).Send(t.Context(), tt.chat, core.Message{Text: "Hello"})
				adaptertest.Means(t, err, tt.is, tt.text)
			})
		})
	}
}

// However a request fails, no secret is in the error.
func TestNoSecretInErrors(t *testing.T) {
	over := http.DefaultTransport // a real one, which quotes addresses
	for _, base := range adaptertest.Unreachable() {
		a := New(Config{BotToken: testBot, AppToken: testApp, APIBase: base, HTTP: &http.Client{Transport: over}})
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		h := &line{hook: newHook(seal.Secret(base+"/marker-hook"), time.Now())}
		_, dialed := a.dial(ctx)
		errs := []error{a.identify(ctx), dialed, a.call(ctx, "response_url", func(ctx context.Context) error {
			return a.useOnce(ctx, h.url.Reveal(), nil)
		}), a.call(ctx, uploadURL, func(ctx context.Context) error {
			return a.web.UploadToURL(ctx, api.UploadToURLParameters{UploadURL: base + "/marker-upload", Filename: "x", Reader: strings.NewReader("marker")})
		})}
		stop()
		for _, err := range errs {
			if err == nil {
				t.Errorf("%s: got nil, want an error", base)
			}
			adaptertest.Keeps(t, err)
		}
	}
	c := Config{BotToken: testBot, AppToken: testApp, SigningSecret: testKey}
	r := &responder{adapter: New(c), in: incoming{hook: newHook("https://hooks.example/marker", time.Now()), trigger: "marker"}}
	adaptertest.Keeps(t, c, New(c), r, r.in, core.Event{Back: r}, origin{Hook: "marker"}, slash{ResponseURL: "marker", Trigger: "marker"})
}

func TestSlow(t *testing.T) {
	net := adaptertest.Says(429, `{"ok":false,"error":"ratelimited"}`).With("Retry-After", "35")
	_, err := through(net).Send(t.Context(), hall, core.Message{Text: "Hello"})
	if slow, ok := errors.AsType[*core.Slow](err); !ok || slow.After != 35*time.Second {
		t.Errorf("got %v, want to wait 35 s", err)
	}
}

// TestRetries says what is tried again: nothing that may have been done and
// would then be done twice.
func TestRetries(t *testing.T) {
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
		net   adaptertest.Answers
		calls int
	}{
		{"a message that was dropped", send, adaptertest.Drops, 2},
		{"a message during an outage", send, adaptertest.Says(502, "<html>"), 2},
		{"a message and an internal error", send, refuses("internal_error"), 2},
		{"a message whose answer is of somebody else", send, adaptertest.Says(200, "<html>"), 2},
		{"a message that nobody answers", send, adaptertest.Hangs, 1},
		{"a message whose answer is cut off", send, adaptertest.Says(200, `{"ok":tr`), 1},
		{"a message that is refused", send, refuses("not_in_channel"), 1},
		{"an edit that nobody answers", edit, adaptertest.Hangs, 2},
		{"an edit whose answer is cut off", edit, adaptertest.Says(200, `{"ok":tr`), 2},
		{"an edit that is refused", edit, refuses("message_not_found"), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			adaptertest.Tries(t, tt.calls, tt.net, adaptertest.Says(200, `{"ok":true,"channel":"C1","ts":"1.2"}`), func(t *testing.T, over adaptertest.Answers) error {
				return tt.do(t.Context(), through(over))
			})
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	adaptertest.GivesUp(t, 1+retries, func(t *testing.T, over adaptertest.Answers) error {
		_, err := through(over).Send(t.Context(), hall, core.Message{Text: "Hello"})
		return err
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
			adaptertest.Complains(t, New(c).Check(), tt.want...)
		})
	}
}
