package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/usherbot/usher/adapters/discord"
	"github.com/usherbot/usher/adapters/slack"
	"github.com/usherbot/usher/adapters/telegram"
	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// waitFor is how long a handler of /wait waits.
const waitFor = 2 * time.Second

// runBot makes a bot as anybody would, with a store in dir, and serves it at url,
// which begin listens for, until ctx ends. begin is called once it could be called.
func runBot(ctx context.Context, api, url, dir string, begin func(http.Handler, func() bool)) error {
	db, err := sqlstore.Open(ctx, filepath.Join(dir, "usher.db"))
	if err != nil {
		return err
	}
	keys, err := seal.NewKeys("thirty-two characters or more of a secret", "")
	if err != nil {
		return errors.Join(fmt.Errorf("make keys: %w", err), db.Close())
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	github, err := provider.GitHub(provider.App{ID: "bench"})
	if err != nil {
		return errors.Join(fmt.Errorf("make provider: %w", err), db.Close())
	}
	bot := core.New(core.Options{Store: db, Keys: keys, Log: log, Logins: authflow.New(authflow.Options{
		Store: db, Keys: keys, Log: log, Providers: []authflow.Provider{github},
	})})
	bot.Add(commands()...)
	bot.Connect(
		discord.New(discord.Config{Token: discordToken, PublicKey: discordPublic(), Mode: discord.HTTP, APIBase: api, Log: log}),
		slack.New(slack.Config{BotToken: slackToken, SigningSecret: slackSecret, APIBase: api + "/api/", Log: log}),
		telegram.New(telegram.Config{Token: telegramToken, WebhookSecret: telegramSecret, PublicURL: url, APIBase: api, Log: log}),
	)
	begin(bot.Handler(), bot.Ready)
	return errors.Join(bot.Run(ctx), db.Close())
}

// commands are the two that are played.
func commands() []core.Command {
	text := core.String("text", "what to say").Required()
	echo := func(ctx context.Context, in *core.Invocation) error {
		_, err := in.Reply(ctx, core.Message{Text: markup.Plain(text.Of(in))})
		return err
	}
	wait := func(ctx context.Context, in *core.Invocation) error {
		select {
		case <-time.After(waitFor):
			return echo(ctx, in)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return []core.Command{
		{Name: "echo", Summary: "Says it", Options: []core.Option{text}, Run: echo},
		{Name: "wait", Summary: "Says it later", Options: []core.Option{text}, Run: wait},
	}
}
