package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/usherbot/usher/authflow"
)

// service is a preset for one App: its device flow, and what is asked of it later,
// at endpoints that are discovered when they are needed. For browsers see web.go.
type service struct {
	App    App // exported, so that fmt hides its secrets
	preset preset
	root   string
	known  metadata   // the settings', and behind them the preset's
	find   *discovery // nil: known is all
}

func newService(p preset, a App) *service {
	s := &service{App: a, preset: p, root: cmp.Or(a.Issuer, root(a.Base), p.root)}
	s.known = a.endpoints().or(p.known(s.root))
	if issuer, err := url.Parse(a.Issuer); a.Issuer != "" && err == nil {
		s.find = &discovery{raw: a.Issuer, issuer: issuer, flow: a.Flow, given: a.endpoints(), known: s.known, same: p.sameIssuer}
	}
	return s
}

// Name implements authflow.Flow.
func (*service) Name() string { return authflow.Device{}.Name() }

// Begin implements authflow.Flow.
func (s *service) Begin(ctx context.Context, c *http.Client, a authflow.Ask) (authflow.Grant, error) {
	d, err := s.device(ctx, c)
	if err != nil {
		return authflow.Grant{}, err
	}
	g, err := d.Begin(ctx, c, a)
	if no, ok := errors.AsType[*authflow.OAuthError](err); ok && s.preset.refused != nil {
		if means := s.preset.refused(no); means != nil {
			err = fmt.Errorf("%w: %w", means, no)
		}
	}
	return g, err
}

// Next implements authflow.Flow.
func (s *service) Next(ctx context.Context, c *http.Client, g authflow.Grant, back url.Values) (authflow.Answer, error) {
	d, err := s.device(ctx, c)
	if err != nil {
		return authflow.Answer{}, err
	}
	answer, err := d.Next(ctx, c, g, back)
	if answer.Token != nil {
		answer.Token.Scopes = s.granted(*answer.Token, g.Scopes)
	}
	return answer, err
}

func (s *service) device(ctx context.Context, c *http.Client) (authflow.Device, error) {
	at, err := s.endpoints(ctx, c)
	d := s.preset.device
	d.DeviceURL, d.TokenURL = at.Device, at.Token
	d.ClientID, d.Secret, d.Auth = s.App.ID, s.App.Secret, s.auth(at)
	d.Scopes = s.preset.asks(s.App.Scopes)
	d.DeviceParams, d.TokenParams = s.App.DeviceParams, s.App.TokenParams
	return d, err
}

// endpoints returns the endpoints. Its errors are worth another try.
func (s *service) endpoints(ctx context.Context, c *http.Client) (metadata, error) {
	if s.find == nil {
		return s.known, nil
	}
	return s.find.endpoints(ctx, c)
}

// auth is how the client proves who it is. Where neither the settings nor the
// service say so, authflow decides.
func (s *service) auth(at metadata) authflow.ClientAuth {
	switch {
	case s.App.Auth != "" || s.App.Secret == "":
		return s.App.Auth
	case s.preset.auth != "" || at.Issuer == "": // empty where nothing was discovered
		return s.preset.auth
	}
	return at.auth()
}

// granted are the scopes of t, with those that were asked for and that answers
// leave out: what another scope includes, and the refresh token, which shows.
func (s *service) granted(t authflow.Token, asked []string) []string {
	out := slices.Clone(t.Scopes)
	for _, scope := range asked {
		if scope == "offline_access" && t.Refresh != "" || s.included(scope, t.Scopes) {
			out = append(out, scope)
		}
	}
	return sorted(out)
}

func (s *service) included(scope string, granted []string) bool {
	for s.preset.includes != nil && scope != "" {
		if scope = s.preset.includes(scope); slices.Contains(granted, scope) {
			return true
		}
	}
	return false
}

// who implements authflow.Provider.Who.
func (s *service) who(ctx context.Context, c *http.Client, t authflow.Token) (authflow.Identity, error) {
	at, err := s.endpoints(ctx, c)
	if err != nil {
		return authflow.Identity{}, err
	}
	return s.preset.account.of(ctx, c, t, at.Userinfo, s.preset.header, s.root)
}

// refresh implements authflow.Provider.Refresh. What an answer leaves out is
// granted as before.
func (s *service) refresh(ctx context.Context, c *http.Client, t authflow.Token) (authflow.Token, error) {
	client, err := s.client(ctx, c)
	if err != nil {
		return authflow.Token{}, err
	}
	next, err := client.Refresh(ctx, c, t)
	if err == nil {
		next.Scopes = s.granted(next, t.Scopes)
	}
	return next, err
}

// revoke implements authflow.Provider.Revoke.
func (s *service) revoke(ctx context.Context, c *http.Client, t authflow.Token) error {
	client, err := s.client(ctx, c)
	switch {
	case err != nil:
		return err
	case s.preset.revoke != nil && client.RevokeURL != "":
		return s.preset.revoke(ctx, c, client, t)
	}
	return client.Revoke(ctx, c, t)
}

func (s *service) client(ctx context.Context, c *http.Client) (authflow.OAuthClient, error) {
	at, err := s.endpoints(ctx, c)
	return authflow.OAuthClient{
		ID: s.App.ID, Secret: s.App.Secret, Auth: s.auth(at), TokenURL: at.Token, RevokeURL: at.Revoke, Params: s.App.TokenParams,
		Reword: s.preset.browser.Reword,
	}, err
}
