package storetest

import (
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
)

func testChangeReplaces(t *testing.T, s store.Store) {
	base := fullLogin("ana", "github")
	tests := []struct {
		name   string
		change store.Change
		want   func(*store.Login)
	}{
		{"only the state, which wipes what is sealed", store.Change{}, func(l *store.Login) { l.Sealed = nil }},
		{"sealed", store.Change{Sealed: []byte("token")}, func(l *store.Login) { l.Sealed = []byte("token") }},
		{
			"all of it", store.Change{
				Sealed: []byte("token"), Origin: []byte("new"), Was: base.Origin, Owner: base.Owner,
				Expires: base.Expires.Add(time.Hour), Due: base.Due.Add(time.Hour),
			}, func(l *store.Login) {
				l.Sealed, l.Origin = []byte("token"), []byte("new")
				l.Expires, l.Due = base.Expires.Add(time.Hour), base.Due.Add(time.Hour)
			},
		},
	}
	for _, tt := range tests {
		l := base
		l.ID, l.Provider, l.Start = store.NewID(), tt.name, []byte(tt.name)
		add(t, s, l)
		tt.change.ID, tt.change.From, tt.change.State = l.ID, "waiting", "granted"
		must(t, s.ChangeLogin(t.Context(), tt.change))
		l.State = "granted"
		tt.want(&l)
		same(t, tt.name, read(t, s, l.ID), l)
	}
}

func testChangeRequires(t *testing.T, s store.Store) {
	l, ended := fullLogin("ana", "github"), fullLogin("bob", "github")
	add(t, s, l, ended)
	end(t, s, ended, nil)
	tests := []struct {
		name   string
		change store.Change
	}{
		{"another state", store.Change{ID: l.ID, From: "granted"}},
		{"no state", store.Change{ID: l.ID}},
		{"another owner", store.Change{ID: l.ID, From: l.State, Owner: "other"}},
		{"another origin", store.Change{ID: l.ID, From: l.State, Was: []byte("other")}},
		{"one that has ended", store.Change{ID: ended.ID, From: "ended"}},
		{"none at all", store.Change{ID: "none", From: l.State}},
	}
	for _, tt := range tests {
		account := fullAccount(l)
		tt.change.State, tt.change.Account = "changed", &account
		tt.change.Tell = &store.Tell{Key: tt.name, Person: "ana", Try: moment(0)}
		wantErr(t, tt.name, s.ChangeLogin(t.Context(), tt.change), store.ErrStale)
	}
	same(t, "the login that was not changed", read(t, s, l.ID), l)
	_, err := s.Account(t.Context(), "ana", "github")
	wantErr(t, "the account that was not linked", err, store.ErrNotFound)
	if tells, err := s.DueTells(t.Context(), "", 1); err != nil || len(tells) > 0 {
		t.Errorf("got %+v, %v due, want nothing", tells, err)
	}
}

func testChangeLinks(t *testing.T, s store.Store) {
	l := fullLogin("ana", "github")
	add(t, s, l)
	account := fullAccount(l)
	tell := store.Tell{Key: "login:" + l.ID, Person: "ana", Payload: l.ID, Try: moment(0), GiveUp: moment(time.Minute)}
	must(t, s.ChangeLogin(t.Context(), store.Change{
		ID: l.ID, From: "waiting", State: "linked", Sealed: []byte("left over"), Ended: true, Account: &account, Tell: &tell,
	}))
	got := read(t, s, l.ID)
	if got.State != "linked" || got.Ended.IsZero() || len(got.Sealed) > 0 || string(got.Origin) != string(l.Origin) {
		t.Errorf("got %+v, want it linked and ended, its origin kept and nothing sealed", got)
	}
	same(t, "the account", readAccount(t, s, "ana", "github"), account)
	tells := due(t, s)
	if len(tells) != 1 || tells[0].Seq < 1 {
		t.Fatalf("got tells %+v, want one with a seq", tells)
	}
	tell.Seq = tells[0].Seq
	same(t, "the tell", tells[0], tell)
}

