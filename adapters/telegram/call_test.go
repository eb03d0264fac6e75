package telegram

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
)

const testToken = "12345:marker-token-that-nobody-may-see-000"

func through(f adaptertest.Answers) *Adapter {
	return New(Config{Token: testToken, HTTP: &http.Client{Transport: f}})
}

func refuses(code int, text string) adaptertest.Answers {
	return adaptertest.Says(code, fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q}`, code, text))
}

// TestWhatErrorsMean goes through what platforms.md section 4.3 has, and what
// every answer may become.
func TestWhatErrorsMean(t *testing.T) {
	tests := []struct {
		name string
		net  adaptertest.Answers
		is   error // nil: none of core's
		text string
	}{
		{"blocked", refuses(403, "Forbidden: bot was blocked by the user"), core.ErrForbidden, "sendMessage: 403 Forbidden: bot was blocked by the user"},
		{"never met", refuses(403, "Forbidden: bot can't initiate conversation with a user"), core.ErrForbidden, ""},
		{"never met, the other way", refuses(400, "Bad Request: bot can't initiate conversation with a user"), core.ErrForbidden, ""},
		{"deactivated", refuses(403, "Forbidden: user is deactivated"), core.ErrForbidden, ""},
		{"thrown out", refuses(403, "Forbidden: bot was kicked from the supergroup chat"), core.ErrForbidden, ""},
		{"muted", refuses(400, "Bad Request: not enough rights to send text messages to the chat"), core.ErrForbidden, ""},
		{"no such chat", refuses(400, "Bad Request: chat not found"), core.ErrGone, ""},
		{"no such topic", refuses(400, "Bad Request: message thread not found"), core.ErrGone, ""},
		{"no such message", refuses(400, "Bad Request: message to edit not found"), core.ErrGone, ""},
		{"not to be changed", refuses(400, "Bad Request: message can't be edited"), core.ErrGone, ""},
		{"not to be deleted", refuses(400, "Bad Request: MESSAGE_DELETE_FORBIDDEN"), core.ErrGone, ""},
		{"refused for another reason", refuses(400, "Bad Request: BUTTON_DATA_INVALID"), nil, "sendMessage: 400 Bad Request: BUTTON_DATA_INVALID"},
		{"a link that it repeats", refuses(400, "Bad Request: inline keyboard button URL 'https://x.example/?code=WDJB' is invalid: Wrong HTTP URL"), nil, "sendMessage: 400 Bad Request: inline keyboard button URL … is invalid: Wrong HTTP URL"},
		{"a gateway", adaptertest.Says(502, "<html>Bad Gateway</html>"), nil, "sendMessage: HTTP status 502"},
		{"a redirect", adaptertest.Redirects, nil, "sendMessage: HTTP status 302"},
		{"cut off", adaptertest.Says(200, `{"ok":true,"resu`), io.ErrUnexpectedEOF, "sendMessage: unexpected EOF"},
		{"of another shape", adaptertest.Says(200, `{"ok":true,"result":"yes"}`), nil, "sendMessage: the answer is of another shape"},
		{"no network", adaptertest.Refuses, nil, "sendMessage: connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sent message
			err := through(tt.net).soon(t.Context(), "sendMessage", params{"chat_id": "1"}, &sent)
			adaptertest.Means(t, err, tt.is, tt.text)
		})
	}
}

// However a request fails, the token is in no error.
func TestNoTokenInErrors(t *testing.T) {
	over := http.DefaultTransport // a real one, which quotes addresses
	for _, base := range adaptertest.Unreachable() {
		a := New(Config{Token: testToken, APIBase: base, HTTP: &http.Client{Transport: over}})
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		err := a.soon(ctx, "getMe", params{}, nil)
		stop()
		if err == nil {
			t.Errorf("%s: got nil, want an error", base)
		}
		adaptertest.Keeps(t, err)
	}
	c := Config{Token: testToken}
	adaptertest.Keeps(t, c, New(c))
}

