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

	"github.com/usherbot/usher/core"
)

// answers is a network that answers every request in one way.
type answers func(*http.Request) (*http.Response, error)

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const testToken = "marker.token.that-nobody-may-see-0000000"

func through(f answers) *Adapter {
	return New(Config{Token: testToken, HTTP: &http.Client{Transport: f}})
}

func says(status int, body string) answers {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Status: fmt.Sprint(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
		}, nil
	}
}

func refuses(status, code int, text string) answers {
	return says(status, fmt.Sprintf(`{"code":%d,"message":%q}`, code, text))
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
		net  answers
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
			"a form with mistakes", says(400, `{"code":50035,"message":"Invalid Form Body","errors":{"embeds":{"0":{"title":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"marker"}]}}},"content":{"_errors":[{"code":"X"}]}}}`),
			nil, "send message: 400 Invalid Form Body: content X, embeds.0.title BASE_TYPE_MAX_LENGTH (50035)",
		},
		{"a link that it repeats", refuses(400, 50035, "Scheme 'https://x.example/?code=WDJB' is not supported"), nil, "send message: 400 Scheme … is not supported (50035)"},
		{"no code", refuses(404, 0, "404: Not Found"), nil, "send message: 404 404: Not Found"},
		{"a gateway", says(502, "<html>Bad Gateway</html>"), nil, "send message: HTTP status 502"},
		{"what stands before it", says(403, "<html>Cloudflare</html>"), nil, "send message: HTTP status 403"},
		{"a redirect", func(r *http.Request) (*http.Response, error) {
			resp, err := says(302, "")(r)
			resp.Header.Set("Location", "https://elsewhere.example"+r.URL.Path)
			return resp, err
		}, nil, "send message: HTTP status 302"},
		{"of another shape", says(200, `["yes"]`), nil, "send message: the answer is of another shape"},
		{"no network", func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }, nil, "send message: connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sent message
			err := through(tt.net).soon(t.Context(), aSend, &sent)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) || tt.text != "" && err.Error() != tt.text {
				t.Errorf("got %v, want %v: %s", err, tt.is, tt.text)
			}
			for _, other := range []error{core.ErrGone, core.ErrForbidden, core.ErrTooLate} {
				if !errors.Is(tt.is, other) && errors.Is(err, other) {
					t.Errorf("got %v, want it to be no %v", err, other)
				}
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
				if shown := fmt.Sprintf(verb, err); strings.Contains(shown, "marker") {
					t.Errorf("%s: a token is in %s", verb, shown)
				}
			}
		})
	}
}

// However a request fails, no token is in an error: not the bot's, which is in a
// header, nor an interaction's, which is in the address.
func TestNoTokenInErrors(t *testing.T) {
	for _, base := range []string{"http://127.0.0.1:1", "https://no-such-host.invalid", "http://127.0.0.1:1/%zz"} {
		for _, r := range []request{aSend, aFollowUp} {
			a := New(Config{Token: testToken, APIBase: base, HTTP: &http.Client{Transport: http.DefaultTransport}})
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			err := a.soon(ctx, r, nil)
			stop()
			if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "marker") {
				t.Errorf("%s: got %v, want an error without a token", base, err)
			}
		}
	}
	c := Config{Token: testToken}
	if shown := fmt.Sprintf("%v %+v %#v %v %+v %#v", c, c, c, New(c), New(c), New(c)); strings.Contains(shown, "marker") {
		t.Errorf("the token is in %s", shown)
	}
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
			return says(200, `{}`)(r)
		})
		if err := a.soon(t.Context(), tt.r, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestSlow(t *testing.T) {
	header := func(net answers, name, value string) answers {
		return func(r *http.Request) (*http.Response, error) {
			resp, err := net(r)
			resp.Header.Set(name, value)
			return resp, err
		}
	}
	tests := []struct {
		name   string
		net    answers
		want   time.Duration
		global bool
	}{
		{"by the body", says(429, `{"message":"slow","retry_after":35.5,"global":false}`), 35500 * time.Millisecond, false},
		{"of the whole bot", says(429, `{"message":"slow","retry_after":35,"global":true}`), 35 * time.Second, true},
		{"of the whole bot, by a header", header(says(429, `{"retry_after":35}`), "X-RateLimit-Global", "true"), 35 * time.Second, true},
		{"by a header", header(says(429, `<html>`), "Retry-After", "40"), 40 * time.Second, false},
		{"headers that make no sense", header(says(429, `{"retry_after":35}`), "X-RateLimit-Reset-After", "soon"), 35 * time.Second, false},
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
		asked, answer := 0, says(429, `{"message":"slow","retry_after":3,"global":true}`)
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
		answer = says(200, `{}`)
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
	hooked := through(says(429, `{"message":"slow","retry_after":1}`)).write(t.Context(), request{does: "respond", method: http.MethodPost, path: "/x", hook: true}, nil)
	if slow, ok := errors.AsType[*core.Slow](hooked); !ok || !slow.Alone {
		t.Errorf("an answer that is too fast: got %v, want it to wait alone", hooked)
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
	tests := []struct {
		name  string
		r     request
		net   answers
		calls int
	}{
		{"a message that was dropped", aSend, drop, 2},
		{"a message that nobody answers", aSend, hang, 2}, // it has a nonce
		{"a message during an outage", aSend, says(502, "<html>"), 2},
		{"a message and an internal error", aSend, refuses(500, 0, "500: Internal Server Error"), 2},
		{"a message that is refused", aSend, refuses(400, 50035, "no"), 1},
		{"a follow-up that was dropped", aFollowUp, drop, 2},
		{"a follow-up that nobody answers", aFollowUp, hang, 1},
		{"a follow-up whose answer cannot be read", aFollowUp, says(200, `[`), 1},
		{"a follow-up during an outage", aFollowUp, says(503, ""), 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				a := through(func(r *http.Request) (*http.Response, error) {
					if calls++; calls == 1 {
						return tt.net(r)
					}
					return says(200, `{"id":"1"}`)(r)
				})
				var sent message
				err := a.write(t.Context(), tt.r, &sent)
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
		a := through(func(r *http.Request) (*http.Response, error) { calls++; return says(502, "")(r) })
		if err := a.write(t.Context(), aSend, nil); err == nil || calls != 1+retries || time.Since(began) > 5*time.Second {
			t.Errorf("got %v after %d calls and %v, want an error after %d", err, calls, time.Since(began), 1+retries)
		}
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
		return says(200, `{"id":"1"}`)(r)
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
			return says(200, `[{"id":"13"},{"id":"12","interaction_metadata":{"id":"9"}},{"id":"11","interaction_metadata":{"id":"8"}}]`)(r)
		}
		return says(200, `{"id":"12"}`)(r)
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