func testChangeIsWhole(t *testing.T, s store.Store) {
	first, l := fullLogin("ana", "github"), fullLogin("bob", "github")
	add(t, s, first, l)
	taken := fullAccount(first)
	end(t, s, first, &taken)

	clash := fullAccount(l)
	clash.ID = taken.ID
	err := s.ChangeLogin(t.Context(), store.Change{
		ID: l.ID, From: "waiting", State: "linked", Ended: true, Account: &clash,
		Tell: &store.Tell{Key: "key", Person: "bob", Try: moment(0)},
	})
	if err == nil {
		t.Fatal("got an account with the id of another one, want an error")
	}
	same(t, "the login of a change that failed", read(t, s, l.ID), l)
	same(t, "the account that was there", readAccount(t, s, "ana", "github"), taken)
	same(t, "what is to be told", due(t, s), nil)
}

func testReplaceAccount(t *testing.T, s store.Store) {
	var want store.Account
	for version := int64(1); version <= 3; version++ {
		l := fullLogin("ana", "github")
		add(t, s, l)
		want = fullAccount(l)
		want.Name, want.Version = "name "+l.ID, version
		end(t, s, l, &want)
	}
	same(t, "the account linked last", readAccount(t, s, "ana", "github"), want)

	stale := fullLogin("ana", "github")
	add(t, s, stale)
	for _, version := range []int64{0, 1, 3, 5} {
		other := fullAccount(stale)
		other.Version = version
		err := s.ChangeLogin(t.Context(), store.Change{ID: stale.ID, From: stale.State, State: "linked", Ended: true, Account: &other})
		wantErr(t, "link over another version than the one before", err, store.ErrStale)
	}
	same(t, "the login whose account was not linked", read(t, s, stale.ID), stale)
	same(t, "the account that nothing was linked over", readAccount(t, s, "ana", "github"), want)

	bare := fullLogin("bob", "github")
	add(t, s, bare)
	want = store.Account{ID: store.NewID(), Person: "bob", Provider: "github", Version: 1}
	end(t, s, bare, &want)
	same(t, "a bare account", readAccount(t, s, "bob", "github"), want)
}

func testAccountsOf(t *testing.T, s store.Store) {
	var want []store.Account
	for _, provider := range []string{"twitch", "github", "google"} {
		l := fullLogin("ana", provider)
		add(t, s, l, fullLogin("bob", provider))
		a := fullAccount(l)
		end(t, s, l, &a)
		want = append(want, a)
	}
	got, err := s.AccountsOf(t.Context(), "ana")
	must(t, err)
	for i := range got {
		got[i] = plain(got[i])
	}
	same(t, "accounts", got, []store.Account{want[1], want[2], want[0]})
	if got, err := s.AccountsOf(t.Context(), "bob"); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v of bob, want none", got, err)
	}
	_, err = s.Account(t.Context(), "ana", "gitlab")
	wantErr(t, "read no account", err, store.ErrNotFound)
}

func testRemoveAccount(t *testing.T, s store.Store) {
	l, other := fullLogin("ana", "github"), fullLogin("ana", "gitlab")
	add(t, s, l, other)
	a, b := fullAccount(l), fullAccount(other)
	end(t, s, l, &a)
	end(t, s, other, &b)
	remove := func(linkedBy string) (store.Account, error) {
		return s.RemoveAccount(t.Context(), "ana", "github", linkedBy)
	}

	_, err := remove(other.ID)
	wantErr(t, "remove what another login linked", err, store.ErrNotFound)
	got, err := remove(l.ID)
	must(t, err)
	same(t, "the removed account", plain(got), a)
	_, err = remove("")
	wantErr(t, "remove it again", err, store.ErrNotFound)
	same(t, "the account that stays", readAccount(t, s, "ana", "gitlab"), b)
	got, err = s.RemoveAccount(t.Context(), "ana", "gitlab", "")
	must(t, err)
	same(t, "the account removed whoever linked it", plain(got), b)
}
