package authflow_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/usherbot/usher/authflow"
)

// fake is a flow and its provider without a network: for a thousand logins, and
// for what a server does not do.
type fake struct {
	name  string
	takes time.Duration  // for each answer
	deaf  bool           // does not stop when it is told to
	show  *authflow.Show // instead of a usual one
	off   error          // of Begin
	empty bool           // grants without a token
	once  bool           // grants one token only, and refuses whoever asks for another
	deny  bool           // refuses instead, and then no more if once

	mu       sync.Mutex
	granting bool
	spent    bool // the one token is granted
	count    counts
}

// counts is how often a fake was asked.
type counts struct {
	begun, polls int
	now, most    int // polls at once
}

// counted is how often f was asked until now.
func (f *fake) counted() counts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// provider offers f under a name.
func (f *fake) provider(name string) authflow.Provider {
	return authflow.Provider{
		Name: name, Title: name, Issuer: "https://" + name + ".example", Flows: []authflow.Flow{f}, StartLimit: 1 << 20,
		Who: func(ctx context.Context, _ *http.Client, _ authflow.Token) (authflow.Identity, error) {
			if err := f.wait(ctx); err != nil {
				return authflow.Identity{}, err
			}
			return authflow.Identity{Issuer: "https://" + name + ".example", Subject: "1", Name: name}, nil
		},
	}
}

// grants has everybody approve from now on.
func (f *fake) grants() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.granting = true
}

func (f *fake) Name() string { return f.name }

func (f *fake) Begin(_ context.Context, _ *http.Client, a authflow.Ask) (authflow.Grant, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count.begun++
	if f.off != nil {
		return authflow.Grant{}, f.off
	}
	show := authflow.Show{URL: "https://fake.example/device", Code: "FAKE-CODE"}
	if f.show != nil {
		show = *f.show
	}
	return authflow.Grant{
		Show: show, Secret: "fake device code", Scopes: a.Scopes, Every: 5 * time.Second, Expires: time.Now().Add(time.Hour),
	}, nil
}

func (f *fake) Next(ctx context.Context, _ *http.Client, g authflow.Grant, _ url.Values) (authflow.Answer, error) {
	f.mu.Lock()
	f.count.polls++
	f.count.now++
	f.count.most = max(f.count.most, f.count.now)
	granting := f.granting
	f.granting = granting && !f.once
	denied := f.spent || granting && f.deny
	f.spent = f.spent || granting && f.once && !f.deny
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.count.now--
		f.mu.Unlock()
	}()
	if f.deaf {
		ctx = context.WithoutCancel(ctx)
	}
	if err := f.wait(ctx); err != nil {
		return authflow.Answer{}, err
	}
	switch {
	case denied:
		return authflow.Answer{State: authflow.Denied}, nil
	case !granting:
		return authflow.Answer{State: authflow.Waiting}, nil
	}
	if f.empty {
		return authflow.Answer{State: authflow.Granted}, nil
	}
	return authflow.Answer{State: authflow.Granted, Token: &authflow.Token{Access: "fake access token", Type: "Bearer", Scopes: g.Scopes}}, nil
}

func (f *fake) wait(ctx context.Context) error {
	select {
	case <-time.After(f.takes):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
