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
	"copies":           func(c *core.Caps) *bool { return &c.Copies },
	"replies":          func(c *core.Caps) *bool { return &c.Replies },
}

// condition is what the chat must have, or must not have, for a line to count.
type condition struct {
	ability func(*core.Caps) *bool
	has     bool
}

func (l scriptLine) counts(caps core.Caps) bool {
	return !slices.ContainsFunc(l.when, func(c condition) bool { return *c.ability(&caps) != c.has })
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

// Opened returns the people whose direct chats the bot can write to from the
// start: all in the script, or nobody where it says that the chat cannot write.
func (s *Script) Opened() []string {
	var o Options
	for _, set := range s.settings {
		set(&o)
	}
	if o.DM != Allowed {
		return nil
	}
	return slices.Clone(s.people)
}

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

func setRestarts(s *Script, a args) error {
	s.nowhere = a["how"] == "nowhere"
	return nil
}
