package core_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// courier is a chat in which something happens just after a card was sent.
type courier struct {
	*coretest.Chat
	meanwhile func()
}

func (c *courier) Send(ctx context.Context, to core.Chat, m core.Message) (core.Ref, error) {
	ref, err := c.Chat.Send(ctx, to, m)
	if len(m.Rows) > 0 && c.meanwhile != nil {
		c.meanwhile()
	}
	return ref, err
}

// TestLoginEndsWhileItsCardMoves cancels a login between the two: the card that
// has just arrived must not keep a code that is dead.
func TestLoginEndsWhileItsCardMoves(t *testing.T) {
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
		caps := coretest.Rich()
		caps.PrivateEdit = 6 * time.Minute
		chat := &courier{Chat: coretest.New(coretest.Options{Caps: caps})}
		see := func(where, part string) coretest.Seen {
			t.Helper()
			waiting, stop := context.WithTimeout(ctx, 10*time.Minute)
			defer stop()
			seen, err := coretest.Wait(waiting, chat, "alice", where, part)
			if err != nil {
				t.Fatal(err)
			}
			return seen
		}
		logins := authflow.New(authflow.Options{
			Store: db, Keys: keys, Providers: []authflow.Provider{demo}, HTTP: server.Client(),
		})
		chat.meanwhile = func() {
			person, err := db.Person(ctx, "neutral", "", "alice")
			if err != nil {
				t.Error(err)
			}
			open, err := logins.Open(ctx, person)
			if err != nil || len(open) != 1 {
				t.Errorf("got %d open logins, %v, want one", len(open), err)
				return
			}
			if _, err := logins.Cancel(ctx, open[0].ID); err != nil {
				t.Error(err)
			}
		}
		bot := core.New(core.Options{Store: db, Keys: keys, Logins: logins})
		bot.Connect(chat)
		ended := make(chan error, 1)
		go func() { ended <- bot.Run(ctx) }()

		chat.Say("alice", "#general", "/login demo")
		see(coretest.Direct, "Cancelled.")
		see("#general", "Cancelled.")
		for _, seen := range chat.Sees("alice", coretest.Direct) {
			if strings.Contains(seen.Text, "enter the code") {
				t.Errorf("got a card with a dead code: %v", seen)
			}
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
