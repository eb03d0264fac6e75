package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// Place is a platform in memory that conversations are held on. It outlives the
// bots, of which there is one at a time.
type Place struct {
	Adapter func() core.Adapter // a new one, for each bot
	World   coretest.World
	Open    func(who string) // opens who's direct chat to the bot; nil: all are open
	Shut    func(who string) // shuts it, until who writes there; nil: all that are not opened are shut
	Links   bool             // a link leads people there
	Typed   bool             // people's programs send only commands that there are, and complete
	Deaf    bool             // the bot hears of commands and presses only
	Lasting bool             // a message with a picture keeps one until it is deleted
	Shared  bool             // a picture takes a new message, which all in its place see
	Secrets []string         // of the bot on the platform, such as its token
}

// Conversations plays the scripts that a file pattern names, with a real bot,
// store and engine and a real authorization server, on places that are opened
// inside a bubble of testing/synctest. See coretest.Run.
//
// What the platform can and the script's chat cannot is hidden from the bot by
// Script.Limit. A bot that dies does so at once, whatever its adapter still does:
// nothing of what the bot wants gets out, and nothing more is safe.
func Conversations(t *testing.T, pattern string, open func(t *testing.T, s *coretest.Script) Place) {
	coretest.Run(t, pattern, func(t *testing.T, s *coretest.Script) coretest.Stage {
		h := &house{t: t, script: s, place: open(t, s), file: filepath.Join(t.TempDir(), "bot.db"), net: pipe.New()}
		_, refuses := s.Flow()
		h.server = authtest.New(t, authtest.Options{Place: stand.Place{Net: h.net}, CodeLifetime: s.Codes(), Withhold: s.Withheld(), Clients: []authtest.Client{{
			ID: "app", NoDevice: refuses, RedirectURIs: []string{publicURL + "/oauth/callback/demo"},
		}}})
		chats := h.place.Shut
		if s.Writes() {
			chats = h.place.Open
		}
		for _, who := range s.People() {
			if chats != nil {
				chats(who)
			}
		}
		h.open()
		t.Cleanup(h.close)
		Serve(t, h.net, "bot.example:443", &h.door)
		return coretest.Stage{
			World: h.place.World, Caps: h.adapter.Caps(), Links: h.place.Links, Typed: h.place.Typed, Deaf: h.place.Deaf, Lasting: h.place.Lasting, Shared: h.place.Shared, Provider: coretest.At(h.server), Browse: h.browse, Restart: h.restart,
			Log: h.log.String, Public: h.public.String, Secrets: h.secrets,
		}
	})
}

// house is a bot and all that it needs, which can be killed.
type house struct {
	t       *testing.T
	script  *coretest.Script
	place   Place
	server  *authtest.Server
	net     *pipe.Net // of server, and of the bot's pages
	file    string
	log     Journal
	public  Journal // what the bot has said where others can read
	adapter *mortal
	db      *sqlstore.Store
	door    Door // to the pages of the bot
	stop    context.CancelFunc
	ended   chan error
}

func (h *house) open() {
	h.t.Helper()
	if err := h.start(); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) start() error {
	db, err := sqlstore.Open(h.t.Context(), h.file)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	keys, err := seal.NewKeys(masterSecret, "")
	if err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	flow, _ := h.script.Flow()
	address := ""
	if h.script.Reached() {
		address = publicURL
	}
	providers, err := h.providers(flow)
	if err != nil {
		return fmt.Errorf("make providers: %w", err)
	}
	log := slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	bot := core.New(core.Options{Store: db, Keys: keys, Log: log, Logins: authflow.New(authflow.Options{
		Store: db, Keys: keys, Providers: providers, PublicURL: address, HTTP: h.server.Client(), Log: log,
	})})
	addCommands(bot, h.server.URL())
	h.adapter = &mortal{Adapter: h.script.Limit(h.place.Adapter()), public: &h.public}
	bot.Connect(h.adapter)
	h.door.Lead(bot.Handler())
	ctx, stop := context.WithCancel(context.WithoutCancel(h.t.Context()))
	h.db, h.stop, h.ended = db, stop, make(chan error, 1)
	go func() { h.ended <- bot.Run(ctx) }()
	return nil
}

// providers are Demo, and the presets that the script wants beside it, of which the
// server speaks all dialects.
func (h *house) providers(flow string) ([]authflow.Provider, error) {
	demo, err := provider.OIDC(h.server.URL(), provider.App{Name: "demo", Title: "Demo", ID: "app", Flow: flow})
	if err != nil {
		return nil, err
	}
	all := []authflow.Provider{demo}
	for _, title := range h.script.Also() {
		app := provider.App{Name: strings.ToLower(title), Base: h.server.URL(), ID: "app"}
		if app.Name == "heroku" {
			app.ID = "" // it knows no apps
		}
		p, err := provider.New(app)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// publicURL is where browsers reach the bot.
const publicURL = "https://bot.example"

// browse opens somebody's browser.
func (h *house) browse() *authtest.Browser { return authtest.NewBrowser(h.server.Client()) }

// restart kills the bot: the platform hears no farewell and the store takes
// nothing more. Whatever the bot makes of that is of no interest.
func (h *house) restart() {
	h.adapter.dead.Store(true)
	err := h.db.Close()
	h.stop()
	h.t.Logf("the bot died: %v", <-h.ended)
	if err != nil {
		h.t.Errorf("close store: %v", err)
	}
	h.open()
}

func (h *house) close() {
	h.stop()
	if err := errors.Join(<-h.ended, h.db.Close()); err != nil {
		h.t.Errorf("run: got %v, want nil", err)
	}
}

const masterSecret = "conversations-test-master-secret-0123456789"

// secrets are the bot's own, and every code and token that ever was on the wire.
func (h *house) secrets() []string {
	out := append([]string{masterSecret}, h.place.Secrets...)
	for _, r := range h.server.Requests() {
		for _, name := range []string{"device_code", "refresh_token", "token", "code", "code_verifier"} {
			if v := r.Form.Get(name); v != "" {
				out = append(out, v)
			}
		}
		if v, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); is {
			out = append(out, v)
		}
	}
	return out
}
