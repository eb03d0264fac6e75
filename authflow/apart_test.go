package authflow_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
)

// apart runs f where tokens are revoked one by one.
func apart(t *testing.T, f func(w *world, p *authflow.Provider)) {
	t.Helper()
	bubble(t, setup{server: authtest.Options{TokenLifetime: 10 * time.Minute}, inMemory: true}, func(w *world) {
		p := w.Providers()[0]
		p.Apart = true
		f(w, &p)
	})
}

// offer has a process begin that offers p alone.
func (w *world) offer(p authflow.Provider) {
	w.providers = []authflow.Provider{p}
	w.restart()
}

// TestReplacedTokensAreRevoked where they stand apart, so that giving up the access
// leaves none.
func TestReplacedTokensAreRevoked(t *testing.T) {
	apart(t, func(w *world, p *authflow.Provider) {
		w.offer(*p)
		w.link("alice", "octocat")
		w.link("bob", "octocat")
		w.link("alice", "octocat")
		w.sleep(time.Second)
		if n := len(w.srv.Requests(authtest.Revocation)); n != 1 {
			w.Errorf("got %d revocations, want 1, of the token that was replaced", n)
		}
		for _, person := range []string{"alice", "bob"} {
			if who := w.whoami(person); who != "octocat" {
				w.Errorf("got %q for %s, want octocat still", who, person)
			}
		}
	})
}

// TestSameTokenAgain: a provider that gives the one that it gave before has nothing to
// revoke.
func TestSameTokenAgain(t *testing.T) {
	apart(t, func(w *world, _ *authflow.Provider) {
		f := &fake{name: "auth"}
		p, revoked := f.provider("auth"), 0
		p.Apart = true
		p.Revoke = func(context.Context, *http.Client, authflow.Token) error { revoked++; return nil }
		w.offer(p)
		f.grants()
		for range 2 {
			l := w.start("alice")
			w.sleep(6 * time.Second)
			w.wantState(l, "linked auth")
		}
		if revoked != 0 {
			w.Errorf("got %d revocations, want none", revoked)
		}
	})
}

// TestLostRefreshIsNotRevoked: the account goes on with a token of the same login.
func TestLostRefreshIsNotRevoked(t *testing.T) {
	apart(t, func(w *world, p *authflow.Provider) {
		refresh, crossed := p.Refresh, false
		p.Refresh = func(ctx context.Context, c *http.Client, t authflow.Token) (authflow.Token, error) {
			if !crossed {
				crossed = true
				row, err := w.db.Account(ctx, "alice", "auth")
				w.must(err)
				row.Refresh = time.Now().Add(time.Minute)
				w.must(w.db.RenewAccount(ctx, row, nil))
			}
			return refresh(ctx, c, t)
		}
		w.offer(*p)
		w.link("alice", "octocat")
		w.sleep(10 * time.Minute)
		if n := len(w.srv.Requests(authtest.Revocation)); n != 0 || !crossed {
			w.Errorf("got %d revocations, want none; refreshed: %v", n, crossed)
		}
	})
}
