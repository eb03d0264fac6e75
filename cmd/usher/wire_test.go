package main

import (
	"log/slog"
	"net"
	"testing"

	"go.uber.org/fx"

	"github.com/usherbot/usher/adapters/discord"
	"github.com/usherbot/usher/adapters/slack"
	"github.com/usherbot/usher/adapters/telegram"
	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/config"
)

// TestGraph finds everything that the modules need of each other.
func TestGraph(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    config.Config
	}{
		{"everything is set", config.Config{
			Usher:     config.Usher{Secret: "x", Previous: "y", Logins: []string{"acme"}, Listen: ":1", PublicURL: "https://x.example", Log: "json", Level: "debug"},
			Discord:   discord.Config{Token: "x", Mode: discord.HTTP},
			Slack:     slack.Config{BotToken: "x", SigningSecret: "y", Mode: slack.HTTP},
			Telegram:  telegram.Config{Token: "1:x", Mode: telegram.Webhook, PublicURL: "https://x.example"},
			Providers: []authflow.Provider{{Name: "acme"}},
		}},
		{"Discord alone", config.Config{Discord: discord.Config{Token: "x"}}},
		{"Slack alone", config.Config{Slack: slack.Config{BotToken: "x", AppToken: "y"}}},
		{"Telegram alone", config.Config{Telegram: telegram.Config{Token: "1:x"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := fx.ValidateApp(wire(tt.c, slog.New(slog.DiscardHandler), &net.TCPListener{}, &net.TCPListener{})); err != nil {
				t.Error(err)
			}
		})
	}
}
