package slack

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

var (
	me   = self{User: "U99", Name: "usher"}
	noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
)

// known is a bot with a few commands.
func known(name string) bool {
	return slices.Contains([]string{"login", "ping", "greet", "signin"}, name)
}

// on is the Ref of a message.
func on(c core.Chat, token seal.Secret) core.Ref { return core.Ref{Chat: c, Token: token} }

const (
	typed   = `"team_id":"T1","channel_id":"C1","user_id":"U7","user_name":"ann","trigger_id":"1.2.x","response_url":"https://hooks.example/1"`
	acted   = `"team":{"id":"T1"},"user":{"id":"U7","name":"ann","team_id":"T1"},"trigger_id":"1.2.x","response_url":"https://hooks.example/1","channel":{"id":"C1"}`
	written = `"user":"U7","channel":"C1","channel_type":"channel","ts":"1767355200.000100"`
	whisper = `"user":"U7","channel":"D1","channel_type":"im","ts":"1767355200.000100"`
)

func TestDecode(t *testing.T) {
	thread, ours := hall, alone
	thread.Thread = "1767355100.000100"
	ours.Team = "T1"
	tests := []struct {
		name, kind string
		wire       string
		want       core.Event
	}{
		{"a command", ofCommands, `{` + typed + `,"command":"/login","text":"github"}`, core.Event{Chat: hall, What: core.Call{Name: "login", Rest: "github"}}},
		{"by its other name, in capitals", ofCommands, `{` + typed + `,"command":"/SignIn","text":""}`, core.Event{Chat: hall, What: core.Call{Name: "signin"}}},
		{"behind the bot's name", ofCommands, `{` + typed + `,"command":"/usher","text":" login  github "}`, core.Event{Chat: hall, What: core.Call{Name: "login", Rest: "github"}}},
		{"behind the bot's name, with a slash", ofCommands, `{` + typed + `,"command":"/usher","text":"/Login github"}`, core.Event{Chat: hall, What: core.Call{Name: "login", Rest: "github"}}},
		{"behind the bot's name, unknown", ofCommands, `{` + typed + `,"command":"/usher","text":"lgoin github"}`, core.Event{Chat: hall, What: core.Call{Name: "lgoin", Rest: "github"}}},
		{"the bot's name alone", ofCommands, `{` + typed + `,"command":"/usher","text":""}`, core.Event{Chat: hall, What: core.Call{Name: "help"}}},
		{"behind another name", ofCommands, `{` + typed + `,"command":"/acme","text":"login github"}`, core.Event{Chat: hall, What: core.Call{Name: "login", Rest: "github"}}},
		{"of another time", ofCommands, `{` + typed + `,"command":"/lgoin","text":"github"}`, core.Event{Chat: hall, What: core.Call{Name: "lgoin", Rest: "github"}}},
		{"with somebody", ofCommands, `{` + typed + `,"command":"/greet","text":"&lt;b&gt; &amp;amp; <@U8|bob>  now"}`, core.Event{Chat: hall, What: core.Call{Name: "greet", Rest: "<b> &amp; slack:T1:U8  now"}}},
		{"a mention", ofEvents, happened(`"type":"app_mention",` + written + `,"text":"<@U99> login github"`), core.Event{Chat: hall, What: core.Call{Name: "login", Rest: "github"}}},
		{"a mention, with a colon", ofEvents, happened(`"type":"app_mention",` + written + `,"text":"<@U99|usher>: /Login\ngithub"`), core.Event{Chat: hall, What: core.Call{Name: "login", Rest: "github"}}},
		{"the same as a message", ofEvents, happened(`"type":"message",` + written + `,"text":"<@U99> login github"`), core.Event{Chat: hall, What: core.Call{Name: "login", Rest: "github"}}},
		{"in a thread", ofEvents, happened(`"type":"app_mention",` + written + `,"thread_ts":"1767355100.000100","text":"<@U99> ping"`), core.Event{Chat: thread, What: core.Call{Name: "ping"}}},
		{"at the head of a thread", ofEvents, happened(`"type":"app_mention",` + written + `,"thread_ts":"1767355200.000100","text":"<@U99> ping"`), core.Event{Chat: hall, What: core.Call{Name: "ping"}}},
		{"named in passing", ofEvents, happened(`"type":"message",` + written + `,"text":"login with <@U99>"`), core.Event{Chat: hall, What: core.Said{Text: "login with slack:T1:U99", ToMe: true}}},
		{"talk to others", ofEvents, happened(`"type":"message",` + written + `,"text":"login is down"`), core.Event{Chat: hall, What: core.Said{Text: "login is down"}}},
		{"talk to the bot", ofEvents, happened(`"type":"app_mention",` + written + `,"text":"<@U99> good morning"`), core.Event{Chat: hall, What: core.Said{Text: "good morning", ToMe: true}}},
		{"alone", ofEvents, happened(`"type":"message",` + whisper + `,"text":"login github"`), core.Event{Chat: ours, What: core.Call{Name: "login", Rest: "github"}}},
		{"alone, unknown with a slash", ofEvents, happened(`"type":"message",` + whisper + `,"text":"/lgoin"`), core.Event{Chat: ours, What: core.Call{Name: "lgoin"}}},
		{"talk alone", ofEvents, happened(`"type":"message",` + whisper + `,"text":"good &lt;morning&gt;"`), core.Event{Chat: ours, What: core.Said{Text: "good <morning>", ToMe: true}}},
		{"a picture with words", ofEvents, happened(`"type":"message","subtype":"file_share",` + whisper + `,"text":"look"`), core.Event{Chat: ours, What: core.Said{Text: "look", ToMe: true}}},
		{
			"a press", ofPresses, `{"type":"block_actions",` + acted + `,"container":{"message_ts":"1.5","thread_ts":"1767355100.000100"},"actions":[{"type":"button","action_id":"button-0","value":"tok-1"}]}`,
			core.Event{Chat: thread, On: on(thread, "1.5"), What: core.Press{Token: "tok-1"}},
		},
		{
			"a press on what only one sees", ofPresses, `{"type":"block_actions",` + acted + `,"container":{"message_ts":"1.5","channel_id":"C1","is_ephemeral":true},"actions":[{"type":"button","action_id":"button-0","value":"tok-1"}]}`,
			core.Event{Chat: hall, On: core.Ref{Chat: hall, Token: "ephemeral:1.5", Until: noon}, What: core.Press{Token: "tok-1"}},
		},
		{
			"a choice", ofPresses, `{"type":"block_actions",` + acted + `,"container":{"message_ts":"1.5"},"actions":[{"type":"static_select","action_id":"tok-1","selected_option":{"value":"a&b"}}]}`,
			core.Event{Chat: hall, On: on(hall, "1.5"), What: core.Press{Token: "tok-1", Values: []string{"a&b"}}},
		},
		{
			"several", ofPresses, `{"type":"block_actions",` + acted + `,"container":{"message_ts":"1.5"},"actions":[{"type":"multi_static_select","action_id":"tok-1","selected_options":[{"value":"a"},{"value":"b"}]}]}`,
			core.Event{Chat: hall, On: on(hall, "1.5"), What: core.Press{Token: "tok-1", Values: []string{"a", "b"}}},
		},
		{
			"a form", ofPresses, `{"type":"view_submission",` + acted + `,"view":{"private_metadata":"{\"t\":\"tok-1\",\"c\":\"D1\",\"d\":true,\"o\":\"1.5\"}","state":{"values":{"name":{"value":{"value":"Ann"}},"note":{"value":{"value":null}},"size":{"value":{"selected_option":{"value":"l"}}}}}}}`,
			core.Event{Chat: ours, On: on(ours, "1.5"), What: core.Submit{Token: "tok-1", Values: map[string]string{"name": "Ann", "note": "", "size": "l"}}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := parse(tt.kind, []byte(tt.wire))
			if err != nil {
				t.Fatal(err)
			}
			got, ok := decode(d, me, known, noon)
			if !ok {
				t.Fatal("got nothing, want an event")
			}
			tt.want.From = core.User{Platform: platform, Team: "T1", ID: "U7"}
			tt.want.Key, tt.want.At = "slack:T1:"+identity("1.2.x"), noon
			if tt.kind == ofEvents {
				tt.want.Key = "slack:T1:" + tt.want.Chat.ID + ":1767355200.000100"
			} else {
				tt.want.From.Name = "ann"
			}
			got.event.At = got.event.At.UTC()
			if !reflect.DeepEqual(got.event, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got.event, tt.want)
			}
		})
	}
}

