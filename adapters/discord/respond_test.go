package discord

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core"
)

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
		m.Rows = [][]core.Control{{adaptertest.Pressable("Go", core.Plain, "tok")}}
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
						reply(t, ev, core.Message{Text: "Go?", Private: true, Rows: [][]core.Control{{adaptertest.Pressable("Go", core.Plain, "tok")}}})
					})
					r.srv.Say("alice", "#general", "/secret")
					time.Sleep(14 * time.Minute) // the command's own token is about to end
					if err := r.srv.Press("alice", adaptertest.Last(r.srv, "alice", "#general"), "Go"); err != nil {
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
				if err := r.srv.Fill("alice", adaptertest.Last(r.srv, "alice", "#general"), map[string]string{"Kind": "Funghi"}); err != nil {
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

// An update is there before whoever gave it goes on: what is edited next comes after
// it, also where the interaction was posted to the bot.
func TestUpdateIsThere(t *testing.T) {
	for _, over := range []string{"gateway", "http"} {
		t.Run(over, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to, sees := make(chan *discordtest.Server, 1), make(chan string, 1)
				r := startOn(t, over, func(ev core.Event) {
					if _, pressed := ev.What.(core.Press); !pressed {
						reply(t, ev, core.Message{Text: "Press", Rows: [][]core.Control{{core.Button{Label: "Go", Do: core.Action{}.WithToken("go")}}}})
						return
					}
					if err := ev.Back.Update(t.Context(), core.Message{Text: "Asking"}); err != nil {
						t.Error(err)
					}
					sees <- outline(<-to, "alice", "#general")
				})
				to <- r.srv
				r.srv.Say("alice", "#general", "/open")
				time.Sleep(time.Second)
				if err := r.srv.Press("alice", adaptertest.Last(r.srv, "alice", "#general"), "Go"); err != nil {
					t.Fatal(err)
				}
				if got := <-sees; got != "Asking" {
					t.Errorf("alice sees %q when the update is done, want it", got)
				}
				r.end(t)
			})
		})
	}
}
