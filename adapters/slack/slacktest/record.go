package slacktest

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

// What is among Requests beside the methods of the Web API.
const (
	ResponseURL = "response_url" // a post to one
	UploadURL   = "upload_url"   // an upload to one
	Answered    = "answer"       // what the bot said in acknowledging a delivery, as the parameter payload
)

// Request is a call of a method that arrived, or a post to another address,
// whatever became of it.
type Request struct {
	At     time.Time
	Method string
	Params url.Values // objects as JSON; without the token
	Status int        // of the answer; 0: none was given, or not yet
	Error  string     // the code with which it was refused

	token  string
	hook   string // the secret part of a response_url
	upload string // likewise, of where to upload
	data   []byte // that are uploaded
}

// Requests returns what arrived so far, in order: of the given methods, or all of it.
func (s *Server) Requests(methods ...string) []Request {
	return s.log.Those(func(r Request) bool { return len(methods) == 0 || slices.Contains(methods, r.Method) })
}

// Format prints the method, the names of its parameters and how it ended, but no
// values, which may be secret.
func (r Request) Format(f fmt.State, _ rune) {
	io.WriteString(f, r.outline()) //nolint:errcheck // fmt's own buffer
}

// MarshalText is what Format prints.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.outline()), nil }

func (r Request) outline() string {
	words := append([]string{r.Method}, slices.Sorted(maps.Keys(r.Params))...)
	words = append(words, strconv.Itoa(r.Status), r.Error)
	return strings.TrimSpace(strings.Join(words, " "))
}

// observe reads a request to a method, to a response_url, or with an upload. It is
// nil for another path.
func observe(w http.ResponseWriter, r *http.Request) (*Request, error) {
	if key, is := strings.CutPrefix(r.URL.Path, uploadPath); is {
		data, err := readUpload(w, r)
		return &Request{At: time.Now(), Method: UploadURL, upload: key, data: data}, err
	}
	out := &Request{At: time.Now()}
	var is bool
	if out.Method, is = strings.CutPrefix(r.URL.Path, apiPath); !is {
		if out.hook, is = strings.CutPrefix(r.URL.Path, hookPath); !is {
			return nil, nil
		}
		out.Method = ResponseURL
	}
	var err error
	if out.Params, err = readParams(w, r); err != nil {
		return nil, err
	}
	if out.token, is = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !is {
		out.token = out.Params.Get("token")
	}
	out.Params.Del("token")
	return out, nil
}

// readParams reads parameters as the Web API takes them: from the query and a
// body that is a form or JSON.
func readParams(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if err := r.ParseForm(); err != nil {
			return nil, fmt.Errorf("read form: %w", err)
		}
		return r.Form, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	out := r.URL.Query()
	if len(body) == 0 {
		return out, nil
	}
	return out, readJSON(body, out)
}

// readJSON adds the fields of an object to out.
func readJSON(body []byte, out url.Values) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	for name, raw := range fields {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw) // a number, a list or an object
		}
		if text != "null" {
			out.Set(name, text)
		}
	}
	return nil
}

// shows reports whether people see something new by a method.
func shows(method string) bool {
	return slices.Contains([]string{
		"chat.postMessage", "chat.postEphemeral", "chat.update", "chat.delete", "views.open", "views.update", ResponseURL,
	}, method)
}
