package discord

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

var (
	me    = self{ID: "99", User: "98"}
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	hall  = core.Chat{Platform: platform, ID: "5"}
	alone = core.Chat{Platform: platform, ID: "6", Direct: true}
	ann   = core.User{Platform: platform, ID: "7", Name: "Ann", Locale: "de"}
)

const (
	inHall  = `"id":"1001","application_id":"99","token":"interaction-token","locale":"de","guild_id":"4","channel_id":"5","channel":{"id":"5","type":0},"context":0,"member":{"nick":"Ann","user":{"id":"7","username":"ann","global_name":"Ann Lee"}}`
	inAlone = `"id":"1001","application_id":"99","token":"interaction-token","locale":"de","channel_id":"6","channel":{"id":"6","type":1},"context":1,"user":{"id":"7","username":"ann","global_name":"Ann"}`
)

func TestDecode(t *testing.T) {
	press := func(token seal.Secret, values ...string) core.Press { return core.Press{Token: token, Values: values} }
	call := func(name string, args ...string) core.Call {
		c := core.Call{Name: name, Args: map[string]string{}}
		for i := 0; i < len(args); i += 2 {
			c.Args[args[i]] = args[i+1]
		}
		return c
	}
	private := core.Ref{Chat: hall, Token: "8/99//interaction-token", Until: noon.Add(editFor)}
	tests := []struct {
		name string
		wire string
		kind kind
		want core.Event
	}{
		{"a command", `{` + inHall + `,"type":2,"data":{"name":"ping","type":1}}`, called, core.Event{Chat: hall, What: call("ping")}},
		{"alone", `{` + inAlone + `,"type":2,"data":{"name":"ping","type":1}}`, called, core.Event{Chat: alone, What: call("ping")}},
		{
			"with people among each other", `{` + strings.Replace(inAlone, `"context":1`, `"context":2`, 1) + `,"type":2,"data":{"name":"ping","type":1}}`, called,
			core.Event{Chat: core.Chat{Platform: platform, ID: "6"}, What: call("ping")},
		},
		{
			"before there were contexts", `{` + strings.Replace(inAlone, `"context":1,`, ``, 1) + `,"type":2,"data":{"name":"ping","type":1}}`, called,
			core.Event{Chat: alone, What: call("ping")},
		},
		{
			"options", `{` + inHall + `,"type":2,"data":{"name":"greet","type":1,"options":[{"name":"who","type":6,"value":"11"},{"name":"times","type":4,"value":9007199254740991},{"name":"loud","type":5,"value":true},{"name":"how","type":3,"value":"<@1> \"hi\" 7"}]}}`, called,
			core.Event{Chat: hall, What: call("greet", "who", "discord::11", "times", "9007199254740991", "loud", "true", "how", `<@1> "hi" 7`)},
		},
		{
			"a subcommand", `{` + inHall + `,"type":2,"data":{"name":"repo","type":1,"options":[{"name":"add","type":1,"options":[{"name":"name","type":3,"value":"x/y"}]}]}}`, called,
			core.Event{Chat: hall, What: call("repo add", "name", "x/y")},
		},
		{
			"a subcommand of a group", `{` + inHall + `,"type":2,"data":{"name":"repo","type":1,"options":[{"name":"key","type":2,"options":[{"name":"add","type":1}]}]}}`, called,
			core.Event{Chat: hall, What: call("repo key add")},
		},
		{
			"a press", `{` + inHall + `,"type":3,"data":{"component_type":2,"custom_id":"tok-1.2"},"message":{"id":"8","flags":4}}`, pressed,
			core.Event{Chat: hall, On: byID(hall, "8"), What: press("tok-1")},
		},
		{
			"a press on what one person sees", `{` + inHall + `,"type":3,"data":{"component_type":2,"custom_id":"tok-1"},"message":{"id":"8","flags":68}}`, pressed,
			core.Event{Chat: hall, On: private, What: press("tok-1")},
		},
		{
			"a choice", `{` + inHall + `,"type":3,"data":{"component_type":3,"custom_id":"tok-1","values":["a","b"]},"message":{"id":"8"}}`, pressed,
			core.Event{Chat: hall, On: byID(hall, "8"), What: press("tok-1", "a", "b")},
		},
		{
			"a form of labels", `{` + inHall + `,"type":5,"data":{"custom_id":"form-1","components":[{"type":18,"id":1,"component":{"type":4,"id":2,"custom_id":"kind","value":"Funghi"}},{"type":18,"component":{"type":3,"custom_id":"size","values":["l"]}},{"type":18,"component":{"type":4,"custom_id":"note","value":null}},{"type":10,"id":9}]}}`, submitted,
			core.Event{Chat: hall, What: core.Submit{Token: "form-1", Values: map[string]string{"kind": "Funghi", "size": "l", "note": ""}}},
		},
		{
			"a form of rows", `{` + inHall + `,"type":5,"data":{"custom_id":"form-1","components":[{"type":1,"components":[{"type":4,"custom_id":"kind","value":"Funghi"}]}]},"message":{"id":"8"}}`, submitted,
			core.Event{Chat: hall, On: byID(hall, "8"), What: core.Submit{Token: "form-1", Values: map[string]string{"kind": "Funghi"}}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			it, err := parse([]byte(tt.wire))
			if err != nil {
				t.Fatal(err)
			}
			got, ok := decode(it, noon)
			if !ok {
				t.Fatal("got nothing, want an event")
			}
			tt.want.Key, tt.want.From, tt.want.At = "discord:99:1001", ann, noon
			if !reflect.DeepEqual(got.event, tt.want) || got.kind != tt.kind || got.id != "1001" || got.app != "99" || got.token != "interaction-token" {
				t.Errorf("got  %+v\nwant %+v", got.event, tt.want)
			}
		})
	}
}

