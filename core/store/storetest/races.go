package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
)

// racers is how many try the same thing at once.
const racers = 16

func testRaces(t *testing.T, s store.Store) { Races(t, s) }

// Races runs the cases about races over stores of the same rows, whose racers take
// turns at them. Run does so over one.
func Races(t *testing.T, stores ...store.Store) {
	s := stores[0]
	ctx, later := t.Context(), time.Now().Add(time.Hour)
	l, linked := fullLogin("ana", "github"), fullLogin("ana", "gitlab")
	add(t, s, l, linked)
	account := fullAccount(linked)
	end(t, s, linked, &account)
	claimed := fullLogin("bob", "gitlab")
	add(t, s, claimed)
	due := fullAccount(claimed)
	due.Refresh = moment(0)
	end(t, s, claimed, &due)
	must(t, s.SetBack(ctx, l.ID, l.State, []byte("back"), l.Sealed))
	must(t, s.PutNote(ctx, "taken", []byte("value"), later))
	must(t, s.PutNote(ctx, "sealed", []byte("value"), later))

	tests := []struct {
		name string
		lost error // what all but one get
		try  func(s store.Store, i int) error
	}{
		{"AddNote", errLost, func(s store.Store, _ int) error { return fresh(s.AddNote(ctx, "added", nil, later)) }},
		{"TakeNote", store.ErrNotFound, func(s store.Store, _ int) error { _, err := s.TakeNote(ctx, "taken"); return err }},
		{"AddLogin", store.ErrOpen, func(s store.Store, _ int) error { return s.AddLogin(ctx, fullLogin("bob", "github")) }},
		{"KeepLogin", store.ErrStale, func(s store.Store, i int) error {
			return s.KeepLogin(ctx, l.ID, l.Origin, fmt.Append(nil, "origin", i), later, true)
		}},
		{"TakeBack", store.ErrNotFound, func(s store.Store, _ int) error { _, err := s.TakeBack(ctx, []byte("back")); return err }},
		{"ChangeLogin", store.ErrStale, func(s store.Store, i int) error {
			return s.ChangeLogin(ctx, store.Change{ID: l.ID, From: "waiting", State: fmt.Sprint("won by ", i)})
		}},
		{"Reseal", store.ErrStale, func(s store.Store, i int) error {
			return s.Reseal(ctx, store.Blob{In: store.InNote, ID: "sealed", Sealed: []byte("value")}, fmt.Append(nil, "anew", i))
		}},
		{"BeginRefresh", store.ErrStale, func(s store.Store, _ int) error {
			_, err := s.BeginRefresh(ctx, account.ID, account.Version, time.Hour)
			return err
		}},
		{"ClaimRefreshes", errLost, func(s store.Store, _ int) error { return won(s.ClaimRefreshes(ctx, 1, time.Hour)) }},
		{"RenewAccount", store.ErrStale, func(s store.Store, _ int) error { return s.RenewAccount(ctx, account, nil) }},
		{"RemoveAccount", store.ErrNotFound, func(s store.Store, _ int) error {
			_, err := s.RemoveAccount(ctx, "ana", "gitlab", linked.ID)
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var winners atomic.Int32
			race(func(i int) {
				if err := tt.try(stores[i%len(stores)], i); err == nil {
					winners.Add(1)
				} else if !errors.Is(err, tt.lost) {
					t.Errorf("got %v, want %v", err, tt.lost)
				}
			})
			if winners.Load() != 1 {
				t.Errorf("got %d winners of %d, want 1", winners.Load(), racers)
			}
		})
	}
	t.Run("Person", func(t *testing.T) { racePerson(t, stores) })
	t.Run("PutTell", func(t *testing.T) { raceTells(t, stores) })
	t.Run("ClaimLogins", func(t *testing.T) { raceClaims(t, stores) })
}

var errLost = errors.New("lost")

func fresh(ok bool, err error) error {
	if err == nil && !ok {
		return errLost
	}
	return err
}

func won(claimed []store.Account, err error) error { return fresh(len(claimed) > 0, err) }

// race calls f from all racers at once and waits for them.
func race(f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range racers {
		all.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	all.Wait()
}

func racePerson(t *testing.T, stores []store.Store) {
	var got [racers]string
	race(func(i int) {
		id, err := stores[i%len(stores)].Person(t.Context(), "chat", "team", "newcomer")
		if err != nil {
			t.Error(err)
		}
		got[i] = id
	})
	for _, id := range got {
		if id == "" || id != got[0] {
			t.Fatalf("got persons %q, want one", got)
		}
	}
}

func raceTells(t *testing.T, stores []store.Store) {
	race(func(i int) {
		if err := stores[i%len(stores)].PutTell(t.Context(), store.Tell{Key: fmt.Sprint(i), Person: fmt.Sprint(i), Try: moment(0)}); err != nil {
			t.Error(err)
		}
	})
	seen := map[int64]bool{}
	for _, tell := range due(t, stores[0]) {
		seen[tell.Seq] = true
	}
	if len(seen) != racers {
		t.Errorf("got %d different seqs, want %d", len(seen), racers)
	}
}

// raceClaims has racers claim the logins of the dead, a few at a time, until there
// are no more.
func raceClaims(t *testing.T, stores []store.Store) {
	const logins = 4 * racers
	for i := range logins {
		l := fullLogin(fmt.Sprint("claimed ", i), "github")
		l.Owner = "dead"
		add(t, stores[0], l)
	}
	var owners sync.Map
	var claimed atomic.Int32
	race(func(i int) {
		owner := fmt.Sprint("racer ", i)
		for {
			got, err := stores[i%len(stores)].ClaimLogins(t.Context(), owner, []string{"dead"}, 3)
			if err != nil {
				t.Error(err)
			}
			for _, l := range got {
				if other, twice := owners.LoadOrStore(l.ID, owner); twice {
					t.Errorf("login %s is %s's and %s's", l.ID, owner, other)
				}
			}
			if claimed.Add(int32(len(got))); len(got) == 0 {
				return
			}
		}
	})
	if claimed.Load() != logins {
		t.Errorf("got %d of %d logins claimed", claimed.Load(), logins)
	}
}
