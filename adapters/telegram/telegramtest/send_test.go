package telegramtest_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// one is a keyboard of one button with these fields beside its text.
func one(fields string) string {
	return `{"inline_keyboard":[[{"text":"B",` + fields + `}]]}`
}

// keys is a keyboard of rows with so many buttons each.
func keys(rows ...int) string {
	var out []string
	for _, n := range rows {
		out = append(out, "["+strings.TrimSuffix(strings.Repeat(`{"text":"B","callback_data":"x"},`, n), ",")+"]")
	}
	return `{"inline_keyboard":[` + strings.Join(out, ",") + `]}`
}

func mark(kind string, offset, length int, more string) string {
	return fmt.Sprintf(`{"type":%q,"offset":%d,"length":%d%s}`, kind, offset, length, more)
}

// attempt is a message to a group and what comes of it.
type attempt struct {
	name string
	p    params // beside the chat and a text of five characters
	want string // after "Bad Request: "; empty: it is taken
}

func runAttempts(t *testing.T, attempts []attempt) {
	t.Helper()
	for _, c := range attempts {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, telegramtest.Options{}, func(b bot) {
				p := params{"chat_id": id(b.meet("alice", "#general")), "text": "Hello"}
				maps.Copy(p, c.p)
				if c.want == "" {
					b.ask("sendMessage", p, nil)
				} else {
					b.refused("sendMessage", p, 400, "Bad Request: "+c.want)
				}
			})
		})
	}
}

func TestText(t *testing.T) {
	x := strings.Repeat
	runAttempts(t, []attempt{
		{"no text", params{"text": ""}, "message text is empty"},
		{"blank", params{"text": " \n\t "}, "message text is empty"},
		{"longest", params{"text": x("é", 4096)}, ""},
		{"longest, trimmed", params{"text": " " + x("😀", 4096) + "\n"}, ""},
		{"too long", params{"text": x("é", 4097)}, "message is too long"},
		{"no UTF-8", params{"text": "\xff"}, "strings must be encoded in UTF-8"},
		{"parse mode", params{"parse_mode": "HTML"}, "unsupported parse_mode"},
		{"preview", params{"link_preview_options": "yes"}, "can't parse link preview options JSON object"},
	})
}

func TestEntities(t *testing.T) {
	x := strings.Repeat
	runAttempts(t, []attempt{
		{"entities", params{"entities": "[" + mark("bold", 0, 5, "") + "," + mark("code", 1, 2, "") + "]"}, ""},
		{"no JSON", params{"entities": "bold"}, "can't parse entities JSON object"},
		{"unknown", params{"entities": "[" + mark("bolder", 0, 5, "") + "]"}, "can't parse MessageEntity: Unsupported type specified"},
		{"empty", params{"entities": "[" + mark("bold", 0, 0, "") + "]"}, "can't parse entities: entity at UTF-16 offset 0 has length 0"},
		{"before", params{"entities": "[" + mark("bold", -1, 2, "") + "]"}, "can't parse entities: entity at UTF-16 offset -1 has length 2"},
		{"past the end", params{"entities": "[" + mark("bold", 0, 6, "") + "]"}, "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 6"},
		{"behind", params{"entities": "[" + mark("bold", 5, 1, "") + "]"}, "entity begins after the end of the text at UTF-16 offset 5"},
		{"surrogates", params{"text": "😀", "entities": "[" + mark("bold", 0, 2, "") + "]"}, ""},
		{"begins in a surrogate", params{"text": "😀!", "entities": "[" + mark("bold", 1, 2, "") + "]"}, "entity begins in a middle of a UTF-16 symbol at UTF-16 offset 1"},
		{"ends in a surrogate", params{"text": "😀!", "entities": "[" + mark("bold", 0, 1, "") + "]"}, "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol"},
		{"crossing", params{"entities": "[" + mark("bold", 0, 3, "") + "," + mark("italic", 2, 3, "") + "]"}, "can't parse entities: entities at UTF-16 offsets 0 and 2 cross"},
		{"in code", params{"entities": "[" + mark("bold", 1, 1, "") + "," + mark("code", 0, 3, "") + "]"}, "can't parse entities: code at UTF-16 offset 0 can't contain other entities"},
		{"in a quote", params{"entities": "[" + mark("blockquote", 0, 4, "") + "," + mark("expandable_blockquote", 1, 2, "") + "]"}, "can't parse entities: blockquotes can't be nested"},
		{"twice", params{"entities": "[" + mark("bold", 0, 4, "") + "," + mark("bold", 1, 2, "") + "]"}, "can't parse entities: two bold entities at UTF-16 offset 1"},
		{"link", params{"entities": "[" + mark("text_link", 0, 4, `,"url":"https://a.example/"`) + "]"}, ""},
		{"link to localhost", params{"entities": "[" + mark("text_link", 0, 4, `,"url":"http://localhost/"`) + "]"}, "entity URL 'http://localhost/' is invalid: Wrong HTTP URL"},
		{"mention of nobody", params{"entities": "[" + mark("text_mention", 0, 4, "") + "]"}, "can't parse MessageEntity: Can't find field \"user\""},
		{"time", params{"entities": "[" + mark("date_time", 0, 4, `,"unix_time":1767224888,"date_time_format":"wDT"`) + "]"}, ""},
		{"no time", params{"entities": "[" + mark("date_time", 0, 4, "") + "]"}, "can't parse MessageEntity: Can't find field \"unix_time\""},
		{"time format", params{"entities": "[" + mark("date_time", 0, 4, `,"unix_time":1,"date_time_format":"rt"`) + "]"}, "can't parse MessageEntity: invalid date-time format specified"},
		{"most entities", params{"text": x("a", 101), "entities": many(100)}, ""},
		{"too many entities", params{"text": x("a", 101), "entities": many(101)}, "can't parse entities: 101 of them, at most 100 count"},
	})
}

