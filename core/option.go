package core

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/usherbot/usher/core/markup"
)

// Kind is the type of an option's value.
type Kind int

// The kinds. An Int travels as decimal text, a Bool as true or false, a Person
// as User.Key.
const (
	KindString Kind = iota
	KindInt
	KindBool
	KindPick
	KindPerson
)

// Spec is an option as platforms declare and people read it.
type Spec struct {
	Name, Summary string
	Kind          Kind
	Required      bool
	Choices       []Choice
	Min, Max      int64 // of an Int its value, of a String its characters; both 0: any
}

// Option is a declared option: an Opt of any type.
type Option interface{ Spec() Spec }

// Opt is an option and the way to its value at once: declare it beside the
// command, list it in Command.Options, and read it in the handler with Of.
type Opt[T any] struct {
	spec Spec
	read func(string) T
}

// Spec returns the declaration.
func (o Opt[T]) Spec() Spec { return o.spec }

// Required returns o as an option that must be given; the bot asks for it.
func (o Opt[T]) Required() Opt[T] {
	o.spec.Required = true
	return o
}

// Range returns o limited to values, or for text to lengths, from low to high.
func (o Opt[T]) Range(low, high int64) Opt[T] {
	o.spec.Min, o.spec.Max = low, high
	return o
}

// Of returns the value, or the zero value when none was given.
func (o Opt[T]) Of(in *Invocation) T {
	v, _ := o.Get(in)
	return v
}

// Get returns the value and reports whether one was given.
func (o Opt[T]) Get(in *Invocation) (T, bool) {
	v, ok := in.Values[o.spec.Name]
	if !ok {
		var zero T
		return zero, false
	}
	return o.read(v), true
}

// String declares an option that is text.
func String(name, summary string) Opt[string] {
	return Opt[string]{Spec{Name: name, Summary: summary}, func(s string) string { return s }}
}

// Int declares an option that is a whole number.
func Int(name, summary string) Opt[int64] {
	return Opt[int64]{Spec{Name: name, Summary: summary, Kind: KindInt}, func(s string) int64 {
		n, _ := strconv.ParseInt(s, 10, 64) // Spec.parse has accepted s
		return n
	}}
}

// Bool declares an option that is on or off.
func Bool(name, summary string) Opt[bool] {
	return Opt[bool]{Spec{Name: name, Summary: summary, Kind: KindBool}, func(s string) bool { return s == "true" }}
}

// Pick declares an option that is one of the choices.
func Pick(name, summary string, choices ...Choice) Opt[string] {
	o := String(name, summary)
	o.spec.Kind, o.spec.Choices = KindPick, choices
	return o
}

// Person declares an option that is somebody on the same platform.
func Person(name, summary string) Opt[User] {
	return Opt[User]{Spec{Name: name, Summary: summary, Kind: KindPerson}, func(s string) User {
		u, _ := UserOf(s) // Spec.parse has accepted s
		return u
	}}
}

func checkOptions(path string, options []Option) []string {
	var bad []string
	seen, optional := map[string]bool{}, false
	for _, o := range options {
		s := o.Spec()
		switch {
		case !validName(s.Name):
			bad = append(bad, fmt.Sprintf("command %s: the option name %q is not a lower-case letter followed by up to 30 of a-z, 0-9 and _", path, s.Name))
		case seen[s.Name]:
			bad = append(bad, fmt.Sprintf("command %s: two options %s", path, s.Name))
		case s.Required && optional:
			bad = append(bad, fmt.Sprintf("command %s: the required option %s stands after an optional one", path, s.Name))
		case s.Kind == KindPick && len(s.Choices) == 0:
			bad = append(bad, fmt.Sprintf("command %s: the option %s has no choices", path, s.Name))
		case s.Min > s.Max:
			bad = append(bad, fmt.Sprintf("command %s: the range of option %s is empty", path, s.Name))
		}
		seen[s.Name], optional = true, optional || !s.Required
	}
	return bad
}

// parse returns the value that text stands for, in the form in which it
// travels, or a phrase that completes "must be".
func (s *Spec) parse(text string, in User, w *Words) (value string, must markup.Text) {
	switch s.Kind {
	case KindInt:
		return s.parseInt(text, w)
	case KindBool:
		return parseBool(text, w)
	case KindPick:
		return s.parsePick(text, w)
	case KindPerson:
		return parsePerson(text, in, w)
	}
	if n := int64(utf8.RuneCountInString(text)); s.ranged() && (n < s.Min || n > s.Max) {
		return "", markup.F(w.IsLong, s.Min, s.Max)
	}
	return text, ""
}

func (s *Spec) ranged() bool { return s.Min != 0 || s.Max != 0 }

func (s *Spec) parseInt(text string, w *Words) (string, markup.Text) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case s.ranged() && (err != nil || n < s.Min || n > s.Max):
		return "", markup.F(w.IsNumberIn, s.Min, s.Max)
	case err != nil:
		return "", w.IsNumber
	}
	return strconv.FormatInt(n, 10), ""
}

func parseBool(text string, w *Words) (string, markup.Text) {
	switch strings.ToLower(text) {
	case "true", "yes", "y", "on", "1":
		return "true", ""
	case "false", "no", "n", "off", "0":
		return "false", ""
	}
	return "", w.IsYesNo
}

func (s *Spec) parsePick(text string, w *Words) (string, markup.Text) {
	labels := make([]string, len(s.Choices))
	for i, c := range s.Choices {
		if strings.EqualFold(text, c.Label) || text == c.value() {
			return c.value(), ""
		}
		labels[i] = c.Label
	}
	return "", markup.F(w.IsOneOf, strings.Join(labels, ", "))
}

func (c Choice) value() string {
	if c.Value == "" {
		return c.Label
	}
	return c.Value
}

// parsePerson takes a User.Key of the asker's own platform and workspace, which
// is what adapters write for a mention.
func parsePerson(text string, in User, w *Words) (string, markup.Text) {
	u, ok := UserOf(text)
	if !ok || u.Platform != in.Platform || u.Team != in.Team {
		return "", w.IsPerson
	}
	return u.Key(), ""
}
