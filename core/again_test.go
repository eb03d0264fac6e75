package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
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

// stubborn is a chat that does not take the first questions whether to go on.
type stubborn struct {
	*coretest.Chat
	refuses int
	keys    []string // of all of them
}

func (s *stubborn) Send(ctx context.Context, to core.Chat, m core.Message) (core.Ref, error) {
	if strings.Contains(markup.Visible(m.Text), "Go on with") {
		if s.keys = append(s.keys, m.Key); len(s.keys) <= s.refuses {
			return core.Ref{}, errors.New("the chat is away")
		}
	}
	return s.Chat.Send(ctx, to, m)
}

// TestGoingOnIsAskedUntilHeard loses no question to a chat that is away for a moment,
// and has one that does arrive known as the same by its key.
func TestGoingOnIsAskedUntilHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		server := authtest.New(t, authtest.Options{})
		db, err := sqlstore.Open(ctx, sqlstore.Memory)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := seal.NewKeys("a-master-secret-of-one-test-0123456789", "")
		if err != nil {
			t.Fatal(err)
		}
		demo, err := provider.OIDC(server.URL(), provider.App{Name: "demo", Title: "Demo", ID: "app"})
		if err != nil {
			t.Fatal(err)
		}
		bot := core.New(core.Options{Store: db, Keys: keys, Logins: authflow.New(authflow.Options{
			Store: db, Keys: keys, Providers: []authflow.Provider{demo}, HTTP: server.Client(),
		})})
		bot.Add(core.Command{
			Name: "erase", Summary: "Erases", Needs: core.Login("demo"), Confirm: true,
			Run: func(context.Context, *core.Invocation) error { return nil },
		})
		chat := &stubborn{Chat: coretest.New(coretest.Options{}), refuses: 2}
		bot.Connect(chat)
		ended := make(chan error, 1)
		go func() { ended <- bot.Run(ctx) }()

		chat.Say("alice", coretest.Direct, "/erase")
		synctest.Wait()
		for _, code := range server.Pending() {
			if err := server.Approve(code, server.User("octocat")); err != nil {
				t.Fatal(err)
			}
		}
		waiting, late := context.WithTimeout(ctx, time.Minute)
		defer late()
		if _, err := coretest.Wait(waiting, chat, "alice", coretest.Direct, "Go on with"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if n := len(chat.keys); n != 3 || chat.keys[0] == "" || chat.keys[0] != chat.keys[1] || chat.keys[1] != chat.keys[2] || len(chat.keys[0]) > 25 {
			t.Errorf("got questions with the keys %q, want three with the same of 25 characters at most", chat.keys)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}