// happened is a callback of the Events API.
func happened(event string) string {
	return `{"type":"event_callback","team_id":"T1","event_id":"Ev1","event":{` + event + `}}`
}

func TestDecodeIgnores(t *testing.T) {
	tests := []struct{ name, kind, wire string }{
		{"Slack itself", ofEvents, happened(`"type":"message","user":"USLACKBOT","channel":"D1","channel_type":"im","ts":"1767355200.000100","text":"ping"`)},
		{"a bot", ofEvents, happened(`"type":"message",` + whisper + `,"bot_id":"B1","text":"ping"`)},
		{"the bot itself", ofEvents, happened(`"type":"message","user":"U99","channel":"D1","channel_type":"im","ts":"1.2","text":"ping"`)},
		{"a bot of old", ofEvents, happened(`"type":"message","subtype":"bot_message",` + written + `,"text":"<@U99> ping"`)},
		{"a changed message", ofEvents, happened(`"type":"message","subtype":"message_changed","channel":"D1","channel_type":"im","ts":"1.2","message":{"user":"U7","text":"ping"}`)},
		{"a deleted message", ofEvents, happened(`"type":"message","subtype":"message_deleted","channel":"D1","channel_type":"im","ts":"1.2"`)},
		{"somebody has come", ofEvents, happened(`"type":"message","subtype":"channel_join",` + written + `,"text":"<@U7> has joined"`)},
		{"an event that nobody listens to", ofEvents, happened(`"type":"team_join","user":{"id":"U7"}`)},
		{"a user's token is revoked", ofEvents, happened(`"type":"tokens_revoked","tokens":{"oauth":["U7"]}`)},
		{"a bot's token is revoked", ofEvents, happened(`"type":"tokens_revoked","tokens":{"bot":["U99"]}`)},
		{"something newer than this", ofEvents, happened(`"type":"teleported","where":"home"`)},
		{"a link that is followed", ofPresses, `{"type":"block_actions",` + acted + `,"container":{"message_ts":"1.5"},"actions":[{"type":"button","action_id":"link-0","url":"https://example.com"}]}`},
		{"a press on the home tab", ofPresses, `{"type":"block_actions",` + acted + `,"container":{"type":"view"},"actions":[{"type":"button","action_id":"button-0","value":"x"}]}`},
		{"nothing pressed", ofPresses, `{"type":"block_actions",` + acted + `,"actions":[]}`},
		{"a shortcut", ofPresses, `{"type":"shortcut",` + acted + `}`},
		{"a form of somebody else", ofPresses, `{"type":"view_submission",` + acted + `,"view":{"private_metadata":"{\"c\":\"C1\"}"}}`},
		{"and another", ofPresses, `{"type":"view_submission",` + acted + `,"view":{"private_metadata":"x"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := parse(tt.kind, []byte(tt.wire))
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := decode(d, me, known, noon); ok {
				t.Errorf("got %+v, want nothing", got.event)
			}
		})
	}
}

func TestDecodeGone(t *testing.T) {
	d, err := parse(ofEvents, []byte(happened(`"type":"app_uninstalled"`)))
	if err != nil {
		t.Fatal(err)
	}
	got, ok := decode(d, me, known, noon)
	if _, gone := got.event.What.(core.Gone); !ok || !gone || got.event.Chat.Platform != platform || got.event.Chat.Team != "T1" || got.event.Key != "slack:T1:Ev1" {
		t.Errorf("got %+v, want the end of team T1", got.event)
	}
}

// What answering takes comes along, and two people can have a chat of their own.
func TestDecodeKeeps(t *testing.T) {
	form, err := url.ParseQuery("team_id=T1&channel_id=D5&user_id=U7&user_name=ann&command=%2Fping&text=&trigger_id=1.2.x&response_url=https%3A%2F%2Fhooks.example%2F1")
	if err != nil {
		t.Fatal(err)
	}
	got, ok := decode(parseForm(form), me, known, noon)
	if !ok || !got.unsure || got.event.Chat.Direct || got.trigger != "1.2.x" || got.hook.url != "https://hooks.example/1" || !got.hook.good(noon) {
		t.Errorf("got unsure %v, direct %v, trigger %v, hook %v", got.unsure, got.event.Chat.Direct, got.trigger != "", got.hook.good(noon))
	}
	if got.hook.good(noon.Add(hookFor)) {
		t.Error("the hook is good for more than half an hour")
	}
}

func TestParseRefuses(t *testing.T) {
	for _, wire := range []string{``, `[]`, `"x"`, `{"team_id":7}`, `{"type":"event_callback","event":{"type":"message","text":{}}}`, `<html>`} {
		if d, err := parse(ofEvents, []byte(wire)); err == nil {
			t.Errorf("%s: got %+v, want an error", wire, d.event)
		}
	}
	if _, err := parse("pigeons", []byte(`{}`)); err == nil {
		t.Error("got no error for an unknown kind, want one")
	}
}

func TestSpell(t *testing.T) {
	tests := []struct{ wire, want string }{
		{"plain", "plain"},
		{"&lt;@U8&gt; &amp;lt;", "<@U8> &lt;"},
		{"<@U8> and <@W9|carla>", "slack:T1:U8 and slack:T1:W9"},
		{"<#C1|general> <#C2>", "#general #C2"},
		{"<!here> <!channel|@channel> <!subteam^S1|@devs> <!subteam^S2>", "@here @channel @devs @subteam"},
		{"<!date^1392734382^{date}|Feb 18>", "Feb 18"},
		{"<https://a.example/?x=1&amp;y=2> <http://b.example|b.example> <mailto:a@b.c|a@b.c>", "https://a.example/?x=1&y=2 b.example a@b.c"},
		{"<https://a.example|the docs>", "the docs (https://a.example)"},
		{"a < b > c", "a < b > c"},
		{"<>", "<>"},
	}
	for _, tt := range tests {
		if got := spell(tt.wire, "T1"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.wire, got, tt.want)
		}
	}
}

// TestRecordings decodes what Slack has really sent.
func TestRecordings(t *testing.T) {
	said := func(chat core.Chat, user string, at int64, key, text string, toMe bool) core.Event {
		return core.Event{
			Key: platform + ":" + chat.Team + ":" + chat.ID + ":" + key, At: time.Unix(at, 0), Chat: chat,
			From: core.User{Platform: platform, Team: chat.Team, ID: user}, What: core.Said{Text: text, ToMe: toMe},
		}
	}
	room := core.Chat{Platform: platform, Team: "T00FAKE00AA", ID: "C00FAKECHAN1", Thread: "1767406613.568609"}
	thread := core.Chat{Platform: platform, Team: "T00FAKE00AA", ID: "C00FAKECHAN1", Thread: "1767326125.870439"}
	help := core.Chat{Platform: platform, Team: "T00FAKE00BB", ID: "C00FAKECHAN3"}
	direct := core.Chat{Platform: platform, Team: "T0ADGE2G4EM", ID: "D0ACX51K95H", Direct: true}
	tests := map[string]core.Event{ // without What: nothing
		"event_app_mention.json":           said(help, "U00FAKEUSER2", 1770241970, "1770241970.822989", "[AI] I don't really understand this explanation.", true),
		"event_message_channel.json":       said(room, "U00FAKEUSER1", 1767406631, "1767406631.679539", "Who are you?", false),
		"event_message_im.json":            said(direct, "U0ADXQT6CRW", 1771442483, "1771442483.260129", "hello hello", true),
		"socket_envelope_events_api.json":  said(core.Chat{Platform: platform, Team: "T111", ID: "C111"}, "U111", 1610197986, "1610197986.000300", "slack:T111:W111", false),
		"event_member_joined_channel.json": {}, "event_reaction_added.json": {}, "socket_envelope_interactive.json": {},
		"block_actions_button.json": {}, // it has no value
		"view_submission.json":      {}, // it is of another app
		"block_actions_select.json": {
			Key: "slack:T00FAKE00AA:" + identity("10215325802133.3901254001572.staticselect123"), At: noon, Chat: thread, On: on(thread, "1767326126.896109"),
			From: core.User{Platform: platform, Team: "T00FAKE00AA", ID: "U00FAKEUSER1", Name: "testuser"},
			What: core.Press{Token: "quick_action", Values: []string{"greet"}},
		},
		"slash_command.json": {
			Key: "slack:T00FAKE00BB:" + identity("10520020890661.10229338706656.2e2188a074adf3bf9f8456b30180f405"), At: noon, Chat: help,
			From: core.User{Platform: platform, Team: "T00FAKE00BB", ID: "U00FAKEUSER2", Name: "testuser"},
			What: core.Call{Name: "test-feedback", Rest: "some arguments here"},
		},
		"socket_envelope_slash_commands.json": {
			Key: "slack:T111:" + identity("111.222.xxx"), At: noon, Chat: core.Chat{Platform: platform, Team: "T111", ID: "C111"},
			From: core.User{Platform: platform, Team: "T111", ID: "U111", Name: "seratch"},
			What: core.Call{Name: "hello-socket-mode"},
		},
	}
	adaptertest.Recordings(t, "slack", tests, func(t *testing.T, name string, raw []byte) core.Event {
		got, ok := decode(recorded(t, name, raw), self{User: "U00FAKEBOT01", Name: "usher"}, known, noon)
		if !ok {
			return core.Event{}
		}
		return got.event
	})
	t.Run("view_submission.json of ours", func(t *testing.T) {
		d := recorded(t, "view_submission.json", adaptertest.Recording(t, "slack/view_submission.json"))
		d.act.View.Metadata = `{"t":"tok-1","c":"C1"}`
		got, ok := decode(d, me, known, noon)
		want := core.Submit{Token: "tok-1", Values: map[string]string{"message": "Hello!", "category": "feature", "email": "user@example.com"}}
		if !ok || !reflect.DeepEqual(got.event.What, core.What(want)) || got.event.From.ID != "U00FAKEUSER2" {
			t.Errorf("got %+v, %v, want %+v", got.event, ok, want)
		}
	})
}

// recorded reads a recording: of an envelope what is in it.
func recorded(t *testing.T, name string, raw []byte) delivery {
	t.Helper()
	kind := ofPresses
	switch {
	case strings.HasPrefix(name, "event"):
		kind = ofEvents
	case strings.HasPrefix(name, "slash"):
		kind = ofCommands
	case strings.HasPrefix(name, "socket"):
		var e envelope
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatal(err)
		}
		kind, raw = e.Type, e.Payload
	}
	d, err := parse(kind, raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func FuzzDecode(f *testing.F) {
	f.Add(ofEvents, []byte(happened(`"type":"message",`+whisper+`,"text":"<@U99> greet <@U8|bob> &amp;"`)))
	f.Add(ofCommands, []byte(`{`+typed+`,"command":"/usher","text":"login"}`))
	f.Add(ofPresses, []byte(`{"type":"block_actions",`+acted+`,"container":{"message_ts":"1.5"},"actions":[{"type":"button","value":"x"}]}`))
	f.Add(ofPresses, []byte(`{"type":"view_submission",`+acted+`,"view":{"private_metadata":"{\"t\":\"x\",\"c\":\"C\"}"}}`))
	f.Fuzz(func(t *testing.T, kind string, raw []byte) {
		d, err := parse(kind, raw)
		if err != nil {
			return
		}
		in, ok := decode(d, me, known, noon)
		_, gone := in.event.What.(core.Gone)
		if ok && (in.event.Key == "" || in.event.What == nil || !gone && (in.event.Chat.ID == "" || in.event.From.ID == "")) {
			t.Errorf("got an event without key, chat, person or meaning from %q", raw)
		}
	})
}

// A trigger opens forms in the bot's name: what it came with is kept under another.
func TestTriggersAreNotKept(t *testing.T) {
	if got := identity("1.2.x"); strings.Contains(got, "1.2.x") || got == identity("1.2.y") || got != identity("1.2.x") {
		t.Errorf("got %q, want what stands for the trigger and does not tell it", got)
	}
}
