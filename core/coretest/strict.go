package coretest

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// strict collects what a platform with these Caps would not take. What it says
// contains nothing of the message but labels.
type strict struct {
	caps   core.Caps
	bad    []string
	tokens map[string]bool
}

// refuse says why a platform with these caps does not take m.
func refuse(caps core.Caps, m core.Message) error {
	s := &strict{caps: caps, tokens: map[string]bool{}}
	s.mustf(markup.Visible(m.Text) != "" || len(m.Embeds) > 0 || m.Image != nil, "it is empty")
	s.size("text", m.Text, caps.Limits.Text)
	if m.Image != nil {
		s.image(*m.Image, m.Text)
	}
	s.mustf(caps.Private || !m.Private, "there are no private messages")
	s.mustf(!caps.Replies || !m.Answer || len(m.Rows) == 0, "a question that opens a box to reply in has no controls")
	s.length("key", m.Key, 25)
	s.mustf(caps.Embeds || len(m.Embeds) == 0, "there are no embeds")
	s.count("embeds", len(m.Embeds), caps.Limits.Embeds)
	all := 0
	for _, e := range m.Embeds {
		s.embed(e)
		all += sizeOf(e)
	}
	s.count("characters in all embeds", all, caps.Limits.AllEmbeds)
	s.count("rows", len(m.Rows), caps.Limits.Rows)
	for _, row := range m.Rows {
		s.row(row)
	}
	return s.err("message")
}

// refuseAlert says why a platform with these caps does not show m as an alert.
func refuseAlert(caps core.Caps, m core.Message) error {
	s := &strict{caps: caps}
	s.mustf(markup.Visible(m.Text) != "", "it is empty")
	s.size("text", m.Text, caps.Alert)
	s.mustf(len(m.Rows) == 0 && len(m.Embeds) == 0 && m.Image == nil, "it is more than a text")
	return s.err("alert")
}

// refuseForm says why a platform with these caps does not open f.
func refuseForm(caps core.Caps, f core.Form) error {
	s := &strict{caps: caps, tokens: map[string]bool{}}
	s.mustf(caps.Forms, "there are no forms")
	s.label("title", f.Title, caps.Limits.FormTitle)
	s.mustf(len(f.Inputs) > 0, "it asks for nothing")
	s.count("inputs", len(f.Inputs), caps.Limits.Inputs)
	s.token(f.Title, f.Do)
	names := map[string]bool{}
	for _, in := range f.Inputs {
		s.label("input label", in.Label, caps.Limits.InputLabel)
		s.mustf(in.Name != "" && !names[in.Name], "the name of input %q is missing or not unique", in.Label)
		names[in.Name] = true
		s.choices(in.Label, in.Choices)
	}
	return s.err("form")
}

func (s *strict) err(what string) error {
	if len(s.bad) == 0 {
		return nil
	}
	return fmt.Errorf("%s refuses the %s: %s", s.caps.Platform, what, strings.Join(s.bad, "; "))
}

func (s *strict) mustf(ok bool, format string, args ...any) {
	if !ok {
		s.bad = append(s.bad, fmt.Sprintf(format, args...))
	}
}

func (s *strict) count(what string, n, limit int) {
	s.mustf(limit == 0 || n <= limit, "%d %s, at most %d", n, what, limit)
}

func (s *strict) length(what, text string, limit int) {
	n := utf8.RuneCountInString(text)
	s.mustf(limit == 0 || n <= limit, "%d characters of %s, at most %d", n, what, limit)
}

func (s *strict) size(what string, t markup.Text, limit int) {
	s.length(what, markup.Visible(t), limit)
}

func (s *strict) label(what, text string, limit int) {
	s.mustf(strings.TrimSpace(text) != "", "a %s is empty", what)
	s.length(what+" "+text, text, limit)
}

