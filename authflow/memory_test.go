package authflow_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// mostPerLogin is how many bytes a login may take that only waits. A collector at
// its usual pace lets the process have as much again.
const mostPerLogin = 224

// usual is a fake whose secrets are as long as those of Device usually are: a time, a
// verifier, and a device code of 40 characters.
type usual struct{ *fake }

func (u usual) Begin(ctx context.Context, c *http.Client, a authflow.Ask) (authflow.Grant, error) {
	g, err := u.fake.Begin(ctx, c, a)
	g.Secret = seal.Secret(strings.Repeat("s", 6+1+32+40))
	return g, err
}

// forgetful is a store that keeps no logins, which takes less time.
type forgetful struct{ store.Store }

func (forgetful) AddLogin(context.Context, store.Login) error { return nil }

func (forgetful) OpenLogins(context.Context, string) ([]store.Login, error) { return nil, nil }

func (forgetful) Account(context.Context, string, string) (store.Account, error) {
	return store.Account{}, store.ErrNotFound
}

func (forgetful) CountStarts(context.Context, time.Time, string, string, string) (store.Starts, error) {
	return store.Starts{}, nil
}

// TestMemory starts logins, and measures what each adds to the heap.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := sqlstore.Open(t.Context(), sqlstore.Memory)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := seal.NewKeys("an operator's secret for tests, long enough", "")
		if err != nil {
			t.Fatal(err)
		}
		p := (&fake{name: "fake"}).provider("fake")
		p.Flows = []authflow.Flow{usual{&fake{name: "fake"}}}
		logins := authflow.New(authflow.Options{Store: forgetful{db}, Keys: keys, Log: slog.New(slog.DiscardHandler), Providers: []authflow.Provider{p}})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			logins.Run(ctx, func(context.Context, authflow.Login) error { return nil }, func(context.Context, authflow.Account) error { return nil })
			close(ended)
		}()
		synctest.Wait()
		started := 0
		start := func(n int) (heap int) {
			for range n {
				started++
				who := fmt.Sprint("person ", started)
				if _, err := logins.Start(ctx, authflow.Start{Person: who, Place: who, Provider: "fake"}); err != nil {
					t.Fatal(err)
				}
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int(m.HeapAlloc)
		}
		first := start(1000)
		if each := (start(2000) - first) / 2000; each > mostPerLogin {
			t.Errorf("got %d bytes for each login that waits, want %d at most", each, mostPerLogin)
		}
		stop()
		<-ended
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}
