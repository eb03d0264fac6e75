package provider

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/usherbot/usher/authflow"
)

const (
	maxSubject = 255 // OpenID Connect Core 1.0 section 2
	maxName    = 80  // of an account, in characters
)

// OIDC is any service that speaks OpenID Connect, or OAuth 2.0 with a user info
// endpoint: Keycloak, Zitadel, Okta, Auth0, Dex, Hydra. issuer is its URL exactly
// as the service documents it.
//
// The name is "oidc" and the title the issuer's host unless a has others. Scopes
// are openid and those of a; with none, openid and profile.
func OIDC(issuer string, a App) (authflow.Provider, error) {
	a.Name = cmp.Or(a.Name, "oidc")
	u, err := checkIssuer(issuer)
	if err == nil {
		err = a.check(u)
	}
	if err != nil {
		return authflow.Provider{}, fmt.Errorf("provider %s: %w", a.Name, err)
	}
	o := &oidc{app: a, issuer: issuer, find: &discovery{
		raw: issuer, issuer: u, given: metadata{Device: a.DeviceURL, Token: a.TokenURL, Userinfo: a.UserinfoURL},
	}}
	p := authflow.Provider{
		Name: a.Name, Title: cmp.Or(a.Title, u.Hostname()), Issuer: issuer,
		Flows: []authflow.Flow{o},
		Hosts: a.hosts(u, a.APIHosts),
		Who:   o.who,
	}
	if len(a.VerifyHosts) > 0 {
		p.VerifyHosts = a.hosts(u, a.VerifyHosts)
	}
	return p, nil
}

// oidc is the device flow at endpoints that are discovered when they are needed.
type oidc struct {
	app    App
	issuer string
	find   *discovery
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
	d := authflow.Device{
		DeviceURL: at.Device, TokenURL: at.Token,
		ClientID: o.app.ID, Secret: o.app.Secret, Auth: o.app.Auth, Scopes: o.scopes(),
		DeviceParams: o.app.DeviceParams, TokenParams: o.app.TokenParams,
	}
	if d.Auth == "" && d.Secret != "" && at.Issuer != "" { // empty where nothing was discovered
		d.Auth = at.auth()
	}
	return d, nil
}

// scopes always has openid: without it most services do not say who it is.
func (o *oidc) scopes() []string {
	switch {
	case len(o.app.Scopes) == 0:
		return []string{"openid", "profile"}
	case slices.Contains(o.app.Scopes, "openid"):
		return o.app.Scopes
	}
	return append([]string{"openid"}, o.app.Scopes...)
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
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.Userinfo, nil)
	if err != nil {
		return authflow.Identity{}, errors.New("user info: the endpoint makes no valid URL")
	}
	req.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
	var said claims
	if err := authflow.FetchJSON(c, req, &said); err != nil {
		return authflow.Identity{}, fmt.Errorf("user info: %w", err)
	}
	who := said.identity()
	if who.Subject == "" || len(who.Subject) > maxSubject {
		return authflow.Identity{}, &authflow.OAuthError{Status: http.StatusOK, Description: "user info without a usable sub"}
	}
	who.Issuer = o.issuer
	return who, nil
}

func (c claims) identity() authflow.Identity {
	id := authflow.Identity{Subject: subject(c.Subject)}
	for _, name := range []any{c.Preferred, c.Name, c.Nickname, c.Email, id.Subject} {
		text, _ := name.(string)
		if id.Name = display(text); id.Name != "" {
			break
		}
	}
	profile, _ := c.Profile.(string)
	if u, err := authflow.SecureURL(profile); err == nil && u.Scheme == "https" {
		id.URL = profile
	}
	return id
}

// subject is a string, or a number as it is written: as a float it could become
// somebody else's.
func subject(raw json.RawMessage) string {
	var text string
	if err := json.Unmarshal(raw, &text); err == nil {
		return text
	}
	if len(bytes.Trim(raw, "0123456789")) == 0 {
		return string(raw)
	}
	return ""
}

// display makes a name fit for a chat: one line, nothing hidden in it.
func display(name string) string {
	name = strings.Join(strings.Fields(name), " ")
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName])
	}
	return strings.TrimSpace(name)
}
