package authflow

import (
	"testing"
	"time"
)

// TestTimesOfAnEntry holds what is rounded to the right side: a card that is woken
// before its time does not move, and a code is not asked about once it has run out.
func TestTimesOfAnEntry(t *testing.T) {
	g := newEngine(nil)
	for _, after := range []time.Duration{-time.Hour, time.Millisecond, 14*time.Minute + 99*time.Millisecond, 15 * time.Minute} {
		at := g.epoch.Add(after)
		e := &entry{}
		e.setWake(g, at)
		if got := g.off(e.wake.time()); got.Before(at) || after > 0 && got.Sub(at) >= tenth || e.wake == 0 {
			t.Errorf("a card that moves at %v wakes at %v, want not before, nor much later", after, e.wake.time())
		}
		e.take(g, "id", Grant{Expires: at})
		if got := g.off(e.expires.time()); after > 0 && (got.After(at) || at.Sub(got) >= tenth) || after < 0 && got.After(g.epoch) {
			t.Errorf("a code that runs out at %v counts until %v, want not after, nor much earlier", after, e.expires.time())
		}
	}
	e := &entry{wake: 1}
	if e.setWake(g, time.Time{}); e.wake != 0 {
		t.Errorf("a card that never moves wakes at %v, want never", e.wake.time())
	}
}
