package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"

	api "github.com/slack-go/slack"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/reach"
	"github.com/usherbot/usher/core/seal"
)

// platform is what core calls Slack.
const platform = "slack"

// Mode is how events reach the bot.
type Mode string

// The modes. Auto is Socket where there is an app token, else HTTP.
const (
	Auto   Mode = "auto"
	Socket Mode = "socket"
	HTTP   Mode = "http"
)

// Config is what the adapter needs to know. The tags are its settings.
type Config struct {
	BotToken      seal.Secret `env:"SLACK_BOT_TOKEN" doc:"the bot's token, xoxb-…, from OAuth & Permissions in the app's settings; without it the bot is not on Slack"`
	AppToken      seal.Secret `env:"SLACK_APP_TOKEN" doc:"an app-level token, xapp-…, with the scope connections:write, for Socket Mode"`
	SigningSecret seal.Secret `env:"SLACK_SIGNING_SECRET" doc:"what Slack signs its deliveries with over HTTP, from Basic Information in the app's settings"`
	Mode          Mode        `env:"SLACK_MODE" envDefault:"auto" doc:"how events come: socket, http, or auto, which is socket where there is an app token"`
	APIBase       string      `env:"SLACK_API_BASE" envDefault:"https://slack.com/api/" doc:"another Web API"`

	HTTP *http.Client // nil: one of its own
	// Dial connects Socket Mode's WebSockets, with TLS where the address wants it;
	// nil: over the network.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	Log  *slog.Logger // nil: slog.Default
}

// cloud is Slack's own Web API.
const cloud = "https://slack.com/api/"

// Adapter is a bot on Slack.
type Adapter struct {
	config Config
	client *http.Client
	web    *api.Client
	log    *slog.Logger

	self   atomic.Pointer[self]
	names  atomic.Pointer[map[string]bool] // of commands; nil: none were published
	intake atomic.Pointer[intake]          // nil unless Run runs
	open   atomic.Int32                    // ways in which events reach the bot now
	lost   atomic.Bool                     // Slack does not take the token any more
	people people
	files  *files
}

var _ core.Adapter = (*Adapter)(nil)

// New makes an adapter, whose Config Check then judges. It asks nobody.
func New(c Config) *Adapter {
	c.APIBase = strings.TrimRight(cmp.Or(c.APIBase, cloud), "/") + "/"
	if c.Mode == "" || c.Mode == Auto {
		c.Mode = HTTP
		if c.AppToken != "" {
			c.Mode = Socket
		}
	}
	a := &Adapter{config: c, client: reach.Client(c.HTTP), log: cmp.Or(c.Log, slog.Default()), files: newFiles()}
	a.web = api.New(c.BotToken.Reveal(),
		api.OptionAPIURL(c.APIBase), api.OptionHTTPClient(way{a.client}), api.OptionAppLevelToken(c.AppToken.Reveal()))
	return a
}

// Caps implements core.Adapter. There may be ten sockets, so any number of
// processes can Run. 50 blocks hold a text, an image, 20 rows and 5 embeds of 5 blocks.
func (a *Adapter) Caps() core.Caps {
	return core.Caps{
		Platform: platform, Title: "Slack",
		Private: true, Forms: true, Selects: true, Embeds: true, Images: true, Alts: true, Loopback: true,
		Limits: core.Limits{
			Text: maxText, Label: 75, Row: 5, Rows: 20, Choices: 100, Choice: 75, Value: 75,
			Inputs: 10, FormTitle: 24, InputLabel: 48,
			Embeds: 5, EmbedTitle: 148, EmbedText: 2000, Fields: 10, FieldName: 150, FieldText: 1000, Footer: 300,
			Alt: 2000,
		},
	}
}

// What tokens look like; those of an app with token rotation begin with xoxe.
var (
	goodBot = regexp.MustCompile(`^(xoxe\.)?xoxb-[A-Za-z0-9._-]+$`)
	goodApp = regexp.MustCompile(`^xapp-[A-Za-z0-9._-]+$`)
)

// Check implements core.Adapter. Each line of its error begins with a setting.
func (a *Adapter) Check() error {
	var wrong []error
	say := func(what string) { wrong = append(wrong, errors.New(what)) }
	c := a.config
	switch {
	case c.BotToken == "":
		say("SLACK_BOT_TOKEN: is missing. Install the app to a workspace, and OAuth & Permissions shows it")
	case !goodBot.MatchString(c.BotToken.Reveal()):
		say("SLACK_BOT_TOKEN: is no bot token. It is the one under OAuth & Permissions that begins with xoxb-")
	}
	switch {
	case c.AppToken == "" && c.Mode == Socket:
		say("SLACK_APP_TOKEN: is missing. Basic Information, App-Level Tokens makes one with the scope connections:write. Or set SLACK_MODE to http")
	case c.AppToken != "" && !goodApp.MatchString(c.AppToken.Reveal()):
		say("SLACK_APP_TOKEN: is no app-level token. It is the one under Basic Information that begins with xapp-")
	}
	switch secret := c.SigningSecret.Reveal(); {
	case secret == "" && c.Mode == HTTP:
		say("SLACK_SIGNING_SECRET: is missing. Basic Information shows it. Or set SLACK_APP_TOKEN, and events come by Socket Mode")
	case secret != strings.TrimSpace(secret):
		say("SLACK_SIGNING_SECRET: has space around it. Copy it again from Basic Information")
	}
	if c.Mode != Socket && c.Mode != HTTP {
		say(fmt.Sprintf("SLACK_MODE: %q is no mode. Choose socket, http or auto", c.Mode))
	}
	if !reach.Allowed(c.APIBase) {
		say("SLACK_API_BASE: must be an https address without query, such as " + cloud + ". Plain http is for this machine only")
	}
	return errors.Join(wrong...)
}

// Format prints nothing of what the adapter knows, whatever the verb.
func (*Adapter) Format(f fmt.State, _ rune) { fmt.Fprint(f, "the adapter for Slack") }

// Ready implements core.Adapter.
func (a *Adapter) Ready() bool { return a.open.Load() > 0 && !a.lost.Load() }

// Size implements core.Adapter: bytes after escaping, as Slack counts the text of
// an ephemeral message.
func (a *Adapter) Size(t markup.Text) int { return len(plainText(t)) }

// Direct implements core.Adapter. There is no link to start a chat with.
func (a *Adapter) Direct(ctx context.Context, u core.User, _ string) (core.Chat, error) {
	chat := core.Chat{Platform: platform, Team: u.Team, ID: a.people.direct(u), Direct: true}
	if chat.ID != "" {
		return chat, nil
	}
	err := a.write(ctx, core.Chat{ID: u.ID}, "conversations.open", func(ctx context.Context) (err error) {
		chat.ID, err = a.openDirect(ctx, u)
		return err
	})
	if errors.Is(err, core.ErrForbidden) {
		return core.Chat{}, fmt.Errorf("%w: %w", &core.CannotDM{}, err)
	}
	if err != nil {
		return core.Chat{}, err
	}
	a.people.meet(u, chat.ID)
	return chat, nil
}

// openDirect asks for the chat with a person alone.
func (a *Adapter) openDirect(ctx context.Context, u core.User) (string, error) {
	channel, _, _, err := a.web.OpenConversationContext(ctx, &api.OpenConversationParameters{Users: []string{u.ID}})
	if err != nil {
		return "", err
	}
	if channel == nil {
		return "", reach.ErrShape
	}
	return channel.ID, missing(channel.ID, nil)
}
