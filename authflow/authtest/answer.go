package authtest

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
)

// refusal is an error answer: RFC 6749 section 5.2, RFC 6750 section 3.
type refusal struct {
	status    int
	code      string // the member error; empty where RFC 6750 wants none
	text      string // error_description
	challenge string // WWW-Authenticate
}

func (r refusal) Error() string { return r.code + ": " + r.text }

func refuse(code, text string) refusal {
	return refusal{status: http.StatusBadRequest, code: code, text: text}
}

// answering turns an endpoint that returns what to say, or a refusal, into a handler.
func answering(do func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := do(r)
		if err == nil {
			writeJSON(w, http.StatusOK, v)
			return
		}
		no, ok := errors.AsType[refusal](err)
		if !ok {
			no = refusal{status: http.StatusInternalServerError, code: "server_error", text: err.Error()}
		}
		if no.challenge != "" {
			w.Header().Set("WWW-Authenticate", no.challenge)
		}
		writeJSON(w, no.status, struct {
			Code string `json:"error,omitempty"`
			Text string `json:"error_description,omitempty"`
		}{no.code, no.text})
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // every answer is a plain struct of ours
	}
	write(w, status, "application/json", b)
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store") // RFC 6749 section 5.1
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck // whoever asked has gone
}

// form guards an endpoint that registered clients post forms to, and runs do
// for the client that authenticated itself, under the lock.
func (s *Server) form(do func(c Client, f url.Values) (any, error)) http.HandlerFunc {
	return answering(func(r *http.Request) (any, error) { return s.checked(r, do) })
}

func (s *Server) checked(r *http.Request, do func(c Client, f url.Values) (any, error)) (any, error) {
	f, err := readForm(r)
	if err != nil {
		return nil, err
	}
	c, err := s.authenticate(r, f)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return do(c, f)
}

// readForm checks the envelope. None of these endpoints has a query, where
// credentials would end up in logs, so any is refused.
func readForm(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, refuse("invalid_request", "parameters belong in the body, not in the query")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != formType {
		return nil, refuse("invalid_request", "the body must be "+formType)
	}
	if err := r.ParseForm(); err != nil {
		return nil, refuse("invalid_request", "the body is not a form")
	}
	if name := repeated(r.PostForm); name != "" {
		return nil, refuse("invalid_request", "a parameter is repeated: "+name)
	}
	return r.PostForm, nil
}

// repeated names a parameter that was sent twice, which RFC 6749 section 3.1 forbids.
func repeated(form url.Values) string {
	for name, values := range form {
		if len(values) > 1 {
			return name
		}
	}
	return ""
}

const formType = "application/x-www-form-urlencoded"
