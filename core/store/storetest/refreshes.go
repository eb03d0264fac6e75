package storetest

import (
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
)

// linked is a new account of person, to be refreshed at that time.
func linked(t *testing.T, s store.Store, person string, refresh time.Time) store.Account {
	t.Helper()
	l := fullLogin(person, "github")
	add(t, s, l)
	a := fullAccount(l)
	a.Refresh = refresh
	end(t, s, l, &a)
	return a
}

func claim(t *testing.T, s store.Store, limit int, hold time.Duration) (persons []string) {
	t.Helper()
	all, err := s.ClaimRefreshes(t.Context(), limit, hold)
	must(t, err)
	for _, a := range all {
		persons = append(persons, a.Person)
		same(t, "a claimed account", plain(a), readAccount(t, s, a.Person, a.Provider))
	}
	return persons
}

func begin(t *testing.T, s store.Store, a store.Account, hold time.Duration) store.Account {
	t.Helper()
	sent, err := s.BeginRefresh(t.Context(), a.ID, a.Version, hold)
	must(t, err)
	a = readAccount(t, s, a.Person, a.Provider)
	same(t, "when the refresh began", sent.UTC(), a.RefreshSent)
	return a
}

func testHolders(t *testing.T, s store.Store) {
	a := linked(t, s, "ana", time.Time{})
	linked(t, s, "bob", time.Time{})
	for subject, want := range map[string]int{a.Subject: 2, "nobody": 0} {
		n, err := s.Holders(t.Context(), a.Issuer, subject)
		must(t, err)
		same(t, "holders of "+subject, n, want)
	}
	a.State = "dead"
	must(t, s.RenewAccount(t.Context(), a, nil))
	n, err := s.Holders(t.Context(), a.Issuer, a.Subject)
	must(t, err)
	same(t, "holders to whom it is of use", n, 1)
	n, err = s.Holders(t.Context(), "https://other.example", a.Subject)
	must(t, err)
	same(t, "holders of the same subject elsewhere", n, 0)
}

func testClaimRefreshes(t *testing.T, s store.Store) {
	next, err := s.NextRefresh(t.Context())
	must(t, err)
	same(t, "the next refresh of none", next, time.Time{})

	linked(t, s, "never", time.Time{})
	linked(t, s, "ana", moment(time.Second))
	linked(t, s, "bob", moment(2*time.Second))
	first := linked(t, s, "cat", moment(0))
	later := linked(t, s, "later", time.Now().Add(time.Hour).Truncate(time.Millisecond))
	next, err = s.NextRefresh(t.Context())
	must(t, err)
	same(t, "the next refresh", next.UTC(), first.Refresh)

	same(t, "the first two", len(claim(t, s, 2, 2*time.Hour)), 2)
	same(t, "the rest", claim(t, s, 2, 2*time.Hour), []string{"bob"})
	same(t, "those that were claimed", claim(t, s, 2, 2*time.Hour), nil)
	next, err = s.NextRefresh(t.Context())
	must(t, err)
	same(t, "the next refresh after the claims", next.UTC(), later.Refresh.UTC())
}

func testHastenRefreshes(t *testing.T, s store.Store) {
	in := func(d time.Duration) time.Time { return time.Now().Add(d).Truncate(time.Millisecond) }
	linked(t, s, "never", time.Time{})
	linked(t, s, "due", in(-time.Minute))
	linked(t, s, "soon", in(5*time.Minute))
	linked(t, s, "ana", in(20*time.Minute))
	linked(t, s, "bob", in(40*time.Minute))
	linked(t, s, "late", in(2*time.Hour))
	failed := linked(t, s, "failed", in(20*time.Minute))
	failed.Tries = 1
	must(t, s.DelayRefresh(t.Context(), failed, false))
	sent := begin(t, s, linked(t, s, "sent", in(time.Minute)), 30*time.Minute)
	before := map[string]store.Account{}
	for _, person := range []string{"never", "due", "soon", "ana", "bob", "late", "failed", "sent"} {
		before[person] = readAccount(t, s, person, sent.Provider)
	}

	must(t, s.HastenRefreshes(t.Context(), "gitlab", 10*time.Minute, time.Hour))
	for range 2 { // what another process has hastened stays as it is
		for person, was := range before {
			same(t, person, readAccount(t, s, person, sent.Provider), was)
		}
		must(t, s.HastenRefreshes(t.Context(), "github", 10*time.Minute, time.Hour))
		for person, want := range map[string]time.Duration{"ana": 20 * time.Minute / 6, "bob": 40 * time.Minute / 6} {
			was, is := before[person], readAccount(t, s, person, sent.Provider)
			if d := time.Until(is.Refresh) - want; d < -5*time.Second || d > 5*time.Second {
				t.Errorf("got %s due in %v, want in %v", person, time.Until(is.Refresh), want)
			}
			was.Refresh, before[person] = is.Refresh, is
			same(t, person+" beside its time", is, was)
		}
	}
}