func TestMarkup(t *testing.T) {
	x := strings.Repeat
	runAttempts(t, []attempt{
		{"data", params{"reply_markup": one(`"callback_data":"` + x("é", 32) + `"`)}, ""},
		{"long data", params{"reply_markup": one(`"callback_data":"` + x("é", 32) + `x"`)}, "BUTTON_DATA_INVALID"},
		{"no action", params{"reply_markup": one(`"style":"danger"`)}, "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"},
		{"empty data", params{"reply_markup": one(`"callback_data":""`)}, "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"},
		{"two actions", params{"reply_markup": one(`"callback_data":"a","url":"https://a.example"`)}, "BUTTON_TYPE_INVALID"},
		{"an action for others", params{"reply_markup": one(`"web_app":{"url":"https://a.example"}`)}, "BUTTON_TYPE_INVALID"},
		{"no label", params{"reply_markup": `{"inline_keyboard":[[{"callback_data":"a"}]]}`}, "can't parse inline keyboard button: Can't find field \"text\""},
		{"URL", params{"reply_markup": one(`"url":"http://a.example/b?c=d"`)}, ""},
		{"tg", params{"reply_markup": one(`"url":"tg://resolve?domain=usher_bot"`)}, ""},
		{"loopback", params{"reply_markup": one(`"url":"http://127.0.0.1:80/"`)}, "inline keyboard button URL 'http://127.0.0.1:80/' is invalid: Wrong HTTP URL"},
		{"loopback, six", params{"reply_markup": one(`"url":"http://[::1]/"`)}, "inline keyboard button URL 'http://[::1]/' is invalid: Wrong HTTP URL"},
		{"dotless", params{"reply_markup": one(`"url":"https://intranet./x"`)}, "inline keyboard button URL 'https://intranet./x' is invalid: Wrong HTTP URL"},
		{"other scheme", params{"reply_markup": one(`"url":"ftp://a.example"`)}, "inline keyboard button URL 'ftp://a.example' is invalid: Wrong HTTP URL"},
		{"copy", params{"reply_markup": one(`"copy_text":{"text":"` + x("é", 256) + `"}`)}, ""},
		{"long copy", params{"reply_markup": one(`"copy_text":{"text":"` + x("é", 257) + `"}`)}, "BUTTON_COPY_TEXT_INVALID"},
		{"empty copy", params{"reply_markup": one(`"copy_text":{"text":""}`)}, "BUTTON_COPY_TEXT_INVALID"},
		{"style", params{"reply_markup": one(`"callback_data":"a","style":"red"`)}, "can't parse inline keyboard button: Unknown style specified"},
		{"full row", params{"reply_markup": keys(8)}, ""},
		{"long row", params{"reply_markup": keys(9)}, "reply markup is too long"},
		{"most buttons", params{"reply_markup": keys(8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 4)}, ""},
		{"too many buttons", params{"reply_markup": keys(8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 5)}, "reply markup is too long"},
		{"no buttons", params{"reply_markup": `{"inline_keyboard":[[]]}`}, ""},
		{"another markup", params{"reply_markup": `{"keyboard":[["a"]]}`}, "object expected as reply markup"},
		{"no markup", params{"reply_markup": `[`}, "can't parse reply keyboard markup JSON object"},
		{"forced reply", params{"reply_markup": `{"force_reply":true,"input_field_placeholder":"` + x("é", 64) + `"}`}, ""},
		{"long placeholder", params{"reply_markup": `{"force_reply":true,"input_field_placeholder":"` + x("é", 65) + `"}`}, "input field placeholder is too long"},
	})
}

