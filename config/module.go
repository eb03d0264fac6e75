package config

import (
	"log/slog"
	"os"

	"go.uber.org/fx"

	"github.com/usherbot/usher/adapters/discord"
	"github.com/usherbot/usher/adapters/slack"
	"github.com/usherbot/usher/adapters/telegram"
	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// Module brings the Config of the environment and .env, and of it what the other
// modules need. Replace the Config, or the *slog.Logger, to have another one.
var Module = fx.Module("config", fx.Provide(
	func() (Config, error) { return Load(os.Environ(), "") },
	func(c Config) *slog.Logger { return c.Logger(os.Stderr) },
	Config.Keys,
	func(c Config) authflow.PublicURL { return authflow.PublicURL(c.PublicURL) },
	func(c Config) (sqlstore.Config, discord.Config, slack.Config, telegram.Config, []authflow.Provider) {
		return c.Store, c.Discord, c.Slack, c.Telegram, c.Providers
	},
))
