package storetest

import (
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
)

func wantNote(t *testing.T, s store.Store, key, want string) {
	t.Helper()
	if got, err := s.Note(t.Context(), key); err != nil || string(got) != want {
		t.Errorf("note %q: got %q, %v, want %q", key, got, err, want)
	}
}

func wantNoNote(t *testing.T, s store.Store, key string) {
	t.Helper()
	_, err := s.Note(t.Context(), key)
	wantErr(t, "note "+key, err, store.ErrNotFound)
}

func addNote(t *testing.T, s store.Store, key, value string, expires time.Time, want bool) {
	t.Helper()
	if got, err := s.AddNote(t.Context(), key, []byte(value), expires); err != nil || got != want {
		t.Errorf("add note %q: got %v, %v, want %v", key, got, err, want)
	}
}

func testAddNote(t *testing.T, s store.Store) {
	later := time.Now().Add(time.Hour)
	wantNoNote(t, s, "a")
	addNote(t, s, "a", "1", later, true)
	addNote(t, s, "a", "2", later, false)
	wantNote(t, s, "a", "1")
	addNote(t, s, "b", "", later, true)
	wantNote(t, s, "b", "")
	addNote(t, s, "for ever", "\x00\xff", time.Time{}, true)
	addNote(t, s, "for ever", "2", time.Time{}, false)
	wantNote(t, s, "for ever", "\x00\xff")
}

func testMarks(t *testing.T, s store.Store) {
	ctx, later := t.Context(), time.Now().Add(time.Hour)
	must(t, s.PutNote(ctx, "latest", []byte("none"), later))
	add := func(key string, want bool, marks ...string) {
		t.Helper()
		if got, err := s.AddNote(ctx, key, nil, later, marks...); err != nil || got != want {
			t.Errorf("add note %q: got %v, %v, want %v", key, got, err, want)
		}
	}
	add("a", true, "latest", "not there")
	wantNote(t, s, "latest", "a")
	wantNoNote(t, s, "not there")
	add("b", true)
	wantNote(t, s, "latest", "a")
	add("c", true, "latest")
	add("a", false, "latest") // which changes nothing
	wantNote(t, s, "latest", "c")
}

func testPutNote(t *testing.T, s store.Store) {
	ctx, later := t.Context(), time.Now().Add(time.Hour)
	must(t, s.PutNote(ctx, "a", []byte("1"), later))
	must(t, s.PutNote(ctx, "a", []byte("2"), time.Time{}))
	wantNote(t, s, "a", "2")
	addNote(t, s, "a", "3", later, false)
	must(t, s.PutNote(ctx, "a", []byte("4"), moment(0)))
	wantNoNote(t, s, "a")
}

func testTakeNote(t *testing.T, s store.Store) {
	must(t, s.PutNote(t.Context(), "a", []byte("1"), time.Now().Add(time.Hour)))
	must(t, s.PutNote(t.Context(), "b", nil, time.Time{}))
	for key, want := range map[string]string{"a": "1", "b": ""} {
		if got, err := s.TakeNote(t.Context(), key); err != nil || string(got) != want {
			t.Errorf("take note %q: got %q, %v, want %q", key, got, err, want)
		}
		_, err := s.TakeNote(t.Context(), key)
		wantErr(t, "take note "+key+" again", err, store.ErrNotFound)
		wantNoNote(t, s, key)
	}
	addNote(t, s, "a", "2", time.Now().Add(time.Hour), true)
}

func testNoteRunOut(t *testing.T, s store.Store) {
	addNote(t, s, "a", "1", moment(0), true)
	wantNoNote(t, s, "a")
	_, err := s.TakeNote(t.Context(), "a")
	wantErr(t, "take a note that has run out", err, store.ErrNotFound)
	addNote(t, s, "a", "2", time.Now().Add(time.Hour), true)
	wantNote(t, s, "a", "2")
}
