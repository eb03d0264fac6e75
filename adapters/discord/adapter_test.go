package discord

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
)

// journal is a log that is read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// running is an adapter on a Discord in memory, with all that it has heard.
type running struct {
	*Adapter
	srv   *discordtest.Server
	log   *journal
	stop  context.CancelFunc
	ended chan error

	mu    sync.Mutex
	heard []core.Event
}

// commands are those that people can choose.
var commands = []core.Command{
	{Name: "open", Summary: "Answers for all"},
	{Name: "ping", Summary: "Answers"},
	{Name: "secret", Summary: "Answers the asker alone", Private: true},
	{Name: "whoami", Summary: "Needs a login", Needs: core.Login("demo")},
}

// start runs an adapter. do is what is made of an event, once it is safe.
func start(t *testing.T, srv *discordtest.Server, change func(*Config), do func(core.Event)) *running {
	t.Helper()
	r := &running{srv: srv, log: &journal{}, ended: make(chan error, 1)}
	c := settings(srv)
	c.Log = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if change != nil {
		change(&c)
	}
	r.Adapter = New(c)
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() {
		if err := r.Publish(ctx, commands, true); err != nil {
			r.ended <- err
			return
		}
		r.ended <- r.Run(ctx, func(ev core.Event) {
			r.mu.Lock()
			r.heard = append(r.heard, ev)
			r.mu.Unlock()
			if ev.Safe != nil {
				ev.Safe()
			}
			if do != nil {
				go do(ev)
			}
		})
	}()
	synctest.Wait()
	return r
}

// startOn runs an adapter on a Discord that sends interactions one way or the
// other.
func startOn(t *testing.T, over string, do func(core.Event)) *running {
	t.Helper()
	o := discordtest.Options{}
	if over == "http" {
		o.Net, o.InteractionsURL = pipe.New(), public+path
	}
	r := start(t, discordtest.New(t, o), nil, do)
	if over == "http" {
		serve(t, o.Net, muxOf(r.Adapter))
	}
	return r
}

// end stops the adapter, which is no error, and looks at all that it has sent.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("run: got %v, want nil", err)
	}
	checkRequests(t, r.srv)
	if failures := r.srv.Failures(); len(failures) > 0 {
		t.Errorf("got failures %q, want every interaction answered in time", failures)
	}
	if strings.Contains(r.log.String(), r.srv.Token().Reveal()) || strings.Contains(r.log.String(), "aW50ZXJhY3Rpb24") {
		t.Error("a token is in the log")
	}
}

// remembered is how much is kept of what is over.
func (r *running) remembered() int {
	r.pending.mu.Lock()
	defer r.pending.mu.Unlock()
	r.pace.mu.Lock()
	defer r.pace.mu.Unlock()
	return len(r.pending.by) + len(r.pace.gates)
}

func (r *running) events() []core.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]core.Event(nil), r.heard...)
}

// calls are the commands that were heard, by name.
func (r *running) calls() string {
	var names []string
	for _, ev := range r.events() {
		if call, ok := ev.What.(core.Call); ok {
			names = append(names, call.Name)
		}
	}
	return strings.Join(names, " ")
}

// reply answers an event in the words given.
func reply(t *testing.T, ev core.Event, m core.Message) core.Ref {
	t.Helper()
	ref, err := ev.Back.Reply(t.Context(), m)
	if err != nil {
		t.Errorf("reply: got %v, want nil", err)
	}
	return ref
}

// last is the newest message that somebody sees.
func last(srv *discordtest.Server, who, where string) coretest.Seen {
	seen := srv.Sees(who, where)
	if len(seen) == 0 {
		return coretest.Seen{}
	}
	return seen[len(seen)-1]
}

