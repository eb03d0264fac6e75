package authflow

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// left is a turn in which the code is good for so much longer than noon.
func left(d time.Duration, misses int) turn {
	return turn{State: Waiting, Misses: misses, Grant: Grant{Every: 5 * time.Second, Expires: noon.Add(d)}}
}

func (t turn) every(d time.Duration, slowed bool) turn {
	t.Grant.Every, t.Grant.Slowed = d, slowed
	return t
}

func (t turn) is(s State, w Why) turn {
	t.State, t.Why = s, w
	return t
}

func TestStep(t *testing.T) {
	trouble := errors.New("connection refused")
	later := func(d time.Duration) error { return &Later{After: d, Err: trouble} }
	waiting, token := Answer{State: Waiting}, Answer{State: Granted, Token: &Token{Access: "x"}}
	slower := func(every time.Duration) Answer {
		g := left(time.Hour, 0).every(every, true).Grant
		return Answer{State: Waiting, Grant: &g}
	}
	const s, m = time.Second, time.Minute
	tests := []struct {
		name   string
		from   turn
		answer Answer
		err    error
		want   turn
		wait   time.Duration // from noon; 0: the end
	}{
		{"an end is an end", left(m, 0).is(Cancelled, Replaced), token, nil, left(m, 0).is(Cancelled, Replaced), 0},
		{"an end is an end, whatever happens", left(-m, 3).is(Denied, ""), Answer{}, trouble, left(-m, 3).is(Denied, ""), 0},
		{"a token is for others to go on with", left(m, 0).is(Granted, ""), waiting, nil, left(m, 0).is(Granted, ""), 0},

		{"granted", left(m, 0), token, nil, left(m, 0).is(Granted, ""), 0},
		{"granted after trouble", left(m, 4), token, nil, left(m, 4).is(Granted, ""), 0},
		{"granted in the last moment", left(0, 0), token, nil, left(0, 0).is(Granted, ""), 0},
		{"granted a second after the end", left(-s, 0), token, nil, left(-s, 0).is(Granted, ""), 0},
		{"denied", left(m, 0), Answer{State: Denied}, nil, left(m, 0).is(Denied, ""), 0},
		{"denied after the end", left(-s, 0), Answer{State: Denied}, nil, left(-s, 0).is(Denied, ""), 0},
		{"the provider says that it has expired", left(m, 0), Answer{State: Expired}, nil, left(m, 0).is(Expired, ""), 0},
		{"the provider will not go on", left(m, 0), Answer{State: Failed, Err: trouble}, nil, left(m, 0).is(Failed, Refused), 0},

		{"the provider takes nobody from here", left(m, 0), Answer{State: Failed, Err: &OAuthError{Code: "org_internal"}}, nil, left(m, 0).is(Failed, Barred), 0},
		{"the provider does not know the bot", left(m, 0), Answer{State: Failed, Err: &OAuthError{Code: "Invalid_Client"}}, nil, left(m, 0).is(Failed, Barred), 0},
		{"the provider says something else", left(m, 0), Answer{State: Failed, Err: &OAuthError{Code: "moon_phase"}}, nil, left(m, 0).is(Failed, Refused), 0},

		{"waiting at the end", left(0, 0), waiting, nil, left(0, 0).is(Expired, ""), 0},
		{"waiting after the end", left(-s, 0), waiting, nil, left(-s, 0).is(Expired, ""), 0},
		{"a slower pace after the end", left(-s, 0), slower(10 * s), nil, left(-s, 0).is(Expired, ""), 0},
		{"trouble at the end", left(0, 2), Answer{}, trouble, left(0, 2).is(Expired, ""), 0},
		{"a wish for later at the end", left(0, 2), Answer{}, later(m), left(0, 2).is(Expired, ""), 0},

		{"waiting", left(m, 0), waiting, nil, left(m, 0), 5 * s},
		{"waiting, after a slow_down", left(m, 0).every(10*s, true), waiting, nil, left(m, 0).every(10*s, true), 12 * s},
		{"slow down", left(time.Hour, 0), slower(10 * s), nil, left(time.Hour, 0).every(10*s, true), 12 * s},
		{"slow down beyond a minute", left(time.Hour, 0), slower(90 * s), nil, left(time.Hour, 0).every(90*s, true), 108 * s},
		{"slow down forgets trouble", left(time.Hour, 3), slower(10 * s), nil, left(time.Hour, 0).every(10*s, true), 12 * s},
		{"a good answer forgets trouble", left(m, 3), waiting, nil, left(m, 0), 5 * s},

		{"trouble", left(time.Hour, 0), Answer{}, trouble, left(time.Hour, 1), 10 * s},
		{"trouble again", left(time.Hour, 1), Answer{}, trouble, left(time.Hour, 2), 20 * s},
		{"trouble a third time", left(time.Hour, 2), Answer{}, trouble, left(time.Hour, 3), 40 * s},
		{"trouble for long", left(time.Hour, 3), Answer{}, trouble, left(time.Hour, 4), m},
		{"trouble for very long", left(time.Hour, 1000), Answer{}, trouble, left(time.Hour, 1001), m},
		{"trouble at a slow pace", left(time.Hour, 0).every(10*s, true), Answer{}, trouble, left(time.Hour, 1).every(10*s, true), 20 * s},
		{"trouble at a pace beyond a minute", left(time.Hour, 0).every(90*s, true), Answer{}, trouble, left(time.Hour, 1).every(90*s, true), 108 * s},

		{"later", left(time.Hour, 0), Answer{}, later(42 * s), left(time.Hour, 1), 42 * s},
		{"later than a minute", left(time.Hour, 0), Answer{}, later(5 * m), left(time.Hour, 1), 5 * m},
		{"later, but sooner than the wait", left(time.Hour, 2), Answer{}, later(s), left(time.Hour, 3), 40 * s},
		{"later, but sooner than the pace", left(6*s, 0), Answer{}, later(s), left(6*s, 1), 6 * s},
		{"later, wrapped", left(time.Hour, 0), Answer{}, errors.Join(errors.New("poll"), later(m)), left(time.Hour, 1), m},
		{"later than the end", left(m, 0), Answer{}, later(90 * s), left(m, 1), 90 * s},
		{"much later than the end", left(m, 0), Answer{}, later(time.Hour), left(m, 1), 2 * m},

		{"the end is near", left(7*s, 0), waiting, nil, left(7*s, 0), 5 * s},
		{"the end is nearer than the pace", left(2*s, 0), waiting, nil, left(2*s, 0), 5 * s},
		{"the end is as near as the pace", left(5*s, 0), waiting, nil, left(5*s, 0), 5 * s},
		{"trouble near the end: once more then", left(7*s, 0), Answer{}, trouble, left(7*s, 1), 7 * s},
		{"trouble nearer to the end than the pace", left(2*s, 0), Answer{}, trouble, left(2*s, 1), 5 * s},
		{"trouble near the end at a slow pace", left(15*s, 0).every(10*s, true), Answer{}, trouble, left(15*s, 1).every(10*s, true), 15 * s},
		{"trouble nearer to the end than a slow pace", left(11*s, 0).every(10*s, true), Answer{}, trouble, left(11*s, 1).every(10*s, true), 12 * s},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, due := tt.from.step(tt.answer, tt.err, noon)
			if tt.want.Grant.Expires != got.Grant.Expires || got.Grant.Every != tt.want.Grant.Every || got.Grant.Slowed != tt.want.Grant.Slowed ||
				got.State != tt.want.State || got.Why != tt.want.Why || got.Misses != tt.want.Misses {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if want := noon.Add(tt.wait); tt.wait == 0 && !due.IsZero() || tt.wait != 0 && !due.Equal(want) {
				t.Errorf("got a due time of %v, want %v", due, want)
			}
		})
	}
}

