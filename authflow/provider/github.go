package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/usherbot/usher/authflow"
)

// GitHub is github.com, or the GitHub Enterprise Server at a's Base. The app
// needs its device flow switched on, and no secret; without one only a person can
// end an access.
//
// Its dialect of RFC 8628 is one that authflow.Device understands: errors come
// with status 200, slow_down names the new interval.
func GitHub(a App) (authflow.Provider, error) {
	a.RevokeURL = strings.ReplaceAll(a.RevokeURL, "{client_id}", url.PathEscape(a.ID))
	p := preset{
		kind: "github", title: "GitHub", root: "https://github.com", uses: []string{"BASE_URL"},
		endpoints: metadata{
			Device:    "login/device/code",
			Authorize: "login/oauth/authorize",
			Token:     "login/oauth/access_token",
			Userinfo:  "https://api.github.com/user",
			Revoke:    "https://api.github.com/applications/" + url.PathEscape(a.ID) + "/token",
		},
		includes: includedIn, named: []string{"login/oauth"}, secret: true,
		account: account{id: []string{"id"}, name: []string{"login"}, page: []string{"html_url"}},
		apis:    []string{"api.github.com"}, pages: []string{"github.com"},
		manage: "settings/connections/applications/" + url.PathEscape(a.ID),
		revoke: revokeGitHub, apart: true,
	}
	if a.Base != "" && !p.home(a.Base) {
		p.endpoints.Userinfo = "api/v3/user"
		p.endpoints.Revoke = "api/v3/applications/" + url.PathEscape(a.ID) + "/token"
	}
	made, err := p.make(a)
	if a.Secret == "" {
		made.Revoke = nil
	}
	return made, err
}

// revokeGitHub is "Delete an app token" of the REST API: 422 is for a token that is
// not known, or no more.
func revokeGitHub(ctx context.Context, c *http.Client, client authflow.OAuthClient, t authflow.Token) error {
	body, err := json.Marshal(map[string]string{"access_token": t.Access.Reveal()})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, client.RevokeURL, bytes.NewReader(body))
	if err != nil {
		return errors.New("revocation: the endpoint makes no valid URL")
	}
	req.SetBasicAuth(client.ID, client.Secret.Reveal())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/vnd.github+json")
	r, err := authflow.SendOnce(c, req, t.Access, client.Secret)
	if err != nil || r.Status() == http.StatusUnprocessableEntity {
		return err
	}
	return r.Revoked()
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
