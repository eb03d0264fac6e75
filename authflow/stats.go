package authflow

import (
	"slices"
	"sync/atomic"
	"time"
)

// Other is the name under which Stats has the logins of providers that are no longer
// offered.
const Other = "other"

// Stats are what this process has done since New, in plain numbers. Who was signed in
// is not in them.
type Stats struct {
	Providers map[string]ProviderStats // by name: those that are offered, and Other
	Outbox    OutboxStats
}

// ProviderStats are the numbers of one provider.
type ProviderStats struct {
	Open          int              // logins that this process looks after now
	Ended         map[State]uint64 // logins whose end this process stored: each end is there
	Answered      uint64           // polls that got an answer, whatever it was
	Unanswered    uint64           // polls that got none, or none that could be understood; not those that we gave up
	Late          Lateness         // of all polls
	Refreshed     uint64           // tokens that were refreshed
	RefreshFailed uint64           // refreshes that are tried again
	Died          uint64           // accounts whose access the provider turned out to have ended
}

// Lateness is how long after they were due polls began.
type Lateness struct {
	Buckets []Bucket // from the narrowest to the widest; each holds the one before
	Count   uint64   // of all polls
	Sum     time.Duration
}

// Bucket is how many polls began within so long after they were due.
type Bucket struct {
	Within time.Duration
	Count  uint64
}

// OutboxStats are the numbers of telling people what became of their logins.
type OutboxStats struct {
	Told    uint64 // what somebody was told of
	Failed  uint64 // tries that failed, and were to be made again
	GivenUp uint64 // what was never told, since nobody waits for it any more
}

// Stats returns the numbers as they are now. It may be called at any time.
func (l *Logins) Stats() Stats {
	s := Stats{Providers: map[string]ProviderStats{}, Outbox: OutboxStats{
		Told: l.tallies.told.Load(), Failed: l.tallies.untold.Load(), GivenUp: l.tallies.givenUp.Load(),
	}}
	for name, t := range l.tallies.providers {
		s.Providers[name] = t.stats()
	}
	for name, n := range l.engine.open() {
		if l.tallies.providers[name] == nil {
			name = Other
		}
		p := s.Providers[name]
		p.Open += n
		s.Providers[name] = p
	}
	return s
}

// tallies count for Stats.
type tallies struct {
	providers             map[string]*tally // never changed
	told, untold, givenUp atomic.Uint64
}

func newTallies(providers []Provider) *tallies {
	t := &tallies{providers: map[string]*tally{Other: newTally()}}
	for _, p := range providers {
		t.providers[p.Name] = newTally()
	}
	return t
}

// of is the tally of a provider by its name in a row, where any may be.
func (t *tallies) of(name string) *tally {
	if known := t.providers[name]; known != nil {
		return known
	}
	return t.providers[Other]
}

// tally counts for ProviderStats. It takes no lock: polls come by the thousand.
type tally struct {
	ended                          map[State]*atomic.Uint64 // never changed
	answered, unanswered           atomic.Uint64
	refreshed, refreshFailed, died atomic.Uint64
	late                           [len(latenesses) + 1]atomic.Uint64 // the last: later than all of them
	lateSum                        atomic.Int64
}

// latenesses are the buckets: engine.poll aims at the first, and a person notices the
// last two.
var latenesses = [...]time.Duration{
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, time.Second, 5 * time.Second,
}

func newTally() *tally {
	t := &tally{ended: map[State]*atomic.Uint64{}}
	for _, end := range []State{Linked, Denied, Expired, Cancelled, Failed} {
		t.ended[end] = new(atomic.Uint64)
	}
	return t
}

// begins counts a poll that begins so late.
func (t *tally) begins(late time.Duration) {
	late = max(late, 0)
	i, _ := slices.BinarySearch(latenesses[:], late)
	t.late[i].Add(1)
	t.lateSum.Add(int64(late))
}

// polled counts what came of a poll.
func (t *tally) polled(err error) {
	if err != nil {
		t.unanswered.Add(1)
		return
	}
	t.answered.Add(1)
}

func (t *tally) stats() ProviderStats {
	s := ProviderStats{
		Ended: map[State]uint64{}, Answered: t.answered.Load(), Unanswered: t.unanswered.Load(),
		Refreshed: t.refreshed.Load(), RefreshFailed: t.refreshFailed.Load(), Died: t.died.Load(),
	}
	for end, n := range t.ended {
		s.Ended[end] = n.Load()
	}
	s.Late.Sum = time.Duration(t.lateSum.Load())
	for i, within := range latenesses {
		s.Late.Count += t.late[i].Load()
		s.Late.Buckets = append(s.Late.Buckets, Bucket{within, s.Late.Count})
	}
	s.Late.Count += t.late[len(latenesses)].Load()
	return s
}

// open is how many logins the engine has, by the names of their providers.
func (g *engine) open() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := map[string]int{}
	for name, l := range g.lanes {
		n[name] = l.open
	}
	return n
}
