package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// TestNewSecret changes the secret under people who have signed in, who are about
// to, and who look at a button.
func TestNewSecret(t *testing.T) {
	w, bin := newWorld(t), build(t)
	settings := func(now, previous string) []string {
		return w.settings("USHER_PROVIDERS=acme", "ACME_TITLE=Acme", "ACME_ISSUER="+w.auth.URL(), "ACME_CLIENT_ID=app",
			"USHER_SECRET="+now, "USHER_SECRET_PREVIOUS="+previous)
	}
	ready := func(now, previous string) *serving {
		t.Helper()
		s := begin(t, settings(now, previous))
		s.log.wait(t, "msg=ready")
		return s
	}
	const newer = "another secret that is long enough for it"
	approve := func(code string) {
		t.Helper()
		if err := w.auth.Approve(code, w.auth.User("octocat")); err != nil {
			t.Fatal(err)
		}
	}

	s := ready(secret, "")
	w.chat.Say("alice", coretest.Direct, "/login acme")
	w.sees(t, "Sign in to Acme")
	approve(w.auth.Pending()[0])
	w.sees(t, "Signed in as octocat on Acme")
	cards := map[string]coretest.Seen{}
	for _, who := range []string{"bob", "carol"} {
		w.chat.Say(who, coretest.Direct, "/login acme")
		cards[who] = w.seenBy(t, who, "Sign in to Acme")
	}
	s.stop(t)
	s = begin(t, settings(newer, ""))
	if code := s.code(t); code != 1 || !strings.Contains(s.log.String(), "USHER_SECRET is not the secret") {
		t.Errorf("before: got code %d and\n%s\nwant a refusal", code, &s.log)
	}

	s = ready(newer, secret)
	rotate := exec.CommandContext(t.Context(), bin, "keys", "rotate")
	rotate.Dir, rotate.Env = t.TempDir(), settings(newer, secret)
	said, err := rotate.CombinedOutput()
	if err != nil || !strings.Contains(string(said), "account             1 sealed anew\n") ||
		!strings.Contains(string(said), "USHER_SECRET_PREVIOUS may be removed now") {
		t.Errorf("got %v and\n%s", err, said)
	}
	if err := w.chat.Press("bob", cards["bob"], "Cancel"); err != nil { // signed with the old secret
		t.Fatal(err)
	}
	w.seenBy(t, "bob", "Cancelled")
	s.stop(t)

	s = ready(newer, "")
	for _, code := range w.auth.Pending() {
		approve(code)
	}
	w.seenBy(t, "carol", "Signed in as octocat on Acme")
	w.chat.Say("alice", coretest.Direct, "/whoami")
	w.sees(t, "octocat")
	s.stop(t)
	for _, hidden := range []string{secret, newer} {
		if strings.Contains(s.log.String()+string(said), hidden) {
			t.Error("got a secret in what is said")
		}
	}
}

// TestRotateCommandLines shows what an operator reads.
func TestRotateCommandLines(t *testing.T) {
	const newer = "another secret that is long enough for it"
	w := newWorld(t)
	s := begin(t, w.settings())
	s.log.wait(t, "msg=ready")
	s.stop(t)
	db, err := sqlstore.Open(t.Context(), filepath.Join(w.dir, "usher.db"))
	if err != nil {
		t.Fatal(err)
	}
	third, err := seal.NewKeys("a third secret that nobody has any more", "")
	if err != nil {
		t.Fatal(err)
	}
	blob := third.Seal(nil, store.InNote, "foreign", "")
	if err := db.PutNote(t.Context(), "foreign", blob, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		environ []string
		want    []string
	}{
		{"no settings", nil, []string{"usher: wrong settings:\n  USHER_SECRET: is missing"}},
		{"no previous secret", w.settings(), []string{"usher: USHER_SECRET_PREVIOUS is missing"}},
		{"no store", w.settings("USHER_SECRET_PREVIOUS="+newer, "USHER_STORE="+filepath.Join(w.dir, "none.db")), []string{"none.db: no such file"}},
		{"other secrets", w.settings("USHER_SECRET="+newer, "USHER_SECRET_PREVIOUS="+newer+"x"), []string{"usher: seal with the new secret: USHER_SECRET is not the secret"}},
		{"something foreign", w.settings("USHER_SECRET="+newer, "USHER_SECRET_PREVIOUS="+secret), []string{
			"note                0 sealed anew\n", "note foreign: sealed with another secret", "usher: neither secret opens the above (1)",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var o output
			code := run(t.Context(), []string{"keys", "rotate"}, tt.environ, &o, &o)
			if code != 1 {
				t.Errorf("got code %d, want 1", code)
			}
			for _, want := range tt.want {
				if !strings.Contains(o.String(), want) {
					t.Errorf("got\n%s\nwant %q", &o, want)
				}
			}
		})
	}
	if _, err := os.Stat(filepath.Join(w.dir, "none.db")); err == nil {
		t.Error("a store was made")
	}
}
