package authflow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// Run looks after the logins until ctx ends: it takes up those that an earlier
// process left, polls, and calls tell for each login of which somebody must
// hear, again and again until tell returns nil. It refreshes the tokens of accounts
// before they run out, and calls died likewise for an account whose access the
// provider has ended.
//
// A login that tell gets is open when its card was not shown yet, or must move
// before the chat loses it; tell then calls Keep. It is Confirming also when its
// person must be asked whether the account is theirs. Otherwise it has ended.
// Both may be called at the same time for different logins and accounts. Run is
// called once.
func (l *Logins) Run(ctx context.Context, tell func(context.Context, Login) error, died func(context.Context, Account) error) error {
	if err := l.claim(ctx); err != nil {
		return err
	}
	// What is under way when ctx ends may finish, for a short while.
	work, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, abort) })()
	defer l.errands.drain(work)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { l.deliver(ctx, work, tell, died) })
	wg.Go(func() { l.refreshAll(ctx) })
	wg.Go(func() { l.sweep(ctx) })
	l.poll(ctx, work, &wg)
	return nil
}

// poll starts what is due until ctx ends.
func (l *Logins) poll(ctx, work context.Context, wg *sync.WaitGroup) {
	for ctx.Err() == nil {
		e, run, woken, wait := l.engine.ready(work, time.Now())
		for _, row := range woken {
			if !l.putTell(work, row) {
				l.engine.wake(row.ID, time.Now().Add(retryWrite))
			}
		}
		if e != nil {
			wg.Go(func() { l.serve(run, e) })
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-l.engine.changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// sweep removes old rows, now and then.
func (l *Logins) sweep(ctx context.Context) {
	for {
		if err := l.store.Sweep(ctx); err != nil && ctx.Err() == nil {
			l.log.Warn("old rows could not be removed", "error", err)
		}
		select {
		case <-time.After(10 * time.Minute):
		case <-ctx.Done():
			return
		}
	}
}

// claim takes up the open logins of processes that are no more.
func (l *Logins) claim(ctx context.Context) error {
	for {
		rows, err := l.store.ClaimLogins(ctx, l.owner, claimBatch)
		if err != nil {
			return fmt.Errorf("claim logins: %w", err)
		}
		for _, row := range rows {
			if err := l.takeUp(ctx, row); err != nil {
				return err
			}
		}
		if len(rows) < claimBatch {
			return nil
		}
	}
}

// takeUp goes on with a claimed login, unless its person has just ended it.
func (l *Logins) takeUp(ctx context.Context, row store.Login) error {
	unlock, err := l.deciding.lock(ctx, row.ID)
	if err != nil {
		return err
	}
	defer unlock()
	switch _, _, err := l.open(ctx, row.ID); {
	case errors.Is(err, ErrEnded):
		return nil
	case errors.Is(err, seal.ErrBroken):
		return l.bury(ctx, row, err)
	}
	l.resume(ctx, row)
	return nil
}

// bury ends a login whose row says no more where it came from: there is nobody
// to tell, and its person can start anew.
func (l *Logins) bury(ctx context.Context, row store.Login, why error) error {
	l.log.Error("a login cannot be read and is ended", "login", row.ID, "provider", row.Provider, "error", why)
	err := l.store.ChangeLogin(ctx, store.Change{
		ID: row.ID, From: row.State, State: string(Failed), Ended: true, Origin: l.sealOrigin(row, origin{Why: Unavailable}),
	})
	if err != nil && !errors.Is(err, store.ErrStale) {
		return fmt.Errorf("end login %s: %w", row.ID, err)
	}
	return nil
}

// resume goes on with a login that another process began.
func (l *Logins) resume(ctx context.Context, row store.Login) {
	e := &entry{row: row, wake: row.Wake, turn: turn{State: State(row.State)}}
	s, err := l.openSecrets(row)
	if err == nil {
		e.provider, err = l.Provider(row.Provider)
	}
	for _, flow := range e.provider.Flows {
		if flow.Name() == row.Kind {
			e.flow = flow
		}
	}
	if err != nil || e.flow == nil {
		l.log.Warn("a login cannot go on", "login", row.ID, "provider", row.Provider, "flow", row.Kind, "error", err)
		e.pending = l.ended(e.turn.State, Failed, Unavailable)
	}
	g := s.grant()
	e.turn.Grant, e.since, e.due = g, s.Since, time.Now()
	switch {
	case e.pending != nil:
	case e.turn.State == Waiting:
		e.due = g.due(e.due, jitter(g.pace()), g.pace())
	case e.turn.State == Granted:
		e.token = s.Token.token()
	case e.turn.State == Confirming:
		e.due = row.Expires
	}
	untold := e.pending == nil && (!row.Shown || e.turn.State == Confirming)
	if untold && !l.putTell(ctx, row) {
		e.wake = time.Now().Add(retryWrite)
	}
	l.engine.add(e)
}

// serve takes one step of a login that is due.
func (l *Logins) serve(ctx context.Context, e *entry) {
	defer e.stop()
	keep := true
	defer func() { l.engine.giveBack(e, keep) }()
	switch {
	case e.pending != nil:
	case e.turn.State == Waiting:
		l.askNext(ctx, e)
	case e.turn.State == Granted:
		l.askWho(ctx, e)
	case e.turn.State == Confirming:
		e.pending = l.ended(Confirming, Expired, "")
	}
	if e.pending != nil {
		keep = l.commit(ctx, e)
	}
}

// request runs ask with a slot and a time limit. It reports false when the
// request was ended before there was an answer: then nothing is known.
func (l *Logins) request(ctx context.Context, provider string, ask func(context.Context)) bool {
	for _, slots := range []chan struct{}{l.engine.per[provider], l.engine.slots} {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-ctx.Done():
			return false
		}
	}
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	ask(limited)
	return true
}

// askNext asks the provider how a waiting login stands.
func (l *Logins) askNext(ctx context.Context, e *entry) {
	var a Answer
	var err error
	asked := l.request(ctx, e.provider.Name, func(ctx context.Context) {
		a, err = e.flow.Next(ctx, l.http, e.turn.Grant, nil)
	})
	if err == nil && a.State == Granted && a.Token == nil {
		err = errors.New("granted, and no token came with it")
	}
	if !asked || err != nil && ctx.Err() != nil {
		e.due = time.Now().Add(e.turn.Grant.pace()) // ended by us; if it goes on, then at the usual pace
		return
	}
	now := time.Now()
	before := e.turn
	e.turn, e.due = before.step(a, err, now)
	l.logTurn(e, before, a, err)
	switch {
	case e.turn.State == Granted:
		e.token, e.since, e.due, e.turn.Misses = *a.Token, now, now, 0
		e.pending = l.granted(e.token, now)
	case e.turn.State != Waiting:
		e.pending = l.ended(Waiting, e.turn.State, e.turn.Why)
	case a.Grant != nil:
		l.slower(ctx, e)
	}
}

// logTurn tells the operator what is worth knowing of an answer.
func (l *Logins) logTurn(e *entry, before turn, a Answer, err error) {
	log := l.log.With("login", e.row.ID, "provider", e.provider.Name)
	switch {
	case err != nil && before.Misses == 0:
		log.Warn("provider did not answer", "error", err)
	case err == nil && before.Misses > 0:
		log.Info("provider answers again", "misses", before.Misses)
	}
	if a.Err != nil {
		log.Warn("provider refused to go on", "error", a.Err)
	}
}

// slower writes a slower pace through, so that a later process keeps to it. The
// pace holds in memory whether or not the store took it.
func (l *Logins) slower(ctx context.Context, e *entry) {
	g := e.turn.Grant
	sealed := l.sealSecrets(e.row, revealGrant(g, nil, time.Time{}))
	if err := l.store.PaceLogin(ctx, e.row.ID, l.owner, sealed, g.Every, e.due); err != nil {
		l.log.Warn("a slower pace could not be stored", "login", e.row.ID, "error", err)
	}
}

// askWho asks whose the token is, and decides what becomes of the login.
func (l *Logins) askWho(ctx context.Context, e *entry) {
	var who Identity
	var err error
	asked := l.request(ctx, e.provider.Name, func(ctx context.Context) {
		who, err = e.provider.Who(ctx, l.http, e.token)
	})
	if !asked || err != nil && ctx.Err() != nil {
		e.due = time.Now().Add(time.Second)
		return
	}
	now := time.Now()
	_, definite := errors.AsType[*OAuthError](err)
	switch {
	case err == nil:
		e.pending = l.named(context.WithoutCancel(ctx), who, e.token)
	case definite || now.Sub(e.since) > whoFor:
		l.log.Warn("provider did not say whose the token is", "login", e.row.ID, "provider", e.provider.Name, "error", err)
		e.pending = l.ended(Granted, Failed, Unnamed)
	default:
		if e.turn.Misses++; e.turn.Misses == 1 { // the code is used up: a card may say so
			l.putTell(ctx, e.row)
		}
		// As in step, Retry-After does not keep a person waiting for the end.
		left := whoFor - now.Sub(e.since)
		e.due = now.Add(max(backoff(time.Second, e.turn.Misses), min(retryAfter(err), left+longestWait)))
	}
}

// commit stores what was decided, and reports whether the login is still open.
// What cannot be stored is tried again: the provider is not asked twice for what
// it gives once.
func (l *Logins) commit(ctx context.Context, e *entry) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	login, err := l.change(ctx, e.row.ID, e.pending)
	switch {
	case errors.Is(err, ErrEnded):
		l.log.Info("login was ended elsewhere", "login", e.row.ID, "provider", e.row.Provider)
		l.discardLate(ctx, e)
		return false
	case err != nil:
		l.log.Error("a login could not be stored and is tried again", "login", e.row.ID, "error", err)
		e.due = time.Now().Add(retryWrite)
		return true
	}
	e.pending, e.turn.State = nil, login.State
	if login.State == Confirming {
		e.due = login.Expires
	}
	return login.State.Open()
}

// jitter spreads the first requests after a start over one more interval.
func jitter(every time.Duration) time.Duration {
	return every + rand.N(max(every, time.Millisecond))
}
