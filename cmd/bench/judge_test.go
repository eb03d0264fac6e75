package main

import (
	"testing"
	"time"
)

// TestJudge plays polls of one login to a provider that wants 5 s between them.
// Answers take a millisecond.
func TestJudge(t *testing.T) {
	const ms = time.Millisecond
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		name  string
		polls []time.Duration // when each comes, after the code was issued
		ask   time.Duration   // when the verdict is asked for
		want  verdict
	}{
		{"nobody yet", nil, 11 * time.Second, verdict{Unpolled: 1}},
		{"nobody", nil, 11*time.Second + 1, verdict{Unpolled: 1, Missed: 1}},
		{"in time", []time.Duration{7 * time.Second, 12001 * ms}, 13 * time.Second, verdict{Polls: 2}},
		{"just too early", []time.Duration{5 * time.Second, 10001*ms - 1}, 13 * time.Second, verdict{Polls: 2, Early: 1}},
		{"early after its issue", []time.Duration{4 * time.Second}, 13 * time.Second, verdict{Polls: 1, Early: 1}},
		{
			"late",
			[]time.Duration{5 * time.Second, 10003 * ms, 15010 * ms},
			16 * time.Second,
			verdict{Polls: 3, Late: late{2 * ms, 6 * ms, 6 * ms}},
		},
		{"very late", []time.Duration{11001 * ms}, 16 * time.Second, verdict{Polls: 1, Missed: 1}},
		{"no more", []time.Duration{6 * time.Second}, 17002 * ms, verdict{Polls: 1, Missed: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j := newJudge(5 * time.Second)
			name := j.issue(begin)
			for _, at := range tc.polls {
				if got := j.poll(name, begin.Add(at)); got != pending {
					t.Errorf("got %q, want %q", got, pending)
				}
				j.sent(name, begin.Add(at+ms))
			}
			if got := j.count(begin.Add(tc.ask)); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestJudgeSeesTwoAtOnce(t *testing.T) {
	j, now := newJudge(time.Second), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	name := j.issue(now)
	now = now.Add(time.Second)
	j.poll(name, now)
	j.poll(name, now)
	j.sent(name, now)
	j.sent(name, now)
	j.poll(name, now.Add(time.Second))
	if got := j.verdict(now.Add(time.Second)); got.Duplicate != 1 || got.Early != 0 || got.Polls != 3 {
		t.Errorf("got %+v, want one duplicate of three", got)
	}
}

// TestJudgeWatches has somebody begin anew, who may not be early for all that.
func TestJudgeWatches(t *testing.T) {
	j, now := newJudge(5*time.Second), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	name := j.issue(now)
	now = now.Add(time.Hour)
	j.watch(now)
	if got, want := j.verdict(now), (verdict{Unpolled: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	j.poll(name, now)
	j.sent(name, now)
	j.watch(now)
	j.poll(name, now.Add(time.Second))
	j.sent(name, now.Add(time.Second))
	if got, want := j.count(now.Add(time.Second)), (verdict{Polls: 2, Early: 1}); got != want {
		t.Errorf("got %+v, want %+v: first polls are not late", got, want)
	}
	if got, want := j.count(now.Add(time.Second)), (verdict{Early: 1}); got != want {
		t.Errorf("got %+v, want %+v: polls and lateness begin from 0", got, want)
	}
}

// TestJudgeGrants approves two a second.
func TestJudgeGrants(t *testing.T) {
	j, now := newJudge(time.Second), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var names []string
	for range 4 {
		names = append(names, j.issue(now))
	}
	now = now.Add(time.Second)
	j.grant(now, 2)
	now = now.Add(time.Second)
	for i, want := range []string{granted, granted, pending, pending} {
		if got := j.poll(names[i], now); got != want {
			t.Errorf("got %q for poll %d, want %q", got, i, want)
		}
		j.sent(names[i], now)
	}
	if got := j.poll(names[0], now.Add(time.Second)); got != unknown {
		t.Errorf("got %q for a code that was used, want %q", got, unknown)
	}
	if got := j.poll("another", now); got != unknown {
		t.Errorf("got %q for a code that was never issued, want %q", got, unknown)
	}
	j.watch(now)
	if got, want := j.verdict(now), (verdict{Polls: 5, Unpolled: 2, Granted: 2, After: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
