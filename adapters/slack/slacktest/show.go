package slacktest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// view is m as people see it.
func (s *Server) view(m *message) coretest.Seen {
	return coretest.Seen{
		ID: m.key(), Text: (&reader{s: s}).content(m.content), Controls: s.controls(m.content.blocks),
		Edited: m.edited != "", Private: m.only != nil && m.channel.with == nil,
	}
}

// content is what people read. Where there are blocks, the text is for
// notifications.
func (r *reader) content(c content) string {
	switch {
	case len(c.blocks) > 0:
		return r.blocks(c.blocks)
	case c.plain:
		return unescape(c.text)
	}
	return r.mrkdwn(c.text, true)
}

// joined is strings.Join for what is not empty.
func joined(parts []string, by string) string {
	out := parts[:0]
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, by)
}

func (r *reader) blocks(blocks []node) string {
	var parts []string
	for _, b := range blocks {
		parts = append(parts, r.block(b))
	}
	return joined(parts, "\n")
}

// block is what people read of one, without its controls.
func (r *reader) block(b node) string {
	switch b.Type {
	case "section":
		parts := []string{r.plain(b.Text)}
		for _, f := range b.Fields {
			parts = append(parts, r.plain(&f))
		}
		if b.Accessory != nil {
			parts = append(parts, b.Accessory.Alt)
		}
		return joined(parts, "\n")
	case "header":
		return r.plain(b.Text)
	case "image":
		if b.File != nil { // which is seen, not read
			return r.plain(b.Title)
		}
		return joined([]string{r.plain(b.Title), b.Alt}, "\n")
	case "context":
		var parts []string
		for _, e := range b.Elements {
			t := e.asText()
			parts = append(parts, joined([]string{r.plain(&t), e.Alt}, " "))
		}
		return joined(parts, " ")
	case "rich_text":
		var parts []string
		for _, e := range b.Elements {
			parts = append(parts, r.rich(e))
		}
		return strings.Join(parts, "\n")
	}
	return ""
}

// rich is what people read of an element of rich text.
func (r *reader) rich(e node) string {
	switch e.Type {
	case "rich_text_list":
		lines := make([]string, len(e.Elements))
		for i, item := range e.Elements {
			mark := "•"
			if string(e.Style) == `"ordered"` {
				mark = fmt.Sprintf("%d.", i+1)
			}
			lines[i] = mark + " " + r.rich(item)
		}
		return strings.Join(lines, "\n")
	case "user":
		return r.user(e.User)
	case "channel":
		return r.channelName(e.Channel)
	case "broadcast":
		r.calls = append(r.calls, e.Range)
		return "@" + e.Range
	case "emoji":
		if shown := emoji[e.Name]; shown != "" {
			return shown
		}
		return ":" + e.Name + ":"
	case "date":
		return e.Fallback
	}
	out := e.asText().Text
	if e.Type == "link" && out == "" {
		out = e.URL
	}
	for _, inner := range e.Elements {
		out += r.rich(inner)
	}
	return out
}

// controls are what people can use in a message, in order, after the pictures in it.
func (s *Server) controls(blocks []node) []coretest.Control {
	var out []coretest.Control
	for _, b := range blocks {
		if picture, seen := s.picture(b); seen {
			out = append(out, picture)
		}
	}
	for _, b := range blocks {
		elements := b.Elements
		if b.Type == "section" && b.Accessory != nil {
			elements = []node{*b.Accessory}
		}
		for _, e := range elements {
			if e.Type == "button" || e.Type == "static_select" || e.Type == "multi_static_select" {
				out = append(out, s.control(e, b.BlockID))
			}
		}
	}
	return out
}

// control is one, whose Key is what a payload tells of it.
func (s *Server) control(e node, block string) coretest.Control {
	r := &reader{s: s}
	action := object{"type": e.Type, "block_id": block, "action_id": e.ActionID}
	if e.Type != "button" {
		action["placeholder"] = e.Placeholder
		out := coretest.Control{Kind: coretest.Select, Label: r.plain(e.Placeholder), Choices: r.choices(e.Options), Key: string(encode(action))}
		out.Min, out.Max = e.counts()
		return out
	}
	action["text"] = e.Text
	if e.Value != "" {
		action["value"] = e.Value
	}
	if len(e.Style) > 0 {
		action["style"] = e.Style
	}
	out := coretest.Control{Kind: coretest.Button, Label: r.plain(e.Text), Tone: e.tone()}
	if e.URL != "" {
		action["url"] = e.URL
		out.Kind, out.URL, out.Leads = coretest.Link, e.URL, s.leads(e.URL)
	}
	out.Key = string(encode(action))
	return out
}

// counts is how many options of a select may be picked.
func (n node) counts() (least, most int) {
	switch {
	case n.Type == "static_select":
		return 1, 1
	case n.Most > 0:
		return 0, n.Most
	}
	return 0, len(n.Options)
}

// tone is what a style means.
func (n node) tone() core.Tone {
	var style string
	if len(n.Style) > 0 && json.Unmarshal(n.Style, &style) != nil {
		return core.Plain
	}
	return map[string]core.Tone{"primary": core.Main, "danger": core.Bad}[style]
}

func (r *reader) choices(options []option) []core.Choice {
	out := make([]core.Choice, len(options))
	for i, o := range options {
		out[i] = core.Choice{Label: r.plain(&o.Text), Value: o.Value}
	}
	return out
}

// leads reports whether a link is one into the direct chat with the bot.
func (s *Server) leads(link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	q := u.Query()
	switch {
	case u.Scheme == "slack" && u.Host == "user":
		return q.Get("team") == teamID && q.Get("id") == botID
	case u.Scheme == "slack" && u.Host == "app":
		return q.Get("team") == teamID && q.Get("id") == appID
	case u.Host != "slack.com" && !strings.HasSuffix(u.Host, ".slack.com"):
		return false
	}
	return strings.HasSuffix(u.Path, "/app_redirect") && q.Get("app") == appID ||
		strings.HasPrefix(u.Path, "/client/"+teamID+"/D")
}
