package core_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// TestConversations plays testdata/conversations with a real bot, store, engine
// and authorization server, on the neutral chat.
func TestConversations(t *testing.T) {
	coretest.Run(t, "testdata/conversations/*.txt", func(t *testing.T, s *coretest.Script) coretest.Stage {
		h := &house{
			t: t, chat: coretest.New(s.Chat(coretest.Options{})), file: filepath.Join(t.TempDir(), "bot.db"),
			server: authtest.New(t, authtest.Options{}),
		}
		h.open()
		t.Cleanup(h.close)
		return coretest.Stage{
			World: h.chat, Provider: coretest.At(h.server), Restart: h.restart,
			Log: h.log.String, Secrets: h.secrets,
		}
	})
}

// house is a bot and all that it needs, which can be killed.
type house struct {
	t      *testing.T
	chat   *coretest.Chat
	server *authtest.Server
	file   string
	log    journal
	db     *sqlstore.Store
	stop   context.CancelFunc
	ended  chan error
}

func (h *house) open() {
	h.t.Helper()
	db, err := sqlstore.Open(h.t.Context(), h.file)
	if err != nil {
		h.t.Fatal(err)
	}
	keys, err := seal.NewKeys(masterSecret, "")
	if err != nil {
		h.t.Fatal(err)
	}
	demo, err := provider.OIDC(h.server.URL(), provider.App{Name: "demo", Title: "Demo", ID: "app"})
	if err != nil {
		h.t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	bot := core.New(core.Options{Store: db, Keys: keys, Log: log, Logins: authflow.New(authflow.Options{
		Store: db, Keys: keys, Providers: []authflow.Provider{demo}, HTTP: h.server.Client(), Log: log,
	})})
	addCommands(bot, h.server.URL())
	bot.Connect(h.chat)
	ctx, stop := context.WithCancel(context.WithoutCancel(h.t.Context()))
	h.db, h.stop, h.ended = db, stop, make(chan error, 1)
	go func() { h.ended <- bot.Run(ctx) }()
}

// restart kills the bot: the chat hears no farewell and the store takes nothing
// more. Whatever the bot makes of that is of no interest.
func (h *house) restart() {
	h.chat.Cut()
	err := h.db.Close()
	h.stop()
	<-h.ended
	if err != nil {
		h.t.Errorf("close store: %v", err)
	}
	h.open()
}

func (h *house) close() {
	h.stop()
	if err := errors.Join(<-h.ended, h.db.Close()); err != nil {
		h.t.Errorf("run: got %v, want nil", err)
	}
}

const masterSecret = "conversations-test-master-secret-0123456789"

// secrets are the bot's own, and every code and token that ever was on the wire.
func (h *house) secrets() []string {
	out := []string{masterSecret}
	for _, r := range h.server.Requests() {
		for _, name := range []string{"device_code", "refresh_token", "token", "code_verifier"} {
			if v := r.Form.Get(name); v != "" {
				out = append(out, v)
			}
		}
		if v, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); is {
			out = append(out, v)
		}
	}
	return out
}

// journal is a log that is read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// addCommands adds what the conversations use beside the built-in commands.
func addCommands(bot *core.Bot, issuer string) {
	bot.Add(
		core.Command{Name: "whois", Summary: "Asks Demo who you are", Needs: core.Login("demo"), Run: whois(issuer)},
		core.Command{Name: "wipe", Summary: "Wipes your Demo disk", Needs: core.Login("demo"), Confirm: true, Run: answer("Wiped.")},
		core.Command{Name: "dice", Summary: "Rolls a die", Run: dice},
		core.Command{Name: "greet", Summary: "Greets somebody", Options: []core.Option{whom.Required(), how}, Run: greet},
		core.Command{Name: "order", Summary: "Orders a pizza", Run: order},
		core.Command{Name: "secret", Summary: "Keeps a secret", Private: true, Run: secret},
		core.Command{Name: "toppings", Summary: "Chooses toppings", Run: toppings},
		core.Command{Name: "slow", Summary: "Takes its time", Run: slow},
	)
	bot.On("roll", func(ctx context.Context, in *core.Invocation) error {
		return in.Update(ctx, core.Message{Text: "You rolled another 4."})
	})
	bot.On("secret", answer("Kept."))
	bot.On("toppings", func(ctx context.Context, in *core.Invocation) error {
		return in.Update(ctx, core.Message{Text: markup.F("With %s.", strings.Join(in.Picked, " and "))})
	})
	bot.On("order", func(ctx context.Context, in *core.Invocation) error {
		_, err := in.Reply(ctx, core.Message{Text: markup.F("A %s %s for %s.", in.Values["size"], in.Values["kind"], in.From.Name)})
		return err
	})
}

func answer(text markup.Text) core.Handler {
	return func(ctx context.Context, in *core.Invocation) error {
		_, err := in.Reply(ctx, core.Message{Text: text})
		return err
	}
}

func whois(issuer string) core.Handler {
	return func(ctx context.Context, in *core.Invocation) error {
		client, err := in.Client(ctx, "demo")
		if err != nil {
			return err
		}
		account, err := in.Account(ctx, "demo")
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+string(authtest.UserInfo), nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil {
			return err
		}
		return answer(markup.F("Demo says %d: you are %s.", resp.StatusCode, account.Who.Name))(ctx, in)
	}
}

func dice(ctx context.Context, in *core.Invocation) error {
	again := core.Button{Label: "Roll again", Do: core.Action{Name: "roll", Only: in.From, For: 5 * time.Minute}}
	_, err := in.Reply(ctx, core.Message{Text: "You rolled a 4.", Rows: [][]core.Control{{again}}})
	return err
}

var (
	whom = core.Person("who", "whom to greet")
	how  = core.String("how", "in which words")
)

func greet(ctx context.Context, in *core.Invocation) error {
	words, given := how.Get(in)
	if !given {
		words = "Hello"
	}
	return answer(markup.F("%s, %s!", words, whom.Of(in).ID))(ctx, in)
}

func order(ctx context.Context, in *core.Invocation) error {
	return in.Ask(ctx, core.Form{Title: "Your pizza", Do: core.Action{Name: "order"}, Inputs: []core.Input{
		{Name: "kind", Label: "Kind", Hint: "such as Margherita"},
		{Name: "size", Label: "Size", Choices: []core.Choice{{Label: "Small", Value: "small"}, {Label: "Large", Value: "large"}}},
	}})
}

func secret(ctx context.Context, in *core.Invocation) error {
	return in.Ask(ctx, core.Form{Title: "Your secret", Do: core.Action{Name: "secret"}, Inputs: []core.Input{{Name: "secret", Label: "Your secret"}}})
}

func toppings(ctx context.Context, in *core.Invocation) error {
	_, err := in.Reply(ctx, core.Message{Text: "Toppings?", Rows: [][]core.Control{{core.Select{
		Hint: "Pick", Min: 1, Max: 2, Choices: []core.Choice{{Label: "Olives", Value: "olives"}, {Label: "Capers", Value: "capers"}},
		Do: core.Action{Name: "toppings", Only: in.From},
	}}}})
	return err
}

// slow leaves time for the bot to die in.
func slow(ctx context.Context, in *core.Invocation) error {
	select {
	case <-time.After(10 * time.Second):
		return answer("Done at last.")(ctx, in)
	case <-ctx.Done():
		return ctx.Err()
	}
}
