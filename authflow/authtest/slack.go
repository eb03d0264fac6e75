package authtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Endpoints of Slack, which has no device flow: of Sign in with Slack, and of apps
// whose people give them tokens of their own.
const (
	SlackToken      Endpoint = "/api/openid.connect.token"
	SlackUser       Endpoint = "/api/openid.connect.userInfo"
	SlackUserToken  Endpoint = "/api/oauth.v2.access"
	SlackTest       Endpoint = "/api/auth.test"
	SlackRevocation Endpoint = "/api/auth.revoke"
)

// slackTeam is the workspace that everybody is in.
const slackTeam = "T0123456789"

func (s *Server) mountSlack(mux *http.ServeMux) {
	s.openDoor(mux, SlackAuthorization, door{scopes: slackIdentity})
	s.openDoor(mux, SlackUserAuthorization, door{scopes: slackScopes})
	mux.HandleFunc("POST "+string(SlackToken), s.slack(s.redeemSlack))
	mux.HandleFunc("GET "+string(SlackUser), s.slackUser)
	mux.HandleFunc("POST "+string(SlackUser), s.slackUser)
	mux.HandleFunc("POST "+string(SlackUserToken), s.slack(s.redeemSlackUser))
	mux.HandleFunc("GET "+string(SlackTest), s.testSlack)
	mux.HandleFunc("POST "+string(SlackTest), s.testSlack)
	mux.HandleFunc("POST "+string(SlackRevocation), s.revokeSlack)
}

// slackIdentity are the scopes of Sign in with Slack, which are no others.
func slackIdentity(q url.Values) ([]string, bool) {
	list := strings.Fields(q.Get("scope"))
	other := slices.ContainsFunc(list, func(scope string) bool { return !slices.Contains([]string{"openid", "profile", "email"}, scope) })
	return list, slices.Contains(list, "openid") && !other
}

// slackScopes are what the person is asked for. What the app's bot would get is in
// scope.
func slackScopes(q url.Values) ([]string, bool) {
	list := strings.Split(q.Get("user_scope"), ",")
	wrong := slices.ContainsFunc(list, func(scope string) bool { return scope == "" || scope == "openid" || strings.Contains(scope, " ") })
	return list, !wrong
}

// slackRefusal comes with status 200, as all that Slack's methods say.
func slackRefusal(code string) said { return said{"ok": false, "error": code} }

// slack guards the method that apps post to with their secret, in the form or by
// Basic.
func (s *Server) slack(do func(c Client, f url.Values) said) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := readForm(r)
		if err != nil {
			writeJSON(w, http.StatusOK, slackRefusal("invalid_form_data"))
			return
		}
		id, secret := f.Get("client_id"), f.Get("client_secret")
		if user, password, ok := basicAuth(r); ok {
			id, secret = user, password
		}
		c, known := s.registered(id)
		switch {
		case !known:
			writeJSON(w, http.StatusOK, slackRefusal("invalid_client_id"))
		case c.Secret == "" || !same(secret, c.Secret):
			writeJSON(w, http.StatusOK, slackRefusal("bad_client_secret"))
		default:
			s.mu.Lock()
			defer s.mu.Unlock()
			writeJSON(w, http.StatusOK, do(c, f))
		}
	}
}

// redeemSlack takes a code that a browser has brought. The token does not expire, and
// nobody says what it is good for.
func (s *Server) redeemSlack(c Client, f url.Values) said {
	token, _, err := s.issueSlack(SlackToken, c, f)
	if err != nil {
		return slackRefusal(textOf(err))
	}
	return said{"ok": true, "access_token": token, "token_type": "Bearer"}
}

// redeemSlackUser is redeemSlack for a token that is the person's own, which stands
// apart from that of the app.
func (s *Server) redeemSlackUser(c Client, f url.Values) said {
	token, g, err := s.issueSlack(SlackUserToken, c, f)
	if err != nil {
		return slackRefusal(textOf(err))
	}
	return said{
		"ok": true, "app_id": "A0123456789", "team": said{"id": slackTeam, "name": "Acme"}, "enterprise": nil,
		"authed_user": said{"id": g.user.Subject, "scope": strings.Join(g.scopes, ","), "access_token": token, "token_type": "user"},
	}
}

func (s *Server) issueSlack(at Endpoint, c Client, f url.Values) (token string, g *grant, err error) {
	if kind := f.Get("grant_type"); kind != "" && kind != "authorization_code" {
		return "", nil, refuse("", "invalid_grant_type")
	}
	if g, err = s.takeCode(at, c, f); err != nil {
		return "", nil, refuse("", "invalid_code")
	}
	token = "xoxp-" + newCode()
	s.access[digestOf(token)] = &accessToken{grant: g}
	return token, g, nil
}

// testSlack says whose a token is.
func (s *Server) testSlack(w http.ResponseWriter, r *http.Request) {
	u, ok := s.holder(SlackUserToken, bearer(r))
	if !ok {
		writeJSON(w, http.StatusOK, slackRefusal("invalid_auth"))
		return
	}
	writeJSON(w, http.StatusOK, said{
		"ok": true, "url": "https://acme.slack.com/", "team": "Acme", "team_id": slackTeam, "user": u.Name, "user_id": u.Subject,
	})
}

func (s *Server) slackUser(w http.ResponseWriter, r *http.Request) {
	u, ok := s.holder(SlackToken, bearer(r))
	if !ok {
		writeJSON(w, http.StatusOK, slackRefusal("invalid_auth"))
		return
	}
	writeJSON(w, http.StatusOK, said{
		"ok": true, "sub": u.Subject, "name": u.Name, "https://slack.com/user_id": u.Subject, "https://slack.com/team_id": slackTeam,
	})
}

// revokeSlack ends the token that it is called with.
func (s *Server) revokeSlack(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.access[digestOf(bearer(r))]
	if t == nil || t.at != SlackToken && t.at != SlackUserToken || t.dead || t.revoked {
		writeJSON(w, http.StatusOK, slackRefusal("invalid_auth"))
		return
	}
	t.revoked = true
	writeJSON(w, http.StatusOK, said{"ok": true, "revoked": true})
}