func TestWhereTo(t *testing.T) {
	runAttempts(t, []attempt{
		{"no chat", params{"chat_id": ""}, "chat_id is empty"},
		{"unknown chat", params{"chat_id": "12"}, "chat not found"},
		{"no number", params{"chat_id": "@general"}, "chat not found"},
		{"reply", params{"reply_parameters": `{"message_id":1}`}, ""},
		{"reply to nothing", params{"reply_parameters": `{"message_id":99}`}, "message to be replied not found"},
		{"old reply to nothing", params{"reply_to_message_id": "99"}, "message to be replied not found"},
		{"reply elsewhere", params{"reply_parameters": `{"message_id":1,"chat_id":7}`}, "message to be replied not found"},
		{"reply if possible", params{"reply_parameters": `{"message_id":99,"allow_sending_without_reply":true}`}, ""},
		{"no topic", params{"message_thread_id": "1"}, "message thread not found"},
	})
}

func TestNotModified(t *testing.T) {
	const modified = "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", "#general")
		sent := b.say(chat, " Hello\n", "entities", "["+mark("bold", 0, 4, "")+"]", "reply_markup", `{"inline_keyboard":[]}`)
		p := params{"chat_id": id(chat), "message_id": fmt.Sprint(sent.MessageID), "text": "Hello", "entities": "[" + mark("bold", 0, 3, "") + "]"}
		b.refused("editMessageText", p, 400, modified)
		for name, v := range map[string]string{"reply_markup": keys(1), "entities": "", "text": "Hello!"} {
			p[name] = v
			b.ask("editMessageText", p, nil)
			b.refused("editMessageText", p, 400, modified)
		}
	})
}

// many marks so many single characters.
func many(n int) string {
	marks := make([]string, n)
	for i := range marks {
		marks[i] = mark("bold", i, 1, "")
	}
	return "[" + strings.Join(marks, ",") + "]"
}

// Spaces around a text go, and what is marked moves along.
func TestTrim(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", coretest.Direct)
		b.say(chat, "\n 😀ab \n", "entities", "["+mark("bold", 0, 4, "")+","+mark("italic", 5, 3, "")+","+mark("code", 7, 1, "")+"]",
			"link_preview_options", `{"is_disabled":true}`)
		got := b.srv.Last(coretest.Direct)
		want := telegramtest.Message{ID: got.ID, Text: "😀ab", Entities: []telegramtest.Entity{
			{Type: "bold", Offset: 0, Length: 2}, {Type: "italic", Offset: 3, Length: 1},
		}}
		if asJSON(got) != asJSON(want) {
			t.Errorf("got %s, want %s", asJSON(got), asJSON(want))
		}
		b.say(chat, "a.example")
		if !b.srv.Last(coretest.Direct).Preview {
			t.Error("got no preview, want one unless it is disabled")
		}
	})
}

