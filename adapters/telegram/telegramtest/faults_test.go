package telegramtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
)

func TestFaults(t *testing.T) {
	const html = "text/html"
	for _, c := range []struct {
		name  string
		fault stand.Fault
		check func(error) bool
		sent  bool
		code  int // in Requests
	}{
		{"too many", telegramtest.TooMany(7 * time.Second), func(err error) bool {
			e, ok := errors.AsType[*tgbotapi.Error](err)
			return ok && e.Code == 429 && e.RetryAfter == 7 && e.Message == "Too Many Requests: retry after 7"
		}, false, 429},
		{"unavailable", stand.HTML(502), func(err error) bool {
			_, ok := errors.AsType[*json.SyntaxError](err)
			return ok
		}, false, 502},
		{"custom", stand.Custom(500, html, `{"ok":false,"error_code":500,"description":"Internal Server Error"}`), func(err error) bool {
			return strings.Contains(err.Error(), "Internal Server Error")
		}, false, 500},
		{"drop", stand.Drop(), func(err error) bool { return errors.Is(err, io.EOF) }, false, 0},
		{"drop after", stand.DropAfter(), func(err error) bool { return errors.Is(err, io.EOF) }, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, telegramtest.Options{}, func(b bot) {
				chat := b.meet("alice", coretest.Direct)
				b.srv.Client().CloseIdleConnections() // net/http repeats what fails on an old connection
				b.srv.Break("sendmessage", c.fault)
				if _, err := b.api.MakeRequest("sendMessage", hello(chat)); err == nil || !c.check(err) {
					t.Errorf("got %v, want the fault", err)
				}
				if sent := b.sees("alice", coretest.Direct) != ""; sent != c.sent {
					t.Errorf("sent: got %v, want %v", sent, c.sent)
				}
				if got := b.srv.Requests("sendMessage"); len(got) != 1 || got[0].Status != c.code {
					t.Errorf("got %v, want one with status %d", got, c.code)
				}
				b.say(chat, "Hello")
			})
		})
	}
}

func TestHang(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.srv.Break("", stand.Hang())
		b.updates(nil) // which no method does not mean
		ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.srv.URL()+"/bot"+b.api.Token+"/getMe", nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := b.srv.Client().Do(r); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, %v, want nothing within a minute", res, err)
		}
		b.ask("getMe", nil, nil)
	})
}

func TestBreakPolls(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.talk("a")
		b.srv.Break("getUpdates", telegramtest.TooMany(time.Second), stand.DropAfter())
		for range 2 {
			if _, err := b.api.MakeRequest("getUpdates", nil); err == nil {
				t.Error("got updates, want a fault")
			}
		}
		b.wantUpdates(nil, "a") // what was lost on the way was not confirmed
	})
}

func TestStop(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		poll := make(chan error, 1)
		go func() {
			_, err := b.api.MakeRequest("getUpdates", params{"timeout": "50"})
			poll <- err
		}()
		synctest.Wait()
		b.srv.Stop()
		if err := <-poll; !errors.Is(err, io.EOF) {
			t.Errorf("the poll: got %v, want io.EOF", err)
		}
		b.talk("a")
		if _, err := b.api.MakeRequest("getMe", nil); err == nil {
			t.Error("getMe while stopped: got an answer")
		}
		if got := b.srv.Requests("getMe"); len(got) == 0 || got[0].Status != 0 {
			t.Errorf("got %v, want the unanswered request", got)
		}
		b.srv.Resume()
		b.wantUpdates(nil, "a")
	})
}

func TestRepeat(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.talk("a")
		first := b.next()
		b.srv.Repeat()
		got := b.wantUpdates(params{"offset": id(int64(first.UpdateID) + 1), "timeout": "50"}, "a")
		if got[0].UpdateID != first.UpdateID {
			t.Errorf("got update %d, want %d again", got[0].UpdateID, first.UpdateID)
		}
		b.wantUpdates(nil, "")
	})
}

func TestShuffle(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.srv.Shuffle()
		b.talk("a")
		b.wantUpdates(nil, "a")
		b.talk("b", "c")
		b.wantUpdates(nil, "cba")
		b.wantUpdates(nil, "abc")
	})
}
