package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
)

// testRestart writes a row of each kind and looks for it after a restart.
func testRestart(t *testing.T, open Opener) {
	s, restart := open(t)
	ctx := t.Context()
	must(t, s.AddReplica(ctx, "owner", 0)) // which has run out
	person, err := s.Person(ctx, "chat", "team", "ana")
	must(t, err)
	l, won := fullLogin(person, "github"), fullLogin(person, "gitlab")
	add(t, s, l, won)
	account := fullAccount(won)
	end(t, s, won, &account)
	must(t, s.PutNote(ctx, "note", []byte("value"), time.Now().Add(time.Hour)))
	tell := store.Tell{Key: "kept", Person: person, Payload: won.ID, Try: moment(0)}
	put(t, s, tell, store.Tell{Key: "newest", Try: moment(0)})
	newest := due(t, s)[1].Seq
	must(t, s.DropTell(ctx, "newest", newest))
	ended := read(t, s, won.ID)

	s = restart()
	again, err := s.Person(ctx, "chat", "team", "ana")
	must(t, err)
	same(t, "the person", again, person)
	same(t, "the open login", read(t, s, l.ID), l)
	same(t, "the ended login", read(t, s, won.ID), ended)
	same(t, "the account", readAccount(t, s, person, "gitlab"), account)
	wantNote(t, s, "note", "value")
	got := due(t, s)
	same(t, "keys due", len(got), 1)
	same(t, "the tell", got[0].Payload, won.ID)
	put(t, s, store.Tell{Key: "later", Try: moment(0)})
	if got := due(t, s)[1].Seq; got <= newest {
		t.Errorf("got seq %d after a restart, want more than %d", got, newest)
	}
	live, dead, err := s.Replicas(ctx)
	must(t, err)
	if live != 0 || !slices.Equal(dead, []string{l.Owner}) {
		t.Errorf("got %d live processes and %q dead, want the last one dead", live, dead)
	}
	claimed, err := s.ClaimLogins(ctx, "the new process", dead, 10)
	must(t, err)
	same(t, "logins of the last process", ids(claimed), []string{l.ID})
}
