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
	at := a.endpoints().or(metadata{Device: home + "/login/device/code", Token: home + "/login/oauth/access_token", Userinfo: user})
	g := github{Device: a.device(at), home: home, user: at.Userinfo}
	return authflow.Provider{
		Name: a.Name, Title: cmp.Or(a.Title, "GitHub"), Issuer: home,
		StartLimit:  a.StartLimit,
		Flows:       []authflow.Flow{g},
		Hosts:       a.hosts(a.APIHosts, api),
		VerifyHosts: a.hosts(a.VerifyHosts, githubHome, a.Base),
		Manage:      home + "/settings/connections/applications/" + url.PathEscape(a.ID),
		Who:         g.who,
	}, nil
}

// github is the device flow, and what GitHub says of scopes and people.
type github struct {
	authflow.Device
	home, user string // where people go, and where a token says whose it is
}

// Next implements authflow.Flow.
func (g github) Next(ctx context.Context, c *http.Client, at authflow.Grant, back url.Values) (authflow.Answer, error) {
	answer, err := g.Device.Next(ctx, c, at, back)
	if answer.Token != nil {
		answer.Token.Scopes = withImplied(answer.Token.Scopes, at.Scopes)
	}
	return answer, err
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
