package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/usherbot/usher/authflow"
)

// OIDC is any service that speaks OpenID Connect, or OAuth 2.0 with a user info
// endpoint: Keycloak, Zitadel, Okta, Auth0, Dex, Hydra. issuer is its URL exactly
// as the service documents it.
//
// The name is "oidc" and the title the issuer's host unless a has others. Scopes
// are openid and those of a; with none, openid and profile. a's own Issuer is not
// looked at.
func OIDC(issuer string, a App) (authflow.Provider, error) {
	a.Name, a.Kind, a.Issuer = cmp.Or(a.Name, kindOIDC), kindOIDC, issuer
	u, m := a.checkOIDC()
	if err := m.of(a); err != nil {
		return authflow.Provider{}, err
	}
	o := &oidc{App: a, find: &discovery{raw: issuer, issuer: u, given: a.endpoints()}}
	p := authflow.Provider{
		Name: a.Name, Title: cmp.Or(a.Title, u.Hostname()), Issuer: issuer,
		StartLimit: a.StartLimit,
		Flows:      []authflow.Flow{o},
		Hosts:      a.hosts(a.APIHosts, issuer),
		Who:        o.who,
		Refresh:    o.refresh, Rotates: true, // which depends on settings there
		Revoke: o.revoke,
	}
	if len(a.VerifyHosts) > 0 {
		p.VerifyHosts = a.hosts(a.VerifyHosts, issuer)
	}
	return p, nil
}

// checkOIDC parses the issuer too.
func (a App) checkOIDC() (*url.URL, Mistakes) {
	m := a.check("ISSUER", "CLIENT_SECRET", "CLIENT_AUTH")
	u, err := checkRoot(a.Issuer)
	switch {
	case a.Issuer == "":
		m.addf("ISSUER", "is missing: give the https URL that the service documents; only other kinds need none, such as github")
	case err != nil:
		m.addf("ISSUER", "is %v", err)
	}
	return u, append(m, a.checkEndpoints(func(raw string) error {
		if u == nil {
			return checkURL(raw)
		}
		return checkEndpoint(raw, u)
	})...)
}

// oidc is the device flow at endpoints that are discovered when they are needed.
type oidc struct {
	App  App // exported, so that fmt hides its secrets
	find *discovery
}

// Name implements authflow.Flow.
func (*oidc) Name() string { return authflow.Device{}.Name() }

// Begin implements authflow.Flow.
func (o *oidc) Begin(ctx context.Context, c *http.Client, a authflow.Ask) (authflow.Grant, error) {
	d, err := o.device(ctx, c)
	if err != nil {
		return authflow.Grant{}, err
	}
	return d.Begin(ctx, c, a)
}

// Next implements authflow.Flow.
func (o *oidc) Next(ctx context.Context, c *http.Client, g authflow.Grant, back url.Values) (authflow.Answer, error) {
	d, err := o.device(ctx, c)
	if err != nil {
		return authflow.Answer{}, err
	}
	return d.Next(ctx, c, g, back)
}

func (o *oidc) device(ctx context.Context, c *http.Client) (authflow.Device, error) {
	at, err := o.find.endpoints(ctx, c)
	if err != nil {
		return authflow.Device{}, err
	}
	d := o.App.device(at)
	d.Scopes, d.Auth = o.scopes(), o.auth(at)
	return d, nil
}

// auth is how the client authenticates. Where nothing was discovered, authflow
// decides.
func (o *oidc) auth(at metadata) authflow.ClientAuth {
	if o.App.Auth == "" && o.App.Secret != "" && at.Issuer != "" {
		return at.auth()
	}
	return o.App.Auth
}

// refresh implements authflow.Provider.Refresh.
func (o *oidc) refresh(ctx context.Context, c *http.Client, t authflow.Token) (authflow.Token, error) {
	client, err := o.client(ctx, c)
	if err != nil {
		return authflow.Token{}, err
	}
	return client.Refresh(ctx, c, t)
}

// revoke implements authflow.Provider.Revoke.
func (o *oidc) revoke(ctx context.Context, c *http.Client, t authflow.Token) error {
	client, err := o.client(ctx, c)
	if err != nil {
		return err
	}
	return client.Revoke(ctx, c, t)
}

func (o *oidc) client(ctx context.Context, c *http.Client) (authflow.OAuthClient, error) {
	at, err := o.find.endpoints(ctx, c)
	client := o.App.client(at)
	client.Auth = o.auth(at)
	return client, err
}

// scopes always has openid: without it most services do not say who it is.
func (o *oidc) scopes() []string {
	switch {
	case len(o.App.Scopes) == 0:
		return []string{"openid", "profile"}
	case slices.Contains(o.App.Scopes, "openid"):
		return o.App.Scopes
	}
	return append([]string{"openid"}, o.App.Scopes...)
}

// claims is what we read of user info (OpenID Connect Core 1.0 section 5.1).
type claims struct {
	Subject   json.RawMessage `json:"sub"`
	Preferred any             `json:"preferred_username"`
	Name      any             `json:"name"`
	Nickname  any             `json:"nickname"`
	Email     any             `json:"email"`
	Profile   any             `json:"profile"`
}

// who implements authflow.Provider.Who.
func (o *oidc) who(ctx context.Context, c *http.Client, t authflow.Token) (authflow.Identity, error) {
	at, err := o.find.endpoints(ctx, c)
	if err != nil {
		return authflow.Identity{}, err
	}
	var said claims
	if err := askWho(ctx, c, t, at.Userinfo, "application/json", &said); err != nil {
		return authflow.Identity{}, err
	}
	return identity(o.App.Issuer, said.Subject, said.Profile, said.Preferred, said.Name, said.Nickname, said.Email)
}
