package authflow_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/usherbot/usher/core/store"
)

var errBroken = errors.New("the disk is full")

// brittle is a store that fails on demand, and lets a test act between two of its
// verbs.
type brittle struct {
	store.Store
	cut    atomic.Bool // everything fails
	mu     sync.Mutex
	lies   map[string]int    // how often a verb that succeeds still says that it failed
	broken map[string]int    // how often a verb is still to fail
	after  map[string]func() // done once, when a verb has succeeded
	teller string            // whose outbox was read last
	moved  *store.Account    // read instead of any other account
}

func newBrittle(s store.Store) *brittle {
	return &brittle{Store: s, broken: map[string]int{}, lies: map[string]int{}, after: map[string]func(){}}
}

// fail lets the next n calls of a verb fail.
func (b *brittle) fail(verb string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken[verb] = n
}

// outbox returns what is due to be told by the process that runs.
func (b *brittle) outbox(ctx context.Context) ([]store.Tell, error) {
	b.mu.Lock()
	teller := b.teller
	b.mu.Unlock()
	return b.Store.DueTells(ctx, teller, 10)
}

// then has f done once, when a verb has succeeded the next time.
func (b *brittle) then(verb string, f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.after[verb] = f
}

func (b *brittle) do(verb string, f func() error) error {
	if b.cut.Load() {
		return errBroken
	}
	b.mu.Lock()
	if b.broken[verb] > 0 {
		b.broken[verb]--
		b.mu.Unlock()
		return errBroken
	}
	then := b.after[verb]
	delete(b.after, verb)
	lies := b.lies[verb] > 0
	b.lies[verb]--
	b.mu.Unlock()
	err := f()
	if lies {
		return errBroken
	}
	if err == nil && then != nil {
		then()
	}
	return err
}

func (b *brittle) AddLogin(ctx context.Context, l store.Login) error {
	return b.do("AddLogin", func() error { return b.Store.AddLogin(ctx, l) })
}

func (b *brittle) Login(ctx context.Context, id string) (l store.Login, err error) {
	err = b.do("Login", func() error { l, err = b.Store.Login(ctx, id); return err })
	return l, err
}

func (b *brittle) OpenLogins(ctx context.Context, person string) (all []store.Login, err error) {
	err = b.do("OpenLogins", func() error { all, err = b.Store.OpenLogins(ctx, person); return err })
	return all, err
}

func (b *brittle) LeftLogins(ctx context.Context, owner string, dead []string, live int) (n int, err error) {
	err = b.do("LeftLogins", func() error { n, err = b.Store.LeftLogins(ctx, owner, dead, live); return err })
	return n, err
}

func (b *brittle) ClaimLogins(ctx context.Context, owner string, dead []string, limit int) (all []store.Login, err error) {
	err = b.do("ClaimLogins", func() error { all, err = b.Store.ClaimLogins(ctx, owner, dead, limit); return err })
	return all, err
}

func (b *brittle) StartedLogin(ctx context.Context, start []byte) (l store.Login, err error) {
	err = b.do("StartedLogin", func() error { l, err = b.Store.StartedLogin(ctx, start); return err })
	return l, err
}

func (b *brittle) SetBack(ctx context.Context, id, state string, back, sealed []byte) error {
	return b.do("SetBack", func() error { return b.Store.SetBack(ctx, id, state, back, sealed) })
}

func (b *brittle) TakeBack(ctx context.Context, back []byte) (l store.Login, err error) {
	err = b.do("TakeBack", func() error { l, err = b.Store.TakeBack(ctx, back); return err })
	return l, err
}

func (b *brittle) KeepLogin(ctx context.Context, id string, was, origin []byte, wake time.Time, shown bool) error {
	return b.do("KeepLogin", func() error { return b.Store.KeepLogin(ctx, id, was, origin, wake, shown) })
}

func (b *brittle) PaceLogin(ctx context.Context, id, owner string, sealed []byte, every time.Duration, due time.Time) error {
	return b.do("PaceLogin", func() error { return b.Store.PaceLogin(ctx, id, owner, sealed, every, due) })
}

func (b *brittle) ChangeLogin(ctx context.Context, c store.Change) error {
	return b.do("ChangeLogin", func() error { return b.Store.ChangeLogin(ctx, c) })
}

func (b *brittle) CountStarts(ctx context.Context, since time.Time, person, place, provider string) (n store.Starts, err error) {
	err = b.do("CountStarts", func() error { n, err = b.Store.CountStarts(ctx, since, person, place, provider); return err })
	return n, err
}

func (b *brittle) Account(ctx context.Context, person, provider string) (a store.Account, err error) {
	if b.moved != nil {
		return *b.moved, nil
	}
	err = b.do("Account", func() error { a, err = b.Store.Account(ctx, person, provider); return err })
	return a, err
}

func (b *brittle) AccountsOf(ctx context.Context, person string) (all []store.Account, err error) {
	err = b.do("AccountsOf", func() error { all, err = b.Store.AccountsOf(ctx, person); return err })
	return all, err
}

