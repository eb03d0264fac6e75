// Package config makes a bot of settings, from the environment and a .env file.
//
// Each package declares its settings by tags on a struct of its own, beside the
// code that reads them. Config gathers those structs. Load fills them
// (settings.go), checks them (check.go), makes the login providers that they name
// (providers.go) and complains about everything that is wrong at once, each
// mistake with the setting's name and how to mend it, never with a secret.
//
// example.env describes all settings and is made from the same tags.
package config

import (
	"io"
	"log/slog"

	"github.com/usherbot/usher/adapters/discord"
	"github.com/usherbot/usher/adapters/slack"
	"github.com/usherbot/usher/adapters/telegram"
	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// Config is all that a bot is told.
type Config struct {
	Usher
	Store     sqlstore.Config
	Discord   discord.Config
	Slack     slack.Config
	Telegram  telegram.Config
	Providers []authflow.Provider // made of the settings below each of Usher.Logins
}

// Usher is what no other package reads. The tags are its settings.
type Usher struct {
	Secret    seal.Secret `env:"USHER_SECRET" doc:"at least 32 characters that seal the store; \"usher secret\" prints some. Keep them: nothing else opens it again"`
	Previous  seal.Secret `env:"USHER_SECRET_PREVIOUS" doc:"the secret before this one, while you change it"`
	Logins    []string    `env:"USHER_PROVIDERS" doc:"where people can sign in: names, separated by commas, each with settings of its own below it; empty for a bot without logins"`
	Listen    string      `env:"USHER_LISTEN" doc:"where HTTP is served; by default 127.0.0.1:8080, and :8080 where USHER_PUBLIC_URL is set"`
	Metrics   string      `env:"USHER_METRICS_LISTEN" doc:"where metrics are served for Prometheus, at /metrics, as in 127.0.0.1:9090; nobody is asked who they are there. Empty: nowhere"`
	PublicURL string      `env:"USHER_PUBLIC_URL" doc:"the https address that leads to USHER_LISTEN from outside; platforms then deliver over HTTP, and people can sign in through a browser"`
	Log       string      `env:"USHER_LOG" envDefault:"text" doc:"how the log is written to standard error: text or json"`
	Level     string      `env:"USHER_LOG_LEVEL" envDefault:"info" doc:"what is logged: debug, info, warn or error"`
}

// groups are the structs that settings are read into.
func (c *Config) groups() []any { return []any{&c.Usher, &c.Store, &c.Discord, &c.Slack, &c.Telegram} }

// Keys derives the keys that seal what is stored.
func (c Config) Keys() (seal.Keys, error) { return seal.NewKeys(c.Secret, c.Previous) }

// Logger logs to w as the settings say.
func (c Config) Logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: levels[c.Level]}
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// levels are what USHER_LOG_LEVEL can be.
var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}
