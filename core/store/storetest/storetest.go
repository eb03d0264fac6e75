// Package storetest is the suite that every store passes.
//
// A store's own test calls Run with an Opener. Each case gets an empty store of
// its own. Cases about the passing of time run in a bubble of testing/synctest,
// where a day takes no time; the others run as they are, with real races.
//
// Whatever goes wrong with one store becomes a case for all of them.
package storetest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core/store"
)

// Opener opens an empty store for one case and closes it when t ends. restart
// closes it and opens it again, as a new process does that finds what the last
// one left; it is nil for a store that forgets.
type Opener func(t *testing.T) (s store.Store, restart func() store.Store)

// Run runs the suite.
func Run(t *testing.T, open Opener) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			s, _ := open(t)
			c.run(t, s)
		})
	}
	for _, c := range timedCases() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := open(t)
				c.run(t, s)
			})
		})
	}
	if _, restart := open(t); restart != nil {
		t.Run("restart", func(t *testing.T) { testRestart(t, open) })
	}
}

type testCase struct {
	name string
	run  func(*testing.T, store.Store)
}

func cases() []testCase {
	return []testCase{
		{"people/one person a chat user", testPerson},
		{"people/members", testMembers},
		{"people/forget", testForget},
		{"logins/round trip", testLoginRoundTrip},
		{"logins/one open", testOneOpenLogin},
		{"logins/list of open ones", testOpenLogins},
		{"logins/claim", testClaim},
		{"logins/keep", testKeep},
		{"logins/pace", testPace},
		{"logins/count starts", testCountStarts},
		{"browsers/start", testStartedLogin},
		{"browsers/back", testBack},
		{"change/what it replaces", testChangeReplaces},
		{"change/what it requires", testChangeRequires},
		{"change/account and tell", testChangeLinks},
		{"change/all or nothing", testChangeIsWhole},
		{"accounts/replace", testReplaceAccount},
		{"accounts/list", testAccountsOf},
		{"accounts/remove", testRemoveAccount},
		{"logins/claim from the dead", testClaimFromTheDead},
		{"logins/changed", testChangedLogins},
		{"outbox/claim", testClaimTells},
		{"outbox/in order", testTellsInOrder},
		{"accounts/holders", testHolders},
		{"refreshes/claim", testClaimRefreshes},
		{"refreshes/hasten", testHastenRefreshes},
		{"refreshes/begin", testBeginRefresh},
		{"refreshes/delay", testDelayRefresh},
		{"refreshes/renew", testRenewAccount},
		{"refreshes/renew and tell, or neither", testRenewIsWhole},
		{"outbox/due", testDueTells},
		{"outbox/put again", testPutTellAgain},
		{"outbox/drop", testDropTell},
		{"outbox/retry", testRetryTell},
		{"notes/add", testAddNote},
		{"notes/add, marks", testMarks},
		{"notes/put", testPutNote},
		{"notes/take", testTakeNote},
		{"notes/run out", testNoteRunOut},
		{"blobs/list", testBlobs},
		{"blobs/reseal", testReseal},
		{"races", testRaces},
		{"a context that has ended", testEndedContext},
		{"closed", testClosed},
	}
}

func timedCases() []testCase {
	return []testCase{
		{"time/a note runs out", testNoteRunsOut},
		{"time/a tell comes due", testTellComesDue},
		{"time/a login ends now", testEndsNow},
		{"time/a refresh that was begun", testRefreshIsHeld},
		{"time/sweep", testSweep},
		{"time/a replica dies", testReplicaDies},
		{"time/a lease passes on", testLeasePassesOn},
		{"time/changed logins", testChangedLately},
	}
}

// moment is a time that every store keeps exactly, a while ago.
func moment(after time.Duration) time.Time {
	return time.Now().Add(-time.Hour + after).Truncate(time.Millisecond).UTC()
}

func fullLogin(person, provider string) store.Login {
	return store.Login{
		ID: store.NewID(), Person: person, Provider: provider, Kind: "device", State: "waiting",
		Sealed: []byte{0, 1, 0xff}, Origin: []byte("origin\x00"), Place: "place-" + person, Start: []byte(store.NewID()),
		Interval: 5250 * time.Millisecond, Expires: moment(15 * time.Minute), Due: moment(5 * time.Second),
		Wake: moment(14 * time.Minute), Shown: true, Created: moment(0), Owner: "owner",
	}
}

