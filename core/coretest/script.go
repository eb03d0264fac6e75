package coretest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Script is a conversation, one line after the other. A line beginning with #
// is for the reader. First it may say what its chat is like:
//
//	chat has no private messages     also: forms, selects, embeds, images, copies, replies; or "has forms"
//	chat edits private messages for 2m
//	chat cannot write first          the bot needs a link that the person follows
//	chat cannot write at all         and there is no such link
//	codes are good for 30m
//	logins go through a browser      in place of a code to enter
//	provider refuses codes           likewise, and the bot finds out by asking for one
//	provider withholds stars         scopes that it grants nobody
//	browsers do not reach the bot
//	also sign in to GitHub, Heroku   beside Demo: presets, by their titles
//	only with talk                   elsewhere there is nothing to tell; as with lines, below
//	restarts: nowhere                a restart of the bot between the lines would change them
//
// The same words in front of a line say where it counts. A chat is what it is
// and what these lines take away from it; what they give it, it may lack:
//
//	with forms, bot asks alice: Your pizza [Kind]
//	without private messages, bot in #general: Who is missing.
//	with private cards, …            private messages can be edited for 5 minutes
//	with links, …                    a link leads to the direct chat
//	with typed commands, …           people can send only commands that there are
//	with talk, …                     the bot hears what is no command
//	with lasting pictures, …         a message with a picture cannot become one without
//	with shared pictures, …          a message without one cannot become one with a picture
//
// What people do; places are "direct", where a person is when no place is named,
// and channels:
//
//	alice in #general: /login demo
//	alice: /whoami
//	alice presses: Cancel            the newest button of that name that alice sees
//	alice presses twice: Cancel      at once, before the bot can do anything
//	alice presses late: Cancel       one that alice has seen, though it may be gone
//	alice chooses Colour: Red, Blue  without a name: the newest select
//	alice fills: Name = Ann; Size = L
//	alice follows: Open the private chat
//
// What happens at the provider, with the code last shown to that person, or to
// anybody when the name is no person's here, that still waits; "as" names the account:
//
//	octocat approves
//	alice approves as octocat
//	alice denies
//	alice's code expires
//	octocat withdraws                takes back what that account has granted
//	provider down
//	provider up
//	provider answers 503             once; see Provider.Answer
//
// What happens in people's browsers, each of which keeps its cookies, with the link
// last shown to that person, or to another one:
//
//	alice opens the link             and goes no further; the chat does so too
//	alice opens the link and approves as octocat
//	alice opens the link and declines
//	alice opens bob's link and approves
//	alice loads the page again
//	alice's browser shows: Almost done *
//
// In what is said or filled in, <digits> stands for those that were last shown in
// that person's browser, or in anybody's, and <wrong digits> for some that are not:
//
//	alice fills: Six digits = <digits>
//
// What else happens:
//
//	wait 15m
//	restart                          the bot dies without farewell and starts again
//
// What the bot does. * stands for anything; an audience that is not named may be
// any. A message that changes before a line has taken it counts as what it has
// become:
//
//	bot in #general: Pong!           all who are there see it
//	bot to alice: Sign in * [Cancel] alice alone sees it, wherever
//	bot to alice in #general: *      there, though others are there; where the chat
//	                                 has no private messages, in the direct chat
//	bot edits: Cancelled.            also with "to" and "in"
//	bot deletes: One moment…
//	bot asks alice: Your order [Name] [Size: S | M | L]
//	bob sees nothing new
//	nobody hears anything
type Script struct {
	Name     string
	lines    []scriptLine
	settings []func(*Options)
	only     []condition   // for all lines
	nowhere  bool          // restarts change it
	codes    time.Duration // that codes are good for
	flow     string        // of logins
	refuses  bool          // the provider refuses codes
	withheld []string      // scopes that the provider grants nobody
	hidden   bool          // browsers do not reach the bot
	also     []string      // more providers
	people   []string
	places   []string // channels
}

// scriptLine is a line with its meaning.
type scriptLine struct {
	number int
	text   string
	when   []condition
	do     func(*play) error
}

// args are the words of a line that its pattern has names for.
type args map[string]string

