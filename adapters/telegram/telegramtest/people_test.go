package telegramtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core/coretest"
)

// marked is a message as [type:text], with what else tells of it.
func marked(m *tgbotapi.Message) string {
	out := ""
	if m.ReplyToMessage != nil {
		out = "re " + m.ReplyToMessage.Text + ": "
	}
	out += m.Text
	for _, e := range m.Entities {
		out += fmt.Sprintf(" [%s %d %d", e.Type, e.Offset, e.Length)
		if e.User != nil {
			out += " " + e.User.FirstName
		}
		out += "]"
	}
	return out
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ name, typed, want string }{
		{"words", "hello there", "hello there"},
		{"a command", "/ping", "/ping [bot_command 0 5]"},
		{"with words", "/echo a  b\nc", "/echo a  b\nc [bot_command 0 5]"},
		{"for somebody", "/ping@other_bot now", "/ping@other_bot now [bot_command 0 15]"},
		{"later", "😀 try /help, please", "😀 try /help, please [bot_command 7 5]"},
		{"a path", "/usr/bin", "/usr/bin"},
		{"a person", "ask @bob!", "ask bob! [text_mention 4 3 bob]"},
		{"behind an emoji", "/give 😀 @bob-2 @carol", "/give 😀 bob-2 carol [bot_command 0 5] [text_mention 9 5 bob-2] [text_mention 15 5 carol]"},
		{"mail", "a@b.example", "a@b.example"},
		{"the bot", "@usher hello", "@usher_bot hello [mention 0 10]"},
		{"the bot in full", "hello @Usher_Bot", "hello @usher_bot [mention 6 10]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, telegramtest.Options{ReadsAll: true}, func(b bot) {
				b.srv.Say("alice", "#general", c.typed)
				got := b.next().Message
				if marked(got) != c.want {
					t.Errorf("got %q, want %q", marked(got), c.want)
				}
				if got.From.FirstName != "alice" || got.From.UserName != "" || got.From.ID < 1<<32 || got.From.LanguageCode == "" || got.Time().Unix() != time.Now().Unix() {
					t.Errorf("got %+v at %v, want alice, now", got.From, got.Time())
				}
			})
		})
	}
}

func TestPrivacyMode(t *testing.T) {
	say := func(who, text string) func(b bot) {
		return func(b bot) { b.srv.Say(who, "#general", text) }
	}
	for _, c := range []struct {
		name      string
		do        func(b bot)
		private   string // what the bot gets with privacy mode
		readsMore string // and without
	}{
		{"words", say("alice", "hi"), "", "hi"},
		{"a command", say("alice", "/ping"), "/ping", "/ping"},
		{"its command", say("alice", "/ping@USHER_bot"), "/ping@USHER_bot", "/ping@USHER_bot"},
		{"another's command", say("alice", "/ping@other_bot"), "", "/ping@other_bot"},
		{"a command in words", say("alice", "try /ping"), "", "try /ping"},
		{"its name", say("alice", "@usher hi"), "", "@usher_bot hi"},
		{"a person's name", say("alice", "hi @bob"), "", "hi bob"},
		{"another bot", func(b bot) { b.srv.SayAsBot("#general", "/ping") }, "/ping", "/ping"},
		{"an admin", func(b bot) { b.srv.SayAsAdmin("#general", "/ping") }, "/ping", "/ping"},
		{"a channel", func(b bot) { b.srv.Post("#news", "/ping") }, "?", "?"},
		{"a reply", func(b bot) {
			b.say(b.meet("alice", "#general"), "Hi")
			try(t, b.srv.Reply("bob", b.newest("bob", "#general"), "hi"))
		}, "hi", "hi"},
		{"an edit", func(b bot) {
			b.srv.Say("alice", "#general", "hi")
			b.srv.Edit("alice", "#general", "/hi")
		}, "~/hi", "hi~/hi"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, all := range []bool{false, true} {
				bubble(t, telegramtest.Options{ReadsAll: all}, func(b bot) {
					c.do(b)
					want := c.private
					if all {
						want = c.readsMore
					}
					b.wantUpdates(nil, want)
				})
			}
		})
	}
}

