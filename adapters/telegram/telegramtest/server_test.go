package telegramtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
)

type params = tgbotapi.Params

// bot is a bot made of nothing but the client library.
type bot struct {
	*testing.T
	srv *telegramtest.Server
	api *tgbotapi.BotAPI
}

func newBot(t *testing.T, srv *telegramtest.Server) bot {
	api := &tgbotapi.BotAPI{Token: srv.Token().Reveal(), Client: srv.Client()}
	api.SetAPIEndpoint(srv.URL() + "/bot%s/%s")
	return bot{t, srv, api}
}

// bubble runs do with a bot in virtual time.
func bubble(t *testing.T, o telegramtest.Options, do func(b bot)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { do(newBot(t, telegramtest.New(t, o))) })
}

// ask calls a method and reads its result into out, which may be nil.
func (b bot) ask(method string, p params, out any) {
	b.Helper()
	res, err := b.api.MakeRequest(method, p)
	if err != nil {
		b.Fatalf("%s: %v", method, err)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(res.Result, out); err != nil {
		b.Fatalf("%s: %v", method, err)
	}
}

// refused calls a method and wants it refused with exactly that code and description.
func (b bot) refused(method string, p params, code int, want string) {
	b.Helper()
	res, err := b.api.MakeRequest(method, p)
	switch {
	case err == nil:
		b.Errorf("%s: got %s, want %d %s", method, res.Result, code, want)
	case res == nil || res.ErrorCode != code || res.Description != want:
		b.Errorf("%s: got %v, want %d %s", method, err, code, want)
	}
}

func (b bot) updates(p params) []tgbotapi.Update {
	b.Helper()
	var out []tgbotapi.Update
	b.ask("getUpdates", p, &out)
	return out
}

// next is the one update there is, confirmed.
func (b bot) next() tgbotapi.Update {
	b.Helper()
	out := b.updates(params{"timeout": "50"})
	if len(out) != 1 {
		b.Fatalf("got %d updates, want 1", len(out))
	}
	b.updates(params{"offset": strconv.Itoa(out[0].UpdateID + 1), "timeout": "0"})
	return out[0]
}

// none wants nothing to be pending.
func (b bot) none() {
	b.Helper()
	if got := b.srv.Pending(); got != 0 {
		b.Errorf("got %d updates, want none", got)
	}
}

func (b bot) say(chat int64, text string, more ...string) tgbotapi.Message {
	b.Helper()
	p := params{"chat_id": strconv.FormatInt(chat, 10), "text": text}
	for i := 0; i < len(more); i += 2 {
		p[more[i]] = more[i+1]
	}
	var m tgbotapi.Message
	b.ask("sendMessage", p, &m)
	return m
}

// meet lets somebody write to the bot, and returns the chat.
func (b bot) meet(who, where string) int64 {
	b.Helper()
	b.srv.Say(who, where, "/hello")
	return b.next().Message.Chat.ID
}

// sees is what somebody has before the eyes, a line each.
func (b bot) sees(who, where string) string {
	var lines []string
	for _, s := range b.srv.Sees(who, where) {
		lines = append(lines, s.String())
	}
	return strings.Join(lines, "\n")
}

func (b bot) wantSees(who, where, want string) {
	b.Helper()
	if got := b.sees(who, where); got != want {
		b.Errorf("%s in %s: got %q, want %q", who, where, got, want)
	}
}

func (b bot) newest(who, where string) coretest.Seen {
	b.Helper()
	seen := b.srv.Sees(who, where)
	if len(seen) == 0 {
		b.Fatalf("%s sees nothing in %s", who, where)
	}
	return seen[len(seen)-1]
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// The library's own way in works too.
func TestLibrary(t *testing.T) {
	bubble(t, telegramtest.Options{ReadsAll: true}, func(b bot) {
		api, err := tgbotapi.NewBotAPIWithClient(b.srv.Token().Reveal(), b.srv.URL()+"/bot%s/%s", b.srv.Client())
		if err != nil {
			t.Fatal(err)
		}
		if got := api.Self; !got.IsBot || got.UserName != "usher_bot" || !got.CanReadAllGroupMessages || !strings.HasPrefix(api.Token, id(got.ID)+":") {
			t.Errorf("got %+v, want the bot of the token", got)
		}
		b.srv.Say("alice", coretest.Direct, "/start")
		got, err := api.GetUpdates(tgbotapi.UpdateConfig{Timeout: 30})
		if err != nil || len(got) != 1 || got[0].Message.Command() != "start" {
			t.Fatalf("got %+v, %v, want a command", got, err)
		}
		msg := tgbotapi.NewMessage(got[0].Message.Chat.ID, "Hi")
		msg.ReplyToMessageID = got[0].Message.MessageID
		msg.ReplyMarkup = tgbotapi.NewInlineKeyboardMarkup(tgbotapi.NewInlineKeyboardRow(tgbotapi.NewInlineKeyboardButtonData("More", "more")))
		sent, err := api.Send(msg)
		if err != nil || sent.ReplyToMessage == nil || sent.ReplyToMessage.Text != "/start" {
			t.Fatalf("got %+v, %v, want a reply", sent, err)
		}
		b.wantSees("alice", coretest.Direct, "Hi [More]")
	})
}

func TestWrongDoors(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.refused("getMoney", nil, 404, "Not Found: method not found")
		b.ask("GETME", nil, nil)
		b.api.Token = "7000000001:wrong"
		b.refused("getMe", nil, 401, "Unauthorized")
		for _, path := range []string{"/", "/getMe", "/bot" + b.srv.Token().Reveal(), "/bot/x/y"} {
			res, err := b.srv.Client().Get(b.srv.URL() + path)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != 404 {
				t.Errorf("GET %s: got %d, want 404", path, res.StatusCode)
			}
		}
	})
}

