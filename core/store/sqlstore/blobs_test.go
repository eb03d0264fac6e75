package sqlstore

import (
	"slices"
	"testing"

	"github.com/usherbot/usher/core/store"
)

// TestBlobsAreKnown finds a column whose content would be left behind when the
// secret changes.
func TestBlobsAreKnown(t *testing.T) {
	want := []string{"login.start_hash", "login.back_hash"} // not sealed
	for _, in := range []string{store.InLogin, store.InOrigin, store.InAccount, store.InNote} {
		at, err := columnOf(in)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, at.table+"."+at.sealed)
	}
	var got []string
	err := openTest(t).look(t.Context(), func(c *conn) (err error) {
		got, err = list(c, scanText, `SELECT t.name || '.' || c.name FROM sqlite_master t, pragma_table_info(t.name) c
			WHERE t.type = 'table' AND c.type = 'BLOB'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got blobs in %q, want %q", got, want)
	}
}
