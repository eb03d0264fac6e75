package slacktest

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/usherbot/usher/core/coretest/stand"
)

const (
	apiPath  = "/api/"
	jsonType = "application/json; charset=utf-8"
)

// object is a JSON object that is written.
type object = map[string]any

// refusal is an error as the Web API answers it, with status 200.
type refusal struct {
	code             string
	details          []string
	needed, provided string // of missing_scope
}

func (r *refusal) Error() string { return r.code }

func no(code string, details ...string) error { return &refusal{code: code, details: details} }

// method is one of the Web API.
type method func(p url.Values) (object, error)

// method returns the one of that name, and the token that it takes.
func (s *Server) method(name string) (method, string) {
	if name == "apps.connections.open" {
		return s.openConnection, s.app.Reveal()
	}
	return map[string]method{
		"auth.test":                    s.authTest,
		"chat.postMessage":             s.postMessage,
		"chat.postEphemeral":           s.postEphemeral,
		"chat.update":                  s.update,
		"chat.delete":                  s.remove,
		"files.getUploadURLExternal":   s.getUploadURL,
		"files.completeUploadExternal": s.completeUpload,
		"files.delete":                 s.deleteFile,
		"conversations.open":           s.openConversation,
		"conversations.info":           s.conversationInfo,
		"users.info":                   s.userInfo,
		"views.open":                   s.openView,
		"views.update":                 s.updateView,
	}[name], s.bot.Reveal()
}

// serve notes the request, then lets a Fault or whoever is asked answer it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == linkPath {
		s.serveLink(w, r)
		return
	}
	seen, err := observe(w, r)
	switch {
	case err != nil:
		answer(w, nil, no("invalid_json"))
		return
	case seen == nil:
		http.NotFound(w, r)
		return
	}
	s.log.Add(seen)
	told := &stand.Told{ResponseWriter: w}
	defer s.log.Settle(func() { seen.Status, seen.Error = told.Status, told.Header().Get(refusedHeader) })
	s.Answer(told, r, seen.Method, func(w http.ResponseWriter, r *http.Request) { s.call(w, r, seen) })
}

func (s *Server) call(w http.ResponseWriter, _ *http.Request, seen *Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case seen.hook != "":
		s.serveHook(w, seen)
		return
	case seen.upload != "":
		s.serveUpload(w, seen)
		return
	}
	w.Header().Set("X-Oauth-Scopes", s.provided())
	do, token := s.method(seen.Method)
	if do == nil {
		answer(w, nil, no("unknown_method"))
		return
	}
	if err := s.authorize(seen.token, token); err != nil {
		answer(w, nil, err)
		return
	}
	if err := s.permit(seen.Method); err != nil {
		answer(w, nil, err)
		return
	}
	result, err := do(seen.Params)
	answer(w, result, err)
}

// authorize refuses a request whose token is not the one that its method takes.
func (s *Server) authorize(got, want string) error {
	switch {
	case got == "":
		return no("not_authed")
	case got == want && got == s.bot.Reveal() && s.uninstalled:
		return no("account_inactive")
	case got == want:
		return nil
	case got == s.bot.Reveal() || got == s.app.Reveal():
		return no("not_allowed_token_type")
	}
	return no("invalid_auth")
}

// answer answers as the Web API does.
func answer(w http.ResponseWriter, result object, err error) {
	if result == nil {
		result = object{}
	}
	result["ok"] = err == nil
	if err != nil {
		refused, is := errors.AsType[*refusal](err)
		if !is {
			panic("slacktest: " + err.Error())
		}
		result["error"] = refused.code
		if len(refused.details) > 0 {
			result["response_metadata"] = object{"messages": refused.details}
			result["errors"] = refused.details
		}
		if refused.needed != "" {
			result["needed"], result["provided"] = refused.needed, refused.provided
		}
		w.Header().Set(refusedHeader, refused.code)
	}
	w.Header().Set("Content-Type", jsonType)
	w.Write(encode(result)) //nolint:errcheck // whoever asked has gone
}

// encode writes what is known to be writable.
func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("slacktest: " + err.Error())
	}
	return raw
}

// refusedHeader tells Requests which error was answered.
const refusedHeader = "X-Slacktest-Error"

// authTest says who the bot is.
func (s *Server) authTest(url.Values) (object, error) {
	return object{
		"url": s.Server.URL() + "/", "team": "Acme", "user": s.me.name, "team_id": teamID,
		"user_id": botID, "bot_id": botBotID, "is_enterprise_install": false,
	}, nil
}

// truth is a boolean among the parameters; other is what it is when it is absent.
func truth(p url.Values, name string, other bool) bool {
	v, err := strconv.ParseBool(p.Get(name))
	if err != nil {
		return other
	}
	return v
}
