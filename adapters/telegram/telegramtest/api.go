package telegramtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/usherbot/usher/core/coretest/stand"
)

const jsonType = "application/json"

// refusal is an error as the Bot API answers it.
type refusal struct {
	code    int
	text    string
	migrate int64 // where the chat is now
}

func (r *refusal) Error() string { return r.text }

func badf(format string, args ...any) error {
	return &refusal{code: http.StatusBadRequest, text: "Bad Request: " + fmt.Sprintf(format, args...)}
}

func forbidden(text string) error {
	return &refusal{code: http.StatusForbidden, text: "Forbidden: " + text}
}

// method is one of the Bot API. An error that is no refusal is never answered.
type method func(ctx context.Context, r *Request) (any, error)

// method returns the one of that name, in whatever case.
func (s *Server) method(name string) (method, bool) {
	quick := map[string]func(url.Values) (any, error){
		"getme":               s.getMe,
		"setwebhook":          s.setWebhook,
		"deletewebhook":       s.deleteWebhook,
		"getwebhookinfo":      s.getWebhookInfo,
		"sendmessage":         s.sendMessage,
		"editmessagetext":     s.editMessageText,
		"deletemessage":       s.deleteMessage,
		"answercallbackquery": s.answerCallbackQuery,
		"setmycommands":       s.setMyCommands,
		"getmycommands":       s.getMyCommands,
		"deletemycommands":    s.deleteMyCommands,
		"sendchataction":      s.sendChatAction,
		"getchat":             s.getChat,
	}
	uploads := map[string]func(url.Values, map[string][]byte) (any, error){
		"sendphoto":        s.sendPhoto,
		"editmessagemedia": s.editMessageMedia,
	}
	name = strings.ToLower(name)
	if name == "getupdates" {
		return func(ctx context.Context, r *Request) (any, error) { return s.getUpdates(ctx, r.Params) }, true
	}
	do, plain := quick[name]
	upload, known := uploads[name]
	return func(_ context.Context, r *Request) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if plain {
			return do(r.Params)
		}
		return upload(r.Params, r.Files)
	}, plain || known
}

// serve notes the request, then lets a Fault or the method answer it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	seen, ok, err := observe(w, r)
	switch {
	case err != nil:
		answer(w, nil, &refusal{code: http.StatusBadRequest, text: "Bad Request: can't read the request"})
		return
	case !ok:
		answer(w, nil, &refusal{code: http.StatusNotFound, text: "Not Found"})
		return
	}
	s.log.Add(seen)
	told := &stand.Told{ResponseWriter: w}
	defer s.log.Settle(func() { seen.Status = told.Status })
	s.Answer(told, r, seen.Method, func(w http.ResponseWriter, r *http.Request) { s.call(w, r, seen) })
}

func (s *Server) call(w http.ResponseWriter, r *http.Request, seen *Request) {
	do, known := s.method(seen.Method)
	switch {
	case seen.token != s.token.Reveal():
		answer(w, nil, &refusal{code: http.StatusUnauthorized, text: "Unauthorized"})
	case !known:
		answer(w, nil, &refusal{code: http.StatusNotFound, text: "Not Found: method not found"})
	default:
		result, err := do(r.Context(), seen)
		answer(w, result, err)
	}
}

// answer answers as the Bot API does; an error that is no refusal drops the connection.
func answer(w http.ResponseWriter, result any, err error) {
	type parameters struct {
		Migrate int64 `json:"migrate_to_chat_id"`
	}
	out := struct {
		OK          bool        `json:"ok"`
		Result      any         `json:"result,omitempty"`
		Code        int         `json:"error_code,omitempty"`
		Description string      `json:"description,omitempty"`
		Parameters  *parameters `json:"parameters,omitempty"`
	}{OK: err == nil, Result: result}
	status := http.StatusOK
	if err != nil {
		no, is := errors.AsType[*refusal](err)
		if !is {
			panic(http.ErrAbortHandler)
		}
		status, out.Code, out.Description = no.code, no.code, no.text
		if no.migrate != 0 {
			out.Parameters = &parameters{no.migrate}
		}
	}
	body, err := json.Marshal(out)
	if err != nil {
		panic("telegramtest: " + err.Error())
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck // whoever asked has gone
}

// getMe says who the bot is.
func (s *Server) getMe(url.Values) (any, error) {
	return struct {
		User
		Join     bool `json:"can_join_groups"`
		ReadsAll bool `json:"can_read_all_group_messages"`
		Inline   bool `json:"supports_inline_queries"`
	}{s.me, true, s.opt.ReadsAll, false}, nil
}

// integer is a number among the parameters; 0 when there is none.
func integer(p url.Values, name string) int {
	n, err := strconv.Atoi(strings.TrimSpace(p.Get(name)))
	if err != nil {
		return 0
	}
	return n
}

// truth is a boolean among the parameters.
func truth(p url.Values, name string) bool {
	switch strings.ToLower(p.Get(name)) {
	case "true", "yes", "t", "y", "1":
		return true
	}
	return false
}

// object reads a parameter that is JSON, and leaves out alone when there is none.
func object(p url.Values, name, what string, out any) error {
	raw := p.Get(name)
	if raw == "" {
		return nil
	}
	if json.Unmarshal([]byte(raw), out) != nil {
		return badf("can't parse %s JSON object", what)
	}
	return nil
}
