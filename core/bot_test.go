package core

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/seal"
)

// Everything that cannot work is said at once.
func TestRunReportsAllThatIsWrong(t *testing.T) {
	b := New(Options{})
	run := func(context.Context, *Invocation) error { return nil }
	b.Add(
		Command{Name: "Upper", Aliases: []string{"with space"}, Summary: "A", Run: run},
		Command{Name: "mute", Run: run},
		Command{Name: "long", Summary: strings.Repeat("x", 101), Run: run},
		Command{Name: "idle", Summary: "A"},
		Command{Name: "both", Summary: "A", Run: run, Sub: []Command{{Name: "sub", Summary: "A", Run: run}}},
		Command{Name: "twins", Summary: "A", Sub: []Command{
			{Name: "one", Summary: "A", Run: run}, {Name: "one", Summary: "A", Run: run}, {Name: "1", Summary: "A", Run: run},
		}},
		Command{Name: "taken", Aliases: []string{"mute"}, Summary: "A", Run: run},
		Command{Name: "taken", Summary: "A", Run: run},
		Command{Name: "options", Summary: "A", Run: run, Options: []Option{
			String("Name", "a"), Int("n", "a"), Int("n", "a"), String("late", "a").Required(), Pick("none", "a"), Int("odd", "a").Range(2, 1),
		}},
		Command{Name: "repo", Summary: "A", Needs: Login("hub"), Run: run},
		Command{Name: "deep", Summary: "A", Sub: []Command{{Name: "er", Summary: "A", Needs: Login("hub"), Run: run}}},
	)
	b.On("", run)
	b.On("~me", run)
	b.On("a\x00b", run)
	b.On("go", run)
	b.On("go", run)
	broken := newWire()
	broken.wrong = errors.New("NEUTRAL_TOKEN is not a token")
	b.Connect(newWire(), broken)
	err := b.Run(t.Context())
	if err == nil {
		t.Fatal("got nil, want a report")
	}
	want := []string{
		"the bot cannot start:",
		"Options.Store is missing: open one, for example with sqlstore.Open",
		"Options.Keys are missing: make them with seal.NewKeys",
		"command Upper: the name Upper is not a lower-case letter followed by up to 30 of a-z, 0-9 and _",
		"command Upper: the name with space is not a lower-case letter followed by up to 30 of a-z, 0-9 and _",
		"command mute: the summary must have 1 to 100 characters",
		"command long: the summary must have 1 to 100 characters",
		"command idle: it must have either Run or Sub",
		"command both: it must have either Run or Sub",
		"command twins: two subcommands one",
		"command twins 1: the name 1 is not a lower-case letter followed by up to 30 of a-z, 0-9 and _",
		"command taken: the name is taken by command mute",
		"command taken: the name is taken by command taken",
		`command options: the option name "Name" is not a lower-case letter followed by up to 30 of a-z, 0-9 and _`,
		"command options: two options n",
		"command options: the required option late stands after an optional one",
		"command options: the option none has no choices",
		"command options: the range of option odd is empty",
		`action "": not a name to use`,
		`action "~me": not a name to use`,
		`action "a\x00b": not a name to use`,
		"action go: registered twice",
		"two adapters for neutral",
		"Neutral: NEUTRAL_TOKEN is not a token",
		"command repo: it needs a login, and Options.Logins is missing",
		"command deep er: it needs a login, and Options.Logins is missing",
	}
	if got := strings.Split(err.Error(), "\n  "); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRunNeedsAPlatformAndItsProviders(t *testing.T) {
	o := Options{Store: newNotes(), Keys: newKeys(t, testSecret, "")}
	o.Logins = authflow.New(authflow.Options{Store: o.Store, Keys: o.Keys})
	b := New(o)
	b.Add(Command{Name: "repo", Summary: "A", Needs: Login("hub"), Run: says("")})
	want := "the bot cannot start:\n  no platform is connected: call Connect\n  command repo: it needs the provider \"hub\", which is not set up"
	if err := b.Run(t.Context()); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAddReplacesABuiltIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := host(t, newWire(), func(b *Bot) { b.Add(command("ping", says("Ping yourself."))) })
		if got, want := h.call(ann, "ping"), "reply hall: Ping yourself."; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// serve runs a bot in the background.
func serve(ctx context.Context, b *Bot) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	synctest.Wait()
	return ended
}

func TestRunEnds(t *testing.T) {
	broken := errors.New("the token was revoked")
	fails := func(title string, after time.Duration) *wire {
		w := newWire()
		w.caps.Platform, w.caps.Title = strings.ToLower(title), title
		w.run = func(ctx context.Context) error {
			select {
			case <-time.After(after):
				return broken
			case <-ctx.Done():
				return nil
			}
		}
		return w
	}
	spoilt := func() *wire { w := newWire(); w.down = errOdd; return w }
	tests := []struct {
		name      string
		platforms []Adapter
		want      string
		after     time.Duration
	}{
		{"when its context ends", []Adapter{newWire()}, "<nil>", time.Hour},
		{"not while a platform is left", []Adapter{newWire(), fails("Second", time.Second)}, "<nil>", time.Hour},
		{
			"with its last platform",
			[]Adapter{fails("Second", 2*time.Second), fails("Third", time.Second)},
			"run Third: the token was revoked\nrun Second: the token was revoked", 2 * time.Second,
		},
		{"at once where commands cannot be published", []Adapter{spoilt()}, "publish commands on Neutral: the platform hiccuped", 0},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			b, ctx := newBot(t), t.Context()
			b.Connect(tt.platforms...)
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			begun := time.Now()
			err := b.Run(ctx)
			if got := fmt.Sprint(err); got != tt.want || time.Since(begun) != tt.after {
				t.Errorf("got %s after %v, want %s after %v", got, time.Since(begun), tt.want, tt.after)
			}
		})
	}
	bubble(t, "cleanly before it has begun", func(t *testing.T) {
		b, w := newBot(t), newWire()
		w.down = context.Canceled
		b.Connect(w)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.Run(ctx); err != nil {
			t.Errorf("got %v, want nil", err)
		}
	})
	bubble(t, "and can begin again", func(t *testing.T) {
		b, w := newBot(t), newWire()
		b.Connect(w)
		for range 2 {
			ctx, stop := context.WithCancel(t.Context())
			ended := serve(ctx, b)
			if got, want := w.call(ann, "ping"), "reply hall: Pong!"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			stop()
			if err := <-ended; err != nil {
				t.Errorf("got %v, want nil", err)
			}
		}
	})
}