func (b *brittle) RemoveAccount(ctx context.Context, person, provider, by string) (a store.Account, err error) {
	err = b.do("RemoveAccount", func() error { a, err = b.Store.RemoveAccount(ctx, person, provider, by); return err })
	return a, err
}

func (b *brittle) Holders(ctx context.Context, issuer, subject string) (n int, err error) {
	err = b.do("Holders", func() error { n, err = b.Store.Holders(ctx, issuer, subject); return err })
	return n, err
}

func (b *brittle) ClaimRefreshes(ctx context.Context, limit int, hold time.Duration) (all []store.Account, err error) {
	err = b.do("ClaimRefreshes", func() error { all, err = b.Store.ClaimRefreshes(ctx, limit, hold); return err })
	return all, err
}

func (b *brittle) HastenRefreshes(ctx context.Context, provider string, soon, then time.Duration) error {
	return b.do("HastenRefreshes", func() error { return b.Store.HastenRefreshes(ctx, provider, soon, then) })
}

func (b *brittle) NextRefresh(ctx context.Context) (next time.Time, err error) {
	err = b.do("NextRefresh", func() error { next, err = b.Store.NextRefresh(ctx); return err })
	return next, err
}

func (b *brittle) BeginRefresh(ctx context.Context, id string, version int64, hold time.Duration) (sent time.Time, err error) {
	err = b.do("BeginRefresh", func() error { sent, err = b.Store.BeginRefresh(ctx, id, version, hold); return err })
	return sent, err
}

func (b *brittle) DelayRefresh(ctx context.Context, a store.Account, unclear bool) error {
	return b.do("DelayRefresh", func() error { return b.Store.DelayRefresh(ctx, a, unclear) })
}

func (b *brittle) RenewAccount(ctx context.Context, a store.Account, t *store.Tell) error {
	return b.do("RenewAccount", func() error { return b.Store.RenewAccount(ctx, a, t) })
}

func (b *brittle) AddReplica(ctx context.Context, id string, life time.Duration) error {
	return b.do("AddReplica", func() error { return b.Store.AddReplica(ctx, id, life) })
}

func (b *brittle) RenewReplica(ctx context.Context, id string, life time.Duration) error {
	return b.do("RenewReplica", func() error { return b.Store.RenewReplica(ctx, id, life) })
}

func (b *brittle) Replicas(ctx context.Context) (live int, dead []string, err error) {
	err = b.do("Replicas", func() error { live, dead, err = b.Store.Replicas(ctx); return err })
	return live, dead, err
}

func (b *brittle) EndReplica(ctx context.Context, id string) error {
	return b.do("EndReplica", func() error { return b.Store.EndReplica(ctx, id) })
}

func (b *brittle) ChangedLogins(ctx context.Context, owner string, within time.Duration) (all []store.Changed, err error) {
	err = b.do("ChangedLogins", func() error { all, err = b.Store.ChangedLogins(ctx, owner, within); return err })
	return all, err
}

func (b *brittle) ClaimTells(ctx context.Context, owner string, dead []string) (n int, err error) {
	err = b.do("ClaimTells", func() error { n, err = b.Store.ClaimTells(ctx, owner, dead); return err })
	return n, err
}

func (b *brittle) PutTell(ctx context.Context, t store.Tell) error {
	return b.do("PutTell", func() error { return b.Store.PutTell(ctx, t) })
}

func (b *brittle) DueTells(ctx context.Context, owner string, limit int) (all []store.Tell, err error) {
	b.mu.Lock()
	b.teller = owner
	b.mu.Unlock()
	err = b.do("DueTells", func() error { all, err = b.Store.DueTells(ctx, owner, limit); return err })
	return all, err
}

func (b *brittle) DropTell(ctx context.Context, key string, seq int64) error {
	return b.do("DropTell", func() error { return b.Store.DropTell(ctx, key, seq) })
}

func (b *brittle) RetryTell(ctx context.Context, key string, seq int64, wait time.Duration) error {
	return b.do("RetryTell", func() error { return b.Store.RetryTell(ctx, key, seq, wait) })
}

func (b *brittle) Sweep(ctx context.Context) error {
	return b.do("Sweep", func() error { return b.Store.Sweep(ctx) })
}

// cable is the network of one process. It can be cut, and hears what the provider
// answers.
type cable struct {
	over  http.RoundTripper
	heard func([]byte)
	cut   atomic.Bool
}

// RoundTrip implements http.RoundTripper.
func (c *cable) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.cut.Load() {
		return nil, errors.New("the cable is cut")
	}
	resp, err := c.over.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &overheard{ReadCloser: resp.Body, heard: c.heard}
	return resp, nil
}

// overheard is a body of which somebody hears what was read, all at once: bodies
// are read at the same time.
type overheard struct {
	io.ReadCloser
	read  []byte
	heard func([]byte)
}

func (o *overheard) Read(b []byte) (int, error) {
	n, err := o.ReadCloser.Read(b)
	o.read = append(o.read, b[:n]...)
	return n, err
}

func (o *overheard) Close() error {
	o.heard(append(o.read, '\n'))
	o.read = nil
	return o.ReadCloser.Close()
}
