package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
)

func testPerson(t *testing.T, s store.Store) {
	users := []store.ChatUser{
		{Platform: "one", Team: "", User: "7"},
		{Platform: "one", Team: "", User: "8"},
		{Platform: "one", Team: "7", User: ""},
		{Platform: "two", Team: "", User: "7"},
		{Platform: "two", Team: "T1", User: "7"},
		{Platform: "two", Team: "T2", User: "7"},
	}
	seen := map[string]store.ChatUser{}
	for _, u := range users {
		id, err := s.Person(t.Context(), u.Platform, u.Team, u.User)
		must(t, err)
		if before, ok := seen[id]; ok || id == "" {
			t.Errorf("got person %q for %v, who is that of %v", id, u, before)
		}
		seen[id] = u
	}
	for id, u := range seen {
		again, err := s.Person(t.Context(), u.Platform, u.Team, u.User)
		must(t, err)
		same(t, "the person at second sight", again, id)
		got, err := s.Users(t.Context(), id)
		must(t, err)
		same(t, "the users of a person", got, []store.ChatUser{u})
	}
	none, err := s.Users(t.Context(), "nobody")
	if err != nil || len(none) != 0 {
		t.Errorf("got users %v, %v of nobody, want none", none, err)
	}
}

func testMembers(t *testing.T, s store.Store) {
	want := map[string]bool{}
	for _, u := range []store.ChatUser{
		{Platform: "two", Team: "T1", User: "7"},
		{Platform: "two", Team: "T1", User: "8"},
		{Platform: "two", Team: "T2", User: "7"},
		{Platform: "one", Team: "T1", User: "7"},
	} {
		id, err := s.Person(t.Context(), u.Platform, u.Team, u.User)
		must(t, err)
		if u.Platform == "two" && u.Team == "T1" {
			want[id] = true
		}
	}
	members := func(limit, n int) {
		t.Helper()
		got, err := s.Members(t.Context(), "two", "T1", limit)
		must(t, err)
		if len(got) != n {
			t.Errorf("got %d members, want %d", len(got), n)
		}
		for _, id := range got {
			if !want[id] {
				t.Errorf("got %s, who is no member", id)
			}
		}
	}
	members(1, 1)
	members(10, 2)
}

func testForget(t *testing.T, s store.Store) {
	ctx := t.Context()
	ana, err := s.Person(ctx, "chat", "", "ana")
	must(t, err)
	bob, err := s.Person(ctx, "chat", "", "bob")
	must(t, err)
	var open []store.Login
	for _, person := range []string{ana, bob} {
		won, waits := fullLogin(person, "github"), fullLogin(person, "gitlab")
		add(t, s, won, waits)
		account := fullAccount(won)
		end(t, s, won, &account)
		must(t, s.PutTell(ctx, store.Tell{Key: won.ID, Person: person, Payload: won.ID, Try: moment(0)}))
		open = append(open, waits)
	}

	must(t, s.Forget(ctx, ana))
	must(t, s.Forget(ctx, ana))
	must(t, s.Forget(ctx, "nobody"))

	for person, want := range map[string]int{ana: 0, bob: 1} {
		users, err := s.Users(ctx, person)
		must(t, err)
		logins, err := s.OpenLogins(ctx, person)
		must(t, err)
		accounts, err := s.AccountsOf(ctx, person)
		must(t, err)
		starts, err := s.CountStarts(ctx, time.Time{}, person, "", "")
		must(t, err)
		same(t, "users, logins, accounts and starts of "+person,
			[]int{len(users), len(logins), len(accounts), starts.Person.N}, []int{want, want, want, 2 * want})
	}
	tells, err := s.DueTells(ctx, "", 10)
	must(t, err)
	if len(tells) != 1 || tells[0].Person != bob {
		t.Errorf("got tells %+v, want the one of %s", tells, bob)
	}
	_, err = s.Login(ctx, open[0].ID)
	wantErr(t, "read a forgotten login", err, store.ErrNotFound)
	wantErr(t, "change a forgotten login",
		s.ChangeLogin(ctx, store.Change{ID: open[0].ID, From: "waiting", State: "granted"}), store.ErrStale)
	again, err := s.Person(ctx, "chat", "", "ana")
	must(t, err)
	if slices.Contains([]string{ana, bob, ""}, again) {
		t.Errorf("got person %q after forgetting, want a new one", again)
	}
}
