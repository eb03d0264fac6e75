package authflow

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/usherbot/usher/core/seal"
)

// TestIndex does the same to an index and to a map.
func TestIndex(t *testing.T) {
	x, want := newIndex(), map[string]*entry{}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		id := fmt.Sprint("login ", random.IntN(1000))
		switch random.IntN(3) {
		case 0:
			x.remove(id)
			delete(want, id)
		default:
			e := &entry{text: seal.Secret(id + "and what else it has"), id: uint8(len(id))}
			x.put(e)
			want[id] = e
		}
		if id = fmt.Sprint("login ", random.IntN(1000)); x.get(id) != want[id] {
			t.Fatalf("got %p of %s, want %p", x.get(id), id, want[id])
		}
	}
	all := slices.Collect(x.all())
	if len(all) != len(want) || x.n != len(want) {
		t.Errorf("got %d and a count of %d, want %d", len(all), x.n, len(want))
	}
	for _, e := range all {
		if want[e.login()] != e {
			t.Errorf("got %s, which was replaced or removed", e.login())
		}
	}
}
