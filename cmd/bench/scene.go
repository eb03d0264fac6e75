package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// scene is a provider, somebody who polls it, and where that one keeps the logins.
type scene struct {
	plan     loginsPlan
	dir      string // for what subjects leave behind
	db       *database
	provider *subject
	pollers  []*subject
	ids      []string // of the logins in the store
}

// scene starts a provider, and makes a store of that kind unless it is empty. Each
// scene has its own, so that nothing is left of an earlier one.
func (p loginsPlan) scene(ctx context.Context, store string) (*scene, error) {
	dir, err := temporary()
	if err != nil {
		return nil, err
	}
	s := &scene{plan: p, dir: dir}
	if store != "" {
		s.db, err = openDatabase(ctx, store, dir)
	}
	if err == nil {
		s.provider, err = start(ctx, task{Kind: kindProvider, Every: p.every})
	}
	if err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// end ends all of it.
func (s *scene) end() error {
	err := s.stop()
	if s.provider != nil {
		err = errors.Join(err, s.provider.stop())
	}
	if s.db != nil {
		err = errors.Join(err, s.db.close())
	}
	return errors.Join(err, os.RemoveAll(s.dir)) //nolint:gosec // it is our own
}

// seed puts logins into the store.
func (s *scene) seed(ctx context.Context, n int) (err error) {
	s.ids, err = seed(ctx, s.db.name, s.provider.url, n)
	return err
}

// start starts somebody who polls.
func (s *scene) start(ctx context.Context, t task) error {
	t.API, t.Dir, t.Every = s.provider.url, s.dir, s.plan.every
	p, err := start(ctx, t)
	if err == nil {
		s.pollers = append(s.pollers, p)
	}
	return err
}

// begin starts the first usher, and watches from before it began.
func (s *scene) begin(ctx context.Context, profile string) error {
	if err := s.watch(ctx, 0); err != nil {
		return err
	}
	return s.start(ctx, task{Kind: kindUsher, Store: s.db.name, Profile: profile})
}

// restart starts as many ushers as can share the store, after a kill.
func (s *scene) restart(ctx context.Context) error {
	if err := s.watch(ctx, s.db.lease); err != nil {
		return err
	}
	for range s.db.replicas {
		if err := s.start(ctx, task{Kind: kindUsher, Store: s.db.name}); err != nil {
			return err
		}
	}
	return nil
}

// stop ends who polls as they like to end.
func (s *scene) stop() error { return s.away((*subject).stop) }

// kill ends who polls by kill -9.
func (s *scene) kill() error { return s.away((*subject).kill) }

func (s *scene) away(end func(*subject) error) (err error) {
	for _, p := range s.pollers {
		err = errors.Join(err, end(p))
	}
	s.pollers = nil
	return err
}

// measure waits until all logins were polled, and measures for a turn.
func (s *scene) measure(ctx context.Context) (out polled, err error) {
	if err := s.settle(ctx); err != nil {
		return out, err
	}
	if s.db != nil {
		if err := s.db.rest(ctx); err != nil {
			return out, err
		}
	}
	if _, err := s.verdict(ctx, atCount); err != nil {
		return out, err
	}
	before, err := s.used()
	if err != nil {
		return out, err
	}
	if err := pause(ctx, s.plan.turn()); err != nil {
		return out, err
	}
	after, err := s.used()
	if err != nil {
		return out, err
	}
	v, err := s.verdict(ctx, atCount)
	return polled{
		polls: v.Polls, early: v.Early, duplicate: v.Duplicate, missed: v.Missed, late: v.Late,
		cpu: after.CPU - before.CPU, wrote: after.Wrote - before.Wrote, peak: after.Peak, rests: after.RSS,
	}, err
}

// used is what who polls has used, and its database.
func (s *scene) used() (all usage, err error) {
	if s.db != nil {
		all = s.db.used()
	}
	for _, p := range s.pollers {
		u, err := p.used()
		if err != nil {
			return all, err
		}
		all.CPU += u.CPU
		all.Wrote += u.Wrote
		all.Peak += u.Peak
		all.RSS += u.RSS
	}
	return all, nil
}

// settle waits until every login was polled since they are watched.
func (s *scene) settle(ctx context.Context) error {
	var v verdict
	err := until(ctx, func() (ok bool, err error) {
		v, err = s.verdict(ctx, atVerdict)
		return v.Unpolled == 0, err
	})
	if err != nil {
		return fmt.Errorf("%d logins are not polled: %w", v.Unpolled, err)
	}
	return nil
}

// patience is how long anything may take that is waited for.
const patience = 2 * time.Minute

// until waits until done says so.
func until(ctx context.Context, done func() (bool, error)) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// watch has the provider expect polls once wait has passed.
func (s *scene) watch(ctx context.Context, wait time.Duration) error {
	return s.ask(ctx, atWatch, url.Values{"wait": {wait.String()}}, &struct{}{})
}

// approve has people approve, so many a second.
func (s *scene) approve(ctx context.Context, rate int) error {
	return s.ask(ctx, atGrant, url.Values{"rate": {strconv.Itoa(rate)}}, &struct{}{})
}

// verdict asks the provider what came of the polls, at one of its two addresses.
func (s *scene) verdict(ctx context.Context, at string) (v verdict, err error) {
	return v, s.ask(ctx, at, nil, &v)
}

func (s *scene) ask(ctx context.Context, at string, form url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.provider.url+at, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("ask provider: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask provider: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask provider: %s: %s", at, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("ask provider: %w", err)
	}
	return nil
}
