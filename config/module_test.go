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
	var log *slog.Logger
	app := fx.New(fx.NopLogger, Module, fx.Replace(load(t, least(), "")), fx.Populate(&keys, &providers, &log))
	if err := app.Err(); err != nil {
		t.Fatal(err)
	}
	if keys.Zero() || log == nil {
		t.Errorf("got keys %v and log %v, want both", keys, log)
	}
}
