package telegram

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
)

// running is an adapter on a Telegram in memory.
type running struct {
	*Adapter
	*adaptertest.Running
	srv *telegramtest.Server
}

// start runs an adapter. do is what is made of an event; nil: it is safe at once.
func start(t *testing.T, srv *telegramtest.Server, change func(*Config), do func(core.Event)) *running {
	t.Helper()
	r := &running{srv: srv}
	r.Running = adaptertest.Start(t, func(log *slog.Logger) core.Adapter {
		c := Config{Token: srv.Token(), APIBase: srv.URL(), HTTP: srv.Client(), Log: log}
		if change != nil {
			change(&c)
		}
		r.Adapter = New(c)
		return r.Adapter
	}, nil, do)
	return r
}

// end stops the adapter, which is no error, and looks at all that it has sent.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.End(t, r.srv.Token().Reveal())
	checkRequests(t, r.srv)
}

func TestPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		a := New(Config{Token: srv.Token(), APIBase: srv.URL(), HTTP: srv.Client()})
		if err := a.soon(t.Context(), "setMyCommands", params{"scope": `{"type":"all_group_chats"}`, "commands": `[{"command":"old","description":"Of another bot"}]`}, nil); err != nil {
			t.Fatal(err)
		}
		cmds := []core.Command{{Name: "login", Summary: "Sign in"}, {Name: "ping", Summary: "Is anybody there?"}}
		publish := func(write bool) {
			t.Helper()
			if err := a.Publish(t.Context(), cmds, write); err != nil {
				t.Fatal(err)
			}
		}
		written := func() int { return len(srv.Requests("setMyCommands", "deleteMyCommands")) - 1 }
		publish(false)
		if got := written(); got != 0 {
			t.Errorf("got %d lists written by a bot that must not, want none", got)
		}
		publish(true)
		if got := srv.Commands("default"); len(got) != 2 || got[0].Name != "login" || got[1].Summary != "Is anybody there?" {
			t.Errorf("got %v, want both commands", got)
		}
		if got := srv.Commands("all_group_chats"); len(got) != 0 {
			t.Errorf("got %v in groups, want what is there for everybody", got)
		}
		if got := written(); got != 2 {
			t.Errorf("got %d lists written, want the two that differed", got)
		}
		publish(true)
		if got := written(); got != 2 {
			t.Errorf("got %d lists written in the end, want no more", got)
		}
		checkRequests(t, srv)
	})
}

// A menu that Telegram does not take keeps no bot from starting.
func TestPublishRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		a := New(Config{Token: srv.Token(), APIBase: srv.URL(), HTTP: srv.Client(), Log: slog.New(slog.DiscardHandler)})
		if err := a.Publish(t.Context(), []core.Command{{Name: "Ping", Summary: "In capitals"}}, true); err != nil {
			t.Errorf("got %v, want nil", err)
		}
	})
}

func TestDirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		r := start(t, srv, nil, nil)
		srv.Say("alice", "#general", "/ping")
		time.Sleep(time.Second)
		who := r.Events()[0].From
		direct := func(start, link string) {
			t.Helper()
			chat, err := r.Direct(t.Context(), who, start)
			cannot, is := errors.AsType[*core.CannotDM](err)
			if link != "" && (!is || cannot.Link != link) || link == "" && (err != nil || !chat.Direct || chat.ID != who.ID) {
				t.Errorf("got %v, %v, want %q", chat, err, link)
			}
		}
		direct("tok_EN-1", "https://t.me/usher_bot?start=tok_EN-1")
		direct("", "https://t.me/usher_bot")
		srv.Open("alice")
		direct("tok_EN-1", "")
		srv.Block("alice")
		direct("tok_EN-1", "https://t.me/usher_bot?start=tok_EN-1")
		r.end(t)
	})
}

