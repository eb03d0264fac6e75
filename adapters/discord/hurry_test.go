package discord

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// callbacks is the route of first responses.
const callbacks = "POST /interactions/{interaction_id}/{interaction_token}/callback"

// A handler may end without a word: then nobody is left waiting for one.
func TestNoAnswer(t *testing.T) {
	for _, over := range []string{"gateway", "http"} {
		for _, takes := range []time.Duration{0, 5 * time.Second, 20 * time.Minute} {
			for _, say := range []string{"/open", "/secret"} {
				t.Run(over+say+" after "+takes.String(), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						r := startOn(t, over, func(ev core.Event) {
							time.Sleep(takes)
							ev.Done(false)
						})
						r.srv.Say("alice", "#general", say)
						time.Sleep(takes + time.Second)
						if got := outline(r.srv, "alice", "#general"); got != "" || r.srv.Unanswered() != 0 {
							t.Errorf("alice sees %q and %d unanswered, want nothing", got, r.srv.Unanswered())
						}
						if n := len(r.srv.Requests(callbacks)); n != 1 {
							t.Errorf("got %d first responses, want 1", n)
						}
						r.end(t)
					})
				})
			}
		}
	}
}

// What has come of an event already, Done takes nothing away from; and it can be
// answered afterwards.
func TestDone(t *testing.T) {
	tests := []struct {
		name string
		do   func(t *testing.T, ev core.Event)
		want string
	}{
		{"an answer", func(t *testing.T, ev core.Event) {
			reply(t, ev, core.Message{Text: "Pong!"})
			ev.Done(false)
		}, "Pong!"},
		{"a late answer", func(t *testing.T, ev core.Event) {
			time.Sleep(5 * time.Second)
			reply(t, ev, core.Message{Text: "Pong!"})
			ev.Done(false)
		}, "Pong!"},
		{"an answer afterwards", func(t *testing.T, ev core.Event) {
			ev.Done(false)
			reply(t, ev, core.Message{Text: "Pong!"})
		}, "Pong!"},
		{"a private one afterwards", func(t *testing.T, ev core.Event) {
			time.Sleep(5 * time.Second)
			ev.Done(false)
			reply(t, ev, core.Message{Text: "Pong!", Private: true})
		}, "(Pong!)"},
	}
	for _, over := range []string{"gateway", "http"} {
		for _, tt := range tests {
			t.Run(over+"/"+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := startOn(t, over, func(ev core.Event) { tt.do(t, ev) })
					r.srv.Say("alice", "#general", "/open")
					time.Sleep(20 * time.Second)
					if got := outline(r.srv, "alice", "#general"); got != tt.want || r.srv.Unanswered() != 0 {
						t.Errorf("alice sees %q and %d unanswered, want %q", got, r.srv.Unanswered(), tt.want)
					}
					r.end(t)
				})
			})
		}
	}
}

// A form that stands for nothing is not sent for ever.
func TestUnknownForm(t *testing.T) {
	form := core.Form{Title: "Order", Do: core.Action{}.WithToken("form-1"), Inputs: []core.Input{{Name: "kind", Label: "Kind"}}}
	for _, over := range []string{"gateway", "http"} {
		synctest.Test(t, func(t *testing.T) {
			r := startOn(t, over, func(ev core.Event) {
				if _, is := ev.What.(core.Submit); !is {
					if err := ev.Back.Ask(t.Context(), form); err != nil {
						t.Errorf("ask: got %v", err)
					}
				}
				ev.Done(false)
			})
			r.srv.Say("alice", "#general", "/ping")
			time.Sleep(time.Second)
			if err := r.srv.Fill("alice", adaptertest.Last(r.srv, "alice", "#general"), map[string]string{"Kind": "Funghi"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			if got := outline(r.srv, "alice", "#general"); got != "" || r.srv.Unanswered() != 0 {
				t.Errorf("%s: alice sees %q and %d unanswered, want nothing", over, got, r.srv.Unanswered())
			}
			r.end(t)
		})
	}
}

// A repeat is left alone, whatever has become of the event so far.
func TestRepeatIsNotAnswered(t *testing.T) {
	for _, over := range []string{"gateway", "http"} {
		for _, takes := range []time.Duration{0, 10 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				var begun atomic.Bool
				r := startOn(t, over, func(ev core.Event) {
					if begun.Swap(true) {
						if over == "gateway" { // core comes to it after the event itself
							time.Sleep(takes)
						}
						ev.Done(true)
						return
					}
					time.Sleep(takes)
					reply(t, ev, core.Message{Text: "Pong!"})
					ev.Done(false)
				})
				r.srv.Say("alice", coretest.Direct, "/ping")
				time.Sleep(500 * time.Millisecond)
				r.srv.Repeat()
				time.Sleep(20 * time.Second)
				if got := outline(r.srv, "alice", coretest.Direct); got != "Pong!" || len(r.Events()) != 2 {
					t.Errorf("%s: alice sees %q after %d events, want one answer to two", over, got, len(r.Events()))
				}
				if n := len(r.srv.Requests(callbacks)); n != 1 {
					t.Errorf("%s: got %d first responses, want 1", over, n)
				}
				r.end(t)
			})
		}
	}
	// Another process has answered, and this one does not know.
	synctest.Test(t, func(t *testing.T) {
		var begun atomic.Bool
		r := startOn(t, "gateway", func(ev core.Event) {
			if !begun.Swap(true) {
				reply(t, ev, core.Message{Text: "Pong!"})
			}
			ev.Done(false)
		})
		r.srv.Say("alice", coretest.Direct, "/ping")
		time.Sleep(5 * time.Second)
		r.srv.Repeat()
		time.Sleep(20 * time.Second)
		if got := outline(r.srv, "alice", coretest.Direct); got != "Pong!" {
			t.Errorf("alice sees %q, want the answer to stay", got)
		}
		r.end(t)
	})
}

// A first response that Discord wants later than it takes one is not waited for.
func TestNoTimeForTheFirstResponse(t *testing.T) {
	tests := []struct {
		name  string
		after time.Duration // how long Discord wants to be left alone
		takes time.Duration // until the handler answers
		most  time.Duration // until alice has the answer
	}{
		{"in time", time.Second, 0, 1500 * time.Millisecond},
		{"too late", 5 * time.Second, 0, 500 * time.Millisecond},
		{"deferral in time", time.Second, 2 * time.Second, 3 * time.Second},
		{"deferral too late", 5 * time.Second, 2 * time.Second, 3 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var spent atomic.Int64
				r := startOn(t, "gateway", func(ev core.Event) {
					begun := time.Now()
					time.Sleep(tt.takes)
					reply(t, ev, core.Message{Text: "Pong!"})
					spent.Store(int64(time.Since(begun)))
				})
				r.srv.Break(callbacks, discordtest.TooMany(tt.after))
				r.srv.Say("alice", "#general", "/ping")
				time.Sleep(20 * time.Second)
				took := time.Duration(spent.Load())
				if got := outline(r.srv, "alice", "#general"); got != "Pong!" || took > tt.most {
					t.Errorf("alice sees %q after %v, want the answer after at most %v", got, took, tt.most)
				}
				r.Stop()
				<-r.Ended
			})
		})
	}
}
