package main

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/usherbot/usher/adapters/discord"
	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/adapters/slack"
	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/adapters/telegram"
	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
)

// platform is a chat platform in memory. It outlives the bots on it, of which
// there is one at a time.
type platform struct {
	chat    string // what the terminal shows, such as "a chat"
	people  people
	adapter func(log *slog.Logger) core.Adapter // of one bot
	cut     func()                              // keeps the bot from saying farewell
	mend    func()                              // lets the next one in
	close   func() error
}

// worded is an adapter for people who look at a terminal, which shows no images.
type worded struct{ core.Adapter }

// Caps implements core.Adapter.
func (w worded) Caps() core.Caps {
	caps := w.Adapter.Caps()
	caps.Images = false
	return caps
}

// people are those on a platform.
type people interface {
	coretest.World
	// Busy reports whether the bot has yet to answer them, as for coretest.Idle.
	Busy() bool
}

// platforms are what --platform can name. They open on loopback, or on a network
// of pipes if there is one.
var platforms = []struct {
	name string
	open func(*pipe.Net) (*platform, error)
}{
	{"neutral", openNeutral},
	{"discord", openDiscord},
	{"slack", openSlack},
	{"telegram", openTelegram},
}

// openPlatform opens the platform of that name.
func (p *play) openPlatform(name string, n *pipe.Net) error {
	for _, known := range platforms {
		if known.name != name {
			continue
		}
		opened, err := known.open(n)
		if err != nil {
			return err
		}
		p.platform, p.cleanup = opened, append(p.cleanup, opened.close)
		return nil
	}
	return fmt.Errorf("--platform: there is no %q; choose one of %s", name, platformNames())
}

func platformNames() string {
	names := make([]string, len(platforms))
	for i, p := range platforms {
		names[i] = p.name
	}
	return strings.Join(names, ", ")
}

// openNeutral makes a platform that can do everything, without a wire.
func openNeutral(*pipe.Net) (*platform, error) {
	chat := coretest.New(coretest.Options{})
	return &platform{
		chat: "a chat", people: chat,
		adapter: func(*slog.Logger) core.Adapter { return chat },
		cut:     chat.Cut, mend: func() {}, // the next bot mends it by coming
		close: func() error { return nil },
	}, nil
}

func openDiscord(n *pipe.Net) (*platform, error) {
	srv, err := discordtest.Start(discordtest.Options{Place: stand.Place{Net: n}})
	if err != nil {
		return nil, err
	}
	return &platform{
		chat: "a Discord person's chat", people: &client{Server: srv, unsent: map[string][]coretest.Seen{}},
		adapter: func(log *slog.Logger) core.Adapter {
			return discord.New(discord.Config{
				Token: srv.Token(), Mode: discord.Gateway, APIBase: srv.URL(), HTTP: srv.Client(), Dial: srv.Dial, Log: log,
			})
		},
		cut: srv.Stop, mend: srv.Resume, close: srv.Close,
	}, nil
}

func openSlack(n *pipe.Net) (*platform, error) {
	srv, err := slacktest.Start(slacktest.Options{Place: stand.Place{Net: n}, Commands: []string{slacktest.AnyCommand}})
	if err != nil {
		return nil, err
	}
	return &platform{
		chat: "a Slack person's chat", people: srv,
		adapter: func(log *slog.Logger) core.Adapter {
			return slack.New(slack.Config{
				BotToken: srv.BotToken(), AppToken: srv.AppToken(), Mode: slack.Socket,
				APIBase: srv.URL(), HTTP: srv.Client(), Dial: srv.Dial, Log: log,
			})
		},
		cut: srv.Stop, mend: srv.Resume, close: srv.Close,
	}, nil
}

func openTelegram(n *pipe.Net) (*platform, error) {
	srv, err := telegramtest.Start(telegramtest.Options{Place: stand.Place{Net: n}})
	if err != nil {
		return nil, err
	}
	return &platform{
		chat: "a Telegram person's chat", people: srv,
		adapter: func(log *slog.Logger) core.Adapter {
			return telegram.New(telegram.Config{Token: srv.Token(), APIBase: srv.URL(), HTTP: srv.Client(), Log: log})
		},
		cut: srv.Stop, mend: srv.Resume, close: srv.Close,
	}, nil
}
