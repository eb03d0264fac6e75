package coretest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Terminal shows a World as one person sees it, and takes lines: what is typed is
// said, a number uses the button, link or choice that it stands beside (several
// numbers, several choices), and an open form is asked for line by line.
//
// Lines beginning with "!" are for whoever runs the World. "!as bob" and
// "!in #general" change who and where one is, "!leave" closes a form, and all
// others go to Do.
type Terminal struct {
	World World
	Busy  func() bool // whether the bot has yet to answer, as for Idle; nil: nobody can tell
	Bot   string      // the name before what it says; default "usher"
	In    io.Reader
	Out   io.Writer
	Who   string // default "alice"
	Where string // default Direct
	// Live says that Out is a terminal that understands escape sequences. A
	// message that changes then changes where it stands. Otherwise Out gets plain
	// text in the order in which things happen, and the next line is read when the
	// bot has finished with the last one.
	Live          bool
	Width, Height int // of a live terminal; default 80 and 24
	// Do does what a line asks for, given without its "!", and returns what to
	// print. io.EOF ends Run. What sets something going in the chat should return
	// when it has arrived there, so that the next line finds it.
	Do func(ctx context.Context, line string) (string, error)
}

// patience is how long a bot may take to answer a line of a plain terminal.
const patience = 5 * time.Second

// Run shows the chat until In or ctx ends, which is no error. A Read of In that
// is under way when ctx ends keeps its goroutine.
func (t *Terminal) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := t.sit()
	lines := make(chan typed)
	go read(ctx, t.In, lines)
	for {
		changed := t.World.Changed()
		if err := s.look(); err != nil {
			return fmt.Errorf("show the chat: %w", err)
		}
		select {
		case line := <-lines:
			err := line.err
			if err == nil {
				err = s.enter(ctx, line.text)
			}
			s.settle(ctx)
			if errors.Is(err, io.EOF) {
				return s.look()
			}
			if err != nil {
				return err
			}
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// typed is a line, or why there is none.
type typed struct {
	text string
	err  error
}

func read(ctx context.Context, in io.Reader, lines chan<- typed) {
	scan := bufio.NewScanner(in)
	for scan.Scan() {
		select {
		case lines <- typed{text: strings.TrimSpace(clean(scan.Text()))}:
		case <-ctx.Done():
			return
		}
	}
	select {
	case lines <- typed{err: cmp.Or(scan.Err(), io.EOF)}:
	case <-ctx.Done():
	}
}

// session is somebody at a Terminal.
type session struct {
	*Terminal
	bot        string
	who, where string
	places     []string // that one has been to
	paper      paper
	shown      map[string]view // by key
	numbers    []*number       // number n is the n-1st
	form       *asking
}

// view is a message as it was last shown.
type view struct {
	place string
	seen  Seen
}

// number is what a number stands for.
type number struct {
	key     string // of its message
	seen    Seen   // as it was last shown
	control Control
	choice  string // of a select
	gone    bool
}

func (t *Terminal) sit() *session {
	s := &session{
		Terminal: t, shown: map[string]view{},
		bot: cmp.Or(t.Bot, "usher"), who: cmp.Or(t.Who, "alice"), where: cmp.Or(t.Where, Direct),
	}
	s.paper = &plain{out: t.Out}
	if t.Live {
		s.paper = &live{out: t.Out, width: cmp.Or(t.Width, 80), height: cmp.Or(t.Height, 24)}
	}
	s.move(s.who, s.where)
	return s
}

// settle waits until the bot has finished, where the order of lines matters.
func (s *session) settle(ctx context.Context) {
	if !s.Live {
		Idle(ctx, s.World, s.Busy, patience)
	}
}

func (s *session) move(who, where string) {
	s.who, s.where = who, where
	for _, place := range []string{Direct, where} {
		if !slices.Contains(s.places, place) {
			s.places = append(s.places, place)
		}
	}
	s.paper.prompt(s.name() + "> ")
}

// name is who one is, and where if that is not the direct chat.
func (s *session) name() string {
	if s.where == Direct {
		return s.who
	}
	return s.who + " in " + s.where
}

// look shows what is new before one's eyes.
func (s *session) look() error {
	there := map[string]bool{}
	for _, place := range s.places {
		for _, seen := range s.World.Sees(s.who, place) {
			key := s.key(place, seen)
			there[key] = true
			old, known := s.shown[key]
			if known && old.seen.String()+old.seen.hides() == seen.String()+seen.hides() {
				continue
			}
			s.shown[key] = view{place, seen}
			if seen.Form {
				s.open(seen)
			} else {
				s.show(key, place, seen, known)
			}
		}
	}
	s.clear(there)
	return s.paper.err()
}

// key is the name of a message among all that are shown here, to anybody.
func (s *session) key(place string, seen Seen) string {
	if place == Direct || seen.Private || seen.Form {
		place = s.who + " " + place
	}
	return place + " " + seen.ID
}

// clear shows what is no more where one is.
func (s *session) clear(there map[string]bool) {
	for _, key := range slices.Sorted(maps.Keys(s.shown)) {
		v := s.shown[key]
		if there[key] || key != s.key(v.place, v.seen) {
			continue
		}
		delete(s.shown, key)
		s.forget(key)
		if v.seen.Form {
			s.form = nil
		} else {
			s.paper.message(key, []string{s.bot + " (deleted)"}, false)
		}
	}
}

func (s *session) show(key, place string, seen Seen, changed bool) {
	s.forget(key)
	c := card{ink: s.paper.ink(), bot: s.bot, number: func(c Control, choice string) int {
		return s.number(key, seen, c, choice)
	}}
	if place != s.where {
		c.place = place
	}
	s.paper.message(key, c.lines(seen), changed)
}

// forget makes the numbers of a message stand for nothing.
func (s *session) forget(key string) {
	for _, n := range s.numbers {
		n.gone = n.gone || n.key == key
	}
}

// number is the number of a control or choice: the one it had before, as long
// as it is called the same.
func (s *session) number(key string, seen Seen, c Control, choice string) int {
	n := &number{key: key, seen: seen, control: c, choice: choice}
	for i, old := range s.numbers {
		if old.key == key && old.control.Kind == c.Kind && old.control.Label == c.Label && old.choice == choice && old.gone {
			s.numbers[i] = n
			return i + 1
		}
	}
	s.numbers = append(s.numbers, n)
	return len(s.numbers)
}
