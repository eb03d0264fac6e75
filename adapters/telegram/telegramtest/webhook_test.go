package telegramtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
)

// hook is the bot's end of a webhook.
type hook struct {
	bot
	mu     sync.Mutex
	began  time.Time
	heard  []string // when and what
	secret []string
	answer func(n int, text string) int // the status of the nth call; 0 drops it
	retry  string                       // Retry-After
}

// hooked runs do with a webhook at https://bot.example/hook, which is not set yet.
func hooked(t *testing.T, answer func(n int, text string) int, do func(h *hook)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New()
		h := &hook{bot: newBot(t, telegramtest.New(t, telegramtest.Options{Place: stand.Place{Net: n}})), answer: answer, began: time.Now()}
		l := n.Listen("bot.example:443")
		srv := &http.Server{Handler: h}
		go srv.Serve(l)
		t.Cleanup(func() { srv.Close() })
		do(h)
		synctest.Wait()
	})
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	var u tgbotapi.Update
	if r.Method != http.MethodPost || r.URL.Path != "/hook" || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &u) != nil {
		h.Errorf("got %s %s %s, want a posted update", r.Method, r.URL, body)
	}
	text := texts([]tgbotapi.Update{u})
	h.mu.Lock()
	h.heard = append(h.heard, fmt.Sprintf("%v %s", time.Since(h.began), text))
	h.secret = append(h.secret, r.Header.Get("X-Telegram-Bot-Api-Secret-Token"))
	status, n := 200, len(h.heard)
	h.mu.Unlock()
	if h.answer != nil {
		status = h.answer(n, text)
	}
	if status == 0 {
		panic(http.ErrAbortHandler)
	}
	if h.retry != "" {
		w.Header().Set("Retry-After", h.retry)
	}
	w.WriteHeader(status)
}

func (h *hook) set(more params) {
	h.Helper()
	p := params{"url": "https://bot.example/hook"}
	maps.Copy(p, more)
	h.ask("setWebhook", p, nil)
}

func (h *hook) wantHeard(want string) {
	h.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if got := strings.Join(h.heard, ", "); got != want {
		h.Errorf("heard %q, want %q", got, want)
	}
}

func TestWebhook(t *testing.T) {
	hooked(t, nil, func(h *hook) {
		h.talk("a")
		h.set(params{"secret_token": strings.Repeat("x", 256)})
		h.wantHeard("0s a")
		h.talk("b")
		h.wantHeard("0s a, 0s b")
		if h.secret[0] != strings.Repeat("x", 256) {
			t.Errorf("got secret %q", h.secret[0])
		}
		h.none()
		h.srv.Repeat()
		h.wantHeard("0s a, 0s b, 0s b")

		const active = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
		h.refused("getUpdates", nil, 409, active)
		h.ask("setWebhook", params{"url": ""}, nil)
		h.talk("c")
		h.wantUpdates(nil, "c")
		h.set(params{"drop_pending_updates": "true"})
		h.wantHeard("0s a, 0s b, 0s b")
		if h.ask("deleteWebhook", nil, nil); h.srv.Pending() != 0 {
			t.Error("got updates, want them dropped")
		}
		h.set(nil)
		h.talk("d")
		h.wantHeard("0s a, 0s b, 0s b, 0s d")
		if h.secret[3] != "" {
			t.Errorf("got secret %q, want none", h.secret[3])
		}
	})
}

// Updates of a chat wait for each other, those of others do not.
func TestWebhookRetries(t *testing.T) {
	statuses := []int{500, 302, 404, 0, 500, 500, 500, 500}
	hooked(t, func(n int, text string) int {
		if text == "/bob" || n > len(statuses)+1 {
			return 201
		}
		if n > 1 {
			n--
		}
		return statuses[n-1]
	}, func(h *hook) {
		h.set(nil)
		h.talk("a", "b")
		synctest.Wait()
		h.srv.Say("bob", "#general", "/bob")
		h.wantHeard("0s a, 0s /bob")
		var info tgbotapi.WebhookInfo
		h.ask("getWebhookInfo", nil, &info)
		if info.URL != "https://bot.example/hook" || info.PendingUpdateCount != 2 || info.MaxConnections != 40 ||
			info.LastErrorMessage != "Wrong response from the webhook: 500 Internal Server Error" || int64(info.LastErrorDate) != h.began.Unix() {
			t.Errorf("got %+v, want to know what went wrong", info)
		}
		time.Sleep(5 * time.Minute)
		h.wantHeard("0s a, 0s /bob, 1s a, 3s a, 7s a, 15s a, 31s a, 1m3s a, 2m3s a, 3m3s a, 3m3s b")
		h.none()
	})
}

