package discordtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Command is one that the bot has published.
type Command struct {
	ID                string            `json:"id"`
	Application       string            `json:"application_id"`
	Guild             string            `json:"guild_id,omitempty"`
	Version           string            `json:"version"`
	Type              int               `json:"type"`
	Name              string            `json:"name"`
	Names             map[string]string `json:"name_localizations"`
	Description       string            `json:"description"`
	Descriptions      map[string]string `json:"description_localizations"`
	Options           []Option          `json:"options,omitempty"`
	MemberPermissions any               `json:"default_member_permissions"`
	DM                *bool             `json:"dm_permission"`
	Contexts          []int             `json:"contexts"`
	Integrations      []int             `json:"integration_types"`
	NSFW              bool              `json:"nsfw"`
}

// Option is one of a command, or a command below it.
type Option struct {
	Type         int               `json:"type"`
	Name         string            `json:"name"`
	Names        map[string]string `json:"name_localizations,omitempty"`
	Description  string            `json:"description"`
	Descriptions map[string]string `json:"description_localizations,omitempty"`
	Required     bool              `json:"required,omitempty"`
	Choices      []Choice          `json:"choices,omitempty"`
	Options      []Option          `json:"options,omitempty"`
	Min          *float64          `json:"min_value,omitempty"`
	Max          *float64          `json:"max_value,omitempty"`
	MinLength    *int              `json:"min_length,omitempty"`
	MaxLength    *int              `json:"max_length,omitempty"`
	Autocomplete bool              `json:"autocomplete,omitempty"`
}

// Choice is what a person can pick as the value of an option.
type Choice struct {
	Name  string            `json:"name"`
	Names map[string]string `json:"name_localizations,omitempty"`
	Value any               `json:"value"`
}

// The kinds of options.
const (
	subcommand  = 1
	group       = 2
	stringKind  = 3
	integerKind = 4
	booleanKind = 5
	userKind    = 6
	mentionable = 9
	numberKind  = 10
	lastKind    = 11
)

// Limits of a list of commands. platforms.md 1.4.
const (
	maxCommands = 100
	maxOptions  = 25
	maxChoices  = 25
	maxInteger  = 1<<53 - 1
	maxWhole    = 8000 // characters of a command
)