// A press is answered once: at once where there is something to see, as an alert
// where that is for one person, and else when nobody waits any more.
func TestPressesAreAnswered(t *testing.T) {
	tests := []struct {
		name  string
		do    func(t *testing.T, ev core.Event) error
		after time.Duration
		text  string
	}{
		{"by nothing", func(*testing.T, core.Event) error { return nil }, ackAfter, ""},
		{"by a reply", func(t *testing.T, ev core.Event) error {
			adaptertest.Reply(t, ev, core.Message{Text: "Hi."})
			return nil
		}, 0, ""},
		{"by an update", func(t *testing.T, ev core.Event) error {
			return ev.Back.Update(t.Context(), core.Message{Text: "New."})
		}, 0, ""},
		{"by an alert", func(t *testing.T, ev core.Event) error {
			adaptertest.Reply(t, ev, core.Message{Text: "Not *you*.", Private: true})
			if _, err := ev.Back.Reply(t.Context(), core.Message{Text: "Again.", Private: true}); !errors.Is(err, core.ErrTooLate) {
				t.Errorf("a second alert: got %v, want core.ErrTooLate", err)
			}
			return nil
		}, 0, "Not you."},
		{"by an alert too late", func(t *testing.T, ev core.Event) error {
			time.Sleep(3 * time.Second)
			if _, err := ev.Back.Reply(t.Context(), core.Message{Text: "Hm.", Private: true}); !errors.Is(err, core.ErrTooLate) {
				t.Errorf("got %v, want core.ErrTooLate", err)
			}
			return nil
		}, ackAfter, ""},
		{"by a form, which there is not", func(t *testing.T, ev core.Event) error {
			if err := ev.Back.Ask(t.Context(), core.Form{}); !errors.Is(err, core.ErrTooLate) {
				t.Errorf("got %v, want core.ErrTooLate", err)
			}
			return nil
		}, ackAfter, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := telegramtest.New(t, telegramtest.Options{})
				r := start(t, srv, nil, func(ev core.Event) {
					ev.Safe()
					if _, is := ev.What.(core.Press); is {
						go func() {
							if err := tt.do(t, ev); err != nil {
								t.Errorf("got %v, want nil", err)
							}
						}()
						return
					}
					go adaptertest.Reply(t, ev, core.Message{Text: "Go?", Rows: [][]core.Control{{adaptertest.Pressable("Go", core.Plain, "tok")}}})
				})
				srv.Say("alice", "#general", "/go")
				time.Sleep(time.Second)
				began := time.Now()
				if err := srv.Press("alice", adaptertest.Last(srv, "alice", "#general"), "Go"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second)
				answers := srv.Requests("answerCallbackQuery")
				if len(answers) != 1 || answers[0].At.Sub(began).Truncate(100*time.Millisecond) != tt.after || answers[0].Params.Get("text") != tt.text {
					t.Errorf("got %d answers, want one after %v that says %q", len(answers), tt.after, tt.text)
				}
				r.end(t)
			})
		})
	}
}

func TestRepliesInGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		srv.Topic("#general/help")
		r := start(t, srv, nil, func(ev core.Event) {
			ev.Safe()
			go adaptertest.Reply(t, ev, core.Message{Text: "Pong!"})
		})
		for _, where := range []string{"#general/help", "#other", coretest.Direct} {
			srv.Say("alice", where, "/ping")
			time.Sleep(time.Second)
			if got := adaptertest.Last(srv, "alice", where).Text; got != "Pong!" {
				t.Errorf("%s: got %q, want the answer there", where, got)
			}
		}
		for i, isReply := range []bool{true, true, false} {
			if got := srv.Requests("sendMessage")[i].Params.Has("reply_parameters"); got != isReply {
				t.Errorf("message %d: got a reply %v, want %v", i, got, isReply)
			}
		}
		r.end(t)
	})
}