// grammar is what a line can be; the first pattern that fits counts.
var grammar = []struct {
	pattern *regexp.Regexp
	set     func(s *Script, a args) error // for what is said of the whole script
	do      func(p *play, a args) error
}{
	{pattern: sentence(`chat has (?P<no>no )?(?P<what>.+)`), set: setAbility},
	{pattern: sentence(`chat edits private messages for (?P<time>\S+)`), set: setPrivateEdit},
	{pattern: sentence(`chat cannot write (?P<how>first|at all)`), set: setDM},
	{pattern: sentence(`only with(?P<no>out)? (?P<what>.+)`), set: setOnly},
	{pattern: sentence(`codes are good for (?P<time>\S+)`), set: setCodes},
	{pattern: sentence(`logins go through a (?P<flow>browser)`), set: setFlow},
	{pattern: sentence(`provider (?P<refuses>refuses) codes`), set: setFlow},
	{pattern: sentence(`provider withholds (?P<scopes>.+)`), set: setWithheld},
	{pattern: sentence(`browsers do not reach the bot`), set: setHidden},
	{pattern: sentence(`also sign in to (?P<titles>.+)`), set: setAlso},
	{pattern: sentence(`restarts: (?P<how>anywhere|nowhere)`), set: setRestarts},

	{pattern: sentence(`bot(?: to (?P<who>\w+))?(?: in (?P<where>\S+))?: (?P<text>.+)`), do: (*play).expectNew},
	{pattern: sentence(`bot edits(?: to (?P<who>\w+))?(?: in (?P<where>\S+))?: (?P<text>.+)`), do: (*play).expectEdit},
	{pattern: sentence(`bot deletes(?: to (?P<who>\w+))?(?: in (?P<where>\S+))?: (?P<text>.+)`), do: (*play).expectDelete},
	{pattern: sentence(`bot asks (?P<who>\w+)(?: in (?P<where>\S+))?: (?P<text>.+)`), do: (*play).expectForm},
	{pattern: sentence(`(?P<who>\w+) sees nothing new|nobody hears anything`), do: (*play).expectNothing},

	{pattern: sentence(`wait (?P<time>\S+)`), do: (*play).wait},
	{pattern: sentence(`restart`), do: (*play).restart},
	{pattern: sentence(`provider (?P<what>down|up|answers)(?: (?P<with>.+))?`), do: (*play).provider},
	{pattern: sentence(`(?P<who>\w+) opens (?:the|(?P<whose>\w+)'s) link(?: and (?P<what>approves|declines)(?: as (?P<account>[\w-]+))?)?`), do: (*play).open},
	{pattern: sentence(`(?P<who>\w+) loads the page again`), do: (*play).reload},
	{pattern: sentence(`(?P<who>\w+)'s browser shows: (?P<text>.+)`), do: (*play).expectPage},
	{pattern: sentence(`(?P<name>\w+) (?P<what>approves|denies)(?: as (?P<account>[\w-]+))?`), do: (*play).decide},
	{pattern: sentence(`(?P<name>\w+)'s code (?P<what>expires)`), do: (*play).decide},

	{pattern: sentence(`(?P<account>[\w-]+) withdraws`), do: (*play).withdraw},

	{pattern: sentence(`(?P<who>\w+) presses(?: (?P<how>twice|late))?: (?P<label>.+)`), do: (*play).press},
	{pattern: sentence(`(?P<who>\w+) chooses(?: (?P<hint>[^:]+))?: (?P<labels>.+)`), do: (*play).choose},
	{pattern: sentence(`(?P<who>\w+) fills: (?P<values>.+)`), do: (*play).fill},
	{pattern: sentence(`(?P<who>\w+) follows: (?P<label>.+)`), do: (*play).follow},
	{pattern: sentence(`(?P<who>\w+)(?: in (?P<where>\S+))?: (?P<text>.+)`), do: (*play).say},
}

func sentence(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }

var conditional = sentence(`with(?P<no>out)? (?P<what>[\w ]+), (?P<line>.+)`)

// Parse reads a script.
func Parse(name, text string) (*Script, error) {
	s := &Script{Name: name}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.read(i+1, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
	}
	return s, nil
}

func (s *Script) read(number int, text string) error {
	line := scriptLine{number: number, text: text}
	rest := text
	for a := match(conditional, rest); a != nil; a = match(conditional, rest) {
		has, known := conditionOn(a["what"])
		if !known {
			return fmt.Errorf("no chat has %q", a["what"])
		}
		line.when, rest = append(line.when, condition{has, a["no"] == ""}), a["line"]
	}
	for _, g := range grammar {
		a := match(g.pattern, rest)
		switch {
		case a == nil:
			continue
		case g.set != nil && (len(s.lines) > 0 || line.when != nil):
			return fmt.Errorf("%q stands after the conversation has begun", text)
		case g.set != nil:
			return g.set(s, a)
		}
		s.meet(a)
		line.when = append(line.when, s.only...)
		line.do = func(p *play) error { return g.do(p, a) }
		s.lines = append(s.lines, line)
		return nil
	}
	return fmt.Errorf("cannot read %q", text)
}

// match returns the words that a pattern has names for, or nil.
func match(pattern *regexp.Regexp, text string) args {
	m := pattern.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	a := args{}
	for i, name := range pattern.SubexpNames() {
		a[name] = m[i]
	}
	return a
}

// meet notes who and what place a line names.
func (s *Script) meet(a args) {
	if who := a["who"]; who != "" && !slices.Contains(s.people, who) {
		s.people = append(s.people, who)
	}
	if where := a["where"]; where != "" && where != Direct && !slices.Contains(s.places, where) {
		s.places = append(s.places, where)
	}
}

// restarting is s as it is on this stage, with a restart before every other of
// its lines: the second, fourth and so on, or the third, fifth and so on.
func (s *Script) restarting(on Stage, odd int) *Script {
	again := *s
	again.lines = nil
	n := 0
	for _, line := range s.lines {
		if !line.counts(on) {
			continue
		}
		if n > 0 && n%2 != odd {
			again.lines = append(again.lines, scriptLine{
				number: line.number, text: "restart", do: func(p *play) error { return p.restart(nil) },
			})
		}
		again.lines, n = append(again.lines, line), n+1
	}
	return &again
}
