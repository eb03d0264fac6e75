package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/usherbot/usher/core"
)

// drainFor is how long requests may go on after the end was asked for.
const drainFor = 6 * time.Second

// listen takes the address that a setting says.
func listen(ctx context.Context, setting, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w. Set another address, or end what uses this one", setting, err)
	}
	return l, nil
}

// newFront serves what platforms and browsers ask the bot over HTTP.
func newFront(at net.Listener, bot *core.Bot, log *slog.Logger) core.Companion {
	return newServer(at, bot.Handler(), log)
}

// newServer serves HTTP. A delivery is answered within 25 seconds (telegram).
func newServer(at net.Listener, h http.Handler, log *slog.Logger) core.Companion {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return func(ctx context.Context) error {
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(at) }()
		select {
		case err := <-ended:
			return fmt.Errorf("serve HTTP: %w", err)
		case <-ctx.Done():
			return drain(context.WithoutCancel(ctx), server)
		}
	}
}

// drain takes no new requests and lets those under way finish.
func drain(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, drainFor)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("stop HTTP: %w", err)
	}
	return nil
}