// outline is what somebody sees, message by message.
func outline(srv *discordtest.Server, who, where string) string {
	var all []string
	for _, seen := range srv.Sees(who, where) {
		text := seen.String()
		if seen.Private {
			text = "(" + text + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, " / ")
}

// TestFirstResponse: Discord gets one answer in time, whatever the handler does,
// and people see what is meant for them.
func TestFirstResponse(t *testing.T) {
	private := core.Message{Text: "For you.", Private: true}
	public := core.Message{Text: "For all."}
	tests := []struct {
		name, say string
		after     time.Duration // until the handler answers
		replies   []core.Message
		alice     string // what alice sees
		bob       string
		kinds     string // of first responses
	}{
		{"at once", "/open", 0, []core.Message{public}, "For all.", "For all.", "4"},
		{"at once and privately", "/open", 0, []core.Message{private}, "(For you.)", "", "4"},
		{"twice", "/open", 0, []core.Message{public, public}, "For all. / For all.", "For all. / For all.", "4"},
		{"first for all", "/open", 0, []core.Message{public, private}, "For all. / (For you.)", "For all.", "4"},
		{"first for one", "/open", 0, []core.Message{private, public}, "(For you.) / For all.", "For all.", "4"},
		{"late", "/open", time.Minute, []core.Message{public}, "For all.", "For all.", "5"},
		{"late and twice", "/open", time.Minute, []core.Message{public, public}, "For all. / For all.", "For all. / For all.", "5"},
		{"late and private after all", "/open", time.Minute, []core.Message{private}, "(For you.)", "", "5"},
		{"late and private", "/secret", time.Minute, []core.Message{private}, "(For you.)", "", "5"},
		{"late and public after all", "/secret", time.Minute, []core.Message{public}, "For all.", "For all.", "5"},
		{"late, with a login before", "/whoami", time.Minute, []core.Message{private, public}, "(For you.) / For all.", "For all.", "5"},
		{"too late for its token", "/open", 20 * time.Minute, []core.Message{public}, "For all.", "For all.", "5"},
	}
	for _, over := range []string{"gateway", "http"} {
		for _, tt := range tests {
			t.Run(over+"/"+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := startOn(t, over, func(ev core.Event) {
						time.Sleep(tt.after)
						for _, m := range tt.replies {
							reply(t, ev, m)
						}
					})
					began := time.Now()
					r.srv.Say("alice", "#general", tt.say)
					time.Sleep(tt.after + 5*time.Second)
					if got := outline(r.srv, "alice", "#general"); got != tt.alice && tt.after < 15*time.Minute {
						t.Errorf("alice sees %q, want %q", got, tt.alice)
					}
					if got := outline(r.srv, "bob", "#general"); got != tt.bob && tt.after < 15*time.Minute || !strings.HasSuffix(got, tt.bob) {
						t.Errorf("bob sees %q, want %q", got, tt.bob)
					}
					var kinds []string
					for _, kind := range []int{respondMessage, respondLater, respondSilence, respondUpdate} {
						for range responses(r.srv, kind) {
							kinds = append(kinds, fmt.Sprint(kind))
						}
					}
					if got := strings.Join(kinds, " "); got != tt.kinds {
						t.Errorf("got first responses %s, want %s", got, tt.kinds)
					}
					for _, put := range responses(r.srv, respondLater) {
						if private := strings.Contains(string(put.Body), `"flags":64`); private == (tt.say == "/open") || put.At.Sub(began).Round(100*time.Millisecond) != deferAfter {
							t.Errorf("got it deferred after %v, private %v, want it after %v", put.At.Sub(began), private, deferAfter)
						}
					}
					r.end(t)
				})
			})
		}
	}
}

// A quick answer over HTTP costs no request; one that is to be found again does.
func TestInlineAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refs := make(chan core.Ref, 1)
		m := core.Message{Text: "Pong!"}
		r := startOn(t, "http", func(ev core.Event) { refs <- reply(t, ev, m) })
		before := len(r.srv.Requests())
		r.srv.Say("alice", "#general", "/ping")
		<-refs
		time.Sleep(time.Second)
		after := r.srv.Requests()[before:]
		if len(after) != 1 || !after[0].Inline {
			t.Errorf("got requests %v, want one answer inside the response", after)
		}
		m.Rows = [][]core.Control{{pressable("Go", core.Plain, "tok")}}
		r.srv.Say("alice", "#general", "/ping")
		ref := <-refs
		if l := locate(ref); l.token != "" || !ref.Until.IsZero() {
			t.Error("got a Ref that needs the interaction, want one of the message")
		}
		time.Sleep(30 * time.Minute)
		if err := r.Edit(t.Context(), ref, core.Message{Text: "Later."}); err != nil {
			t.Errorf("edit: got %v, want nil", err)
		}
		r.end(t)
	})
}

