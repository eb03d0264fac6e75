package main

import (
	"fmt"
	"sync"
	"time"
)

// missedAfter is how much longer than two intervals nobody may poll a login. A
// process that starts spreads its first polls over the second of the two.
const missedAfter = time.Second

// judge holds polls against the interval that was asked for, as their provider
// sees them: it begins when an answer is sent, so that no client can have it
// sooner, and ends when the next request has come.
type judge struct {
	every time.Duration

	mu      sync.Mutex
	codes   map[string]*code
	watched time.Time // since then somebody is to poll
	late    []time.Duration
	found   verdict

	rate    int // tokens granted a second
	granted int // at that rate
	since   time.Time
}

// code is a device code.
type code struct {
	answered time.Time // when last, or when it was issued
	asking   int       // polls under way
	polled   bool      // since it is watched
	ended    bool      // a token was granted
}

// verdict is what came of the polls.
type verdict struct {
	Polls     int // since the last count
	Unpolled  int // logins that nobody polled yet since they are watched
	Early     int // polls before the interval had passed
	Duplicate int // polls beside another one
	Missed    int // times that nobody polled for two intervals and missedAfter
	Granted   int // tokens
	After     int // polls for which a token was granted already
	Late      late
}

// late is how late polls were since the last count; 0 is in time.
type late struct{ P50, P99, Most time.Duration }

func newJudge(every time.Duration) *judge {
	return &judge{every: every, codes: map[string]*code{}}
}

// issue returns a new device code.
func (j *judge) issue(now time.Time) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	name := fmt.Sprintf("device-code-%08d-of-a-usual-length", len(j.codes))
	j.codes[name] = &code{answered: now}
	j.found.Unpolled++
	return name
}

// watch forgets when logins were last polled, but not when they may be again:
// whoever is to poll them can begin at from.
func (j *judge) watch(from time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.watched, j.found.Unpolled = from, 0
	for _, c := range j.codes {
		if c.polled = c.ended; !c.ended {
			j.found.Unpolled++
		}
	}
}

// grant answers polls by so many tokens a second, from now on.
func (j *judge) grant(now time.Time, rate int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.rate, j.granted, j.since = rate, 0, now
}

// The answers to a poll.
const (
	pending = "authorization_pending"
	granted = ""
	unknown = "invalid_grant" // RFC 6749 section 5.2
)

// poll judges a poll that has come and returns the error to answer with.
func (j *judge) poll(name string, now time.Time) (answer string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.codes[name]
	if c == nil {
		return unknown
	}
	j.found.Polls++
	c.asking++
	switch {
	case c.ended:
		j.found.After++
		return unknown
	case c.asking > 1:
		j.found.Duplicate++
	case now.Sub(c.answered) < j.every:
		j.found.Early++
	}
	if j.missed(c, now) {
		j.found.Missed++
	}
	j.arrived(c, now)
	if float64(j.granted) >= float64(j.rate)*now.Sub(j.since).Seconds() {
		return pending
	}
	j.granted++
	j.found.Granted++
	c.ended = true
	return granted
}

// arrived notes that c was polled, and how late. The first poll of whoever begins
// is spread on purpose.
func (j *judge) arrived(c *code, now time.Time) {
	if !c.polled {
		c.polled = true
		j.found.Unpolled--
		return
	}
	j.late = append(j.late, max(0, now.Sub(c.answered)-j.every))
}

func (j *judge) missed(c *code, now time.Time) bool {
	from := c.answered
	if from.Before(j.watched) {
		from = j.watched
	}
	return now.Sub(from) > 2*j.every+missedAfter
}

// sent notes that the answer to a poll has left. at is from before that.
func (j *judge) sent(name string, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if c := j.codes[name]; c != nil {
		c.answered = at
		c.asking--
	}
}

// verdict is what came of it until now, but for how late polls were.
func (j *judge) verdict(now time.Time) verdict {
	j.mu.Lock()
	defer j.mu.Unlock()
	v := j.found
	for _, c := range j.codes {
		if !c.ended && j.missed(c, now) {
			v.Missed++
		}
	}
	return v
}

// count is the verdict with how late polls were. The next count begins from 0.
func (j *judge) count(now time.Time) verdict {
	v := j.verdict(now)
	j.mu.Lock()
	times := j.late
	j.found.Polls, j.late = 0, nil
	j.mu.Unlock()
	v.Late = late{percentile(times, 50), percentile(times, 99), percentile(times, 100)}
	return v
}
