package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
)

// connect makes the providers that USHER_PROVIDERS names of the settings below
// each name.
func (c *Config) connect(values map[string]string) mistakes {
	var wrong mistakes
	taken := c.prefixes()
	c.Logins = words(c.Logins)
	for i, name := range c.Logins {
		switch {
		case slices.Contains(c.Logins[:i], name):
			wrong.addf("USHER_PROVIDERS", "has %s twice. Give each a name of its own", name)
		case slices.Contains(taken, prefixOf(name)):
			wrong.addf("USHER_PROVIDERS", "%s cannot be a name: the bot's own settings begin so. Choose another, and name the kind in its KIND", name)
		default:
			wrong = append(wrong, c.add(name, values)...)
		}
	}
	return wrong
}

// add makes one provider.
func (c *Config) add(name string, values map[string]string) mistakes {
	app := provider.App{Name: name}
	wrong := parse(&app, prefixOf(name), values)
	app.Scopes, app.APIHosts, app.VerifyHosts = words(app.Scopes), words(app.APIHosts), words(app.VerifyHosts)
	p, err := provider.New(app)
	if found, ok := errors.AsType[provider.Mistakes](err); ok {
		return append(wrong, named(found, prefixOf(name))...)
	}
	if err != nil {
		wrong.addf("USHER_PROVIDERS", "%v", err)
	}
	if c.PublicURL == "" && onlyBrowser(p) {
		wrong.addf(prefixOf(name)+"FLOW", "is browser, or the service offers no other, and USHER_PUBLIC_URL is missing. Give that one, for browsers to come back to, or choose device")
	}
	c.Providers = append(c.Providers, p)
	return wrong
}

// onlyBrowser reports whether people can sign in through a browser only.
func onlyBrowser(p authflow.Provider) bool {
	other := func(f authflow.Flow) bool { return f.Name() != authflow.Browser{}.Name() }
	return len(p.Flows) > 0 && !slices.ContainsFunc(p.Flows, other)
}

// named are a provider's mistakes with its settings' full names. Where the name
// is wrong so are those, and only that is told.
func named(found provider.Mistakes, prefix string) mistakes {
	var wrong mistakes
	for _, m := range found {
		if m.Setting == "" {
			return mistakes{"USHER_PROVIDERS: a name " + m.What}
		}
		wrong.addf(prefix+m.Setting, "%s", m.What)
	}
	return wrong
}

// prefixOf is how the settings of a provider begin.
func prefixOf(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_"
}

// prefixes are how the bot's own settings begin.
func (c *Config) prefixes() []string {
	var all []string
	for _, g := range c.groups() {
		for _, s := range settingsOf(g) {
			first, _, _ := strings.Cut(s.name, "_")
			all = append(all, first+"_")
		}
	}
	return all
}

// words trims the members of a list and leaves out the empty ones.
func words(list []string) []string {
	var out []string
	for _, w := range list {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}
