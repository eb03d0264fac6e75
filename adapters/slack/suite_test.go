package slack

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
)

const public = "https://bot.example"

// platforms opens a Slack in memory, once for each way in which events come. At
// the end all that it was asked is held against the published Web API.
var platforms = map[string]func(t *testing.T) (*slacktest.Server, func() core.Adapter){
	"socket": func(t *testing.T) (*slacktest.Server, func() core.Adapter) {
		srv := slacktest.New(t, slacktest.Options{Commands: []string{slacktest.AnyCommand}})
		t.Cleanup(func() { checkRequests(t, srv) })
		return srv, func() core.Adapter { return New(configOf(srv)) }
	},
	"http": func(t *testing.T) (*slacktest.Server, func() core.Adapter) {
		n := pipe.New()
		srv := slacktest.New(t, slacktest.Options{Place: stand.Place{Net: n}, Deliver: public, Commands: []string{slacktest.AnyCommand}})
		t.Cleanup(func() { checkRequests(t, srv) })
		var door adaptertest.Door
		adaptertest.Serve(t, n, "bot.example:443", &door)
		return srv, func() core.Adapter {
			c := configOf(srv)
			c.AppToken, c.SigningSecret = "", srv.SigningSecret()
			a := New(c)
			door.Lead(adaptertest.Routes(a))
			return a
		}
	},
}

func configOf(srv *slacktest.Server) Config {
	return Config{BotToken: srv.BotToken(), AppToken: srv.AppToken(), APIBase: srv.URL(), HTTP: srv.Client(), Dial: srv.Dial}
}

func TestSuite(t *testing.T) {
	for name, open := range platforms {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, func(t *testing.T) adaptertest.Stage {
				srv, adapter := open(t)
				return adaptertest.Stage{
					Adapter: adapter, World: srv,
					Repeat: srv.Repeat, Cut: srv.Cut, Remove: srv.Remove, Post: srv.SayAsBot,
					Reword: func(who, where, text string) { // Slack knows no changed commands
						srv.Say(who, where, "@usher good morning")
						srv.Edit(who, where, "@usher "+strings.TrimPrefix(text, "/"))
					},
					Slow:   func(d time.Duration) { srv.Break("", slacktest.TooMany(d)) },
					Thread: "#general/help", Shared: true,
				}
			})
		})
	}
}

func TestConversations(t *testing.T) {
	for name, open := range platforms {
		t.Run(name, func(t *testing.T) {
			adaptertest.Conversations(t, "../../core/testdata/conversations/*.txt", func(t *testing.T, _ *coretest.Script) adaptertest.Place {
				srv, adapter := open(t)
				world := &doors{Server: srv, open: map[string]bool{}}
				return adaptertest.Place{Adapter: func() core.Adapter { return dying(adapter()) }, World: world, Open: world.unlock, Shared: true, Secrets: []string{
					srv.BotToken().Reveal(), srv.AppToken().Reveal(), srv.SigningSecret().Reveal(),
				}}
			})
		})
	}
}

// doors are those of people to whom the bot cannot write before they have written
// to it.
type doors struct {
	*slacktest.Server
	mu   sync.Mutex
	open map[string]bool
}

func (d *doors) unlock(who string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[who] = true
	d.UnblockDM(who)
}

func (d *doors) lock(who string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open[who] {
		d.BlockDM(who)
	}
}

func (d *doors) Say(who, where, text string) {
	d.lock(who)
	if where == coretest.Direct {
		d.unlock(who)
	}
	d.Server.Say(who, where, text)
}

// Press waits for the bot while Slack looks an image over: a press on which the bot
// dies is lost, which its person sees, and presses again.
func (d *doors) Press(who string, m coretest.Seen, label string) error {
	d.lock(who)
	if err := d.Server.Press(who, m, label); err != nil {
		return err
	}
	for over := time.Now().Add(time.Second); d.Busy() && time.Now().Before(over); {
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}

// abrupt is an adapter whose network is gone when Run is to end, so that it says no
// farewell.
type abrupt struct {
	*Adapter
	dead atomic.Bool
}

func dying(a core.Adapter) *abrupt {
	d := &abrupt{Adapter: a.(*Adapter)}
	over := d.client.Transport
	d.client.Transport = adaptertest.Answers(func(r *http.Request) (*http.Response, error) {
		if d.dead.Load() {
			return adaptertest.Refuses(r)
		}
		return over.RoundTrip(r)
	})
	return d
}

func (d *abrupt) Run(ctx context.Context, on func(core.Event)) error {
	living, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		d.dead.Store(true)
		stop()
	})()
	return d.Adapter.Run(living, on)
}
