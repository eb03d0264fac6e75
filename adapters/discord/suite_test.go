package discord

import (
	"encoding/json"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
)

// public is where Discord posts interactions.
const public = "https://bot.example"

// platforms opens a Discord in memory, once for each way in which interactions
// come. At the end all that it was asked is held against the published API.
var platforms = map[string]func(t *testing.T) (*discordtest.Server, func() core.Adapter){
	"gateway": func(t *testing.T) (*discordtest.Server, func() core.Adapter) {
		srv := discordtest.New(t, discordtest.Options{})
		t.Cleanup(func() { checkRequests(t, srv) })
		return srv, func() core.Adapter { return New(settings(srv)) }
	},
	"http": func(t *testing.T) (*discordtest.Server, func() core.Adapter) {
		n := pipe.New()
		srv := discordtest.New(t, discordtest.Options{Place: stand.Place{Net: n}, InteractionsURL: public + path})
		t.Cleanup(func() { checkRequests(t, srv) })
		var door adaptertest.Door
		adaptertest.Serve(t, n, "bot.example:443", &door)
		return srv, func() core.Adapter {
			a := New(settings(srv))
			door.Lead(adaptertest.Routes(a))
			return a
		}
	},
}

func settings(srv *discordtest.Server) Config {
	return Config{Token: srv.Token(), APIBase: srv.URL(), HTTP: srv.Client(), Dial: srv.Dial, Log: slog.New(slog.DiscardHandler)}
}

// responses are the first responses of one type.
func responses(srv *discordtest.Server, kind int) []discordtest.Request {
	return slices.DeleteFunc(srv.Requests("POST /interactions/{interaction_id}/{interaction_token}/callback"), func(r discordtest.Request) bool {
		var c callback
		return json.Unmarshal(r.Body, &c) != nil || c.Type != kind
	})
}

func TestSuite(t *testing.T) {
	for name, open := range platforms {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, func(t *testing.T) adaptertest.Stage {
				srv, adapter := open(t)
				return adaptertest.Stage{
					Adapter: adapter, World: srv,
					Repeat: srv.Repeat, Cut: srv.Cut, Remove: srv.Remove, Post: srv.SayAsBot, Reword: srv.Edit,
					Busy: func() bool { return srv.Unanswered()+len(srv.Failures()) > 0 },
					Slow: func(d time.Duration) { srv.Break("", discordtest.TooMany(d)) },
					Deaf: name == "http", // words come over the gateway only
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
				return adaptertest.Place{
					Adapter: adapter, World: srv, Open: srv.Open, Shut: srv.Block, Typed: true, Deaf: name == "http",
					Secrets: []string{srv.Token().Reveal()},
				}
			})
		})
	}
}
