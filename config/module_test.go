package config

import (
	"log/slog"
	"testing"

	"go.uber.org/fx"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/seal"
)

// TestModule has what the modules beside this one need, of another Config too.
func TestModule(t *testing.T) {
	var keys seal.Keys
	var providers []authflow.Provider
	var public authflow.PublicURL
	var log *slog.Logger
	app := fx.New(fx.NopLogger, Module, fx.Replace(load(t, least("USHER_PUBLIC_URL=https://bot.example.com"), "")), fx.Populate(&keys, &providers, &public, &log))
	if err := app.Err(); err != nil {
		t.Fatal(err)
	}
	if keys.Zero() || log == nil || public != "https://bot.example.com" {
		t.Errorf("got keys %v, log %v and address %q, want all", keys, log, public)
	}
}