func TestDecodeMessage(t *testing.T) {
	const inGuild = `"id":"1001","type":0,"timestamp":"2026-01-02T12:00:00.000000+00:00","channel_id":"5","guild_id":"4","member":{"nick":"Ann"},"author":{"id":"7","username":"ann"}`
	const inDM = `"id":"1001","type":0,"timestamp":"2026-01-02T12:00:00.000000+00:00","channel_id":"6","author":{"id":"7","username":"ann","global_name":"Ann"}`
	tests := []struct {
		name string
		wire string
		want core.Event
	}{
		{"alone", `{` + inDM + `,"content":" good *morning* "}`, core.Event{Chat: alone, What: core.Said{Text: "good *morning*", ToMe: true}}},
		{"what looks like a command", `{` + inDM + `,"content":"/ping"}`, core.Event{Chat: alone, What: core.Said{Text: "/ping", ToMe: true}}},
		{"by name", `{` + inGuild + `,"content":"<@98> good morning","mentions":[{"id":"98","bot":true}]}`, core.Event{Chat: hall, What: core.Said{Text: "good morning", ToMe: true}}},
		{"by name, the old way", `{` + inGuild + `,"content":"<@!98>","mentions":[{"id":"98"}]}`, core.Event{Chat: hall, What: core.Said{Text: "", ToMe: true}}},
		{"named in passing", `{` + inGuild + `,"content":"ask <@98> and <@11>","mentions":[{"id":"11"},{"id":"98"}]}`, core.Event{Chat: hall, What: core.Said{Text: "ask discord::98 and discord::11", ToMe: true}}},
		{"to others", `{` + inGuild + `,"content":"<@11> hello","mentions":[{"id":"11"}]}`, core.Event{Chat: hall, What: core.Said{Text: "discord::11 hello"}}},
		{
			"a reply to the bot", `{` + strings.Replace(inGuild, `"type":0`, `"type":19`, 1) + `,"content":"Funghi","mentions":[{"id":"98"}],"referenced_message":{"id":"8","author":{"id":"98"}}}`,
			core.Event{Chat: hall, On: byID(hall, "8"), What: core.Said{Text: "Funghi", ToMe: true}},
		},
		{
			"a reply to somebody else", `{` + strings.Replace(inGuild, `"type":0`, `"type":19`, 1) + `,"content":"Funghi","referenced_message":{"id":"8","author":{"id":"11"}}}`,
			core.Event{Chat: hall, What: core.Said{Text: "Funghi"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := decodeMessage(unmarshal[message](t, []byte(tt.wire)), me)
			tt.want.Key, tt.want.From, tt.want.At = "discord:99:1001", ann, noon
			tt.want.From.Locale = ""
			got.event.At = got.event.At.UTC()
			if !ok || !reflect.DeepEqual(got.event, tt.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got.event, ok, tt.want)
			}
		})
	}
	ignored := map[string]string{
		"another bot":          `{"id":"1","channel_id":"6","content":"/ping","author":{"id":"8","bot":true}}`,
		"the bot itself":       `{"id":"1","channel_id":"6","content":"/ping","author":{"id":"98"}}`,
		"a webhook":            `{"id":"1","channel_id":"5","guild_id":"4","content":"/ping","author":{"id":"8"},"webhook_id":"8"}`,
		"somebody has come":    `{"id":"1","type":7,"channel_id":"5","guild_id":"4","content":"x","author":{"id":"8"}}`,
		"not meant for bots":   `{"id":"1","channel_id":"5","guild_id":"4","content":"","author":{"id":"8"}}`,
		"nobody":               `{"id":"1","channel_id":"5","content":"x"}`,
		"something else":       `{}`,
		"a message to nowhere": `{"id":"1","content":"x","author":{"id":"8"}}`,
	}
	for name, wire := range ignored {
		if got, ok := decodeMessage(unmarshal[message](t, []byte(wire)), me); ok {
			t.Errorf("%s: got %+v, want nothing", name, got.event)
		}
	}
}

