package main

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"time"

	"go.uber.org/fx"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core"
)

// startup is what an operator hears of when the bot is ready.
type startup struct {
	fx.In
	Bot      *core.Bot
	Adapters []core.Adapter `group:"adapters"`
	Logins   *authflow.Logins
	At       net.Listener
	Log      *slog.Logger
}

// newAnnouncement logs one line as soon as the bot is ready.
func newAnnouncement(s startup) core.Companion {
	return func(ctx context.Context) error {
		often := time.NewTicker(50 * time.Millisecond)
		defer often.Stop()
		for {
			if s.Bot.Ready() {
				s.Log.Info("ready", "version", version(), "platforms", s.platforms(), "providers", s.providers(), "listen", s.At.Addr().String())
				return nil
			}
			select {
			case <-often.C:
			case <-ctx.Done():
				return nil
			}
		}
	}
}

func (s startup) platforms() []string {
	var all []string
	for _, a := range s.Adapters {
		all = append(all, a.Caps().Title)
	}
	slices.Sort(all)
	return all
}

func (s startup) providers() []string {
	all := []string{}
	for _, p := range s.Logins.Providers() {
		all = append(all, p.Name)
	}
	return all
}
