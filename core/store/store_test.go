package store_test

import (
	"regexp"
	"testing"

	"github.com/usherbot/usher/core/store"
)

func TestNewID(t *testing.T) {
	form, seen := regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`), map[string]bool{}
	for range 1000 {
		id := store.NewID()
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("got %q, want 22 characters that were not there before", id)
		}
		seen[id] = true
	}
}
