package authtest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request is something that arrived, whatever became of it.
type Request struct {
	At     time.Time
	Method string
	Path   string
	Query  url.Values
	Form   url.Values // of the body
	Header http.Header
}

// Requests returns what arrived so far, in order: at the given endpoints, or all of it.
func (s *Server) Requests(at ...Endpoint) []Request {
	return s.log.Those(func(r Request) bool { return len(at) == 0 || slices.Contains(at, endpointAt(r.Path)) })
}

// Format prints the names of what was sent and no values, which are secret.
func (r Request) Format(f fmt.State, _ rune) {
	io.WriteString(f, r.outline()) //nolint:errcheck // fmt's own buffer
}

// MarshalText is what Format prints.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.outline()), nil }

func (r Request) outline() string {
	names := slices.Concat(slices.Sorted(maps.Keys(r.Query)), slices.Sorted(maps.Keys(r.Form)))
	return strings.Join(append([]string{r.Method, r.Path}, names...), " ")
}

// observe reads a request and puts its body back.
func observe(w http.ResponseWriter, r *http.Request) (*Request, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	seen := &Request{At: time.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header.Clone()}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == formType {
		if form, err := url.ParseQuery(string(body)); err == nil { // else the endpoint refuses it
			seen.Form = form
		}
	}
	return seen, nil
}
