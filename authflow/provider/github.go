package provider

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/usherbot/usher/authflow"
)

const (
	githubHome = "https://github.com"
	githubAPI  = "https://api.github.com"
)

// GitHub is github.com, or the GitHub Enterprise Server at a's Base. The app
// needs its device flow switched on, and no secret.
//
// Its dialect of RFC 8628 is one that authflow.Device understands: errors come
// with status 200, slow_down names the new interval.
func GitHub(a App) (authflow.Provider, error) {
	a.Name, a.Kind = cmp.Or(a.Name, kindGitHub), kindGitHub
	if err := a.checkPreset("CLIENT_SECRET", "CLIENT_AUTH", "BASE_URL").of(a); err != nil {
		return authflow.Provider{}, err
	}
	home := cmp.Or(root(a.Base), githubHome)
	user, api := home+"/api/v3/user", home
	if home == githubHome {
		user, api = githubAPI+"/user", githubAPI
	}
	at := a.endpoints().or(metadata{
		Device: home + "/login/device/code", Token: home + "/login/oauth/access_token", Userinfo: user,
		Revoke: strings.TrimSuffix(user, "/user") + "/applications/" + clientID + "/token",
	})
	at.Revoke = strings.ReplaceAll(at.Revoke, clientID, url.PathEscape(a.ID))
	g := github{Device: a.device(at), OAuth: a.client(at), home: home, user: at.Userinfo}
	p := authflow.Provider{
		Name: a.Name, Title: cmp.Or(a.Title, "GitHub"), Issuer: home,
		StartLimit:  a.StartLimit,
		Flows:       []authflow.Flow{g},
		Hosts:       a.hosts(a.APIHosts, api),
		VerifyHosts: a.hosts(a.VerifyHosts, githubHome, a.Base),
		Manage:      home + "/settings/connections/applications/" + url.PathEscape(a.ID),
		Who:         g.who,
		Refresh:     g.refresh, Rotates: true,
	}
	if a.Secret != "" { // without one, only the person can
		p.Revoke = g.revoke
	}
	return p, nil
}

// clientID stands for the id of the app in the URL of its revocation.
const clientID = "{client_id}"

// github is the device flow, and what GitHub says of scopes and people.
type github struct {
	authflow.Device
	OAuth      authflow.OAuthClient // exported, so that fmt hides its secret
	home, user string               // where people go, and where a token says whose it is
}

// Next implements authflow.Flow.
func (g github) Next(ctx context.Context, c *http.Client, at authflow.Grant, back url.Values) (authflow.Answer, error) {
	answer, err := g.Device.Next(ctx, c, at, back)
	if answer.Token != nil {
		answer.Token.Scopes = withImplied(answer.Token.Scopes, at.Scopes)
	}
	return answer, err
}

// refresh implements authflow.Provider.Refresh. What the answer leaves out because
// another scope includes it was granted as before.
func (g github) refresh(ctx context.Context, c *http.Client, t authflow.Token) (authflow.Token, error) {
	next, err := g.OAuth.Refresh(ctx, c, t)
	if err == nil {
		next.Scopes = withImplied(next.Scopes, t.Scopes)
	}
	return next, err
}

// revoke implements authflow.Provider.Revoke ("Delete an app token" in the REST
// API): 422 is for a token that is not known, or no more.
func (g github) revoke(ctx context.Context, c *http.Client, t authflow.Token) error {
	body, err := json.Marshal(map[string]string{"access_token": t.Access.Reveal()})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, g.OAuth.RevokeURL, bytes.NewReader(body))
	if err != nil {
		return errors.New("revocation: the endpoint makes no valid URL")
	}
	req.SetBasicAuth(g.OAuth.ID, g.OAuth.Secret.Reveal())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/vnd.github+json")
	r, err := authflow.SendOnce(c, req, t.Access, g.OAuth.Secret)
	if err != nil || r.Status() == http.StatusUnprocessableEntity {
		return err
	}
	return r.Revoked()
}

// who implements authflow.Provider.Who. The login name is for display: it can
// change and then be somebody else's.
func (g github) who(ctx context.Context, c *http.Client, t authflow.Token) (authflow.Identity, error) {
	var said struct {
		ID   json.RawMessage `json:"id"`
		Name any             `json:"login"`
		Page any             `json:"html_url"`
	}
	if err := askWho(ctx, c, t, g.user, "application/vnd.github+json", &said); err != nil {
		return authflow.Identity{}, err
	}
	return identity(g.home, said.ID, said.Page, said.Name)
}

// withImplied adds to the scopes that were granted those that were asked for and
// that GitHub leaves out of its answer because another one includes them.
func withImplied(granted, asked []string) []string {
	out := slices.Clone(granted)
	for _, scope := range asked {
		for wider := includedIn(scope); wider != ""; wider = includedIn(wider) {
			if slices.Contains(granted, wider) {
				out = append(out, scope)
			}
		}
	}
	return sorted(out)
}

// includedIn is the scope that includes this one, empty for none: the indented
// rows of "Scopes for OAuth apps" in GitHub's documentation.
func includedIn(scope string) string {
	switch scope {
	case "repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events":
		return "repo"
	case "read:user", "user:email", "user:follow":
		return "user"
	case "read:project":
		return "project"
	case "read:org", "read:repo_hook", "read:public_key", "read:gpg_key":
		return "write" + scope[len("read"):]
	case "write:org", "write:repo_hook", "write:public_key", "write:gpg_key":
		return "admin" + scope[len("write"):]
	}
	return ""
}
