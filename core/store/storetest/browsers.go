package storetest

import (
	"testing"

	"github.com/usherbot/usher/core/store"
)

func testStartedLogin(t *testing.T, s store.Store) {
	ctx := t.Context()
	l, none := fullLogin("ana", "github"), fullLogin("bob", "github")
	none.Start = nil
	other := fullLogin("carl", "github")
	other.Start = nil // as many as there are
	add(t, s, l, none, other)
	got, err := s.StartedLogin(ctx, l.Start)
	must(t, err)
	same(t, "the login of a link", got.ID, l.ID)
	for _, start := range [][]byte{[]byte("another"), {}, nil} {
		_, err = s.StartedLogin(ctx, start)
		wantErr(t, "a link that there is not", err, store.ErrNotFound)
	}
	end(t, s, l, nil)
	got, err = s.StartedLogin(ctx, l.Start)
	if err != nil || got.Ended.IsZero() {
		t.Errorf("got ended %v, %v, want the link of an ended login known", got.Ended, err)
	}
}

func testBack(t *testing.T, s store.Store) {
	ctx := t.Context()
	l, other := fullLogin("ana", "github"), fullLogin("bob", "github")
	add(t, s, l, other)
	take := func(back string) error {
		got, err := s.TakeBack(ctx, []byte(back))
		if err == nil && got.ID != l.ID {
			t.Errorf("got login %s back, want %s", got.ID, l.ID)
		}
		return err
	}
	wantErr(t, "come back before anybody left", take("first"), store.ErrNotFound)
	must(t, s.SetBack(ctx, l.ID, l.State, []byte("first"), []byte("for the first")))
	must(t, s.SetBack(ctx, l.ID, l.State, []byte("second"), []byte("for the second")))
	wantErr(t, "come back the way that was replaced", take("first"), store.ErrNotFound)
	l.Sealed = []byte("for the second")
	same(t, "a login with a browser on its way", read(t, s, l.ID), l)
	must(t, take("second"))
	wantErr(t, "come back twice", take("second"), store.ErrNotFound)
	same(t, "a login whose browser came back", read(t, s, l.ID), l)

	wantErr(t, "leave a login in another state", s.SetBack(ctx, l.ID, "other", []byte("third"), nil), store.ErrStale)
	wantErr(t, "leave no login", s.SetBack(ctx, "none", l.State, []byte("third"), nil), store.ErrStale)
	must(t, s.SetBack(ctx, l.ID, l.State, []byte("third"), []byte("for the third")))
	end(t, s, l, nil)
	wantErr(t, "come back to an ended login", take("third"), store.ErrNotFound)
	wantErr(t, "leave an ended login", s.SetBack(ctx, l.ID, l.State, []byte("fourth"), nil), store.ErrStale)
}
