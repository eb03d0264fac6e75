package discord

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

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
)

const testToken = "marker.token.that-nobody-may-see-0000000"

func through(f adaptertest.Answers) *Adapter {
	return New(Config{Token: testToken, HTTP: &http.Client{Transport: f}})
}

func refuses(status, code int, text string) adaptertest.Answers {
	return adaptertest.Says(status, fmt.Sprintf(`{"code":%d,"message":%q}`, code, text))
}

// aSend and aFollowUp are requests, one with each kind of token.
var (
	aSend     = request{does: "send message", method: http.MethodPost, path: "/channels/1/messages", body: payload{}}
	aFollowUp = request{does: "follow up", method: http.MethodPost, path: hookPath("1", "marker-interaction"), body: payload{}, hook: true, once: true}
)

// TestWhatErrorsMean goes through what platforms.md section 4.3 has, and what
// every answer may become.
func TestWhatErrorsMean(t *testing.T) {
	tests := []struct {
		name string
		net  adaptertest.Answers
		is   error // nil: none of core's
		text string
	}{
		{"takes no messages", refuses(403, 50007, "Cannot send messages to this user"), core.ErrForbidden, "send message: 403 Cannot send messages to this user (50007)"},
		{"no guild in common", refuses(403, 50278, "No mutual guilds"), core.ErrForbidden, ""},
		{"not to be seen", refuses(403, 50001, "Missing Access"), core.ErrForbidden, ""},
		{"muted", refuses(403, 50013, "Missing Permissions"), core.ErrForbidden, ""},
		{"no such channel", refuses(404, 10003, "Unknown Channel"), core.ErrGone, ""},
		{"no such message", refuses(404, 10008, "Unknown Message"), core.ErrGone, ""},
		{"no such interaction", refuses(404, 10062, "Unknown interaction"), core.ErrGone, ""},
		{"no such answer", refuses(404, 10015, "Unknown Webhook"), core.ErrGone, ""},
		{"a token that ended", refuses(401, 50027, "Invalid Webhook Token"), core.ErrGone, ""},
		{"an archived thread", refuses(400, 50083, "Thread is archived"), core.ErrGone, ""},
		{"somebody else's message", refuses(403, 50005, "Cannot edit"), core.ErrGone, ""},
		{
			"a form with mistakes", adaptertest.Says(400, `{"code":50035,"message":"Invalid Form Body","errors":{"embeds":{"0":{"title":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"marker"}]}}},"content":{"_errors":[{"code":"X"}]}}}`),
			nil, "send message: 400 Invalid Form Body: content X, embeds.0.title BASE_TYPE_MAX_LENGTH (50035)",
		},
		{"a link that it repeats", refuses(400, 50035, "Scheme 'https://x.example/?code=WDJB' is not supported"), nil, "send message: 400 Scheme … is not supported (50035)"},
		{"no code", refuses(404, 0, "404: Not Found"), nil, "send message: 404 404: Not Found"},
		{"a gateway", adaptertest.Says(502, "<html>Bad Gateway</html>"), nil, "send message: HTTP status 502"},
		{"what stands before it", adaptertest.Says(403, "<html>Cloudflare</html>"), nil, "send message: HTTP status 403"},
		{"a redirect", adaptertest.Redirects, nil, "send message: HTTP status 302"},
		{"of another shape", adaptertest.Says(200, `["yes"]`), nil, "send message: the answer is of another shape"},
		{"no network", adaptertest.Refuses, nil, "send message: connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sent message
			err := through(tt.net).soon(t.Context(), aSend, &sent)
			adaptertest.Means(t, err, tt.is, tt.text)
		})
	}
}

// However a request fails, no token is in an error: not the bot's, which is in a
// header, nor an interaction's, which is in the address.
func TestNoTokenInErrors(t *testing.T) {
	for _, base := range adaptertest.Unreachable() {
		for _, r := range []request{aSend, aFollowUp} {
			a := New(Config{Token: testToken, APIBase: base, HTTP: &http.Client{Transport: http.DefaultTransport}})
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			err := a.soon(ctx, r, nil)
			stop()
			if err == nil {
				t.Errorf("%s: got nil, want an error", base)
			}
			adaptertest.Keeps(t, err)
		}
	}
	c := Config{Token: testToken}
	adaptertest.Keeps(t, c, New(c))
}

