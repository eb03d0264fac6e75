package slacktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// Say implements coretest.World.
func (s *Server) Say(who, where, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	c, thread := s.place(who, where)
	call, is := strings.CutPrefix(text, "/")
	if is && thread == "" {
		s.command(p, c, call)
		return
	}
	if is { // Slack has no commands in threads
		text = "@" + s.me.name + " " + call
	}
	s.say(s.add(&message{channel: c, thread: thread, from: p, said: s.compose(text)}))
}

// say lets the bot know of what somebody said: where it hears everything and, if
// it is mentioned, once more as that.
func (s *Server) say(m *message) {
	if m.channel.with != nil {
		m.channel.opened = true
	}
	s.tell(m, s.messageEvent(m))
	if m.channel.with == nil && m.said.toMe && !m.channel.kicked {
		event := s.messageEvent(m)
		delete(event, "channel_type")
		event["type"] = "app_mention"
		s.event(m.from, event)
	}
	person := !m.from.bot && m.from != s.slackbot
	s.awaited = s.awaited || person && !m.channel.kicked && (m.said.toMe || m.channel.with != nil)
}

// command sends a slash command, if there is such a one.
func (s *Server) command(p *person, c *channel, call string) {
	name, rest, _ := strings.Cut(call, " ")
	name = "/" + name
	if !s.knows(name) {
		s.notice(p, c, "", name+" is not a valid command.")
		return
	}
	s.awaited = true
	if c.with != nil {
		c.opened = true
	}
	h := &hook{by: p, in: c}
	fields := map[string]string{
		"token": verification, "team_id": teamID, "team_domain": domain, "channel_id": c.id, "channel_name": c.name,
		"user_id": p.id, "user_name": p.name, "command": name, "text": s.compose(rest).text, "api_app_id": appID,
		"is_enterprise_install": "false", "response_url": s.newHook(h), "trigger_id": s.newTrigger(p, c, ""),
	}
	s.deliver(&delivery{
		kind: slashCommands, by: p, content: encode(fields), answerable: true,
		fails: func(code string) { s.notice(p, c, "", name+` failed with the error "`+code+`"`) },
		taken: func(reply url.Values) { s.reply(h, reply) },
	})
}

// knows reports whether a slash command is the app's.
func (s *Server) knows(name string) bool {
	listed := func(c string) bool { return c == name || c == AnyCommand }
	return !s.uninstalled && (name == "/usher" || slices.ContainsFunc(s.opt.Commands, listed))
}

// reply is what an app says together with its acknowledgement of a command.
func (s *Server) reply(h *hook, reply url.Values) {
	says := reply.Has("text") || reply.Has("blocks")
	if says && s.respond(h, reply) != nil {
		s.notice(h.by, h.in, "", "The app answered what cannot be shown.")
	}
}

// notice tells one person something in the name of Slack.
func (s *Server) notice(p *person, c *channel, thread, text string) {
	s.add(&message{channel: c, thread: thread, from: s.slackbot, only: p, content: content{text: text, plain: true}})
	s.answered()
}

// Press implements coretest.World. A button with a link tells the app, too.
func (s *Server) Press(who string, m coretest.Seen, label string) error {
	control, err := m.Control(coretest.Button, label)
	if err != nil {
		if control, none := m.Control(coretest.Link, label); none == nil {
			return s.use(who, m, control, nil)
		}
		return err
	}
	return s.use(who, m, control, nil)
}

// Choose implements coretest.World.
func (s *Server) Choose(who string, m coretest.Seen, hint string, labels ...string) error {
	control, err := m.Control(coretest.Select, hint)
	switch {
	case err != nil:
		return err
	case len(labels) < control.Min || len(labels) > control.Max:
		return fmt.Errorf("%d choices of %s, want %d to %d", len(labels), control.Label, control.Min, control.Max)
	}
	picked := []object{}
	for _, label := range labels {
		i := slices.IndexFunc(control.Choices, func(c core.Choice) bool { return c.Label == label })
		if i < 0 {
			return fmt.Errorf("no choice %q in %s", label, control)
		}
		picked = append(picked, option{Text: text{Text: escape(label)}, Value: control.Choices[i].Value}.wire())
	}
	return s.use(who, m, control, picked)
}

// Follow implements coretest.World.
func (s *Server) Follow(who string, m coretest.Seen, label string) error {
	link, err := m.Control(coretest.Link, label)
	switch {
	case err != nil:
		return err
	case !link.Leads:
		return errors.New("that link does not lead to the direct chat")
	}
	return s.use(who, m, link, nil)
}

// use uses a control of a message that is still there. What m showed may have
// changed since: somebody who is quick presses what has just gone.
func (s *Server) use(who string, m coretest.Seen, c coretest.Control, picked []object) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	on := s.visible(p, m.ID)
	if on == nil {
		return fmt.Errorf("%s does not see message %s", who, m.ID)
	}
	var action object
	if err := json.Unmarshal([]byte(c.Key), &action); err != nil {
		return fmt.Errorf("use %s: %w", c, err)
	}
	switch {
	case action["type"] == "multi_static_select":
		action["selected_options"] = picked
	case picked != nil:
		action["selected_option"] = picked[0]
	}
	s.act(p, on, action)
	return nil
}

// visible is the message of that key, if p sees it.
func (s *Server) visible(p *person, key string) *message {
	id, ts, _ := strings.Cut(key, "/")
	if c := s.channels[id]; c != nil {
		for _, m := range c.messages {
			if m.ts == ts && m.seenBy(p) {
				return m
			}
		}
	}
	return nil
}

// act lets the bot know that p has used something in m.
func (s *Server) act(p *person, m *message, action object) {
	s.awaited = s.awaited || action["url"] == nil
	out := s.payload("block_actions", p)
	container := object{"type": "message", "message_ts": m.ts, "channel_id": m.channel.id, "is_ephemeral": m.only != nil}
	if m.thread != "" {
		container["thread_ts"] = m.thread
	}
	if m.only == nil {
		out["message"] = s.wire(m)
	}
	action["action_ts"] = s.now()
	out["container"], out["channel"] = container, object{"id": m.channel.id, "name": m.channel.name}
	out["actions"], out["state"] = []object{action}, object{"values": object{}}
	out["trigger_id"] = s.newTrigger(p, m.channel, m.thread)
	out["response_url"] = s.newHook(&hook{by: p, in: m.channel, thread: m.thread, on: m})
	s.deliver(&delivery{
		kind: interactive, by: p, content: encode(out),
		fails: func(code string) { s.notice(p, m.channel, m.thread, "The app did not answer: "+code) },
	})
}

// Sees implements coretest.World. What Slack itself tells a person is among it.
func (s *Server) Sees(who, where string) []coretest.Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	c, thread := s.place(who, where)
	var out []coretest.Seen
	for _, m := range c.messages {
		ours := m.from == s.me || m.from == s.slackbot && m.only != nil
		if ours && m.thread == thread && m.seenBy(p) {
			out = append(out, s.view(m))
		}
	}
	if v := p.modal; v != nil && v.in == c && v.thread == thread {
		out = append(out, s.form(v))
	}
	return out
}

// Busy reports whether the bot has yet to take or to answer what people did. For
// coretest.Idle; there need be no answer.
func (s *Server) Busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.awaited || s.pending > 0
}
