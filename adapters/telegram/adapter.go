package telegram

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
)

// Mode is how updates reach the bot.
type Mode string

// The modes. Auto is webhook where there is a public URL, else polling.
const (
	Auto    Mode = "auto"
	Polling Mode = "polling"
	Webhook Mode = "webhook"
)

// Config is what the adapter needs to know. The tags are its settings.
type Config struct {
	Token         seal.Secret `env:"TELEGRAM_TOKEN" doc:"the bot's token, from @BotFather; without it the bot is not on Telegram"`
	Mode          Mode        `env:"TELEGRAM_MODE" envDefault:"auto" doc:"how updates come: polling, webhook, or auto, which is webhook where USHER_PUBLIC_URL is set"`
	WebhookSecret seal.Secret `env:"TELEGRAM_WEBHOOK_SECRET" doc:"what Telegram sends with each update to prove itself; derived from the token unless set"`
	APIBase       string      `env:"TELEGRAM_API_BASE" envDefault:"https://api.telegram.org" doc:"another Bot API server"`

	PublicURL string       // where people and platforms reach the bot, for webhooks
	HTTP      *http.Client // nil: one of its own
	Log       *slog.Logger // nil: slog.Default
}

// Adapter is a bot on Telegram.
type Adapter struct{ config Config }

// New makes an adapter, which Check then judges.
func New(c Config) *Adapter { return &Adapter{config: c} }

var _ core.Adapter = (*Adapter)(nil)

var errLater = errors.New("not there")

func (a *Adapter) Caps() core.Caps                                     { return core.Caps{Platform: "telegram", Title: "Telegram"} }
func (a *Adapter) Check() error                                        { return nil }
func (a *Adapter) Ready() bool                                         { return false }
func (a *Adapter) Size(t markup.Text) int                              { return len(t) }
func (a *Adapter) Publish(context.Context, []core.Command, bool) error { return errLater }
func (a *Adapter) Run(context.Context, func(core.Event)) error         { return errLater }
func (a *Adapter) Routes() map[string]http.Handler                     { return nil }
func (a *Adapter) Send(context.Context, core.Chat, core.Message) (core.Ref, error) {
	return core.Ref{}, errLater
}
func (a *Adapter) Edit(context.Context, core.Ref, core.Message) error { return errLater }
func (a *Adapter) Delete(context.Context, core.Ref) error             { return errLater }
func (a *Adapter) Direct(context.Context, core.User, string) (core.Chat, error) {
	return core.Chat{}, errLater
}
