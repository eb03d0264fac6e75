package discordtest_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
)

// hooked runs do with a bot that has interactions posted to it. answer is asked
// for each that is not a PING; it returns a status and a body.
func hooked(t *testing.T, answer func(b *bot, i *received) (int, string), do func(b *bot)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New()
		srv := discordtest.New(t, discordtest.Options{Place: stand.Place{Net: n}, InteractionsURL: "https://bot.example/discord"})
		b := newBot(t, srv)
		web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, answer) })}
		ended := make(chan error, 1)
		l := n.Listen("bot.example:443")
		go func() { ended <- web.Serve(l) }()
		b.publish(ping)
		do(b)
		b.must(web.Close())
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

func (b *bot) serve(w http.ResponseWriter, r *http.Request, answer func(b *bot, i *received) (int, string)) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.Error(err)
	}
	key, err := hex.DecodeString(b.srv.PublicKey())
	if err != nil {
		b.Error(err)
	}
	sig, err := hex.DecodeString(r.Header.Get("X-Signature-Ed25519"))
	stamp := r.Header.Get("X-Signature-Timestamp")
	if err != nil || !ed25519.Verify(key, append([]byte(stamp), body...), sig) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var i received
	if err := json.Unmarshal(body, &i); err != nil {
		b.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	if i.Type == 1 {
		io.WriteString(w, `{"type":1}`)
		return
	}
	status, text := answer(b, &i)
	w.WriteHeader(status)
	io.WriteString(w, text)
}

func TestPosted(t *testing.T) {
	var (
		mu   sync.Mutex
		seen []string
	)
	answer := func(_ *bot, i *received) (int, string) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, i.ID)
		return 200, `{"type":4,"data":{"content":"Pong!"}}`
	}
	hooked(t, answer, func(b *bot) {
		b.must(b.srv.Probe(b.Context()))
		if got := b.srv.BadSignature(b.Context(), 6); !slices.Equal(got, []int{401, 401, 401, 401, 401, 401}) {
			t.Errorf("got %v, want 401 each", got)
		}
		for range 5 {
			b.srv.Say("alice", general, "/ping")
		}
		time.Sleep(time.Second)
		mu.Lock()
		if got := strings.Count(b.sees("bob", general), "Pong!"); got != 5 || !slices.IsSorted(seen) {
			t.Errorf("got %d answers to %q, want 5 in order", got, seen)
		}
		mu.Unlock()
		b.srv.Repeat()
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		if len(seen) != 6 || seen[5] != seen[4] || strings.Count(b.sees("bob", general), "Pong!") != 5 {
			t.Errorf("got %q, want the last again and no second answer", seen)
		}
		inline := b.srv.Requests("POST /interactions/{interaction_id}/{interaction_token}/callback")
		if len(inline) != 6 || !inline[0].Inline || inline[0].Status != 204 || inline[5].Status != 400 {
			t.Errorf("got %v, want what was answered", inline)
		}
		if got := b.srv.Failures(); len(got) != 0 {
			t.Errorf("got failures %q, want none", got)
		}
	})
}

// Where interactions are posted the gateway has none, but it has words.
func TestPostedBesideTheGateway(t *testing.T) {
	hooked(t, func(*bot, *received) (int, string) { return 200, `{"type":5}` }, func(b *bot) {
		b.connect()
		b.srv.Say("alice", general, "/ping")
		b.srv.Say("alice", general, "@usher hello")
		b.event("MESSAGE_CREATE")
		b.none("INTERACTION_CREATE")
	})
}

func TestPostedAndCalledBack(t *testing.T) {
	hooked(t, func(b *bot, i *received) (int, string) {
		go func() {
			time.Sleep(time.Second)
			b.reply(i, 4, &answer{Content: "Later"})
		}()
		return 202, ""
	}, func(b *bot) {
		b.srv.Say("alice", general, "/ping")
		time.Sleep(5 * time.Second)
		b.wants("bob", general, "Later")
		if got := b.srv.Failures(); len(got) != 0 {
			t.Errorf("got failures %q, want none", got)
		}
	})
}

func TestPostedInVain(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(*bot, *received) (int, string)
		want   string
	}{
		{"error", func(*bot, *received) (int, string) { return 500, "" }, "the bot answered 500"},
		{"nothing", func(*bot, *received) (int, string) { return 200, "" }, "invalid JSON"},
		{"nothing to say", func(*bot, *received) (int, string) { return 200, `{"type":4,"data":{}}` }, "empty message"},
		{"too long", func(*bot, *received) (int, string) {
			return 200, `{"type":4,"data":{"content":"` + strings.Repeat("x", 2001) + `"}}`
		}, "2000 or fewer"},
		{"late", func(*bot, *received) (int, string) {
			time.Sleep(4 * time.Second)
			return 200, `{"type":5}`
		}, "no answer in time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hooked(t, tt.answer, func(b *bot) {
				b.srv.Say("alice", general, "/ping")
				time.Sleep(10 * time.Second)
				if got := b.srv.Failures(); len(got) != 1 || !strings.Contains(got[0], tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				b.wants("alice", general, "")
			})
		})
	}
}

func TestProbeRefusesCarelessBots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New()
		srv := discordtest.New(t, discordtest.Options{Place: stand.Place{Net: n}, InteractionsURL: "https://bot.example/discord"})
		if err := srv.Probe(t.Context()); err == nil {
			t.Error("got a URL accepted where nobody is")
		}
		web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"type":1}`) })}
		defer web.Close()
		go web.Serve(n.Listen("bot.example:443"))
		if err := srv.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "bad signature 0") {
			t.Errorf("got %v, want a bad signature noticed", err)
		}
		b := newBot(t, srv)
		raw, err := b.RequestWithBucketID("GET", discordgo.EndpointApplications+"/@me", nil, "x")
		b.must(err)
		if !strings.Contains(string(raw), `"interactions_endpoint_url":"https://bot.example/discord"`) {
			t.Errorf("got %s, want the URL", raw)
		}
	})
}
