package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// loginsPlan is how many logins are polled, and where they are kept.
type loginsPlan struct {
	counts  []int         // of logins
	span    time.Duration // that polls are counted for
	every   time.Duration // the interval
	stores  []string      // as openDatabase takes them
	profile string        // file for a CPU profile of the last usher that only polls; empty: none
}

func parseLogins(args []string, errs io.Writer) (p loginsPlan, err error) {
	f := flag.NewFlagSet("logins", flag.ContinueOnError)
	f.SetOutput(errs)
	counts := f.String("n", "10000,50000", "`COUNTS` of logins, separated by commas")
	f.DurationVar(&p.span, "for", time.Minute, "how `LONG` polls are counted")
	f.DurationVar(&p.every, "interval", 5*time.Second, "how `LONG` the provider asks to wait between polls, in whole seconds")
	stores := f.String("store", strings.Join(storesHere(), ","), "`STORES` of usher, separated by commas: "+
		sqliteStore+" for a new file, "+postgresStore+" for a new cluster, if PostgreSQL is installed")
	f.StringVar(&p.profile, "profile", "", "`FILE` to write a CPU profile of usher to, which costs it a little")
	if err := f.Parse(args); err != nil {
		return p, err
	}
	for text := range strings.SplitSeq(*counts, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return p, fmt.Errorf("-n has %q: give counts from 1 on", text)
		}
		p.counts = append(p.counts, n)
	}
	p.stores = strings.Split(*stores, ",")
	switch {
	case slices.ContainsFunc(p.stores, unknownStore):
		return p, fmt.Errorf("-store has %q: give %s or %s", *stores, sqliteStore, postgresStore)
	case f.NArg() > 0:
		return p, fmt.Errorf("what is %q? There are only flags; -help lists them", f.Arg(0))
	case p.every < time.Second || p.every%time.Second != 0 || p.span < p.every:
		return p, errors.New("the interval must be whole seconds, and polls be counted for one interval at least")
	}
	return p, nil
}

// turns is in how many turns the subjects poll, so that all see the same weather:
// none of them shorter than four intervals.
func (p loginsPlan) turns() int { return int(min(max(1, p.span/(4*p.every)), 2)) }

// turn is how long polls are counted in one of them.
func (p loginsPlan) turn() time.Duration { return p.span / time.Duration(p.turns()) }

// polled is what came of one subject that polled.
type polled struct {
	polls, early, duplicate, missed int // the last three from the start on

	cpu   time.Duration // for the polls
	wrote int64         // bytes, meanwhile
	peak  int64         // bytes of memory, at most
	rests int64         // bytes of memory, while they only wait
	late  late          // in the worst turn
	back  time.Duration // until all were polled again after kill -9, at most
}

// add adds another turn.
func (p *polled) add(q polled) {
	p.polls += q.polls
	p.early += q.early
	p.duplicate += q.duplicate
	p.missed += q.missed
	p.cpu += q.cpu
	p.wrote += q.wrote
	p.late = late{max(p.late.P50, q.late.P50), max(p.late.P99, q.late.P99), max(p.late.Most, q.late.Most)}
	p.peak, p.rests, p.back = max(p.peak, q.peak), max(p.rests, q.rests), max(p.back, q.back)
}

// per1000 is the CPU of a thousand polls.
func (p polled) per1000() time.Duration {
	return time.Duration(float64(p.cpu) * 1000 / float64(p.polls))
}

// loginsReport is what came of everything.
type loginsReport struct {
	plan   loginsPlan
	counts []countReport
	stores []storeReport
}

// countReport is what came of all subjects with so many logins.
type countReport struct {
	n             int
	paced, oauth2 polled
	usher         []polled // by store
}

// storeReport is what came of the rest that is played on a store.
type storeReport struct {
	name    string
	commits []time.Duration // of tokens, beside logins that are polled
	storm   storm
}

// measureLogins plays everything.
func measureLogins(ctx context.Context, p loginsPlan, says io.Writer) (loginsReport, error) {
	r := loginsReport{plan: p}
	for _, n := range p.counts {
		c, err := p.poll(ctx, n, says)
		if err != nil {
			return r, err
		}
		r.counts = append(r.counts, c)
	}
	for _, name := range p.stores {
		s, err := p.grant(ctx, name, says)
		if err != nil {
			return r, fmt.Errorf("%s: %w", name, err)
		}
		r.stores = append(r.stores, s)
	}
	return r, nil
}

