package sqlstore_test

import (
	"path/filepath"
	"testing"

	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
	"github.com/usherbot/usher/core/store/storetest"
)

func TestFile(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (store.Store, func() store.Store) {
		name := filepath.Join(t.TempDir(), "usher.db")
		s := open(t, name)
		return s, func() store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, name)
		}
	})
}

func TestMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (store.Store, func() store.Store) {
		return open(t, sqlstore.Memory), nil
	})
}

func open(t testing.TB, name string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), name)
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
