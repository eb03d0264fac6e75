package discord

import (
	"log/slog"

	"go.uber.org/fx"

	"github.com/usherbot/usher/core"
)

// Module connects the bot to Discord where its Config has a token, and else
// leaves Discord out.
var Module = fx.Module("discord", core.ProvideAdapter(func(p parts) []core.Adapter {
	if p.Config.Token == "" {
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
