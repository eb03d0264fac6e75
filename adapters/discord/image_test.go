package discord

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/markup"
)

// cats is a picture, as far as anybody looks.
var cats = &core.Image{Data: []byte("GIF89a cats"), Alt: "Two *cats*"}

// TestImageAnswers: a file follows a deferral that those see who are to see the
// answer.
func TestImageAnswers(t *testing.T) {
	public, private := core.Message{Text: "For all.", Image: cats}, core.Message{Text: "For you.", Image: cats, Private: true}
	words := core.Message{Text: "Look."}
	tests := []struct {
		name, say  string
		after      time.Duration // until the handler answers
		replies    []core.Message
		alice, bob string
		kinds      string // of first responses, and whether they are private
	}{
		{"for all", "/open", 0, []core.Message{public}, "For all. [picture]", "For all. [picture]", "5 for all"},
		{"for one", "/open", 0, []core.Message{private}, "(For you. [picture])", "", "5 for one"},
		{"for all after all", "/secret", 0, []core.Message{public}, "For all. [picture]", "For all. [picture]", "5 for all"},
		{"late", "/open", time.Minute, []core.Message{public}, "For all. [picture]", "For all. [picture]", "5 for all"},
		{"late and for one", "/open", time.Minute, []core.Message{private}, "(For you. [picture])", "", "5 for all"},
		{"late and for all", "/secret", time.Minute, []core.Message{public}, "For all. [picture]", "For all. [picture]", "5 for one"},
		{"both", "/open", 0, []core.Message{private, public}, "(For you. [picture]) / For all. [picture]", "For all. [picture]", "5 for one"},
		{"after words", "/open", 0, []core.Message{words, private}, "Look. / (For you. [picture])", "Look.", "4 for all"},
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
						ev.Done(false)
					})
					r.srv.Say("alice", "#general", tt.say)
					time.Sleep(tt.after + 5*time.Second)
					if alice, bob := outline(r.srv, "alice", "#general"), outline(r.srv, "bob", "#general"); alice != tt.alice || bob != tt.bob {
						t.Errorf("alice sees %q and bob %q, want %q and %q", alice, bob, tt.alice, tt.bob)
					}
					if got := r.firsts(); got != tt.kinds {
						t.Errorf("got first responses %q, want %q", got, tt.kinds)
					}
					r.end(t)
				})
			})
		}
	}
}

// firsts are the first responses: their kinds, and who could see them.
func (r *running) firsts() string {
	var all []string
	for kind := respondMessage; kind <= respondForm; kind++ {
		for _, one := range responses(r.srv, kind) {
			who := "for all"
			if bytes.Contains(one.Body, []byte(`"flags":64`)) {
				who = "for one"
			}
			all = append(all, fmt.Sprint(kind, " ", who))
		}
	}
	return strings.Join(all, ", ")
}

// Another process may have answered so that all can see it, which this one is told or
// not.
func TestImageAfterAnotherProcess(t *testing.T) {
	for name, deaf := range map[string][]stand.Fault{"told": nil, "not told": {stand.Hang(), stand.Hang(), stand.Hang(), stand.Hang()}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var r *running
				r = startOn(t, "gateway", func(ev core.Event) {
					in := ev.Back.(responder).in
					if err := r.call(t.Context(), request{
						does: "defer", method: http.MethodPost, path: "/interactions/" + in.id + "/" + in.token.Reveal() + "/callback",
						body: callback{Type: respondLater}, hook: true,
					}, nil); err != nil {
						t.Error(err)
					}
					r.srv.Break(callbacks, deaf...)
					reply(t, ev, core.Message{Text: "For you.", Image: cats, Private: true})
					ev.Done(false)
				})
				r.srv.Say("alice", "#general", "/open")
				time.Sleep(20 * time.Second)
				if alice, bob := outline(r.srv, "alice", "#general"), outline(r.srv, "bob", "#general"); alice != "(For you. [picture])" || bob != "" {
					t.Errorf("alice sees %q and bob %q, want it for alice alone", alice, bob)
				}
				r.end(t)
			})
		})
	}
}

