package coretest_test

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

var update = flag.Bool("update", false, "write golden files")

// console is what whoever runs the chat can do.
func console(d *desk) func(context.Context, string) (string, error) {
	return func(_ context.Context, line string) (string, error) {
		switch line {
		case "approve":
			return "(octocat approves)", d.Approve(d.code, "octocat")
		case "quit":
			return "", io.EOF
		}
		return "", errors.New("I do not know that")
	}
}

func TestTerminalPlain(t *testing.T) {
	const golden = "testdata/terminal.golden"
	input := strings.Join([]string{
		"/ping", "/login demo", "!approve", "99", "1", "!in #general", "/login demo", "2", "2", "/colour", "3 4", "3",
		"/name", "", "Ann", "/private", "!as bob", "!leap", "", "/gone", "/login demo", "!quit", "/ping",
	}, "\n")
	bubble(t, func(t *testing.T) {
		d := newDesk(t, parse(t, ""))
		var out strings.Builder
		terminal := &coretest.Terminal{World: d.chat, Busy: d.chat.Busy, In: strings.NewReader(input), Out: &out, Do: console(d)}
		wants(t, "run", terminal.Run(t.Context()), nil)
		if *update {
			if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || out.String() != string(want) {
			t.Errorf("got\n%s\nwant\n%s (%v)", out.String(), want, err)
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Error("got an escape sequence in plain text, want none")
		}
	})
}

// TestTerminalSlow: a plain terminal reads the next line when the bot has
// answered the last one, and says what comes later too.
func TestTerminalSlow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDesk(t, parse(t, ""))
		in, keyboard := io.Pipe()
		var out strings.Builder
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		terminal := &coretest.Terminal{World: d.chat, Busy: d.chat.Busy, In: in, Out: &out, Do: console(d)}
		go func() { ended <- terminal.Run(ctx) }()
		writes(t, keyboard, "/slow\n/gone\n")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, want := out.String(), "alice: /slow\nusher\n  One moment…\nalice: /gone\nusher\n  Soon gone\nusher (deleted)\nusher (changed)\n  Done, at last.\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		stop()
		wants(t, "run", <-ended, nil)
		wants(t, "close", keyboard.Close(), nil)
	})
}

// TestTerminalFollow: a link that leads to the direct chat has a number, others
// do not. Nobody can tell here whether the bot is busy, and it has another name.
func TestTerminalFollow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		chat := coretest.New(coretest.Options{DM: coretest.LinkOnly})
		opens := func() (link string) {
			_, err := chat.Direct(t.Context(), core.User{Platform: "neutral", ID: "alice"}, "")
			if cannot, is := errors.AsType[*core.CannotDM](err); is {
				link = cannot.Link
			}
			return link
		}
		sends(t, chat, core.Message{Text: "Here", Rows: [][]core.Control{
			{core.Link{Label: "Site", URL: "https://a.example"}, core.Link{Label: "Open", URL: opens()}},
		}})
		var out strings.Builder
		terminal := &coretest.Terminal{World: chat, Bot: "robot", Where: "#general", In: strings.NewReader("1\n"), Out: &out}
		begun := time.Now()
		wants(t, "run", terminal.Run(t.Context()), nil)
		if got, want := out.String(), "robot\n  Here\n  Site: https://a.example\n  [1] Open: https://chat.example/open?start=\nalice in #general presses: Open\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if link := opens(); link != "" {
			t.Errorf("got link %q after it was followed, want the chat open", link)
		}
		if took := time.Since(begun); took == 0 || took > time.Second {
			t.Errorf("took %v, want to wait a moment after each line", took)
		}
	})
}

func writes(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Error(err)
	}
}

// TestTerminalEscapes: nothing that others wrote moves the cursor.
func TestTerminalEscapes(t *testing.T) {
	const evil = "a\x1b[2Jb\u009b5mc\u202ed\rx\ny"
	for _, live := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			d := newDesk(t, parse(t, ""))
			sends(t, d.chat, core.Message{Text: evil, Embeds: []core.Embed{{Title: evil}}, Rows: [][]core.Control{
				{core.Button{Label: evil, Do: do("t")}, core.Copy{Label: "Copy", Text: evil}},
			}})
			var out strings.Builder
			terminal := &coretest.Terminal{World: d.chat, Busy: d.chat.Busy, In: strings.NewReader("/" + evil), Out: &out, Where: "#general", Live: live}
			wants(t, "run", terminal.Run(t.Context()), nil)
			if got := out.String(); strings.Contains(got, "\x1b[2J") || strings.ContainsAny(got, "\u009b\u202e") || strings.Contains(got, "d\rx") {
				t.Errorf("live %v: got %q, want it without what a terminal obeys", live, got)
			}
		})
	}
}

