package core

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

func openStore(t *testing.T) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "usher.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sealRows fills s with n rows of each kind, as a bot with the keys k does.
func sealRows(t *testing.T, s store.Store, k seal.Keys, n int) {
	t.Helper()
	ctx, later := t.Context(), time.Now().Add(time.Hour)
	must(t, New(Options{Store: s, Keys: k}).checkSecret(ctx))
	for i := range n {
		person := fmt.Sprint("person ", i)
		row := func(provider string) store.Login {
			l := store.Login{ID: store.NewID(), Person: person, Provider: provider, State: "waiting", Created: time.Now()}
			l.Sealed = k.Seal([]byte("codes of "+person), store.InLogin, l.ID, person)
			l.Origin = k.Seal([]byte("origin of "+person), store.InOrigin, l.ID, person)
			must(t, s.AddLogin(ctx, l))
			return l
		}
		row("open")
		won := row("won")
		a := store.Account{ID: store.NewID(), Person: person, Provider: "won", LinkedBy: won.ID}
		a.Sealed = k.Seal([]byte("token of "+person), store.InAccount, a.ID, person)
		must(t, s.ChangeLogin(ctx, store.Change{ID: won.ID, From: "waiting", State: "linked", Ended: true, Account: &a}))
		key := "action:" + person
		must(t, s.PutNote(ctx, key, k.Seal([]byte("action of "+person), store.InNote, key, ""), later))
		must(t, s.PutNote(ctx, "latest:"+person, []byte("seen:a key that is no secret of anybody"), later))
		must(t, s.PutNote(ctx, "seen:"+person, nil, later))
	}
}

// unopened counts the blobs by kind that k does not open, and those that it opens.
func unopened(t *testing.T, s store.Store, k seal.Keys) (closed, opened map[string]int) {
	t.Helper()
	closed, opened = map[string]int{}, map[string]int{}
	for _, in := range []string{store.InLogin, store.InOrigin, store.InAccount, store.InNote} {
		blobs, err := s.Blobs(t.Context(), in, "", 100_000)
		must(t, err)
		for _, b := range blobs {
			if !seal.Sealed(b.Sealed) {
				continue
			}
			if content, err := k.Open(b.Sealed, b.In, b.ID, b.Person); err != nil {
				closed[in]++
			} else if b.Person != "" && !strings.HasSuffix(string(content), b.Person) {
				t.Errorf("got %q in %s of %s", content, in, b.Person)
			} else {
				opened[in]++
			}
		}
	}
	return closed, opened
}

// rotate runs Rotate and returns what it counted.
func rotate(t *testing.T, s store.Store, k seal.Keys) (resealed map[string]int, lost []error, err error) {
	t.Helper()
	resealed = map[string]int{}
	lost, err = Rotate(t.Context(), s, k, func(in string, n int) { resealed[in] = n })
	return resealed, lost, err
}

func wantCounts(t *testing.T, what string, got map[string]int, login, origin, account, note int) {
	t.Helper()
	want := map[string]int{store.InLogin: login, store.InOrigin: origin, store.InAccount: account, store.InNote: note}
	for in, n := range want {
		if got[in] != n {
			t.Errorf("%s: got %d in %s, want %d", what, got[in], in, n)
		}
	}
}

func wantNoteOf(t *testing.T, s store.Store, key, want string) {
	t.Helper()
	if got, err := s.Note(t.Context(), key); err != nil || string(got) != want {
		t.Errorf("note %s: got %q, %v, want %q", key, got, err, want)
	}
}

