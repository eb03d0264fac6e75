package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
)

// blobsIn reads all blobs of a kind, two at a time.
func blobsIn(t *testing.T, s store.Store, in string) (all []store.Blob) {
	t.Helper()
	for after := ""; ; {
		blobs, err := s.Blobs(t.Context(), in, after, 2)
		must(t, err)
		if len(blobs) == 0 {
			return all
		}
		if len(blobs) > 2 {
			t.Fatalf("got %d blobs, want 2 at most", len(blobs))
		}
		all, after = append(all, blobs...), blobs[len(blobs)-1].ID
	}
}

func testBlobs(t *testing.T, s store.Store) {
	want := map[string][]store.Blob{}
	expect := func(in, id, person string, sealed []byte) {
		want[in] = append(want[in], store.Blob{In: in, ID: id, Person: person, Sealed: sealed})
	}
	for i := range 5 {
		l, won := fullLogin(fmt.Sprint("person ", i), "github"), fullLogin(fmt.Sprint("person ", i), "gitlab")
		add(t, s, l, won)
		a := fullAccount(won)
		end(t, s, won, &a) // nothing is left in its Sealed
		expect(store.InLogin, l.ID, l.Person, l.Sealed)
		expect(store.InOrigin, l.ID, l.Person, l.Origin)
		expect(store.InOrigin, won.ID, won.Person, won.Origin)
		expect(store.InAccount, a.ID, a.Person, a.Sealed)

		key, ranOut := fmt.Sprint("note ", i), fmt.Sprint("ran out ", i)
		must(t, s.PutNote(t.Context(), key, []byte(key), time.Time{}))
		must(t, s.PutNote(t.Context(), ranOut, []byte{0, byte(i)}, moment(0)))
		must(t, s.PutNote(t.Context(), fmt.Sprint("seen ", i), nil, time.Time{}))
		expect(store.InNote, key, "", []byte(key))
		expect(store.InNote, ranOut, "", []byte{0, byte(i)})
	}
	for _, in := range []string{store.InLogin, store.InOrigin, store.InAccount, store.InNote} {
		got := blobsIn(t, s, in)
		for _, blobs := range [][]store.Blob{got, want[in]} { // which order ids have is the database's own
			slices.SortFunc(blobs, func(x, y store.Blob) int { return strings.Compare(x.ID, y.ID) })
		}
		same(t, "blobs in "+in, got, want[in])
	}
	if _, err := s.Blobs(t.Context(), "outbox", "", 1); err == nil {
		t.Error("got blobs where there are none, want an error")
	}
}

func testReseal(t *testing.T, s store.Store) {
	ctx, later := t.Context(), time.Now().Add(time.Hour)
	l, won := fullLogin("ana", "github"), fullLogin("ana", "gitlab")
	add(t, s, l, won)
	a := fullAccount(won)
	end(t, s, won, &a)
	must(t, s.PutNote(ctx, "key", []byte("value"), later))

	anew := func(in, id string, was []byte, now string) {
		t.Helper()
		b := store.Blob{In: in, ID: id, Sealed: was}
		must(t, s.Reseal(ctx, b, []byte(now)))
		wantErr(t, "reseal what is no more in "+in, s.Reseal(ctx, b, []byte("again")), store.ErrStale)
		b.ID = "none"
		wantErr(t, "reseal no row in "+in, s.Reseal(ctx, b, []byte("again")), store.ErrStale)
	}
	anew(store.InLogin, l.ID, l.Sealed, "login")
	anew(store.InOrigin, l.ID, l.Origin, "origin")
	anew(store.InAccount, a.ID, a.Sealed, "account")
	anew(store.InNote, "key", []byte("value"), "note")

	origin := l.Origin
	l.Sealed, l.Origin, a.Sealed = []byte("login"), []byte("origin"), []byte("account")
	same(t, "the login", read(t, s, l.ID), l)
	same(t, "the account", readAccount(t, s, "ana", "gitlab"), a)
	wantNote(t, s, "key", "note")
	wantErr(t, "keep a login as it was before", s.KeepLogin(ctx, l.ID, origin, []byte("kept"), later, true), store.ErrStale)
	must(t, s.KeepLogin(ctx, l.ID, l.Origin, []byte("kept"), later, true))

	_, err := s.TakeNote(ctx, "key")
	must(t, err)
	taken := store.Blob{In: store.InNote, ID: "key", Sealed: []byte("note")}
	wantErr(t, "reseal a note that was taken", s.Reseal(ctx, taken, []byte("again")), store.ErrStale)
	wantNoNote(t, s, "key")
	if err := s.Reseal(ctx, store.Blob{In: "outbox", ID: l.ID, Sealed: l.Sealed}, nil); err == nil {
		t.Error("resealed where no blobs are, want an error")
	}
}
