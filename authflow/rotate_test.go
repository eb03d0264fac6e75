package authflow_test

import (
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// wantCurrent looks whether all that is sealed was sealed with the secret of now.
func (w *world) wantCurrent(what string, in ...string) {
	w.Helper()
	for _, in := range in {
		blobs, err := w.db.Blobs(w.Context(), in, "", 100)
		if err != nil || len(blobs) == 0 {
			w.Errorf("got %d blobs in %s, %v", len(blobs), in, err)
		}
		for _, b := range blobs {
			if !w.keys.Current(b.Sealed) {
				w.Errorf("%s: %s of %s was sealed with the previous secret", what, in, b.Person)
			}
		}
	}
}

// TestNewSecret changes the secret in three steps, under logins that wait, that
// have a token and that are to be confirmed.
func TestNewSecret(t *testing.T) {
	bubble(t, setup{inMemory: true}, func(w *world) {
		keys := func(now, previous seal.Secret) seal.Keys {
			k, err := seal.NewKeys(now, previous)
			w.must(err)
			return k
		}
		const first, second = "an operator's secret for tests, long enough", "the secret that an operator has from now on"
		w.link("alice", "octocat")
		l := w.start("alice")
		w.approve(l, "hubot")
		w.srv.Break(authtest.UserInfo, authtest.Unavailable(0), authtest.Unavailable(0), authtest.Unavailable(0))
		w.sleep(8 * time.Second)
		w.wantState(l, "granted")

		w.keys = keys(second, first)
		w.restart()
		w.sleep(aWhile)
		w.wantState(l, "confirming hubot")
		w.wantCurrent("a step was taken", store.InLogin) // or a rotation could be undone
		waiting := w.start("bob")

		lost, err := core.Rotate(w.Context(), w.db, w.keys, func(string, int) {})
		if err != nil || len(lost) > 0 {
			w.Fatalf("got %v and lost %v", err, lost)
		}
		w.wantCurrent("all was rotated", store.InLogin, store.InOrigin, store.InAccount)

		w.keys = keys(second, "")
		w.restart()
		w.approve(waiting, "hubot")
		w.sleep(30 * time.Second)
		w.wantState(waiting, "linked hubot")
		if got := w.whoami("alice"); got != "octocat" {
			w.Errorf("got %s, want octocat", got)
		}
		_, err = w.Confirm(w.Context(), l.ID, "")
		w.must(err)
		if got := w.whoami("alice"); got != "hubot" {
			w.Errorf("got %s, want hubot", got)
		}
	})
}
