package slacktest

import (
	"regexp"
	"strings"
)

// typed is what a person has typed, as Slack hands it over.
type typed struct {
	text     string // with &, < and > escaped, and what was recognized between < and >
	elements []object
	toMe     bool // the bot is mentioned
}

// recognized is what Slack finds in what people type: people, channels and
// addresses.
var recognized = regexp.MustCompile(`(^|\s)([@#][\w-]+)|(https?://[^\s<>|]*[^\s<>|.,;:!?()\[\]"'*_~` + "`" + `])`)

// compose is what a client makes of what a person types. Slash commands have it
// so, too, when they were made to escape.
func (s *Server) compose(text string) typed {
	var out typed
	done := 0
	text = strings.TrimSpace(text)
	for _, at := range recognized.FindAllStringSubmatchIndex(text, -1) {
		from, to := at[4], at[5]
		if from < 0 {
			from, to = at[6], at[7]
		}
		code, element := s.recognize(text[from:to])
		if element == nil {
			continue
		}
		out.plain(text[done:from])
		out.text += "<" + code + ">"
		out.elements = append(out.elements, element)
		out.toMe = out.toMe || code == "@"+botID
		done = to
	}
	out.plain(text[done:])
	return out
}

// plain appends what is just text.
func (t *typed) plain(text string) {
	if text == "" {
		return
	}
	t.text += escape(text)
	t.elements = append(t.elements, object{"type": "text", "text": text})
}

// recognize is what stands for a word in text and in blocks; nil is nothing.
func (s *Server) recognize(word string) (code string, element object) {
	name := word[1:]
	switch {
	case word[0] == '#':
		c := s.places[word]
		if c == nil {
			return "", nil
		}
		return "#" + c.id + "|" + c.name, object{"type": "channel", "channel_id": c.id}
	case word[0] != '@':
		return escape(word), object{"type": "link", "url": word}
	case name == "here" || name == "channel" || name == "everyone":
		return "!" + name, object{"type": "broadcast", "range": name}
	}
	p := s.me
	if !strings.EqualFold(name, s.me.name) {
		p = s.person(name)
	}
	return "@" + p.id, object{"type": "user", "user_id": p.id}
}

// blocks is t as the one block that events have.
func (t typed) blocks() []object {
	return []object{{
		"type": "rich_text", "block_id": secret()[:5],
		"elements": []object{{"type": "rich_text_section", "elements": t.elements}},
	}}
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func escape(text string) string { return escaper.Replace(text) }

var unescaper = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")

func unescape(text string) string { return unescaper.Replace(text) }
