package discordtest

import (
	"encoding/json"
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
	Body   json.RawMessage // nil: none
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
func observe(w http.ResponseWriter, q *http.Request, r route) (*Request, []byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, 1<<20))
	if err != nil {
		return nil, nil, fmt.Errorf("read body: %w", err)
	}
	seen := &Request{At: time.Now(), Route: r.pattern, Query: q.URL.Query()}
	if len(body) > 0 {
		seen.Body = body
		if !json.Valid(body) || !strings.HasPrefix(q.Header.Get("Content-Type"), jsonType) {
			return nil, nil, errBadJSON
		}
	}
	return seen, body, nil
}
