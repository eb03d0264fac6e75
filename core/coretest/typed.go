package coretest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
)

// This file has what a Terminal makes of the lines that are typed.

// enter does what a line asks for. An error ends the session.
func (s *session) enter(ctx context.Context, line string) error {
	if order, is := strings.CutPrefix(line, "!"); is {
		s.paper.typed(line, line)
		return s.order(ctx, order)
	}
	numbers, err := s.numbersIn(line)
	switch {
	case s.form != nil:
		s.paper.typed(line, strings.TrimSpace(s.name()+": "+line))
		s.answer(line)
	case line == "":
		s.paper.typed("", "")
	case numbers == nil && err == nil:
		s.paper.typed(line, s.name()+": "+line)
		s.World.Say(s.who, s.where, line)
	default:
		s.paper.typed(line, s.name()+" presses: "+labels(line, numbers))
		if err == nil {
			err = s.use(numbers)
		}
		s.complain(err)
	}
	return nil
}

func (s *session) complain(err error) {
	if err != nil {
		s.paper.note("(" + clean(err.Error()) + ")")
	}
}

func (s *session) order(ctx context.Context, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case word == "as" && rest != "":
		s.move(rest, s.where)
	case word == "in" && rest != "":
		s.move(s.who, rest)
	case word == "leave":
		s.World.Leave(s.who)
	case s.Do == nil:
		s.complain(fmt.Errorf("there is no !%s", word))
	default:
		text, err := s.Do(ctx, line)
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		s.complain(err)
		if text != "" {
			s.paper.note(text)
		}
	}
	return nil
}

// numbersIn returns what the numbers in a line stand for, or nil for a line that
// is not of numbers.
func (s *session) numbersIn(line string) ([]*number, error) {
	var found []*number
	for word := range strings.FieldsSeq(line) {
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, nil
		}
		if n < 1 || n > len(s.numbers) || s.numbers[n-1].gone {
			return nil, fmt.Errorf("there is no %d to press", n)
		}
		found = append(found, s.numbers[n-1])
	}
	return found, nil
}

// labels are what numbers stand for, or what was typed if there is nothing.
func labels(line string, numbers []*number) string {
	if len(numbers) == 0 {
		return line
	}
	out := make([]string, len(numbers))
	for i, n := range numbers {
		out[i] = oneLine(cmp.Or(n.choice, n.control.Label))
	}
	return strings.Join(out, ", ")
}

// use presses a button, follows a link, or chooses.
func (s *session) use(numbers []*number) error {
	n := numbers[0]
	labels := make([]string, len(numbers))
	for i, other := range numbers {
		if other.key != n.key || other.control.Label != n.control.Label || other.control.Kind != n.control.Kind {
			return errors.New("these are not choices of one list")
		}
		labels[i] = other.choice
	}
	switch {
	case n.control.Kind == Select:
		return s.World.Choose(s.who, n.seen, n.control.Label, labels...)
	case len(numbers) > 1:
		return errors.New("one at a time")
	case n.control.Kind == Link:
		return s.World.Follow(s.who, n.seen, n.control.Label)
	}
	return s.World.Press(s.who, n.seen, n.control.Label)
}

// asking is a form that is asked for line by line.
type asking struct {
	seen   Seen
	next   int // input
	values map[string]string
}

func (s *session) open(seen Seen) {
	s.form = &asking{seen: seen, values: map[string]string{}}
	s.paper.note(clean(seen.Text) + ` ("!leave" closes this form)`)
	s.ask()
}

func (s *session) ask() {
	in := s.form.seen.Controls[s.form.next]
	var text strings.Builder
	text.WriteString(in.Label)
	for i, c := range in.Choices {
		fmt.Fprintf(&text, " (%d) %s", i+1, c.Label)
	}
	if in.Hint != "" {
		text.WriteString(" – " + in.Hint)
	}
	if in.Text != "" {
		text.WriteString(" [" + in.Text + "]")
	} else if in.Optional {
		text.WriteString(" [nothing]")
	}
	s.paper.note(clean(text.String()) + "?")
}

// answer takes the answer to the input that was asked for. An empty line is what
// stands there already.
func (s *session) answer(line string) {
	f := s.form
	in := f.seen.Controls[f.next]
	if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(in.Choices) {
		line = in.Choices[n-1].Label
	}
	given := map[string]string{}
	if line != "" {
		given[in.Label] = line
	}
	if _, err := fill(Seen{Controls: []Control{in}}, given); err != nil {
		s.complain(err)
		s.ask()
		return
	}
	maps.Copy(f.values, given)
	if f.next++; f.next < len(f.seen.Controls) {
		s.ask()
		return
	}
	s.form = nil
	s.complain(s.World.Fill(s.who, f.seen, f.values))
}
