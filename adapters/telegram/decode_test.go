package telegram

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

var (
	me    = self{ID: 99, Username: "usher_bot"}
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	hall  = core.Chat{Platform: platform, ID: "-1001234567890"}
	alone = core.Chat{Platform: platform, ID: "7", Direct: true}
	ann   = core.User{Platform: platform, ID: "7", Name: "Ann Lee", Locale: "de"}
)

const (
	inHall  = `"message_id":5,"date":1767355200,"from":{"id":7,"first_name":"Ann","last_name":"Lee","language_code":"de"},"chat":{"id":-1001234567890,"type":"supergroup"}`
	inAlone = `"message_id":5,"date":1767355200,"from":{"id":7,"first_name":"Ann","last_name":"Lee","language_code":"de"},"chat":{"id":7,"type":"private"}`
)

// known is a bot that has heard of one person with a user name.
func known(name string) int64 {
	if name == "@carla" {
		return 12
	}
	return 0
}

func TestDecode(t *testing.T) {
	on := func(c core.Chat, id string) core.Ref { return core.Ref{Chat: c, Token: seal.Secret(id)} }
	topic := hall
	topic.Thread = "3"
	tests := []struct {
		name string
		wire string // of what is beside update_id
		want core.Event
	}{
		{"a command", `"message":{` + inHall + `,"text":"/login github"}`, core.Event{Chat: hall, What: core.Call{Name: "login", Rest: "github"}}},
		{"in capitals", `"message":{` + inHall + `,"text":"/Login\ngithub"}`, core.Event{Chat: hall, What: core.Call{Name: "login", Rest: "github"}}},
		{"to this bot", `"message":{` + inHall + `,"text":"/ping@Usher_Bot  now"}`, core.Event{Chat: hall, What: core.Call{Name: "ping", Rest: "now"}}},
		{"alone", `"message":{` + inAlone + `,"text":"/ping"}`, core.Event{Chat: alone, What: core.Call{Name: "ping"}}},
		{"in a topic", `"message":{` + inHall + `,"text":"/ping","message_thread_id":3,"is_topic_message":true}`, core.Event{Chat: topic, What: core.Call{Name: "ping"}}},
		{"below a reply, which is no topic", `"message":{` + inHall + `,"text":"/ping","message_thread_id":3}`, core.Event{Chat: hall, What: core.Call{Name: "ping"}}},
		{"a path is no command", `"message":{` + inHall + `,"text":"/etc/passwd"}`, core.Event{Chat: hall, What: core.Said{Text: "/etc/passwd"}}},
		{
			"somebody without a user name", `"message":{` + inHall + `,"text":"/greet 😀 Bob now","entities":[{"type":"bot_command","offset":0,"length":6},{"type":"text_mention","offset":10,"length":3,"user":{"id":11,"first_name":"Bob"}}]}`,
			core.Event{Chat: hall, What: core.Call{Name: "greet", Rest: "😀 telegram::11 now"}},
		},
		{
			"somebody with one", `"message":{` + inHall + `,"text":"/greet @carla @dave","entities":[{"type":"mention","offset":14,"length":5},{"type":"mention","offset":7,"length":6}]}`,
			core.Event{Chat: hall, What: core.Call{Name: "greet", Rest: "telegram::12 @dave"}},
		},
		{
			"entities that point nowhere", `"message":{` + inHall + `,"text":"/greet x","entities":[{"type":"text_mention","offset":7,"length":99,"user":{"id":1}},{"type":"mention","offset":-3,"length":2},{"type":"mention","offset":7,"length":-1}]}`,
			core.Event{Chat: hall, What: core.Call{Name: "greet", Rest: "x"}},
		},
		{"the first meeting", `"message":{` + inAlone + `,"text":"/start"}`, core.Event{Chat: alone, What: core.Hello{}}},
		{"a link followed", `"message":{` + inAlone + `,"text":"/start abc_DEF-1"}`, core.Event{Chat: alone, What: core.Press{Token: "abc_DEF-1"}}},
		{"a link into a group", `"message":{` + inHall + `,"text":"/start@usher_bot abc"}`, core.Event{Chat: hall, What: core.Hello{}}},
		{"words", `"message":{` + inHall + `,"text":" good morning "}`, core.Event{Chat: hall, What: core.Said{Text: "good morning"}}},
		{"words alone", `"message":{` + inAlone + `,"text":"good morning"}`, core.Event{Chat: alone, What: core.Said{Text: "good morning", ToMe: true}}},
		{"a picture with words", `"message":{` + inAlone + `,"photo":[{}],"caption":"look"}`, core.Event{Chat: alone, What: core.Said{Text: "look", ToMe: true}}},
		{
			"addressed by name", `"message":{` + inHall + `,"text":"@usher_bot good morning","entities":[{"type":"mention","offset":0,"length":10}]}`,
			core.Event{Chat: hall, What: core.Said{Text: "good morning", ToMe: true}},
		},
		{
			"named in passing", `"message":{` + inHall + `,"text":"ask @usher_bot","entities":[{"type":"mention","offset":4,"length":10}]}`,
			core.Event{Chat: hall, What: core.Said{Text: "ask @usher_bot", ToMe: true}},
		},
		{
			"a reply to the bot", `"message":{` + inHall + `,"text":"Funghi","reply_to_message":{"message_id":4,"from":{"id":99,"is_bot":true},"chat":{"id":-1001234567890,"type":"supergroup"}}}`,
			core.Event{Chat: hall, On: on(hall, "4"), What: core.Said{Text: "Funghi"}},
		},
		{
			"a reply to somebody else", `"message":{` + inHall + `,"text":"Funghi","reply_to_message":{"message_id":4,"from":{"id":8},"chat":{"id":-1001234567890,"type":"supergroup"}}}`,
			core.Event{Chat: hall, What: core.Said{Text: "Funghi"}},
		},
		{
			"a press", `"callback_query":{"id":"q1","from":{"id":7,"first_name":"Ann","last_name":"Lee","language_code":"de"},"message":{"message_id":6,"date":0,"chat":{"id":-1001234567890,"type":"supergroup"},"message_thread_id":3,"is_topic_message":true},"data":"tok-1"}`,
			core.Event{Chat: topic, On: on(topic, "6"), What: core.Press{Token: "tok-1"}, At: noon.Add(time.Hour)},
		},
		{
			"thrown out", `"my_chat_member":{"chat":{"id":-1001234567890,"type":"supergroup"},"from":{"id":7,"first_name":"Ann","last_name":"Lee","language_code":"de"},"date":1,"new_chat_member":{"status":"kicked"}}`,
			core.Event{Chat: hall, What: core.Gone{}, At: noon.Add(time.Hour)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := parse([]byte(`{"update_id":1001,` + tt.wire + `}`))
			if err != nil {
				t.Fatal(err)
			}
			got, ok := decode(u, me, known, noon.Add(time.Hour))
			if !ok {
				t.Fatal("got nothing, want an event")
			}
			tt.want.Key, tt.want.From = "telegram:99:1001", ann
			if tt.want.At.IsZero() {
				tt.want.At = noon
			}
			got.event.At = got.event.At.UTC()
			if !reflect.DeepEqual(got.event, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got.event, tt.want)
			}
		})
	}
}