// Nobody may know whether the answer was deferred: it is given all the same.
func TestImageAfterSilence(t *testing.T) {
	done := func(_ http.ResponseWriter, r *http.Request, call http.HandlerFunc) {
		call(httptest.NewRecorder(), r)
		stand.Hang()(nil, r, nil)
	}
	for name, private := range map[string]bool{"for one": true, "for all": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := startOn(t, "gateway", func(ev core.Event) {
					reply(t, ev, core.Message{Text: "Look.", Image: cats, Private: private})
					ev.Done(false)
				})
				r.srv.Break(callbacks, done, stand.Hang(), stand.Hang(), stand.Hang())
				r.srv.Say("alice", "#general", "/open")
				time.Sleep(20 * time.Second)
				alice, bob := outline(r.srv, "alice", "#general"), outline(r.srv, "bob", "#general")
				if strings.Trim(alice, "()") != "Look. [picture]" || (bob == "") != private {
					t.Errorf("alice sees %q and bob %q", alice, bob)
				}
				r.end(t)
			})
		})
	}
}

// A press changes its message even where the bot itself may see nothing.
func TestImageOnPressed(t *testing.T) {
	for _, over := range []string{"gateway", "http"} {
		for _, private := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				r := startOn(t, over, func(ev core.Event) {
					button := [][]core.Control{{adaptertest.Pressable("Go", core.Plain, "tok")}}
					if _, is := ev.What.(core.Press); !is {
						reply(t, ev, core.Message{Text: "Go?", Private: private, Rows: button})
					} else if err := ev.Back.Update(t.Context(), core.Message{Text: "Gone.", Image: cats, Rows: button}); err != nil {
						t.Errorf("got %v, want nil", err)
					}
				})
				r.srv.Say("alice", "#general", "/open")
				time.Sleep(time.Second)
				r.srv.Hide("#general")
				if err := r.srv.Press("alice", adaptertest.Last(r.srv, "alice", "#general"), "Go"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second)
				if got := outline(r.srv, "alice", "#general"); strings.Trim(got, "()") != "Gone. [picture] [Go]" {
					t.Errorf("%s, private %v: alice sees %q", over, private, got)
				}
				if n := len(responses(r.srv, respondSilence)); n != 1 {
					t.Errorf("%s: got %d first responses in silence, want 1", over, n)
				}
				r.end(t)
			})
		}
	}
}

// Where the bot may attach no files it says what they show.
func TestImageInWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startOn(t, "gateway", nil)
		chat := core.Chat{Platform: platform, ID: r.srv.Channel("alice", "#general")}
		send := func(i *core.Image, want string) core.Ref {
			t.Helper()
			ref, err := r.Send(t.Context(), chat, core.Message{Image: i})
			if got := outline(r.srv, "bob", "#general"); err != nil || got != want {
				t.Errorf("got %v, and bob sees %q, want %q", err, got, want)
			}
			return ref
		}
		ref := send(cats, "[picture]")
		r.srv.DenyFiles("#general")
		send(cats, "[picture] / Two *cats*")
		r.warned(t, chat.ID)
		if err := r.Edit(t.Context(), ref, core.Message{Text: "Look!", Image: cats}); err != nil {
			t.Error(err)
		}
		r.warned(t, chat.ID) // and only once
		r.srv.AllowFiles("#general")
		large := &core.Image{Data: append([]byte("GIF89a"), make([]byte, 11<<20)...), Alt: "Much"}
		send(large, "Look! Two *cats* / Two *cats* / Much")
		r.srv.Mute("#general")
		_, err := r.Send(t.Context(), chat, core.Message{Image: cats})
		adaptertest.Means(t, err, core.ErrForbidden, "")
		r.end(t)
	})
}

