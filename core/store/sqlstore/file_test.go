package sqlstore_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

func TestFileInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "usher.db")
		first := open(t, name)
		link := filepath.Join(t.TempDir(), "link.db")
		if err := os.Symlink(name, link); err != nil {
			t.Fatal(err)
		}
		for _, other := range []string{name, link} {
			start := time.Now()
			_, err := sqlstore.Open(t.Context(), other)
			inUse, ok := errors.AsType[*sqlstore.InUseError](err)
			if !ok || !strings.Contains(err.Error(), "usher.db is in use") || inUse.Name == "" {
				t.Errorf("got %v, want an InUseError with the name", err)
			}
			if took := time.Since(start); took > 1100*time.Millisecond {
				t.Errorf("got it after %v, want it within about a second", took)
			}
		}
		if err := first.PutNote(t.Context(), "key", nil, time.Time{}); err != nil {
			t.Errorf("the first user is disturbed: %v", err)
		}
		time.AfterFunc(500*time.Millisecond, func() {
			if err := first.Close(); err != nil {
				t.Error(err)
			}
		})
		second := open(t, name) // waits for the first one to end
		if _, err := second.Note(t.Context(), "key"); err != nil {
			t.Error(err)
		}
	})
}

func TestOpenHeedsItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "usher.db")
		open(t, name)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := sqlstore.Open(ctx, name); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

// TestFileEndsLeases: whoever had the file before lives no more.
func TestFileEndsLeases(t *testing.T) {
	name := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, name)
	try(t, s.AddReplica(t.Context(), "last", time.Hour))
	if live, dead, err := s.Replicas(t.Context()); err != nil || live != 1 || len(dead) != 0 {
		t.Errorf("got %d live and %q dead, %v, want one that lives", live, dead, err)
	}
	try(t, s.Close())
	if live, dead, err := open(t, name).Replicas(t.Context()); err != nil || live != 0 || !slices.Equal(dead, []string{"last"}) {
		t.Errorf("got %d live and %q dead, %v, want it dead", live, dead, err)
	}
}

func TestFileNames(t *testing.T) {
	for _, base := range []string{"a b.db", "100%41?mode=ro#x&y=1.db", "grüße.db", "file:x.db"} {
		name := filepath.Join(t.TempDir(), base)
		s := open(t, name)
		if err := s.PutNote(t.Context(), "key", nil, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(name); err != nil || info.Size() == 0 {
			t.Errorf("got %v, %v, want the data in %s", info, err, name)
		}
		if _, err := open(t, name).Note(t.Context(), "key"); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	const magic = "SQLite format 3\x00"
	tests := []struct {
		name string
		file func(t *testing.T, name string) // makes what is there already
		want string
	}{
		{"text", content("To whom it may concern: this is not a database."), "is not a database; move it away"},
		{"a short text", content("hello"), "is not a database; move it away"},
		{"a damaged database", content(magic + strings.Repeat("rubbish ", 1000)), "restore a backup"},
		{"another program's database", query("CREATE TABLE bookmarks (url TEXT)"), "database of another program; name another"},
		{"a newer schema", newer, "use the newer usher"},
		{"a directory", func(t *testing.T, name string) { try(t, os.Mkdir(name, 0o700)) }, "it is not a file; name one, such as"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "usher.db")
			tt.file(t, name)
			before, _ := os.ReadFile(name) // a directory has no content
			refuse(t, name, "usher.db", tt.want)
			if after, _ := os.ReadFile(name); !bytes.Equal(before, after) { // as above
				t.Error("the file was changed")
			}
		})
	}
}

func TestOpenRefusesNames(t *testing.T) {
	dir := t.TempDir()
	try(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	tests := []struct{ name, store, shows, want string }{
		{"no directory", filepath.Join(dir, "none", "usher.db"), "usher.db", filepath.Join(dir, "none") + " must exist"},
		{"a file for a directory", filepath.Join(dir, "file", "usher.db"), "usher.db", "not a directory"},
		{"nothing", "", "no name", "name a file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refuse(t, tt.store, tt.shows, tt.want) })
	}
}

func refuse(t *testing.T, name, shows, want string) {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), name)
	if err == nil {
		t.Fatal(errors.Join(errors.New("it was opened"), s.Close()))
	}
	if !strings.Contains(err.Error(), shows) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %q, want it to say %q and %q", err, shows, want)
	}
}

func content(text string) func(*testing.T, string) {
	return func(t *testing.T, name string) { try(t, os.WriteFile(name, []byte(text), 0o600)) }
}

func query(text string) func(*testing.T, string) {
	return func(t *testing.T, name string) {
		db, err := sql.Open("sqlite", name)
		try(t, err)
		_, err = db.ExecContext(t.Context(), text)
		try(t, err)
		try(t, db.Close())
	}
}

func newer(t *testing.T, name string) {
	s, err := sqlstore.Open(t.Context(), name)
	try(t, err)
	try(t, s.Close())
	query("UPDATE schema_version SET version = version + 1")(t, name)
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestForgottenIsOverwritten looks for what was erased in the files themselves, at once
// and when the store is closed.
func TestForgottenIsOverwritten(t *testing.T) {
	name := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, name)
	persons := map[string]string{}
	for _, user := range []string{"before", "marker", "after"} {
		person, err := s.Person(t.Context(), "chat", "", user)
		try(t, err)
		l := store.Login{ID: user + "-login", Person: person, Provider: "p", Origin: []byte(user), Created: time.Now()}
		try(t, s.AddLogin(t.Context(), l))
		persons[user] = person
	}
	try(t, s.Forget(t.Context(), persons["marker"]))
	for _, at := range []string{name, name + "-wal"} {
		if b, err := os.ReadFile(at); err != nil || bytes.Contains(b, []byte("marker")) || bytes.Contains(b, []byte(persons["marker"])) {
			t.Errorf("%s, %v, still holds what was forgotten", filepath.Base(at), err)
		}
	}
	try(t, s.Close())
	if _, err := os.Stat(name + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v for the log of a closed store, want it gone", err)
	}
	b, err := os.ReadFile(name)
	try(t, err)
	if bytes.Contains(b, []byte("marker")) || bytes.Contains(b, []byte(persons["marker"])) {
		t.Error("the file still holds what was forgotten")
	}
	if !bytes.Contains(b, []byte(persons["after"])) {
		t.Error("the file does not hold what was kept")
	}
}