func TestSlow(t *testing.T) {
	net := adaptertest.Says(429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35","parameters":{"retry_after":35}}`)
	err := through(net).write(t.Context(), core.Chat{ID: "1"}, "sendMessage", params{}, nil)
	if slow, ok := errors.AsType[*core.Slow](err); !ok || slow.After != 35*time.Second {
		t.Errorf("got %v, want to wait 35 s", err)
	}
}

// TestRetries says what is tried again: nothing that may have been done and
// would then be done twice.
func TestRetries(t *testing.T) {
	tests := []struct {
		name, method string
		net          adaptertest.Answers
		calls        int
	}{
		{"a message that was dropped", "sendMessage", adaptertest.Drops, 2},
		{"a message during an outage", "sendMessage", adaptertest.Says(502, "<html>"), 2},
		{"a message and an internal error", "sendMessage", refuses(500, "Internal Server Error"), 2},
		{"a message that nobody answers", "sendMessage", adaptertest.Hangs, 1},
		{"a message whose answer is cut off", "sendMessage", adaptertest.Says(200, `{"ok":tr`), 1},
		{"a photo that nobody answers", "sendPhoto", adaptertest.Hangs, 1},
		{"a photo whose answer is cut off", "sendPhoto", adaptertest.Says(200, `{"ok":tr`), 1},
		{"a photo that replaces another", "editMessageMedia", adaptertest.Hangs, 2},
		{"an edit that nobody answers", "editMessageText", adaptertest.Hangs, 2},
		{"an edit whose answer is cut off", "editMessageText", adaptertest.Says(200, `{"ok":tr`), 2},
		{"an edit that is refused", "editMessageText", refuses(400, "Bad Request: chat not found"), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			adaptertest.Tries(t, tt.calls, tt.net, adaptertest.Says(200, `{"ok":true,"result":{"message_id":1}}`), func(t *testing.T, over adaptertest.Answers) error {
				return through(over).write(t.Context(), core.Chat{ID: "1"}, tt.method, params{}, nil)
			})
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	adaptertest.GivesUp(t, 1+retries, func(t *testing.T, over adaptertest.Answers) error {
		return through(over).write(t.Context(), core.Chat{ID: "1"}, "sendMessage", params{}, nil)
	})
}

func TestCheck(t *testing.T) {
	good := Config{Token: testToken}
	tests := []struct {
		name   string
		change func(*Config)
		want   []string // settings, in order
	}{
		{"good", func(*Config) {}, nil},
		{"a webhook", func(c *Config) { c.PublicURL = "https://bot.example/" }, nil},
		{"a stand on this machine", func(c *Config) { c.APIBase = "http://127.0.0.1:8081/"; c.PublicURL = "http://localhost:8080" }, nil},
		{"nothing", func(c *Config) { c.Token = "" }, []string{"TELEGRAM_TOKEN"}},
		{"a token of another kind", func(c *Config) { c.Token = "xoxb-marker-token" }, []string{"TELEGRAM_TOKEN"}},
		{"an unknown mode", func(c *Config) { c.Mode = "pigeon" }, []string{"TELEGRAM_MODE"}},
		{"a webhook to nowhere", func(c *Config) { c.Mode = Webhook }, []string{"TELEGRAM_MODE"}},
		{"a webhook without TLS", func(c *Config) { c.PublicURL = "http://localhost:8080" }, []string{"USHER_PUBLIC_URL"}},
		{"a secret with a space", func(c *Config) { c.WebhookSecret = "marker token" }, []string{"TELEGRAM_WEBHOOK_SECRET"}},
		{"no TLS", func(c *Config) { c.APIBase = "http://api.example" }, []string{"TELEGRAM_API_BASE"}},
		{"a base with a query", func(c *Config) { c.APIBase = "https://api.example?x=1" }, []string{"TELEGRAM_API_BASE"}},
		{"no address at all", func(c *Config) { c.APIBase = "api.telegram.org" }, []string{"TELEGRAM_API_BASE"}},
		{"all at once", func(c *Config) { c.Token, c.Mode, c.APIBase = "marker-token", "pigeon", "http://api.example" }, []string{"TELEGRAM_TOKEN", "TELEGRAM_MODE", "TELEGRAM_API_BASE"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			adaptertest.Complains(t, New(c).Check(), tt.want...)
		})
	}
}

func TestWebhookSecretIsDerived(t *testing.T) {
	first, second := New(Config{Token: testToken}), New(Config{Token: testToken})
	other := New(Config{Token: "54321:another"})
	if a, b := first.config.WebhookSecret, second.config.WebhookSecret; a != b || len(a) != 64 || !goodSecret.MatchString(a.Reveal()) {
		t.Errorf("got %d and %d characters, want the same 64", len(a), len(b))
	}
	if first.config.WebhookSecret == other.config.WebhookSecret {
		t.Error("got the same secret for another token")
	}
	if given := New(Config{Token: testToken, WebhookSecret: "mine"}); given.config.WebhookSecret != "mine" {
		t.Error("got another secret than the one that was given")
	}
}