func unmarshal[T any](t *testing.T, raw []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDecodeIgnores(t *testing.T) {
	tests := map[string]string{
		"a ping":                          `{` + inHall + `,"type":1}`,
		"a completion":                    `{` + inHall + `,"type":4,"data":{"name":"ping"}}`,
		"a command on a person":           `{` + inHall + `,"type":2,"data":{"name":"ping","type":2}}`,
		"a press on no message":           `{` + inHall + `,"type":3,"data":{"custom_id":"x"}}`,
		"by nobody":                       `{"id":"1","application_id":"99","token":"t","channel_id":"5","type":2,"data":{"name":"ping","type":1}}`,
		"something newer than this":       `{` + inHall + `,"type":77}`,
		"what cannot be answered, anyway": `{` + strings.Replace(inHall, `"token":"interaction-token",`, ``, 1) + `,"type":2,"data":{"name":"ping","type":1}}`,
	}
	for name, wire := range tests {
		it, err := parse([]byte(wire))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := decode(it, noon); ok {
			t.Errorf("%s: got %+v, want nothing", name, got.event)
		}
	}
	for _, wire := range []string{``, `{}`, `[]`, `{"id":7,"type":2}`, `{"id":"marker-7","type":"marker-2"}`, `<html>`} {
		if it, err := parse([]byte(wire)); err == nil || strings.Contains(err.Error(), "marker") {
			t.Errorf("%s: got %+v, %v, want an error that quotes nothing", wire, it, err)
		}
	}
}

// TestRecordings decodes what Discord has really sent.
func TestRecordings(t *testing.T) {
	thread := core.Chat{Platform: platform, ID: "1457536551830421524"}
	who := core.User{Platform: platform, ID: "1033044521375764530", Name: "Test User"}
	bot := self{ID: "1457469483726668048", User: "1457469483726668048"}
	french := who
	french.Locale = "en-US"
	tests := map[string]core.Event{
		"interaction_create_button.json": {
			Key: "discord:1457469483726668048:1457536583141163186", At: noon, From: french, Chat: thread,
			On: byID(thread, "1457536567810854934"), What: core.Press{Token: "hello"},
		},
		"gateway_message_create.json": {
			Key: "discord:1457469483726668048:1457536551830421524", At: time.Date(2026, 1, 5, 0, 49, 53, 676e6, time.UTC), From: who,
			Chat: core.Chat{Platform: platform, ID: "1457510428359004343"}, What: core.Said{Text: "Hey", ToMe: true},
		},
		"gateway_message_reaction_add.json": {}, // not listened to
		"gateway_thread_create.json":        {},
	}
	adaptertest.Recordings(t, "discord", tests, func(t *testing.T, _ string, raw []byte) core.Event {
		got := replay(t, raw, bot)
		got.At = got.At.UTC()
		return got
	})
}

// replay is the event of a recording: an interaction, or what the gateway tells.
func replay(t *testing.T, raw []byte, bot self) core.Event {
	t.Helper()
	told := unmarshal[struct {
		Type json.RawMessage `json:"type"`
		Data json.RawMessage `json:"data"`
	}](t, raw)
	if string(told.Type) == `"GATEWAY_MESSAGE_CREATE"` {
		got, _ := decodeMessage(unmarshal[message](t, told.Data), bot)
		return got.event
	}
	if told.Type[0] == '"' {
		return core.Event{}
	}
	it, err := parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := decode(it, noon)
	return got.event
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{` + inHall + `,"type":2,"data":{"name":"repo","type":1,"options":[{"name":"add","type":1,"options":[{"name":"who","type":6,"value":"1"}]}]}}`))
	f.Add([]byte(`{` + inHall + `,"type":5,"data":{"custom_id":"f","components":[{"type":18,"component":{"type":4,"custom_id":"a","value":"b"}}]}}`))
	f.Add([]byte(`{` + inAlone + `,"type":3,"data":{"custom_id":"x"},"message":{"id":"8","flags":64}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		it, err := parse(raw)
		if err != nil {
			return
		}
		if in, ok := decode(it, noon); ok && (in.event.Key == "" || in.event.Chat.ID == "" || in.event.What == nil || in.token == "") {
			t.Errorf("got an event without key, chat, meaning or answer from %s", raw)
		}
	})
}
