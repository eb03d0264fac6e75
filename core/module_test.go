package core_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"github.com/usherbot/usher/adapters/telegram"
	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/config"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// small is a bot without platforms on a store in memory.
func small(t *testing.T) fx.Option {
	keys, err := seal.NewKeys("a secret that is long enough for a test", "")
	if err != nil {
		t.Fatal(err)
	}
	return fx.Options(
		core.Module, sqlstore.Module, fx.Supply(keys, sqlstore.Config{Name: sqlstore.Memory}),
		fx.Supply(slog.New(slog.DiscardHandler)),
	)
}

// TestGraph has all modules, each of which finds what it needs.
func TestGraph(t *testing.T) {
	all := fx.Options(config.Module, sqlstore.Module, authflow.Module, core.Module)
	for _, tt := range []struct {
		name string
		of   fx.Option
	}{
		{"no platform", all},
		{"one platform", fx.Options(all, telegram.Module)},
		{"with commands and more", fx.Options(
			all, telegram.Module,
			core.ProvideAdapter(func() *coretest.Chat { return nil }),
			core.ProvideCommands(func(*slog.Logger) core.Command { return core.Command{} }, func() ([]core.Command, error) { return nil, nil }),
			core.ProvideCompanion(func(*core.Bot) core.Companion { return nil }),
		)},
		{"without logins", small(t)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := fx.ValidateApp(tt.of); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTelegramNeedsAToken has the adapter only where it is set up.
func TestTelegramNeedsAToken(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    telegram.Config
		want int
	}{
		{"with a token", telegram.Config{Token: "1:a"}, 1},
		{"without", telegram.Config{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got struct {
				fx.In
				Adapters []core.Adapter `group:"adapters"`
			}
			app := fx.New(fx.NopLogger, telegram.Module, fx.Supply(tt.c), fx.Populate(&got))
			if err := app.Err(); err != nil || len(got.Adapters) != tt.want {
				t.Errorf("got %d adapters and %v, want %d", len(got.Adapters), err, tt.want)
			}
		})
	}
}

// TestApp lets a bot live from an app's start to its stop.
func TestApp(t *testing.T) {
	chat := coretest.New(coretest.Options{})
	var db store.Store
	var beside bool
	app := fxtest.New(
		t, small(t), fx.NopLogger, fx.Populate(&db),
		core.ProvideAdapter(func() *coretest.Chat { return chat }),
		core.ProvideCommands(
			func() core.Command { return core.Command{Name: "zoo", Summary: "Z", Run: silence} },
			func() []core.Command {
				return []core.Command{{Name: "bar", Summary: "B", Run: silence}, {Name: "art", Summary: "A", Run: silence}}
			},
		),
		core.ProvideCompanion(func() core.Companion {
			return func(ctx context.Context) error {
				<-ctx.Done()
				beside = true
				return nil
			}
		}),
	)
	app.RequireStart()
	chat.Say("alice", coretest.Direct, "/ping")
	if _, err := coretest.Wait(t.Context(), chat, "alice", coretest.Direct, "Pong!"); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range chat.Commands() {
		names = append(names, c.Name)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == "help" || n == "ping" || n == "cancel" })
	if want := []string{"art", "bar", "zoo"}; !slices.Equal(names, want) {
		t.Errorf("got commands %q, want %q", names, want)
	}
	app.RequireStop()
	if !beside {
		t.Error("got no end of the companion, want that the stop waits for it")
	}
	if _, err := db.Note(t.Context(), "x"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v of the store, want that it is closed", err)
	}
}

func silence(context.Context, *core.Invocation) error { return nil }

var errBroken = errors.New("it is broken")

// broken is a platform that ends.
type broken struct{ *coretest.Chat }

func (broken) Run(context.Context, func(core.Event)) error { return errBroken }

// TestAppEndsByItself has the app shut down when something it consists of ends.
func TestAppEndsByItself(t *testing.T) {
	wait := func(ctx context.Context) error { <-ctx.Done(); return nil }
	fail := func(context.Context) error { return errBroken }
	chat := coretest.New(coretest.Options{})
	for _, tt := range []struct {
		name    string
		adapter core.Adapter
		beside  []core.Companion
		code    int
		want    error
	}{
		{"the platform fails", broken{chat}, []core.Companion{wait}, 1, errBroken},
		{"a companion fails", chat, []core.Companion{wait, fail}, 1, errBroken},
		{"both fail", broken{chat}, []core.Companion{fail}, 1, errBroken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			app := fx.New(
				small(t), fx.NopLogger,
				core.ProvideAdapter(func() core.Adapter { return tt.adapter }),
				core.ProvideCompanion(func() []core.Companion { return tt.beside }),
			)
			if err := app.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := <-app.Wait(); got.ExitCode != tt.code {
				t.Errorf("got exit code %d, want %d", got.ExitCode, tt.code)
			}
			if err := app.Stop(t.Context()); !errors.Is(err, tt.want) {
				t.Errorf("got %v of the stop, want %v", err, tt.want)
			}
		})
	}
}

// TestAppSorts has the same bot each time, whatever the order of a group.
func TestAppSorts(t *testing.T) {
	var wrong []any
	for _, name := range []string{"d", "b", "e", "a", "c"} {
		wrong = append(wrong, func() core.Command {
			return core.Command{Name: name, Summary: name, Needs: core.Login("nowhere"), Run: silence}
		})
	}
	app := fx.New(small(t), fx.NopLogger, core.ProvideCommands(wrong...))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-app.Wait()
	var got []string
	for line := range strings.Lines(app.Stop(t.Context()).Error()) {
		if words := strings.Fields(line); words[0] == "command" {
			got = append(got, words[1])
		}
	}
	if want := []string{"a:", "b:", "c:", "d:", "e:"}; !slices.Equal(got, want) {
		t.Errorf("got complaints about %q, want %q", got, want)
	}
}

// TestAppThatDoesNotStop gives up when the time to stop is over.
func TestAppThatDoesNotStop(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	app := fx.New(
		small(t), fx.NopLogger,
		core.ProvideAdapter(func() *coretest.Chat { return coretest.New(coretest.Options{}) }),
		core.ProvideCompanion(func() core.Companion { return func(context.Context) error { <-hold; return nil } }),
	)
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := app.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
}
