package discord

import (
	"net/url"
	"unicode/utf8"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// Limits of embeds, in characters once they are written: platforms.md 1.1.
const (
	maxEmbeds     = 10
	maxEmbedTitle = 256
	maxEmbedText  = 4096
	maxFields     = 25
	maxFieldText  = 1024
	maxFooter     = 2048
	maxAllEmbeds  = 6000 // in one message
)

// embed is a card on the wire.
type embed struct {
	Title       string  `json:"title,omitempty"`
	Description string  `json:"description,omitempty"`
	URL         string  `json:"url,omitempty"`
	Color       int     `json:"color,omitempty"`
	Fields      []field `json:"fields,omitempty"`
	Image       *image  `json:"image,omitempty"`
	Footer      *footer `json:"footer,omitempty"`
}

type field struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline,omitempty"`
}

type image struct {
	URL string `json:"url"`
}

type footer struct {
	Text string `json:"text"`
}

// Colours that can be told apart on a light and on a dark ground.
var colours = map[core.Tone]int{core.Main: 0x5865F2, core.Good: 0x248046, core.Bad: 0xDA373C}

// embedsOf renders embeds. What they say together has a limit; beyond it they are
// cut.
func embedsOf(embeds []core.Embed) []embed {
	out := make([]embed, 0, len(embeds))
	left := budget(maxAllEmbeds)
	for _, e := range embeds[:min(len(embeds), maxEmbeds)] {
		one := embed{Color: colours[e.Tone], Title: left.plain(e.Title, maxEmbedTitle)}
		if webAddress(e.URL) {
			one.URL = e.URL
		}
		if webAddress(e.Image) {
			one.Image = &image{e.Image}
		}
		one.Description = left.text(e.Text, maxEmbedText)
		for _, f := range e.Fields[:min(len(e.Fields), maxFields)] {
			if left < 2 {
				break
			}
			name := left.plain(f.Name, min(maxEmbedTitle, int(left)-1))
			one.Fields = append(one.Fields, field{orNothing(name), orNothing(left.text(f.Value, maxFieldText)), f.Short})
		}
		if text := cut(e.Footer, min(maxFooter, max(int(left), 1))); text != "" && left > 0 {
			one.Footer = &footer{text}
			left.spend(text)
		}
		if one.Title != "" || one.Description != "" || len(one.Fields) > 0 || one.Image != nil || one.Footer != nil {
			out = append(out, one)
		}
	}
	return out
}

// budget is how many characters are left.
type budget int

func (b *budget) spend(s string) string {
	*b -= budget(utf8.RuneCountInString(s))
	return s
}

// text is as much of a text as there is room for.
func (b *budget) text(t markup.Text, most int) string {
	if most = min(most, int(*b)); most <= 0 {
		return ""
	}
	if lengthOf(t) > most {
		t = markup.Cut(t, func(part markup.Text) bool { return lengthOf(part) <= most })
	}
	text, _ := written(t) // mentions in embeds notify nobody
	return b.spend(text)
}

// plain is text for where Discord reads Markdown and core has none.
func (b *budget) plain(s string, most int) string { return b.text(markup.Plain(s), most) }

// orNothing is s, or what cannot be seen: a field must have both its texts.
func orNothing(s string) string {
	if s == "" {
		return "\u200b"
	}
	return s
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && len(s) <= maxFooter
}
