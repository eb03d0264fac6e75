package storetest

import (
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
)

func testNoteRunsOut(t *testing.T, s store.Store) {
	addNote(t, s, "a", "1", time.Now().Add(15*time.Minute), true)
	time.Sleep(15*time.Minute - time.Millisecond)
	wantNote(t, s, "a", "1")
	addNote(t, s, "a", "2", time.Now().Add(time.Hour), false)
	time.Sleep(time.Millisecond)
	wantNoNote(t, s, "a")
	addNote(t, s, "a", "3", time.Now().Add(time.Hour), true)
}

func testTellComesDue(t *testing.T, s store.Store) {
	put(t, s, store.Tell{Key: "a", Try: time.Now().Add(time.Minute)})
	time.Sleep(time.Minute - time.Millisecond)
	same(t, "tells due too early", due(t, s), nil)
	time.Sleep(time.Millisecond)
	same(t, "tells due", len(due(t, s)), 1)
}

func testEndsNow(t *testing.T, s store.Store) {
	l := fullLogin("ana", "github")
	add(t, s, l)
	time.Sleep(15 * time.Minute)
	end(t, s, l, nil)
	same(t, "the end of a login", read(t, s, l.ID).Ended, time.Now().Truncate(time.Millisecond).UTC())
}

func testSweep(t *testing.T, s store.Store) {
	told, untold, open := fullLogin("ana", "a"), fullLogin("ana", "b"), fullLogin("ana", "c")
	add(t, s, told, untold, open)
	end(t, s, told, nil)
	end(t, s, untold, nil)
	put(t, s, store.Tell{Key: "k", Payload: untold.ID, Try: moment(0)})
	must(t, s.PutNote(t.Context(), "kept", nil, time.Now().Add(48*time.Hour)))
	must(t, s.PutNote(t.Context(), "for ever", nil, time.Time{}))
	left := func() (all []string) {
		for _, l := range []store.Login{told, untold, open} {
			if _, err := s.Login(t.Context(), l.ID); err == nil {
				all = append(all, l.Provider)
			}
		}
		return all
	}

	time.Sleep(24*time.Hour - time.Second)
	must(t, s.Sweep(t.Context()))
	same(t, "logins within a day", left(), []string{"a", "b", "c"})
	time.Sleep(2 * time.Second)
	must(t, s.Sweep(t.Context()))
	same(t, "logins after a day", left(), []string{"b", "c"})
	must(t, s.DropTell(t.Context(), "k", due(t, s)[0].Seq))
	must(t, s.Sweep(t.Context()))
	same(t, "logins once all was told", left(), []string{"c"})
	wantNote(t, s, "kept", "")
	wantNote(t, s, "for ever", "")
}
