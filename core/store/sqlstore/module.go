package sqlstore

import (
	"context"

	"go.uber.org/fx"

	"github.com/usherbot/usher/core/store"
)

// Config is what Module needs to know. The tags are its settings.
type Config struct {
	Name string `env:"USHER_STORE" envDefault:"usher.db" doc:"the file that keeps what outlives a restart; one bot at a time uses it"`
}

// Module opens the store that its Config names. Whoever runs the bot closes it.
var Module = fx.Module("sqlstore", fx.Provide(fx.Annotate(
	func(c Config) (*Store, error) { return Open(context.Background(), c.Name) },
	fx.As(new(store.Store)),
)))