// What was pressed can be changed by what the press allows, whoever does it.
func TestPresses(t *testing.T) {
	tests := []struct {
		name string
		do   func(r *running, t *testing.T, ev core.Event) error
		want string // what alice sees in the end
	}{
		{"nothing", func(*running, *testing.T, core.Event) error { return nil }, "(Go? [Go])"},
		{"an update", func(_ *running, t *testing.T, ev core.Event) error {
			return ev.Back.Update(t.Context(), core.Message{Text: "Gone."})
		}, "(Gone.)"},
		{"a late update", func(_ *running, t *testing.T, ev core.Event) error {
			time.Sleep(10 * time.Second)
			return ev.Back.Update(t.Context(), core.Message{Text: "Gone."})
		}, "(Gone.)"},
		{"an edit", func(r *running, t *testing.T, ev core.Event) error {
			return r.Edit(t.Context(), ev.On, core.Message{Text: "Gone."})
		}, "(Gone.)"},
		{"a late edit", func(r *running, t *testing.T, ev core.Event) error {
			time.Sleep(14 * time.Minute)
			return r.Edit(t.Context(), ev.On, core.Message{Text: "Gone."})
		}, "(Gone.)"},
		{"two edits", func(r *running, t *testing.T, ev core.Event) error {
			if err := r.Edit(t.Context(), ev.On, core.Message{Text: "Going."}); err != nil {
				return err
			}
			return r.Edit(t.Context(), ev.On, core.Message{Text: "Gone."})
		}, "(Gone.)"},
		{"a reply and an update", func(_ *running, t *testing.T, ev core.Event) error {
			reply(t, ev, core.Message{Text: "Going.", Private: true})
			return ev.Back.Update(t.Context(), core.Message{Text: "Gone."})
		}, "(Gone.) / (Going.)"},
		{"an update and a reply for all", func(_ *running, t *testing.T, ev core.Event) error {
			err := ev.Back.Update(t.Context(), core.Message{Text: "Gone."})
			reply(t, ev, core.Message{Text: "Alice went."})
			return err
		}, "(Gone.) / Alice went."},
	}
	for _, over := range []string{"gateway", "http"} {
		for _, tt := range tests {
			t.Run(over+"/"+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var r *running
					r = startOn(t, over, func(ev core.Event) {
						if _, is := ev.What.(core.Press); is {
							if err := tt.do(r, t, ev); err != nil {
								t.Errorf("got %v, want nil", err)
							}
							return
						}
						reply(t, ev, core.Message{Text: "Go?", Private: true, Rows: [][]core.Control{{pressable("Go", core.Plain, "tok")}}})
					})
					r.srv.Say("alice", "#general", "/secret")
					time.Sleep(14 * time.Minute) // the command's own token is about to end
					if err := r.srv.Press("alice", last(r.srv, "alice", "#general"), "Go"); err != nil {
						t.Fatal(err)
					}
					time.Sleep(15 * time.Minute)
					if got := outline(r.srv, "alice", "#general"); got != tt.want {
						t.Errorf("alice sees %q, want %q", got, tt.want)
					}
					if n := r.remembered(); n != 0 {
						t.Errorf("got %d things remembered, want none", n)
					}
					r.end(t)
				})
			})
		}
	}
}