// TestStepNeverPollsEarly tries what no table has thought of.
func TestStepNeverPollsEarly(t *testing.T) {
	for every := time.Second; every < 3*time.Minute; every += 7 * time.Second {
		for end := -time.Minute; end < 5*time.Minute; end += 900 * time.Millisecond {
			for misses := range 10 {
				from := left(end, misses).every(every, misses%2 == 0)
				for _, err := range []error{nil, errBusy, &Later{After: every / 2, Err: errBusy}, &Later{After: 2 * every, Err: errBusy}} {
					got, due := from.step(Answer{State: Waiting}, err, noon)
					wait := due.Sub(noon)
					switch {
					case got.State == Expired && end <= 0:
					case got.State != Waiting, wait < from.Grant.pace(), wait > max(from.Grant.pace(), 2*every, longestWait):
						t.Fatalf("got %+v and a wait of %v from %+v", got, wait, from)
					}
				}
			}
		}
	}
}

var errBusy = errors.New("busy")

func TestOpenStates(t *testing.T) {
	for s, want := range map[State]bool{
		Waiting: true, Granted: true, Confirming: true,
		Linked: false, Denied: false, Expired: false, Cancelled: false, Failed: false, "": false,
	} {
		if got := s.Open(); got != want {
			t.Errorf("%q is open: got %v, want %v", s, got, want)
		}
	}
}

// However fast logins are taken over, they come one interval later at the soonest,
// and as evenly as that allows.
func TestPlace(t *testing.T) {
	const every = 5 * time.Second
	for _, tt := range []struct {
		name   string
		took   time.Duration // to take over all of them
		within time.Duration // of when it began, all come
		most   int           // in any tenth of a second
	}{
		{"at once", 0, 9100 * time.Millisecond, 40},
		{"in half of the time", 2 * time.Second, 9100 * time.Millisecond, 40},
		{"in just the time", 4 * time.Second, 9100 * time.Millisecond, 40},
		{"in longer", 8 * time.Second, 13100 * time.Millisecond, 60},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const of = 1000
			in := map[time.Duration]int{}
			for at := range of {
				now := noon.Add(tt.took * time.Duration(at/50) * 50 / of) // in batches of 50
				wait := place{begun: noon, at: at, of: of}.wait(every, now)
				if due := now.Add(wait).Sub(noon); wait < every || due > tt.within {
					t.Fatalf("%d: got asked after %v, at %v, want %v at least, and %v", at, wait, due, every, tt.within)
				} else {
					in[due/(time.Second/10)]++
				}
			}
			if got := slices.Max(slices.Collect(maps.Values(in))); got > tt.most {
				t.Errorf("got %d of %d in a tenth of a second, want at most %d", got, of, tt.most)
			}
		})
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	from := left(time.Hour, 0)
	if n := testing.AllocsPerRun(100, func() { from.step(Answer{State: Waiting}, nil, noon) }); n != 0 {
		t.Errorf("got %v allocations for an answer that changes nothing, want none", n)
	}
}

func BenchmarkStep(b *testing.B) {
	g := left(time.Hour, 0).Grant
	for _, tt := range []struct {
		name   string
		answer Answer
		err    error
	}{
		{"pending", Answer{State: Waiting}, nil},
		{"slower", Answer{State: Waiting, Grant: &g}, nil},
		{"trouble", Answer{}, &Later{After: time.Second, Err: errBusy}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			from := left(time.Hour, 0)
			for b.Loop() {
				from.step(tt.answer, tt.err, noon)
			}
		})
	}
}