func TestDecodeIgnores(t *testing.T) {
	tests := []struct{ name, wire string }{
		{"a command to another bot", `"message":{` + inHall + `,"text":"/ping@other_bot"}`},
		{"another bot", `"message":{"message_id":1,"from":{"id":8,"is_bot":true},"chat":{"id":8,"type":"private"},"text":"/ping"}`},
		{"the bot itself", `"message":{"message_id":1,"from":{"id":99,"is_bot":true},"chat":{"id":7,"type":"private"},"text":"/ping"}`},
		{"somebody who hides behind the group", `"message":{` + inHall + `,"sender_chat":{"id":-1001234567890,"type":"supergroup"},"text":"/ping"}`},
		{"a channel", `"message":{"message_id":1,"chat":{"id":-100,"type":"channel"},"text":"/ping"}`},
		{"an edited message", `"edited_message":{` + inHall + `,"text":"/ping"}`},
		{"a channel post", `"channel_post":{"message_id":1,"chat":{"id":-100,"type":"channel"},"text":"/ping"}`},
		{"somebody has come", `"message":{` + inHall + `,"new_chat_members":[{"id":8}]}`},
		{"a press on what was never a message", `"callback_query":{"id":"q","from":{"id":7},"inline_message_id":"x","data":"tok"}`},
		{"the bot has come", `"my_chat_member":{"chat":{"id":-1,"type":"group"},"from":{"id":7},"new_chat_member":{"status":"member"}}`},
		{"a person blocks the bot", `"my_chat_member":{"chat":{"id":7,"type":"private"},"from":{"id":7},"new_chat_member":{"status":"kicked"}}`},
		{"something newer than this", `"teleported":{"where":"home"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := parse([]byte(`{"update_id":1001,` + tt.wire + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := decode(u, me, known, noon); ok {
				t.Errorf("got %+v, want nothing", got.event)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, wire := range []string{``, `{}`, `[]`, `{"update_id":"1"}`, `{"update_id":7,"message":"hello"}`, `<html>`} {
		u, err := parse([]byte(wire))
		if err == nil {
			t.Errorf("%s: got %+v, want an error", wire, u)
		}
	}
	if u, err := parse([]byte(`{"update_id":7,"message":"hello"}`)); u.ID != 7 {
		t.Errorf("got id %d (%v), want 7, so that it can be passed over", u.ID, err)
	}
}

// TestRecordings decodes what Telegram has really sent.
func TestRecordings(t *testing.T) {
	who, chat := core.User{Platform: platform, ID: "7527593", Name: "Test User"}, core.Chat{Platform: platform, ID: "7527593", Direct: true}
	tests := map[string]core.Event{
		"update_message_private.json": {
			Key: "telegram:99:1002", At: time.Unix(1767224901, 0), From: who, Chat: chat, What: core.Said{Text: "how are you", ToMe: true},
		},
		"update_message_mention_entity.json": {
			Key: "telegram:99:1001", At: time.Unix(1767224888, 0), From: who, Chat: chat, What: core.Said{Text: "hi", ToMe: true},
		},
	}
	adaptertest.Recordings(t, "telegram", tests, func(t *testing.T, _ string, raw []byte) core.Event {
		u, err := parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := decode(u, self{ID: 99, Username: "vercelchatsdkbot"}, known, noon)
		if !ok {
			t.Error("got nothing, want an event")
		}
		return got.event
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"update_id":1,"message":{` + inHall + `,"text":"/greet @carla","entities":[{"type":"mention","offset":7,"length":6}]}}`))
	f.Add([]byte(`{"update_id":1,"callback_query":{"id":"q","from":{"id":7},"message":{"chat":{"id":1}},"data":"x"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		u, err := parse(raw)
		if err != nil {
			return
		}
		if in, ok := decode(u, me, known, noon); ok && (in.event.Key == "" || in.event.Chat.ID == "" || in.event.What == nil) {
			b, _ := json.Marshal(u)
			t.Errorf("got an event without key, chat or meaning from %s", b)
		}
	})
}