// warned wants the operator to have been told once, and of where.
func (r *running) warned(t *testing.T, where string) {
	t.Helper()
	log := r.Log.String()
	if strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "channel="+where) || !strings.Contains(log, "(50013)") {
		t.Errorf("got the log %s, want one warning, of %s", log, where)
	}
}

func TestImageInWordsOfAnswers(t *testing.T) {
	tests := []struct{ route, want string }{
		{"PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", "Ping! Two *cats* / Pong! [picture]"},
		{"POST /webhooks/{webhook_id}/{webhook_token}", "Ping! [picture] / Pong! Two *cats*"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			r := startOn(t, "gateway", func(ev core.Event) {
				reply(t, ev, core.Message{Text: "Ping!", Image: cats})
				reply(t, ev, core.Message{Text: "Pong!", Image: cats})
			})
			r.srv.Break(tt.route, stand.Custom(http.StatusForbidden, "application/json", `{"code":50013,"message":"Missing Permissions"}`))
			r.srv.Say("alice", "#general", "/ping")
			time.Sleep(time.Second)
			if got := outline(r.srv, "alice", "#general"); got != tt.want {
				t.Errorf("%s: alice sees %q, want %q", tt.route, got, tt.want)
			}
			r.warned(t, r.srv.Channel("alice", "#general"))
			r.end(t)
		})
	}
}

// What is sent again is whole, and shows once.
func TestImageAgain(t *testing.T) {
	for name, fault := range map[string]stand.Fault{"an outage": stand.HTML(502), "a connection cut": stand.Drop(), "an answer lost": stand.DropAfter()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := startOn(t, "gateway", nil)
				const create = "POST /channels/{channel_id}/messages"
				r.srv.Break(create, fault)
				chat := core.Chat{Platform: platform, ID: r.srv.Channel("alice", "#general")}
				if _, err := r.Send(t.Context(), chat, core.Message{Text: "Look", Image: cats}); err != nil {
					t.Fatal(err)
				}
				seen := r.srv.Sees("bob", "#general")
				if len(seen) != 1 || len(seen[0].Controls) != 1 || !bytes.Equal(seen[0].Controls[0].Data, cats.Data) {
					t.Errorf("bob sees %v, want the picture once", seen)
				}
				if n := len(r.srv.Requests(create)); n != 2 {
					t.Errorf("got %d requests, want 2", n)
				}
				r.end(t)
			})
		})
	}
}

func TestFileName(t *testing.T) {
	for data, want := range map[string]string{
		"\x89PNG\r\n\x1a\n": "picture.png", "\xff\xd8\xff": "picture.jpg", "GIF87a": "picture.gif", "": "picture.png",
	} {
		if got := fileName([]byte(data)); got != want {
			t.Errorf("%q: got %s, want %s", data, got, want)
		}
	}
}

func TestInWords(t *testing.T) {
	long := strings.Repeat("x", maxText-4)
	tests := []struct {
		name string
		m    core.Message
		want string
	}{
		{"below the text", core.Message{Text: "Look", Image: cats}, "Look\nTwo \\*cats\\*"},
		{"alone", core.Message{Image: cats}, "Two \\*cats\\*"},
		{"nothing to say", core.Message{Image: &core.Image{}}, "…"},
		{"beside an embed", core.Message{Embeds: []core.Embed{{Title: "x"}}, Image: &core.Image{}}, ""},
		{"as much as there is room for", core.Message{Text: markup.Plain(long), Image: cats}, long + "\nTw…"},
		{"no room", core.Message{Text: markup.Plain(long + "yyyy"), Image: cats}, long + "yyyy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := render(tt.m).inWords()
			if got.Content != tt.want || got.Attachments == nil || len(got.Attachments) > 0 || got.image != nil {
				t.Errorf("got %q and %v, want %q and no attachment", got.Content, got.Attachments, tt.want)
			}
		})
	}
}
