package authflow

import (
	"log/slog"

	"go.uber.org/fx"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// Module brings the Logins of a []Provider. It needs a store.Store and seal.Keys
// too; without *slog.Logger the log is slog.Default.
var Module = fx.Module("authflow", fx.Provide(func(p parts) *Logins {
	return New(Options{Store: p.Store, Keys: p.Keys, Providers: p.Providers, Log: p.Log})
}))

type parts struct {
	fx.In
	Store     store.Store
	Keys      seal.Keys
	Providers []Provider
	Log       *slog.Logger `optional:"true"`
}
