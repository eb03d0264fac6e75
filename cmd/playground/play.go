package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/seal"
)

// play is the world around the bot, which outlives it: the platform, the
// authorization server, the file of the store.
type play struct {
	platform *platform
	server   *authtest.Server // nil: a real one
	provider authflow.Provider
	web      *web         // nil: browsers do not reach the bot
	http     *http.Client // reaches the server; nil: the usual one
	secret   seal.Secret
	file     string // of the store
	log      *slog.Logger
	live     bool // a person is at the terminal
	cleanup  []func() error

	bot    *running
	failed chan error // a bot that ended by itself
}

// open builds all of it but the bot: on loopback, or on a network of pipes if
// there is one.
func open(s settings, n *pipe.Net) (*play, error) {
	p := &play{failed: make(chan error, 1), log: slog.New(slog.DiscardHandler)}
	if err := p.furnish(s, n); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// furnish puts into p what the settings ask for.
func (p *play) furnish(s settings, n *pipe.Net) error {
	if err := p.openLog(s.log); err != nil {
		return err
	}
	if err := p.openStore(s.store); err != nil {
		return err
	}
	if err := p.openPlatform(s.platform, n); err != nil {
		return err
	}
	if err := p.openWeb(s.browser, n); err != nil {
		return err
	}
	if s.issuer == "" {
		return p.openServer(s.listen, n)
	}
	return p.offer(s.issuer, provider.App{ID: s.clientID, Secret: seal.Secret(s.clientSecret)})
}

// offer has people sign in to Demo, at an issuer.
func (p *play) offer(issuer string, a provider.App) error {
	a.Name, a.Title = "demo", "Demo"
	if p.web != nil {
		a.Flow = "browser"
	}
	var err error
	p.provider, err = provider.OIDC(issuer, a)
	return err
}

func (p *play) openLog(name string) error {
	var out io.Writer
	switch name {
	case "":
		return nil
	case "-":
		out = os.Stderr
	default:
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("open log: %w", err)
		}
		p.cleanup = append(p.cleanup, f.Close)
		out = f
	}
	p.log = slog.New(slog.NewTextHandler(out, nil))
	return nil
}

// openStore finds a place for the store and the secret that seals it. A store
// that is kept has its secret in a file beside it, unless USHER_SECRET is set.
func (p *play) openStore(name string) error {
	p.file = name
	p.secret = seal.Secret(os.Getenv("USHER_SECRET"))
	if name == "" {
		dir, err := os.MkdirTemp("", "usher-playground-")
		if err != nil {
			return fmt.Errorf("make a place for the store: %w", err)
		}
		p.cleanup = append(p.cleanup, func() error { return os.RemoveAll(dir) })
		p.file = dir + "/usher.db"
	}
	if p.secret != "" {
		return nil
	}
	secret, err := secretIn(p.file + ".secret")
	p.secret = secret
	return err
}

// openServer starts the built-in authorization server.
func (p *play) openServer(listen string, n *pipe.Net) error {
	app := authtest.Client{ID: "playground", Name: "usher playground"}
	if p.web != nil {
		app.RedirectURIs = []string{p.web.callback()}
	}
	server, err := authtest.Start(authtest.Options{Place: stand.Place{Net: n, Addr: listen}, Clients: []authtest.Client{app}})
	if err != nil {
		return fmt.Errorf("start the authorization server: %w", err)
	}
	p.server = server
	if n != nil {
		p.http = server.Client()
	}
	p.cleanup = append(p.cleanup, server.Close)
	return p.offer(server.URL(), provider.App{ID: app.ID})
}

// start starts the bot.
func (p *play) start(ctx context.Context) error {
	var err error
	p.bot, err = p.startBot(ctx)
	return err
}

// restart kills the bot without a farewell and starts another on the same store.
func (p *play) restart(ctx context.Context) error {
	p.platform.cut()
	err := p.bot.kill()
	p.platform.mend()
	if err != nil {
		return err
	}
	select {
	case err := <-p.failed:
		p.log.Info("the bot was left without its store", "error", err)
	default:
	}
	return p.start(ctx)
}

// watch runs the terminal, and ends it when the bot ends by itself.
func (p *play) watch(ctx context.Context, terminal func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- terminal(ctx) }()
	var failure error
	select {
	case failure = <-p.failed:
		stop()
		failure = errors.Join(failure, <-done)
	case failure = <-done:
	}
	return errors.Join(failure, p.bot.stop())
}

// close undoes open, in reverse.
func (p *play) close() {
	for _, v := range slices.Backward(p.cleanup) {
		if err := v(); err != nil {
			p.log.Warn("could not clean up", "error", err)
		}
	}
}
