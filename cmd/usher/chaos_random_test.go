//go:build unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// crowd is how many people sign in at a time.
const crowd = 16

// playAtRandom has people come and faults strike, any after any, for -chaos.for; and
// then all come to an end.
func (w *chaos) playAtRandom(t *testing.T, r *rand.Rand) (cast []*person) {
	ctx, stop := context.WithTimeout(t.Context(), *chaosFor+longest)
	defer stop()
	deadline := time.Now().Add(*chaosFor)
	var done sync.WaitGroup
	fate := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
	done.Go(func() { w.misfortunes(t, fate, deadline) })
	places := make(chan struct{}, crowd)
	for time.Now().Before(deadline) {
		p := &person{name: fmt.Sprintf("person%d", len(cast)), does: approve, thinks: below(r, 4*time.Second)}
		if r.IntN(2) == 0 {
			p.does = []choice{deny, cancel, expire}[r.IntN(3)]
		}
		cast = append(cast, p)
		places <- struct{}{}
		done.Go(func() {
			defer func() { <-places }()
			err := p.signIn(ctx, w)
			if err == nil {
				err = p.decide(ctx, w)
			}
			if err != nil {
				t.Error(err)
			}
		})
		w.rest(below(r, 500*time.Millisecond))
	}
	done.Wait()
	if err := w.leftovers(ctx, cast); err != nil {
		t.Error(err)
	}
	return cast
}

// misfortunes strike until the deadline. After it all run, and by the true clock.
func (w *chaos) misfortunes(t *testing.T, r *rand.Rand, deadline time.Time) {
	for time.Now().Before(deadline) {
		w.misfortune(t, r)
		w.rest(below(r, 3*time.Second))
	}
	w.mu.Lock()
	w.fault = nil
	w.mu.Unlock()
	for _, one := range w.replicas {
		one.setClock(t, 0)
	}
}

// misfortune is a random one.
func (w *chaos) misfortune(t *testing.T, r *rand.Rand) {
	one := w.replicas[r.IntN(len(w.replicas))]
	what := []deed{kill, kill, freeze}[r.IntN(3)]
	switch kind := r.IntN(8); {
	case kind == 0:
		w.befall(one, what)
	case kind == 1:
		one.setClock(t, below(r, 2*time.Hour)-time.Hour)
	case kind == 2 && w.spoils:
		w.restartDatabase(t, below(r, frozenFor))
	default:
		f := &fault{when: []moment{before, during, after}[r.IntN(3)], what: what, late: below(r, longestStep)}
		f.at = []point{inserting, showing, keeping, polling, issuing, granting, linking, ending, telling, dropping}[r.IntN(10)]
		w.mu.Lock()
		w.fault = f // in the place of one that has not struck
		w.mu.Unlock()
	}
}

// restartDatabase has the database away for a while, after a power cut.
func (w *chaos) restartDatabase(t *testing.T, away time.Duration) {
	w.note(event{what: struck})
	w.db.Kill(t)
	w.rest(away)
	w.db.Run(t)
	w.note(event{what: struck})
}
