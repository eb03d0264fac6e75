package slack

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/slack/slacktest"
)

// published is the Web API as Slack publishes it.
type published struct {
	Methods map[string]method `json:"methods"`
	Defs    map[string]shape  `json:"defs"`
}

// method is what one takes, and of which arguments it needs one set at least.
type method struct {
	Required []string         `json:"required"`
	Args     map[string]shape `json:"args"`
	OneOf    [][]string       `json:"one_of"`
}

// shape is what a value may be.
type shape struct {
	Ref      string           `json:"$ref"`
	Type     string           `json:"type"`
	Const    any              `json:"const"`
	Enum     []string         `json:"enum"`
	Fields   map[string]shape `json:"properties"`
	Required []string         `json:"required"`
	Items    *shape           `json:"items"`
	OneOf    []shape          `json:"oneOf"`
	Any      any              `json:"additionalProperties"`
}

var webAPI = adaptertest.ReadSchema[published]("slack-web-api.bot.json")

// checkRequests holds all that was sent against the published Web API.
func checkRequests(t testing.TB, srv *slacktest.Server) {
	t.Helper()
	adaptertest.CheckRequests(t, webAPI, srv.Requests(), func(p *published, r slacktest.Request) (string, []string) {
		return r.Method, p.request(r.Method, r.Params)
	})
}

// request returns what is wrong with one, without what it says. What is posted to
// a response_url is what is posted with the API, and a few things more; where files
// are uploaded it is but their bytes.
func (p *published) request(name string, params url.Values) []string {
	m, known := p.Methods[name]
	if name == slacktest.UploadURL {
		known = true
	}
	if name == slacktest.ResponseURL {
		m, known = p.Methods["chat.postMessage"], true
		m.Required = nil
		m.Args = maps.Clone(m.Args)
		m.Args["replace_original"] = shape{Type: "boolean"}
		m.Args["response_type"] = shape{Enum: []string{"ephemeral", "in_channel"}, Type: "string"}
	}
	if !known {
		return []string{"there is no such method"}
	}
	values := map[string]any{}
	for name := range params {
		values[name] = parameter(params.Get(name), m.Args[name])
	}
	bad := p.object(shape{Fields: m.Args, Required: m.Required}, values, "")
	given := func(set []string) bool {
		return !slices.ContainsFunc(set, func(name string) bool { return values[name] == nil })
	}
	if len(m.OneOf) > 0 && !slices.ContainsFunc(m.OneOf, given) {
		bad = append(bad, fmt.Sprintf("one of %v is missing", m.OneOf))
	}
	return bad
}

// parameter is a value of a form: what is no string is written as JSON.
func parameter(text string, s shape) any {
	var v any
	if s.Type == "string" || json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}

func (p *published) object(s shape, values map[string]any, at string) (bad []string) {
	for _, name := range s.Required {
		if _, given := values[name]; !given {
			bad = append(bad, at+name+" is missing")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f, ok := s.Fields[name]
		switch {
		case ok:
			bad = append(bad, p.value(f, values[name], at+name)...)
		case s.Any == nil:
			bad = append(bad, at+name+" is unknown")
		}
	}
	return bad
}

func (p *published) value(s shape, v any, at string) (bad []string) {
	if s.Ref != "" {
		s = p.Defs[s.Ref]
	}
	text, isText := v.(string)
	switch {
	case len(s.OneOf) > 0:
		return adaptertest.Closest(s.OneOf, func(s shape) []string { return p.value(s, v, at) })
	case s.Const != nil && v != s.Const:
		return []string{fmt.Sprintf("%s is no %v", at, s.Const), at + " is of another kind", at}
	case s.Enum != nil && !slices.Contains(s.Enum, text), s.Type == "string" && !isText:
		return []string{at + " is no " + strings.Join(append(s.Enum, s.Type), ", ")}
	case s.Type == "boolean":
		if _, is := v.(bool); !is {
			return []string{at + " is no boolean"}
		}
	case s.Type == "number":
		if _, is := v.(float64); !is {
			return []string{at + " is no number"}
		}
	case s.Type == "object":
		values, is := v.(map[string]any)
		if !is {
			return []string{at + " is no object"}
		}
		return p.object(s, values, at+".")
	case s.Type == "array":
		list, is := v.([]any)
		if !is {
			return []string{at + " is no list"}
		}
		for i, item := range list {
			bad = append(bad, p.value(*s.Items, item, at+"["+strconv.Itoa(i)+"]")...)
		}
	}
	return bad
}

// A check that finds nothing shows nothing.
func TestSchemaCheckFinds(t *testing.T) {
	p := webAPI.API(t)
	const hello = `[{"type":"section","text":{"type":"plain_text","text":"hello"}}]`
	tests := []struct {
		name, method string
		params       url.Values
		want         string
	}{
		{"good", "chat.postMessage", url.Values{"channel": {"7"}, "text": {"12"}, "blocks": {hello}, "unfurl_links": {"false"}}, ""},
		{"no such method", "chat.sendPigeon", nil, "there is no such method"},
		{"missing", "chat.update", url.Values{"channel": {"C1"}, "text": {"x"}}, "ts is missing"},
		{"nothing said", "chat.postMessage", url.Values{"channel": {"C1"}}, "one of [[text] [blocks] [attachments] [markdown_text]] is missing"},
		{"unknown", "chat.update", url.Values{"channel": {"C1"}, "ts": {"1"}, "text": {"x"}, "mrkdwn": {"false"}}, "mrkdwn is unknown"},
		{"of another type", "chat.postMessage", url.Values{"channel": {"C1"}, "text": {"x"}, "unfurl_links": {"no"}}, "unfurl_links is no boolean"},
		{"wrong inside", "chat.postMessage", url.Values{"channel": {"C1"}, "blocks": {`[{"type":"header"}]`}}, "blocks[0].text is missing"},
		{"unknown inside", "chat.postMessage", url.Values{"channel": {"C1"}, "blocks": {`[{"type":"divider","colour":"red"}]`}}, "blocks[0].colour is unknown"},
		{"an image", "chat.postMessage", url.Values{"channel": {"C1"}, "blocks": {`[{"type":"image","slack_file":{"id":"F1"},"alt_text":"x"}]`}}, ""},
		{"an image without words", "chat.postMessage", url.Values{"channel": {"C1"}, "blocks": {`[{"type":"image","slack_file":{"id":"F1"}}]`}}, "blocks[0].alt_text is missing"},
		{"where to upload", "files.getUploadURLExternal", url.Values{"filename": {"x.png"}, "length": {"x"}}, "length is no number"},
		{"an upload", slacktest.UploadURL, url.Values{"token": {"x"}}, "token is unknown"},
		{"a file without id", "files.completeUploadExternal", url.Values{"files": {`[{"title":"x"}]`}}, "files[0].id is missing"},
		{"a view", "views.open", url.Values{"trigger_id": {"1"}, "view": {`{"type":"modal","blocks":[]}`}}, "view.title is missing"},
		{"a response", slacktest.ResponseURL, url.Values{"text": {"x"}, "replace_original": {"true"}, "ephemeral": {"true"}}, "ephemeral is unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(p.request(tt.method, tt.params), "; "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
