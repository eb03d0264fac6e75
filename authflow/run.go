package authflow

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/usherbot/usher/core/replica"
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
func (l *Logins) Run(ctx context.Context, tell func(context.Context, Login) error, died func(context.Context, Account) error) {
	work, abort := l.workUntil(ctx)
	defer abort()
	defer l.errands.drain(work)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { l.refreshAll(ctx) })
	wg.Go(func() { l.sweep(ctx) })
	l.replica.Run(ctx, func(ctx context.Context, life *replica.Life) { l.live(ctx, life, tell, died) })
}

// workUntil is the context of what is under way when ctx ends: it may finish, for
// a short while.
func (l *Logins) workUntil(ctx context.Context) (work context.Context, abort context.CancelFunc) {
	work, abort = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(grace, abort) })
	return work, abort
}

// live looks after logins in the name of one life, until ctx ends with it.
func (l *Logins) live(ctx context.Context, life *replica.Life, tell func(context.Context, Login) error, died func(context.Context, Account) error) {
	work, abort := l.workUntil(ctx)
	defer abort()
	l.engine.begin(life, work)
	defer func() {
		for _, e := range l.engine.clear() {
			l.errands.run(ctx, func(ctx context.Context) { // whoever has the login by now goes on with it
				l.insist(ctx, e.login(), e.via.provider, e.won.token, e.won.pending) //nolint:errcheck // it has said so
			})
		}
	}()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { l.deliver(ctx, work, life.ID, tell, died) })
	wg.Go(func() { l.takeOver(ctx, life) })
	l.poll(ctx, work, &wg)
}

