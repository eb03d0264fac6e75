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

// courier is a chat in which something happens just after a card was sent, or just
// before a message becomes the first card.
type courier struct {
	*coretest.Chat
	after, before func()
}

func (c *courier) Send(ctx context.Context, to core.Chat, m core.Message) (core.Ref, error) {
	ref, err := c.Chat.Send(ctx, to, m)
	if len(m.Rows) > 0 && c.after != nil {
		c.after()
	}
	return ref, err
}

func (c *courier) Edit(ctx context.Context, r core.Ref, m core.Message) error {
	if before := c.before; len(m.Rows) > 0 && before != nil {
		c.before = nil
		before()
	}
	return c.Chat.Edit(ctx, r, m)
}

// delivery is a bot that speaks through a courier.
type delivery struct {
	*testing.T
	*courier
	ctx    context.Context
	db     *sqlstore.Store
	logins *authflow.Logins
}

// deliver runs f beside a bot.
func deliver(t *testing.T, f func(d *delivery)) {
	t.Helper()
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
		d := &delivery{
			T: t, courier: &courier{Chat: coretest.New(coretest.Options{Caps: caps})}, ctx: ctx, db: db,
			logins: authflow.New(authflow.Options{
				Store: db, Keys: keys, Providers: []authflow.Provider{demo}, HTTP: server.Client(),
			}),
		}
		bot := core.New(core.Options{Store: db, Keys: keys, Logins: d.logins})
		bot.Connect(d.courier)
		ended := make(chan error, 1)
		go func() { ended <- bot.Run(ctx) }()
		f(d)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

// see waits for what alice sees there.
func (d *delivery) see(where, part string) coretest.Seen {
	d.Helper()
	waiting, stop := context.WithTimeout(d.ctx, 10*time.Minute)
	defer stop()
	seen, err := coretest.Wait(waiting, d.courier, "alice", where, part)
	if err != nil {
		d.Fatal(err)
	}
	return seen
}

// noCode wants no card there that can be used.
func (d *delivery) noCode(where string) {
	d.Helper()
	for _, seen := range d.Sees("alice", where) {
		if strings.Contains(seen.Text, "enter the code") {
			d.Errorf("got a card in %s: %v", where, seen)
		}
	}
}

// TestLoginEndsWhileItsCardMoves cancels a login between the two: the card that
// has just arrived must not keep a code that is dead.
func TestLoginEndsWhileItsCardMoves(t *testing.T) {
	deliver(t, func(d *delivery) {
		d.after = func() {
			person, err := d.db.Person(d.ctx, "neutral", "", "alice")
			if err != nil {
				d.Error(err)
			}
			open, err := d.logins.Open(d.ctx, person)
			if err != nil || len(open) != 1 {
				d.Errorf("got %d open logins, %v, want one", len(open), err)
				return
			}
			if _, err := d.logins.Cancel(d.ctx, open[0].ID); err != nil {
				d.Error(err)
			}
		}
		d.Say("alice", "#general", "/login demo")
		d.see(coretest.Direct, "Cancelled.")
		d.see("#general", "Cancelled.")
		d.noCode(coretest.Direct)
	})
}

// TestCardMovesBeforeItIsThere has a login asked for elsewhere while its first card
// is on its way: that one arrives last, and must not take the place of the other.
func TestCardMovesBeforeItIsThere(t *testing.T) {
	deliver(t, func(d *delivery) {
		moved := make(chan struct{})
		d.before = func() {
			d.Say("alice", "#random", "/login demo")
			d.see("#random", "enter the code")
			close(moved)
		}
		d.Say("alice", "#general", "/login demo")
		<-moved
		synctest.Wait()
		d.noCode("#general")
		d.see("#general", "Continued below.")
		card := d.see("#random", "enter the code")
		if err := d.Press("alice", card, "Cancel"); err != nil {
			d.Fatal(err)
		}
		d.see("#random", "Cancelled.")
	})
}
