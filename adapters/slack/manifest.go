package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/usherbot/usher/core"
)

// Limits of a manifest that core does not know. Of an app's commands one is
// /usher, through which all others can be reached too.
const (
	maxCommands = 50
	maxUsage    = 1000
	maxBotName  = 35
)

// scopes are what the bot may do, each for one of its needs.
var scopes = []string{
	"app_mentions:read", // to hear its name
	"chat:write",        // to answer
	"chat:write.public", // also where nobody invited it
	"commands",
	"files:write", // to show images
	"im:history",  // to hear direct messages
	"im:write",    // to write them
	"users:read",  // names and languages
}

// events are what Slack tells of. All else comes by itself.
var events = []string{"app_mention", "app_uninstalled", "message.im"}

type manifest struct {
	Metadata metadata `json:"_metadata"`
	Display  struct {
		Name string `json:"name"`
	} `json:"display_information"`
	Features features `json:"features"`
	OAuth    struct {
		Scopes struct {
			Bot []string `json:"bot"`
		} `json:"scopes"`
	} `json:"oauth_config"`
	Settings settings `json:"settings"`
}

type metadata struct {
	Major int `json:"major_version"`
	Minor int `json:"minor_version"`
}

type features struct {
	Home struct {
		Home     bool `json:"home_tab_enabled"`
		Messages bool `json:"messages_tab_enabled"`
		ReadOnly bool `json:"messages_tab_read_only_enabled"`
	} `json:"app_home"`
	Bot struct {
		Name   string `json:"display_name"`
		Online bool   `json:"always_online"`
	} `json:"bot_user"`
	Commands []commandEntry `json:"slash_commands"`
}

type commandEntry struct {
	Command string `json:"command"`
	URL     string `json:"url,omitempty"`
	Summary string `json:"description"`
	Usage   string `json:"usage_hint,omitempty"`
	Escape  bool   `json:"should_escape"`
}

type settings struct {
	Events struct {
		URL    string   `json:"request_url,omitempty"`
		Events []string `json:"bot_events"`
	} `json:"event_subscriptions"`
	Presses struct {
		On  bool   `json:"is_enabled"`
		URL string `json:"request_url,omitempty"`
	} `json:"interactivity"`
	Org    bool `json:"org_deploy_enabled"`
	Socket bool `json:"socket_mode_enabled"`
	Rotate bool `json:"token_rotation_enabled"`
}

// Manifest is what to paste when making the app at https://api.slack.com/apps: a
// bot of that name with these commands. Without a public URL it is for Socket
// Mode, with one Slack delivers there.
func Manifest(name string, cmds []core.Command, publicURL string) ([]byte, error) {
	var m manifest
	base := strings.TrimRight(publicURL, "/")
	at := func(path string) string {
		if base == "" {
			return ""
		}
		return base + path
	}
	m.Metadata = metadata{Major: 1, Minor: 1}
	m.Display.Name = cut(name, maxBotName)
	m.Features.Home.Messages, m.Features.Bot.Online = true, true
	m.Features.Bot.Name = cut(name, maxBotName)
	m.Features.Commands = entries(name, cmds, at(commandsPath))
	m.OAuth.Scopes.Bot = scopes
	m.Settings.Events.Events, m.Settings.Events.URL = events, at(eventsPath)
	m.Settings.Presses.On, m.Settings.Presses.URL = true, at(pressesPath)
	m.Settings.Socket = base == ""
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return out.Bytes(), nil
}

// entries are the app's commands: one that has the others in its text, because
// names are shared with all other apps, and each by itself.
func entries(name string, cmds []core.Command, url string) []commandEntry {
	out := []commandEntry{{
		Command: "/" + commandName(name), URL: url, Escape: true,
		Summary: "All that the bot can do", Usage: "help",
	}}
	for _, c := range cmds {
		if len(out) == maxCommands {
			break
		}
		if c.Name != commandName(name) {
			out = append(out, commandEntry{Command: "/" + c.Name, URL: url, Summary: c.Summary, Usage: usage(c), Escape: true})
		}
	}
	return out
}

// commandName is the name of a bot as that of a command.
func commandName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_':
			return r
		case r == ' ':
			return '-'
		}
		return -1
	}, strings.ToLower(name))
	if name == "" {
		return "usher"
	}
	return name[:min(len(name), 31)]
}

// usage is what can follow a command.
func usage(c core.Command) string {
	var parts []string
	for _, sub := range c.Sub {
		parts = append(parts, sub.Name)
	}
	if len(parts) > 0 {
		return cut(strings.Join(parts, " | "), maxUsage)
	}
	for _, o := range c.Options {
		spec := o.Spec()
		if spec.Required {
			parts = append(parts, "<"+spec.Name+">")
		} else {
			parts = append(parts, "["+spec.Name+"]")
		}
	}
	return cut(strings.Join(parts, " "), maxUsage)
}
