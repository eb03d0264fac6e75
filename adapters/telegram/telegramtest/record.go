package telegramtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Request is a call of a method that arrived, whatever became of it.
type Request struct {
	At     time.Time
	Method string
	Params url.Values // objects as JSON
	Status int        // of the answer; 0: none was given, or not yet

	token string
}

// Requests returns what arrived so far, in order: of the given methods, or all of it.
func (s *Server) Requests(methods ...string) []Request {
	return s.log.Those(func(r Request) bool {
		return len(methods) == 0 || slices.ContainsFunc(methods, func(m string) bool { return strings.EqualFold(m, r.Method) })
	})
}

// Format prints the method and the names of its parameters, but no values,
// which may be secret.
func (r Request) Format(f fmt.State, _ rune) {
	io.WriteString(f, r.outline()) //nolint:errcheck // fmt's own buffer
}

// MarshalText is what Format prints.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.outline()), nil }

func (r Request) outline() string {
	words := append([]string{r.Method}, slices.Sorted(maps.Keys(r.Params))...)
	return strings.Join(append(words, strconv.Itoa(r.Status)), " ")
}

// observe reads a request to /bot<token>/<method>. It reports false for another path.
func observe(w http.ResponseWriter, r *http.Request) (seen *Request, ok bool, err error) {
	params, err := readParams(w, r)
	if err != nil {
		return nil, false, err
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/bot")
	token, method, cut := strings.Cut(rest, "/")
	if !ok || !cut || method == "" || strings.Contains(method, "/") {
		return nil, false, nil
	}
	return &Request{At: time.Now(), Method: method, Params: params, token: token}, true, nil
}

// readParams reads parameters as the Bot API takes them: from the query and a
// body that is a form, a multipart form or JSON.
func readParams(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
			return nil, fmt.Errorf("read form: %w", err)
		}
		return r.Form, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	out := r.URL.Query()
	for name, raw := range fields {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw) // a number, or an object
		}
		out.Set(name, text)
	}
	return out, nil
}