func TestRotate(t *testing.T) {
	s, old, both := openStore(t), newKeys(t, testSecret, ""), newKeys(t, otherSecret, testSecret)
	now := newKeys(t, otherSecret, "")
	const n = atOnce + 3 // more than a page
	sealRows(t, s, old, n)
	before, err := s.Account(t.Context(), "person 7", "won")
	must(t, err)

	resealed, lost, err := rotate(t, s, both)
	if err != nil || len(lost) > 0 {
		t.Fatalf("got %v and lost %v", err, lost)
	}
	wantCounts(t, "resealed", resealed, n, 2*n, n, n)
	closed, opened := unopened(t, s, now)
	wantCounts(t, "closed to the new secret", closed, 0, 0, 0, 0)
	wantCounts(t, "opened by the new secret", opened, n, 2*n, n, n+1) // the canary
	must(t, New(Options{Store: s, Keys: now}).checkSecret(t.Context()))

	after, err := s.Account(t.Context(), "person 7", "won")
	must(t, err)
	if after.Version != before.Version {
		t.Errorf("got version %d of an account, want %d as before", after.Version, before.Version)
	}
	resealed, lost, err = rotate(t, s, both)
	if err != nil || len(lost) > 0 {
		t.Errorf("again: got %v and lost %v", err, lost)
	}
	wantCounts(t, "resealed again", resealed, 0, 0, 0, 0)
	wantNoteOf(t, s, "latest:person 7", "seen:a key that is no secret of anybody")
	if again, err := s.Account(t.Context(), "person 7", "won"); err != nil || !bytes.Equal(again.Sealed, after.Sealed) {
		t.Errorf("got another blob, %v, where the first was new already", err)
	}
}

func TestRotateOnNothing(t *testing.T) {
	s := openStore(t)
	if _, lost, err := rotate(t, s, newKeys(t, otherSecret, testSecret)); err != nil || len(lost) > 0 {
		t.Errorf("got %v and lost %v, want nothing", err, lost)
	}
	if _, err := s.Note(t.Context(), canary); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v for the canary, want it left to the first start", err)
	}
}

func TestRotateNeedsTheSecret(t *testing.T) {
	s := openStore(t)
	sealRows(t, s, newKeys(t, testSecret, ""), 1)
	resealed, _, err := rotate(t, s, newKeys(t, otherSecret, testSecret+"x"))
	if err == nil || !strings.Contains(err.Error(), "USHER_SECRET_PREVIOUS") {
		t.Errorf("got %v, want the sentence about the secret", err)
	}
	wantCounts(t, "resealed", resealed, 0, 0, 0, 0)
}

// TestRotateKeepsWhatItCannotOpen names it and goes on with the rest.
func TestRotateKeepsWhatItCannotOpen(t *testing.T) {
	s, old, both := openStore(t), newKeys(t, testSecret, ""), newKeys(t, otherSecret, testSecret)
	sealRows(t, s, old, 2)
	stranger := newKeys(t, "a-third-secret-of-the-tests-of-core-012", "").Seal([]byte("x"), store.InNote, "foreign", "")
	moved := old.Seal([]byte("marker"), store.InNote, "elsewhere", "")
	must(t, s.PutNote(t.Context(), "foreign", stranger, time.Time{}))
	must(t, s.PutNote(t.Context(), "moved", moved, time.Time{}))

	resealed, lost, err := rotate(t, s, both)
	if err != nil {
		t.Fatal(err)
	}
	wantCounts(t, "resealed", resealed, 2, 4, 2, 2)
	said := fmt.Sprint(lost)
	if len(lost) != 2 || !errors.Is(lost[0], seal.ErrWrongKey) || !errors.Is(lost[1], seal.ErrBroken) ||
		!strings.Contains(said, "note foreign: ") || !strings.Contains(said, "note moved: ") || strings.Contains(said, "marker") {
		t.Errorf("got %v, want the two notes and why, each once", lost)
	}
	for key, want := range map[string][]byte{"foreign": stranger, "moved": moved} {
		wantNoteOf(t, s, key, string(want))
	}
}

// meddler is a store in which something happens before each blob is replaced.
type meddler struct {
	store.Store
	before func(store.Blob) error
}

func (m meddler) Reseal(ctx context.Context, b store.Blob, sealed []byte) error {
	if err := m.before(b); err != nil {
		return err
	}
	return m.Store.Reseal(ctx, b, sealed)
}

// TestRotateGoesOn ends it in the middle, at each kind of blobs.
func TestRotateGoesOn(t *testing.T) {
	for _, at := range []int32{1, 5, 12, 18, 23, 26} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			s, both := openStore(t), newKeys(t, otherSecret, testSecret)
			now := newKeys(t, otherSecret, "")
			sealRows(t, s, newKeys(t, testSecret, ""), 5)
			var count atomic.Int32
			_, _, err := rotate(t, meddler{s, func(store.Blob) error {
				if count.Add(1) >= at {
					return errOdd
				}
				return nil
			}}, both)
			if !errors.Is(err, errOdd) {
				t.Fatalf("got %v, want %v", err, errOdd)
			}
			if err := New(Options{Store: s, Keys: now}).checkSecret(t.Context()); err == nil {
				t.Error("a bot without the previous secret starts half way")
			}
			closed, _ := unopened(t, s, now)
			resealed, lost, err := rotate(t, s, both)
			if err != nil || len(lost) > 0 {
				t.Fatalf("again: got %v and lost %v", err, lost)
			}
			wantCounts(t, "resealed again", resealed, closed[store.InLogin], closed[store.InOrigin],
				closed[store.InAccount], closed[store.InNote]-1) // the canary
			closed, _ = unopened(t, s, now)
			wantCounts(t, "closed to the new secret", closed, 0, 0, 0, 0)
		})
	}
}

