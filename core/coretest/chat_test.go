package coretest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
)

// button is a button whose token is its label.
func button(label string) core.Button {
	return core.Button{Label: label, Do: do(strings.ReplaceAll(label, " ", "-"))}
}

func do(token string) core.Action { return core.Action{}.WithToken(seal.Secret(token)) }

func say(text markup.Text, controls ...core.Control) core.Message {
	m := core.Message{Text: text}
	if len(controls) > 0 {
		m.Rows = [][]core.Control{controls}
	}
	return m
}

// connect lets on take what happens in chat, and makes it safe first, until the
// returned function is called.
func connect(t *testing.T, chat *coretest.Chat, on func(core.Event)) (hangUp func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- chat.Run(ctx, func(e core.Event) {
			e.Safe()
			on(e)
		})
	}()
	hangUp = func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run: got %v, want nil", err)
		}
		ended <- nil
	}
	t.Cleanup(hangUp)
	return hangUp
}

func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// sends sends m to #general and wants no error.
func sends(t *testing.T, chat *coretest.Chat, m core.Message) core.Ref {
	t.Helper()
	ref, err := chat.Send(t.Context(), general(chat), m)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	return ref
}

func general(chat *coretest.Chat) core.Chat {
	return core.Chat{Platform: chat.Caps().Platform, ID: "#general"}
}

func user(name string) core.User { return core.User{Platform: "neutral", ID: name} }

