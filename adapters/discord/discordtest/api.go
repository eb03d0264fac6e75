package discordtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/usherbot/usher/core/coretest/stand"
)

const (
	jsonType = "application/json"
	apiBase  = "/api/v9"
)

// request is one that is being answered.
type request struct {
	*http.Request
	body  []byte // JSON
	files []file
}

// route does what one method of one path is for. The result nil is answered with
// no content.
type route struct {
	pattern string // as Discord's OpenAPI writes it
	do      func(*request) (any, error)
	open    bool // the path holds a token, and no other is asked for
	files   bool // it takes files
}

func (s *Server) routeTable() []route {
	return []route{
		{pattern: "GET /gateway", do: s.getGateway, open: true},
		{pattern: "GET /gateway/bot", do: s.getGatewayBot},
		{pattern: "GET /users/@me", do: s.getMe},
		{pattern: "POST /users/@me/channels", do: s.openDM},
		{pattern: "GET /applications/@me", do: s.getApplication},
		{pattern: "GET /applications/{application_id}/commands", do: s.getCommands},
		{pattern: "PUT /applications/{application_id}/commands", do: s.putCommands},
		{pattern: "GET /applications/{application_id}/guilds/{guild_id}/commands", do: s.getCommands},
		{pattern: "PUT /applications/{application_id}/guilds/{guild_id}/commands", do: s.putCommands},
		{pattern: "GET /channels/{channel_id}", do: s.getChannel},
		{pattern: "POST /channels/{channel_id}/typing", do: s.showTyping},
		{pattern: "POST /channels/{channel_id}/messages", do: s.createMessage, files: true},
		{pattern: "GET /channels/{channel_id}/messages/{message_id}", do: s.getMessage},
		{pattern: "PATCH /channels/{channel_id}/messages/{message_id}", do: s.editMessage, files: true},
		{pattern: "DELETE /channels/{channel_id}/messages/{message_id}", do: s.deleteMessage},
		{pattern: "POST /interactions/{interaction_id}/{interaction_token}/callback", do: s.callback, open: true, files: true},
		{pattern: "POST /webhooks/{webhook_id}/{webhook_token}", do: s.followUp, open: true, files: true},
		{pattern: "GET /webhooks/{webhook_id}/{webhook_token}/messages/@original", do: s.getResponse, open: true},
		{pattern: "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", do: s.editResponse, open: true, files: true},
		{pattern: "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original", do: s.deleteResponse, open: true},
		{pattern: "GET /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", do: s.getResponse, open: true},
		{pattern: "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", do: s.editResponse, open: true, files: true},
		{pattern: "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", do: s.deleteResponse, open: true},
	}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routeTable() {
		method, path, _ := strings.Cut(r.pattern, " ")
		mux.HandleFunc(method+" "+apiBase+path, func(w http.ResponseWriter, q *http.Request) { s.serve(w, q, r) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) {
		if websocket.IsWebSocketUpgrade(q) {
			s.gateway(w, q)
			return
		}
		s.serve(w, q, route{pattern: q.Method + " ?", open: true, do: func(*request) (any, error) { return nil, errNotFound }})
	})
	return mux
}

// serve notes the request, then lets a Fault or the route answer it.
func (s *Server) serve(w http.ResponseWriter, q *http.Request, r route) {
	seen, taken, err := observe(w, q, r)
	if err != nil {
		answer(w, nil, err)
		return
	}
	s.log.Add(seen)
	told := &stand.Told{ResponseWriter: w}
	defer s.log.Settle(func() { seen.Status = told.Status })
	s.Answer(told, q, r.pattern, func(w http.ResponseWriter, q *http.Request) { s.call(w, &request{q, taken.body, taken.files}, r) })
}

func (s *Server) call(w http.ResponseWriter, q *request, r route) {
	limits(w.Header())
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.open && q.Header.Get("Authorization") != "Bot "+s.token.Reveal() {
		answer(w, nil, errUnauthorized)
		return
	}
	result, err := r.do(q)
	answer(w, result, err)
}

// limits are the headers that every answer tells rate limits in. There is always
// enough left; Break makes it otherwise.
func limits(h http.Header) {
	h.Set("X-Ratelimit-Limit", "1000")
	h.Set("X-Ratelimit-Remaining", "999")
	h.Set("X-Ratelimit-Reset-After", "1.000")
	h.Set("X-Ratelimit-Bucket", "0123456789abcdef0123456789abcdef")
}

// answer answers as the API does.
func answer(w http.ResponseWriter, result any, err error) {
	status := http.StatusOK
	if no, is := errors.AsType[*refusal](err); is {
		status = no.status
		out := object{"code": no.code, "message": no.message}
		if no.errors != nil {
			out["errors"] = no.errors
		}
		result = out
	}
	if result == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	w.Write(marshal(result)) //nolint:errcheck // whoever asked has gone
}

// marshal writes what this package has made, which cannot fail.
func marshal(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("discordtest: " + err.Error())
	}
	return bytes.TrimSpace(out.Bytes())
}

// getGateway says where the gateway is.
func (s *Server) getGateway(*request) (any, error) { return object{"url": s.gatewayURL()}, nil }

// getGatewayBot says the same to bots, and how often they may identify today.
func (s *Server) getGatewayBot(*request) (any, error) {
	return object{"url": s.gatewayURL(), "shards": 1, "session_start_limit": object{
		"total": 1000, "remaining": s.starts, "reset_after": (24 * time.Hour).Milliseconds(), "max_concurrency": 1,
	}}, nil
}

// getMe says who the bot is.
func (s *Server) getMe(*request) (any, error) { return s.user(s.me), nil }

// getApplication says where interactions are posted, if anywhere.
func (s *Server) getApplication(*request) (any, error) {
	var at any
	if s.opt.InteractionsURL != "" {
		at = s.opt.InteractionsURL
	}
	return object{
		"id": s.app, "name": s.opt.Name, "description": "", "icon": nil, "verify_key": s.PublicKey(), "flags": 0,
		"bot": s.user(s.me), "bot_public": true, "bot_require_code_grant": false, "interactions_endpoint_url": at,
	}, nil
}
