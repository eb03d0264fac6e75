package authtest

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"time"
)

// Endpoints of Heroku's dialect. Below HerokuWait is where a login is held, and
// below HerokuAuthorizations each authorization.
const (
	HerokuStart          Endpoint = "/auth"
	HerokuWait           Endpoint = "/auth/cli"
	HerokuUser           Endpoint = "/account"
	HerokuAuthorizations Endpoint = "/oauth/authorizations"
)

func (s *Server) mountHeroku(mux *http.ServeMux) {
	mux.HandleFunc("POST "+string(HerokuStart), s.beginHeroku)
	mux.HandleFunc("GET "+string(HerokuWait)+"/{id}", s.waitHeroku)
	mux.HandleFunc("GET "+string(HerokuUser), s.herokuAPI(s.herokuUser))
	mux.HandleFunc("GET "+string(HerokuAuthorizations), s.herokuAPI(s.listHeroku))
	mux.HandleFunc("DELETE "+string(HerokuAuthorizations)+"/{id}", s.herokuAPI(s.revokeHeroku))
}

// beginHeroku gives two paths and a token to wait with. There is no app, and no code
// for a person to compare: the page has it in its address.
func (s *Server) beginHeroku(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Description string }
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || json.NewDecoder(r.Body).Decode(&asked) != nil || asked.Description == "" {
		writeJSON(w, http.StatusBadRequest, said{"id": "bad_request", "message": "A description is wanted, as JSON."})
		return
	}
	s.mu.Lock()
	token, d := s.newDevice(HerokuWait, Client{ID: "heroku-cli", Name: asked.Description}, nil)
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, said{
		"browser_url": pagePath + "?user_code=" + d.shown, "cli_url": string(HerokuWait) + "/" + newCode(), "token": token,
	})
}

// waitHeroku answers when the person is done. What is asked again after that gets
// the same answer, for the first may have got lost.
func (s *Server) waitHeroku(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	d := s.devices[digestOf(bearer(r))]
	s.mu.Unlock()
	if d == nil || d.at != HerokuWait {
		writeJSON(w, http.StatusUnauthorized, said{"id": "unauthorized", "message": "Invalid credentials provided."})
		return
	}
	over := time.NewTimer(s.opt.CodeLifetime)
	defer over.Stop()
	select {
	case <-d.decided:
	case <-over.C:
	case <-r.Context().Done():
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.state != approved {
		writeJSON(w, http.StatusOK, said{"error": "The login was not approved"})
		return
	}
	if d.grant == nil {
		d.grant = s.newGrant(HerokuWait, d.client, d.user, nil)
	}
	token := "HRKU-" + newCode()
	s.access[digestOf(token)] = &accessToken{grant: d.grant, shown: token[:9] + strings.Repeat("*", 10) + token[len(token)-4:]}
	writeJSON(w, http.StatusOK, said{"access_token": token})
}

// herokuAPI guards what takes tokens, in the version that clients have to name.
func (s *Server) herokuAPI(do func(t *accessToken, r *http.Request) (int, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		t := s.access[digestOf(bearer(r))]
		status, answer := http.StatusUnauthorized, any(said{"id": "unauthorized", "message": "Invalid credentials provided."})
		switch {
		case r.Header.Get("Accept") != "application/vnd.heroku+json; version=3":
			status, answer = http.StatusNotFound, said{"id": "not_found", "message": "The requested API endpoint was not found. Are you using the right HTTP verb, and did you specify your intended version with the Accept header?"}
		case t != nil && t.at == HerokuWait && !t.revoked && !t.dead:
			status, answer = do(t, r)
		}
		writeJSON(w, status, answer)
	}
}

func (s *Server) herokuUser(t *accessToken, _ *http.Request) (int, any) {
	return http.StatusOK, said{"id": t.user.Subject, "email": t.user.Email, "name": t.user.FullName}
}

// listHeroku shows tokens with the middle replaced.
func (s *Server) listHeroku(t *accessToken, _ *http.Request) (int, any) {
	list := []said{}
	for key, other := range s.access {
		if other.at == HerokuWait && other.user == t.user && !other.revoked {
			list = append(list, said{"id": idOf(key), "description": "…", "access_token": said{"token": other.shown}})
		}
	}
	return http.StatusOK, list
}

func (s *Server) revokeHeroku(t *accessToken, r *http.Request) (int, any) {
	for key, other := range s.access {
		if other.at == HerokuWait && other.user == t.user && idOf(key) == r.PathValue("id") {
			other.revoked = true
			return http.StatusOK, said{"id": r.PathValue("id")}
		}
	}
	return http.StatusNotFound, said{"id": "not_found", "message": "Couldn't find that authorization."}
}
