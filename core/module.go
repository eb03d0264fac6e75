package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"

	"go.uber.org/fx"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// Module brings a *Bot with every adapter and command that was provided. It runs
// the bot, and each Companion beside it, from the app's start to its stop, and
// closes the store after them. What ends with an error shuts the app down with
// exit code 1; the stop returns that error.
//
// It needs a store.Store and seal.Keys; without *authflow.Logins nobody can sign
// in, without *slog.Logger the log is slog.Default.
var Module = fx.Module("core", fx.Provide(assemble), fx.Invoke(live))

// Companion runs beside the bot, such as a listener for its Handler: until ctx
// ends, which is no error, or until it cannot go on, which ends the bot too.
type Companion func(ctx context.Context) error

// ProvideAdapter connects what constructor returns: an Adapter, or as []Adapter
// those that are set up, which may be none.
func ProvideAdapter(constructor any) fx.Option {
	as := []fx.Annotation{into("adapters", constructor)}
	if !several(constructor) {
		as = append(as, fx.As(new(Adapter)))
	}
	return fx.Provide(fx.Annotate(constructor, as...))
}

// ProvideCommands adds what each constructor returns, a Command or []Command.
func ProvideCommands(constructors ...any) fx.Option {
	var all []fx.Option
	for _, c := range constructors {
		all = append(all, fx.Provide(fx.Annotate(c, into("commands", c))))
	}
	return fx.Options(all...)
}

// ProvideCompanion has the Companion that constructor returns run beside the bot.
func ProvideCompanion(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, into("companions", constructor)))
}

// into puts what constructor returns into a group, a list as its members.
func into(group string, constructor any) fx.Annotation {
	if several(constructor) {
		group += ",flatten"
	}
	return fx.ResultTags(`group:"` + group + `"`)
}

func several(constructor any) bool {
	t := reflect.TypeOf(constructor)
	return t != nil && t.Kind() == reflect.Func && t.NumOut() > 0 && t.Out(0).Kind() == reflect.Slice
}

// parts are what a Bot is made of.
type parts struct {
	fx.In
	Store    store.Store
	Keys     seal.Keys
	Logins   *authflow.Logins `optional:"true"`
	Log      *slog.Logger     `optional:"true"`
	Adapters []Adapter        `group:"adapters"`
	Commands []Command        `group:"commands"`
}

// assemble makes the bot. A group comes in another order each time: commands are
// sorted here, adapters by the bot.
func assemble(p parts) *Bot {
	b := New(Options{Store: p.Store, Keys: p.Keys, Logins: p.Logins, Log: p.Log})
	slices.SortFunc(p.Commands, func(x, y Command) int { return strings.Compare(x.Name, y.Name) })
	b.Add(p.Commands...)
	b.Connect(p.Adapters...)
	return b
}

// lifetime is what begins and ends with the app.
type lifetime struct {
	fx.In
	Bot        *Bot
	Store      store.Store
	Companions []Companion `group:"companions"`
	Down       fx.Shutdowner
}

// live is the one lifecycle hook of a program. The contexts that fx gives end
// with the hooks, so what runs has one of its own.
func live(hooks fx.Lifecycle, l lifetime) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	hooks.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() { ended <- l.run(ctx) }()
			return nil
		},
		OnStop: func(stop context.Context) error {
			cancel()
			select {
			case err := <-ended:
				return errors.Join(err, l.Store.Close())
			case <-stop.Done():
				return fmt.Errorf("stop the bot: %w", stop.Err())
			}
		},
	})
}

// run runs all of it until ctx ends, and has the app shut down when it ends
// before.
func (l lifetime) run(ctx context.Context) error {
	err := together(ctx, l.Bot.Run, l.Companions)
	if ctx.Err() != nil {
		return err
	}
	code := 0
	if err != nil {
		code = 1
	}
	return errors.Join(err, l.Down.Shutdown(fx.ExitCode(code)))
}

// together runs the bot and its companions. The end of the bot ends them, and
// the failure of one ends all.
func together(ctx context.Context, bot Companion, companions []Companion) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make([]error, 1+len(companions))
	var wg sync.WaitGroup
	for i, c := range companions {
		wg.Go(func() {
			if failed[i] = c(ctx); failed[i] != nil {
				cancel()
			}
		})
	}
	failed[len(companions)] = bot(ctx)
	cancel()
	wg.Wait()
	return errors.Join(failed...)
}