func (s *strict) image(i core.Image, caption markup.Text) {
	s.mustf(s.caps.Images, "there are no images")
	kind := http.DetectContentType(i.Data)
	s.mustf(slices.Contains([]string{"image/png", "image/jpeg", "image/gif"}, kind), "the image is %s", kind)
	s.length("alt text", i.Alt, s.caps.Limits.Alt)
	s.size("text with an image", caption, s.caps.Limits.Caption)
}

func (s *strict) embed(e core.Embed) {
	l := s.caps.Limits
	s.mustf(len(filled(showEmbed(e))) > 0, "an embed is empty")
	s.length("embed title", e.Title, l.EmbedTitle)
	s.size("embed text", e.Text, l.EmbedText)
	s.length("footer", e.Footer, l.Footer)
	s.count("fields", len(e.Fields), l.Fields)
	for _, f := range e.Fields {
		s.label("field name", f.Name, l.FieldName)
		s.mustf(f.Value != "", "field %s is empty", f.Name)
		s.size("field "+f.Name, f.Value, l.FieldText)
	}
}

// sizeOf is how much an embed says.
func sizeOf(e core.Embed) int {
	n := utf8.RuneCountInString(e.Title + markup.Visible(e.Text) + e.Footer)
	for _, f := range e.Fields {
		n += utf8.RuneCountInString(f.Name + markup.Visible(f.Value))
	}
	return n
}

func (s *strict) row(row []core.Control) {
	s.mustf(len(row) > 0, "a row is empty")
	s.count("controls in a row", len(row), s.caps.Limits.Row)
	for _, c := range row {
		switch c := c.(type) {
		case core.Button:
			s.label("label", c.Label, s.caps.Limits.Label)
			s.token(c.Label, c.Do)
		case core.Link:
			s.label("label", c.Label, s.caps.Limits.Label)
			s.link(c)
		case core.Copy:
			s.mustf(s.caps.Copies, "there is no copying")
			s.label("label", c.Label, s.caps.Limits.Label)
			s.mustf(c.Text != "", "%s copies nothing", c.Label)
			s.length("text to copy", c.Text, s.caps.Limits.Copy)
		case core.Select:
			s.mustf(len(row) == 1, "a select is not alone in its row")
			s.choose(c)
		default:
			s.mustf(false, "a control is a %T, not a value of core's", c)
		}
	}
}

func (s *strict) link(c core.Link) {
	u, err := url.Parse(c.URL)
	ok := err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
	s.mustf(ok, "link %s leads nowhere", c.Label)
	s.mustf(!ok || s.caps.Loopback || !loopback(u.Hostname()), "link %s leads to the person's own machine", c.Label)
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (s *strict) choose(c core.Select) {
	s.mustf(s.caps.Selects, "there are no selects")
	s.token(c.Hint, c.Do)
	s.mustf(len(c.Choices) > 0, "select %s has no choices", c.Hint)
	s.mustf(c.Min >= 0 && c.Min <= max(c.Max, 1) && c.Max <= len(c.Choices), "select %s wants %d to %d of %d", c.Hint, c.Min, c.Max, len(c.Choices))
	s.choices(c.Hint, c.Choices)
}

func (s *strict) choices(of string, choices []core.Choice) {
	s.count("choices", len(choices), s.caps.Limits.Choices)
	values := map[string]bool{}
	for _, c := range valued(choices) {
		s.label("choice", c.Label, s.caps.Limits.Choice)
		s.length("value of "+c.Label, c.Value, s.caps.Limits.Value)
		s.mustf(!values[c.Value], "two choices of %s have one value", of)
		values[c.Value] = true
	}
}

// token checks what the platform is to hand back. Two controls with one token
// could not be told apart.
func (s *strict) token(label string, a core.Action) {
	t := a.Token().Reveal()
	s.mustf(t != "" && len(t) <= 64 && strings.Trim(t, tokenAlphabet) == "", "%s has no token of 1 to 64 characters [A-Za-z0-9_-]", label)
	s.mustf(!s.tokens[t], "%s has the token of another control", label)
	s.tokens[t] = true
}

const tokenAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
