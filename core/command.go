package core

import (
	"context"
	"slices"
	"strings"

	"github.com/usherbot/usher/core/markup"
)

// Handler does what a command, an action or a message asks for. An error of type
// *Tell is shown to the person; any other is logged under a short number, which
// is all that the person sees. So is a panic.
type Handler func(ctx context.Context, in *Invocation) error

// Command is something that people can ask of the bot, on every platform.
type Command struct {
	Name    string   // [a-z][a-z0-9_]{0,30}
	Aliases []string // other names, where commands are text
	Summary string   // one line, up to 100 characters
	Options []Option // required ones first
	Private bool     // answers are for the asker only
	Needs   Need     // a login, which then comes by itself
	Confirm bool     // changes things: ask again before going on after a login
	Run     Handler
	Sub     []Command // a command with subcommands has no Run of its own
}

// Need is what a command needs to be signed in to; the zero Need is nothing.
type Need struct {
	Provider string
	Scopes   []string
}

// Login is the need of an account at a provider, with at least these scopes.
func Login(provider string, scopes ...string) Need {
	return Need{Provider: provider, Scopes: scopes}
}

// Tell is an error that the person should read: what went wrong, and what to do
// next. Err, which may be nil, is for the log alone.
type Tell struct {
	Text markup.Text
	Err  error
}

func (e *Tell) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	return markup.Visible(e.Text)
}

func (e *Tell) Unwrap() error { return e.Err }

// check returns what is wrong with the declaration of c.
func (c Command) check(path string) []string {
	var bad []string
	say := func(what string) { bad = append(bad, "command "+path+c.Name+": "+what) }
	for _, name := range append([]string{c.Name}, c.Aliases...) {
		if !validName(name) {
			say("the name " + name + " is not a lower-case letter followed by up to 30 of a-z, 0-9 and _")
		}
	}
	if c.Summary == "" || len([]rune(c.Summary)) > 100 {
		say("the summary must have 1 to 100 characters")
	}
	if (c.Run == nil) == (len(c.Sub) == 0) {
		say("it must have either Run or Sub")
	}
	bad = append(bad, checkOptions(path+c.Name, c.Options)...)
	seen := map[string]bool{}
	for _, sub := range c.Sub {
		for _, name := range append([]string{sub.Name}, sub.Aliases...) {
			if seen[name] {
				say("two subcommands " + name)
			}
			seen[name] = true
		}
		bad = append(bad, sub.check(path+c.Name+" ")...)
	}
	return bad
}

func validName(s string) bool {
	if s == "" || len(s) > 31 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_'
	})
}

// node is a command in the tree of commands, ready to run.
type node struct {
	Command
	path    string // with the names above it, "repo add"
	builtin bool
	sub     []*node
	specs   []Spec
	handler Handler // Run, what it needs, and the middleware around it
}

func newNode(c Command, above string) *node {
	n := &node{Command: c, path: above + c.Name}
	for _, o := range c.Options {
		n.specs = append(n.specs, o.Spec())
	}
	for _, sub := range c.Sub {
		n.sub = append(n.sub, newNode(sub, n.path+" "))
	}
	return n
}

func (n *node) is(name string) bool {
	return n.Name == name || slices.Contains(n.Aliases, name)
}

// usage is the command as a person types it: "repo add owner [private]".
func (n *node) usage() string {
	var out strings.Builder
	out.WriteString(n.path)
	for _, s := range n.specs {
		if s.Required {
			out.WriteString(" " + s.Name)
		} else {
			out.WriteString(" [" + s.Name + "]")
		}
	}
	return out.String()
}

// compile puts around each command what it needs and the middleware.
func (b *Bot) compile() {
	var walk func([]*node)
	walk = func(nodes []*node) {
		for _, n := range nodes {
			if n.Run != nil {
				n.handler = b.wrap(b.signedIn(n))
			}
			walk(n.sub)
		}
	}
	walk(b.commands)
}

// Commands are all that the bot has, sorted by name, as adapters publish them.
func (b *Bot) Commands() []Command {
	out := make([]Command, len(b.commands))
	for i, n := range b.commands {
		out[i] = n.Command
	}
	slices.SortFunc(out, func(x, y Command) int { return strings.Compare(x.Name, y.Name) })
	return out
}
