package telegramtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core/coretest"
)

func TestPress(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", "#general")
		sent := b.say(chat, "Go?", "reply_markup", one(`"callback_data":"go"`))
		before := b.newest("bob", "#general")
		b.ask("editMessageText", params{"chat_id": id(chat), "message_id": fmt.Sprint(sent.MessageID), "text": "Gone"}, nil)
		try(t, b.srv.Press("bob", before, "B")) // quicker than the eye

		q := b.next().CallbackQuery
		if q.Data != "go" || q.From.FirstName != "bob" || q.Message.Text != "Gone" || q.Message.EditDate == 0 || q.ChatInstance == "" {
			t.Errorf("got %s, want bob's press on the message as it is now", asJSON(q))
		}
		b.refused("answerCallbackQuery", params{"callback_query_id": q.ID, "text": strings.Repeat("é", 201)}, 400, "Bad Request: MESSAGE_TOO_LONG")
		b.ask("answerCallbackQuery", params{"callback_query_id": q.ID, "text": strings.Repeat("é", 200), "show_alert": "true"}, nil)
		const old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
		b.refused("answerCallbackQuery", params{"callback_query_id": q.ID}, 400, old)
		b.refused("answerCallbackQuery", params{"callback_query_id": "1"}, 400, old)
		b.wantSees("alice", "#general", "Gone")
		b.wantSees("bob", "#general", "Gone\n"+strings.Repeat("é", 200))
		alert := b.newest("bob", "#general")
		if !alert.Private || alert.ID == before.ID {
			t.Errorf("got %+v, want an alert for bob", alert)
		}
		if err := b.srv.Reply("bob", alert, "hm"); err == nil {
			t.Error("Reply to an alert: got nil, want an error")
		}

		b.srv.Forge("alice", "#general", "forged")
		q = b.next().CallbackQuery
		if q.Data != "forged" || q.Message.Text != "Gone" {
			t.Errorf("got %s, want a press on what alice sees", asJSON(q))
		}
		time.Sleep(151 * time.Second)
		b.refused("answerCallbackQuery", params{"callback_query_id": q.ID}, 400, old)

		b.srv.Remove("#general")
		for _, c := range []struct {
			name string
			err  error
		}{
			{"what was deleted", b.srv.Press("bob", before, "B")},
			{"no such button", b.srv.Press("bob", before, "C")},
			{"a select", b.srv.Choose("bob", before, "", "x")},
			{"a form", b.srv.Fill("bob", before, nil)},
		} {
			if c.err == nil {
				t.Errorf("%s: got nil, want an error", c.name)
			}
		}
		b.none()
	})
}

// In a direct chat nobody else is there to see an answer.
func TestToast(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.say(b.meet("alice", coretest.Direct), "Go?", "reply_markup", one(`"callback_data":"go"`))
		seen := b.newest("alice", coretest.Direct)
		if err := b.srv.Press("bob", seen, "B"); err == nil {
			t.Error("bob pressed in alice's chat")
		}
		try(t, b.srv.Press("alice", seen, "B"))
		b.ask("answerCallbackQuery", params{"callback_query_id": b.next().CallbackQuery.ID, "text": "Going."}, nil)
		if got := b.newest("alice", coretest.Direct); got.Text != "Going." || got.Private {
			t.Errorf("got %+v, want a toast", got)
		}
		b.srv.Forge("alice", coretest.Direct, "x")
		b.ask("answerCallbackQuery", params{"callback_query_id": b.next().CallbackQuery.ID}, nil)
		b.wantSees("alice", coretest.Direct, "Go? [B]\nGoing.")
	})
}

func TestDeepLink(t *testing.T) {
	long := strings.Repeat("a", 64)
	for _, c := range []struct {
		name, url string
		want      string // what the bot gets; empty: the link does not lead there
	}{
		{"with a start", "https://t.me/usher_bot?start=" + long, "/start " + long + " [bot_command 0 6]"},
		{"without", "https://t.me/Usher_Bot", "/start [bot_command 0 6]"},
		{"empty", "https://t.me/usher_bot?start=", "/start [bot_command 0 6]"},
		{"tg", "tg://resolve?domain=usher_bot&start=a-b_1", "/start a-b_1 [bot_command 0 6]"},
		{"too long", "https://t.me/usher_bot?start=a" + long, ""},
		{"bad characters", "https://t.me/usher_bot?start=a.b", ""},
		{"another bot", "https://t.me/other_bot?start=a", ""},
		{"elsewhere", "https://a.example/usher_bot?start=a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, telegramtest.Options{}, func(b bot) {
				b.say(b.meet("alice", "#general"), "There", "reply_markup", one(`"url":"`+c.url+`"`))
				seen := b.newest("bob", "#general")
				if c.want == "" {
					if b.srv.Follow("bob", seen, "B") == nil || b.srv.Press("bob", seen, "") == nil {
						t.Error("got nil, want an error")
					}
					b.none()
					return
				}
				if !seen.Controls[0].Leads {
					t.Error("got a link that does not lead to the direct chat, want one that does")
				}
				for _, follow := range []func(string, coretest.Seen, string) error{b.srv.Follow, b.srv.Press} {
					try(t, follow("bob", seen, "B"))
					got := b.next().Message
					if marked(got) != c.want || got.Chat.Type != "private" || got.Chat.ID != got.From.ID {
						t.Errorf("got %s, want %s in private", asJSON(got), c.want)
					}
					b.say(got.Chat.ID, "Hi")
				}
			})
		})
	}
}

// The answer to a press may lead into the direct chat.
func TestAnswerWithLink(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.say(b.meet("alice", "#general"), "There", "reply_markup", one(`"callback_data":"x"`))
		b.srv.Forge("bob", "#general", "x")
		q := b.next().CallbackQuery.ID
		b.refused("answerCallbackQuery", params{"callback_query_id": q, "url": "https://a.example"}, 400, "Bad Request: URL_INVALID")
		b.ask("answerCallbackQuery", params{"callback_query_id": q, "url": "https://t.me/usher_bot?start=x"}, nil)
		if got := b.next().Message; got.Text != "/start x" || got.From.FirstName != "bob" {
			t.Errorf("got %s, want bob's start", asJSON(got))
		}
	})
}
