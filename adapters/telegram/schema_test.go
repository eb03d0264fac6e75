package telegram

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/telegram/telegramtest"
)

// published is the Bot API as Telegram publishes it.
type published struct {
	Methods map[string]shape `json:"methods"`
	Types   map[string]shape `json:"types"`
}

// shape is what a method takes, or what an object holds.
type shape struct {
	Fields   []field  `json:"fields"`
	Subtypes []string `json:"subtypes"`
}

type field struct {
	Name     string   `json:"name"`
	Types    []string `json:"types"`
	Required bool     `json:"required"`
}

var botAPI = adaptertest.ReadSchema[published]("telegram-bot-api.bot.json")

// checkRequests holds all that was sent against the published Bot API.
func checkRequests(t testing.TB, srv *telegramtest.Server) {
	t.Helper()
	adaptertest.CheckRequests(t, botAPI, srv.Requests(), func(p *published, r telegramtest.Request) (string, []string) {
		return r.Method, p.request(r.Method, r.Params, r.Files)
	})
}

// request returns what is wrong with one, without what it says.
func (p *published) request(method string, params url.Values, files map[string][]byte) []string {
	m, known := p.Methods[method]
	if !known {
		return []string{"there is no such method"}
	}
	values := map[string]any{}
	for name := range params {
		values[name] = parameter(params.Get(name))
	}
	attached, bad := attachments(params, files)
	for name := range files {
		if !attached[name] {
			values[name] = upload{}
		}
	}
	return append(bad, p.object(m, values, "")...)
}

// upload is a file as the value of a parameter.
type upload struct{}

var attachment = regexp.MustCompile(`"attach://([^"]*)"`)

// attachments are the files that parameters name, and what is wrong with that.
func attachments(params url.Values, files map[string][]byte) (names map[string]bool, bad []string) {
	names = map[string]bool{}
	for name := range params {
		for _, m := range attachment.FindAllStringSubmatch(params.Get(name), -1) {
			if _, there := files[m[1]]; !there {
				bad = append(bad, name+" names a file that is not there")
			}
			names[m[1]] = true
		}
	}
	return names, bad
}

// parameter is a value of a form: objects and lists are written as JSON, all
// else as it is.
func parameter(text string) any {
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		var v any
		if json.Unmarshal([]byte(text), &v) == nil {
			return v
		}
	}
	return text
}

func (p *published) object(s shape, values map[string]any, at string) (bad []string) {
	known := map[string]field{}
	for _, f := range s.Fields {
		known[f.Name] = f
		if _, given := values[f.Name]; f.Required && !given {
			bad = append(bad, at+f.Name+" is missing")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f, ok := known[name]
		if !ok {
			bad = append(bad, at+name+" is unknown")
			continue
		}
		bad = append(bad, p.oneOf(f.Types, values[name], at+name)...)
	}
	return bad
}

// oneOf returns what is wrong with a value by the type that comes closest.
func (p *published) oneOf(types []string, v any, at string) []string {
	return adaptertest.Closest(types, func(name string) []string { return p.value(name, v, at) })
}

func (p *published) value(name string, v any, at string) []string {
	if inner, ok := strings.CutPrefix(name, "Array of "); ok {
		list, isList := v.([]any)
		if !isList {
			return []string{at + " is no list"}
		}
		var bad []string
		for i, item := range list {
			bad = append(bad, p.value(inner, item, fmt.Sprintf("%s[%d]", at, i))...)
		}
		return bad
	}
	if _, isFile := v.(upload); isFile || name == "InputFile" {
		if !isFile || name != "InputFile" {
			return []string{at + " is no " + name}
		}
		return nil
	}
	if s, isObject := p.Types[name]; isObject {
		values, ok := v.(map[string]any)
		switch {
		case !ok:
			return []string{at + " is no " + name}
		case len(s.Subtypes) > 0:
			return p.oneOf(s.Subtypes, v, at)
		}
		return p.object(s, values, at+".")
	}
	if !primitive(name, v) {
		return []string{at + " is no " + name}
	}
	return nil
}

func primitive(name string, v any) bool {
	text, isText := v.(string)
	number, isNumber := v.(float64)
	switch name {
	case "Integer":
		_, err := strconv.ParseInt(text, 10, 64)
		return isText && err == nil || isNumber && number == float64(int64(number))
	case "Float":
		return isNumber || isText
	case "Boolean", "True":
		_, isBool := v.(bool)
		return isBool || text == "true" || text == "false"
	case "String":
		return isText
	}
	return false
}

// A check that finds nothing shows nothing.
func TestSchemaCheckFinds(t *testing.T) {
	p := botAPI.API(t)
	tests := []struct {
		name, method string
		params       url.Values
		files        []string
		want         string
	}{
		{"good", "sendMessage", url.Values{"chat_id": {"7"}, "text": {"{hello"}, "reply_markup": {`{"inline_keyboard":[[{"text":"a","callback_data":"b"}]]}`}}, nil, ""},
		{"no such method", "sendPigeon", nil, nil, "there is no such method"},
		{"missing", "sendMessage", url.Values{"chat_id": {"7"}}, nil, "text is missing"},
		{"unknown", "sendMessage", url.Values{"chat_id": {"7"}, "text": {"x"}, "colour": {"red"}}, nil, "colour is unknown"},
		{"of another type", "editMessageText", url.Values{"text": {"x"}, "message_id": {"first"}}, nil, "message_id is no Integer"},
		{"wrong inside", "sendMessage", url.Values{"chat_id": {"7"}, "text": {"x"}, "entities": {`[{"type":"bold","offset":0}]`}}, nil, "entities[0].length is missing"},
		{"unknown inside", "sendMessage", url.Values{"chat_id": {"7"}, "text": {"x"}, "link_preview_options": {`{"off":true}`}}, nil, "link_preview_options.off is unknown"},
		{"a file", "sendPhoto", url.Values{"chat_id": {"7"}, "caption": {"x"}}, []string{"photo"}, ""},
		{"no file", "sendPhoto", url.Values{"chat_id": {"7"}}, nil, "photo is missing"},
		{"a file in place of a text", "sendPhoto", url.Values{"chat_id": {"7"}}, []string{"photo", "caption"}, "caption is no String"},
		{"a file that is for nothing", "sendMessage", url.Values{"chat_id": {"7"}, "text": {"x"}}, []string{"photo"}, "photo is unknown"},
		{"an attached file", "editMessageMedia", url.Values{"media": {`{"type":"photo","media":"attach://a"}`}}, []string{"a"}, ""},
		{"no attached file", "editMessageMedia", url.Values{"media": {`{"type":"photo","media":"attach://a"}`}}, nil, "media names a file that is not there"},
		{"wrong inside of media", "editMessageMedia", url.Values{"media": {`{"type":"photo","media":"attach://a","text":"x"}`}}, []string{"a"}, "media.text is unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string][]byte{}
			for _, name := range tt.files {
				files[name] = []byte("PNG")
			}
			if got := strings.Join(p.request(tt.method, tt.params, files), "; "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