func fullAccount(l store.Login) store.Account {
	return store.Account{
		ID: store.NewID(), Person: l.Person, Provider: l.Provider,
		Issuer: "https://issuer.example", Subject: "583231", Name: "Ana Ñandú", URL: "https://issuer.example/ana",
		Scopes: []string{"read:user", "repo"}, Sealed: []byte{7, 0, 7}, Version: 1,
		Expires: moment(8 * time.Hour), Refresh: moment(7 * time.Hour), LinkedBy: l.ID, LinkedAt: moment(time.Minute),
	}
}

func add(t *testing.T, s store.Store, logins ...store.Login) {
	t.Helper()
	for _, l := range logins {
		must(t, s.AddLogin(t.Context(), l))
	}
}

// end ends a login and links a, unless that is nil.
func end(t *testing.T, s store.Store, l store.Login, a *store.Account) {
	t.Helper()
	must(t, s.ChangeLogin(t.Context(), store.Change{ID: l.ID, From: l.State, State: "ended", Ended: true, Account: a}))
}

func read(t *testing.T, s store.Store, id string) store.Login {
	t.Helper()
	l, err := s.Login(t.Context(), id)
	must(t, err)
	l.Expires, l.Due, l.Wake = l.Expires.UTC(), l.Due.UTC(), l.Wake.UTC()
	l.Created, l.Ended = l.Created.UTC(), l.Ended.UTC()
	return l
}

func readAccount(t *testing.T, s store.Store, person, provider string) store.Account {
	t.Helper()
	a, err := s.Account(t.Context(), person, provider)
	must(t, err)
	return plain(a)
}

