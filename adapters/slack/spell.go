package slack

import (
	"regexp"
	"strings"

	"github.com/usherbot/usher/core"
)

// angled is what Slack puts for people, channels, links, groups and dates.
var angled = regexp.MustCompile(`<(?:[@#!][^<>\n]+|[a-z][a-z+]*:[^<>\n]+)>`)

// plainly undoes Slack's escaping.
var plainly = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// spell is a text as it was typed, with keys in place of the people it mentions.
func spell(text, team string) string {
	if !strings.ContainsAny(text, "<&") {
		return text
	}
	text = angled.ReplaceAllStringFunc(text, func(found string) string {
		what, label, labelled := strings.Cut(found[1:len(found)-1], "|")
		switch what[0] {
		case '@':
			return core.User{Platform: platform, Team: team, ID: what[1:]}.Key()
		case '#':
			return "#" + named(what[1:], label)
		case '!':
			return special(what[1:], label)
		}
		if labelled && !strings.HasSuffix(what, label) {
			return label + " (" + what + ")"
		}
		return named(what, label)
	})
	return plainly.Replace(text)
}

// special is what is written for everybody, a group of people or a date.
func special(what, label string) string {
	if label != "" {
		return label
	}
	kind, _, _ := strings.Cut(what, "^")
	return "@" + kind
}

func named(what, label string) string {
	if label != "" {
		return label
	}
	return what
}
