package telegram

import (
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
)

// platforms opens a Telegram in memory, once for each way in which updates come.
// At the end all that it was asked is held against the published Bot API.
var platforms = map[string]func(t *testing.T) (*telegramtest.Server, func() core.Adapter){
	"polling": func(t *testing.T) (*telegramtest.Server, func() core.Adapter) {
		srv := telegramtest.New(t, telegramtest.Options{ReadsAll: true, Name: "usher"})
		t.Cleanup(func() { checkRequests(t, srv) })
		return srv, func() core.Adapter {
			return New(Config{Token: srv.Token(), APIBase: srv.URL(), HTTP: srv.Client()})
		}
	},
	"webhook": func(t *testing.T) (*telegramtest.Server, func() core.Adapter) {
		n := pipe.New()
		srv := telegramtest.New(t, telegramtest.Options{Place: stand.Place{Net: n}, ReadsAll: true, Name: "usher"})
		t.Cleanup(func() { checkRequests(t, srv) })
		var door adaptertest.Door
		adaptertest.Serve(t, n, "bot.example:443", &door)
		return srv, func() core.Adapter {
			a := New(Config{Token: srv.Token(), APIBase: srv.URL(), HTTP: srv.Client(), PublicURL: public})
			door.Lead(adaptertest.Routes(a))
			return a
		}
	},
}

func TestSuite(t *testing.T) {
	for name, open := range platforms {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, func(t *testing.T) adaptertest.Stage {
				srv, adapter := open(t)
				return adaptertest.Stage{
					Adapter: adapter, World: srv,
					Repeat: srv.Repeat, Cut: srv.Cut, Remove: srv.Remove, Post: srv.SayAsBot, Reword: srv.Edit,
					Busy:   func() bool { return srv.Unanswered() > 0 },
					Slow:   func(d time.Duration) { srv.Break("", telegramtest.TooMany(d)) },
					Thread: "#general/help", Redelivers: true, Lasting: true,
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
				return adaptertest.Place{Adapter: adapter, World: srv, Open: srv.Open, Links: true, Lasting: true, Secrets: []string{srv.Token().Reveal()}}
			})
		})
	}
}
