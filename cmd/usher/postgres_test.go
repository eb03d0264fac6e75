//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/store/storetest/pgtest"
)

// TestPostgres keeps a login in a database that two bots share, one after the
// other and both at once.
func TestPostgres(t *testing.T) {
	w := newWorld(t)
	db := pgtest.Start(t)
	url := db.Database(t)
	settings := w.settings("USHER_STORE="+url, "USHER_PROVIDERS=acme", "ACME_TITLE=Acme", "ACME_ISSUER="+w.auth.URL(), "ACME_CLIENT_ID=app")
	first := begin(t, settings)
	first.log.wait(t, "msg=ready")
	w.chat.Say("alice", coretest.Direct, "/login acme")
	w.sees(t, "Sign in to Acme")
	first.stop(t)

	second := begin(t, settings)
	second.log.wait(t, "msg=ready")
	third := begin(t, settings)
	third.log.wait(t, "msg=ready")
	db.Kill(t)
	third.log.wait(t, "cannot be reached")
	db.Run(t)
	if err := w.auth.Approve(w.auth.Pending()[0], w.auth.User("octocat")); err != nil {
		t.Fatal(err)
	}
	w.sees(t, "Signed in as octocat on Acme")
	second.stop(t)
	w.chat.Say("alice", coretest.Direct, "/whoami")
	w.sees(t, "octocat")
	third.stop(t)

	wrong := begin(t, w.settings("USHER_STORE="+strings.Replace(url, "hunter2", "hunter3", 1)))
	if code := wrong.code(t); code != 1 || !strings.Contains(wrong.log.String(), "refuses the user and password in its URL; mend them") {
		t.Errorf("got exit code %d and\n%s\nwant 1 and what to mend", code, &wrong.log)
	}
	for _, s := range []*serving{first, second, third, wrong} {
		if strings.Contains(s.log.String(), "hunter") {
			t.Errorf("got the password in the log\n%s", &s.log)
		}
	}
}
