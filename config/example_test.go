package config

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow/provider"
)

var update = flag.Bool("update", false, "write example.env anew")

// TestExample compares example.env with what the settings' tags say.
func TestExample(t *testing.T) {
	want := example()
	if *update {
		if err := os.WriteFile("example.env", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("example.env")
	if err != nil || string(got) != want {
		t.Errorf("example.env is stale (%v); write it anew with: go test ./config -run Example -update\nwant\n%s", err, want)
	}
}

// TestExampleIsEnough fills in what example.env asks for first.
func TestExampleIsEnough(t *testing.T) {
	c := load(t, nil, written(t, fill(example())))
	if len(c.Providers) != 1 || c.Providers[0].Name != "github" {
		t.Errorf("got providers %v, want github", c.Providers)
	}
}

// TestExampleIsUnderstood looks up every setting that example.env has, and looks
// that none is missing.
func TestExampleIsUnderstood(t *testing.T) {
	written := map[string]string{}
	for line := range strings.Lines(example()) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "#"), "="); ok && !strings.HasPrefix(name, " ") {
			written[name] = "x"
		}
	}
	c := Config{Usher: Usher{Logins: []string{"github", "facebook", "google", "my-discord", "acme", "name"}}}
	if wrong := c.strangers(written, "example.env"); len(wrong) > 0 {
		t.Error(wrong)
	}
	c.Logins = []string{"name"}
	for _, name := range c.names() {
		if written[name] == "" {
			t.Errorf("got no %s in example.env", name)
		}
	}
}

// fill writes values where an operator has to.
func fill(text string) string {
	for name, value := range map[string]string{"USHER_SECRET": secret, "TELEGRAM_TOKEN": token, "GITHUB_CLIENT_ID": "x"} {
		text = strings.Replace(text, "\n"+name+"=\n", "\n"+name+"='"+value+"'\n", 1)
	}
	return text
}

// needed are the settings that come first, with what is written there.
var needed = [][2]string{{"USHER_SECRET", ""}, {"DISCORD_TOKEN", ""}, {"SLACK_BOT_TOKEN", ""}, {"SLACK_APP_TOKEN", ""}, {"TELEGRAM_TOKEN", ""}, {"USHER_PROVIDERS", "github"}}

// providers are examples of some, with the settings that one begins with.
var providers = []struct {
	note, name string
	settings   [][2]string
}{
	{"GitHub, where commands need more than the name.", "github", [][2]string{{"SCOPES", "read:user"}}},
	{"Facebook: an app with Facebook Login and \"Login from Devices\" on.", "facebook", [][2]string{
		{"CLIENT_ID", ""}, {"CLIENT_TOKEN", ""}, {"SCOPES", "public_profile"},
	}},
	{"Google: an OAuth client of the type \"TVs and Limited Input devices\".", "google", [][2]string{{"CLIENT_ID", ""}, {"CLIENT_SECRET", ""}}},
	{"Discord and Slack are platforms here: as services to sign in to they need another name.", "my-discord", [][2]string{
		{"KIND", "discord"}, {"CLIENT_ID", ""}, {"CLIENT_SECRET", ""}, {"SCOPES", "sdk.social_layer"},
	}},
	{"Any service that speaks OpenID Connect, under a name that you choose.", "acme", [][2]string{
		{"TITLE", "Acme"}, {"ISSUER", "https://login.acme.example"}, {"CLIENT_ID", ""}, {"CLIENT_SECRET", ""}, {"SCOPES", "openid profile"},
	}},
}

// example is what example.env must be.
func example() string {
	var p page
	p.say("The settings of usher. Copy this file to .env in the folder where usher runs, or name yours with " +
		"\"usher serve --env-file FILE\", and fill in the first part. What the environment has counts more than the file. " +
		"Put a value with spaces, $ or # in it between 'single quotes'.")
	p.line("#")
	p.say("Made from the tags beside the code: go test ./config -run Example -update")
	p.head("What a bot needs")
	var c Config
	rest := c.settings()
	for _, first := range needed {
		i := slices.IndexFunc(rest, func(s setting) bool { return s.name == first[0] })
		p.setting(first[0], first[1], rest[i].doc)
		rest = slices.Delete(rest, i, i+1)
	}
	p.say("GitHub: the client id of an OAuth app that has \"Enable Device Flow\" on. It needs no secret.")
	p.line("GITHUB_CLIENT_ID=")
	p.head("What has a default")
	for _, s := range rest {
		p.setting("#"+s.name, s.standard, s.doc)
	}
	p.head("Where people sign in: more examples")
	for i, one := range providers {
		if i > 0 {
			p.line("")
		}
		p.say(one.note)
		for _, s := range one.settings {
			p.line("#" + prefixOf(one.name) + s[0] + "=" + quoted(s[1]))
		}
	}
	p.head("All that a provider can have, below its name in upper case, with - as _")
	for _, s := range settingsOf(&provider.App{}) {
		p.setting("#NAME_"+s.name, s.standard, s.doc)
	}
	return strings.TrimRight(p.String(), "\n") + "\n"
}

// settings are all of the bot's own.
func (c *Config) settings() []setting {
	var all []setting
	for _, g := range c.groups() {
		all = slices.Concat(all, settingsOf(g))
	}
	return all
}

// page is a file of settings being written.
type page struct{ strings.Builder }

func (p *page) line(text string) { fmt.Fprintln(p, text) }

// head begins a part, one empty line below the last.
func (p *page) head(text string) {
	before := strings.TrimRight(p.String(), "\n")
	p.Reset()
	p.line(before + "\n\n# ---- " + text + " ----\n")
}

func (p *page) setting(name, value, doc string) {
	if doc == "" {
		panic(name + " has no doc tag")
	}
	p.say(doc)
	p.line(name + "=" + quoted(value) + "\n")
}

// say writes a comment in lines of up to eighty characters.
func (p *page) say(text string) {
	line := "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 80 {
			p.line(line)
			line = "#"
		}
		line += " " + word
	}
	p.line(line)
}

func quoted(value string) string {
	if strings.Contains(value, " ") {
		return "'" + value + "'"
	}
	return value
}
