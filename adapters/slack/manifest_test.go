package slack

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
)

func TestManifest(t *testing.T) {
	who := core.Person("who", "whom to greet")
	cmds := []core.Command{
		{Name: "ping", Summary: "Is anybody there?"},
		{Name: "greet", Summary: "Greets somebody", Options: []core.Option{who.Required(), core.String("how", "in which words")}},
		{Name: "repo", Summary: "Repositories", Sub: []core.Command{{Name: "add"}, {Name: "list"}}},
		{Name: "usher", Summary: "Has the name of the bot"},
	}
	for name, public := range map[string]string{"socket": "", "http": "https://bot.example/"} {
		t.Run(name, func(t *testing.T) {
			raw, err := Manifest("Usher", cmds, public)
			if err != nil {
				t.Fatal(err)
			}
			adaptertest.Golden(t, "manifest-"+name, json.RawMessage(raw))
		})
	}
}

func TestManifestLimits(t *testing.T) {
	var cmds []core.Command
	for i := range 60 {
		cmds = append(cmds, core.Command{Name: fmt.Sprintf("c%d", i), Summary: "x"})
	}
	for name, want := range map[string]string{"": "/usher", "Ünï": "/n", "Acme Bot 2": "/acme-bot-2", strings.Repeat("x", 50): "/" + strings.Repeat("x", 31)} {
		raw, err := Manifest(name, cmds, "")
		if err != nil {
			t.Fatal(err)
		}
		var m manifest
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		if got := m.Features.Commands; len(got) != maxCommands || got[0].Command != want || len([]rune(m.Features.Bot.Name)) > maxBotName {
			t.Errorf("%q: got %d commands, the first %s, want %d and %s", name, len(got), got[0].Command, maxCommands, want)
		}
	}
}
