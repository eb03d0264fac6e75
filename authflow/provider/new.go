package provider

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usherbot/usher/authflow"
)

// constructors are those of all kinds, which are also the names that an App has by
// default.
func constructors() map[string]func(App) (authflow.Provider, error) {
	return map[string]func(App) (authflow.Provider, error){
		"auth0":     Auth0,
		"discord":   Discord,
		"facebook":  Facebook,
		"github":    GitHub,
		"gitlab":    GitLab,
		"google":    Google,
		"heroku":    Heroku,
		"keycloak":  Keycloak,
		"microsoft": Microsoft,
		"oidc":      func(a App) (authflow.Provider, error) { return OIDC(a.Issuer, a) },
		"okta":      Okta,
		"slack":     Slack,
		"twitch":    Twitch,
	}
}

// Kinds are the kinds that New knows, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(constructors())) }

// New makes the provider of a's Kind: with none, the one that a's Name names, or
// else OIDC at a's Issuer.
func New(a App) (authflow.Provider, error) {
	construct, known := constructors()[a.kind()]
	if !known {
		var m Mistakes
		m.addf("KIND", "is %q: choose one of %s", a.Kind, strings.Join(Kinds(), ", "))
		return authflow.Provider{}, m.of(a)
	}
	return construct(a)
}

func (a App) kind() string {
	if a.Kind == "" && slices.Contains(Kinds(), a.Name) {
		return a.Name
	}
	return cmp.Or(a.Kind, "oidc")
}

// Mistake is what is wrong with one setting of an App.
type Mistake struct {
	Setting string // as App's tags name it, "CLIENT_ID"; empty for Name
	What    string // goes on after the setting: "is missing: give …"
}

// String is fit for those who set an App in code: "client id is missing: give …".
func (m Mistake) String() string {
	return cmp.Or(strings.ReplaceAll(strings.ToLower(m.Setting), "_", " "), "name") + " " + m.What
}

// Mistakes are all that is wrong with an App. Each constructor returns them in
// its error, where errors.AsType finds them.
type Mistakes []Mistake

// Error implements error.
func (m Mistakes) Error() string {
	texts := make([]string, len(m))
	for i, one := range m {
		texts[i] = one.String()
	}
	return strings.Join(texts, "; ")
}

func (m *Mistakes) addf(setting, format string, args ...any) {
	*m = append(*m, Mistake{Setting: setting, What: fmt.Sprintf(format, args...)})
}

// of is the error of a constructor that was given a, nil without mistakes.
func (m Mistakes) of(a App) error {
	if len(m) == 0 {
		return nil
	}
	return fmt.Errorf("provider %s: %w", a.Name, m)
}
