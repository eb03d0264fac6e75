package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
)

const lease = 15 * time.Second

// wantReplicas checks who lives.
func wantReplicas(t *testing.T, s store.Store, live int, dead ...string) {
	t.Helper()
	got, gone, err := s.Replicas(t.Context())
	must(t, err)
	slices.Sort(gone)
	if got != live || !slices.Equal(gone, dead) {
		t.Errorf("got %d live and %q dead, want %d and %q", got, gone, live, dead)
	}
}

func wantLease(t *testing.T, s store.Store, key, replica string, want bool) {
	t.Helper()
	if got, err := s.TakeLease(t.Context(), key, replica); err != nil || got != want {
		t.Errorf("%s takes %s: got %v, %v, want %v", replica, key, got, err, want)
	}
}

func testReplicaDies(t *testing.T, s store.Store) {
	ctx := t.Context()
	must(t, s.AddReplica(ctx, "a", lease))
	must(t, s.AddReplica(ctx, "b", lease))
	if err := s.AddReplica(ctx, "a", lease); err == nil {
		t.Error("got no error for an id that was used, want one")
	}
	time.Sleep(lease - time.Millisecond)
	must(t, s.RenewReplica(ctx, "a", lease))
	wantReplicas(t, s, 2)
	time.Sleep(time.Millisecond)
	wantReplicas(t, s, 1, "b")
	wantErr(t, "renew what has run out", s.RenewReplica(ctx, "b", lease), store.ErrStale)
	wantErr(t, "renew what never was", s.RenewReplica(ctx, "c", lease), store.ErrStale)
	wantReplicas(t, s, 1, "b")
	must(t, s.EndReplica(ctx, "b"))
	must(t, s.EndReplica(ctx, "b"))
	wantReplicas(t, s, 1, "b")

	l := fullLogin("ana", "a")
	l.Owner = "a"
	add(t, s, l)
	time.Sleep(2 * time.Hour)
	must(t, s.Sweep(ctx))
	wantReplicas(t, s, 0, "a") // which still owns something
	end(t, s, l, nil)
	must(t, s.Sweep(ctx))
	wantReplicas(t, s, 0)
}

func testLeasePassesOn(t *testing.T, s store.Store) {
	ctx := t.Context()
	must(t, s.AddReplica(ctx, "a", lease))
	wantLease(t, s, "chat", "a", true)
	time.Sleep(lease / 3)
	must(t, s.AddReplica(ctx, "b", lease))
	wantLease(t, s, "chat", "a", true)
	wantLease(t, s, "chat", "b", false)
	wantLease(t, s, "other", "b", true)
	wantLease(t, s, "third", "nobody", false)
	time.Sleep(lease - lease/3)
	wantLease(t, s, "chat", "a", false)
	wantLease(t, s, "chat", "b", true)
	must(t, s.AddReplica(ctx, "c", lease))
	must(t, s.GiveLease(ctx, "chat", "c")) // whose it is not
	wantLease(t, s, "chat", "c", false)
	must(t, s.GiveLease(ctx, "chat", "b"))
	wantLease(t, s, "chat", "c", true)
	must(t, s.EndReplica(ctx, "c"))
	wantLease(t, s, "chat", "b", true)
}

func testClaimFromTheDead(t *testing.T, s store.Store) {
	ctx := t.Context()
	for i := range 10 {
		l := fullLogin("ana", fmt.Sprint(i))
		l.Owner = []string{"", "dead", "gone", "alive"}[i%4]
		add(t, s, l)
	}
	claim := func(owner string, live, want int) {
		t.Helper()
		left, err := s.LeftLogins(ctx, owner, []string{"dead", "gone"}, live)
		must(t, err)
		got, err := s.ClaimLogins(ctx, owner, []string{"dead", "gone"}, left)
		if err != nil || len(got) != want {
			t.Errorf("%s claims: got %d, %v, want %d", owner, len(got), err, want)
		}
		for _, l := range got {
			same(t, "owner of a claimed login", l.Owner, owner)
		}
	}
	claim("b", 3, 4) // of 10 among 3
	claim("b", 3, 0)
	claim("alive", 3, 2) // which has two
	claim("c", 3, 2)     // what is left
	claim("c", 1, 0)
}