// What the bot is to ignore looks as it really does.
func TestOthers(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.srv.SayAsBot("#general", "/ping")
		if from := b.next().Message.From; !from.IsBot || from.UserName != "other_bot" {
			t.Errorf("got %+v, want another bot", from)
		}
		b.srv.SayAsAdmin("#general", "/ping")
		if m := b.next().Message; m.From.ID != 1087968824 || m.SenderChat == nil || m.SenderChat.ID != m.Chat.ID {
			t.Errorf("got %+v, want an admin in the name of the group", m)
		}
		b.srv.Post("#news", "/ping")
		if m := b.next().ChannelPost; m == nil || m.From != nil || m.Chat.Type != "channel" || !strings.HasPrefix(id(m.Chat.ID), "-100") {
			t.Errorf("got %+v, want a post", m)
		}
	})
}

const force = `{"force_reply":true,"selective":true}`

// A question goes to whom it mentions or replies to, is answered once, and in a
// group only when the bot is addressed.
func TestForcedReply(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", "#general")
		b.srv.Say("bob", "#general", "/hello")
		bob := b.next().Message
		b.say(chat, "alice?", "reply_markup", force, "reply_parameters", `{"message_id":1}`)
		b.say(chat, "hey bob?", "reply_markup", force, "entities", "["+mark("text_mention", 4, 3, `,"user":{"id":`+id(bob.From.ID)+`}`)+"]")

		b.srv.Say("carol", "#general", "@usher mine")
		b.srv.Say("alice", "#general", "mine")
		b.none()
		for _, who := range []string{"alice", "bob"} {
			b.srv.Say(who, "#general", "@usher 42 @bob")
			want := map[string]string{"alice": "re alice?: ", "bob": "re hey bob?: "}[who] + "42 bob [text_mention 3 3 bob]"
			if got := marked(b.next().Message); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			b.srv.Say(who, "#general", "@usher again")
			b.none()
		}

		b.say(chat, "all?", "reply_markup", `{"force_reply":true}`)
		try(t, b.srv.Reply("carol", b.newest("carol", "#general"), "me"))
		if got := marked(b.next().Message); got != "re all?: me" {
			t.Errorf("got %q, want a reply", got)
		}
		b.srv.Say("carol", "#general", "@usher me too")
		b.none()

		direct := b.meet("alice", coretest.Direct)
		b.say(direct, "you?", "reply_markup", force)
		b.srv.Say("alice", coretest.Direct, "/help")
		if got := marked(b.next().Message); got != "/help [bot_command 0 5]" {
			t.Errorf("got %q, want a command", got)
		}
		b.srv.Say("alice", coretest.Direct, "me")
		if got := marked(b.next().Message); got != "re you?: me" {
			t.Errorf("got %q, want a reply", got)
		}
	})
}

// Somebody whom the bot has not met cannot be mentioned.
func TestStranger(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", "#general")
		b.srv.Sees("bob", "#general")
		p := "[" + mark("text_mention", 0, 3, `,"user":{"id":5000000003}`) + "]"
		for i, met := range []bool{false, true} {
			b.say(chat, "bob", "entities", p)
			if got := len(b.srv.Last("#general").Entities) == 1; got != met {
				t.Errorf("time %d: got %v, want %v", i, got, met)
			}
			b.srv.Say("alice", "#general", "/hello @bob @carol")
		}
	})
}

// Busy is over when the bot has taken what people did and has answered it.
func TestBusy(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		want := func(when string, want bool) {
			b.Helper()
			if got := b.srv.Busy(); got != want {
				b.Errorf("busy %s: got %v, want %v", when, got, want)
			}
		}
		want("before all", false)
		changed := b.srv.Changed()
		b.srv.Say("alice", coretest.Direct, "/ping")
		want("with a command", true)
		chat := b.next().Message.Chat.ID
		<-changed
		want("with a command that was taken", true)
		m := b.say(chat, "Go?", "reply_markup", one(`"callback_data":"go"`))
		want("after an answer", false)

		b.srv.Say("alice", "#general", "hello all")
		want("with words for others", false)
		try(t, b.srv.Press("alice", b.newest("alice", coretest.Direct), "B"))
		b.ask("answerCallbackQuery", params{"callback_query_id": b.next().CallbackQuery.ID}, nil)
		want("with a press of which nothing came", true)
		b.ask("editMessageText", params{"chat_id": id(chat), "message_id": fmt.Sprint(m.MessageID), "text": "Gone"}, nil)
		want("after an edit", false)

		b.srv.Say("alice", coretest.Direct, "/two")
		b.say(chat, "One")
		want("with a command that was answered and not taken", true)
		b.next()
		want("in the end", false)
		b.srv.Leave("alice")
		b.wantSees("alice", coretest.Direct, "Gone\nOne")
	})
}
