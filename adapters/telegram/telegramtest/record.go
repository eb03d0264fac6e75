package telegramtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
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
	Params url.Values        // objects as JSON
	Files  map[string][]byte // that came with them
	Status int               // of the answer; 0: none was given, or not yet

	token string
}

// Requests returns what arrived so far, in order: of the given methods, or all of it.
func (s *Server) Requests(methods ...string) []Request {
	return s.log.Those(func(r Request) bool {
		return len(methods) == 0 || slices.ContainsFunc(methods, func(m string) bool { return strings.EqualFold(m, r.Method) })
	})
}

// Format prints the method and the names of its parameters and files, but no values,
// which may be secret.
func (r Request) Format(f fmt.State, _ rune) {
	io.WriteString(f, r.outline()) //nolint:errcheck // fmt's own buffer
}

// MarshalText is what Format prints.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.outline()), nil }

func (r Request) outline() string {
	words := append([]string{r.Method}, slices.Sorted(maps.Keys(r.Params))...)
	words = append(words, slices.Sorted(maps.Keys(r.Files))...)
	return strings.Join(append(words, strconv.Itoa(r.Status)), " ")
}

// observe reads a request to /bot<token>/<method>. It reports false for another path.
func observe(w http.ResponseWriter, r *http.Request) (seen *Request, ok bool, err error) {
	params, files, err := readParams(w, r)
	if err != nil {
		return nil, false, err
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/bot")
	token, method, cut := strings.Cut(rest, "/")
	if !ok || !cut || method == "" || strings.Contains(method, "/") {
		return nil, false, nil
	}
	return &Request{At: time.Now(), Method: method, Params: params, Files: files, token: token}, true, nil
}

// maxRequest is how large a request may be: a photo is refused for less.
const maxRequest = 2 * maxPhoto

// readParams reads parameters as the Bot API takes them: from the query and a
// body that is a form, a multipart form with files, or JSON.
func readParams(w http.ResponseWriter, r *http.Request) (url.Values, map[string][]byte, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "application/json" {
		params, err := readJSON(r)
		return params, nil, err
	}
	if err := r.ParseMultipartForm(maxRequest); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, nil, fmt.Errorf("read form: %w", err)
	}
	if r.MultipartForm == nil {
		return r.Form, nil, nil
	}
	files, err := readFiles(r.MultipartForm.File)
	return r.Form, files, err
}

// readFiles reads the first file of each name.
func readFiles(headers map[string][]*multipart.FileHeader) (map[string][]byte, error) {
	out := map[string][]byte{}
	for name, all := range headers {
		f, err := all[0].Open()
		if err != nil {
			return nil, fmt.Errorf("open file %s: %w", name, err)
		}
		out[name], err = io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("read file %s: %w", name, err)
		}
	}
	return out, nil
}

func readJSON(r *http.Request) (url.Values, error) {
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
