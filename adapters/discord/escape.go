package discord

import (
	"regexp"
	"strings"
)

// address is what Discord would make a link of.
var address = regexp.MustCompile(`https?://[\p{L}\p{N}\-._~:/?#@!$&'()\[\]*+,;=%]+`)

// words writes a line. Addresses are put in <>: so they lead where they say,
// whatever is in them, and nobody fetches them for a preview.
func (w *writer) words(line string) {
	if w.atStart() && strings.Contains(line, ".") {
		line = w.number(line)
	}
	for strings.Contains(line, "://") {
		at := address.FindStringIndex(line)
		if at == nil {
			break
		}
		link := trimAddress(line[at[0]:at[1]])
		w.put(escape(line[:at[0]]))
		if line = line[at[0]+len(link):]; strings.HasSuffix(link, "://") { // to nowhere
			w.put(escape(link))
			continue
		}
		w.put("<" + link + ">")
	}
	w.put(escape(line))
}

var listNumber = regexp.MustCompile(`^\s*[0-9]+\.`)

// number writes what would begin a numbered list, and returns what is left.
func (w *writer) number(line string) string {
	n := len(listNumber.FindString(line))
	if n == 0 {
		return line
	}
	w.put(line[:n-1] + `\.`)
	return line[n:]
}

// trimAddress leaves out what ends the sentence around an address.
func trimAddress(link string) string {
	for {
		n := len(link) - 1
		switch last := link[n]; {
		case strings.IndexByte(".,:;!?'*_~", last) >= 0,
			last == ')' && strings.Count(link, ")") > strings.Count(link, "("),
			last == ']' && strings.Count(link, "]") > strings.Count(link, "["):
			link = link[:n]
		default:
			return link
		}
	}
}

// Names of emoji and schemes of addresses are special by their colons.
var special = regexp.MustCompile("[\\\\*_~`|>#\\-+\\[\\]()<]|:[A-Za-z0-9_+\\-]+:|://")

// escape makes text that means nothing: platforms.md section 7.
func escape(text string) string {
	if !strings.ContainsAny(text, "\\*_~`|>#-+[]()<:") {
		return text
	}
	var out strings.Builder
	for text != "" {
		at := special.FindStringIndex(text)
		if at == nil {
			out.WriteString(text)
			break
		}
		out.WriteString(text[:at[0]] + `\` + text[at[0]:at[0]+1])
		text = text[at[0]+1:]
	}
	return out.String()
}
