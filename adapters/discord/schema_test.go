package discord

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/discord/discordtest"
)

// published is the API as Discord publishes it.
type published struct {
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

// operation is a method of a path.
type operation struct {
	Parameters []struct {
		Name string `json:"name"`
		In   string `json:"in"`
	} `json:"parameters"`
	Body *struct {
		Required bool `json:"required"`
		Content  map[string]struct {
			Schema *schema `json:"schema"`
			Same   string  `json:"x-same-as"` // the payload_json of a form
			Files  string  `json:"x-files"`   // the first and the last part that there may be
		} `json:"content"`
	} `json:"requestBody"`
}

// schema is JSON Schema, as far as the document uses it.
type schema struct {
	Ref   string             `json:"$ref"`
	Type  types              `json:"type"`
	Props map[string]*schema `json:"properties"`
	More  *more              `json:"additionalProperties"`
	Need  []string           `json:"required"`
	Items *schema            `json:"items"`
	OneOf []*schema          `json:"oneOf"`
	AnyOf []*schema          `json:"anyOf"`
	AllOf []*schema          `json:"allOf"`
	Enum  []any              `json:"enum"`
	Const any                `json:"const"`

	MinLength *int     `json:"minLength"`
	MaxLength *int     `json:"maxLength"`
	MinItems  *int     `json:"minItems"`
	MaxItems  *int     `json:"maxItems"`
	Unique    bool     `json:"uniqueItems"`
	Minimum   *float64 `json:"minimum"`
	Maximum   *float64 `json:"maximum"`
	Pattern   string   `json:"pattern"`
	Format    string   `json:"format"`
}

// types are one or several.
type types []string

func (t *types) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = types{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(t))
}

// more is what may be there beside the properties: a schema, or whether anything.
type more struct{ *schema }

func (m *more) UnmarshalJSON(raw []byte) error {
	if raw[0] != '{' {
		return nil
	}
	return json.Unmarshal(raw, &m.schema)
}

var openAPI = adaptertest.ReadSchema[published]("discord-openapi.bot.json")

// checkRequests holds all that was sent against the published API.
func checkRequests(t testing.TB, srv *discordtest.Server) {
	t.Helper()
	adaptertest.CheckRequests(t, openAPI, srv.Requests(), func(p *published, r discordtest.Request) (string, []string) {
		return r.Route, p.request(r)
	})
}

// request returns what is wrong with one, without what it says.
func (p *published) request(r discordtest.Request) []string {
	method, path, _ := strings.Cut(r.Route, " ")
	var op operation
	if err := json.Unmarshal(p.Paths[path][strings.ToLower(method)], &op); err != nil {
		return []string{"there is no such method"}
	}
	var bad []string
	for _, name := range slices.Sorted(maps.Keys(r.Query)) {
		if !slices.ContainsFunc(op.Parameters, func(q struct {
			Name string `json:"name"`
			In   string `json:"in"`
		},
		) bool {
			return q.Name == name
		}) {
			bad = append(bad, "?"+name+" is unknown")
		}
	}
	switch {
	case op.Body == nil && len(r.Body) > 0:
		return append(bad, "it has a body")
	case op.Body == nil:
		return bad
	case len(r.Body) == 0 && op.Body.Required:
		return append(bad, "it has no body")
	}
	var v any
	if err := json.Unmarshal(r.Body, &v); err != nil {
		return append(bad, "the body is no JSON")
	}
	content, taken := op.Body.Content[r.Type]
	if !taken {
		return append(bad, "it takes no "+r.Type)
	}
	first, last, _ := strings.Cut(content.Files, "..")
	for _, name := range r.Files {
		if len(name) != len(first) || name < first || name > last {
			bad = append(bad, name+" is no file that it takes")
		}
	}
	if content.Same != "" {
		content = op.Body.Content[content.Same]
	}
	return append(bad, p.check(content.Schema, v, "")...)
}

// check returns what is wrong with a value, by the alternative that comes closest.
func (p *published) check(s *schema, v any, at string) []string {
	if s == nil {
		return nil
	}
	var bad []string
	if s.Ref != "" {
		bad = p.check(p.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")], v, at)
	}
	for _, part := range s.AllOf {
		bad = append(bad, p.check(part, v, at)...)
	}
	for _, choice := range [][]*schema{s.OneOf, s.AnyOf} {
		bad = append(bad, adaptertest.Closest(choice, func(s *schema) []string { return p.check(s, v, at) })...)
	}
	if len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, func(e any) bool { return reflect.DeepEqual(e, v) }) ||
		s.Const != nil && !reflect.DeepEqual(s.Const, v) {
		bad = append(bad, at+" is none of those there are")
	}
	if len(s.Type) > 0 && !slices.ContainsFunc(s.Type, func(name string) bool { return isType(name, v) }) {
		return append(bad, at+" is no "+strings.Join(s.Type, " or "))
	}
	switch v := v.(type) {
	case string:
		bad = append(bad, s.text(v, at)...)
	case float64:
		bad = append(bad, within(s.Minimum, s.Maximum, v, at)...)
	case []any:
		bad = append(bad, within(asFloat(s.MinItems), asFloat(s.MaxItems), float64(len(v)), at+" in number")...)
		for i, item := range v {
			bad = append(bad, p.check(s.Items, item, fmt.Sprintf("%s[%d]", at, i))...)
			if s.Unique && slices.ContainsFunc(v[:i], func(other any) bool { return reflect.DeepEqual(other, item) }) {
				bad = append(bad, at+" has one twice")
			}
		}
	case map[string]any:
		bad = append(bad, p.object(s, v, at)...)
	}
	return bad
}