func TestForms(t *testing.T) {
	form := core.Form{Title: "Order", Do: core.Action{}.WithToken("form-1"), Inputs: []core.Input{{Name: "kind", Label: "Kind"}}}
	for _, over := range []string{"gateway", "http"} {
		t.Run(over, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				errs := make(chan error, 10)
				r := startOn(t, over, func(ev core.Event) {
					if sent, is := ev.What.(core.Submit); is {
						errs <- ev.Back.Ask(t.Context(), form)
						time.Sleep(5 * time.Second)
						reply(t, ev, core.Message{Text: "Ordered " + "*it*."})
						if sent.Values["kind"] != "Funghi" {
							t.Errorf("got %q, want what was filled in", sent.Values)
						}
						return
					}
					errs <- ev.Back.Ask(t.Context(), form)
					errs <- ev.Back.Ask(t.Context(), form)
				})
				r.srv.Say("alice", "#general", "/ping")
				if first, second := <-errs, <-errs; first != nil || !errors.Is(second, core.ErrTooLate) {
					t.Errorf("got %v and %v, want the second form to be too late", first, second)
				}
				time.Sleep(time.Second)
				if err := r.srv.Fill("alice", last(r.srv, "alice", "#general"), map[string]string{"Kind": "Funghi"}); err != nil {
					t.Fatal(err)
				}
				if err := <-errs; !errors.Is(err, core.ErrTooLate) {
					t.Errorf("a form to a form: got %v, want core.ErrTooLate", err)
				}
				time.Sleep(10 * time.Second)
				if got := outline(r.srv, "bob", "#general"); got != "Ordered it." {
					t.Errorf("bob sees %q, want the answer to the form", got)
				}
				r.end(t)
			})
		})
	}
}

// Nobody but who is mentioned by markup is notified, and no link is fetched.
func TestNobodyIsNotified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startOn(t, "gateway", func(ev core.Event) { reply(t, ev, core.Message{Text: "@everyone <@&1> https://example.com"}) })
		r.srv.Say("alice", "#general", "/ping")
		time.Sleep(time.Second)
		if got := r.srv.Last("#general"); len(got.Pings) > 0 || got.Previews {
			t.Errorf("got %q notified, previews %v, want neither", got.Pings, got.Previews)
		}
		r.end(t)
	})
}

func TestDirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := discordtest.New(t, discordtest.Options{NoDMs: true})
		r := start(t, srv, nil, func(ev core.Event) { reply(t, ev, core.Message{Text: "Pong!"}) })
		srv.Say("alice", "#general", "/ping")
		time.Sleep(time.Second)
		who := r.events()[0].From
		send := func(want error) {
			t.Helper()
			chat, err := r.Direct(t.Context(), who, "ignored")
			if err != nil || !chat.Direct {
				t.Fatalf("got %v, %v, want a direct chat", chat, err)
			}
			if _, err := r.Send(t.Context(), chat, core.Message{Text: "Psst."}); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		send(core.ErrForbidden)
		srv.Open("alice")
		send(nil)
		srv.Block("alice")
		send(core.ErrForbidden)
		_, err := r.Direct(t.Context(), core.User{Platform: platform, ID: "1"}, "")
		if cannot, ok := errors.AsType[*core.CannotDM](err); !ok || cannot.Link != "" {
			t.Errorf("nobody: got %v, want *core.CannotDM", err)
		}
		r.end(t)
	})
}

// What a mention says privately goes to the direct chat.
func TestPrivateAnswerToWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startOn(t, "gateway", func(ev core.Event) {
			reply(t, ev, core.Message{Text: "For you.", Private: true})
			if err := ev.Back.Ask(t.Context(), core.Form{}); !errors.Is(err, core.ErrTooLate) {
				t.Errorf("ask: got %v, want core.ErrTooLate", err)
			}
		})
		r.srv.Say("alice", "#general", "@usher hello")
		time.Sleep(time.Second)
		if in, alone := outline(r.srv, "alice", "#general"), outline(r.srv, "alice", coretest.Direct); in != "" || alone != "For you." {
			t.Errorf("alice sees %q and alone %q, want it alone", in, alone)
		}
		r.end(t)
	})
}

func TestSendIsNeverPrivate(t *testing.T) {
	a := New(Config{Token: testToken})
	if _, err := a.Send(t.Context(), hall, core.Message{Text: "x", Private: true}); err == nil {
		t.Error("got nil, want an error: all would see it")
	}
}
