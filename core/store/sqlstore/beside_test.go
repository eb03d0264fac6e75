package sqlstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/core/store/sqlstore"
)

func beside(t *testing.T, name string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenBeside(t.Context(), name)
	try(t, err)
	return s
}

// TestOpenBeside lets two stores use one file, in turns and in either order.
func TestOpenBeside(t *testing.T) {
	name := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, name)
	for i, stays := range []bool{false, true} {
		other := beside(t, name)
		key := string(rune('a' + i))
		try(t, s.PutNote(t.Context(), key, []byte("1"), time.Time{}))
		if got, err := other.TakeNote(t.Context(), key); err != nil || string(got) != "1" {
			t.Errorf("got %q, %v, want what the first one wrote", got, err)
		}
		try(t, other.PutNote(t.Context(), key, []byte("2"), time.Time{}))
		if stays {
			try(t, s.Close())
		}
		try(t, other.Close())
	}
	s = open(t, name)
	for _, key := range []string{"a", "b"} {
		if got, err := s.Note(t.Context(), key); err != nil || string(got) != "2" {
			t.Errorf("got %q, %v, want what the other one wrote", got, err)
		}
	}
}

// TestOpenBesideKeepsTheLock looks whether the file is still its first user's.
func TestOpenBesideKeepsTheLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "usher.db")
	open(t, name)
	try(t, beside(t, name).Close())
	_, err := sqlstore.Open(t.Context(), name)
	if _, ok := errors.AsType[*sqlstore.InUseError](err); !ok {
		t.Errorf("got %v, want an InUseError", err)
	}
}

func TestOpenBesideRefuses(t *testing.T) {
	tests := []struct {
		name string
		file func(t *testing.T, name string)
		want string
	}{
		{"no file", func(*testing.T, string) {}, "name the one that usher serve uses"},
		{"an empty file", content(""), "start usher serve first"},
		{"a text", content("To whom it may concern: this is not a database."), "move it away"},
		{"another program's database", query("CREATE TABLE bookmarks (url TEXT)"), "database of another program"},
		{"an older schema", func(t *testing.T, name string) {
			try(t, open(t, name).Close())
			query("UPDATE schema_version SET version = 0")(t, name)
		}, "start usher serve first"},
		{"a newer schema", newer, "use the newer usher"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "usher.db")
			tt.file(t, name)
			before, missing := os.ReadFile(name)
			s, err := sqlstore.OpenBeside(t.Context(), name)
			if err == nil {
				t.Fatal(errors.Join(errors.New("it was opened"), s.Close()))
			}
			if !strings.Contains(err.Error(), "usher.db") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, want it to name the file and say %q", err, tt.want)
			}
			if after, err := os.ReadFile(name); !slices.Equal(before, after) || (err == nil) != (missing == nil) {
				t.Errorf("the file was changed or made: %v", err)
			}
		})
	}
}
