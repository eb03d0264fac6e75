package discordtest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// errOption is what a client says under an option that it does not send.
var errOption = errors.New("this client does not send that")

// command is the one that a person in c picks by that name: the guild's before
// the global one, which may be for some places only.
func (s *Server) command(c *channel, name string) *Command {
	scopes := []string{s.guild, ""}
	if c.with != nil {
		scopes = []string{""}
	}
	for _, guild := range scopes {
		for _, cmd := range s.commands[guild] {
			if cmd.Name == name && cmd.Type == 1 && cmd.usableIn(c) {
				return &cmd
			}
		}
	}
	return nil
}

// usableIn reports whether a command may be used there. Contexts are 0 for
// guilds and 1 for the direct chat with the bot.
func (c Command) usableIn(at *channel) bool {
	if at.with == nil {
		return c.Contexts == nil || slices.Contains(c.Contexts, 0)
	}
	if c.Contexts != nil {
		return slices.Contains(c.Contexts, 1)
	}
	return or(c.DM, true)
}

// filling is a command being filled in by a person's client.
type filling struct {
	s     *Server
	users []*person // that are named
}

// options are the values of a command's options, out of what is typed: a word
// each in their order, the last text to the end; or name:value.
func (f *filling) options(list []Option, text string) ([]object, error) {
	if len(list) > 0 && (list[0].Type == subcommand || list[0].Type == group) {
		return f.below(list, text)
	}
	values := map[string]any{}
	head, named := byName(list, text)
	for _, o := range list {
		if given, is := named[o.Name]; is {
			value, rest, err := f.take(o, given, true)
			if err != nil || rest != "" {
				return nil, fmt.Errorf("%w: %s is not %s", errOption, given, o.Name)
			}
			values[o.Name] = value
		}
	}
	if err := f.inOrder(list, strings.TrimSpace(head), values); err != nil {
		return nil, err
	}
	var out []object
	for _, o := range list {
		value, given := values[o.Name]
		switch {
		case given:
			out = append(out, object{"name": o.Name, "type": o.Type, "value": value})
		case o.Required:
			return nil, fmt.Errorf("%w: %s is missing", errOption, o.Name)
		}
	}
	return out, nil
}

// below goes on with the subcommand that the first word names.
func (f *filling) below(list []Option, text string) ([]object, error) {
	name, rest := word(text)
	for _, o := range list {
		if o.Name == name {
			inner, err := f.options(o.Options, rest)
			if inner == nil {
				inner = []object{}
			}
			return []object{{"name": o.Name, "type": o.Type, "options": inner}}, err
		}
	}
	return nil, fmt.Errorf("%w: there is no subcommand %q", errOption, name)
}

// inOrder fills in what is not given by name.
func (f *filling) inOrder(list []Option, text string, values map[string]any) error {
	left := slices.DeleteFunc(slices.Clone(list), func(o Option) bool { _, given := values[o.Name]; return given })
	for i, o := range left {
		if text == "" {
			break
		}
		value, rest, err := f.take(o, text, i == len(left)-1)
		switch {
		case err == nil:
			values[o.Name], text = value, rest
		case o.Required:
			return fmt.Errorf("%w: %q is not %s", errOption, text, o.Name)
		}
	}
	if text != "" {
		return fmt.Errorf("%w: nothing takes %q", errOption, text)
	}
	return nil
}

// byName splits what is typed at the names of options that have a colon behind.
func byName(list []Option, text string) (head string, named map[string]string) {
	var names []string
	for _, o := range list {
		names = append(names, regexp.QuoteMeta(o.Name))
	}
	if len(names) == 0 {
		return text, nil
	}
	at := regexp.MustCompile(`(?:^|\s)(`+strings.Join(names, "|")+`):`).FindAllStringSubmatchIndex(text, -1)
	named, end := map[string]string{}, len(text)
	for _, m := range slices.Backward(at) {
		named[text[m[2]:m[3]]] = strings.TrimSpace(text[m[1]:end])
		end = m[0]
	}
	return text[:end], named
}

// word is the first word of a text, and what follows.
func word(text string) (first, rest string) {
	text = strings.TrimSpace(text)
	i := strings.IndexFunc(text, unicode.IsSpace)
	if i < 0 {
		return text, ""
	}
	return text[:i], strings.TrimSpace(text[i:])
}

// take reads the value of an option off the front of a text.
func (f *filling) take(o Option, text string, last bool) (value any, rest string, err error) {
	if len(o.Choices) > 0 {
		return o.choose(text)
	}
	first, rest := word(text)
	switch o.Type {
	case stringKind:
		if last {
			first, rest = strings.TrimSpace(text), ""
		}
		value = f.s.mention(first)
		if n := utf8.RuneCountInString(first); n < max(or(o.MinLength, 1), 1) || n > or(o.MaxLength, 6000) {
			return nil, "", errOption
		}
	case integerKind, numberKind:
		value, err = o.number(first)
	case booleanKind:
		value, err = strconv.ParseBool(strings.ToLower(first))
	case userKind, mentionable:
		value, err = f.user(first)
	default:
		err = errOption
	}
	return value, rest, err
}

// choose picks the choice whose name a text begins with, the longest.
func (o Option) choose(text string) (value any, rest string, err error) {
	found := -1
	for _, c := range o.Choices {
		cut := len(c.Name)
		if cut > found && cut <= len(text) && strings.EqualFold(text[:cut], c.Name) && (cut == len(text) || text[cut] == ' ') {
			value, rest, found = c.Value, strings.TrimSpace(text[cut:]), cut
		}
	}
	if found < 0 {
		return nil, "", errOption
	}
	return value, rest, nil
}

func (o Option) number(text string) (any, error) {
	n, err := strconv.ParseFloat(text, 64)
	whole, notWhole := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n < or(o.Min, -maxInteger) || n > or(o.Max, maxInteger):
		return nil, errOption
	case o.Type == numberKind:
		return n, nil
	}
	return whole, notWhole
}

var named = regexp.MustCompile(`^@([\w-]+)$`)

// user is the id of who is named.
func (f *filling) user(text string) (string, error) {
	m := named.FindStringSubmatch(text)
	if m == nil {
		return "", errOption
	}
	p := f.s.person(m[1])
	f.users = append(f.users, p)
	return p.ID, nil
}

// resolved is what Discord adds on those who are named.
func (f *filling) resolved(in *channel) object {
	users, members := object{}, object{}
	for _, p := range f.users {
		users[p.ID] = f.s.user(p)
		m := f.s.member()
		m["permissions"] = everything
		members[p.ID] = m
	}
	if in.with != nil {
		return object{"users": users}
	}
	return object{"users": users, "members": members}
}
