package slacktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// form is v as its person sees it.
func (s *Server) form(v *view) coretest.Seen {
	r := &reader{s: s}
	out := coretest.Seen{ID: v.id, Form: true}
	parts := []string{r.plain(v.shown.Title), v.problem}
	for _, b := range v.shown.blocks {
		if b.Type == "input" {
			out.Controls = append(out.Controls, r.input(b))
		} else {
			parts = append(parts, r.block(b))
		}
	}
	out.Text = joined(parts, "\n")
	return out
}

// input is one as people see it.
func (r *reader) input(b node) coretest.Control {
	e := b.Element
	out := coretest.Control{
		Kind: coretest.Input, Label: r.plain(b.Label), Hint: joined([]string{r.plain(e.Placeholder), r.plain(b.Hint)}, " "),
		Text: e.Filled, Optional: b.Optional, Choices: r.choices(e.Options), Key: b.BlockID,
	}
	if e.Type == "plain_text_input" {
		out.Min, out.Max = e.Min, e.most()
	}
	for _, o := range e.initials() {
		out.Text = r.plain(&o.Text)
	}
	return out
}

// Fill implements coretest.World.
func (s *Server) Fill(who string, m coretest.Seen, values map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	v := p.modal
	if v == nil || v.id != m.ID {
		return fmt.Errorf("%s has no such form open", who)
	}
	left := maps.Clone(values)
	state := map[string]object{}
	for _, b := range v.shown.blocks {
		if b.Type != "input" {
			continue
		}
		c := (&reader{s: s}).input(b)
		given, is := left[c.Label]
		delete(left, c.Label)
		if !is {
			given = c.Text
		}
		value, err := b.Element.fill(c, given)
		if err != nil {
			return err
		}
		state[b.BlockID] = object{b.Element.ActionID: value}
	}
	if len(left) > 0 {
		return fmt.Errorf("the form does not ask for %q", slices.Sorted(maps.Keys(left)))
	}
	s.submit(p, v, state)
	return nil
}

// fill is what a payload tells of an input, or why the person cannot leave it so.
func (n node) fill(c coretest.Control, given string) (object, error) {
	out := object{"type": n.Type}
	length := utf8.RuneCountInString(given)
	switch {
	case given == "" && !c.Optional:
		return nil, fmt.Errorf("%q must be filled in", c.Label)
	case n.Type == "plain_text_input" && length > c.Max:
		return nil, fmt.Errorf("%q takes at most %d characters", c.Label, c.Max)
	case n.Type == "plain_text_input" && length < c.Min && given != "":
		return nil, fmt.Errorf("%q takes at least %d characters", c.Label, c.Min)
	case n.Type == "plain_text_input" && given == "":
		out["value"] = nil
		return out, nil
	case n.Type == "plain_text_input":
		out["value"] = given
		return out, nil
	}
	picked := []object{}
	if given != "" {
		i := slices.IndexFunc(c.Choices, func(o core.Choice) bool { return o.Label == given })
		if i < 0 {
			return nil, fmt.Errorf("no choice %q in %s", given, c)
		}
		picked = append(picked, n.Options[i].wire())
	}
	switch {
	case n.Type == "multi_static_select":
		out["selected_options"] = picked
	case len(picked) == 0:
		out["selected_option"] = nil
	default:
		out["selected_option"] = picked[0]
	}
	return out, nil
}

// wire is o as payloads have it when it was picked.
func (o option) wire() object {
	return object{"text": object{"type": "plain_text", "text": o.Text.Text, "emoji": true}, "value": o.Value}
}

// submit sends a modal that was filled in. It closes when the app has
// acknowledged that, unless the app wants something else.
func (s *Server) submit(p *person, v *view, state map[string]object) {
	s.awaited = true
	out := s.payload("view_submission", p)
	out["trigger_id"], out["view"], out["response_urls"] = s.newTrigger(p, v.in, v.thread), v.wire(state), []object{}
	s.deliver(&delivery{
		kind: interactive, by: p, content: encode(out), answerable: true,
		fails: func(string) { s.trouble(v, errTrouble.Error()) },
		taken: func(reply url.Values) {
			if s.views[v.id] != v {
				return
			}
			if err := s.react(v, reply); err != nil {
				s.trouble(v, err.Error())
			}
		},
	})
}

// errTrouble is what people are told when an app does not answer as it must.
var errTrouble = errors.New("we had some trouble connecting: try again")

func (s *Server) trouble(v *view, problem string) {
	v.problem = problem
	s.Change()
}

// react does with a modal what the app wants.
func (s *Server) react(v *view, reply url.Values) error {
	switch reply.Get("response_action") {
	case "", "clear":
		s.close(v.by)
	case "update":
		if s.readView(v, reply.Get("view")) != nil {
			return errTrouble
		}
		s.answered()
	case "errors":
		var problems map[string]string
		if json.Unmarshal([]byte(reply.Get("errors")), &problems) != nil || len(problems) == 0 {
			return errTrouble
		}
		var parts []string
		for _, block := range slices.Sorted(maps.Keys(problems)) {
			parts = append(parts, problems[block])
		}
		s.trouble(v, joined(parts, "\n"))
		s.awaited = false
	default:
		return errTrouble
	}
	return nil
}

// Leave implements coretest.World.
func (s *Server) Leave(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	v := p.modal
	s.close(p)
	if v != nil && v.shown.NotifyOnClose {
		out := s.payload("view_closed", p)
		out["view"], out["is_cleared"] = v.wire(nil), false
		s.deliver(&delivery{kind: interactive, by: p, content: encode(out)})
	}
}