// A group that becomes a supergroup is followed, whoever notices first.
func TestMigration(t *testing.T) {
	for _, connected := range []bool{true, false} {
		t.Run(fmt.Sprintf("connected %v", connected), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := telegramtest.New(t, telegramtest.Options{})
				srv.BasicGroup("#general")
				r := start(t, srv, nil, nil)
				srv.Say("alice", "#general", "/ping")
				time.Sleep(time.Second)
				chat := r.Events()[0].Chat
				if !connected {
					r.end(t)
				}
				srv.Migrate("#general")
				time.Sleep(time.Second)
				ref, err := r.Send(t.Context(), chat, core.Message{Text: "Still here."})
				if err != nil || ref.Chat.ID == chat.ID {
					t.Fatalf("got %v in %v, want a message in the supergroup", err, ref.Chat)
				}
				if err := r.Edit(t.Context(), ref, core.Message{Text: "And here."}); err != nil {
					t.Errorf("edit: got %v, want nil", err)
				}
				if got := adaptertest.Last(srv, "alice", "#general").Text; got != "And here." {
					t.Errorf("got %q, want the new message", got)
				}
				if connected {
					r.end(t)
				}
			})
		})
	}
}

func TestSendIsNeverPrivate(t *testing.T) {
	a := New(Config{Token: testToken})
	if _, err := a.Send(t.Context(), hall, core.Message{Text: "x", Private: true}); err == nil {
		t.Error("got nil, want an error: all would see it")
	}
}

// A message that Telegram has taken is not sent again, nor is it taken for lost.
func TestAnswerThatCannotBeRead(t *testing.T) {
	for _, body := range []string{`{"ok":true,"resu`, `{"ok":true,"result":7}`} {
		synctest.Test(t, func(t *testing.T) {
			srv := telegramtest.New(t, telegramtest.Options{})
			srv.Open("alice")
			r := start(t, srv, nil, nil)
			srv.Say("alice", coretest.Direct, "/ping")
			time.Sleep(time.Second)
			srv.Break("sendMessage", stand.Custom(200, "application/json", body))
			_, err := r.Send(t.Context(), r.Events()[0].Chat, core.Message{Text: "Pong!"})
			if !errors.Is(err, core.ErrUnsure) || len(srv.Requests("sendMessage")) != 1 {
				t.Errorf("%q: got %v after %d requests, want core.ErrUnsure after one", body, err, len(srv.Requests("sendMessage")))
			}
			r.end(t)
		})
	}
}

// What is no answer of Telegram's at all is tried again.
func TestAnswerOfSomebodyElse(t *testing.T) {
	for _, body := range []string{`<html>`, ``, `ok`} {
		synctest.Test(t, func(t *testing.T) {
			srv := telegramtest.New(t, telegramtest.Options{})
			srv.Open("alice")
			r := start(t, srv, nil, nil)
			srv.Break("sendMessage", stand.Custom(200, "text/html", body))
			if _, err := r.Send(t.Context(), core.Chat{Platform: platform, ID: personID(t, r)}, core.Message{Text: "Pong!"}); err != nil {
				t.Errorf("%q: got %v, want the message at the second try", body, err)
			}
			r.end(t)
		})
	}
}

// personID is alice's, once she has said something.
func personID(t *testing.T, r *running) string {
	t.Helper()
	r.srv.Say("alice", coretest.Direct, "/ping")
	time.Sleep(time.Second)
	return r.Events()[0].From.ID
}

