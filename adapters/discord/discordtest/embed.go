package discordtest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// embed is a card in a message.
type embed struct {
	Title       string       `json:"title,omitempty"`
	Description string       `json:"description,omitempty"`
	URL         string       `json:"url,omitempty"`
	Color       *int         `json:"color,omitempty"`
	Timestamp   string       `json:"timestamp,omitempty"`
	Fields      []embedField `json:"fields,omitempty"`
	Footer      *embedText   `json:"footer,omitempty"`
	Author      *embedText   `json:"author,omitempty"`
	Image       *embedImage  `json:"image,omitempty"`
	Thumbnail   *embedImage  `json:"thumbnail,omitempty"`
}

type embedField struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline"`
}

type embedText struct {
	Text string `json:"text,omitempty"` // of a footer
	Name string `json:"name,omitempty"` // of an author
	URL  string `json:"url,omitempty"`
}

type embedImage struct {
	URL string `json:"url"`
}

func (s said) wireEmbeds() []object {
	out := []object{}
	for _, e := range s.Embeds {
		o := object{}
		for name, raw := range fields(marshal(e)) {
			o[name] = raw
		}
		o["type"], o["content_scan_version"] = "rich", 0
		out = append(out, o)
	}
	return out
}

// embeds trims and checks all of them.
func (f *form) embeds(list []embed) {
	f.amount("embeds", len(list), 0, maxEmbeds)
	all := 0
	for i := range list {
		list[i].trim()
		f.embed(fmt.Sprintf("embeds.%d", i), list[i])
		all += list[i].size()
	}
	if all > maxEmbedIn {
		f.wrong("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of %d", maxEmbedIn)
	}
}

func (e *embed) trim() {
	texts := []*string{&e.Title, &e.Description}
	for i := range e.Fields {
		texts = append(texts, &e.Fields[i].Name, &e.Fields[i].Value)
	}
	if e.Footer != nil {
		texts = append(texts, &e.Footer.Text)
	}
	for _, text := range texts {
		*text = strings.TrimSpace(*text)
	}
}

func (f *form) embed(at string, e embed) {
	f.length(at+".title", e.Title, 0, 256)
	f.length(at+".description", e.Description, 0, 4096)
	f.length(at+".url", e.URL, 0, 2048)
	f.link(at+".url", e.URL)
	f.amount(at+".fields", len(e.Fields), 0, 25)
	for i, field := range e.Fields {
		f.length(fmt.Sprintf("%s.fields.%d.name", at, i), field.Name, 1, 256)
		f.length(fmt.Sprintf("%s.fields.%d.value", at, i), field.Value, 1, 1024)
	}
	if e.Color != nil && (*e.Color < 0 || *e.Color > 0xFFFFFF) {
		f.wrong(at+".color", "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.")
	}
	if e.Footer != nil {
		f.length(at+".footer.text", e.Footer.Text, 0, 2048)
	}
	if e.Author != nil {
		f.length(at+".author.name", e.Author.Name, 1, 256)
		f.link(at+".author.url", e.Author.URL)
	}
	for name, image := range map[string]*embedImage{"image": e.Image, "thumbnail": e.Thumbnail} {
		if image != nil {
			f.link(at+"."+name+".url", image.URL)
		}
	}
	if e.size() == 0 && e.Image == nil && e.Thumbnail == nil && e.URL == "" {
		f.wrong(at, "EMBED_EMPTY", "An embed needs something to show")
	}
}

// size is how many characters of e count.
func (e embed) size() int {
	n := utf8.RuneCountInString(e.Title) + utf8.RuneCountInString(e.Description)
	for _, field := range e.Fields {
		n += utf8.RuneCountInString(field.Name) + utf8.RuneCountInString(field.Value)
	}
	if e.Footer != nil {
		n += utf8.RuneCountInString(e.Footer.Text)
	}
	if e.Author != nil {
		n += utf8.RuneCountInString(e.Author.Name)
	}
	return n
}