// In Devanagari and Thai the vowels of a name are marks, not letters.
var commandName = regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$`)

// Commands returns what is published to a guild, or for "" everywhere.
func (s *Server) Commands(guild string) []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands[guild])
}

// scope is the guild whose commands a request means; none means all.
func (s *Server) scope(q *request) (string, error) {
	guild := q.PathValue("guild_id")
	switch {
	case q.PathValue("application_id") != s.app:
		return "", errUnknownApp
	case guild != "" && guild != s.guild:
		return "", errMissingAccess
	}
	return guild, nil
}

// getCommands returns those of one scope.
func (s *Server) getCommands(q *request) (any, error) {
	guild, err := s.scope(q)
	if err != nil {
		return nil, err
	}
	return append([]Command{}, s.commands[guild]...), nil
}

// putCommands replaces those of one scope. What keeps its name keeps its id.
func (s *Server) putCommands(q *request) (any, error) {
	guild, err := s.scope(q)
	if err != nil {
		return nil, err
	}
	var list []Command
	if err := read(q.body, &list); err != nil {
		return nil, err
	}
	var f form
	f.commands(list)
	if err := f.err(); err != nil {
		return nil, err
	}
	for i := range list {
		list[i] = s.registered(list[i], guild)
	}
	s.commands[guild] = list
	return append([]Command{}, list...), nil
}

// registered is c as Discord keeps it.
func (s *Server) registered(c Command, guild string) Command {
	c.ID, c.Version, c.Application, c.Guild = s.id(), s.id(), s.app, guild
	c.Type = max(c.Type, 1)
	for _, old := range s.commands[guild] {
		if old.Name == c.Name && old.Type == c.Type {
			c.ID = old.ID
		}
	}
	if c.DM == nil && guild == "" {
		yes := true
		c.DM = &yes
	}
	if c.Integrations == nil {
		c.Integrations = []int{0}
	}
	return c
}

func (f *form) commands(list []Command) {
	used, chat := map[string]bool{}, 0
	for i, c := range list {
		at := fmt.Sprint(i)
		key := fmt.Sprint(max(c.Type, 1), " ", c.Name)
		if used[key] {
			f.wrong(at+".name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
		}
		used[key] = true
		if c.Type > 1 {
			f.length(at+".name", c.Name, 1, 32)
			f.length(at+".description", c.Description, 0, 0)
			continue
		}
		chat++
		f.name(at, c.Name, c.Description)
		f.declared(at, c.Options, 0)
		if n := c.size(); n > maxWhole {
			f.wrong(at, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (%d)", maxWhole)
		}
	}
	if chat > maxCommands {
		f.wrong("_", "APPLICATION_COMMAND_TOO_MANY", "At most %d commands", maxCommands)
	}
}

// name checks what a command or an option is called.
func (f *form) name(at, name, description string) {
	if !commandName.MatchString(name) || name != strings.ToLower(name) {
		f.wrong(at+".name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
	}
	f.length(at+".description", description, 1, 100)
}

// declared checks the options of a command, a group (depth 1) or a subcommand.
func (f *form) declared(at string, list []Option, depth int) {
	f.amount(at+".options", len(list), 0, maxOptions)
	used, optional, below := map[string]bool{}, false, 0
	for i, o := range list {
		here := fmt.Sprintf("%s.options.%d", at, i)
		f.name(here, o.Name, o.Description)
		f.option(here, o, depth)
		if used[o.Name] {
			f.wrong(here+".name", "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option names must be unique")
		}
		if o.Required && optional {
			f.wrong(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must be placed before non-required options")
		}
		used[o.Name], optional = true, optional || !o.Required
		if o.Type == subcommand || o.Type == group {
			below++
		}
	}
	if below > 0 && below < len(list) {
		f.wrong(at+".options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command and sub-command group option types are mutually exclusive to all other types")
	}
}

func (f *form) option(at string, o Option, depth int) {
	switch {
	case o.Type < subcommand || o.Type > lastKind:
		f.wrong(at+".type", "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11).")
	case o.Type == group && depth > 0, o.Type == subcommand && depth > 1:
		f.wrong(at+".type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Subcommands are not nested deeper")
	case o.Type == group:
		f.declared(at, o.Options, 1)
	case o.Type == subcommand:
		f.declared(at, o.Options, 2)
	}
	if o.Autocomplete && len(o.Choices) > 0 {
		f.wrong(at, "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "Choices and autocomplete exclude each other")
	}
	f.amount(at+".min_length", or(o.MinLength, 0), 0, 6000)
	f.amount(at+".max_length", or(o.MaxLength, 6000), max(1, or(o.MinLength, 0)), 6000)
	if or(o.Min, -maxInteger) > or(o.Max, maxInteger) || or(o.Min, 0) < -maxInteger || or(o.Max, 0) > maxInteger {
		f.wrong(at+".min_value", "NUMBER_TYPE_MAX", "Integers are between -2^53 and 2^53, and the least is not more than the most")
	}
	f.choices(at, o)
}

func (f *form) choices(at string, o Option) {
	f.amount(at+".choices", len(o.Choices), 0, maxChoices)
	used := map[string]bool{}
	for i, c := range o.Choices {
		here := fmt.Sprintf("%s.choices.%d", at, i)
		f.length(here+".name", c.Name, 1, 100)
		if used[c.Name] {
			f.wrong(here+".name", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_INVALID", "Choice names must be unique")
		}
		used[c.Name] = true
		switch v := c.Value.(type) {
		case string:
			f.length(here+".value", v, 1, 100)
			if o.Type != stringKind {
				f.wrong(here+".value", "BASE_TYPE_INVALID", "The value is not one of the option's kind")
			}
		case float64:
			if o.Type != integerKind && o.Type != numberKind {
				f.wrong(here+".value", "STRING_TYPE_CONVERT", "Could not interpret %v as string.", v)
			}
		default:
			f.wrong(here+".value", "BASE_TYPE_REQUIRED", "This field is required")
		}
	}
}

// size is how many characters of c count.
func (c Command) size() int {
	return utf8.RuneCountInString(c.Name+c.Description) + optionsSize(c.Options)
}

func optionsSize(list []Option) int {
	n := 0
	for _, o := range list {
		n += utf8.RuneCountInString(o.Name+o.Description) + optionsSize(o.Options)
		for _, c := range o.Choices {
			n += utf8.RuneCountInString(c.Name)
			if text, is := c.Value.(string); is {
				n += utf8.RuneCountInString(text)
			}
		}
	}
	return n
}
