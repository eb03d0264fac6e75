package slacktest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits that no single element has.
const (
	maxBlocks     = 50 // of a message
	maxViewBlocks = 100
	maxID         = 255
	maxText       = 40000
	maxUpdate     = 4000
	maxEphemeral  = 4000 // bytes
	maxMetadata   = 3000
	maxInput      = 3000
)

// checker collects what is wrong with blocks, and where.
type checker struct {
	modal bool
	shows func(file string) bool // whether it can be shown
	ids   map[string]bool
	bad   []string
}

// checkBlocks returns what is wrong with the blocks of a message or modal.
func (s *Server) checkBlocks(blocks []node, at string, modal bool) []string {
	c := &checker{modal: modal, shows: s.showable, ids: map[string]bool{}}
	most := maxBlocks
	if modal {
		most = maxViewBlocks
	}
	c.count(len(blocks), 0, most, at)
	for i, b := range blocks {
		c.block(b, fmt.Sprintf("%s/%d", at, i))
	}
	return c.bad
}

func (c *checker) mustf(ok bool, at, format string, args ...any) {
	if !ok {
		c.bad = append(c.bad, "[ERROR] "+fmt.Sprintf(format, args...)+" [json-pointer:"+at+"]")
	}
}

func (c *checker) count(n, least, most int, at string) {
	c.mustf(n >= least, at, "no less than %d items allowed", least)
	c.mustf(n <= most, at, "no more than %d items allowed", most)
}

func (c *checker) length(s string, least, most int, at string) {
	n := utf8.RuneCountInString(s)
	c.mustf(n >= least, at, "must be more than %d characters", least-1)
	c.mustf(n <= most, at, "must be less than %d characters", most+1)
}

// text wants a text object. Not all may be mrkdwn.
func (c *checker) text(t *text, most int, rich bool, at string) {
	if t == nil {
		c.mustf(false, at, "missing required field")
		return
	}
	c.mustf(t.Type == "plain_text" || rich && t.Type == "mrkdwn", at+"/type", "unsupported type: %s", t.Type)
	c.length(t.Text, 1, most, at+"/text")
}

// maybe is text for what need not be there.
func (c *checker) maybe(t *text, most int, at string) {
	if t != nil {
		c.text(t, most, false, at)
	}
}

func (c *checker) block(b node, at string) {
	c.length(b.BlockID, 0, maxID, at+"/block_id")
	c.mustf(b.BlockID == "" || !c.ids[b.BlockID], at+"/block_id", "block_id already exists: %s", b.BlockID)
	c.ids[b.BlockID] = true
	switch b.Type {
	case "section":
		c.section(b, at)
	case "header":
		c.text(b.Text, 150, false, at+"/text")
	case "context":
		c.count(len(b.Elements), 1, 10, at+"/elements")
		for i, e := range b.Elements {
			c.contextual(e, fmt.Sprintf("%s/elements/%d", at, i))
		}
	case "actions":
		c.actions(b.Elements, at+"/elements")
	case "image":
		c.image(b, at)
		c.maybe(b.Title, 2000, at+"/title")
	case "input":
		c.mustf(c.modal, at, "slacktest has inputs in modals only")
		c.input(b, at)
	case "rich_text":
		c.rich(b.Elements, "block", at+"/elements")
	case "divider":
	default:
		c.mustf(false, at+"/type", "unsupported type: %s", b.Type)
	}
}

func (c *checker) section(b node, at string) {
	if b.Text != nil || len(b.Fields) == 0 {
		c.text(b.Text, 3000, true, at+"/text")
	}
	c.count(len(b.Fields), 0, 10, at+"/fields")
	for i, f := range b.Fields {
		c.text(&f, 2000, true, fmt.Sprintf("%s/fields/%d", at, i))
	}
	switch a := b.Accessory; {
	case a == nil:
	case a.Type == "image":
		c.image(*a, at+"/accessory")
	default:
		c.actions([]node{*a}, at+"/accessory")
	}
}

// contextual is what may stand in a context block: an image, or a text.
func (c *checker) contextual(e node, at string) {
	if e.Type == "image" {
		c.image(e, at)
		return
	}
	t := e.asText()
	c.text(&t, 2000, true, at)
}

// asText is an element that is a text object itself.
func (n node) asText() text {
	t := text{Type: n.Type, Verbatim: n.Verbatim}
	if n.Text != nil {
		t.Text = n.Text.Text
	}
	return t
}

func (c *checker) image(b node, at string) {
	c.length(b.Alt, 1, 2000, at+"/alt_text")
	if f := b.File; f != nil {
		c.mustf(b.ImageURL == "" && (f.ID == "") != (f.URL == ""), at+"/slack_file", "must provide one of image_url, id and url")
		c.mustf(c.shows(f.ID), at+"/slack_file", "invalid slack file")
		return
	}
	u, err := url.Parse(b.ImageURL)
	c.mustf(err == nil && u.Host != "" && strings.HasPrefix(u.Scheme, "http"), at+"/image_url", "invalid url")
	c.length(b.ImageURL, 1, 3000, at+"/image_url")
}