func wants(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func TestRefusals(t *testing.T) {
	caps := coretest.Rich()
	caps.Limits.Text, caps.Limits.Row, caps.Limits.Rows = 10, 2, 2
	poor := core.Caps{Platform: "poor"}
	link := func(url string) core.Message { return say("Hi", core.Link{Label: "Go", URL: url}) }
	pick := func(choices ...core.Choice) core.Message {
		return say("Hi", core.Select{Hint: "Pick", Choices: choices, Do: do("t")})
	}
	embed := func(e core.Embed) core.Message { return core.Message{Embeds: []core.Embed{e}} }
	tests := []struct {
		name string
		caps core.Caps
		m    core.Message
		want string // nothing: it is taken
	}{
		{"plain", caps, say("Hi"), ""},
		{"as long as may be", caps, say("*1234567890*"), ""},
		{"nothing", caps, say(""), "it is empty"},
		{"too long", caps, say("12345678901"), "11 characters of text, at most 10"},
		{"unasked private", caps, core.Message{Text: "Hi", Private: true}, "only as answers"},
		{"long key", caps, core.Message{Text: "Hi", Key: strings.Repeat("k", 26)}, "26 characters of key"},
		{"button", caps, say("Hi", button("A")), ""},
		{"no token", caps, say("Hi", core.Button{Label: "A"}), "A has no token"},
		{"long token", caps, say("Hi", core.Button{Label: "A", Do: do(strings.Repeat("t", 65))}), "A has no token"},
		{"odd token", caps, say("Hi", core.Button{Label: "A", Do: do("a b")}), "A has no token"},
		{"same token", caps, say("Hi", button("A"), button("A")), "A has the token of another"},
		{"no label", caps, say("Hi", core.Button{Do: do("t")}), "a label is empty"},
		{"wide row", caps, say("Hi", button("A"), button("B"), button("C")), "3 controls in a row, at most 2"},
		{"many rows", caps, core.Message{Text: "Hi", Rows: [][]core.Control{{button("A")}, {button("B")}, {button("C")}}}, "3 rows"},
		{"empty row", caps, core.Message{Text: "Hi", Rows: [][]core.Control{{}}}, "a row is empty"},
		{"pointer", caps, say("Hi", &core.Link{}), "*core.Link, not a value"},
		{"link", caps, link("https://example.com/x"), ""},
		{"script link", caps, link("javascript:alert(1)"), "leads nowhere"},
		{"loopback link", caps, link("http://127.0.0.1:80/"), ""},
		{"loopback link, strict", poor, link("http://localhost:80/"), "own machine"},
		{"copy", caps, say("Hi", core.Copy{Label: "Code", Text: "WXYZ"}), ""},
		{"no copies", poor, say("Hi", core.Copy{Label: "Code", Text: "WXYZ"}), "no copying"},
		{"copy of nothing", caps, say("Hi", core.Copy{Label: "Code"}), "copies nothing"},
		{"select", caps, pick(core.Choice{Label: "A"}, core.Choice{Label: "B"}), ""},
		{"no selects", poor, pick(core.Choice{Label: "A"}), "no selects"},
		{"same value", caps, pick(core.Choice{Label: "A"}, core.Choice{Label: "B", Value: "A"}), "one value"},
		{"no choices", caps, pick(), "no choices"},
		{"crowded select", caps, say("Hi", core.Select{Hint: "Pick", Choices: []core.Choice{{Label: "A"}}, Do: do("t")}, button("B")), "not alone"},
		{"embed", caps, embed(core.Embed{Title: "T"}), ""},
		{"empty embed", caps, embed(core.Embed{}), "an embed is empty"},
		{"no embeds", poor, embed(core.Embed{Title: "T"}), "no embeds"},
		{"empty field", caps, embed(core.Embed{Fields: []core.Field{{Name: "N"}}}), "field N is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			chat := coretest.New(coretest.Options{Caps: tt.caps})
			_, err := chat.Send(t.Context(), general(chat), tt.m)
			if got := message(err); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got error %q, want %q", got, tt.want)
			}
			if seen := chat.Sees("alice", "#general"); (len(seen) == 1) != (err == nil) {
				t.Errorf("alice sees %d messages after error %v", len(seen), err)
			}
		})
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestRefusalsKeepSecrets: what is copied is often a code.
func TestRefusalsKeepSecrets(t *testing.T) {
	chat := coretest.New(coretest.Options{Caps: core.Caps{Platform: "poor", Limits: core.Limits{Copy: 3}}})
	_, err := chat.Send(t.Context(), general(chat), say("WXYZ-1234", core.Copy{Label: "Copy", Text: "WXYZ-1234"}))
	if got := message(err); got == "" || strings.Contains(got, "WXYZ") {
		t.Errorf("got error %q, want one without the code", got)
	}
}

func TestEdit(t *testing.T) {
	chat := coretest.New(coretest.Options{})
	ref := sends(t, chat, say("One", button("Go")))
	wants(t, "edit", chat.Edit(t.Context(), ref, say("Two")), nil)
	got := chat.Sees("bob", "#general")
	if len(got) != 1 || got[0].String() != "Two" || !got[0].Edited {
		t.Errorf("bob sees %+v, want Two, edited", got)
	}
	if err := chat.Edit(t.Context(), ref, core.Message{Text: "Three", Private: true}); err == nil {
		t.Error("a private edit of what all see: got no error, want one")
	}
	elsewhere := ref
	elsewhere.Chat.ID = "#other"
	wants(t, "edit elsewhere", chat.Edit(t.Context(), elsewhere, say("Three")), core.ErrGone)
	wants(t, "delete", chat.Delete(t.Context(), ref), nil)
	wants(t, "edit what is deleted", chat.Edit(t.Context(), ref, say("Three")), core.ErrGone)
	wants(t, "delete what is deleted", chat.Delete(t.Context(), ref), nil)
}

func TestSameKeyIsShownOnce(t *testing.T) {
	chat := coretest.New(coretest.Options{})
	m := core.Message{Text: "Hi", Key: "outbox-1"}
	if first, second := sends(t, chat, m), sends(t, chat, m); first != second || len(chat.Sees("bob", "#general")) != 1 {
		t.Errorf("got refs %v and %v, want the same and one message", first, second)
	}
}

func TestSay(t *testing.T) {
	tests := []struct {
		name, where, text string
		want              core.What
	}{
		{"command", "#general", "/login demo", core.Call{Name: "login", Rest: "demo"}},
		{"bare command", coretest.Direct, "/help", core.Call{Name: "help"}},
		{"mention", "#general", "/give @bob 3", core.Call{Name: "give", Rest: "neutral::bob 3"}},
		{"mail address", "#general", "/give a@b.c", core.Call{Name: "give", Rest: "a@b.c"}},
		{"talk", "#general", "hello", core.Said{Text: "hello"}},
		{"addressed", "#general", "@usher hello", core.Said{Text: "hello", ToMe: true}},
		{"alone", coretest.Direct, "hello", core.Said{Text: "hello", ToMe: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				chat := coretest.New(coretest.Options{})
				var got core.Event
				connect(t, chat, func(e core.Event) { got = e })
				chat.Say("alice", tt.where, tt.text)
				synctest.Wait()
				call, isCall := got.What.(core.Call)
				want, wantCall := tt.want.(core.Call)
				if isCall != wantCall || isCall && (call.Name != want.Name || call.Rest != want.Rest) || !isCall && got.What != tt.want {
					t.Errorf("got %+v, want %+v", got.What, tt.want)
				}
				if got.Chat.Direct != (tt.where == coretest.Direct) || got.From.ID != "alice" {
					t.Errorf("got it from %v in %v", got.From, got.Chat)
				}
			})
		})
	}
}