func TestSeen(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", coretest.Direct)
		changed := b.srv.Changed()
		m := b.say(chat, "Choose", "reply_markup", `{"inline_keyboard":[[
			{"text":"Yes","callback_data":"y","style":"success"},{"text":"No","callback_data":"n","style":"danger"},{"text":"Hm","callback_data":"h"}],
			[{"text":"Site","url":"https://a.example","style":"primary"},{"text":"Code","copy_text":{"text":"ABCD"}}]]}`)
		select {
		case <-changed:
		default:
			t.Error("Changed: got nothing, want to hear of a message")
		}
		got := b.newest("alice", coretest.Direct)
		want := coretest.Seen{ID: got.ID, Text: "Choose", Controls: []coretest.Control{
			{Kind: coretest.Button, Label: "Yes", Tone: core.Good, Key: "y"},
			{Kind: coretest.Button, Label: "No", Tone: core.Bad, Key: "n"},
			{Kind: coretest.Button, Label: "Hm", Key: "h"},
			{Kind: coretest.Link, Label: "Site", Tone: core.Main, URL: "https://a.example"},
			{Kind: coretest.Copy, Label: "Code", Text: "ABCD"},
		}}
		if asJSON(got) != asJSON(want) {
			t.Errorf("got %s, want %s", asJSON(got), asJSON(want))
		}
		changed = b.srv.Changed()
		b.ask("editMessageText", params{"chat_id": id(chat), "message_id": fmt.Sprint(m.MessageID), "text": "Chosen"}, nil)
		<-changed
		want = coretest.Seen{ID: got.ID, Text: "Chosen", Edited: true}
		if got := b.newest("alice", coretest.Direct); asJSON(got) != asJSON(want) {
			t.Errorf("after the edit: got %s, want %s", asJSON(got), asJSON(want))
		}
		changed = b.srv.Changed()
		b.ask("deleteMessage", params{"chat_id": id(chat), "message_id": fmt.Sprint(m.MessageID)}, nil)
		<-changed
		b.wantSees("alice", coretest.Direct, "")
		b.wantSees("bob", coretest.Direct, "")
	})
}

func TestEditAndDelete(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", "#general")
		with := func(message int) params {
			return params{"chat_id": id(chat), "message_id": fmt.Sprint(message), "text": "new"}
		}
		old := b.say(chat, "old").MessageID
		b.refused("editMessageText", with(0), 400, "Bad Request: message identifier is not specified")
		b.refused("editMessageText", with(99), 400, "Bad Request: message to edit not found")
		b.refused("editMessageText", with(1), 400, "Bad Request: message can't be edited")
		b.refused("deleteMessage", with(99), 400, "Bad Request: message to delete not found")
		b.refused("deleteMessage", with(1), 400, "Bad Request: message can't be deleted")

		asked := b.say(chat, "Name?", "reply_markup", `{"force_reply":true}`).MessageID
		b.refused("editMessageText", with(asked), 400, "Bad Request: message can't be edited")
		p := with(old)
		p["reply_markup"] = `{"force_reply":true}`
		b.refused("editMessageText", p, 400, "Bad Request: inline keyboard expected")

		b.ask("editMessageText", with(old), nil)
		b.srv.Remove("#general")
		b.refused("deleteMessage", with(asked), 400, "Bad Request: message to delete not found")
		time.Sleep(48 * time.Hour)
		b.refused("deleteMessage", with(old), 400, "Bad Request: message can't be deleted")
		p = with(old)
		p["text"] = "newer"
		b.ask("editMessageText", p, nil) // has no end
		b.srv.Remove("#general")
		b.refused("editMessageText", p, 400, "Bad Request: message to edit not found")

		direct := b.meet("alice", coretest.Direct)
		b.ask("deleteMessage", params{"chat_id": id(direct), "message_id": "1"}, nil) // where the two are alone
	})
}

func TestOtherMethods(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := id(b.meet("alice", "#general"))
		b.ask("sendChatAction", params{"chat_id": chat, "action": "typing"}, nil)
		b.refused("sendChatAction", params{"chat_id": chat, "action": "singing"}, 400, "Bad Request: wrong parameter action in request")
		b.refused("sendChatAction", params{"chat_id": chat, "action": "typing", "message_thread_id": "5"}, 400, "Bad Request: message thread not found")
		var got struct{ Title, Type string }
		b.ask("getChat", params{"chat_id": chat}, &got)
		if got.Title != "#general" || got.Type != "supergroup" {
			t.Errorf("got %+v, want #general", got)
		}
	})
}
