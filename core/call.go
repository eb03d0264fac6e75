package core

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usherbot/usher/core/markup"
)

// routeCall finds the command that was called, and what to do about one that is
// unknown or not complete.
func (b *Bot) routeCall(in *Invocation, call Call) Handler {
	n, rest, wrong := b.find(call.Name, call.Rest)
	if n == nil {
		return b.unknown(wrong)
	}
	in.node, in.Command, in.private = n, n.path, n.Private
	if n.handler == nil {
		return b.needsTopic(n)
	}
	values, problem := b.values(n, call.Args, rest, in.From)
	if problem != "" {
		return b.misused(n, problem)
	}
	in.Values = values
	lacking := lacking(n.specs, values)
	for _, s := range lacking {
		if s.Kind == KindPerson { // mentions are no plain text, which is all that a form gives
			return b.misused(n, markup.F(b.words.NeedsValue, s.Name))
		}
	}
	if len(lacking) > 0 {
		return b.askOptions(n, lacking)
	}
	return b.runCommand
}

// runCommand runs the command whose values are complete.
func (b *Bot) runCommand(ctx context.Context, in *Invocation) error {
	if in.private && !in.Chat.Direct && !in.port.caps.Private {
		if there, err := b.directFirst(ctx, in); !there {
			return err
		}
	}
	return b.counted(ctx, in)
}

// directFirst finds the direct chat, where a private command answers on a platform
// that has no private messages. Without one the command does not run: its person is
// led there, and there it goes on.
func (b *Bot) directFirst(ctx context.Context, in *Invocation) (bool, error) {
	a := Action{Name: "~options", Args: []string{in.Command}, Only: in.From, For: askFor}
	for name, value := range in.Values {
		a.Args = append(a.Args, name+"="+value)
	}
	token, err := b.sign(ctx, a, in.Chat, stored{})
	if err != nil {
		return false, err
	}
	in.alone, err = in.port.adapter.Direct(ctx, in.From, token.Reveal())
	if unreachable(err) {
		return false, b.pointThere(ctx, in, err)
	}
	return err == nil, err
}

// seen names the note that keeps an event from being served twice.
func seen(key string) string { return "seen:" + key }

// latest names the note that holds which command of a person was the latest. There
// is one from when a command of theirs has waited for a login: to know whether they
// have moved on from it.
func latest(u User) string { return "latest:" + u.Key() }

// moves names the notes that change because of an event.
func (b *Bot) moves(in *Invocation) []string {
	if b.logins == nil || in.node == nil || in.node.path == "login" || in.goesOn() {
		return nil
	}
	return []string{latest(in.From)}
}

// find walks down the tree of commands, in name and then in rest. It returns nil
// and the name that is unknown, or the command and what is left of rest.
func (b *Bot) find(name, rest string) (n *node, left, wrong string) {
	name, more := cutWord(name)
	if n = pick(b.commands, name); n == nil {
		return nil, "", name
	}
	if more != "" {
		rest = more + " " + rest
	}
	for len(n.sub) > 0 {
		word, after := cutWord(strings.TrimSpace(rest))
		next := pick(n.sub, word)
		if next == nil {
			return n, rest, ""
		}
		n, rest = next, after
	}
	return n, rest, ""
}

func pick(nodes []*node, name string) *node {
	name = strings.ToLower(name)
	for _, n := range nodes {
		if n.is(name) {
			return n
		}
	}
	return nil
}

// values parses what was given for the options of n: typed by the platform, or
// as text.
func (b *Bot) values(n *node, args map[string]string, rest string, from User) (map[string]string, markup.Text) {
	typed := args != nil
	if !typed {
		var problem markup.Text
		if args, problem = b.splitArgs(n.specs, rest); problem != "" {
			return nil, problem
		}
	}
	if len(args) == 0 {
		return nil, ""
	}
	values := args
	if typed { // and so not ours to change
		values = make(map[string]string, len(args))
	}
	for i := range n.specs {
		s := &n.specs[i]
		text, given := args[s.Name]
		if !given {
			continue
		}
		value, must := s.parse(text, from, &b.words)
		if must != "" {
			return nil, markup.F(b.words.MustBe, s.Name, must, brief(text))
		}
		values[s.Name] = value
	}
	return values, ""
}

