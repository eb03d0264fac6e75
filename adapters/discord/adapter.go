package discord

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/reach"
	"github.com/usherbot/usher/core/seal"
)

// platform is what core calls Discord.
const platform = "discord"

// Mode is how interactions reach the bot.
type Mode string

// The modes. Auto is HTTP where the application has an interactions URL, because
// then Discord sends none over the gateway; else Gateway.
const (
	Auto    Mode = "auto"
	Gateway Mode = "gateway"
	HTTP    Mode = "http"
)

// Config is what the adapter needs to know. The tags are its settings.
type Config struct {
	Token     seal.Secret `env:"DISCORD_TOKEN" doc:"the bot's token, from the developer portal under Bot; without it the bot is not on Discord"`
	PublicKey string      `env:"DISCORD_PUBLIC_KEY" doc:"the application's public key, which proves deliveries over HTTP; asked of Discord unless set"`
	Mode      Mode        `env:"DISCORD_MODE" envDefault:"auto" doc:"how interactions come: gateway, http, or auto, which is http where the application has an interactions endpoint URL"`
	Guild     string      `env:"DISCORD_GUILD" doc:"the id of the one server that gets the commands, to try them out: elsewhere those stay that were published before; everywhere unless set"`
	APIBase   string      `env:"DISCORD_API_BASE" envDefault:"https://discord.com" doc:"another server that speaks Discord's API"`

	HTTP *http.Client // nil: one of its own
	// Dial connects to the gateway, also where the address wants TLS, which is then
	// Dial's business; nil: the network.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	Log  *slog.Logger // nil: slog.Default
}

// cloud is Discord itself.
const cloud = "https://discord.com"

// Adapter is a bot on Discord.
type Adapter struct {
	config Config
	client *http.Client
	log    *slog.Logger
	key    ed25519.PublicKey // as configured; nil: self's

	self    atomic.Pointer[self]
	ready   atomic.Bool
	intake  atomic.Pointer[intake]          // nil unless Run runs
	private atomic.Pointer[map[string]bool] // commands that only the asker sees the answers of
	pending pending
	bare    atomic.Bool // it was told that Discord takes no images somewhere
	recent  recent
	started atomic.Int64 // when the bot last identified itself to the gateway, in Unix nanoseconds
	stopped atomic.Int64 // until when a 429 for the whole bot holds, in the same
}

var _ core.Adapter = (*Adapter)(nil)

// New makes an adapter, whose Config Check then judges. It asks nobody.
func New(c Config) *Adapter {
	c.APIBase = strings.TrimRight(cmp.Or(c.APIBase, cloud), "/")
	c.Mode = cmp.Or(c.Mode, Auto)
	return &Adapter{
		config: c, client: &http.Client{Transport: reach.Client(c.HTTP).Transport}, log: cmp.Or(c.Log, slog.Default()), key: publicKey(c.PublicKey),
	}
}

// editFor is how long an interaction's token is good, and a little less: Discord
// counts from when the interaction was made.
const editFor = 15*time.Minute - 30*time.Second

// Caps implements core.Adapter. What is limited once it is escaped is told at
// half its size, and Single is said unless it is known that the gateway, on which
// every process would get every event, is not used.
func (a *Adapter) Caps() core.Caps {
	return core.Caps{
		Platform: platform, Title: "Discord",
		Private: true, PrivateEdit: editFor,
		Single: a.config.Mode != HTTP,
		Forms:  true, Selects: true, Embeds: true, Images: true, Alts: true,
		Limits: core.Limits{
			Text: maxText, Label: maxLabel, Row: 5, Rows: 5, Choices: 25, Choice: maxChoice, Value: maxChoice,
			Inputs: 5, FormTitle: maxTitle, InputLabel: maxTitle,
			Embeds: maxEmbeds, EmbedTitle: maxEmbedTitle / 2, EmbedText: maxEmbedText / 2,
			Fields: maxFields, FieldName: maxEmbedTitle / 2, FieldText: maxFieldText / 2, Footer: maxFooter / 4,
			AllEmbeds: maxAllEmbeds / 2, Alt: maxAlt,
		},
	}
}