// The bot's token goes where it is needed and nowhere else.
func TestTokenIsSentSparingly(t *testing.T) {
	for _, tt := range []struct {
		r    request
		want string
	}{{aSend, "Bot " + testToken}, {aFollowUp, ""}} {
		a := through(func(r *http.Request) (*http.Response, error) {
			if got := r.Header.Get("Authorization"); got != tt.want {
				t.Errorf("%s: got a token of %d characters, want %d", tt.r.does, len(got), len(tt.want))
			}
			return adaptertest.Says(200, `{}`)(r)
		})
		if err := a.soon(t.Context(), tt.r, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestSlow(t *testing.T) {
	tests := []struct {
		name   string
		net    adaptertest.Answers
		want   time.Duration
		global bool
	}{
		{"by the body", adaptertest.Says(429, `{"message":"slow","retry_after":35.5,"global":false}`), 35500 * time.Millisecond, false},
		{"of the whole bot", adaptertest.Says(429, `{"message":"slow","retry_after":35,"global":true}`), 35 * time.Second, true},
		{"of the whole bot, by a header", adaptertest.Says(429, `{"retry_after":35}`).With("X-RateLimit-Global", "true"), 35 * time.Second, true},
		{"by a header", adaptertest.Says(429, `<html>`).With("Retry-After", "40"), 40 * time.Second, false},
		{"headers that make no sense", adaptertest.Says(429, `{"retry_after":35}`).With("X-RateLimit-Reset-After", "soon"), 35 * time.Second, false},
		{"too many direct chats", refuses(400, 40003, "You are opening direct messages too fast."), time.Minute, false},
	}
	for _, tt := range tests {
		a := through(tt.net)
		err := a.write(t.Context(), aSend, nil)
		slow, ok := errors.AsType[*core.Slow](err)
		if !ok || slow.After != tt.want || slow.Alone {
			t.Errorf("%s: got %v, want to wait %v", tt.name, err, tt.want)
		}
		if stopped := time.Until(time.Unix(0, a.stopped.Load())) > 0; stopped != tt.global {
			t.Errorf("%s: the whole bot stops: got %v, want %v", tt.name, stopped, tt.global)
		}
	}
}

// A limit of the whole bot stops everything but answers to interactions.
func TestSlowAltogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, answer := 0, adaptertest.Says(429, `{"message":"slow","retry_after":3,"global":true}`)
		a := through(func(r *http.Request) (*http.Response, error) {
			asked++
			return answer(r)
		})
		after := func(r request) time.Duration {
			slow, _ := errors.AsType[*core.Slow](a.write(t.Context(), r, nil))
			if slow == nil {
				return 0
			}
			return slow.After.Round(time.Millisecond)
		}
		if got := after(aSend); got != 3*time.Second {
			t.Errorf("got to wait %v, want 3s", got)
		}
		answer = adaptertest.Says(200, `{}`)
		time.Sleep(time.Second)
		if got := after(aSend); got != 2*time.Second || asked != 1 {
			t.Errorf("got to wait %v after %d requests, want 2s and nothing asked", got, asked)
		}
		if got := after(request{does: "respond", method: http.MethodPost, path: "/x", hook: true}); got != 0 || asked != 2 {
			t.Errorf("an answer: got to wait %v, want it at once", got)
		}
		time.Sleep(2 * time.Second)
		if got := after(aSend); got != 0 || asked != 3 {
			t.Errorf("got to wait %v, want to go on", got)
		}
	})
	hooked := through(adaptertest.Says(429, `{"message":"slow","retry_after":1}`)).write(t.Context(), request{does: "respond", method: http.MethodPost, path: "/x", hook: true}, nil)
	if slow, ok := errors.AsType[*core.Slow](hooked); !ok || !slow.Alone {
		t.Errorf("an answer that is too fast: got %v, want it to wait alone", hooked)
	}
}

