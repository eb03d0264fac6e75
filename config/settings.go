package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/usherbot/usher/authflow/provider"
)

// setting is a field that has a setting's tags.
type setting struct{ field, name, standard, doc string }

// settingsOf are the settings of the struct that group points to, in their order.
func settingsOf(group any) []setting {
	var all []setting
	for _, f := range reflect.VisibleFields(reflect.TypeOf(group).Elem()) {
		if name := f.Tag.Get("env"); name != "" {
			all = append(all, setting{f.Name, name, f.Tag.Get("envDefault"), f.Tag.Get("doc")})
		}
	}
	return all
}

// parse fills the struct that group points to. An empty value is none.
func parse(group any, prefix string, values map[string]string) mistakes {
	err := env.ParseWithOptions(group, env.Options{Environment: values, Prefix: prefix})
	var wrong mistakes
	if all, ok := errors.AsType[env.AggregateError](err); ok {
		for _, err := range all.Errors {
			wrong = append(wrong, misread(err, group, prefix))
		}
	}
	return wrong
}

// misread tells of a value that its field cannot hold.
func misread(err error, group any, prefix string) string {
	bad, ok := errors.AsType[env.ParseError](err)
	for _, s := range settingsOf(group) {
		if ok && s.field == bad.Name {
			return fmt.Sprintf("%s%s: cannot be used: %v", prefix, s.name, bad.Err)
		}
	}
	return err.Error()
}

// mistakes are lines about settings: "USHER_SECRET: is missing. …". They quote no
// secret.
type mistakes []string

func (m *mistakes) addf(name, format string, args ...any) {
	*m = append(*m, name+": "+fmt.Sprintf(format, args...))
}

// more adds those of the lines that are about settings not named yet: one mistake
// in a setting is often the reason of the next.
func (m *mistakes) more(lines mistakes) {
	named := slices.Clone(*m)
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ":")
		if !slices.ContainsFunc(named, func(l string) bool { return strings.HasPrefix(l, name+":") }) {
			*m = append(*m, line)
		}
	}
}

// Error implements error.
func (m mistakes) Error() string { return "wrong settings:\n  " + strings.Join(m, "\n  ") }

// strangers complains about what is written in file, looks like a setting and is
// read by nobody: a slip more often than not. What looks like none may be there
// for others, and so may anything in the environment.
func (c *Config) strangers(written map[string]string, file string) mistakes {
	known := c.names()
	var wrong mistakes
	for _, name := range slices.Sorted(maps.Keys(written)) {
		if slices.Contains(known, name) || written[name] == "" {
			continue
		}
		if like := closest(strings.ToUpper(name), known); like != "" {
			wrong.addf(name, "there is no such setting, though %s has it. Did you mean %s?", file, like)
		} else if login := loginOf(name); login != "" && len(c.Logins) == 0 {
			wrong.addf(name, "is in %s and read by nobody. Set USHER_PROVIDERS to %s, or take this out", file, login)
		} else if c.ours(name) {
			wrong.addf(name, "there is no such setting, though %s has it. Take it out", file)
		}
	}
	return wrong
}

// slips complains about names in the environment that are nearly one of the bot's
// own settings, where that one is not set.
func (c *Config) slips(values, written map[string]string) mistakes {
	known := c.names()
	var wrong mistakes
	for _, name := range slices.Sorted(maps.Keys(values)) {
		_, inFile := written[name]
		if inFile || values[name] == "" || slices.Contains(known, name) || !c.ours(name) {
			continue
		}
		if like := closest(name, known); like != "" && values[like] == "" {
			wrong.addf(name, "there is no such setting, though the environment has it. Did you mean %s?", like)
		}
	}
	return wrong
}

// ours reports whether a name begins as the bot's settings do, or as those of a
// provider that it has.
func (c *Config) ours(name string) bool {
	begins := func(prefix string) bool { return strings.HasPrefix(strings.ToUpper(name), prefix) }
	return slices.ContainsFunc(c.prefixes(), begins) ||
		slices.ContainsFunc(c.Logins, func(login string) bool { return begins(prefixOf(login)) })
}

// names are all settings that c has.
func (c *Config) names() []string {
	var all []string
	for _, g := range c.groups() {
		for _, s := range settingsOf(g) {
			all = append(all, s.name)
		}
	}
	for _, login := range c.Logins {
		for _, s := range settingsOf(&provider.App{}) {
			all = append(all, prefixOf(login)+s.name)
		}
	}
	return all
}

// loginOf is the login provider that a setting would be of, if it has the form.
func loginOf(name string) string {
	for _, s := range settingsOf(&provider.App{}) {
		if login, ok := strings.CutSuffix(name, "_"+s.name); ok {
			return strings.ReplaceAll(strings.ToLower(login), "_", "-")
		}
	}
	return ""
}

// closest is the name that word was probably meant to be: at most two letters are
// another, missing or too many.
func closest(word string, names []string) string {
	best, least := "", 3
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is the number of letters to change, add or drop between two names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, corner+1, row[j]+1)
		}
	}
	return row[len(b)]
}
