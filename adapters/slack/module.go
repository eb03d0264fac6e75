package slack

import (
	"log/slog"

	"go.uber.org/fx"

	"github.com/usherbot/usher/core"
)

// Module connects the bot to Slack where its Config has a bot token, and else
// leaves Slack out.
var Module = fx.Module("slack", core.ProvideAdapter(func(p parts) []core.Adapter {
	if p.Config.BotToken == "" {
		return nil
	}
	if p.Config.Log == nil {
		p.Config.Log = p.Log
	}
	return []core.Adapter{New(p.Config)}
}))

type parts struct {
	fx.In
	Config Config
	Log    *slog.Logger `optional:"true"`
}
