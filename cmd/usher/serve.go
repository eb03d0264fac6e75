package main

import (
	"context"
	"io"
	"net"

	"go.uber.org/dig"
	"go.uber.org/fx"

	"github.com/usherbot/usher/config"
)

// serve runs the bot, with more parts or other ones, until ctx ends. What keeps it
// from running is the error, and is said nowhere else.
func serve(ctx context.Context, environ []string, file string, errs io.Writer, parts ...fx.Option) error {
	c, err := config.Load(environ, file)
	if err != nil {
		return err
	}
	whole := context.WithoutCancel(ctx) // a start is brief, and a stop must be whole
	at, err := listen(whole, "USHER_LISTEN", c.Listen)
	if err != nil {
		return err
	}
	defer at.Close()
	var metrics net.Listener
	if c.Metrics != "" {
		if metrics, err = listen(whole, "USHER_METRICS_LISTEN", c.Metrics); err != nil {
			return err
		}
		defer metrics.Close()
	}
	log := c.Logger(errs)
	app := fx.New(wire(c, log, at, metrics), fx.Options(parts...))
	if err := app.Start(whole); err != nil {
		return dig.RootCause(err)
	}
	select {
	case <-ctx.Done():
	case <-app.Wait(): // it shuts down by itself
	}
	log.Info("stopping")
	limited, cancel := context.WithTimeout(whole, app.StopTimeout())
	defer cancel()
	return app.Stop(limited)
}
