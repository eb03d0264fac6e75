package sqlstore

import (
	"context"

	"go.uber.org/fx"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// Config is what Module needs to know. The tags are its settings.
type Config struct {
	Name seal.Secret `env:"USHER_STORE" envDefault:"usher.db" doc:"what outlives a restart: the name of a file, for one bot at a time, or the URL of a PostgreSQL database for any number of them, as in postgres://user:password@host:5432/database?sslmode=verify-full&pool_max_conns=8"` // it may hold a password
}

// Module opens the store that its Config names. Whoever runs the bot closes it.
var Module = fx.Module("sqlstore", fx.Provide(fx.Annotate(
	func(c Config) (*Store, error) { return Open(context.Background(), c.Name.Reveal()) },
	fx.As(new(store.Store)),
)))
