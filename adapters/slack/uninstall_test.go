package slack

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// TestUninstallForgets erases the people of a workspace that removes the app, and
// not before: a token that is revoked is no end.
func TestUninstallForgets(t *testing.T) {
	for name, open := range platforms {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, adapter := open(t)
				known := hosted(t, adapter())
				for _, who := range []string{"alice", "bob"} {
					srv.Say(who, coretest.Direct, "/whoami")
				}
				time.Sleep(time.Second)
				if got := known(); got != 2 {
					t.Fatalf("got %d people, want 2", got)
				}
				srv.RevokeOthers()
				time.Sleep(time.Second)
				if got := known(); got != 2 {
					t.Errorf("got %d people after a token was revoked, want 2", got)
				}
				srv.Uninstall()
				time.Sleep(time.Second)
				if got := known(); got != 0 {
					t.Errorf("got %d people after the app was removed, want none", got)
				}
			})
		})
	}
}

// hosted runs a bot, until the end, and counts the people of T1 that it knows.
func hosted(t *testing.T, a core.Adapter) (known func() int) {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), sqlstore.Memory)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.NewKeys("a-master-secret-of-one-test-0123456789", "")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	bot := core.New(core.Options{Store: db, Keys: keys, Log: log, Logins: authflow.New(authflow.Options{Store: db, Keys: keys, Log: log})})
	bot.Connect(a)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- bot.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, db.Close()); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(time.Second)
	return func() int {
		members, err := db.Members(t.Context(), platform, "T0000000001", 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(members)
	}
}