// Parameters are the same however they come.
func TestParameters(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", coretest.Direct)
		const multipart = "multipart/form-data; boundary=x"
		for _, c := range []struct{ name, query, kind, body string }{
			{"JSON", "", "application/json; charset=utf-8", fmt.Sprintf(`{"chat_id":%d,"text":"Hi","entities":[{"type":"bold","offset":0,"length":2}]}`, chat)},
			{"a form", "", "application/x-www-form-urlencoded", fmt.Sprintf(`chat_id=%d&text=Hi&entities=[{"type":"bold","offset":0,"length":2}]`, chat)},
			{"multipart", "?text=Hi", multipart, fmt.Sprintf("--x\r\nContent-Disposition: form-data; name=chat_id\r\n\r\n%d\r\n--x\r\nContent-Disposition: form-data; name=entities\r\n\r\n"+
				`[{"type":"bold","offset":0,"length":2}]`+"\r\n--x--\r\n", chat)},
		} {
			res, err := b.srv.Client().Post(b.srv.URL()+"/bot"+b.api.Token+"/sendMessage"+c.query, c.kind, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != 200 || !strings.Contains(string(body), `"bold"`) {
				t.Errorf("%s: got %d %s, %v, want it sent in bold", c.name, res.StatusCode, body, err)
			}
		}
		got := b.srv.Requests("sendmessage")
		if len(got) != 3 || got[2].Params.Get("text") != "Hi" || got[2].Status != 200 || !got[2].At.Equal(time.Now()) {
			t.Errorf("got %v, want three that were answered", got)
		}
		for _, bad := range []string{"{", "[1]"} {
			res, err := b.srv.Client().Post(b.srv.URL()+"/bot"+b.api.Token+"/getMe", "application/json", strings.NewReader(bad))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != 400 {
				t.Errorf("%s: got %d, want 400", bad, res.StatusCode)
			}
		}
	})
}

func TestNothingSecretPrints(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.ask("getMe", params{"chat_id": "hush"}, nil)
		got := fmt.Sprintf("%v %+v %s", b.srv.Requests(), b.srv.Requests(), asJSON(b.srv.Requests())) + fmt.Sprintf("%+v %v", b.srv, b.srv.Token())
		if strings.Contains(got, "hush") || strings.Contains(got, b.srv.Token().Reveal()) {
			t.Errorf("got %s, want no values", got)
		}
		if want := "getMe chat_id 200"; !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// The playground has it on a socket, and only on this machine.
func TestSockets(t *testing.T) {
	srv := telegramtest.New(t, telegramtest.Options{Place: stand.Place{Addr: "127.0.0.1:0"}})
	b := newBot(t, srv)
	b.meet("alice", coretest.Direct)
	if _, err := telegramtest.Start(telegramtest.Options{Place: stand.Place{Addr: "0.0.0.0:0"}}); err == nil {
		t.Error("got a server for everybody, want an error")
	}
}

// Closing ends whatever is under way.
func TestClose(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		ended := make(chan error, 1)
		go func() {
			_, err := b.api.MakeRequest("getUpdates", params{"timeout": "50"})
			ended <- err
		}()
		synctest.Wait()
		if err := b.srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err == nil {
			t.Error("got an answer from a closed server")
		}
	})
}

func TestMain(m *testing.M) {
	if err := tgbotapi.SetLogger(log.New(io.Discard, "", 0)); err != nil {
		panic(err)
	}
	m.Run()
}
