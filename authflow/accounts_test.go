package authflow_test

import (
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
)

func TestAccounts(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		_, err := w.Accounts().Get(w.Context(), "alice", "auth")
		w.wantErr(err, authflow.ErrNotLinked)
		_, err = w.Accounts().Client(w.Context(), "alice", "auth")
		w.wantErr(err, authflow.ErrNotLinked)
		_, err = w.Accounts().Client(w.Context(), "alice", "nobody")
		w.wantErr(err, authflow.ErrNoProvider)

		l := w.start("alice")
		w.approve(l, "octocat")
		w.sleep(4 * time.Second)
		_, err = w.Accounts().Get(w.Context(), "alice", "auth")
		w.wantErr(err, authflow.ErrNotLinked) // not before it is linked
		w.sleep(2 * time.Second)

		a, err := w.Accounts().Get(w.Context(), "alice", "auth")
		who := authflow.Identity{Issuer: w.srv.URL(), Subject: "583231", Name: "octocat", URL: "https://github.com/octocat"}
		if err != nil || a.Who != who || a.Title != "auth.example" || a.State != authflow.Good || a.Expires.Sub(a.LinkedAt) != time.Hour {
			w.Errorf("got %+v, %v, want octocat for an hour", a, err)
		}
		all, err := w.Accounts().List(w.Context(), "alice")
		if err != nil || len(all) != 1 || all[0].Who != who {
			w.Errorf("got %+v, %v, want octocat alone", all, err)
		}
		if all, err := w.Accounts().List(w.Context(), "bob"); err != nil || len(all) != 0 {
			w.Errorf("got %+v, %v of bob, want none", all, err)
		}
		if got := w.whoami("alice"); got != "octocat" {
			w.Errorf("got %s, want octocat", got)
		}
	})
}

func TestAccountExpires(t *testing.T) {
	bubble(t, setup{server: authtest.Options{TokenLifetime: time.Minute, NoRefresh: true}}, func(w *world) {
		w.approve(w.start("alice"), "octocat")
		w.sleep(time.Minute + 4*time.Second + 999*time.Millisecond)
		w.whoami("alice")
		w.sleep(time.Millisecond)
		_, err := w.Accounts().Client(w.Context(), "alice", "auth")
		w.wantErr(err, authflow.ErrSignInAgain)
		if a, err := w.Accounts().Get(w.Context(), "alice", "auth"); err != nil || a.State != authflow.Over {
			w.Errorf("got it %s, %v, want it over", a.State, err)
		}
		w.link("alice", "octocat")
		if a, err := w.Accounts().Get(w.Context(), "alice", "auth"); err != nil || a.State != authflow.Good {
			w.Errorf("got it %s, %v after another login, want it good", a.State, err)
		}
	})
}

func TestAccountRemove(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		first := w.link("alice", "octocat")
		second := w.link("alice", "octocat")
		_, _, err := w.Accounts().Remove(w.Context(), "alice", "auth", first.ID)
		w.wantErr(err, authflow.ErrNotLinked) // a later login has linked it since
		if got := w.whoami("alice"); got != "octocat" || len(w.srv.Requests(authtest.Revocation)) > 0 {
			w.Errorf("got %s, want the account to stay and nothing revoked", got)
		}
		a, _, err := w.Accounts().Remove(w.Context(), "alice", "auth", second.ID)
		if err != nil || a.Who.Name != "octocat" {
			w.Errorf("got %+v, %v, want octocat", a, err)
		}
		_, _, err = w.Accounts().Remove(w.Context(), "alice", "auth", "")
		w.wantErr(err, authflow.ErrNotLinked)

		w.link("alice", "hubot") // no account is there to confirm against
		if a, _, err := w.Accounts().Remove(w.Context(), "alice", "auth", ""); err != nil || a.Who.Name != "hubot" {
			w.Errorf("got %+v, %v, want hubot", a, err)
		}
		w.sleep(10 * time.Minute) // as many may be started again
		w.link("alice", "octocat")
		for verb, f := range map[string]func() error{
			"Account":       func() error { _, err := w.Accounts().Get(w.Context(), "alice", "auth"); return err },
			"AccountsOf":    func() error { _, err := w.Accounts().List(w.Context(), "alice"); return err },
			"RemoveAccount": func() error { _, _, err := w.Accounts().Remove(w.Context(), "alice", "auth", ""); return err },
		} {
			w.db.fail(verb, 1)
			w.wantErr(f(), errBroken)
		}
	})
}

// TestAccountOfAProviderThatIsGone can still be seen and removed.
func TestAccountOfAProviderThatIsGone(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		w.link("alice", "octocat")
		w.providers = []authflow.Provider{{Name: "other"}}
		w.restart()
		all, err := w.Accounts().List(w.Context(), "alice")
		if err != nil || len(all) != 1 || all[0].Title != "auth" || all[0].Who.Name != "octocat" {
			w.Errorf("got %+v, %v, want octocat at auth", all, err)
		}
		if _, _, err := w.Accounts().Remove(w.Context(), "alice", "auth", ""); err != nil {
			w.Error(err)
		}
	})
}

// TestAccountMovedInTheStore has somebody with the file, and without the secret,
// give one person the token of another.
func TestAccountMovedInTheStore(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		w.approve(w.start("alice"), "octocat")
		w.sleep(6 * time.Second)
		row, err := w.db.Account(w.Context(), "alice", "auth")
		if err != nil {
			w.Fatal(err)
		}
		w.db.moved = &row
		row.Person = "bob"
		c, err := w.Accounts().Client(w.Context(), "bob", "auth")
		if err == nil || c != nil {
			w.Errorf("got a client, %v, want an error", err)
		}
		w.keepErr(err)
	})
}
