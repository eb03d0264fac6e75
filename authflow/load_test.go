package authflow_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
)

// many starts so many logins with each provider, as many at a time as may be.
func (w *world) many(n int) {
	w.Helper()
	for i := range n {
		for _, p := range w.Providers() {
			ask := w.ask(fmt.Sprint("person ", i, " at ", p.Name))
			ask.Provider = p.Name
			l, err := w.Start(w.Context(), ask)
			if err == nil {
				err = w.Keep(w.Context(), l, l.Origin, time.Time{})
			}
			if err != nil {
				w.Fatal(err)
			}
		}
	}
}

// TestManyLogins takes up more logins than fit into one batch, and polls them. No
// provider gets more than 16 requests at a time.
func TestManyLogins(t *testing.T) {
	f := &fake{name: "fake", takes: 200 * time.Millisecond}
	bubble(t, setup{providers: []authflow.Provider{f.provider("fake")}, inMemory: true}, func(w *world) {
		w.many(501)
		w.restart() // all of them are due within the same five seconds
		f.grants()
		w.sleep(time.Minute)
		if f.counted().most != 16 || len(w.toldSoFar()) != 501 {
			w.Errorf("got %d at a time, %d ends told, want 16, 501", f.counted().most, len(w.toldSoFar()))
		}
		for _, e := range w.toldSoFar() {
			if e.what[len(e.what)-len("linked fake"):] != "linked fake" {
				w.Errorf("got %s, want it linked", e.what)
			}
		}
	})
}

// TestRoomAgain ends as many logins at once as may be asked about at a time. What is due
// next goes on all the same.
func TestRoomAgain(t *testing.T) {
	f := &fake{name: "fake", takes: time.Second, deny: true}
	bubble(t, setup{providers: []authflow.Provider{f.provider("fake")}, inMemory: true}, func(w *world) {
		f.grants()
		for i := range 16 {
			w.start(fmt.Sprint("person ", i))
		}
		w.sleep(3 * time.Second)
		w.start("alice")
		w.sleep(7 * time.Second)
		if n := len(w.toldSoFar()); n != 17 {
			w.Errorf("got %d ends told, want 17", n)
		}
	})
}

// TestManyProviders asks several at a time, by 64 requests in all.
func TestManyProviders(t *testing.T) {
	all := &fake{name: "fake", takes: time.Second}
	var providers []authflow.Provider
	for i := range 6 {
		providers = append(providers, all.provider(fmt.Sprint("p", i)))
	}
	bubble(t, setup{providers: providers, inMemory: true}, func(w *world) {
		w.many(40)
		all.grants()
		w.sleep(time.Minute)
		if all.counted().most != 64 || len(w.toldSoFar()) != 6*40 {
			w.Errorf("got %d at a time, %d ends told, want 64, 240", all.counted().most, len(w.toldSoFar()))
		}
	})
}

// TestSlowProvider holds up nobody else.
func TestSlowProvider(t *testing.T) {
	slow, quick := &fake{name: "fake", takes: 9 * time.Second}, &fake{name: "fake"}
	bubble(t, setup{providers: []authflow.Provider{slow.provider("slow"), quick.provider("quick")}, inMemory: true}, func(w *world) {
		w.many(100)
		quick.grants()
		w.sleep(6 * time.Second)
		if n := len(w.toldSoFar()); n != 100 || slow.counted().most != 16 {
			w.Errorf("got %d ends told, %d at a time of the slow one, want 100, 16", n, slow.counted().most)
		}
	})
}

// TestLimits starts as many logins as may be, one more, and one when it is named to
// be time.
func TestLimits(t *testing.T) {
	tests := []struct {
		name  string
		limit int
		own   int // the provider's
		next  func(i int) (person, place string)
	}{
		{"of a person", 3, 0, func(i int) (string, string) { return "alice", fmt.Sprint("place ", i) }},
		{"from a place", 30, 0, func(i int) (string, string) { return fmt.Sprint("person ", i), "place" }},
		{"at a provider", 600, 0, func(i int) (string, string) { return fmt.Sprint("person ", i), fmt.Sprint("place ", i) }},
		{"at a provider with a limit of its own", 5, 5, func(i int) (string, string) { return fmt.Sprint("person ", i), fmt.Sprint("place ", i) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{name: "fake"}
			p := f.provider("fake")
			p.StartLimit = tt.own
			bubble(t, setup{providers: []authflow.Provider{p}, inMemory: true}, func(w *world) {
				start := func(i int) error {
					person, place := tt.next(i)
					l, err := w.Start(w.Context(), authflow.Start{Person: person, Provider: "fake", Place: place})
					if err == nil {
						_, err = w.Cancel(w.Context(), l.ID) // an end makes no room
					}
					return err
				}
				for i := range tt.limit {
					if err := start(i); err != nil {
						w.Fatalf("start %d: %v", i, err)
					}
					w.sleep(time.Second / 2)
				}
				err := start(tt.limit)
				limit, ok := errors.AsType[*authflow.LimitError](err)
				if want := w.began.Add(10 * time.Minute); !ok || !limit.Again.Equal(want) || f.counted().begun != tt.limit {
					w.Fatalf("got %v after %d begun, want a limit until %v", err, f.counted().begun, want)
				}
				w.sleep(time.Until(limit.Again) - time.Millisecond)
				if err := start(tt.limit); err == nil {
					w.Error("got a start before its time")
				}
				w.sleep(time.Millisecond)
				if err := start(tt.limit); err != nil {
					w.Errorf("got %v at the time that was named", err)
				}
			})
		})
	}
}