// A press is answered in spite of an outage, and one on what is no message too.
func TestPressesAreAnsweredInTheEnd(t *testing.T) {
	for name, fault := range map[string]stand.Fault{
		"an internal error": stand.HTML(502), "a dropped connection": stand.Drop(), "too many": telegramtest.TooMany(time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := telegramtest.New(t, telegramtest.Options{})
				r := start(t, srv, nil, func(ev core.Event) {
					ev.Safe()
					if _, is := ev.What.(core.Call); is {
						go adaptertest.Reply(t, ev, core.Message{Text: "Go?", Rows: [][]core.Control{{adaptertest.Pressable("Go", core.Plain, "tok")}}})
					}
				})
				srv.Say("alice", coretest.Direct, "/go")
				time.Sleep(time.Second)
				srv.Break("answerCallbackQuery", fault)
				if err := srv.Press("alice", adaptertest.Last(srv, "alice", coretest.Direct), "Go"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second)
				answers := srv.Requests("answerCallbackQuery")
				if len(answers) != 2 || answers[1].Status != http.StatusOK {
					t.Errorf("got %d answers, want a second that is taken", len(answers))
				}
				r.end(t)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		a := through(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.Path[strings.LastIndex(r.URL.Path, "/"):])
			return adaptertest.Says(200, `{"ok":true,"result":true}`)(r)
		})
		a.self.Store(&me)
		u, err := parse([]byte(`{"update_id":7,"callback_query":{"id":"q","from":{"id":7},"inline_message_id":"x","data":"tok"}}`))
		if err != nil {
			t.Fatal(err)
		}
		safe := false
		a.receive(u, true, func() { safe = true })
		time.Sleep(ackAfter)
		synctest.Wait()
		if !safe || len(asked) != 1 || asked[0] != "/answerCallbackQuery" {
			t.Errorf("got %v, safe %v, want an answer to a press on no message", asked, safe)
		}
	})
}

// An alert that Telegram wants later is shown later.
func TestAlertWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		r := start(t, srv, nil, nil)
		srv.Say("alice", "#general", "/ping")
		time.Sleep(time.Second)
		adaptertest.Reply(t, r.Events()[0], core.Message{Text: "Go?", Rows: [][]core.Control{{adaptertest.Pressable("Go", core.Plain, "tok")}}})
		if err := srv.Press("alice", adaptertest.Last(srv, "alice", "#general"), "Go"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		press := r.Events()[1]
		srv.Break("answerCallbackQuery", telegramtest.TooMany(time.Second))
		_, err := press.Back.Reply(t.Context(), core.Message{Text: "Psst", Private: true})
		if slow, is := errors.AsType[*core.Slow](err); !is || slow.After != time.Second {
			t.Fatalf("got %v, want *core.Slow of a second", err)
		}
		time.Sleep(time.Second)
		if _, err := press.Back.Reply(t.Context(), core.Message{Text: "Psst", Private: true}); err != nil {
			t.Errorf("got %v, want the alert shown", err)
		}
		if got := adaptertest.Last(srv, "alice", "#general"); got.Text != "Psst" || srv.Unanswered() != 0 {
			t.Errorf("alice sees %q, want the alert", got.Text)
		}
		r.end(t)
	})
}

// What answers a press is no way to change a message that somebody replies to.
func TestUpdateNeedsAPress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		r := start(t, srv, nil, nil)
		srv.Say("alice", coretest.Direct, "/ping")
		time.Sleep(time.Second)
		adaptertest.Reply(t, r.Events()[0], core.Message{Text: "Pong!"})
		if err := srv.Reply("alice", adaptertest.Last(srv, "alice", coretest.Direct), "What?"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		said := r.Events()[1]
		if err := said.Back.Update(t.Context(), core.Message{Text: "Changed."}); said.On.Token == "" || !errors.Is(err, core.ErrGone) {
			t.Errorf("got %v, want core.ErrGone", err)
		}
		r.end(t)
	})
}

// A menu that cannot be published for long keeps no bot from running.
func TestMenuIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		srv.Break("setMyCommands", slices.Repeat([]stand.Fault{stand.HTML(502)}, 1000)...)
		a := New(Config{Token: srv.Token(), APIBase: srv.URL(), HTTP: srv.Client(), Log: slog.New(slog.DiscardHandler)})
		began := time.Now()
		err := a.Publish(t.Context(), []core.Command{{Name: "ping", Summary: "Is anybody there?"}}, true)
		if err != nil || time.Since(began) > 10*time.Second {
			t.Errorf("got %v after %v, want nil after a few tries", err, time.Since(began))
		}
	})
}
