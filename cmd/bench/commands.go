package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	inFlight = 16  // commands at once, at full speed
	warmUp   = 300 // commands that nobody counts
	rounds   = 6   // in which the subjects take turns
)

// measured is what came of one subject.
type measured struct {
	start        time.Duration // until the first answer
	idle, loaded int64         // bytes
	on           map[string]*pace
}

// pace is what came of one subject on one platform.
type pace struct {
	commands int           // at full speed
	cpu      time.Duration // for those
	elapsed  time.Duration // for those
	steady   []time.Duration
}

// burst is what came of many handlers that wait at once.
type burst struct{ acked, answered time.Duration } // the last of them

// report is what came of everything.
type report struct {
	plan      plan
	bot, bare measured
	bursts    map[string]burst // the bot's
	crowded   int64            // bytes, at most, with the bursts
}

// bench is a run under way.
type bench struct {
	plan
	world *world
	says  io.Writer // what it is at
	bot   *subject
	bare  *subject
	report
}

// measure plays everything.
func measure(ctx context.Context, p plan, errs io.Writer) (r report, err error) {
	dir, err := os.MkdirTemp("", "usher-bench")
	if err != nil {
		return r, fmt.Errorf("make a folder for the store: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := newWorld(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	b := &bench{plan: p, world: w, says: errs, report: report{plan: p, bursts: map[string]burst{}}}
	if b.bare, err = b.begin(ctx, task{Kind: kindBare, API: w.url}, &b.report.bare); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, b.bare.stop()) }()
	if b.bot, err = b.begin(ctx, task{Kind: kindBot, API: w.url, Dir: dir, Profile: p.profile}, &b.report.bot); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, b.bot.stop()) }()
	if err := b.play(ctx); err != nil {
		return r, err
	}
	return b.report, nil
}

// begin starts a subject, waits for its first answer, and lets it rest.
func (b *bench) begin(ctx context.Context, t task, m *measured) (*subject, error) {
	s, err := start(ctx, t)
	if err != nil {
		return nil, err
	}
	if _, err := b.world.play(ctx, s.url, platforms[0], "echo"); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	m.start, m.on = time.Since(s.begun), map[string]*pace{}
	time.Sleep(b.rest)
	u, err := s.used()
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	m.idle = u.RSS
	return s, nil
}

// play is all that comes after the start.
func (b *bench) play(ctx context.Context) error {
	for _, p := range platforms {
		if err := b.race(ctx, p); err != nil {
			return err
		}
	}
	for _, p := range platforms {
		for s, m := range b.subjects() {
			if err := b.walk(ctx, s, m, p); err != nil {
				return err
			}
		}
	}
	for s, m := range b.subjects() {
		u, err := s.used()
		if err != nil {
			return err
		}
		m.loaded = u.Peak
	}
	return b.crowd(ctx)
}

// subjects yields both, with where to note what comes of them.
func (b *bench) subjects() func(func(*subject, *measured) bool) {
	return func(yield func(*subject, *measured) bool) {
		_ = yield(b.bot, &b.report.bot) && yield(b.bare, &b.report.bare)
	}
}

// race plays at full speed, in turns.
func (b *bench) race(ctx context.Context, p platform) error {
	fmt.Fprintf(b.says, "%s: %d commands at full speed\n", p.name, b.commands)
	for s, m := range b.subjects() {
		m.on[p.name] = &pace{}
		if err := b.world.flat(ctx, s.url, p, warmUp, inFlight); err != nil {
			return fmt.Errorf("%s: %w", s.kind, err)
		}
	}
	for range rounds {
		for s, m := range b.subjects() {
			if err := b.lap(ctx, s, m.on[p.name], p); err != nil {
				return fmt.Errorf("%s: %w", s.kind, err)
			}
		}
	}
	return nil
}

// lap is one subject's turn.
func (b *bench) lap(ctx context.Context, s *subject, m *pace, p platform) error {
	before, err := s.used()
	if err != nil {
		return err
	}
	count, begun := b.commands/rounds, time.Now()
	if err := b.world.flat(ctx, s.url, p, count, inFlight); err != nil {
		return err
	}
	m.elapsed += time.Since(begun)
	after, err := s.used()
	m.commands += count
	m.cpu += after.CPU - before.CPU
	return err
}

// walk plays at a steady pace.
func (b *bench) walk(ctx context.Context, s *subject, m *measured, p platform) error {
	fmt.Fprintf(b.says, "%s, %s: %d a second for %v\n", p.name, s.kind, b.rate, b.steady)
	time.Sleep(b.rest)
	every := time.Second / time.Duration(b.rate)
	times, err := b.world.timed(ctx, s.url, p, "echo", max(1, int(b.steady/every)), every)
	if err != nil {
		return fmt.Errorf("%s: %w", s.kind, err)
	}
	for _, t := range times {
		m.on[p.name].steady = append(m.on[p.name].steady, t.answered)
	}
	return nil
}

// crowd has many handlers of the bot wait at once.
func (b *bench) crowd(ctx context.Context) error {
	for _, p := range platforms {
		fmt.Fprintf(b.says, "%s: %d handlers wait at once\n", p.name, b.waiting)
		time.Sleep(b.rest)
		times, err := b.world.timed(ctx, b.bot.url, p, "wait", b.waiting, 0)
		if err != nil {
			return err
		}
		var last burst
		for _, t := range times {
			last.acked, last.answered = max(last.acked, t.acked), max(last.answered, t.answered)
		}
		b.bursts[p.name] = last
	}
	u, err := b.bot.used()
	b.crowded = u.Peak
	return err
}