// TestTerminalLive reads the screen as a terminal would show it.
func TestTerminalLive(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDesk(t, parse(t, ""))
		in, keyboard := io.Pipe()
		screen := &screen{width: 60}
		terminal := &coretest.Terminal{World: d.chat, Busy: d.chat.Busy, In: in, Out: screen, Live: true, Width: 60, Height: 12, Do: console(d)}
		ended := make(chan error)
		go func() { ended <- terminal.Run(t.Context()) }()
		steps := []struct {
			typed string
			want  []string
		}{
			{"", []string{"alice>"}},
			{"/login demo", []string{"alice> /login demo", "usher", "  Enter WXYZ-0001", "  Open: https://auth.example", "  [1] Cancel", "alice>"}},
			{"!approve", []string{"alice> /login demo", "usher", "  Signed in as octocat.", "alice> !approve", "(octocat approves)", "alice>"}},
			{"/slow", []string{"alice> /login demo", "usher", "  Signed in as octocat.", "alice> !approve", "(octocat approves)", "alice> /slow", "usher", "  One moment…", "alice>"}},
		}
		for _, step := range steps {
			if step.typed != "" {
				screen.echo(step.typed + "\r\n")
				writes(t, keyboard, step.typed+"\n")
			}
			synctest.Wait()
			screen.shows(t, step.typed, step.want)
		}
		// A change of the same height leaves alone what is being typed.
		screen.echo("/pi")
		time.Sleep(time.Minute)
		synctest.Wait()
		screen.shows(t, "a minute later", append(steps[3].want[:7:7], "  Done, at last.", "alice> /pi"))
		wants(t, "close", keyboard.Close(), nil)
		wants(t, "run", <-ended, nil)
	})
}

// TestTerminalScrolled: a message that has left the screen is written again.
func TestTerminalScrolled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDesk(t, parse(t, ""))
		in, keyboard := io.Pipe()
		screen := &screen{width: 60}
		terminal := &coretest.Terminal{World: d.chat, Busy: d.chat.Busy, In: in, Out: screen, Live: true, Width: 60, Height: 6, Do: console(d)}
		ended := make(chan error)
		go func() { ended <- terminal.Run(t.Context()) }()
		synctest.Wait()
		for _, typed := range []string{"/slow", "/ping", "/ping"} {
			screen.echo(typed + "\r\n")
			writes(t, keyboard, typed+"\n")
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		screen.shows(t, "a minute later", []string{
			"alice> /slow", "usher", "  One moment…", "alice> /ping", "usher", "  Pong!", "alice> /ping", "usher", "  Pong!",
			"usher", "  Done, at last.", "alice>",
		})
		wants(t, "close", keyboard.Close(), nil)
		wants(t, "run", <-ended, nil)
	})
}

// screen is a terminal without a bottom: text, \r, \n, and the few sequences
// that Terminal uses.
type screen struct {
	mu                 sync.Mutex
	width, row, col    int
	savedRow, savedCol int
	rows               [][]rune
	unknown            []string
}

func (s *screen) Write(p []byte) (int, error) {
	s.echo(string(p))
	return len(p), nil
}

func (s *screen) echo(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for text != "" {
		if rest, is := strings.CutPrefix(text, "\x1b"); is {
			text = s.escape(rest)
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		s.put(r)
	}
}

func (s *screen) put(r rune) {
	switch r {
	case '\r':
		s.col = 0
		return
	case '\n':
		s.row++
		return
	}
	if s.col == s.width {
		s.row, s.col = s.row+1, 0
	}
	s.grow()
	for len(s.rows[s.row]) <= s.col {
		s.rows[s.row] = append(s.rows[s.row], ' ')
	}
	s.rows[s.row][s.col] = r
	s.col++
}

func (s *screen) grow() {
	for len(s.rows) <= s.row {
		s.rows = append(s.rows, nil)
	}
}

func (s *screen) escape(text string) (rest string) {
	switch text[0] {
	case '7':
		s.savedRow, s.savedCol = s.row, s.col
		return text[1:]
	case '8':
		s.row, s.col = s.savedRow, s.savedCol
		return text[1:]
	}
	end := strings.IndexAny(text, "AJKmhl")
	args, final := text[1:end], text[end]
	s.grow()
	switch final {
	case 'A':
		n := 0
		for _, digit := range args {
			n = n*10 + int(digit-'0')
		}
		s.row = max(0, s.row-n)
	case 'K', 'J':
		s.rows[s.row] = s.rows[s.row][:min(s.col, len(s.rows[s.row]))]
		if final == 'J' {
			s.rows = s.rows[:s.row+1]
		}
	case 'm', 'h', 'l':
	default:
		s.unknown = append(s.unknown, text[:end+1])
	}
	return text[end+1:]
}

func (s *screen) shows(t *testing.T, when string, want []string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var got []string
	for _, row := range s.rows {
		got = append(got, strings.TrimRight(string(row), " "))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || s.unknown != nil {
		t.Errorf("after %q: got screen\n%s\nwant\n%s\n%q", when, strings.Join(got, "\n"), strings.Join(want, "\n"), s.unknown)
	}
}
