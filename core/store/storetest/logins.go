package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
)

func testLoginRoundTrip(t *testing.T, s store.Store) {
	full := fullLogin("ana", "github")
	bare := store.Login{ID: store.NewID(), Person: "ana", Provider: "gitlab", Created: moment(0)}
	add(t, s, full, bare)
	same(t, "a full login", read(t, s, full.ID), full)
	same(t, "a bare login", read(t, s, bare.ID), bare)

	fine := fullLogin("bob", "github")
	fine.Expires = fine.Expires.Add(123456 * time.Nanosecond)
	add(t, s, fine)
	if got := read(t, s, fine.ID).Expires; fine.Expires.Sub(got).Abs() >= time.Millisecond {
		t.Errorf("got %v, want %v to the millisecond", got, fine.Expires)
	}
	_, err := s.Login(t.Context(), "none")
	wantErr(t, "read no login", err, store.ErrNotFound)
}

func testOneOpenLogin(t *testing.T, s store.Store) {
	first, second := fullLogin("ana", "github"), fullLogin("ana", "github")
	second.State = "other"
	add(t, s, first, fullLogin("ana", "gitlab"), fullLogin("bob", "github"))
	wantErr(t, "add a second one", s.AddLogin(t.Context(), second), store.ErrOpen)
	same(t, "the first one", read(t, s, first.ID), first)
	_, err := s.Login(t.Context(), second.ID)
	wantErr(t, "read the second one", err, store.ErrNotFound)

	end(t, s, first, nil)
	add(t, s, second)
	wantErr(t, "add a third one", s.AddLogin(t.Context(), fullLogin("ana", "github")), store.ErrOpen)
}

func testOpenLogins(t *testing.T, s store.Store) {
	late, early, ended := fullLogin("ana", "a"), fullLogin("ana", "b"), fullLogin("ana", "c")
	late.Created = moment(time.Minute)
	add(t, s, late, early, ended, fullLogin("bob", "a"))
	end(t, s, ended, nil)
	got, err := s.OpenLogins(t.Context(), "ana")
	must(t, err)
	same(t, "open logins", ids(got), []string{early.ID, late.ID})
	got, err = s.OpenLogins(t.Context(), "nobody")
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, %v of nobody, want none", got, err)
	}
}

func testClaim(t *testing.T, s store.Store) {
	var want []string
	for _, provider := range []string{"a", "b", "c", "d"} {
		l := fullLogin("ana", provider)
		l.Owner = ""
		add(t, s, l)
		want = append(want, l.ID)
	}
	mine, ended := fullLogin("bob", "a"), fullLogin("bob", "b")
	mine.Owner, ended.Owner = "me", ""
	add(t, s, mine, ended)
	end(t, s, ended, nil)

	var claimed []string
	for _, size := range []int{3, 1, 0} {
		got, err := s.ClaimLogins(t.Context(), "me", nil, 3)
		must(t, err)
		if len(got) != size {
			t.Fatalf("got %d logins claimed, want %d", len(got), size)
		}
		for _, l := range got {
			same(t, "owner of a claimed login", l.Owner, "me")
			claimed = append(claimed, l.ID)
		}
	}
	slices.Sort(claimed)
	slices.Sort(want)
	same(t, "claimed logins", claimed, want)
	same(t, "owner in the row", read(t, s, want[0]).Owner, "me")
	same(t, "an ended login's owner", read(t, s, ended.ID).Owner, "")
}

func testKeep(t *testing.T, s store.Store) {
	ctx := t.Context()
	l := fullLogin("ana", "github")
	l.Shown, l.Wake, l.Origin = false, time.Time{}, nil
	add(t, s, l)
	keep := func(was, origin string, wake time.Time, shown bool) error {
		return s.KeepLogin(ctx, l.ID, []byte(was), []byte(origin), wake, shown)
	}

	wake := moment(time.Minute)
	must(t, keep("", "first", wake, true))
	l.Origin, l.Wake, l.Shown = []byte("first"), wake, true
	same(t, "a kept login", read(t, s, l.ID), l)
	wantErr(t, "keep what was never so", keep("", "second", time.Time{}, true), store.ErrStale)
	wantErr(t, "keep what is no more so", keep("zeroth", "second", time.Time{}, true), store.ErrStale)
	same(t, "a login kept in vain", read(t, s, l.ID), l)

	must(t, keep("first", "second", time.Time{}, false))
	l.Origin, l.Wake, l.Shown = []byte("second"), time.Time{}, false
	same(t, "a login to be shown elsewhere", read(t, s, l.ID), l)
	end(t, s, l, nil)
	wantErr(t, "keep an ended login", keep("second", "third", time.Time{}, true), store.ErrStale)
	wantErr(t, "keep no login", s.KeepLogin(ctx, "none", nil, nil, time.Time{}, true), store.ErrStale)
}

func testPace(t *testing.T, s store.Store) {
	ctx := t.Context()
	l := fullLogin("ana", "github")
	add(t, s, l)
	due := moment(time.Minute)
	must(t, s.PaceLogin(ctx, l.ID, l.Owner, []byte("slower"), 10*time.Second, due))
	l.Sealed, l.Interval, l.Due = []byte("slower"), 10*time.Second, due
	same(t, "a paced login", read(t, s, l.ID), l)
	wantErr(t, "pace another's login", s.PaceLogin(ctx, l.ID, "other", nil, time.Second, due), store.ErrStale)
	wantErr(t, "pace no login", s.PaceLogin(ctx, "none", l.Owner, nil, time.Second, due), store.ErrStale)
	same(t, "a login paced in vain", read(t, s, l.ID), l)
	end(t, s, l, nil)
	wantErr(t, "pace an ended login", s.PaceLogin(ctx, l.ID, l.Owner, nil, time.Second, due), store.ErrStale)
}

func testCountStarts(t *testing.T, s store.Store) {
	since := moment(0)
	start := func(person, provider, place string, after time.Duration) {
		l := fullLogin(person, provider)
		l.Place, l.Created = place, since.Add(after)
		add(t, s, l)
		end(t, s, l, nil)
	}
	start("ana", "github", "here", -time.Millisecond) // too early
	start("ana", "github", "here", 0)
	start("ana", "github", "there", time.Second)
	start("ana", "gitlab", "here", 2*time.Second)
	start("bob", "github", "there", 3*time.Second)

	first := func(n int, after time.Duration) store.Count { return store.Count{N: n, First: since.Add(after)} }
	tests := []struct {
		name                    string
		person, place, provider string
		want                    store.Starts
	}{
		{"all of them", "ana", "here", "github", store.Starts{Person: first(3, 0), Place: first(2, 0), Provider: first(3, 0)}},
		{"fewer", "bob", "there", "gitlab", store.Starts{
			Person: first(1, 3*time.Second), Place: first(2, time.Second), Provider: first(1, 2*time.Second),
		}},
		{"none", "nobody", "nowhere", "none", store.Starts{}},
	}
	for _, tt := range tests {
		got, err := s.CountStarts(t.Context(), since, tt.person, tt.place, tt.provider)
		must(t, err)
		for _, c := range []*store.Count{&got.Person, &got.Place, &got.Provider} {
			c.First = c.First.UTC()
		}
		same(t, tt.name, got, tt.want)
	}
}
