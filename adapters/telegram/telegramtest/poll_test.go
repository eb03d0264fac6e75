package telegramtest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core/coretest"
)

func texts(updates []tgbotapi.Update) string {
	out := ""
	for _, u := range updates {
		switch {
		case u.Message != nil:
			out += u.Message.Text
		case u.EditedMessage != nil:
			out += "~" + u.EditedMessage.Text
		case u.CallbackQuery != nil:
			out += "!" + u.CallbackQuery.Data
		default:
			out += "?"
		}
	}
	return out
}

func (b bot) wantUpdates(p params, want string) []tgbotapi.Update {
	b.Helper()
	got := b.updates(p)
	if texts(got) != want {
		b.Errorf("getUpdates %v: got %q, want %q", p, texts(got), want)
	}
	return got
}

func (b bot) talk(words ...string) {
	for _, w := range words {
		b.srv.Say("alice", coretest.Direct, w)
	}
}

func TestOffset(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.talk("a", "b", "c", "d", "e")
		first := b.wantUpdates(nil, "abcde")[0].UpdateID
		b.wantUpdates(params{"limit": "2"}, "ab")
		b.wantUpdates(params{"offset": fmt.Sprint(first)}, "abcde")
		b.wantUpdates(params{"offset": fmt.Sprint(first + 2), "limit": "0"}, "cde")
		b.wantUpdates(params{"offset": fmt.Sprint(first)}, "cde") // what is confirmed is gone
		b.wantUpdates(params{"offset": "-2"}, "de")
		b.wantUpdates(nil, "de")
		if got := b.srv.Pending(); got != 2 {
			t.Errorf("got %d pending, want 2", got)
		}
		b.wantUpdates(params{"offset": fmt.Sprint(first + 5)}, "")
		b.none()
		if got := b.srv.Polls(); got != 8 {
			t.Errorf("got %d polls, want 8", got)
		}
		b.talk("f")
		if got := b.wantUpdates(nil, "f")[0].UpdateID; got != first+5 {
			t.Errorf("got update %d, want %d", got, first+5)
		}
	})
}

func TestLongPoll(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		for _, c := range []struct {
			timeout string
			want    time.Duration
		}{{"7", 7 * time.Second}, {"500", 50 * time.Second}, {"0", 0}, {"-1", 0}, {"", 0}} {
			began := time.Now()
			b.wantUpdates(params{"timeout": c.timeout}, "")
			if took := time.Since(began); took != c.want {
				t.Errorf("timeout %q: took %v, want %v", c.timeout, took, c.want)
			}
		}
		began := time.Now()
		time.AfterFunc(3*time.Second, func() { b.talk("a") })
		b.wantUpdates(params{"timeout": "50"}, "a")
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %v, want 3s", took)
		}
	})
}

// The first of two pollers is ended, the second at once when it is no better.
func TestTwoPollers(t *testing.T) {
	const why = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
	bubble(t, telegramtest.Options{}, func(b bot) {
		ended := make(chan time.Time, 2)
		poll := func() {
			b.refused("getUpdates", params{"timeout": "50"}, 409, why)
			ended <- time.Now()
		}
		began := time.Now()
		go poll()
		synctest.Wait()
		go poll()
		synctest.Wait()
		if took := (<-ended).Sub(began); took != 0 {
			t.Errorf("first ended after %v, want at once", took)
		}
		time.AfterFunc(time.Second, func() { b.talk("a") })
		b.wantUpdates(params{"timeout": "50"}, "a")
		if took := (<-ended).Sub(began); took != 3*time.Second {
			t.Errorf("second ended after %v, want three seconds, as conflicts are told", took)
		}
	})
}

// A poller that has gone away is in nobody's way.
func TestGonePoller(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		go b.api.MakeRequest("getUpdates", params{"timeout": "50"})
		synctest.Wait()
		b.srv.Cut()
		synctest.Wait()
		b.talk("a")
		b.wantUpdates(params{"timeout": "50"}, "a")
	})
}

func TestAllowedUpdates(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.srv.Open("alice")
		happen := func() {
			b.srv.Say("alice", coretest.Direct, "a")
			b.srv.Edit("alice", coretest.Direct, "b")
			b.srv.Block("alice")
			b.srv.Unblock("alice")
		}
		happen()
		b.wantUpdates(nil, "a~b??")
		b.wantUpdates(params{"allowed_updates": `["message"]`}, "a~b??") // counts from now on
		happen()
		b.wantUpdates(params{"offset": "-5"}, "a~b??a")
		b.wantUpdates(params{"offset": "-1"}, "a")
		happen() // without the parameter it stays as it was
		b.wantUpdates(nil, "aa")
		b.wantUpdates(params{"offset": "-1", "allowed_updates": `[]`}, "a")
		happen()
		b.wantUpdates(nil, "aa~b??")
		b.refused("getUpdates", params{"allowed_updates": "message"}, 400, "Bad Request: can't parse allowed updates JSON object")
	})
}

func TestUpdatesExpire(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", coretest.Direct)
		b.say(chat, "Hi", "reply_markup", `{"inline_keyboard":[[{"text":"Go","callback_data":"go"}]]}`)
		try(t, b.srv.Press("alice", b.newest("alice", coretest.Direct), "Go"))
		b.talk("a")
		b.wantUpdates(nil, "!goa")
		time.Sleep(150 * time.Second)
		b.wantUpdates(nil, "!goa")
		time.Sleep(time.Second)
		b.wantUpdates(nil, "a")
		time.Sleep(24 * time.Hour)
		b.wantUpdates(nil, "")
	})
}
