package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// running is a bot with its own connection to the store.
type running struct {
	cancel context.CancelFunc
	done   chan struct{}
	db     *sqlstore.Store
}

// startBot makes a bot as anybody would, runs it, and returns when it has come or
// has ended: commands that nobody takes are lost on some platforms.
func (p *play) startBot(ctx context.Context) (*running, error) {
	db, err := sqlstore.Open(ctx, p.file)
	if err != nil {
		return nil, err
	}
	keys, err := seal.NewKeys(p.secret, "")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("USHER_SECRET: %w", err), db.Close())
	}
	o := authflow.Options{Store: db, Keys: keys, Providers: []authflow.Provider{p.provider}, HTTP: p.http, Log: p.log}
	if p.web != nil {
		o.PublicURL = p.web.url
	}
	bot := core.New(core.Options{Store: db, Keys: keys, Log: p.log, Logins: authflow.New(o)})
	bot.Add(p.commands()...)
	bot.Connect(worded{p.platform.adapter(p.log)})
	if p.web != nil {
		p.web.serve(bot.Handler())
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &running{cancel: cancel, done: make(chan struct{}), db: db}
	go func() {
		defer close(r.done)
		if err := bot.Run(life); err != nil {
			select {
			case p.failed <- err:
			default: // somebody has heard of an earlier failure
			}
		}
	}()
	r.await(ctx, bot.Ready)
	return r, nil
}

// await waits until the bot is ready, has ended or is to end.
func (r *running) await(ctx context.Context, ready func() bool) {
	often := time.NewTicker(10 * time.Millisecond)
	defer often.Stop()
	for !ready() {
		select {
		case <-often.C:
		case <-r.done:
			return
		case <-ctx.Done():
			return
		}
	}
}

// stop ends the bot as an operator would.
func (r *running) stop() error {
	r.cancel()
	<-r.done
	return r.db.Close()
}

// kill takes the store from the running bot: what it has not stored is lost.
func (r *running) kill() error {
	err := r.db.Close()
	r.cancel()
	<-r.done
	return err
}

// commands are two of the playground's own: one that needs a login, and one that
// asks for what it was not told.
func (p *play) commands() []core.Command {
	what := core.String("what", "what to remind you of").Required()
	days := core.Int("days", "in how many days").Range(1, 365)
	return []core.Command{
		{
			Name: "profile", Summary: "What Demo knows of you (needs a login)", Private: true,
			Needs: core.Login("demo"), Run: profile,
		},
		{
			Name: "remind", Summary: "Shows options: say what, and in how many days", Options: []core.Option{what, days},
			Run: func(ctx context.Context, in *core.Invocation) error {
				when := "tomorrow"
				if n, ok := days.Get(in); ok && n > 1 {
					when = fmt.Sprintf("in %d days", n)
				}
				_, err := in.Reply(ctx, core.Message{Text: markup.F("I would remind you of *%s* %s.", what.Of(in), when)})
				return err
			},
		},
	}
}

// profile answers with the account that the person has signed in with.
func profile(ctx context.Context, in *core.Invocation) error {
	account, err := in.Account(ctx, "demo")
	if err != nil {
		return err
	}
	_, err = in.Reply(ctx, core.Message{Embeds: []core.Embed{{
		Title: account.Who.Name, URL: account.Who.URL, Tone: core.Good,
		Fields: []core.Field{
			{Name: "Subject", Value: markup.Plain(account.Who.Subject), Short: true},
			{Name: "Scopes", Value: markup.Plain(strings.Join(account.Scopes, " ")), Short: true},
		},
	}}})
	return err
}

// secretIn reads the secret in a file, or makes one there.
func secretIn(name string) (seal.Secret, error) {
	b, err := os.ReadFile(name)
	if err == nil {
		return seal.Secret(strings.TrimSpace(string(b))), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the store's secret: %w", err)
	}
	secret := rand.Text() + rand.Text()
	if err := os.WriteFile(name, []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the store's secret: %w", err)
	}
	return seal.Secret(secret), nil
}