// splitArgs gives each option its part of a text: name=value or name:value where
// name is an option, else in order. Quotes hold words together, and the last
// option takes all that is left if it is text.
func (b *Bot) splitArgs(specs []Spec, rest string) (map[string]string, markup.Text) {
	args := map[string]string{}
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		if name, value, left, ok := cutNamed(specs, rest); ok {
			if _, twice := args[name]; !twice {
				args[name], rest = value, left
				continue
			}
		}
		switch i := firstFree(specs, args); {
		case i < 0:
			return nil, markup.F(b.words.TooMuch, brief(rest))
		case i == len(specs)-1 && specs[i].Kind == KindString && !quoted(rest):
			args[specs[i].Name], rest = rest, ""
		default:
			args[specs[i].Name], rest = cutWord(rest)
		}
	}
	return args, ""
}

// firstFree is the first option that has no value yet, or -1.
func firstFree(specs []Spec, args map[string]string) int {
	for i := range specs {
		if _, taken := args[specs[i].Name]; !taken {
			return i
		}
	}
	return -1
}

// cutNamed cuts a name=value or name:value off the front of text. A space may
// stand before the value.
func cutNamed(specs []Spec, text string) (name, value, left string, ok bool) {
	i := strings.IndexAny(text, "=: \t\n\"")
	if i <= 0 || text[i] != '=' && text[i] != ':' {
		return "", "", "", false
	}
	name = strings.ToLower(text[:i])
	if !slices.ContainsFunc(specs, func(s Spec) bool { return s.Name == name }) {
		return "", "", "", false
	}
	value, left = cutWord(strings.TrimLeft(text[i+1:], " "))
	return name, value, left, true
}

// closing returns what ends a quotation that r begins, in all the ways that
// people's keyboards make quotes; nothing if r begins none.
func closing(r rune) string {
	switch r {
	case '"':
		return `"`
	case '“':
		return "”“\""
	case '„':
		return "“”\""
	case '«':
		return "»"
	}
	return ""
}

// cutWord cuts the first word, or what stands in quotes, off the front of text.
// A quote that is never closed is a letter like any other.
func cutWord(text string) (word, left string) {
	first, size := utf8.DecodeRuneInString(text)
	if end := closing(first); end != "" {
		inner := text[size:]
		if i := strings.IndexAny(inner, end); i >= 0 {
			_, size := utf8.DecodeRuneInString(inner[i:])
			return inner[:i], strings.TrimSpace(inner[i+size:])
		}
	}
	if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
		return text[:i], strings.TrimSpace(text[i:])
	}
	return text, ""
}

// quoted reports whether text is one quotation and nothing else.
func quoted(text string) bool {
	word, left := cutWord(text)
	return left == "" && len(word) < len(text)
}

// lacking returns the required options that were not given.
func lacking(specs []Spec, values map[string]string) []Spec {
	var out []Spec
	for i := range specs {
		if _, given := values[specs[i].Name]; specs[i].Required && !given {
			out = append(out, specs[i])
		}
	}
	return out
}

// unknown answers a command that there is not.
func (b *Bot) unknown(name string) Handler {
	return func(ctx context.Context, in *Invocation) error {
		if like := closest(strings.ToLower(name), b.names()); like != "" {
			return in.tell(ctx, markup.F(b.words.DidYouMean, brief(name), like))
		}
		return in.tell(ctx, markup.F(b.words.Unknown, brief(name)))
	}
}

// needsTopic answers a command that is only good with a subcommand.
func (b *Bot) needsTopic(n *node) Handler {
	return func(ctx context.Context, in *Invocation) error {
		names := make([]string, len(n.sub))
		for i, sub := range n.sub {
			names[i] = sub.Name
		}
		return in.tell(ctx, markup.F(b.words.UnknownTopic, n.path, strings.Join(names, ", ")))
	}
}

// misused answers a command whose options make no sense.
func (b *Bot) misused(n *node, problem markup.Text) Handler {
	return func(ctx context.Context, in *Invocation) error {
		return in.tell(ctx, markup.F(b.words.Usage, problem, n.usage()))
	}
}

// names are all names and aliases of commands.
func (b *Bot) names() []string {
	var out []string
	for _, n := range b.commands {
		out = append(append(out, n.Name), n.Aliases...)
	}
	return out
}

// closest returns the name that word was probably meant to be, or nothing.
func closest(word string, names []string) string {
	best, most := "", 1+min(len(word)/3, 2) // one slip in three letters, at most two
	for _, name := range names {
		if d := distance(word, name); d < most {
			best, most = name, d
		}
	}
	return best
}

// distance is the number of letters to add, drop, change or swap with their
// neighbour between two names; past a few it is only known to be large.
func distance(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return 40
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			differ := 1
			if a[i] == b[j] {
				differ = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+differ)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// brief is what somebody wrote, short enough to be repeated to them.
func brief(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
