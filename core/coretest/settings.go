package coretest

import (
	"fmt"
	"slices"
	"time"

	"github.com/usherbot/usher/core"
)

// abilities are what scripts call what a chat has or has not.
var abilities = map[string]func(*core.Caps) *bool{
	"private messages": func(c *core.Caps) *bool { return &c.Private },
	"forms":            func(c *core.Caps) *bool { return &c.Forms },
	"selects":          func(c *core.Caps) *bool { return &c.Selects },
	"embeds":           func(c *core.Caps) *bool { return &c.Embeds },
	"images":           func(c *core.Caps) *bool { return &c.Images },
	"copies":           func(c *core.Caps) *bool { return &c.Copies },
	"replies":          func(c *core.Caps) *bool { return &c.Replies },
}

// leastCard is for how long a private message must be editable to be a card.
const leastCard = 5 * time.Minute

// conditionOn returns what a line with that word needs, beside the abilities: that
// a card can be a private message, and that a link leads to the direct chat.
func conditionOn(word string) (has func(Stage) bool, known bool) {
	switch word {
	case "private cards":
		return func(on Stage) bool { return on.Caps.Private && on.Caps.PrivateEdit >= leastCard }, true
	case "links":
		return func(on Stage) bool { return on.Links }, true
	case "typed commands":
		return func(on Stage) bool { return on.Typed }, true
	case "lasting pictures":
		return func(on Stage) bool { return on.Lasting }, true
	case "shared pictures":
		return func(on Stage) bool { return on.Shared }, true
	case "talk":
		return func(on Stage) bool { return !on.Deaf }, true
	}
	ability, known := abilities[word]
	return func(on Stage) bool { return *ability(&on.Caps) }, known
}

// condition is what the stage must have, or must not have, for a line to count.
type condition struct {
	has  func(Stage) bool
	want bool
}

func (l scriptLine) counts(on Stage) bool {
	return !slices.ContainsFunc(l.when, func(c condition) bool { return c.has(on) != c.want })
}

// Codes is for how long the script's codes are good; 0: for as long as anywhere.
func (s *Script) Codes() time.Duration { return s.codes }

func setCodes(s *Script, a args) error {
	d, err := time.ParseDuration(a["time"])
	if err != nil {
		return fmt.Errorf("read the time: %w", err)
	}
	s.codes = d
	return nil
}

// Flow is the way that the script's logins go, as provider.App has it; empty: by
// codes. Refuses is whether the provider refuses to give codes then.
func (s *Script) Flow() (flow string, refuses bool) { return s.flow, s.refuses }

func setFlow(s *Script, a args) error {
	s.flow, s.refuses = "auto", a["refuses"] != ""
	if a["flow"] != "" {
		s.flow = a["flow"]
	}
	return nil
}

// Withheld are the scopes that the script's provider grants nobody.
func (s *Script) Withheld() []string { return slices.Clone(s.withheld) }

func setWithheld(s *Script, a args) error {
	s.withheld = list(a["scopes"], ",")
	return nil
}

// Reached reports whether browsers reach the script's bot.
func (s *Script) Reached() bool { return s.flow != "" && !s.hidden }

func setHidden(s *Script, _ args) error {
	s.hidden = true
	return nil
}

// Also are the presets beside Demo that people of the script can sign in to, by their
// titles.
func (s *Script) Also() []string { return slices.Clone(s.also) }

func setAlso(s *Script, a args) error {
	s.also = list(a["titles"], ",")
	return nil
}

// Chat returns o as the script wants it to be.
func (s *Script) Chat(o Options) Options {
	if o.Caps.Platform == "" {
		o.Caps = Rich()
	}
	for _, set := range s.settings {
		set(&o)
	}
	return o
}

// Writes reports whether the bot can write to people from the start: not where the
// script says that the chat cannot write.
func (s *Script) Writes() bool {
	var o Options
	for _, set := range s.settings {
		set(&o)
	}
	return o.DM == Allowed
}

// People are those in the script.
func (s *Script) People() []string { return slices.Clone(s.people) }

func setAbility(s *Script, a args) error {
	has := a["no"] == ""
	ability, known := abilities[a["what"]]
	if !known {
		return fmt.Errorf("no chat has %q", a["what"])
	}
	s.settings = append(s.settings, func(o *Options) { *ability(&o.Caps) = has })
	return nil
}

func setPrivateEdit(s *Script, a args) error {
	d, err := time.ParseDuration(a["time"])
	if err != nil {
		return fmt.Errorf("read the time: %w", err)
	}
	s.settings = append(s.settings, func(o *Options) { o.Caps.PrivateEdit = d })
	return nil
}

func setDM(s *Script, a args) error {
	way := LinkOnly
	if a["how"] == "at all" {
		way = Impossible
	}
	s.settings = append(s.settings, func(o *Options) { o.DM = way })
	return nil
}

func setOnly(s *Script, a args) error {
	has, known := conditionOn(a["what"])
	if !known {
		return fmt.Errorf("no chat has %q", a["what"])
	}
	s.only = append(s.only, condition{has, a["no"] == ""})
	return nil
}

func setRestarts(s *Script, a args) error {
	s.nowhere = a["how"] == "nowhere"
	return nil
}
