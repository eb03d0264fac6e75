package telegram

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/reach"
	"github.com/usherbot/usher/core/seal"
)

// platform is what core calls Telegram.
const platform = "telegram"

// Mode is how updates reach the bot.
type Mode string

// The modes. Auto is Webhook where there is a public URL, else Polling.
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

// cloud is Telegram's own Bot API server.
const cloud = "https://api.telegram.org"

// Adapter is a bot on Telegram.
type Adapter struct {
	config Config
	client *http.Client
	log    *slog.Logger

	self   atomic.Pointer[self]
	ready  atomic.Bool
	intake atomic.Pointer[intake] // nil unless Run runs
	people people
	moved  moves

	imageless sync.Once // an operator was told
}

var _ core.Adapter = (*Adapter)(nil)

// New makes an adapter, whose Config Check then judges. It asks nobody.
func New(c Config) *Adapter {
	c.APIBase = strings.TrimRight(cmp.Or(c.APIBase, cloud), "/")
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if c.Mode == "" || c.Mode == Auto {
		c.Mode = Polling
		if c.PublicURL != "" {
			c.Mode = Webhook
		}
	}
	if c.WebhookSecret == "" && c.Token != "" {
		c.WebhookSecret = webhookSecret(c.Token)
	}
	return &Adapter{config: c, client: reach.Client(c.HTTP), log: cmp.Or(c.Log, slog.Default())}
}

// webhookSecret is the same in every process with this token, and tells nothing
// of it.
func webhookSecret(token seal.Secret) seal.Secret {
	key, err := hkdf.Key(sha256.New, []byte(token.Reveal()), nil, "usher webhook secret", 32)
	if err != nil {
		panic(fmt.Sprintf("telegram: derive the webhook secret: %v", err)) // 32 bytes are never too many
	}
	return seal.Secret(hex.EncodeToString(key))
}

// Caps implements core.Adapter. Three buttons in a row can still be read on a
// phone; the keyboard has room for a hundred.
func (a *Adapter) Caps() core.Caps {
	return core.Caps{
		Platform: platform, Title: "Telegram",
		Alert:  maxAlert,
		Single: a.config.Mode == Polling, // a second poller ends the first with 409
		Copies: true, Replies: true, Images: true,
		Limits: core.Limits{Text: maxText, Caption: maxCaption, Label: 64, Row: 3, Rows: 33, Copy: 256},
	}
}

// What tokens and secrets look like.
var (
	goodToken  = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]+$`)
	goodSecret = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
)

// Check implements core.Adapter. Each line of its error begins with a setting.
func (a *Adapter) Check() error {
	var wrong []error
	say := func(what string) { wrong = append(wrong, errors.New(what)) }
	c := a.config
	switch {
	case c.Token == "":
		say("TELEGRAM_TOKEN: is missing. Ask @BotFather for one")
	case !goodToken.MatchString(c.Token.Reveal()):
		say("TELEGRAM_TOKEN: is no token. It is what @BotFather shows: a number, a colon, and 35 characters")
	}
	switch {
	case c.Mode != Polling && c.Mode != Webhook:
		say(fmt.Sprintf("TELEGRAM_MODE: %q is no mode. Choose polling, webhook or auto", c.Mode))
	case c.Mode == Webhook && c.PublicURL == "":
		say("TELEGRAM_MODE: webhook needs USHER_PUBLIC_URL, where Telegram can reach the bot. Set it, or choose polling")
	case c.Mode == Webhook && c.APIBase == cloud && !strings.HasPrefix(c.PublicURL, "https://"):
		say("USHER_PUBLIC_URL: Telegram delivers to https addresses only. Give one, or set TELEGRAM_MODE to polling")
	}
	if !goodSecret.MatchString(c.WebhookSecret.Reveal()) && c.WebhookSecret != "" {
		say("TELEGRAM_WEBHOOK_SECRET: may have 1 to 256 of A-Z, a-z, 0-9, _ and -. Leave it out, and one is derived")
	}
	if !reach.Allowed(c.APIBase) {
		say("TELEGRAM_API_BASE: must be an https address without query, such as " + cloud + ". Plain http is for this machine only")
	}
	return errors.Join(wrong...)
}

// Format prints nothing of what the adapter knows, whatever the verb.
func (*Adapter) Format(f fmt.State, _ rune) { fmt.Fprint(f, "the adapter for Telegram") }

// Ready implements core.Adapter.
func (a *Adapter) Ready() bool { return a.ready.Load() }

// Size implements core.Adapter: UTF-16 code units, which are never fewer than the
// characters that Telegram counts.
func (a *Adapter) Size(t markup.Text) int { return lengthOf(t) }

// Send implements core.Adapter.
func (a *Adapter) Send(ctx context.Context, to core.Chat, m core.Message) (core.Ref, error) {
	if m.Private {
		return core.Ref{}, errors.New("send: there are no private messages on Telegram")
	}
	return a.send(ctx, to, m, 0)
}

// Edit implements core.Adapter. Telegram sets no end to it, but makes no text of a
// photo: such a message is deleted, and core.ErrGone returned.
func (a *Adapter) Edit(ctx context.Context, r core.Ref, m core.Message) error {
	return a.show(r.Chat, m, func(m core.Message) error {
		err := a.edit(ctx, r, m)
		if isPhoto(err) {
			return a.takeDown(ctx, r, m)
		}
		return err
	})
}

// edit is Edit for what Telegram can make of the message.
func (a *Adapter) edit(ctx context.Context, r core.Ref, m core.Message) error {
	m.Answer = false // only a new message opens a reply box
	method, p, files := editing(m)
	p["message_id"] = r.Token.Reveal()
	err := a.write(ctx, r.Chat, method, p, nil, files...)
	if sameAsBefore(err) {
		return nil
	}
	return err
}

// Delete implements core.Adapter. After 48 hours Telegram deletes no more.
func (a *Adapter) Delete(ctx context.Context, r core.Ref) error {
	err := a.write(ctx, r.Chat, "deleteMessage", params{"message_id": r.Token.Reveal()}, nil)
	if alreadyDeleted(err) {
		return nil
	}
	return err
}

// Direct implements core.Adapter. Telegram lets a bot write to nobody who has
// not written to it; whether somebody has, "typing…" finds out unseen.
func (a *Adapter) Direct(ctx context.Context, u core.User, start string) (core.Chat, error) {
	chat := core.Chat{Platform: platform, ID: u.ID, Direct: true}
	err := a.write(ctx, chat, "sendChatAction", params{"action": "typing"}, nil)
	if !errors.Is(err, core.ErrForbidden) && !errors.Is(err, core.ErrGone) {
		return chat, err
	}
	self, err := a.identify(ctx)
	if err != nil {
		return core.Chat{}, err
	}
	return core.Chat{}, &core.CannotDM{Link: self.link(start)}
}