func TestChooseAndFill(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{})
		var last core.Event
		connect(t, chat, func(e core.Event) {
			last = e
			if press, is := e.What.(core.Press); is && press.Values != nil {
				wants(t, "ask", e.Back.Ask(t.Context(), core.Form{Title: "Order", Do: do("form"), Inputs: []core.Input{
					{Name: "n", Label: "Name"},
					{Name: "s", Label: "Size", Choices: []core.Choice{{Label: "Small", Value: "s"}}, Optional: true},
					{Name: "a", Label: "Amount", Value: "1", Max: 2},
				}}), nil)
			}
		})
		sends(t, chat, say("Colours", core.Select{Hint: "Colour", Choices: []core.Choice{{Label: "Red", Value: "r"}, {Label: "Blue"}}, Min: 1, Max: 2, Do: do("sel")}))
		m := chat.Sees("alice", "#general")[0]
		for _, wrong := range [][]string{{}, {"Green"}, {"Red", "Blue", "Red"}} {
			if err := chat.Choose("alice", m, "Colour", wrong...); err == nil {
				t.Errorf("choose %q: got no error, want one", wrong)
			}
		}
		wants(t, "choose", chat.Choose("alice", m, "", "Red", "Blue"), nil)
		synctest.Wait()
		if press := last.What.(core.Press); strings.Join(press.Values, " ") != "r Blue" || press.Token.Reveal() != "sel" || last.On.Token == "" {
			t.Errorf("got values %q on %v, want r and Blue on the message", press.Values, last.On)
		}
		form, err := coretest.Wait(t.Context(), chat, "alice", "#general", "Order")
		if err != nil || !form.Form || form.String() != "Order [Name] [Size: Small] [Amount]" {
			t.Fatalf("got %v, %v; want the form", form, err)
		}
		for _, wrong := range []map[string]string{{}, {"Name": "A", "Size": "Big"}, {"Name": "A", "Amount": "100"}, {"Name": "A", "Hat": "yes"}} {
			if err := chat.Fill("alice", form, wrong); err == nil {
				t.Errorf("fill %v: got no error, want one", wrong)
			}
		}
		wants(t, "fill", chat.Fill("alice", form, map[string]string{"Name": "Ann", "Size": "Small"}), nil)
		synctest.Wait()
		got := last.What.(core.Submit)
		if got.Values["n"] != "Ann" || got.Values["s"] != "s" || got.Values["a"] != "1" || got.Token.Reveal() != "form" || last.On.Token == "" {
			t.Errorf("got %v on %v, want Ann, s and 1", got.Values, last.On)
		}
		if err := chat.Fill("alice", form, map[string]string{"Name": "Ann"}); err == nil || len(chat.Sees("alice", "#general")) != 1 {
			t.Error("the form is still open after it was sent")
		}
	})
}

// TestStalePress: a person who is quick presses what has just gone.
func TestStalePress(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{})
		var presses int
		connect(t, chat, func(core.Event) { presses++ })
		ref := sends(t, chat, say("Press", button("Go")))
		m := chat.Sees("alice", "#general")[0]
		wants(t, "edit", chat.Edit(t.Context(), ref, say("Done")), nil)
		wants(t, "press", chat.Press("alice", m, "Go"), nil)
		if err := chat.Press("alice", chat.Sees("alice", "#general")[0], "Go"); err == nil {
			t.Error("press of a button that was not seen: got no error, want one")
		}
		synctest.Wait()
		if presses != 1 {
			t.Errorf("got %d presses, want 1", presses)
		}
	})
}

func TestWait(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{})
		go func() {
			time.Sleep(time.Minute)
			sends(t, chat, say("Here", button("Go")))
		}()
		begun := time.Now()
		got, err := coretest.Wait(t.Context(), chat, "alice", "#general", "[Go]")
		if err != nil || got.String() != "Here [Go]" || time.Since(begun) != time.Minute {
			t.Errorf("got %v, %v after %v; want Here after a minute", got, err, time.Since(begun))
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_, err = coretest.Wait(ctx, chat, "alice", "#general", "Gone")
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "Here [Go]") {
			t.Errorf("got error %v, want one that tells what is there", err)
		}
	})
}

func TestIdle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{})
		connect(t, chat, func(e core.Event) {
			time.Sleep(2 * time.Second)
			_, err := e.Back.Reply(t.Context(), say("Done"))
			wants(t, "reply", err, nil)
		})
		begun := time.Now()
		chat.Say("alice", "#general", "/slow")
		coretest.Idle(t.Context(), chat, chat.Busy, 5*time.Second)
		if got := time.Since(begun); got < 2*time.Second || got > 3*time.Second || len(chat.Sees("alice", "#general")) != 1 {
			t.Errorf("idle after %v with %v, want the answer after two seconds", got, chat.Sees("alice", "#general"))
		}
		chat.Cut()
		chat.Say("alice", "#general", "/slow")
		coretest.Idle(t.Context(), chat, chat.Busy, 5*time.Second)
		if got := time.Since(begun); got < 7*time.Second {
			t.Errorf("idle after %v with a command that nobody took, want the limit", got)
		}
	})
}