// goodToken is what can be sent in a header.
var goodToken = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]+$`)

// Check implements core.Adapter. Each line of its error begins with a setting.
func (a *Adapter) Check() error {
	var wrong []error
	say := func(what string) { wrong = append(wrong, errors.New(what)) }
	c := a.config
	switch {
	case c.Token == "":
		say("DISCORD_TOKEN: is missing. Copy it from the developer portal, under Bot")
	case !goodToken.MatchString(c.Token.Reveal()):
		say("DISCORD_TOKEN: is no token. It is what the developer portal shows under Bot, without “Bot” in front and without spaces")
	}
	if c.PublicKey != "" && publicKey(c.PublicKey) == nil {
		say("DISCORD_PUBLIC_KEY: is no public key. It is 64 characters, in the developer portal under General Information. Leave it out, and Discord is asked for it")
	}
	if c.Mode != Auto && c.Mode != Gateway && c.Mode != HTTP {
		say(fmt.Sprintf("DISCORD_MODE: %q is no mode. Choose gateway, http or auto", c.Mode))
	}
	if c.Guild != "" && !isID(c.Guild) {
		say("DISCORD_GUILD: is no id of a server, which is a number. Copy it from the server's menu, in developer mode, or leave it out")
	}
	if !reach.Allowed(c.APIBase) {
		say("DISCORD_API_BASE: must be an https address without query, such as " + cloud + ". Plain http is for this machine only")
	}
	return errors.Join(wrong...)
}

// publicKey is a key that is written in hex, or nil.
func publicKey(s string) ed25519.PublicKey {
	key, err := hex.DecodeString(s)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil
	}
	return key
}

// Format prints nothing of what the adapter knows, whatever the verb.
func (*Adapter) Format(f fmt.State, _ rune) { fmt.Fprint(f, "the adapter for Discord") }

// Ready implements core.Adapter.
func (a *Adapter) Ready() bool { return a.ready.Load() }

// Size implements core.Adapter: characters, once they are escaped.
func (a *Adapter) Size(t markup.Text) int { return lengthOf(t) }

// Send implements core.Adapter.
func (a *Adapter) Send(ctx context.Context, to core.Chat, m core.Message) (core.Ref, error) {
	if m.Private {
		return core.Ref{}, errors.New("send: only an answer can be private on Discord")
	}
	return a.send(ctx, to, m, "")
}

// send sends a message, as a reply where replyTo is not empty. Discord shows what
// has the same nonce once, so trying again is safe.
func (a *Adapter) send(ctx context.Context, to core.Chat, m core.Message, replyTo string) (core.Ref, error) {
	p := render(m)
	p.Nonce, p.Enforce = cmp.Or(cut(m.Key, 25), rand.Text()[:25]), true
	if replyTo != "" {
		p.Reference = &referredTo{ID: replyTo}
	}
	var sent message
	err := a.write(ctx, request{
		does: "send message", method: http.MethodPost, path: "/channels/" + url.PathEscape(to.ID) + "/messages",
		body: p, chat: to.ID,
	}, &sent)
	if err == nil && sent.ID == "" || unsure(err) {
		return core.Ref{}, errors.Join(core.ErrUnsure, err)
	}
	return byID(to, sent.ID), err
}

// Direct implements core.Adapter. Whether the person takes messages there turns
// out with the first.
func (a *Adapter) Direct(ctx context.Context, u core.User, _ string) (core.Chat, error) {
	var made struct {
		ID string `json:"id"`
	}
	err := a.write(ctx, request{
		does: "open direct chat", method: http.MethodPost, path: "/users/@me/channels",
		body: map[string]string{"recipient_id": u.ID},
	}, &made)
	switch code := codeOf(err); {
	case errors.Is(err, core.ErrForbidden), code == discordgo.ErrCodeUnknownUser, code == codeInvalidRecipient:
		return core.Chat{}, &core.CannotDM{}
	case err != nil:
		return core.Chat{}, err
	case made.ID == "":
		return core.Chat{}, errors.New("open direct chat: the answer has no id")
	}
	return core.Chat{Platform: platform, ID: made.ID, Direct: true}, nil
}
