package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/seal"
)

const (
	herokuFor  = 10 * time.Minute // how long its command line tool waits
	herokuHeld = 5 * time.Second  // a request that lasted so long was held, and cut on the way
)

// Heroku is the browser login of Heroku's command line tool: the service holds one
// request until the person is done. There is no app to register, no code to compare
// and no refreshing, and commands may do all that the person may.
func Heroku(a App) (authflow.Provider, error) {
	p := preset{
		kind: "heroku", title: "Heroku", root: "https://cli-auth.heroku.com", uses: []string{"BASE_URL"},
		endpoints: metadata{
			Device:   "auth",
			Userinfo: "https://api.heroku.com/account",
			Revoke:   "https://api.heroku.com/oauth/authorizations",
		},
		account: account{id: []string{"id"}, name: []string{"email", "name"}},
		header:  http.Header{"Accept": {"application/vnd.heroku+json; version=3"}},
		apis:    []string{"api.heroku.com"},
		manage:  "https://dashboard.heroku.com/account/applications",
		flow:    func(s *service) authflow.Flow { return heroku{s.known.Device} },
		revoke:  revokeHeroku, apart: true,
	}
	a.Name, a.Kind = cmp.Or(a.Name, p.kind), p.kind
	if err := slices.Concat(a.check(p.uses...), p.checkRoots(a), p.checkFlow(a)).of(a); err != nil {
		return authflow.Provider{}, err
	}
	made := p.build(a)
	made.Refresh, made.Rotates = nil, false
	return made, nil
}

// heroku is the Flow that starts at a URL.
type heroku struct{ start string }

// Name implements authflow.Flow.
func (heroku) Name() string { return "heroku" }

// Begin implements authflow.Flow. There are no scopes.
func (h heroku) Begin(ctx context.Context, c *http.Client, _ authflow.Ask) (authflow.Grant, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.start, strings.NewReader(`{"description":"usher login from a chat"}`))
	if err != nil {
		return authflow.Grant{}, errors.New("the login host makes no valid URL")
	}
	req.Header.Set("Content-Type", "application/json")
	var said struct {
		Browser string `json:"browser_url"`
		Wait    string `json:"cli_url"`
		Token   string `json:"token"`
	}
	sent := time.Now()
	if err := authflow.FetchJSON(c, req, &said); err != nil {
		return authflow.Grant{}, err
	}
	page, err := h.at(said.Browser)
	wait, bad := h.at(said.Wait)
	if err = errors.Join(err, bad); err != nil || said.Token == "" {
		return authflow.Grant{}, errors.Join(errors.New("the answer was not understood"), err)
	}
	return authflow.Grant{
		Show: authflow.Show{URL: page}, Secret: seal.Secret(wait + " " + said.Token),
		Every: time.Second, Hold: true, Expires: sent.Add(herokuFor),
	}, nil
}

// at puts the login host in front of a path.
func (h heroku) at(path string) (string, error) {
	host, err := url.JoinPath(h.start, "..")
	if err != nil || !strings.HasPrefix(path, "/") || strings.Contains(path, " ") {
		return "", errors.New("a path is missing")
	}
	return root(host) + path, nil
}

// Next implements authflow.Flow. A request that was held and then cut was on its
// way to an answer: the next one gets it.
func (h heroku) Next(ctx context.Context, c *http.Client, g authflow.Grant, _ url.Values) (authflow.Answer, error) {
	wait, token, _ := strings.Cut(g.Secret.Reveal(), " ")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, wait, nil)
	if err != nil {
		return authflow.Answer{}, errors.New("the login host makes no valid URL")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	sent := time.Now()
	var answer authflow.Answer
	r, err := authflow.SendOnce(c, req, seal.Secret(token))
	if err == nil {
		answer, err = r.Reword(herokuWords).Answer(g)
	}
	if err != nil && time.Since(sent) >= herokuHeld {
		return authflow.Answer{State: authflow.Waiting}, nil
	}
	return answer, err
}

// herokuWords is a body in those of RFC 6749: beside an error of the login there are
// those of the API, whose code is called id.
func herokuWords(body []byte) []byte {
	var said members
	if json.Unmarshal(body, &said) != nil || said["error"] != nil || said["access_token"] != nil || said["id"] == nil {
		return body
	}
	return fmt.Appendf(nil, `{"error":%s,"error_description":%s}`, said["id"], quoted(text(said["message"])))
}

// revokeHeroku ends the authorization of a token, found by what the list shows of it.
func revokeHeroku(ctx context.Context, c *http.Client, client authflow.OAuthClient, t authflow.Token) error {
	list, err := http.NewRequestWithContext(ctx, http.MethodGet, client.RevokeURL, nil)
	if err != nil {
		return errors.New("revocation: the endpoint makes no valid URL")
	}
	var all []struct {
		ID    string `json:"id"`
		Token struct {
			Text string `json:"token"`
		} `json:"access_token"`
	}
	if err := authflow.FetchJSON(c, asHeroku(list, t), &all); err != nil {
		return fmt.Errorf("list authorizations: %w", err)
	}
	for _, one := range all {
		if !shows(one.Token.Text, t.Access.Reveal()) {
			continue
		}
		end, err := http.NewRequestWithContext(ctx, http.MethodDelete, client.RevokeURL+"/"+url.PathEscape(one.ID), nil)
		if err != nil {
			return errors.New("revocation: the endpoint makes no valid URL")
		}
		r, err := authflow.SendOnce(c, asHeroku(end, t), t.Access)
		if err != nil {
			return err
		}
		return r.Revoked()
	}
	return authflow.ErrNoRevocation
}

// shows reports whether text is token, or what the list may show of it: asterisks in
// place of the middle.
func shows(text, token string) bool {
	before, after, cut := strings.Cut(text, strings.Repeat("*", 10))
	return text == token || cut && before != "" && strings.HasPrefix(token, before) && strings.HasSuffix(token, after)
}

func asHeroku(r *http.Request, t authflow.Token) *http.Request {
	r.Header.Set("Accept", "application/vnd.heroku+json; version=3")
	r.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
	return r
}
