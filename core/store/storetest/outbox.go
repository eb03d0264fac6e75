package storetest

import (
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
)

func due(t *testing.T, s store.Store) []store.Tell {
	t.Helper()
	tells, err := s.DueTells(t.Context(), "", 100)
	must(t, err)
	for i := range tells {
		tells[i].Try, tells[i].GiveUp = tells[i].Try.UTC(), tells[i].GiveUp.UTC()
	}
	return tells
}

func put(t *testing.T, s store.Store, tells ...store.Tell) {
	t.Helper()
	for _, tell := range tells {
		if tell.Person == "" { // else they would wait for each other
			tell.Person = "person " + tell.Key
		}
		must(t, s.PutTell(t.Context(), tell))
	}
}

func testDueTells(t *testing.T, s store.Store) {
	later := time.Now().Add(time.Hour)
	whole := store.Tell{
		Key: "b", Person: "ana", Payload: "1", Try: moment(time.Minute), Tries: 3, GiveUp: moment(2 * time.Hour),
	}
	put(t, s, whole,
		store.Tell{Key: "future", Try: later},
		store.Tell{Key: "never"},
		store.Tell{Key: "a", Try: moment(0)},
		store.Tell{Key: "given up", Try: moment(0), GiveUp: moment(time.Second)})
	got := due(t, s)
	var keys []string
	for i, tell := range got {
		keys = append(keys, tell.Key)
		if i > 0 && tell.Seq <= got[i-1].Seq {
			t.Errorf("got seq %d after %d, want a greater one", tell.Seq, got[i-1].Seq)
		}
	}
	same(t, "due keys", keys, []string{"b", "a", "given up"})
	few, err := s.DueTells(t.Context(), "", 2)
	if err != nil || len(few) != 2 || few[0].Key != "b" || few[1].Key != "a" {
		t.Errorf("got %+v, %v with limit 2, want the first two", few, err)
	}
	whole.Seq = got[0].Seq
	same(t, "a whole tell", got[0], whole)
}

func testPutTellAgain(t *testing.T, s store.Store) {
	put(t, s, store.Tell{Key: "a", Person: "ana", Payload: "old", Try: moment(0), GiveUp: moment(time.Second)},
		store.Tell{Key: "b", Try: moment(0)})
	first := due(t, s)
	must(t, s.RetryTell(t.Context(), "a", first[0].Seq, 0))
	again := store.Tell{Key: "a", Person: "ana", Payload: "new", Try: moment(0)}
	put(t, s, again)
	got := due(t, s)
	if len(got) != 2 || got[1].Key != "a" || got[1].Seq <= first[1].Seq {
		t.Fatalf("got %+v, want a after b, with a new seq", got)
	}
	again.Seq = got[1].Seq
	same(t, "the tell that was put again", got[1], again)
}

func testDropTell(t *testing.T, s store.Store) {
	put(t, s, store.Tell{Key: "a", Try: moment(0)})
	old := due(t, s)[0].Seq
	put(t, s, store.Tell{Key: "a", Try: moment(0)})
	must(t, s.DropTell(t.Context(), "a", old))
	got := due(t, s)
	if len(got) != 1 {
		t.Fatalf("got %+v after an old seq was dropped, want the new one", got)
	}
	newest := got[0].Seq
	must(t, s.DropTell(t.Context(), "a", newest))
	must(t, s.DropTell(t.Context(), "a", newest))
	same(t, "tells after the drop", due(t, s), nil)

	put(t, s, store.Tell{Key: "a", Try: moment(0)})
	if got := due(t, s)[0].Seq; got <= newest {
		t.Errorf("got seq %d after %d was dropped, want a greater one", got, newest)
	}
}

func testRetryTell(t *testing.T, s store.Store) {
	ctx := t.Context()
	put(t, s, store.Tell{Key: "a", Payload: "x", Try: moment(0)})
	seq := due(t, s)[0].Seq
	must(t, s.RetryTell(ctx, "a", seq, 0))
	must(t, s.RetryTell(ctx, "a", seq, 0))
	got := due(t, s)
	if len(got) != 1 || time.Since(got[0].Try).Abs() > time.Minute {
		t.Fatalf("got %+v, want a tell that is due since the last try", got)
	}
	same(t, "a tell tried twice", got, []store.Tell{{Key: "a", Person: "person a", Payload: "x", Seq: seq, Try: got[0].Try, Tries: 2}})
	must(t, s.RetryTell(ctx, "a", seq+1, time.Hour))
	same(t, "tells due after a retry of another seq", len(due(t, s)), 1)
	must(t, s.RetryTell(ctx, "a", seq, time.Hour))
	same(t, "tells due after a retry in an hour", due(t, s), nil)
	must(t, s.RetryTell(ctx, "none", 1, time.Hour))
}
