package config

import (
	"cmp"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/usherbot/usher/adapters/discord"
	"github.com/usherbot/usher/adapters/slack"
	"github.com/usherbot/usher/adapters/telegram"
	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

// settle checks what was read, fills in what follows from other settings, and
// lets the platforms that are set up check theirs.
func (c *Config) settle() mistakes {
	var m mistakes
	m.checkSecret("USHER_SECRET", c.Secret)
	if c.Previous != "" {
		m.checkSecret("USHER_SECRET_PREVIOUS", c.Previous)
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	m.checkPublicURL(c.PublicURL)
	c.Listen = cmp.Or(c.Listen, listenBy(c.PublicURL))
	m.checkListen("USHER_LISTEN", c.Listen, "127.0.0.1:8080, or :8080")
	if c.Metrics != "" {
		m.checkListen("USHER_METRICS_LISTEN", c.Metrics, "127.0.0.1:9090, or :9090")
	}
	m.checkWord("USHER_LOG", c.Log, "text", "json")
	m.checkWord("USHER_LOG_LEVEL", c.Level, "debug", "info", "warn", "error")
	m.more(c.platforms())
	return m
}

// platforms checks those that have a token. There must be one.
func (c *Config) platforms() mistakes {
	c.Telegram.PublicURL = c.PublicURL
	var m mistakes
	none := true
	for _, p := range []struct {
		token   seal.Secret
		adapter core.Adapter
	}{
		{c.Discord.Token, discord.New(c.Discord)},
		{c.Slack.BotToken, slack.New(c.Slack)},
		{c.Telegram.Token, telegram.New(c.Telegram)},
	} {
		if p.token == "" {
			continue
		}
		none = false
		if err := p.adapter.Check(); err != nil {
			m = append(m, strings.Split(err.Error(), "\n")...)
		}
	}
	switch {
	case c.Slack.BotToken == "" && (c.Slack.AppToken != "" || c.Slack.SigningSecret != ""):
		m.addf("SLACK_BOT_TOKEN", "is missing, and other settings of Slack are there. Give the bot token, xoxb-…, from OAuth & Permissions in the app's settings")
	case none:
		m.addf("TELEGRAM_TOKEN", "is missing, and so are DISCORD_TOKEN and SLACK_BOT_TOKEN. Give one at least: a bot needs a platform")
	}
	return m
}

func listenBy(publicURL string) string {
	if publicURL == "" {
		return "127.0.0.1:8080"
	}
	return ":8080"
}

func (m *mistakes) checkSecret(name string, s seal.Secret) {
	switch {
	case s == "":
		m.addf(name, "is missing. Print one with: usher secret")
	case len(s) < seal.MinSecret:
		m.addf(name, "has %d characters and needs at least %d. Print one with: usher secret", len(s), seal.MinSecret)
	}
}

// checkPublicURL takes what paths can be put behind.
func (m *mistakes) checkPublicURL(raw string) {
	if raw == "" {
		return
	}
	_, err := authflow.SecureURL(raw)
	if err == nil && strings.ContainsAny(raw, "?#") {
		err = errors.New("more than a base: leave out what follows ? and #")
	}
	if err != nil {
		m.addf("USHER_PUBLIC_URL", "is %v. Give it as in https://bot.example.com", err)
	}
}

func (m *mistakes) checkListen(name, address, like string) {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		m.addf(name, "%q is no address to listen on. Give one as in %s for all networks", address, like)
	}
}

func (m *mistakes) checkWord(name, word string, words ...string) {
	if !slices.Contains(words, word) {
		m.addf(name, "is %q. Choose one of %s", word, strings.Join(words, ", "))
	}
}
