package telegramtest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core/coretest"
)

func hello(chat int64) params { return params{"chat_id": id(chat), "text": "Hello"} }

func TestWhoMayBeWrittenTo(t *testing.T) {
	const (
		first   = "Forbidden: bot can't initiate conversation with a user"
		blocked = "Forbidden: bot was blocked by the user"
	)
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.srv.Sees("alice", coretest.Direct) // alice exists, which the bot does not know
		b.refused("sendMessage", hello(5000000001), 400, "Bad Request: chat not found")
		b.refused("getChat", hello(5000000001), 400, "Bad Request: chat not found")

		b.srv.Say("alice", "#general", "/hello")
		alice := b.next().Message.From.ID
		b.refused("sendMessage", hello(alice), 403, first)
		b.refused("sendChatAction", params{"chat_id": id(alice), "action": "typing"}, 403, first)
		b.ask("getChat", hello(alice), nil)

		b.srv.Open("alice")
		b.none()
		b.say(alice, "Hello")

		b.srv.Block("alice")
		b.srv.Block("alice")
		var got tgMember
		if err := json.Unmarshal([]byte(asJSON(b.next().MyChatMember)), &got); err != nil || got.Chat.ID != alice || got.Old.Status != "member" || got.New.Status != "kicked" {
			t.Errorf("got %+v, %v, want to be blocked", got, err)
		}
		b.refused("sendMessage", hello(alice), 403, blocked)
		if err := b.srv.Reply("alice", b.newest("alice", coretest.Direct), "hi"); err == nil {
			t.Error("Reply to a blocked bot: got nil, want an error")
		}
		b.srv.Unblock("alice")
		if got := b.next().MyChatMember.NewChatMember.Status; got != "member" {
			t.Errorf("got %q, want member", got)
		}
		b.say(alice, "Hello")

		b.srv.Block("alice")
		b.srv.Say("alice", coretest.Direct, "hi") // which unblocks
		b.wantUpdates(params{"offset": "-2"}, "?hi")
		b.say(alice, "Hello")

		carol := b.meetDirectly("carol")
		b.say(carol, "Hello")
	})
}

type tgMember struct {
	Chat struct{ ID int64 }
	Old  struct{ Status string } `json:"old_chat_member"`
	New  struct{ Status string } `json:"new_chat_member"`
}

func (b bot) meetDirectly(who string) int64 {
	b.updates(params{"offset": "999999999"})
	return b.meet(who, coretest.Direct)
}

// topicMessage is what the library does not know of a message.
type topicMessage struct {
	Message struct {
		ID     int  `json:"message_id"`
		Thread int  `json:"message_thread_id"`
		Topic  bool `json:"is_topic_message"`
		Text   string
		Chat   struct {
			ID    int64
			Type  string
			Forum bool `json:"is_forum"`
		}
		Made *struct{ Name string } `json:"forum_topic_created"`
		To   *topicReply            `json:"reply_to_message"`
	}
	ID int `json:"update_id"`
}

type topicReply struct {
	ID   int                    `json:"message_id"`
	Made *struct{ Name string } `json:"forum_topic_created"`
}

func (b bot) nextInTopic() topicMessage {
	b.Helper()
	var out []topicMessage
	b.ask("getUpdates", nil, &out)
	if len(out) != 1 {
		b.Fatalf("got %d updates, want 1", len(out))
	}
	b.updates(params{"offset": fmt.Sprint(out[0].ID + 1)})
	return out[0]
}

func TestTopics(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.srv.Topic("#general/help")
		made := b.nextInTopic().Message
		if made.Made == nil || made.Made.Name != "help" || !made.Chat.Forum || made.Thread != made.ID {
			t.Fatalf("got %+v, want a new topic", made)
		}
		b.srv.Say("alice", "#general/help", "/ping")
		said := b.nextInTopic().Message
		if said.Thread != made.ID || !said.Topic || said.To == nil || said.To.ID != made.ID || said.To.Made == nil {
			t.Errorf("got %+v, want it in the topic, as a reply to what made it", said)
		}
		b.srv.Say("alice", "#general", "/ping")
		if got := b.nextInTopic().Message; got.Thread != 0 || got.Topic || got.To != nil || !got.Chat.Forum {
			t.Errorf("got %+v, want it in General", got)
		}

		chat := said.Chat.ID
		b.say(chat, "general")
		b.say(chat, "in help", "message_thread_id", fmt.Sprint(made.ID))
		b.say(chat, "replied", "reply_parameters", fmt.Sprintf(`{"message_id":%d}`, said.ID))
		b.refused("sendMessage", params{"chat_id": id(chat), "text": "x", "message_thread_id": fmt.Sprint(said.ID)}, 400, "Bad Request: message thread not found")
		b.wantSees("bob", "#general", "general")
		b.wantSees("bob", "#general/help", "in help\nreplied")
		b.wantSees("bob", "#general/other", "")
		b.none()

		try(t, b.srv.Reply("bob", b.newest("bob", "#general/help"), "ok"))
		if got := b.nextInTopic().Message; got.Thread != made.ID || got.To.Made != nil {
			t.Errorf("got %+v, want a reply to the bot in the topic", got)
		}
		try(t, b.srv.Reply("bob", b.newest("bob", "#general"), "ok"))
		if got := b.nextInTopic().Message; got.Thread != 0 {
			t.Errorf("got %+v, want a reply in General", got)
		}

		b.say(chat, "name?", "message_thread_id", fmt.Sprint(made.ID), "reply_markup", `{"force_reply":true}`)
		b.srv.Say("bob", "#general", "@usher bob")
		b.none()
		b.srv.Say("bob", "#general/help", "@usher bob")
		if got := b.nextInTopic().Message; got.Text != "bob" {
			t.Errorf("got %+v, want what was asked in the topic", got)
		}
	})
}

