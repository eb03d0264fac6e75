package authflow_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
)

// many starts so many logins with each provider, as many at a time as may be.
func (w *world) many(n int) {
	w.Helper()
	for i := range n {
		if i > 0 && i%500 == 0 {
			w.sleep(11 * time.Minute) // beyond the limits
		}
		for _, p := range w.Providers() {
			ask := w.ask(fmt.Sprint("person ", i, " at ", p.Name))
			ask.Provider = p.Name
			l, err := w.Start(w.Context(), ask)
			if err == nil {
				err = w.Keep(w.Context(), l.ID, l.Origin, time.Time{})
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
		w.many(1001)
		w.restart() // all of them are due within the same five seconds
		f.grants()
		w.sleep(time.Minute)
		if f.most != 16 || len(w.told) != 1001 {
			w.Errorf("got %d at a time, %d ends told, want 16, 1001", f.most, len(w.told))
		}
		for _, e := range w.told {
			if e.what[len(e.what)-len("linked fake"):] != "linked fake" {
				w.Errorf("got %s, want it linked", e.what)
			}
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
		if all.most != 64 || len(w.told) != 6*40 {
			w.Errorf("got %d at a time, %d ends told, want 64, 240", all.most, len(w.told))
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
		if n := len(w.told); n != 100 || slow.most != 16 {
			w.Errorf("got %d ends told, %d at a time of the slow one, want 100, 16", n, slow.most)
		}
	})
}
