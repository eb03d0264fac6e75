package discordtest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/usherbot/usher/core/coretest"
)

// Say implements coretest.World. To write in the direct chat lets the bot write
// there too.
func (s *Server) Say(who, where, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, c := s.person(who), s.place(who, where)
	if c.with != nil {
		p.open, p.blocked = true, false
	}
	if call, is := strings.CutPrefix(text, "/"); is {
		name, rest := call, ""
		if i := strings.IndexFunc(call, unicode.IsSpace); i >= 0 {
			name, rest = call[:i], call[i:]
		}
		if cmd := s.command(c, name); cmd != nil {
			s.use(p, c, cmd, rest)
			return
		}
	}
	s.say(p, c, text)
}

// Unsent tells what people could not send, because their clients hold a command
// to its options.
func (s *Server) Unsent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unsent)
}

// use sends a command, if its options can be filled in.
func (s *Server) use(p *person, c *channel, cmd *Command, text string) {
	f := &filling{s: s}
	options, err := f.options(cmd.Options, text)
	if err != nil {
		s.unsent = append(s.unsent, fmt.Sprintf("/%s%s by %s: %v", cmd.Name, text, p.Name, err))
		return
	}
	data := object{"id": cmd.ID, "name": cmd.Name, "type": cmd.Type}
	if cmd.Guild != "" {
		data["guild_id"] = cmd.Guild
	}
	if len(options) > 0 {
		data["options"] = options
	}
	if len(f.users) > 0 {
		data["resolved"] = f.resolved(c)
	}
	s.raise(&interaction{kind: isCommand, name: "/" + cmd.Name, by: p, in: c}, data)
}

// say puts what a person writes into a channel.
func (s *Server) say(p *person, c *channel, text string) {
	content := strings.TrimSpace(s.mention(text))
	m := &message{in: c, from: p, said: said{Content: content}}
	m.pings = (&utterance{}).pings(content, false)
	s.add(m)
}

var atName = regexp.MustCompile(`(^|\s)@([\w-]+)`)

// mention makes a mention of each @name, as clients do.
func (s *Server) mention(text string) string {
	return atName.ReplaceAllStringFunc(text, func(found string) string {
		before, name, _ := strings.Cut(found, "@")
		if name == everyone || name == "here" {
			return found
		}
		return before + "<@" + s.person(name).ID + ">"
	})
}

// Press implements coretest.World. A button that opens a link is followed.
func (s *Server) Press(who string, m coretest.Seen, label string) error {
	control, err := m.Control(coretest.Button, label)
	if err != nil {
		if _, none := m.Control(coretest.Link, label); none == nil {
			return s.Follow(who, m, label)
		}
		return err
	}
	return s.touch(who, m, component{Type: button, CustomID: control.Key}, nil)
}

// Choose implements coretest.World.
func (s *Server) Choose(who string, m coretest.Seen, hint string, labels ...string) error {
	control, err := m.Control(coretest.Select, hint)
	if err != nil {
		return err
	}
	offered := component{Type: stringSelect, CustomID: control.Key, Min: &control.Min, Max: &control.Max}
	for _, c := range control.Choices {
		offered.Options = append(offered.Options, choice{Label: c.Label, Value: c.Value})
	}
	values, err := offered.pick(labels)
	if err != nil {
		return err
	}
	return s.touch(who, m, offered, values)
}

// touch uses a control of a message that is still there. It may have changed
// since: somebody who is quick presses what has just gone.
func (s *Server) touch(who string, m coretest.Seen, c component, values []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	for _, on := range s.shown {
		if on.ID == m.ID && on.seenBy(p) {
			s.press(p, on, c, values)
			return nil
		}
	}
	return fmt.Errorf("%s does not see message %s", who, m.ID)
}

func (s *Server) press(p *person, on *message, c component, values []string) {
	data := object{"component_type": c.Type, "custom_id": c.CustomID}
	for _, there := range on.said.controls() {
		if there.CustomID == c.CustomID {
			data["id"] = there.ID
		}
	}
	if c.Type != button {
		data["values"] = values
	}
	s.raise(&interaction{kind: isComponent, name: "a press", by: p, in: on.in, on: on}, data)
}

// submit sends a form, laid out as the bot has.
func (s *Server) submit(p *person, m *modal, values map[string][]string) {
	rows := []object{}
	for n, c := range m.Components {
		row := object{"type": c.Type, "id": 2*n + 1}
		switch c.Type {
		case label:
			row["component"] = c.Component.submitted(2*n+2, values)
		case actionRow:
			row["components"] = []object{c.Components[0].submitted(2*n+2, values)}
		}
		rows = append(rows, row)
	}
	i := &interaction{kind: isSubmit, name: "a form", by: p, in: m.from.in, on: m.from.on}
	s.raise(i, object{"custom_id": m.CustomID, "components": rows})
}

func (in component) submitted(id int, values map[string][]string) object {
	got := values[in.CustomID]
	out := object{"type": in.Type, "id": id, "custom_id": in.CustomID}
	switch {
	case in.Type == stringSelect:
		out["values"] = got
	case len(got) > 0:
		out["value"] = got[0]
	default:
		out["value"] = nil
	}
	return out
}

// Follow implements coretest.World: no link leads into the direct chat and hands
// anything over.
func (s *Server) Follow(_ string, m coretest.Seen, label string) error {
	if _, err := m.Control(coretest.Link, label); err != nil {
		return err
	}
	return errors.New("that link does not lead to the direct chat")
}

// Edit changes the last words of a person there. A command is none: where there
// is nothing else, nothing changes.
func (s *Server) Edit(who, where, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, c := s.person(who), s.place(who, where)
	var last *message
	for _, m := range c.messages {
		if m.from == p && (last == nil || last.ID < m.ID) {
			last = m
		}
	}
	if last != nil {
		last.said.Content, last.edited = strings.TrimSpace(s.mention(text)), time.Now()
		s.tell("MESSAGE_UPDATE", last)
	}
}
