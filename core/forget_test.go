package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// The end of a workspace is the end of what is known of its people, and of nobody else.
func TestForgetWorkspace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		db, err := sqlstore.Open(ctx, sqlstore.Memory)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		keys := newKeys(t, testSecret, "")
		w, ended := newWire(), make(chan error, 1)
		bot := New(Options{
			Store: db, Keys: keys, Log: slog.New(slog.DiscardHandler),
			Logins: authflow.New(authflow.Options{Store: db, Keys: keys, Log: slog.New(slog.DiscardHandler)}),
		})
		bot.Connect(w)
		go func() { ended <- bot.Run(ctx) }()
		synctest.Wait()

		person := func(team, user string) string {
			t.Helper()
			id, err := db.Person(ctx, "neutral", team, user)
			if err != nil {
				t.Fatal(err)
			}
			login := store.Login{ID: store.NewID(), Person: id, Provider: "demo", State: "waiting", Created: time.Now()}
			won := store.Account{ID: store.NewID(), Person: id, Provider: "demo", LinkedBy: login.ID}
			err = errors.Join(db.AddLogin(ctx, login), db.ChangeLogin(ctx, store.Change{
				ID: login.ID, From: "waiting", State: "linked", Ended: true, Account: &won,
			}))
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		has := func(id string) bool {
			t.Helper()
			users, err := db.Users(ctx, id)
			accounts, also := db.AccountsOf(ctx, id)
			if err := errors.Join(err, also); err != nil {
				t.Fatal(err)
			}
			if len(users) != len(accounts) {
				t.Errorf("got %d users and %d accounts, want as many", len(users), len(accounts))
			}
			return len(users) > 0
		}
		var theirs []string
		for i := range 2*membersAtOnce + 1 {
			theirs = append(theirs, person("T", fmt.Sprint(i)))
		}
		other := person("U", "0")

		w.take(Event{Key: "end", Chat: Chat{Platform: "neutral"}, What: Gone{}}) // of nothing
		w.take(Event{Key: "end of T", Chat: Chat{Platform: "neutral", Team: "T"}, What: Gone{}})
		for _, id := range theirs {
			if has(id) {
				t.Fatal("somebody of the workspace was not forgotten")
			}
		}
		if !has(other) {
			t.Error("somebody of another workspace was forgotten")
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