func testChangedLogins(t *testing.T, s store.Store) {
	ctx := t.Context()
	kept, ended, idle, foreign := fullLogin("ana", "a"), fullLogin("ana", "b"), fullLogin("ana", "c"), fullLogin("ana", "d")
	foreign.Owner = "other"
	add(t, s, kept, ended, idle, foreign)
	wake := moment(20 * time.Minute)
	must(t, s.KeepLogin(ctx, kept.ID, kept.Origin, kept.Origin, wake, true))
	must(t, s.PaceLogin(ctx, idle.ID, idle.Owner, nil, time.Minute, wake))
	end(t, s, ended, nil)
	end(t, s, foreign, nil)
	got, err := s.ChangedLogins(ctx, "owner", time.Hour)
	must(t, err)
	if len(got) != 2 {
		t.Fatalf("got %+v, want two", got)
	}
	for _, c := range got {
		switch c.ID {
		case kept.ID:
			if !c.Wake.Equal(wake) || !c.Ended.IsZero() || c.State != kept.State {
				t.Errorf("got %+v, want the new wake, its state and no end", c)
			}
		case ended.ID:
			if c.Ended.IsZero() || c.State != "ended" {
				t.Errorf("got %+v, want its end", c)
			}
		default:
			t.Errorf("got %+v, which was not changed", c)
		}
	}
}

func testChangedLately(t *testing.T, s store.Store) {
	l := fullLogin("ana", "a")
	add(t, s, l)
	end(t, s, l, nil)
	wantChanged := func(want int) {
		t.Helper()
		got, err := s.ChangedLogins(t.Context(), "owner", 5*time.Second)
		if err != nil || len(got) != want {
			t.Errorf("got %d changed, %v, want %d", len(got), err, want)
		}
	}
	wantChanged(1)
	time.Sleep(6 * time.Second)
	wantChanged(0)
}

func testClaimTells(t *testing.T, s store.Store) {
	ctx := t.Context()
	for i, owner := range []string{"", "dead", "me", "other"} {
		put(t, s, store.Tell{Key: fmt.Sprint(i), Owner: owner, Try: moment(0)})
	}
	mine := func() (keys []string) {
		t.Helper()
		tells, err := s.DueTells(ctx, "me", 10)
		must(t, err)
		for _, tell := range tells {
			keys = append(keys, tell.Key)
			same(t, "owner of a due tell", tell.Owner, "me")
		}
		return keys
	}
	same(t, "before", mine(), []string{"2"})
	for _, want := range []int{2, 0} {
		if got, err := s.ClaimTells(ctx, "me", []string{"dead"}); err != nil || got != want {
			t.Errorf("got %d claimed, %v, want %d", got, err, want)
		}
	}
	same(t, "after", mine(), []string{"0", "1", "2"})
}

func testTellsInOrder(t *testing.T, s store.Store) {
	ctx := t.Context()
	put(t, s,
		store.Tell{Key: "first", Person: "ana", Try: moment(0)},
		store.Tell{Key: "second", Person: "ana", Try: moment(0)},
		store.Tell{Key: "of another", Person: "bob", Try: moment(0)})
	keys := func() (keys []string) {
		for _, tell := range due(t, s) {
			keys = append(keys, tell.Key)
		}
		return keys
	}
	same(t, "at first", keys(), []string{"first", "of another"})
	seq := due(t, s)[0].Seq
	for range store.Patience - 1 {
		must(t, s.RetryTell(ctx, "first", seq, time.Hour))
	}
	same(t, "while the first is tried again", keys(), []string{"of another"})
	must(t, s.RetryTell(ctx, "first", seq, time.Hour))
	same(t, "once patience ends", keys(), []string{"second", "of another"})
	must(t, s.DropTell(ctx, "first", seq))
	same(t, "once the first is told", keys(), []string{"second", "of another"})
}
