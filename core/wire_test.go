package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
)

// wire is a platform without people: a test hands over events and looks at what
// the bot did. Unlike coretest's Chat it forbids nothing.
type wire struct {
	caps   Caps
	wrong  error                             // what Check says
	down   error                             // what Publish says
	link   error                             // what Direct says
	run    func(context.Context) error       // instead of waiting for the end
	odd    func(how string, m Message) error // what the platform makes of what the bot does
	paths  map[string]http.Handler
	closed map[string]error // what comes of writing to a chat, by its ID
	mu     sync.Mutex
	away   bool // not connected, though Run runs
	on     func(Event)
	done   []deed
	seq    int
}

// deed is something that the bot did.
type deed struct {
	how  string // send, edit, reply, update or ask
	chat Chat
	ref  Ref
	said Message
	form Form
}

func (d deed) String() string {
	text := d.how + " " + d.chat.ID
	if d.said.Private {
		text += " privately"
	}
	return text + ": " + sketch(d.said) + d.form.Title
}

// sketch is a message in one line, its controls in brackets.
func sketch(m Message) string {
	parts := []string{strings.ReplaceAll(markup.Visible(m.Text), "\n", " / ")}
	if m.Image != nil {
		parts = append(parts, "(picture: "+m.Image.Alt+")")
	}
	for _, row := range m.Rows {
		for _, c := range row {
			parts = append(parts, label(c))
		}
	}
	return strings.Join(parts, " ")
}

func label(c Control) string {
	switch c := c.(type) {
	case Button:
		return "[" + c.Label + "]"
	case Link:
		return "[" + c.Label + ": " + c.URL + "]"
	case Copy:
		return "[" + c.Label + ": " + c.Text + "]"
	case Select:
		out := "[" + c.Hint + ":"
		for _, choice := range c.Choices {
			out += " " + choice.Label
		}
		return out + "]"
	}
	return fmt.Sprintf("[%T]", c)
}

func newWire() *wire {
	return &wire{caps: Caps{Platform: "neutral", Title: "Neutral", Private: true, Forms: true, Selects: true, Embeds: true, Copies: true}}
}

func (w *wire) Caps() Caps                                     { return w.caps }
func (w *wire) Check() error                                   { return w.wrong }
func (w *wire) Size(t markup.Text) int                         { return utf8.RuneCountInString(markup.Visible(t)) }
func (w *wire) Routes() map[string]http.Handler                { return w.paths }
func (w *wire) Delete(context.Context, Ref) error              { return nil }
func (w *wire) Publish(context.Context, []Command, bool) error { return w.down }

func (w *wire) Ready() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.on != nil && !w.away
}

func (w *wire) Run(ctx context.Context, on func(Event)) error {
	w.mu.Lock()
	w.on = on
	w.mu.Unlock()
	if w.run != nil {
		return w.run(ctx)
	}
	<-ctx.Done()
	return nil
}

func (w *wire) note(how string, chat Chat, on Ref, m Message, f Form) (Ref, error) {
	if w.odd != nil {
		if err := w.odd(how, m); err != nil {
			return Ref{}, err
		}
	}
	if err := w.closed[chat.ID]; err != nil {
		return Ref{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if on.Token == "" {
		w.seq++
		on = Ref{Chat: chat, Token: seal.Secret(fmt.Sprint("message ", w.seq))}
	}
	w.done = append(w.done, deed{how, chat, on, m, f})
	return on, nil
}

func (w *wire) Send(_ context.Context, to Chat, m Message) (Ref, error) {
	return w.note("send", to, Ref{}, m, Form{})
}

func (w *wire) Edit(_ context.Context, r Ref, m Message) error {
	_, err := w.note("edit", r.Chat, r, m, Form{})
	return err
}

func (w *wire) Direct(_ context.Context, u User, _ string) (Chat, error) {
	if w.odd != nil {
		if err := w.odd("direct", Message{}); err != nil {
			return Chat{}, err
		}
	}
	return Chat{Platform: u.Platform, Team: u.Team, ID: "with-" + u.ID, Direct: true}, w.link
}

// answers are the Responder of an event.
type answers struct {
	wire *wire
	chat Chat
	on   Ref
}

func (a answers) Reply(_ context.Context, m Message) (Ref, error) {
	return a.wire.note("reply", a.chat, Ref{}, m, Form{})
}

func (a answers) Update(_ context.Context, m Message) error {
	_, err := a.wire.note("update", a.chat, a.on, m, Form{})
	return err
}

func (a answers) Ask(_ context.Context, f Form) error {
	_, err := a.wire.note("ask", a.chat, Ref{}, Message{}, f)
	return err
}

// event is something that somebody did in a chat.
func (w *wire) event(who User, in Chat, what What) Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seq++
	return Event{Key: fmt.Sprint("event ", w.seq), At: time.Now(), From: who, Chat: in, What: what, Back: answers{wire: w, chat: in}}
}

// take hands an event over and waits until all is done that needs no waiting.
func (w *wire) take(ev Event) {
	w.hand(ev)
	synctest.Wait()
}

func (w *wire) hand(ev Event) {
	w.mu.Lock()
	on := w.on
	w.mu.Unlock()
	on(ev)
}

// call types a command in the hall and returns what the bot did for it.
func (w *wire) call(who User, text string) string {
	name, rest, _ := strings.Cut(text, " ")
	return w.do(w.event(who, hall, Call{Name: name, Rest: rest}))
}

// do hands an event over and returns what the bot did for it, a deed a line.
func (w *wire) do(ev Event) string {
	before := len(w.deeds())
	w.take(ev)
	return w.since(before)
}

func (w *wire) since(before int) string {
	var lines []string
	for _, d := range w.deeds()[before:] {
		lines = append(lines, d.String())
	}
	return strings.Join(lines, "\n")
}

func (w *wire) deeds() []deed {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]deed(nil), w.done...)
}