func testBeginRefresh(t *testing.T, s store.Store) {
	a := linked(t, s, "ana", moment(0))
	_, err := s.BeginRefresh(t.Context(), a.ID, a.Version+1, time.Hour)
	wantErr(t, "begin with another version", err, store.ErrStale)
	_, err = s.BeginRefresh(t.Context(), "none", 1, time.Hour)
	wantErr(t, "begin for no account", err, store.ErrStale)

	begun := begin(t, s, a, time.Hour)
	if d := begun.Refresh.Sub(begun.RefreshSent); d != time.Hour {
		t.Errorf("got the refresh put off by %v, want an hour", d)
	}
	_, err = s.BeginRefresh(t.Context(), a.ID, a.Version, time.Hour)
	wantErr(t, "begin what somebody else has begun", err, store.ErrStale)

	l := fullLogin("ana", "github")
	add(t, s, l)
	again := fullAccount(l)
	again.Version = 2
	end(t, s, l, &again)
	same(t, "an account linked again", readAccount(t, s, "ana", "github"), again)
	begin(t, s, again, time.Hour)
}

func testDelayRefresh(t *testing.T, s store.Store) {
	a := linked(t, s, "ana", moment(0))
	a = begin(t, s, a, time.Hour)
	a.Refresh, a.Tries = moment(time.Minute), 1
	must(t, s.DelayRefresh(t.Context(), a, true))
	same(t, "one of which nobody knows what it brought", readAccount(t, s, "ana", "github"), a)
	must(t, s.DelayRefresh(t.Context(), a, false))
	wantErr(t, "delay it again", s.DelayRefresh(t.Context(), a, false), store.ErrStale)
	a.RefreshSent = time.Time{}
	same(t, "one that brought nothing", readAccount(t, s, "ana", "github"), a)
	a.Refresh, a.Tries = time.Time{}, 0
	must(t, s.DelayRefresh(t.Context(), a, false))
	same(t, "one that is put off for ever", readAccount(t, s, "ana", "github"), a)
	begin(t, s, a, time.Hour)
	wantErr(t, "delay what somebody else has begun", s.DelayRefresh(t.Context(), a, false), store.ErrStale)
}

func testRenewAccount(t *testing.T, s store.Store) {
	a := linked(t, s, "ana", moment(0))
	b := begin(t, s, a, time.Hour)
	b.Tries = 3
	must(t, s.DelayRefresh(t.Context(), b, true))
	a.Sealed, a.Scopes = []byte("new"), []string{"repo"}
	a.Expires, a.Refresh = moment(24*time.Hour), moment(23*time.Hour)
	must(t, s.RenewAccount(t.Context(), a, nil))
	wantErr(t, "renew the version before", s.RenewAccount(t.Context(), a, nil), store.ErrStale)
	a.Version++
	same(t, "a renewed account", readAccount(t, s, "ana", "github"), a)

	a.Sealed, a.State, a.Refresh = nil, "dead", time.Time{}
	tell := store.Tell{Key: "account:" + a.ID, Person: "ana", Payload: a.ID, Try: moment(0)}
	must(t, s.RenewAccount(t.Context(), a, &tell))
	a.Version++
	same(t, "an account of no use", readAccount(t, s, "ana", "github"), a)
	tells := due(t, s)
	if len(tells) != 1 || tells[0].Key != tell.Key || tells[0].Payload != a.ID {
		t.Errorf("got tells %+v, want the one", tells)
	}
	_, err := s.BeginRefresh(t.Context(), a.ID, a.Version, time.Hour)
	wantErr(t, "refresh it", err, store.ErrStale)
	wantErr(t, "delay it", s.DelayRefresh(t.Context(), a, false), store.ErrStale)

	l := fullLogin("ana", "github")
	add(t, s, l)
	again := fullAccount(l)
	again.Version = a.Version + 1
	end(t, s, l, &again)
	same(t, "an account that is of use again", readAccount(t, s, "ana", "github"), again)
}

func testRenewIsWhole(t *testing.T, s store.Store) {
	a := linked(t, s, "ana", moment(0))
	a.Version++
	err := s.RenewAccount(t.Context(), a, &store.Tell{Key: "key", Person: "ana", Try: moment(0)})
	wantErr(t, "renew another version", err, store.ErrStale)
	same(t, "what is to be told", due(t, s), nil)
}

func testRefreshIsHeld(t *testing.T, s store.Store) {
	a := begin(t, s, linked(t, s, "ana", time.Now()), time.Minute)
	time.Sleep(time.Minute - time.Millisecond)
	_, err := s.BeginRefresh(t.Context(), a.ID, a.Version, time.Minute)
	wantErr(t, "begin before the hold is over", err, store.ErrStale)
	same(t, "claimed before the hold is over", claim(t, s, 1, time.Minute), nil)
	time.Sleep(time.Millisecond)
	same(t, "claimed after the hold", claim(t, s, 1, time.Minute), []string{"ana"})
	again := begin(t, s, a, time.Minute)
	wantErr(t, "delay the one before", s.DelayRefresh(t.Context(), a, false), store.ErrStale)
	must(t, s.DelayRefresh(t.Context(), again, false))
}
