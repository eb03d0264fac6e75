package discordtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// said is what a message says.
type said struct {
	Content     string
	Embeds      []embed
	Components  []component
	Attachments []attachment
	Flags       int
	Nonce       any
}

// Limits of a message.
const (
	maxContent = 2000
	maxEmbeds  = 10
	maxEmbedIn = 6000 // characters of all embeds together
	maxNonce   = 25
)

// utterance is a body that wants something to be said. given tells a field that
// is empty from one that is not there, which in an edit leaves things as they are.
type utterance struct {
	Content     string          `json:"content"`
	Embeds      []embed         `json:"embeds"`
	Components  []component     `json:"components"`
	Attachments []listed        `json:"attachments"`
	Flags       int             `json:"flags"`
	Nonce       any             `json:"nonce"`
	Enforce     bool            `json:"enforce_nonce"`
	Allowed     *allowed        `json:"allowed_mentions"`
	Reference   json.RawMessage `json:"message_reference"`

	given map[string]json.RawMessage
	files []file
}

// foreign are fields that bots can send and this Discord does not know.
var foreign = []string{"poll", "sticker_ids", "file"}

// allowed says who may be pinged.
type allowed struct {
	Parse []string `json:"parse"`
	Users []string `json:"users"`
	Roles []string `json:"roles"`
}

// read reads a body that is JSON.
func read(body []byte, out any) error {
	err := json.Unmarshal(body, out)
	if _, is := err.(*json.UnmarshalTypeError); is { //nolint:errorlint // the decoder returns it bare
		f := form{}
		f.wrong("_", "BASE_TYPE_INVALID", "%s", err)
		return f.err()
	}
	if err != nil {
		return errBadJSON
	}
	return nil
}

func readUtterance(body []byte, files []file) (*utterance, error) {
	out := &utterance{given: fields(body), files: files}
	if err := read(body, out); err != nil {
		return nil, err
	}
	out.Content = strings.TrimSpace(out.Content)
	return out, nil
}

// changed is old as u wants it to be, or what is wrong with that. id makes ids.
func (u *utterance) changed(old said, id func() string) (said, error) {
	var f form
	out := old
	if _, is := u.given["content"]; is {
		out.Content = u.Content
		f.length("content", u.Content, 0, maxContent)
	}
	if _, is := u.given["embeds"]; is {
		out.Embeds = u.Embeds
		f.embeds(u.Embeds)
	}
	if _, is := u.given["components"]; is {
		out.Components = slices.Clone(u.Components)
		f.rows(out.Components)
	}
	if _, is := u.given["flags"]; is {
		out.Flags = u.Flags & (suppressEmbeds | silent)
	}
	out.Attachments = u.attach(&f, old.Attachments, id)
	u.rest(&f)
	if err := f.err(); err != nil {
		return said{}, err
	}
	if out.Content == "" && len(out.Embeds) == 0 && len(out.Components)+len(out.Attachments) == 0 {
		return said{}, errEmptyMessage
	}
	return out, nil
}

// rest checks what is not shown.
func (u *utterance) rest(f *form) {
	if u.Flags&componentsV2 != 0 {
		f.wrong("flags", "UNSUPPORTED_HERE", "Components V2 are not there in this Discord")
	}
	for _, name := range foreign {
		if raw, is := u.given[name]; is && string(raw) != "null" && string(raw) != "[]" {
			f.wrong(name, "UNSUPPORTED_HERE", "This is not there in this Discord")
		}
	}
	if text, is := u.Nonce.(string); is {
		f.length("nonce", text, 0, maxNonce)
	}
	if u.Allowed != nil {
		f.allowed(u.Allowed)
	}
}

func (f *form) allowed(a *allowed) {
	f.amount("allowed_mentions.users", len(a.Users), 0, 100)
	f.amount("allowed_mentions.roles", len(a.Roles), 0, 100)
	for i, kind := range a.Parse {
		if !slices.Contains([]string{"users", "roles", "everyone"}, kind) {
			f.wrong(fmt.Sprintf("allowed_mentions.parse.%d", i), "BASE_TYPE_CHOICES", "Value must be one of ('users', 'roles', 'everyone').")
		}
		if kind == "users" && len(a.Users) > 0 || kind == "roles" && len(a.Roles) > 0 {
			f.wrong("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", "parse:[%q] and %s: [ids...] are mutually exclusive.", kind, kind)
		}
	}
}

var (
	userMention = regexp.MustCompile(`<@!?(\d+)>`)
	massMention = regexp.MustCompile(`@(everyone|here)\b`)
)

// pings are those whom a content pings: the ids of users, and "everyone". What
// is not said of that is left to what is usual: answers to interactions may ping
// users, other messages everybody.
func (u *utterance) pings(content string, answer bool) []string {
	a := u.Allowed
	if a == nil {
		a = &allowed{Parse: []string{"users"}}
		if !answer {
			a.Parse = append(a.Parse, "everyone")
		}
	}
	var out []string
	for _, found := range userMention.FindAllStringSubmatch(content, -1) {
		id := found[1]
		if (slices.Contains(a.Parse, "users") || slices.Contains(a.Users, id)) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	if slices.Contains(a.Parse, "everyone") && massMention.MatchString(content) {
		out = append(out, everyone)
	}
	return out
}

// everyone stands among ids for all in the guild.
const everyone = "everyone"

func (m *message) everyone() bool { return slices.Contains(m.pings, everyone) }