// poll has all subjects poll n logins, one subject after the other, in turns.
func (p loginsPlan) poll(ctx context.Context, n int, says io.Writer) (c countReport, err error) {
	c.n, c.usher = n, make([]polled, len(p.stores))
	var scenes []*scene
	defer func() {
		for _, s := range scenes {
			err = errors.Join(err, s.end())
		}
	}()
	for _, name := range p.stores {
		sayf(says, "%s, %s: %d logins are started", kindUsher, name, n)
		s, err := p.seeded(ctx, name, n)
		if err != nil {
			return c, fmt.Errorf("%s, %s: %w", kindUsher, name, err)
		}
		scenes = append(scenes, s)
	}
	for range p.turns() {
		for _, b := range []struct {
			kind string
			into *polled
		}{{kindPaced, &c.paced}, {kindOAuth2, &c.oauth2}} {
			one, err := p.baseline(ctx, b.kind, n)
			if err != nil {
				return c, fmt.Errorf("%s: %w", b.kind, err)
			}
			sayf(says, "%s, %d logins: %v", b.kind, n, one)
			b.into.add(one)
		}
		for i, s := range scenes {
			one, err := s.usher(ctx)
			if err != nil {
				return c, fmt.Errorf("%s, %s: %w", kindUsher, p.stores[i], err)
			}
			sayf(says, "%s, %s, %d logins: %v, again after %v", kindUsher, p.stores[i], n, one, one.back)
			c.usher[i].add(one)
		}
	}
	return c, nil
}

// sayf tells whoever waits how far it is.
func sayf(says io.Writer, format string, args ...any) {
	fmt.Fprintln(says, time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

func (p polled) String() string {
	return fmt.Sprintf("%s CPU per 1,000 polls, %s, late %v, wrong %s", millis(p.per1000()), megabytes(p.peak), p.late, wrongs(p))
}

// baseline measures a subject that keeps nothing.
func (p loginsPlan) baseline(ctx context.Context, kind string, n int) (out polled, err error) {
	s, err := p.scene(ctx, "")
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	if err := s.start(ctx, task{Kind: kind, Logins: n}); err != nil {
		return out, err
	}
	if err := s.watch(ctx, 0); err != nil {
		return out, err
	}
	return s.measure(ctx)
}

// seeded sets a scene with n logins in a store of that kind.
func (p loginsPlan) seeded(ctx context.Context, name string, n int) (*scene, error) {
	s, err := p.scene(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := s.seed(ctx, n); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// usher measures the engine for a turn, and kills it. As many as can share the store
// take over, and are watched for two intervals more.
func (s *scene) usher(ctx context.Context) (out polled, err error) {
	if err := s.begin(ctx, s.plan.profile); err != nil {
		return out, err
	}
	before, err := s.verdict(ctx, atVerdict) // since it is watched: nobody polls while others have their turns
	if err != nil {
		return out, err
	}
	if out, err = s.measure(ctx); err != nil {
		return out, err
	}
	if s.plan.profile == "" { // one who is killed leaves none
		err = s.kill()
	} else {
		err = s.stop()
	}
	if err != nil {
		return out, err
	}
	begun := time.Now()
	if err := s.restart(ctx); err != nil {
		return out, err
	}
	if err := s.settle(ctx); err != nil {
		return out, err
	}
	out.back = time.Since(begun)
	if err := pause(ctx, 2*s.plan.every); err != nil {
		return out, err
	}
	v, err := s.verdict(ctx, atVerdict)
	out.early, out.duplicate, out.missed = v.Early-before.Early, v.Duplicate-before.Duplicate, v.Missed-before.Missed
	return out, errors.Join(err, s.stop())
}

// The sizes of what is played once on each store.
const (
	besideLogins = 5000
	besideRate   = 50 // tokens a second
	besideSpan   = 20 * time.Second
	stormLogins  = 10_000
	stormSpan    = 10 * time.Second // in which all of them are approved
)

// grant has people approve: some, beside logins that go on being polled, then
// many in the middle of which the subject is killed.
func (p loginsPlan) grant(ctx context.Context, name string, says io.Writer) (r storeReport, err error) {
	r.name = name
	most := slices.Max(p.counts)
	sayf(says, "%s, %s: approvals beside %d logins", kindUsher, name, min(besideLogins, most))
	if r.commits, err = p.beside(ctx, name, min(besideLogins, most)); err != nil {
		return r, err
	}
	sayf(says, "%s, %s: approvals of %d logins with a kill -9 half way", kindUsher, name, min(stormLogins, most))
	r.storm, err = p.storm(ctx, name, min(stormLogins, most))
	return r, err
}

// beside returns how long the commits of tokens took while n other logins were
// polled.
func (p loginsPlan) beside(ctx context.Context, name string, n int) (took []time.Duration, err error) {
	span := min(besideSpan, p.span)
	s, err := p.seeded(ctx, name, n+int(besideRate*span.Seconds()))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	if err := s.begin(ctx, ""); err != nil {
		return nil, err
	}
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	if err := s.approve(ctx, besideRate); err != nil {
		return nil, err
	}
	if err := pause(ctx, span); err != nil {
		return nil, err
	}
	notes, err := readJournal(s.dir)
	for _, n := range notes {
		if n.what == stored {
			took = append(took, n.took)
		}
	}
	return took, err
}

// pause waits until d has passed or ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// temporary makes a folder.
func temporary() (string, error) {
	dir, err := os.MkdirTemp("", "usher-bench")
	if err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	return dir, nil
}