// Where there are no topics, a thread is one of replies: nothing to send to.
func TestReplyThread(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", "#general")
		b.say(chat, "Hi", "reply_parameters", `{"message_id":1}`)
		try(t, b.srv.Reply("alice", b.newest("alice", "#general"), "hi"))
		got := b.nextInTopic().Message
		if got.Thread != 1 || got.Topic || got.To.ID != 2 {
			t.Errorf("got %+v, want it among the replies to message 1", got)
		}
		b.refused("sendMessage", params{"chat_id": id(chat), "text": "x", "message_thread_id": "1"}, 400, "Bad Request: message thread not found")
	})
}

func TestMigrate(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.srv.BasicGroup("#old")
		b.srv.Say("alice", "#old", "/ping")
		m := b.next().Message
		if m.Chat.Type != "group" || strings.HasPrefix(id(m.Chat.ID), "-100") {
			t.Errorf("got %+v, want a basic group", m.Chat)
		}
		sent := b.say(m.Chat.ID, "Hi", "reply_markup", one(`"callback_data":"x"`))
		old := b.newest("alice", "#old")

		b.srv.Migrate("#old")
		us := b.updates(nil)
		if len(us) != 2 {
			t.Fatalf("got %d updates, want two", len(us))
		}
		to, from := us[0].Message, us[1].Message
		if to.Chat.ID != m.Chat.ID || to.MigrateToChatID != from.Chat.ID || from.MigrateFromChatID != m.Chat.ID || !from.Chat.IsSuperGroup() {
			t.Errorf("got %s, want the two sides of an upgrade", asJSON(us))
		}
		b.updates(params{"offset": fmt.Sprint(us[1].UpdateID + 1)})

		res, err := b.api.MakeRequest("sendMessage", hello(m.Chat.ID))
		if err == nil || res.Description != "Bad Request: group chat was upgraded to a supergroup chat" || res.ErrorCode != 400 || res.Parameters.MigrateToChatID != from.Chat.ID {
			t.Errorf("got %+v, %v, want to be told of %d", res, err, from.Chat.ID)
		}
		edit := params{"chat_id": id(from.Chat.ID), "message_id": fmt.Sprint(sent.MessageID), "text": "x"}
		b.refused("editMessageText", edit, 400, "Bad Request: message to edit not found")
		if err := b.srv.Press("alice", old, "B"); err == nil {
			t.Error("Press in the old group: got nil, want an error")
		}
		b.say(from.Chat.ID, "Ho")
		b.wantSees("alice", "#old", "Hi [B]\nHo")
		b.srv.Say("alice", "#old", "/ping")
		if got := b.next().Message.Chat.ID; got != from.Chat.ID {
			t.Errorf("got chat %d, want %d", got, from.Chat.ID)
		}
	})
}

func TestKick(t *testing.T) {
	for _, kind := range []string{"group", "supergroup"} {
		bubble(t, telegramtest.Options{}, func(b bot) {
			if kind == "group" {
				b.srv.BasicGroup("#general")
			}
			chat := b.meet("alice", "#general")
			b.say(chat, "Hi", "reply_markup", one(`"callback_data":"x"`))
			b.srv.Kick("#general")
			if got := b.next().MyChatMember; got.Chat.ID != chat || got.OldChatMember.Status != "member" || got.NewChatMember.Status != "kicked" {
				t.Errorf("got %+v, want to be kicked", got)
			}
			b.refused("sendMessage", hello(chat), 403, "Forbidden: bot was kicked from the "+kind+" chat")
			b.srv.Say("alice", "#general", "/ping")
			if err := b.srv.Press("alice", b.newest("alice", "#general"), "B"); err == nil {
				t.Error("Press: got nil, want an error")
			}
			b.none()
		})
	}
}

// What a test cannot mean is a panic that says so.
func TestMistakes(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.srv.BasicGroup("#old")
		for name, do := range map[string]func(){
			"#old is a group, which has no topics":           func() { b.srv.Say("alice", "#old/help", "hi") },
			"#old is there already":                          func() { b.srv.BasicGroup("#old") },
			"#general is no basic group":                     func() { b.srv.Migrate("#general") },
			"#general is no new topic":                       func() { b.srv.Topic("#general") },
			"alice has written nothing in #general":          func() { b.srv.Edit("alice", "#general", "x") },
			"alice sees no message in #general":              func() { b.srv.Forge("alice", "#general", "x") },
			"the bot has said nothing in #general":           func() { b.srv.Last("#general") },
			"the bot cannot be removed from direct":          func() { b.srv.Kick(coretest.Direct) },
			"nothing has happened that could be repeated":    func() { b.srv.Repeat() },
			"the bot has said nothing in " + coretest.Direct: func() { b.srv.Remove(coretest.Direct) },
		} {
			func() {
				defer func() {
					if got := recover(); got != "telegramtest: "+name {
						t.Errorf("got %v, want %s", got, name)
					}
				}()
				do()
			}()
		}
	})
}
