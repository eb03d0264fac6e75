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
	takes time.Duration     // for each answer
	deaf  bool              // does not stop when it is told to
	show  *authflow.Show    // instead of a usual one
	off   error             // of Begin
	ask   authflow.Ask      // the last
	who   authflow.Identity // zero: one named after the provider

	mu        sync.Mutex
	granting  bool
	begun     int
	asked     int // polls
	now, most int // at once
}

// provider offers f under a name.
func (f *fake) provider(name string) authflow.Provider {
	return authflow.Provider{
		Name: name, Title: name, Issuer: "https://" + name + ".example", Flows: []authflow.Flow{f},
		Who: func(context.Context, *http.Client, authflow.Token) (authflow.Identity, error) {
			if f.who != (authflow.Identity{}) {
				return f.who, nil
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
	f.begun++
	f.ask = a
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
	f.asked++
	f.now++
	f.most = max(f.most, f.now)
	granting := f.granting
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}()
	if f.deaf {
		ctx = context.WithoutCancel(ctx)
	}
	select {
	case <-time.After(f.takes):
	case <-ctx.Done():
		return authflow.Answer{}, ctx.Err()
	}
	if !granting {
		return authflow.Answer{State: authflow.Waiting}, nil
	}
	return authflow.Answer{State: authflow.Granted, Token: &authflow.Token{Access: "fake access token", Type: "Bearer", Scopes: g.Scopes}}, nil
}
