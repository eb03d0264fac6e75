package slack

import (
	"context"
	"testing"

	"go.uber.org/fx"

	"github.com/usherbot/usher/core"
)

// The module brings an adapter where there is a token, and else none.
func TestModule(t *testing.T) {
	for _, tt := range []struct {
		config Config
		want   int
	}{{Config{}, 0}, {Config{BotToken: testBot}, 1}} {
		var got []core.Adapter
		app := fx.New(fx.NopLogger, Module, fx.Supply(tt.config), fx.Invoke(fx.Annotate(
			func(all []core.Adapter) { got = all }, fx.ParamTags(`group:"adapters"`),
		)))
		if err := app.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		if len(got) != tt.want {
			t.Errorf("got %d adapters, want %d", len(got), tt.want)
		}
	}
}