// poll has workers take up what is due until ctx ends.
func (l *Logins) poll(ctx, work context.Context, wg *sync.WaitGroup) {
	for begun := 0; ctx.Err() == nil; {
		l.startHeld(ctx, wg)
		start, woken, wait := l.engine.due(time.Now())
		for _, r := range start {
			if begun < workers && !l.engine.handOver(r) {
				begun++
				wg.Go(func() { l.labour(ctx, r) })
			} else if begun == workers {
				l.engine.await(ctx, r)
			}
		}
		for _, id := range woken {
			if !l.putTellOf(work, id) {
				l.engine.wake(id, time.Now().Add(retryWrite))
			}
		}
		timer := time.NewTimer(max(wait, leeway))
		select {
		case <-timer.C:
		case <-l.engine.changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// labour takes step after step of whatever is due, and waits for more until ctx
// ends.
func (l *Logins) labour(ctx context.Context, r *run) {
	for {
		for r != nil {
			keep := l.serve(r)
			r = l.engine.done(r, keep, time.Now())
		}
		select {
		case r = <-l.engine.jobs:
		case <-ctx.Done():
			return
		}
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

// flow returns the flow of that name, or nil.
func (p Provider) flow(name string) Flow {
	for _, flow := range p.Flows {
		if flow.Name() == name {
			return flow
		}
	}
	return nil
}

// serve takes one step of a login that is due, and reports whether it is still to
// be looked after.
func (l *Logins) serve(r *run) bool {
	ctx, e := r.ctx, r.entry
	switch {
	case l.engine.owner() == "": // it is another's by now, or soon will be; what is decided, clear hands on
		l.later(e, time.Now().Add(retryWrite))
		return e.decided()
	case e.stale:
		return l.reread(ctx, e)
	case e.decided():
	case e.state() == Waiting:
		l.askNext(ctx, e)
	case e.state() == Granted:
		l.askWho(ctx, e)
	case e.state() == Confirming:
		e.won.pending = l.ended(Confirming, Expired, "")
	}
	if !e.decided() {
		return true
	}
	return l.commit(ctx, e)
}

// later has the engine look at e again at that time.
func (l *Logins) later(e *entry, at time.Time) { e.due = l.engine.on(at) }

// askNext asks the provider how a waiting login stands. What was ended by us goes
// on at the usual pace, if it goes on.
func (l *Logins) askNext(ctx context.Context, e *entry) {
	before := e.turn(l.engine)
	a, err := l.askOnce(ctx, e, before.Grant)
	now := time.Now()
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		l.later(e, now.Add(before.Grant.pace()))
		return
	}
	after, due := before.step(a, err, now)
	l.logTurn(e, before, a, err)
	l.later(e, due)
	e.missed(after.Misses)
	switch {
	case after.State == Granted:
		e.won = &won{state: Granted, token: *a.Token, since: now, pending: l.granted(*a.Token, now, nil)}
		e.missed(0)
		l.later(e, now)
	case after.State != Waiting:
		e.won = &won{state: after.State, pending: l.ended(Waiting, after.State, after.Why)}
	case a.Grant != nil:
		e.take(l.engine, e.login(), after.Grant)
		l.slower(ctx, e, after.Grant, due)
	}
}

// askOnce polls, and counts that. Where a browser comes back instead, nobody is asked.
func (l *Logins) askOnce(ctx context.Context, e *entry, g Grant) (Answer, error) {
	client, count := l.http, l.tallies.of(e.via.provider.Name)
	if g.Hold {
		client = patient(client)
	}
	asks := g.Every > 0
	if asks {
		count.begins(l.engine.on(time.Now()) - e.due)
	}
	a, err := e.via.flow.Next(ctx, client, g, nil)
	if err == nil && a.State == Granted && a.Token == nil {
		err = errors.New("granted, and no token came with it")
	}
	if asks && (err == nil || !errors.Is(ctx.Err(), context.Canceled)) {
		count.polled(err)
	}
	return a, err
}

// logTurn tells the operator what is worth knowing of an answer.
func (l *Logins) logTurn(e *entry, before turn, a Answer, err error) {
	if err == nil && before.Misses == 0 && a.Err == nil {
		return
	}
	log := l.log.With("login", e.login(), "provider", e.via.provider.Name)
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
func (l *Logins) slower(ctx context.Context, e *entry, g Grant, due time.Time) {
	row, _, err := l.open(ctx, e.login())
	if err == nil {
		var s secrets
		if s, err = l.openSecrets(row); err == nil {
			s.Secret, s.Every, s.Slowed = []byte(g.Secret.Reveal()), g.Every, g.Slowed
			err = l.store.PaceLogin(ctx, row.ID, row.Owner, l.sealSecrets(row, s), g.Every, due)
		}
	}
	if err != nil && !errors.Is(err, ErrEnded) {
		l.log.Warn("a slower pace could not be stored", "login", e.login(), "error", err)
	}
}

// askWho asks whose the token is, and decides what becomes of the login.
func (l *Logins) askWho(ctx context.Context, e *entry) {
	who, err := e.via.provider.Who(ctx, l.http, e.won.token)
	now := time.Now()
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		l.later(e, now.Add(time.Second))
		return
	}
	_, definite := errors.AsType[*OAuthError](err)
	switch {
	case err == nil:
		e.won.pending = l.named(context.WithoutCancel(ctx), who, e.won.token)
	case definite || now.Sub(e.won.since) > whoFor:
		l.log.Warn("provider did not say whose the token is", "login", e.login(), "provider", e.via.provider.Name, "error", err)
		e.won.pending = l.ended(Granted, Failed, Unnamed)
	default:
		if e.missed(int(e.misses) + 1); e.misses == 1 { // the code is used up: a card may say so
			l.putTellOf(ctx, e.login())
		}
		// As in step, Retry-After does not keep a person waiting for the end.
		left := whoFor - now.Sub(e.won.since)
		l.later(e, now.Add(max(backoff(time.Second, int(e.misses)), min(retryAfter(err), left+longestWait))))
	}
}

// commit stores what was decided, and reports whether the login is still open.
// What cannot be stored is tried again: the provider is not asked twice for what
// it gives once.
func (l *Logins) commit(ctx context.Context, e *entry) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	login, err := l.change(ctx, e.login(), e.won.pending)
	switch {
	case errors.Is(err, ErrEnded):
		if row, _, err := l.open(ctx, e.login()); err == nil && row.State != string(Waiting) && e.state() != State(row.State) {
			l.resume(ctx, row, single()) // another life's token came
			return false
		}
		l.log.Info("login was ended elsewhere", "login", e.login(), "provider", e.via.provider.Name)
		l.discardLate(ctx, e.login(), e.via.provider, e.won.token)
		return false
	case err != nil:
		l.log.Error("a login could not be stored and is tried again", "login", e.login(), "error", err)
		l.later(e, time.Now().Add(retryWrite))
		return true
	}
	e.won.pending, e.won.state = nil, login.State
	if login.State == Confirming {
		l.later(e, login.Expires)
	}
	return login.State.Open()
}
