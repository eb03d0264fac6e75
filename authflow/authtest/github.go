package authtest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// said is an answer in GitHub's dialect: JSON for those who ask for it, a form
// for others.
type said map[string]any

// github guards an endpoint of GitHub's device flow. Its errors come with status
// 200, but for requests that a client must never send.
func (s *Server) github(do func(c Client, f url.Values) said) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := readForm(r)
		if no, ok := errors.AsType[refusal](err); ok {
			writeSaid(w, r, no.status, said{"error": no.code, "error_description": no.text})
			return
		}
		c, known := s.registered(f.Get("client_id"))
		if secret := f.Get("client_secret"); !known || secret != "" && !same(secret, c.Secret) {
			writeSaid(w, r, http.StatusOK, githubRefusal("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect."))
			return
		}
		s.mu.Lock()
		answer := do(c, f)
		s.mu.Unlock()
		writeSaid(w, r, http.StatusOK, answer)
	}
}

func githubRefusal(code, text string) said {
	return said{"error": code, "error_description": text, "error_uri": "https://docs.github.com/developers/apps/authorizing-oauth-apps"}
}

// beginGitHub never gives a complete URI, and ignores parameters that it does not
// know, such as those of PKCE.
func (s *Server) beginGitHub(c Client, f url.Values) said {
	if c.NoDevice {
		return githubRefusal("device_flow_disabled", "Device Flow must be explicitly enabled for this App")
	}
	code, d := s.newDevice(GitHubToken, c, scopesIn(f.Get("scope")))
	return said{
		"device_code": code, "user_code": d.shown, "verification_uri": s.URL() + pagePath,
		"expires_in": int(s.opt.CodeLifetime / time.Second), "interval": int(s.opt.Interval / time.Second),
	}
}

// redeemGitHub is one poll, a code that a browser has brought, or a refresh.
func (s *Server) redeemGitHub(c Client, f url.Values) said {
	switch {
	case f.Get("grant_type") == "refresh_token":
		return s.refreshGitHub(c, f.Get("refresh_token"))
	case f.Get("code") != "": // whatever the grant type: it is not looked at
		return s.codeGitHub(c, f)
	case f.Get("grant_type") != deviceGrant:
		return githubRefusal("unsupported_grant_type", "The grant type is not one of the device flow.")
	}
	d, is := s.poll(GitHubToken, c, f.Get("device_code"), "")
	switch is {
	case expired:
		return githubRefusal("expired_token", "This 'device_code' has expired.")
	case early:
		no := githubRefusal("slow_down", "Too many requests have been made in the same timeframe.")
		no["interval"] = int(d.interval / time.Second)
		return no
	case refused:
		return githubRefusal("access_denied", "The authorization request was denied.")
	case pending:
		return githubRefusal("authorization_pending", "The authorization request is still pending.")
	case granted:
		return s.issueGitHub(d.grant)
	}
	return githubRefusal("incorrect_device_code", "The device_code provided is not valid.")
}

// codeGitHub wants the app's secret.
func (s *Server) codeGitHub(c Client, f url.Values) said {
	if f.Get("client_secret") == "" {
		return githubRefusal("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.")
	}
	g, err := s.takeCode(GitHubToken, c, f)
	if err != nil {
		return githubRefusal("bad_verification_code", "The code passed is incorrect or expired.")
	}
	return s.issueGitHub(g)
}

// refreshGitHub replaces a pair of tokens, which dies.
func (s *Server) refreshGitHub(c Client, token string) said {
	t := s.refreshable(GitHubToken, c, token)
	if t == nil {
		return githubRefusal("bad_refresh_token", "The refresh token passed is incorrect or expired.")
	}
	t.spent = true
	for _, old := range s.access {
		old.revoked = old.revoked || old.grant == t.grant
	}
	return s.issueGitHub(t.grant)
}

// issueGitHub makes a token. An OAuth app's does not expire.
func (s *Server) issueGitHub(g *grant) said {
	token := "gho_" + newCode()
	answer := said{"access_token": token, "token_type": "bearer", "scope": strings.Join(g.scopes, ",")}
	if !s.opt.GitHubExpire {
		s.access[digestOf(token)] = &accessToken{grant: g}
		return answer
	}
	s.access[digestOf(token)] = &accessToken{grant: g, expires: time.Now().Add(s.opt.TokenLifetime)}
	answer["expires_in"] = int(s.opt.TokenLifetime / time.Second)
	answer["refresh_token"], answer["refresh_token_expires_in"] = s.newRefresh(g), 15897600
	return answer
}

// githubApp is where an app has its tokens deleted.
const githubApp = string(GitHubRevocation)

// revokeGitHub takes a token away, for the app that proves by its secret that it
// is the token's.
func (s *Server) revokeGitHub(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	c, known := s.registered(id)
	if !known || c.Secret == "" || !same(secret, c.Secret) || r.PathValue("client_id") != id {
		writeJSON(w, http.StatusNotFound, said{"message": "Not Found", "status": "404"})
		return
	}
	var asked struct {
		Token string `json:"access_token"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := json.NewDecoder(r.Body).Decode(&asked)
	t := s.access[digestOf(asked.Token)]
	if err != nil || t == nil || t.client.ID != id || t.dead || t.revoked {
		writeJSON(w, http.StatusUnprocessableEntity, said{"message": "Validation Failed", "status": "422"})
		return
	}
	t.dead = true
	w.WriteHeader(http.StatusNoContent)
}

// githubUser says whose token it is, to clients that say who they are.
func (s *Server) githubUser(w http.ResponseWriter, r *http.Request) {
	u, ok := s.holder(GitHubToken, bearer(r))
	switch {
	case r.Header.Get("User-Agent") == "":
		http.Error(w, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.", http.StatusForbidden)
		return
	case r.URL.RawQuery != "":
		writeJSON(w, http.StatusBadRequest, said{"message": "Must specify access token via Authorization header."})
		return
	case !ok:
		writeJSON(w, http.StatusUnauthorized, said{"message": "Bad credentials"})
		return
	}
	writeJSON(w, http.StatusOK, said{
		"login": u.Name, "id": numberOf(u.Subject), "name": u.FullName, "type": "User",
		"html_url": cmp.Or(u.Profile, s.URL()+"/"+url.PathEscape(u.Name)),
	})
}

func writeSaid(w http.ResponseWriter, r *http.Request, status int, what said) {
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		writeJSON(w, status, what)
		return
	}
	form := url.Values{}
	for name, value := range what {
		form.Set(name, fmt.Sprint(value))
	}
	write(w, status, formType+"; charset=utf-8", []byte(form.Encode()))
}

// scopesIn takes scopes apart at spaces and commas.
func scopesIn(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// numberOf is a subject where ids are numbers; one that is no number gets one.
func numberOf(subject string) json.Number {
	if subject != "" && strings.Trim(subject, "0123456789") == "" && subject[0] != '0' {
		return json.Number(subject)
	}
	h := fnv.New32a()
	h.Write([]byte(subject)) // never returns an error
	return json.Number(fmt.Sprint(h.Sum32()))
}