func TestHandlersAtTheEnd(t *testing.T) {
	tests := []struct {
		name  string
		takes time.Duration
		want  string
		after time.Duration

		unserved int
	}{
		{"those that are short finish, and the next in line", time.Second, "reply hall: Done.\nreply hall: Done.", 2 * time.Second, 0},
		{"what hangs is aborted", time.Hour, "", drainFor, 1},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			h := host(t, newWire(), func(b *Bot) {
				b.Add(command("work", func(ctx context.Context, in *Invocation) error {
					select {
					case <-time.After(tt.takes):
						return says("Done.")(ctx, in)
					case <-ctx.Done():
						return fmt.Errorf("work: %w", ctx.Err())
					}
				}))
			})
			for range 2 { // the second waits in its lane
				h.hand(h.event(ann, hall, Call{Name: "work"}))
			}
			synctest.Wait()
			begun := time.Now()
			h.end(t)
			if got := h.since(0); got != tt.want || time.Since(begun) != tt.after {
				t.Errorf("got %q after %v, want %q after %v", got, time.Since(begun), tt.want, tt.after)
			}
			if got := strings.Count(h.log.String(), "ended before an event was served"); got != tt.unserved || strings.Contains(h.log.String(), "ERROR") {
				t.Errorf("log: got %q, want %d unserved and nobody's fault", h.log.String(), tt.unserved)
			}
		})
	}
}

func TestDeafHandlerIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{})
		h := host(t, newWire(), func(b *Bot) {
			b.Add(command("work", func(context.Context, *Invocation) error {
				<-wake
				return nil
			}))
		})
		h.hand(h.event(ann, hall, Call{Name: "work"}))
		synctest.Wait()
		begun := time.Now()
		h.end(t)
		if took := time.Since(begun); took != drainFor*3/2 {
			t.Errorf("got an end after %v, want %v", took, drainFor*3/2)
		}
		if got := h.log.String(); !strings.Contains(got, "left behind") {
			t.Errorf("log: got %q, want it to say what is left behind", got)
		}
		close(wake)
	})
}

func TestTheSecret(t *testing.T) {
	start := func(t *testing.T, kept *notes, now, previous string) error {
		b := New(Options{Store: kept, Keys: newKeys(t, seal.Secret(now), seal.Secret(previous))})
		b.Connect(newWire())
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		return b.Run(ctx)
	}
	kept := newNotes()
	tests := []struct{ name, now, previous, want string }{
		{"the first", testSecret, "", ""},
		{"the same again", testSecret, "", ""},
		{"another", otherSecret, "", "USHER_SECRET is not the secret that this store was made with"},
		{"another beside the first", otherSecret, testSecret, ""},
		{"the first beside another", testSecret, otherSecret, ""},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			err := start(t, kept, tt.now, tt.previous)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), tt.now) {
				t.Error("the error has the secret in it")
			}
		})
	}
	bubble(t, "a store that is broken", func(t *testing.T) {
		kept := newNotes()
		kept.spoil(errOdd)
		if err := start(t, kept, testSecret, ""); !errors.Is(err, errOdd) {
			t.Errorf("got %v, want %v", err, errOdd)
		}
	})
}

func TestUnasked(t *testing.T) {
	m := Message{Text: "Hello *you*.", Rows: [][]Control{{Button{Label: "Go", Do: Action{Name: "go"}}}}}
	bubble(t, "send, edit and press", func(t *testing.T) {
		h := host(t, newWire(), func(b *Bot) { b.On("go", says("Gone.")) })
		ref, err := h.bot.Send(t.Context(), hall, m)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := h.do(h.press(t, ann, "Go")), "reply hall: Gone."; got != want {
			t.Errorf("press: got %q, want %q", got, want)
		}
		before := len(h.deeds())
		if err := h.bot.Edit(t.Context(), ref, Message{Text: "Bye."}); err != nil {
			t.Fatal(err)
		}
		if got, want := h.since(before), "edit hall: Bye."; got != want || h.deeds()[before].ref != ref {
			t.Errorf("edit: got %q at %v, want %q at %v", got, h.deeds()[before].ref, want, ref)
		}
	})
	bubble(t, "direct", func(t *testing.T) {
		h := host(t, newWire(), nil)
		chat, err := h.bot.Direct(t.Context(), ann)
		if err != nil || chat != home {
			t.Errorf("got %+v %v, want %+v", chat, err, home)
		}
	})
	bubble(t, "on a platform that is not connected", func(t *testing.T) {
		h := host(t, newWire(), nil)
		want := `platform "other" is not connected`
		far := Chat{Platform: "other", ID: "1"}
		_, err := h.bot.Send(t.Context(), far, m)
		_, direct := h.bot.Direct(t.Context(), User{Platform: "other", ID: "1"})
		for _, err := range []error{err, direct, h.bot.Edit(t.Context(), Ref{Chat: far}, m)} {
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	})
}

// invoke is an event on a message, as a handler has it.
func (h *hosted) invoke() *Invocation {
	ev := h.event(ann, hall, Said{})
	ev.On = Ref{Chat: hall, Token: "1"}
	p := h.bot.ports["neutral"]
	ev.Back = p.adapter.(*paced).answer(ev)
	return &Invocation{Event: ev, bot: h.bot, port: p}
}
