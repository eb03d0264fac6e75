package core

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/usherbot/usher/core/markup"
)

func TestSplitArgs(t *testing.T) {
	specs := func(options ...Option) (out []Spec) {
		for _, o := range options {
			out = append(out, o.Spec())
		}
		return out
	}
	number, word, rest := Int("n", ""), String("word", ""), String("rest", "")
	tests := []struct {
		name  string
		specs []Spec
		text  string
		want  string // name=value, sorted; or what is wrong
	}{
		{"nothing", specs(number, word), " \n ", ""},
		{"in order", specs(number, word), "5 hello", "n=5 word=hello"},
		{"the last takes the rest", specs(number, rest), "5  hello  there\nyou ", "n=5 rest=hello  there\nyou"},
		{"the last takes its words alone if it is no text", specs(word, number), "hello 5", "n=5 word=hello"},
		{"one option takes all", specs(rest), "a b = c", "rest=a b = c"},
		{"quotes", specs(word, rest), `"hello there" you`, "rest=you word=hello there"},
		{"quotes around the rest", specs(number, rest), `5 "hello there"`, "n=5 rest=hello there"},
		{"quotes within the rest", specs(number, rest), `5 "hello" there`, `n=5 rest="hello" there`},
		{"curly quotes", specs(word, rest), "“hello there” you", "rest=you word=hello there"},
		{"low quotes", specs(word, rest), "„hallo du“ da", "rest=da word=hallo du"},
		{"low quotes, English end", specs(word, rest), "„hallo du” da", "rest=da word=hallo du"},
		{"angle quotes", specs(word, rest), "«salut toi» là", "rest=là word=salut toi"},
		{"mixed quotes", specs(word, rest), "“hello there\" you", "rest=you word=hello there"},
		{"an open quote", specs(word, rest), `"hello there`, `rest=there word="hello`},
		{"an apostrophe", specs(word, rest), "it's fine, isn't it", "rest=fine, isn't it word=it's"},
		{"empty quotes", specs(word, rest), `"" x`, "rest=x word="},
		{"glued quotes", specs(word, rest), `"a"b c`, "rest=b c word=a"},
		{"names", specs(number, word, rest), "word=w n=5 r", "n=5 rest=r word=w"},
		{"names in capitals", specs(number, word), "N=5 Word:w", "n=5 word=w"},
		{"a name with quotes", specs(number, word), `word="a b" 5`, "n=5 word=a b"},
		{"a name with a space", specs(number, word), "word: a 5", "n=5 word=a"},
		{"a name without a value", specs(number, word), "5 word=", "n=5 word="},
		{"a name and quotes left open", specs(number, word), `word="a 5`, `n=5 word="a`},
		{"an address", specs(word, rest), "https://x.example/?n=5 hi", "rest=hi word=https://x.example/?n=5"},
		{"a name that is no option", specs(word), "colour=red", "word=colour=red"},
		{"a name in quotes", specs(number, rest), `"n=5" x`, "n=n=5 rest=x"},
		{"a name twice", specs(number, word), "n=1 n=2", "n=1 word=n=2"},
		{"a name twice and nowhere to go", specs(number), "n=1 n=2", "I do not understand “n=2” there."},
		{"too much", specs(number), "5 6 7", "I do not understand “6 7” there."},
		{"too much for none", nil, "hello *you*", "I do not understand “hello *you*” there."},
		{"far too much", nil, strings.Repeat("x", 5000), "I do not understand “" + strings.Repeat("x", 40) + "…” there."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args, problem := newBot(t).splitArgs(tt.specs, tt.text)
			got := markup.Visible(problem)
			if problem == "" {
				var all []string
				for _, name := range slices.Sorted(maps.Keys(args)) {
					all = append(all, name+"="+args[name])
				}
				got = strings.Join(all, " ")
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// tree adds commands that have subcommands and aliases.
func tree(b *Bot) {
	b.Add(
		Command{Name: "repo", Aliases: []string{"repository"}, Summary: "Repositories", Sub: []Command{
			command("add", echo, optText),
			{Name: "list", Aliases: []string{"ls"}, Summary: "Lists", Run: echo},
			{Name: "key", Summary: "Keys", Sub: []Command{command("show", echo, optCount)}},
		}},
		Command{Name: "stop", Aliases: []string{"halt"}, Summary: "Stops", Run: echo, Options: []Option{optText}},
	)
}

func TestFindingCommands(t *testing.T) {
	tests := []struct {
		name string
		call Call
		want string
	}{
		{"a command", Call{Name: "stop"}, "reply hall: stop: "},
		{"in capitals", Call{Name: "Stop", Rest: "Now"}, "reply hall: stop: text=Now"},
		{"by its alias", Call{Name: "halt", Rest: "now"}, "reply hall: stop: text=now"},
		{"with a subcommand in the text", Call{Name: "repo", Rest: "add usher bot"}, "reply hall: repo add: text=usher bot"},
		{"with a space before", Call{Name: "repo", Rest: "  add usher"}, "reply hall: repo add: text=usher"},
		{"with a subcommand in the name", Call{Name: "repo add", Rest: "usher"}, "reply hall: repo add: text=usher"},
		{"with a subcommand that is typed", Call{Name: "repo add", Args: map[string]string{"text": "usher"}}, "reply hall: repo add: text=usher"},
		{"with aliases of both", Call{Name: "repository", Rest: "LS"}, "reply hall: repo list: "},
		{"two levels down", Call{Name: "repo", Rest: "key show 5"}, "reply hall: repo key show: count=5"},
		{"two levels down in the name", Call{Name: "repo key show", Args: map[string]string{}}, "reply hall: repo key show: "},
		{"without its subcommand", Call{Name: "repo"}, "reply hall privately: /repo needs one of these: add, list, key."},
		{"with a subcommand that there is not", Call{Name: "repo", Rest: "drop all"}, "reply hall privately: /repo needs one of these: add, list, key."},
		{"with a typed subcommand that there is not", Call{Name: "repo drop"}, "reply hall privately: /repo needs one of these: add, list, key."},
		{"two levels down without", Call{Name: "repo", Rest: "key"}, "reply hall privately: /repo key needs one of these: show."},
		{"with too much", Call{Name: "repo", Rest: "list all"}, "reply hall privately: I do not understand “all” there. / Usage: /repo list"},
		{"without a name", Call{Name: ""}, "reply hall privately: I do not know /. /help lists what I can do."},
		{"nearly", Call{Name: "stpo"}, "reply hall privately: I do not know /stpo. Did you mean /stop?"},
		{"nearly its alias", Call{Name: "repositry"}, "reply hall privately: I do not know /repositry. Did you mean /repository?"},
		{"not nearly", Call{Name: "fly"}, "reply hall privately: I do not know /fly. /help lists what I can do."},
		{"at length", Call{Name: strings.Repeat("x", 5000)}, "reply hall privately: I do not know /" + strings.Repeat("x", 40) + "…. /help lists what I can do."},
		{"with formatting", Call{Name: "*x*`y"}, "reply hall privately: I do not know /*x*`y. /help lists what I can do."},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			h := host(t, newWire(), tree)
			if got := h.do(h.event(ann, hall, tt.call)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	all := "reply hall: I know these commands: / /cancel – Stop what is under way / /help [command] – What I can do / /ping – Is anybody there? / " +
		"/repo add [text] – Does add / /repo list – Lists / /repo key show [count] – Does show / /stop [text] – Stops"
	tests := []struct{ name, about, want string }{
		{"all", "", all},
		{"one", "stop", "reply hall: /stop [text] – Stops"},
		{"one with a slash", "/halt", "reply hall: /stop [text] – Stops"},
		{"one with subcommands", "repo", "reply hall: /repo add [text] – Does add / /repo list – Lists / /repo key show [count] – Does show"},
		{"a subcommand", "repo ls", "reply hall: /repo list – Lists"},
		{"a subcommand that there is not", "repo drop", "reply hall: /repo add [text] – Does add / /repo list – Lists / /repo key show [count] – Does show"},
		{"none", "stopp", "reply hall privately: I do not know /stopp. Did you mean /stop?"},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			h := host(t, newWire(), tree)
			if got := h.call(ann, strings.TrimSpace("help "+tt.about)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"ping", "ping", 0},
		{"", "ping", 4},
		{"ping", "", 4},
		{"ping", "pong", 1},
		{"ping", "pin", 1},
		{"ping", "pings", 1},
		{"ping", "pnig", 1},
		{"ping", "ipng", 1},
		{"login", "logout", 3},
		{"whoami", "whomai", 1},
		{"kitten", "sitting", 3},
		{"abcd", "badc", 2},
		{strings.Repeat("a", 41), "a", 40},
		{"a", strings.Repeat("a", 41), 40},
	}
	for _, tt := range tests {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q): got %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestClosest(t *testing.T) {
	names := []string{"ping", "login", "logout", "whoami", "go"}
	tests := []struct{ word, want string }{
		{"pnig", "ping"},
		{"pin", "ping"},
		{"p", ""},
		{"pi", ""},
		{"pang", "ping"},
		{"pangs", ""},
		{"logn", "login"},
		{"logut", "logout"},
		{"lgoout", "logout"},
		{"whoisami", "whoami"},
		{"g", ""},
		{"og", ""},
		{"", ""},
		{"completely", ""},
		{strings.Repeat("x", 5000), ""},
	}
	for _, tt := range tests {
		if got := closest(tt.word, names); got != tt.want {
			t.Errorf("closest(%q): got %q, want %q", brief(tt.word), got, tt.want)
		}
	}
}

func TestBrief(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "short": "short", strings.Repeat("ä", 40): strings.Repeat("ä", 40), strings.Repeat("ä", 41): strings.Repeat("ä", 40) + "…",
	} {
		if got := brief(text); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A private command answers where only its caller reads.
func TestPrivateCommand(t *testing.T) {
	tests := []struct {
		name    string
		private bool
		in      Chat
		want    string
	}{
		{"where there are private messages", true, hall, "reply hall privately: psst"},
		{"where there are none", false, hall, "send with-ann: psst\nreply hall: I have sent you a direct message."},
		{"in the direct chat", false, home, "reply with-ann: psst"},
		{"in the direct chat with private messages", true, home, "reply with-ann: psst"},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			w := newWire()
			w.caps.Private = tt.private
			h := host(t, w, func(b *Bot) { b.Add(Command{Name: "secret", Summary: "Whispers", Private: true, Run: says("psst")}) })
			if got := h.do(h.event(ann, tt.in, Call{Name: "secret"})); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTellIsAnError(t *testing.T) {
	err := fmt.Errorf("buy: %w", &Tell{Text: "The shop is *closed*."})
	if got, want := err.Error(), "buy: The shop is closed."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (&Tell{Text: "x", Err: context.Canceled}).Error(), context.Canceled.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzArgs(f *testing.F) {
	for _, text := range []string{
		"", "5 hello there", "word=w n=5 rest of it", "n:5", `"a b" c`, `word="a b`, "„a b“ «c» “d”e", "n=1 n=2 n=3 n=4", "= : \" ”", "\xff\"\xfe", "WORD: x",
	} {
		f.Add(text, uint8(3))
	}
	all := []Spec{Int("n", "").Spec(), String("word", "").Spec(), String("rest", "").Spec()}
	ends := []Spec{String("word", "").Spec(), Bool("n", "").Spec()}
	b := newBot(f)
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		specs := all[:n%4]
		if n&4 != 0 {
			specs = ends
		}
		args, problem := b.splitArgs(specs, text)
		if problem != "" {
			return
		}
		left := countLetters(text)
		for name, value := range args {
			if !slices.ContainsFunc(specs, func(s Spec) bool { return s.Name == name }) || !strings.Contains(text, value) {
				t.Fatalf("%q: got %s=%q, want an option and a part of the text", text, name, value)
			}
			for r, n := range countLetters(value) {
				left[r] -= n
			}
		}
		for r, n := range left {
			if n != 0 {
				t.Errorf("%q: got %q, want each %q once", text, args, r)
			}
		}
	})
}

// countLetters counts what must be in a value: all but space, quotes, and the
// letters of names.
func countLetters(text string) map[rune]int {
	out := map[rune]int{}
	for _, r := range text {
		if !unicode.IsSpace(r) && !strings.ContainsRune("\"“”„«»=:nwordestNWORDEST", r) {
			out[r]++
		}
	}
	return out
}

func TestWhereToSignIn(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"two places", "", "reply with-ann: Where do you want to sign in? [Demo] [Bare]"},
		{"nearly one", "dmeo", "reply with-ann: I do not know /login dmeo. Did you mean /login demo?"},
		{"none of them", "elsewhere", "reply with-ann: I do not know “elsewhere”. You can sign in to Demo, Bare."},
		{"in formatting", "*demo*", "reply with-ann: I do not know /login *demo*. Did you mean /login demo?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, w := cardBot(t), newWire()
			b.Connect(w)
			b.compile()
			in := &Invocation{Event: w.event(ann, home, nil), bot: b, port: b.ports["neutral"]}
			if err := b.routeCall(in, Call{Name: "signin", Rest: tt.text})(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			if got := w.since(0); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