func plain(a store.Account) store.Account {
	a.Expires, a.LinkedAt = a.Expires.UTC(), a.LinkedAt.UTC()
	a.Refresh, a.RefreshSent = a.Refresh.UTC(), a.RefreshSent.UTC()
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func ids(logins []store.Login) []string {
	var all []string
	for _, l := range logins {
		all = append(all, l.ID)
	}
	return all
}

// verbs is every verb of a store, each called with something.
func verbs(s store.Store) map[string]func(context.Context) error {
	expires := time.Now().Add(time.Hour)
	return map[string]func(context.Context) error{
		"Person":        func(ctx context.Context) error { _, err := s.Person(ctx, "p", "t", "u"); return err },
		"Users":         func(ctx context.Context) error { _, err := s.Users(ctx, "ana"); return err },
		"Forget":        func(ctx context.Context) error { return s.Forget(ctx, "ana") },
		"AddLogin":      func(ctx context.Context) error { return s.AddLogin(ctx, fullLogin("ana", "github")) },
		"Login":         func(ctx context.Context) error { _, err := s.Login(ctx, "id"); return err },
		"OpenLogins":    func(ctx context.Context) error { _, err := s.OpenLogins(ctx, "ana"); return err },
		"LeftLogins":    func(ctx context.Context) error { _, err := s.LeftLogins(ctx, "me", nil, 1); return err },
		"ClaimLogins":   func(ctx context.Context) error { _, err := s.ClaimLogins(ctx, "me", nil, 1); return err },
		"KeepLogin":     func(ctx context.Context) error { return s.KeepLogin(ctx, "id", nil, nil, expires, true) },
		"PaceLogin":     func(ctx context.Context) error { return s.PaceLogin(ctx, "id", "me", nil, time.Second, expires) },
		"StartedLogin":  func(ctx context.Context) error { _, err := s.StartedLogin(ctx, []byte("x")); return err },
		"SetBack":       func(ctx context.Context) error { return s.SetBack(ctx, "id", "waiting", []byte("x"), nil) },
		"TakeBack":      func(ctx context.Context) error { _, err := s.TakeBack(ctx, []byte("x")); return err },
		"ChangeLogin":   func(ctx context.Context) error { return s.ChangeLogin(ctx, store.Change{ID: "id", From: "waiting"}) },
		"CountStarts":   func(ctx context.Context) error { _, err := s.CountStarts(ctx, expires, "ana", "x", "y"); return err },
		"Account":       func(ctx context.Context) error { _, err := s.Account(ctx, "ana", "github"); return err },
		"AccountsOf":    func(ctx context.Context) error { _, err := s.AccountsOf(ctx, "ana"); return err },
		"RemoveAccount": func(ctx context.Context) error { _, err := s.RemoveAccount(ctx, "ana", "github", ""); return err },
		"ChangedLogins": func(ctx context.Context) error { _, err := s.ChangedLogins(ctx, "me", time.Minute); return err },
		"ClaimTells":    func(ctx context.Context) error { _, err := s.ClaimTells(ctx, "me", nil); return err },
		"AddReplica":    func(ctx context.Context) error { return s.AddReplica(ctx, store.NewID(), time.Minute) },
		"RenewReplica":  func(ctx context.Context) error { return s.RenewReplica(ctx, "me", time.Minute) },
		"EndReplica":    func(ctx context.Context) error { return s.EndReplica(ctx, "me") },
		"Replicas":      func(ctx context.Context) error { _, _, err := s.Replicas(ctx); return err },
		"TakeLease":     func(ctx context.Context) error { _, err := s.TakeLease(ctx, "key", "me"); return err },
		"GiveLease":     func(ctx context.Context) error { return s.GiveLease(ctx, "key", "me") },
		"Holders":       func(ctx context.Context) error { _, err := s.Holders(ctx, "issuer", "1"); return err },
		"ClaimRefreshes": func(ctx context.Context) error {
			_, err := s.ClaimRefreshes(ctx, 1, time.Second)
			return err
		},
		"HastenRefreshes": func(ctx context.Context) error {
			return s.HastenRefreshes(ctx, "github", time.Second, time.Minute)
		},
		"NextRefresh": func(ctx context.Context) error { _, err := s.NextRefresh(ctx); return err },
		"BeginRefresh": func(ctx context.Context) error {
			_, err := s.BeginRefresh(ctx, "id", 1, time.Second)
			return err
		},
		"DelayRefresh": func(ctx context.Context) error { return s.DelayRefresh(ctx, store.Account{ID: "id"}, false) },
		"RenewAccount": func(ctx context.Context) error { return s.RenewAccount(ctx, store.Account{ID: "id"}, nil) },
		"PutTell":      func(ctx context.Context) error { return s.PutTell(ctx, store.Tell{Key: "key", Try: moment(0)}) },
		"DueTells":     func(ctx context.Context) error { _, err := s.DueTells(ctx, "me", 1); return err },
		"DropTell":     func(ctx context.Context) error { return s.DropTell(ctx, "key", 1) },
		"RetryTell":    func(ctx context.Context) error { return s.RetryTell(ctx, "key", 1, time.Second) },
		"AddNote":      func(ctx context.Context) error { _, err := s.AddNote(ctx, "key", nil, expires); return err },
		"PutNote":      func(ctx context.Context) error { return s.PutNote(ctx, "key", nil, expires) },
		"Note":         func(ctx context.Context) error { _, err := s.Note(ctx, "key"); return err },
		"TakeNote":     func(ctx context.Context) error { _, err := s.TakeNote(ctx, "key"); return err },
		"Blobs":        func(ctx context.Context) error { _, err := s.Blobs(ctx, store.InNote, "", 1); return err },
		"Reseal":       func(ctx context.Context) error { return s.Reseal(ctx, store.Blob{In: store.InNote, ID: "key"}, nil) },
		"Sweep":        s.Sweep,
	}
}

func testEndedContext(t *testing.T, s store.Store) {
	ended, end := context.WithCancel(t.Context())
	end()
	for name, call := range verbs(s) {
		wantErr(t, name, call(ended), context.Canceled)
	}
	_, err := s.Note(t.Context(), "key")
	wantErr(t, "the note of a writer who had given up", err, store.ErrNotFound)
}

func testClosed(t *testing.T, s store.Store) {
	must(t, s.PutNote(t.Context(), "key", nil, time.Time{}))
	must(t, s.Close())
	for name, call := range verbs(s) {
		if err := call(t.Context()); err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrStale) {
			t.Errorf("%s on a closed store: got %v, want an error that says so", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: got %v, want nil", err)
	}
}
