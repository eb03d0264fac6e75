package authtest

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Endpoints of Twitch's dialect.
const (
	TwitchDevice     Endpoint = "/oauth2/device"
	TwitchToken      Endpoint = "/oauth2/token"
	TwitchValidation Endpoint = "/oauth2/validate"
	TwitchRevocation Endpoint = "/oauth2/revoke"
	TwitchUser       Endpoint = "/helix/users"
)

// twitchRefusal says what is wrong in message. error, where it is there, has only
// the status in words.
func twitchRefusal(status int, message string) (int, said) {
	return status, said{"status": status, "message": message}
}

func (s *Server) mountTwitch(mux *http.ServeMux) {
	mux.HandleFunc("POST "+string(TwitchDevice), s.twitch(s.beginTwitch))
	mux.HandleFunc("POST "+string(TwitchToken), s.twitch(s.redeemTwitch))
	mux.HandleFunc("POST "+string(TwitchRevocation), s.twitch(s.revokeTwitch))
	mux.HandleFunc("GET "+string(TwitchValidation), s.validateTwitch)
	mux.HandleFunc("GET "+string(TwitchUser), s.twitchUser)
}

// twitch guards an endpoint that apps post to. A secret is optional, and has to be
// right where it is sent.
func (s *Server) twitch(do func(c Client, f url.Values) (int, said)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := readForm(r)
		c, known := s.registered(f.Get("client_id"))
		status, answer := twitchRefusal(http.StatusBadRequest, "missing or repeated parameter")
		switch {
		case err != nil:
		case !known:
			status, answer = twitchRefusal(http.StatusBadRequest, "invalid client")
		case f.Has("client_secret") && !same(f.Get("client_secret"), c.Secret):
			status, answer = twitchRefusal(http.StatusForbidden, "invalid client secret")
		default:
			s.mu.Lock()
			status, answer = do(c, f)
			s.mu.Unlock()
		}
		writeJSON(w, status, answer)
	}
}

// beginTwitch names the scopes scopes, and has the code in the page's address.
func (s *Server) beginTwitch(c Client, f url.Values) (int, said) {
	if !f.Has("scopes") {
		return twitchRefusal(http.StatusBadRequest, "missing parameter: scopes")
	}
	code, d := s.newDevice(TwitchToken, c, strings.Fields(f.Get("scopes")))
	d.shown = d.userCode
	return http.StatusOK, said{
		"device_code": code, "user_code": d.shown, "verification_uri": s.URL() + pagePath + "?user_code=" + d.shown,
		"expires_in": int(s.opt.CodeLifetime / time.Second), "interval": int(s.opt.Interval / time.Second),
	}
}

// redeemTwitch is one poll, a code that a browser has brought, or a refresh.
func (s *Server) redeemTwitch(c Client, f url.Values) (int, said) {
	switch f.Get("grant_type") {
	case deviceGrant:
	case "authorization_code":
		return s.codeTwitch(c, f)
	case "refresh_token":
		t := s.refreshable(TwitchToken, c, f.Get("refresh_token"))
		if t == nil {
			return twitchRefusal(http.StatusBadRequest, "Invalid refresh token")
		}
		t.spent = !s.opt.KeepRefresh
		return http.StatusOK, s.issueTwitch(t.grant)
	default:
		return twitchRefusal(http.StatusBadRequest, "invalid grant type")
	}
	if !f.Has("scopes") {
		return twitchRefusal(http.StatusBadRequest, "missing parameter: scopes")
	}
	d, is := s.poll(TwitchToken, c, f.Get("device_code"), f.Get("code_verifier"))
	switch is {
	case early:
		return twitchRefusal(http.StatusBadRequest, "slow_down")
	case refused:
		return twitchRefusal(http.StatusBadRequest, "access_denied")
	case pending:
		return twitchRefusal(http.StatusBadRequest, "authorization_pending")
	case granted:
		return http.StatusOK, s.issueTwitch(d.grant)
	}
	return twitchRefusal(http.StatusBadRequest, "invalid device code")
}

// codeTwitch wants the app's secret.
func (s *Server) codeTwitch(c Client, f url.Values) (int, said) {
	if f.Get("client_secret") == "" {
		return twitchRefusal(http.StatusBadRequest, "missing client secret")
	}
	g, err := s.takeCode(TwitchToken, c, f)
	if err != nil {
		return twitchRefusal(http.StatusBadRequest, "Invalid authorization code")
	}
	return http.StatusOK, s.issueTwitch(g)
}

// issueTwitch makes a pair of tokens, with the scopes in an array.
func (s *Server) issueTwitch(g *grant) said {
	a := s.issue(g, g.scopes)
	return said{
		"access_token": a.Access, "refresh_token": a.Refresh, "expires_in": a.ExpiresIn, "token_type": "bearer",
		"scope": append([]string{}, g.scopes...),
	}
}

// revokeTwitch takes access tokens alone.
func (s *Server) revokeTwitch(c Client, f url.Values) (int, said) {
	t := s.access[digestOf(f.Get("token"))]
	if t == nil || t.at != TwitchToken || t.client.ID != c.ID || t.dead || t.revoked {
		return twitchRefusal(http.StatusBadRequest, "Invalid token")
	}
	t.dead = true
	return http.StatusOK, said{}
}

// validateTwitch is what apps must ask each hour.
func (s *Server) validateTwitch(w http.ResponseWriter, r *http.Request) {
	token, scheme := strings.CutPrefix(r.Header.Get("Authorization"), "OAuth ")
	u, ok := s.holder(TwitchToken, token)
	if !scheme || !ok {
		status, answer := twitchRefusal(http.StatusUnauthorized, "invalid access token")
		writeJSON(w, status, answer)
		return
	}
	s.mu.Lock()
	t := s.access[digestOf(token)]
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, said{
		"client_id": t.client.ID, "login": u.Name, "user_id": u.Subject, "scopes": t.scopes, "expires_in": int(time.Until(t.expires).Seconds()),
	})
}

// twitchUser says whose token it is, to clients that say who they are.
func (s *Server) twitchUser(w http.ResponseWriter, r *http.Request) {
	u, ok := s.holder(TwitchToken, bearer(r))
	_, known := s.registered(r.Header.Get("Client-Id"))
	if !ok || !known {
		text := "Invalid OAuth token"
		if ok {
			text = "Client ID is missing"
		}
		writeJSON(w, http.StatusUnauthorized, said{"error": "Unauthorized", "status": http.StatusUnauthorized, "message": text})
		return
	}
	writeJSON(w, http.StatusOK, said{"data": []said{{"id": u.Subject, "login": strings.ToLower(u.Name), "display_name": u.Name, "type": ""}}})
}