// TestRotateLooksAgain has each blob changed under it once, by a bot that knows
// the old secret only.
func TestRotateLooksAgain(t *testing.T) {
	s, old := openStore(t), newKeys(t, testSecret, "")
	sealRows(t, s, old, 5)
	var changed sync.Map
	_, lost, err := rotate(t, meddler{s, func(b store.Blob) error {
		if _, twice := changed.LoadOrStore(b.In+b.ID, true); twice || b.ID == canary {
			return nil
		}
		return s.Reseal(t.Context(), b, old.Seal([]byte("changed: "+b.Person), b.In, b.ID, b.Person))
	}}, newKeys(t, otherSecret, testSecret))
	if err != nil || len(lost) > 0 {
		t.Fatalf("got %v and lost %v", err, lost)
	}
	now := newKeys(t, otherSecret, "")
	closed, _ := unopened(t, s, now)
	wantCounts(t, "closed to the new secret", closed, 0, 0, 0, 0)
	a, err := s.Account(t.Context(), "person 3", "won")
	must(t, err)
	token, err := now.Open(a.Sealed, store.InAccount, a.ID, a.Person)
	if err != nil || string(token) != "changed: person 3" {
		t.Errorf("got %q, %v, want what it was changed to", token, err)
	}
}

// TestRotateBesideWriters counts in the origins of logins while they are sealed
// anew, in the way authflow changes them.
func TestRotateBesideWriters(t *testing.T) {
	s, both := openStore(t), newKeys(t, otherSecret, testSecret)
	old := newKeys(t, testSecret, "")
	const writers = 8
	sealRows(t, s, old, atOnce)
	ended, ids, counts := make(chan struct{}), [writers]string{}, [writers]uint64{}
	var all sync.WaitGroup
	for i := range writers {
		l := store.Login{ID: store.NewID(), Person: "writer", Provider: fmt.Sprint(i), State: "waiting", Created: time.Now()}
		l.Origin = old.Seal(make([]byte, 8), store.InOrigin, l.ID, l.Person)
		must(t, s.AddLogin(t.Context(), l))
		ids[i] = l.ID
	}
	for i, id := range ids {
		all.Go(func() {
			for done := false; !done; {
				select {
				case <-ended:
					done = true // after one more
				default:
				}
				if err := countOn(t.Context(), s, both, id); err == nil {
					counts[i]++
				} else if !errors.Is(err, store.ErrStale) {
					t.Error(err)
					return
				}
			}
		})
	}
	_, lost, err := rotate(t, s, both)
	close(ended)
	all.Wait()
	if err != nil || len(lost) > 0 {
		t.Fatalf("got %v and lost %v", err, lost)
	}
	now := newKeys(t, otherSecret, "")
	for i, id := range ids {
		l, err := s.Login(t.Context(), id)
		must(t, err)
		origin, err := now.Open(l.Origin, store.InOrigin, l.ID, l.Person)
		if err != nil || binary.BigEndian.Uint64(origin) != counts[i] || counts[i] == 0 {
			t.Errorf("got %x, %v, want %d", origin, err, counts[i])
		}
	}
}

// countOn adds one to the number in a login's origin.
func countOn(ctx context.Context, s store.Store, k seal.Keys, id string) error {
	l, err := s.Login(ctx, id)
	if err != nil {
		return err
	}
	origin, err := k.Open(l.Origin, store.InOrigin, l.ID, l.Person)
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint64(origin, binary.BigEndian.Uint64(origin)+1)
	return s.KeepLogin(ctx, id, l.Origin, k.Seal(origin, store.InOrigin, l.ID, l.Person), time.Time{}, true)
}
