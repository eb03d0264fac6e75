package authtest

import (
	"net/http"
	"net/url"
)

// Endpoints of Sign in with Slack, which has no device flow.
const (
	SlackToken      Endpoint = "/api/openid.connect.token"
	SlackUser       Endpoint = "/api/openid.connect.userInfo"
	SlackRevocation Endpoint = "/api/auth.revoke"
)

// slackTeam is the workspace that everybody is in.
const slackTeam = "T0123456789"

func (s *Server) mountSlack(mux *http.ServeMux) {
	s.openDoor(mux, SlackAuthorization, "")
	mux.HandleFunc("POST "+string(SlackToken), s.slack(s.redeemSlack))
	mux.HandleFunc("GET "+string(SlackUser), s.slackUser)
	mux.HandleFunc("POST "+string(SlackUser), s.slackUser)
	mux.HandleFunc("POST "+string(SlackRevocation), s.revokeSlack)
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
	if grant := f.Get("grant_type"); grant != "" && grant != "authorization_code" {
		return slackRefusal("invalid_grant_type")
	}
	g, err := s.takeCode(SlackToken, c, f)
	if err != nil {
		return slackRefusal("invalid_code")
	}
	token := "xoxp-" + newCode()
	s.access[digestOf(token)] = &accessToken{grant: g}
	return said{"ok": true, "access_token": token, "token_type": "Bearer"}
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
	if t == nil || t.at != SlackToken || t.dead || t.revoked {
		writeJSON(w, http.StatusOK, slackRefusal("invalid_auth"))
		return
	}
	t.revoked = true
	writeJSON(w, http.StatusOK, said{"ok": true, "revoked": true})
}
