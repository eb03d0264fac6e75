package discordtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Request is one that arrived, whatever became of it. An interaction that was
// answered in the response to its delivery counts as a request to its callback.
type Request struct {
	At     time.Time
	Route  string // method and path as Discord's OpenAPI writes them: "POST /channels/{channel_id}/messages"
	Query  url.Values
	Type   string          // of the body: that of JSON, or of a form with files
	Body   json.RawMessage // nil: none; of a form, its payload_json
	Files  []string        // the parts of a form that are files, such as "files[0]"
	Inline bool            // in the response to a delivery
	Status int             // of the answer; 0: none was given, or not yet
}

// Requests returns what arrived so far, in order: of the given routes, or all of it.
func (s *Server) Requests(routes ...string) []Request {
	return s.log.Those(func(r Request) bool { return len(routes) == 0 || slices.Contains(routes, r.Route) })
}

// Format prints the route and the names of what the body holds, but no values,
// which may be secret.
func (r Request) Format(f fmt.State, _ rune) {
	io.WriteString(f, r.outline()) //nolint:errcheck // fmt's own buffer
}

// MarshalText is what Format prints.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.outline()), nil }

func (r Request) outline() string {
	words := append([]string{r.Route}, slices.Sorted(maps.Keys(fields(r.Body)))...)
	return strings.Join(append(words, strconv.Itoa(r.Status)), " ")
}

// fields are those of a JSON object; of anything else there are none.
func fields(raw json.RawMessage) map[string]json.RawMessage {
	var out map[string]json.RawMessage
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}

// observe reads a request.
func observe(w http.ResponseWriter, q *http.Request, r route) (*Request, *request, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, nil, errTooLarge
	}
	if err != nil {
		return nil, nil, errBadJSON
	}
	seen := &Request{At: time.Now(), Route: r.pattern, Query: q.URL.Query()}
	taken := &request{Request: q, body: body}
	if len(body) == 0 {
		return seen, taken, nil
	}
	seen.Type, _, _ = strings.Cut(q.Header.Get("Content-Type"), ";")
	switch {
	case seen.Type == formType && r.files:
		if err := taken.takeApart(); err != nil {
			return nil, nil, err
		}
	case seen.Type != jsonType:
		return nil, nil, errBadType
	}
	if !json.Valid(taken.body) {
		return nil, nil, errBadJSON
	}
	seen.Body = taken.body
	for _, x := range taken.files {
		seen.Files = append(seen.Files, "files["+x.number+"]")
	}
	return seen, taken, nil
}
