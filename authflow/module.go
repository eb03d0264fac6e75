package authflow

import (
	"log/slog"

	"go.uber.org/fx"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// Module brings the Logins of a []Provider. It needs a store.Store and seal.Keys
// too; without a PublicURL there are no logins in browsers, without *slog.Logger the
// log is slog.Default.
var Module = fx.Module("authflow", fx.Provide(func(p parts) *Logins {
	return New(Options{Store: p.Store, Keys: p.Keys, Providers: p.Providers, PublicURL: string(p.PublicURL), Log: p.Log})
}))

// PublicURL is Options.PublicURL, for a container.
type PublicURL string

type parts struct {
	fx.In
	Store     store.Store
	Keys      seal.Keys
	Providers []Provider
	PublicURL PublicURL    `optional:"true"`
	Log       *slog.Logger `optional:"true"`
}