func TestWebhookRetryAfter(t *testing.T) {
	hooked(t, func(n int, _ string) int { return map[int]int{1: 429}[n] + 200*min(n-1, 1) }, func(h *hook) {
		h.retry = "90"
		h.set(nil)
		h.talk("a")
		time.Sleep(2 * time.Minute)
		h.wantHeard("0s a, 1m30s a")
	})
}

// What was not taken in a day is lost.
func TestWebhookExpires(t *testing.T) {
	hooked(t, func(int, string) int { return 500 }, func(h *hook) {
		h.set(nil)
		h.talk("a")
		time.Sleep(25 * time.Hour)
		h.none()
		n := len(h.heard)
		time.Sleep(time.Hour)
		if len(h.heard) != n || n < 24*60 {
			t.Errorf("heard %d times, then %d more, want a day of it", n, len(h.heard)-n)
		}
	})
}

func TestMaxConnections(t *testing.T) {
	var h *hook
	hooked(t, func(int, string) int { time.Sleep(time.Second); return 200 }, func(set *hook) {
		h = set
		h.set(params{"max_connections": "2"})
		for _, who := range []string{"a", "b", "c", "d"} {
			h.srv.Say(who, coretest.Direct, "x")
		}
		time.Sleep(10 * time.Second)
		h.wantHeard("0s x, 0s x, 1s x, 1s x")
	})
}

// A press is of its person's queue, not of its chat's.
func TestLanes(t *testing.T) {
	hooked(t, func(_ int, text string) int {
		if text == "/hi" {
			return 500
		}
		return 200
	}, func(h *hook) {
		chat := h.meet("alice", "#general")
		h.say(chat, "Go?", "reply_markup", one(`"callback_data":"go"`))
		h.set(nil)
		h.srv.Say("alice", "#general", "/hi")
		h.srv.Forge("alice", "#general", "go")
		synctest.Wait()
		h.mu.Lock()
		defer h.mu.Unlock()
		if got := strings.Join(h.heard, " "); !strings.Contains(got, "!go") {
			t.Errorf("heard %q, want the press too", got)
		}
		h.ask("deleteWebhook", nil, nil)
	})
}

// While Telegram is away nobody is called, not even again.
func TestWebhookOutage(t *testing.T) {
	hooked(t, func(n int, _ string) int { return map[int]int{1: 500}[n] + 200*min(n-1, 1) }, func(h *hook) {
		h.set(nil)
		h.talk("a")
		h.wantHeard("0s a")
		h.srv.Stop()
		h.srv.Say("bob", coretest.Direct, "b")
		time.Sleep(time.Minute)
		h.wantHeard("0s a")
		h.srv.Resume()
		synctest.Wait()
		h.none()
		if len(h.heard) != 3 {
			t.Errorf("heard %q, want both a minute later", h.heard)
		}
	})
}

func TestWebhookEndsPoll(t *testing.T) {
	hooked(t, nil, func(h *hook) {
		done := make(chan bool)
		go func() {
			defer close(done)
			h.refused("getUpdates", params{"timeout": "50"}, 409, "Conflict: terminated by setWebhook request")
		}()
		synctest.Wait()
		h.set(nil)
		<-done
	})
}

func TestWebhookRefusals(t *testing.T) {
	hooked(t, nil, func(h *hook) {
		for _, c := range []struct {
			name string
			p    params
			want string
		}{
			{"plain", params{"url": "http://bot.example/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"},
			{"no host", params{"url": "https:///hook"}, "bad webhook: An HTTPS URL must be provided for webhook"},
			{"port", params{"url": "https://bot.example:8080/hook"}, "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"},
			{"long secret", params{"secret_token": strings.Repeat("x", 257)}, "secret token is too long"},
			{"secret", params{"secret_token": "a.b"}, "secret token contains unallowed characters"},
			{"updates", params{"allowed_updates": "all"}, "can't parse allowed updates JSON object"},
		} {
			p := params{"url": "https://bot.example/hook"}
			maps.Copy(p, c.p)
			h.Log(c.name)
			h.refused("setWebhook", p, 400, "Bad Request: "+c.want)
		}
		for asked, want := range map[string]int{"0": 1, "1": 1, "100": 100, "101": 100} {
			h.set(params{"max_connections": asked, "allowed_updates": `["message"]`})
			var info tgbotapi.WebhookInfo
			h.ask("getWebhookInfo", nil, &info)
			if info.MaxConnections != want || len(info.AllowedUpdates) != 1 {
				t.Errorf("max_connections %s: got %+v, want %d", asked, info, want)
			}
		}
	})
}