// press is the event of a press on a button of what the bot did last.
func (w *wire) press(t testing.TB, who User, text string) Event {
	t.Helper()
	deeds := w.deeds()
	for _, deed := range slices.Backward(deeds) {
		for _, row := range deed.said.Rows {
			for _, c := range row {
				if b, ok := c.(Button); ok && b.Label == text {
					ev := w.event(who, deed.chat, Press{Token: b.Do.Token()})
					ev.On = deed.ref
					ev.Back = answers{w, deed.chat, deed.ref}
					return ev
				}
			}
		}
	}
	t.Fatalf("there is no button %q", text)
	return Event{}
}

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

// hosted is a bot that runs on a wire until the end of its test.
type hosted struct {
	*wire
	bot   *Bot
	notes *notes
	log   *journal
	stop  context.CancelFunc
	ended chan error // closed at the end of Run
}

// host runs a bot inside a bubble of testing/synctest.
func host(t *testing.T, w *wire, setUp func(*Bot)) *hosted {
	t.Helper()
	return hostOn(t, w, newNotes(), setUp)
}

func hostOn(t *testing.T, w *wire, kept *notes, setUp func(*Bot)) *hosted {
	t.Helper()
	h := &hosted{wire: w, notes: kept, log: &journal{}, ended: make(chan error, 1)}
	h.bot = New(Options{Store: kept, Keys: newKeys(t, testSecret, ""), Log: slog.New(slog.NewTextHandler(h.log, nil))})
	if setUp != nil {
		setUp(h.bot)
	}
	h.bot.Connect(w)
	ctx, stop := context.WithCancel(t.Context())
	h.stop = stop
	go func() {
		defer close(h.ended)
		h.ended <- h.bot.Run(ctx)
	}()
	synctest.Wait()
	t.Cleanup(func() { h.end(t) })
	return h
}

// end stops the bot, which is no error.
func (h *hosted) end(t *testing.T) {
	t.Helper()
	h.stop()
	if err := <-h.ended; err != nil {
		t.Errorf("run: got %v, want nil", err)
	}
}

// says is a handler that replies.
func says(text markup.Text) Handler {
	return func(ctx context.Context, in *Invocation) error {
		_, err := in.Reply(ctx, Message{Text: text})
		return err
	}
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// pick is the event of a choice in a select of what the bot did last, or of a
// press on the button that stands for it.
func (w *wire) pick(t testing.TB, label string, values ...string) Event {
	t.Helper()
	deeds := w.deeds()
	for _, deed := range slices.Backward(deeds) {
		for _, row := range deed.said.Rows {
			if s, ok := row[0].(Select); ok {
				ev := w.event(ann, deed.chat, Press{Token: s.Do.Token(), Values: values})
				ev.On, ev.Back = deed.ref, answers{w, deed.chat, deed.ref}
				return ev
			}
		}
	}
	return w.press(t, ann, label)
}

func command(name string, run Handler, options ...Option) Command {
	return Command{Name: name, Summary: "Does " + name, Run: run, Options: options}
}

var errOdd = errors.New("the platform hiccuped")
