package main

import (
	"log/slog"
	"net"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/usherbot/usher/adapters/discord"
	"github.com/usherbot/usher/adapters/slack"
	"github.com/usherbot/usher/adapters/telegram"
	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/config"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// stopWithin is more than an orderly end takes: handlers have six seconds, and
// so do requests.
const stopWithin = 40 * time.Second

// wire is all that the bot is made of: the modules of usher, and what is this
// program's own. metrics is nil where none are served.
func wire(c config.Config, log *slog.Logger, at, metrics net.Listener) fx.Option {
	inside := fx.Options()
	if metrics != nil {
		inside = core.ProvideCompanion(newMetrics(metrics))
	}
	return fx.Options(
		config.Module, sqlstore.Module, authflow.Module, core.Module,
		discord.Module, slack.Module, telegram.Module,
		fx.Replace(c, log), fx.Supply(fx.Annotate(at, fx.As(new(net.Listener)))),
		core.ProvideCompanion(newFront), core.ProvideCompanion(newAnnouncement), inside,
		fx.StopTimeout(stopWithin), fx.WithLogger(quiet),
	)
}

// quiet keeps what fx does for those who look for it. What fails is told by
// serve, once.
func quiet(log *slog.Logger) fxevent.Logger {
	l := &fxevent.SlogLogger{Logger: log}
	l.UseLogLevel(slog.LevelDebug)
	l.UseErrorLevel(slog.LevelDebug)
	return l
}
