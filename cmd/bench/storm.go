package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// storm is what came of many approvals with a kill -9 half way.
type storm struct {
	rate     int // approvals a second
	approved int // tokens that the provider gave
	linked   int // logins that ended well
	accounts int // tokens in the store, each of such a login
	failed   int // logins that ended badly
	told     int // of those
	inFlight int // tokens that were given and not known to be stored at the kill
}

// sound reports whether nothing was lost but what nobody could have kept.
func (s storm) sound() bool {
	return s.linked == s.accounts && s.linked+s.failed == s.approved && s.failed <= s.inFlight && s.told == s.failed
}

// storm has all of n logins approved, and kills who polls them half way.
func (p loginsPlan) storm(ctx context.Context, name string, n int) (out storm, err error) {
	s, err := p.seeded(ctx, name, n)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	if err := s.begin(ctx, ""); err != nil {
		return out, err
	}
	if err := s.settle(ctx); err != nil {
		return out, err
	}
	span := min(stormSpan, p.span)
	out.rate = max(1, int(float64(n)/span.Seconds()))
	if err := s.approve(ctx, out.rate); err != nil {
		return out, err
	}
	if err := pause(ctx, span/2); err != nil {
		return out, err
	}
	if out.inFlight, err = s.killInFlight(ctx); err != nil {
		return out, err
	}
	if err := s.restart(ctx); err != nil {
		return out, err
	}
	if err := s.waitTold(ctx); err != nil {
		return out, err
	}
	if err := s.stop(); err != nil {
		return out, err
	}
	v, err := s.verdict(ctx, atVerdict)
	if err != nil {
		return out, err
	}
	out.approved = v.Granted
	return out, s.audit(ctx, &out)
}

// killInFlight kills who polls, and counts the tokens that are not known to be in
// the store.
func (s *scene) killInFlight(ctx context.Context) (int, error) {
	if err := s.kill(); err != nil {
		return 0, err
	}
	v, err := s.verdict(ctx, atVerdict)
	if err != nil {
		return 0, err
	}
	notes, err := readJournal(s.dir)
	for _, n := range notes {
		if n.what == stored {
			v.Granted--
		}
	}
	return v.Granted, err
}

// waitTold waits until the end of every login was told.
func (s *scene) waitTold(ctx context.Context) error {
	told := map[string]bool{}
	err := until(ctx, func() (bool, error) {
		notes, err := readJournal(s.dir)
		for _, n := range notes {
			if n.what != stored {
				told[n.id] = true
			}
		}
		return len(told) == len(s.ids), err
	})
	if err != nil {
		return fmt.Errorf("%d of %d ends are told: %w", len(told), len(s.ids), err)
	}
	return nil
}

// audit looks for each login in the store and in the journal.
func (s *scene) audit(ctx context.Context, out *storm) (err error) {
	notes, err := readJournal(s.dir)
	if err != nil {
		return err
	}
	told := map[noted]bool{}
	for _, n := range notes {
		told[noted{what: n.what, id: n.id}] = true
	}
	db, err := sqlstore.Open(ctx, s.db.name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for i, id := range s.ids {
		row, err := db.Login(ctx, id)
		if err != nil {
			return err
		}
		switch authflow.State(row.State) {
		case authflow.Linked:
			out.linked++
		case authflow.Failed:
			out.failed++
			if told[noted{what: row.State, id: id}] {
				out.told++
			}
		}
		a, err := db.Account(ctx, person(i), providerName)
		switch {
		case err == nil && a.LinkedBy == id && len(a.Sealed) > 0:
			out.accounts++
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		}
	}
	return nil
}