func (p *published) object(s *schema, v map[string]any, at string) (bad []string) {
	if s.Props == nil && s.More == nil {
		return nil // an alternative says more
	}
	for _, name := range s.Need {
		if _, given := v[name]; !given {
			bad = append(bad, at+"."+name+" is missing")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		switch prop := s.Props[name]; {
		case prop != nil:
			bad = append(bad, p.check(prop, v[name], at+"."+name)...)
		case s.More != nil:
			bad = append(bad, p.check(s.More.schema, v[name], at+"."+name)...)
		default:
			bad = append(bad, at+"."+name+" is unknown")
		}
	}
	return bad
}

func (s *schema) text(v, at string) []string {
	bad := within(asFloat(s.MinLength), asFloat(s.MaxLength), float64(utf8.RuneCountInString(v)), at+" in length")
	if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(v) {
		bad = append(bad, at+" is of another pattern")
	}
	if u, err := url.Parse(v); s.Format == "uri" && (err != nil || u.Scheme == "" || u.Host == "") {
		bad = append(bad, at+" is no address")
	}
	return bad
}

func within(least, most *float64, v float64, at string) []string {
	if least != nil && v < *least || most != nil && v > *most {
		return []string{at + " is out of bounds"}
	}
	return nil
}

func asFloat(n *int) *float64 {
	if n == nil {
		return nil
	}
	return new(float64(*n))
}

func isType(name string, v any) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || name == "integer" && v == float64(int64(v))
	case []any:
		return name == "array"
	}
	return name == "object"
}

// A check that finds nothing shows nothing.
func TestSchemaCheckFinds(t *testing.T) {
	p := openAPI.API(t)
	const create, respond = "POST /channels/{channel_id}/messages", "POST /interactions/{interaction_id}/{interaction_token}/callback"
	tests := []struct{ name, route, query, body, want string }{
		{"good", create, "", `{"content":"hello","components":[{"type":1,"components":[{"type":2,"style":1,"label":"a","custom_id":"b"}]}]}`, ""},
		{"a good form", respond, "with_response=true", `{"type":9,"data":{"custom_id":"a","title":"b","components":[{"type":18,"label":"c","component":{"type":4,"style":1,"custom_id":"d"}}]}}`, ""},
		{"no such method", "POST /pigeons", "", `{}`, "there is no such method"},
		{"no body", create, "", ``, "it has no body"},
		{"a body", "GET /gateway/bot", "", `{}`, "it has a body"},
		{"a parameter", create, "loud=1", `{}`, "?loud is unknown"},
		{"unknown", create, "", `{"colour":"red"}`, ".colour is unknown"},
		{"of another type", create, "", `{"content":7}`, ".content is no string or null"},
		{"too long", create, "", `{"content":"` + strings.Repeat("x", 4001) + `"}`, ".content in length is out of bounds"},
		{"wrong inside", create, "", `{"embeds":[{"title":"a","color":-1}]}`, ".embeds[0].color is out of bounds"},
		{"missing inside", create, "", `{"components":[{"type":1}]}`, ".components[0].components is missing"},
		{"no address", create, "", `{"embeds":[{"url":"nowhere"}]}`, ".embeds[0].url is no address"},
		{"no such kind", respond, "", `{"type":99}`, "is none of those there are"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			query, err := url.ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(p.request(discordtest.Request{Route: tt.route, Query: query, Type: "application/json", Body: json.RawMessage(tt.body)}), "; ")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSchemaCheckFindsInForms(t *testing.T) {
	const create, publish = "POST /channels/{channel_id}/messages", "PUT /applications/{application_id}/commands"
	tests := []struct{ name, route, file, body, want string }{
		{"good", create, "files[9]", `{"attachments":[{"id":"9","filename":"a.png","description":"b"}]}`, ""},
		{"wrong inside", create, "files[0]", `{"attachments":[{"id":"0","alt":"b"}]}`, ".attachments[0].alt is unknown"},
		{"too long", create, "files[0]", `{"attachments":[{"id":"0","description":"` + strings.Repeat("x", 1025) + `"}]}`, ".description in length is out of bounds"},
		{"another part", create, "files[10]", `{}`, "files[10] is no file that it takes"},
		{"no form", publish, "files[0]", `[]`, "it takes no multipart/form-data"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(openAPI.API(t).request(discordtest.Request{
				Route: tt.route, Type: "multipart/form-data", Files: []string{tt.file}, Body: json.RawMessage(tt.body),
			}), "; ")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
