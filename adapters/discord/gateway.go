package discord

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

const (
	openFor   = 15 * time.Second // that a connection may take to be ready
	steady    = time.Minute      // after which a connection that breaks was a good one
	spacing   = 5 * time.Second  // between two times that the bot identifies itself
	maxFrame  = 16 << 20         // bytes
	writeFor  = 10 * time.Second
	resumable = 4000 // closes a connection but not the session: any code but 1000 and 1001
)

// intents are what the gateway tells of beside interactions: messages in direct
// chats, and in guilds, where it leaves out the words of those that do not mention
// the bot. None of it has to be allowed by anybody.
const intents = discordgo.IntentDirectMessages | discordgo.IntentGuildMessages

// Operations of the gateway.
const (
	opDispatch  = 0
	opBeat      = 1
	opIdentify  = 2
	opResume    = 6
	opReconnect = 7
	opInvalid   = 9
	opHello     = 10
)

// session is what a new connection can go on with, so that nothing is lost in
// between. The zero session is none.
type session struct {
	id, url string
	seq     atomic.Int64
}

func (s *session) forget() {
	s.id, s.url = "", ""
	s.seq.Store(0)
}

// listen keeps a connection to the gateway until ctx ends or nothing can help.
func (a *Adapter) listen(ctx context.Context) error {
	var s session
	for failures := 0; ; failures++ {
		begun := time.Now()
		err := a.connect(ctx, &s)
		wasReady := a.ready.Swap(false)
		if fatal := hopelessly(err); fatal != nil || ctx.Err() != nil {
			return fatal
		}
		if wasReady && time.Since(begun) > steady {
			failures = 0
		}
		wait := time.Duration(0) // at first at once: somebody may be waiting
		if _, slow := errors.AsType[*core.Slow](err); slow || failures > 0 {
			wait = reach.Backoff(failures-1, err)
		}
		if failures == 1 {
			a.log.Warn("no connection to Discord's gateway; trying on", "error", err)
		}
		if err := reach.Pause(ctx, max(wait, sitOut(err))); err != nil {
			return err
		}
	}
}

// errInvalid is the end of a connection whose session Discord does not know.
var errInvalid = errors.New("the session is invalid")

// sitOut is how long Discord wants to be left alone after an invalid session: one
// to five seconds.
func sitOut(err error) time.Duration {
	if !errors.Is(err, errInvalid) {
		return 0
	}
	return time.Second + rand.N(4*time.Second)
}

// hopelessly is what an operator reads when the gateway will never let the bot
// in, or nil.
func hopelessly(err error) error {
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok {
		return rejected(err)
	}
	switch closed.Code {
	case 4004:
		return errors.New("DISCORD_TOKEN: Discord's gateway does not know it (any more). Reset the bot's token in the developer portal, and set the new one")
	case 4010, 4011:
		return errors.New("DISCORD_MODE: the bot is in too many servers for one connection to the gateway. Set an interactions endpoint URL in the developer portal, and http")
	case 4012, 4013, 4014:
		return fmt.Errorf("DISCORD_MODE: the gateway does not take this bot (code %d). Set an interactions endpoint URL in the developer portal, and http", closed.Code)
	}
	return nil
}

// door returns where the gateway is. A bot without a session may come in so many
// times a day, and not twice in five seconds.
func (a *Adapter) door(ctx context.Context, s *session) (string, error) {
	if s.id != "" && s.url != "" {
		return s.url, nil
	}
	var at discordgo.GatewayBotResponse
	if err := a.soon(ctx, request{does: "find the gateway", method: http.MethodGet, path: "/gateway/bot"}, &at); err != nil {
		return "", err
	}
	if s.id != "" {
		return at.URL, nil
	}
	wait := time.Until(time.Unix(0, a.started.Load()).Add(spacing))
	if limit := at.SessionStartLimit; limit.Total > 0 && limit.Remaining <= 0 {
		wait = max(wait, time.Duration(limit.ResetAfter)*time.Millisecond)
		a.log.Error("the bot has connected to Discord too often today, and has to wait", "platform", platform, "for", wait)
	}
	return at.URL, reach.Pause(ctx, wait)
}

// dial opens a connection to the gateway.
func (a *Adapter) dial(ctx context.Context, at string) (*websocket.Conn, error) {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "wss" && (u.Scheme != "ws" || !reach.Loopback(u.Hostname())) {
		return nil, errors.New("find the gateway: the address is none that a token may be sent to")
	}
	u.RawQuery = url.Values{"v": {discordgo.APIVersion}, "encoding": {"json"}}.Encode()
	dialer := websocket.Dialer{HandshakeTimeout: openFor, NetDialContext: a.config.Dial, NetDialTLSContext: a.config.Dial}
	if a.config.Dial == nil {
		dialer.Proxy = http.ProxyFromEnvironment
	}
	conn, resp, err := dialer.DialContext(ctx, u.String(), http.Header{"User-Agent": {userAgent}})
	if err != nil {
		return nil, fmt.Errorf("connect to the gateway: %w", bare(err))
	}
	if err := resp.Body.Close(); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to the gateway: %w", err), conn.Close())
	}
	conn.SetReadLimit(maxFrame)
	return conn, nil
}

// connect opens a connection and takes what comes over it, until it ends. The
// whole opening has openFor; after it every frame shows that the other side is
// there, and heartbeats are answered by one.
func (a *Adapter) connect(ctx context.Context, s *session) error {
	at, err := a.door(ctx, s)
	if err != nil {
		return err
	}
	conn, err := a.dial(ctx, at)
	if err != nil {
		s.url = ""
		return err
	}
	c := &connection{adapter: a, conn: conn, session: s, beats: make(chan struct{}, 1), ended: make(chan struct{})}
	leave := context.AfterFunc(ctx, func() { c.close(websocket.CloseNormalClosure) })
	defer leave()
	defer close(c.ended)
	defer c.close(resumable)
	if err := conn.SetReadDeadline(time.Now().Add(openFor)); err != nil {
		return fmt.Errorf("connect to the gateway: %w", err)
	}
	for {
		var e discordgo.Event
		if err := conn.ReadJSON(&e); err != nil {
			return c.lost(err)
		}
		if err := c.take(e); err != nil {
			return err
		}
		if !a.ready.Load() {
			continue
		}
		if err := conn.SetReadDeadline(time.Now().Add(2*c.every + openFor)); err != nil {
			return fmt.Errorf("read from the gateway: %w", err)
		}
	}
}
