package telegramtest

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a message; text is counted in characters.
const (
	maxText     = 4096
	maxCaption  = 1024
	maxEntities = 100
)

// units is the length of text in UTF-16 code units, as entities count.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += width(r)
	}
	return n
}

func width(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// fixText is fix for what a message says.
func fixText(text string, entities []Entity) (string, []Entity, error) {
	text, entities, err := fix(text, entities)
	switch {
	case err != nil:
		return "", nil, err
	case text == "":
		return "", nil, badf("message text is empty")
	case utf8.RuneCountInString(text) > maxText:
		return "", nil, badf("message is too long")
	}
	return text, entities, nil
}

// fixCaption is fix for what a photo is shown with, which may be nothing.
func fixCaption(text string, entities []Entity) (string, []Entity, error) {
	text, entities, err := fix(text, entities)
	if err == nil && utf8.RuneCountInString(text) > maxCaption {
		return "", nil, badf("message caption is too long")
	}
	return text, entities, err
}

// fix trims text and moves its entities along. It refuses what the Bot API
// refuses, and what that silently mends or leaves out: nobody means that.
func fix(text string, entities []Entity) (string, []Entity, error) {
	switch {
	case !utf8.ValidString(text):
		return "", nil, badf("strings must be encoded in UTF-8")
	case len(entities) > maxEntities:
		return "", nil, badf("can't parse entities: %d of them, at most %d count", len(entities), maxEntities)
	}
	borders := borders(text)
	for _, e := range entities {
		if err := e.check(borders); err != nil {
			return "", nil, err
		}
	}
	if err := nested(entities); err != nil {
		return "", nil, err
	}
	text, entities = trim(text, entities)
	return text, entities, nil
}

// borders are the offsets at which a character begins, and the end.
func borders(text string) []int {
	at, out := 0, []int{}
	for _, r := range text {
		out = append(out, at)
		at += width(r)
	}
	return append(out, at)
}

// check refuses an entity that is wrong by itself.
func (e Entity) check(borders []int) error {
	end := borders[len(borders)-1]
	switch {
	case !slices.Contains(entityTypes, e.Type):
		return badf("can't parse MessageEntity: Unsupported type specified")
	case e.Offset < 0 || e.Length <= 0:
		return badf("can't parse entities: entity at UTF-16 offset %d has length %d", e.Offset, e.Length)
	case e.Offset >= end:
		return badf("entity begins after the end of the text at UTF-16 offset %d", e.Offset)
	case e.Offset+e.Length > end:
		return badf("entity beginning at UTF-16 offset %d ends after the end of the text at UTF-16 offset %d", e.Offset, e.Offset+e.Length)
	case !starts(borders, e.Offset):
		return badf("entity begins in a middle of a UTF-16 symbol at UTF-16 offset %d", e.Offset)
	case !starts(borders, e.Offset+e.Length):
		return badf("entity beginning at UTF-16 offset %d ends in a middle of a UTF-16 symbol", e.Offset)
	}
	return e.checkContent()
}

func starts(borders []int, at int) bool {
	_, ok := slices.BinarySearch(borders, at)
	return ok
}

// checkContent refuses an entity that lacks what its type needs.
func (e Entity) checkContent() error {
	switch {
	case e.Type == "text_link" && !reachable(e.URL):
		return badf("entity URL '%s' is invalid: Wrong HTTP URL", e.URL)
	case e.Type == "text_mention" && e.User == nil:
		return badf("can't parse MessageEntity: Can't find field \"user\"")
	case e.Type == "date_time" && e.Unix == 0:
		return badf("can't parse MessageEntity: Can't find field \"unix_time\"")
	case e.Type == "date_time" && !timeFormat.MatchString(e.Format):
		return badf("can't parse MessageEntity: invalid date-time format specified")
	}
	return nil
}

var entityTypes = []string{
	"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number",
	"bold", "italic", "underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote",
	"code", "pre", "text_link", "text_mention", "custom_emoji", "date_time",
}

var timeFormat = regexp.MustCompile(`^(r|w?[dD]?[tT]?)$`)

// nested refuses entities that cross, and what may not be in another: code holds
// nothing, quotes are not in quotes.
func nested(entities []Entity) error {
	for i, a := range entities {
		for _, b := range entities[i+1:] {
			outer, inner := a, b
			if b.Offset < a.Offset || b.Offset == a.Offset && b.Length > a.Length {
				outer, inner = b, a
			}
			if inner.Offset >= outer.Offset+outer.Length {
				continue
			}
			if err := outer.holds(inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// holds refuses an entity that begins within e.
func (e Entity) holds(inner Entity) error {
	same := e.Offset == inner.Offset && e.Length == inner.Length
	switch {
	case inner.Offset+inner.Length > e.Offset+e.Length:
		return badf("can't parse entities: entities at UTF-16 offsets %d and %d cross", e.Offset, inner.Offset)
	case e.fixed() && (!same || inner.fixed()):
		return badf("can't parse entities: %s at UTF-16 offset %d can't contain other entities", e.Type, e.Offset)
	case e.quote() && inner.quote():
		return badf("can't parse entities: blockquotes can't be nested")
	case e.Type == inner.Type:
		return badf("can't parse entities: two %s entities at UTF-16 offset %d", e.Type, inner.Offset)
	}
	return nil
}

func (e Entity) fixed() bool { return e.Type == "code" || e.Type == "pre" }
func (e Entity) quote() bool { return strings.HasSuffix(e.Type, "blockquote") }

// trim takes spaces from both ends of text; entities keep to what they marked.
func trim(text string, entities []Entity) (string, []Entity) {
	shorter := strings.TrimLeftFunc(text, unicode.IsSpace)
	gone := units(text) - units(shorter)
	shorter = strings.TrimRightFunc(shorter, unicode.IsSpace)
	end := units(shorter)
	var out []Entity
	for _, e := range entities {
		from, to := max(e.Offset-gone, 0), min(e.Offset+e.Length-gone, end)
		if to > from {
			e.Offset, e.Length = from, to-from
			out = append(out, e)
		}
	}
	return shorter, out
}

// reachable reports whether a client can open a link: it is http(s) to a host
// that is not the person's own machine or its neighbour, or a tg link.
func reachable(link string) bool {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return false
	case u.Scheme == "tg":
		return u.Host != ""
	case u.Scheme != "http" && u.Scheme != "https" || !strings.Contains(strings.Trim(u.Hostname(), "."), "."):
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err != nil || !ip.IsLoopback()
}