// actions are controls beside each other, whose ids differ.
func (c *checker) actions(elements []node, at string) {
	c.count(len(elements), 1, 25, at)
	ids := map[string]bool{}
	for i, e := range elements {
		at := fmt.Sprintf("%s/%d", at, i)
		c.mustf(!ids[e.ActionID], at+"/action_id", "action_id already exists: %s", e.ActionID)
		ids[e.ActionID] = true
		switch e.Type {
		case "button":
			c.button(e, at)
		case "static_select", "multi_static_select":
			c.choices(e, at)
		default:
			c.mustf(false, at+"/type", "unsupported type: %s", e.Type)
		}
	}
}

func (c *checker) button(e node, at string) {
	c.length(e.ActionID, 1, maxID, at+"/action_id")
	c.text(e.Text, 75, false, at+"/text")
	c.length(e.Value, 0, 2000, at+"/value")
	c.length(e.URL, 0, 3000, at+"/url")
	u, err := url.Parse(e.URL)
	c.mustf(e.URL == "" || err == nil && u.Scheme != "", at+"/url", "invalid url")
	c.mustf(slices.Contains([]string{"", `"primary"`, `"danger"`}, string(e.Style)), at+"/style", "unsupported style")
}

func (c *checker) choices(e node, at string) {
	c.length(e.ActionID, 1, maxID, at+"/action_id")
	c.maybe(e.Placeholder, 150, at+"/placeholder")
	c.count(len(e.Options), 1, 100, at+"/options")
	c.mustf(e.Most >= 0, at+"/max_selected_items", "must be more than 0")
	for i, o := range e.Options {
		at := fmt.Sprintf("%s/options/%d", at, i)
		c.text(&o.Text, 75, false, at+"/text")
		c.length(o.Value, 1, 75, at+"/value")
		c.maybe(o.Description, 75, at+"/description")
	}
	for _, o := range e.initials() {
		known := slices.ContainsFunc(e.Options, func(k option) bool { return k.Value == o.Value && k.Text.Text == o.Text.Text })
		c.mustf(known, at+"/initial_option", "must be one of the options")
	}
}

// initials are the options that are picked from the start.
func (n node) initials() []option {
	if n.Initial != nil {
		return []option{*n.Initial}
	}
	return n.Initials
}

func (c *checker) input(b node, at string) {
	c.text(b.Label, 2000, false, at+"/label")
	c.maybe(b.Hint, 2000, at+"/hint")
	e := b.Element
	if e == nil {
		c.mustf(false, at+"/element", "missing required field")
		return
	}
	at += "/element"
	switch e.Type {
	case "static_select", "multi_static_select":
		c.choices(*e, at)
	case "plain_text_input":
		c.length(e.ActionID, 1, maxID, at+"/action_id")
		c.maybe(e.Placeholder, 150, at+"/placeholder")
		c.mustf(e.Min >= 0 && e.Min <= maxInput, at+"/min_length", "must be between 0 and %d", maxInput)
		c.mustf(e.Max >= 0 && e.Max <= maxInput, at+"/max_length", "must be between 1 and %d", maxInput)
		c.length(e.Filled, 0, e.most(), at+"/initial_value")
	default:
		c.mustf(false, at+"/type", "unsupported type: %s", e.Type)
	}
}

// most is how many characters an input takes.
func (n node) most() int {
	if n.Max > 0 {
		return n.Max
	}
	return maxInput
}

// inRich is what may stand in what of a rich text.
var inRich = map[string][]string{
	"block":                  {"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"},
	"rich_text_section":      {"text", "link", "user", "channel", "broadcast", "emoji", "date"},
	"rich_text_quote":        {"text", "link", "user", "channel", "broadcast", "emoji", "date"},
	"rich_text_preformatted": {"text", "link"},
	"rich_text_list":         {"rich_text_section"},
}

func (c *checker) rich(elements []node, in, at string) {
	c.count(len(elements), 1, 1000, at)
	for i, e := range elements {
		at := fmt.Sprintf("%s/%d", at, i)
		c.mustf(slices.Contains(inRich[in], e.Type), at+"/type", "unsupported type: %s", e.Type)
		switch {
		case inRich[e.Type] != nil:
			c.rich(e.Elements, e.Type, at+"/elements")
		case e.Type == "text":
			c.mustf(e.Text != nil && e.Text.Text != "", at+"/text", "must be more than 0 characters")
		case e.Type == "link":
			c.length(e.URL, 1, 3000, at+"/url")
		}
		c.style(e, at)
	}
}

// style is an object for what is in a line, and a word for a list.
func (c *checker) style(e node, at string) {
	switch {
	case e.Type == "rich_text_list":
		c.mustf(slices.Contains([]string{`"bullet"`, `"ordered"`}, string(e.Style)), at+"/style", "unsupported style")
	case len(e.Style) > 0:
		var style map[string]bool
		c.mustf(json.Unmarshal(e.Style, &style) == nil, at+"/style", "must be an object")
		for name := range style {
			c.mustf(slices.Contains([]string{"bold", "italic", "strike", "underline", "code"}, name), at+"/style", "unsupported style: %s", name)
		}
	}
}