// TestRetries says what is tried again: nothing that may have been done and
// would then be done twice.
func TestRetries(t *testing.T) {
	tests := []struct {
		name  string
		r     request
		net   adaptertest.Answers
		calls int
	}{
		{"a message that was dropped", aSend, adaptertest.Drops, 2},
		{"a message that nobody answers", aSend, adaptertest.Hangs, 2}, // it has a nonce
		{"a message during an outage", aSend, adaptertest.Says(502, "<html>"), 2},
		{"a message and an internal error", aSend, refuses(500, 0, "500: Internal Server Error"), 2},
		{"a message that is refused", aSend, refuses(400, 50035, "no"), 1},
		{"a follow-up that was dropped", aFollowUp, adaptertest.Drops, 2},
		{"a follow-up that nobody answers", aFollowUp, adaptertest.Hangs, 1},
		{"a follow-up whose answer cannot be read", aFollowUp, adaptertest.Says(200, `[`), 1},
		{"a follow-up during an outage", aFollowUp, adaptertest.Says(503, ""), 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			adaptertest.Tries(t, tt.calls, tt.net, adaptertest.Says(200, `{"id":"1"}`), func(t *testing.T, over adaptertest.Answers) error {
				var sent message
				return through(over).write(t.Context(), tt.r, &sent)
			})
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	adaptertest.GivesUp(t, 1+retries, func(t *testing.T, over adaptertest.Answers) error {
		return through(over).write(t.Context(), aSend, nil)
	})
}

// The same key is sent as the same nonce, another message with another one.
func TestNonce(t *testing.T) {
	var seen []payload
	a := through(func(r *http.Request) (*http.Response, error) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		seen = append(seen, unmarshal[payload](t, raw))
		return adaptertest.Says(200, `{"id":"1"}`)(r)
	})
	for _, key := range []string{"login-1", "login-1", "", ""} {
		if _, err := a.Send(t.Context(), hall, core.Message{Text: "x", Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	if seen[0].Nonce != "login-1" || seen[1].Nonce != "login-1" || seen[2].Nonce == seen[3].Nonce || len(seen[2].Nonce) != 25 || !seen[3].Enforce {
		t.Errorf("got nonces %q, %q, %q and %q, want the key, and random ones", seen[0].Nonce, seen[1].Nonce, seen[2].Nonce, seen[3].Nonce)
	}
}

// A public answer whose id nobody asked for is found when it is edited so late
// that the interaction no longer knows it.
func TestLateEditFindsTheMessage(t *testing.T) {
	var calls []string
	a := through(func(r *http.Request) (*http.Response, error) {
		calls = append(calls, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/v9"))
		switch {
		case strings.HasPrefix(r.URL.Path, "/api/v9/webhooks/"):
			return refuses(401, 50027, "Invalid Webhook Token")(r)
		case r.Method == http.MethodGet:
			return adaptertest.Says(200, `[{"id":"13"},{"id":"12","interaction_metadata":{"id":"9"}},{"id":"11","interaction_metadata":{"id":"8"}}]`)(r)
		}
		return adaptertest.Says(200, `{"id":"12"}`)(r)
	})
	ref := location{app: "1", token: "tok/en", message: original, interaction: "9"}.ref(hall, time.Time{})
	if err := a.Edit(t.Context(), ref, core.Message{Text: "Late"}); err != nil {
		t.Errorf("edit: got %v, want nil", err)
	}
	if got, want := strings.Join(calls, ", "), "PATCH /webhooks/1/tok/en/messages/@original, GET /channels/5/messages, PATCH /channels/5/messages/12"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	ref = location{app: "1", token: "token", message: original, interaction: "7"}.ref(hall, time.Time{})
	if err := a.Edit(t.Context(), ref, core.Message{Text: "Late"}); !errors.Is(err, core.ErrGone) {
		t.Errorf("one that is not there: got %v, want core.ErrGone", err)
	}
}

func TestCheck(t *testing.T) {
	good := Config{Token: testToken}
	tests := []struct {
		name   string
		change func(*Config)
		want   []string // settings, in order
	}{
		{"good", func(*Config) {}, nil},
		{"all that there is", func(c *Config) { c.PublicKey, c.Mode, c.Guild = strings.Repeat("0a", 32), HTTP, "123" }, nil},
		{"a stand on this machine", func(c *Config) { c.APIBase = "http://127.0.0.1:8081/" }, nil},
		{"nothing", func(c *Config) { c.Token = "" }, []string{"DISCORD_TOKEN"}},
		{"a token with a word in front", func(c *Config) { c.Token = "Bot marker-token" }, []string{"DISCORD_TOKEN"}},
		{"a key that is none", func(c *Config) { c.PublicKey = "0a0b" }, []string{"DISCORD_PUBLIC_KEY"}},
		{"an unknown mode", func(c *Config) { c.Mode = "pigeon" }, []string{"DISCORD_MODE"}},
		{"the name of a guild", func(c *Config) { c.Guild = "home" }, []string{"DISCORD_GUILD"}},
		{"no TLS", func(c *Config) { c.APIBase = "http://api.example" }, []string{"DISCORD_API_BASE"}},
		{"a base with a query", func(c *Config) { c.APIBase = "https://api.example?x=1" }, []string{"DISCORD_API_BASE"}},
		{
			"all at once", func(c *Config) {
				c.Token, c.PublicKey, c.Mode, c.Guild, c.APIBase = "marker token", "x", "pigeon", "home", "discord.com"
			},
			[]string{"DISCORD_TOKEN", "DISCORD_PUBLIC_KEY", "DISCORD_MODE", "DISCORD_GUILD", "DISCORD_API_BASE"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			adaptertest.Complains(t, New(c).Check(), tt.want...)
		})
	}
}
