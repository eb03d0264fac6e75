package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// What a server is set up with.
const (
	issuer    = "https://auth.example"
	appID     = "usher"
	otherID   = "not-for-devices" // an app that may not use the device flow
	appSecret = "a secret+with/marks"
	subject   = "583231" // of the one user
	name      = "octocat"
	every     = 5 * time.Second // between polls
	codeFor   = 5 * time.Minute // and so long lives an access token
)

// server is one that others wrote, with one app and one user.
type server interface {
	http.Handler
	// decide is what the person does on the page that is shown to them.
	decide(ctx context.Context, show authflow.Show, allow bool) error
	// overload has the next poll answered with slow_down.
	overload()
}

// world is virtual time with a server and usher, which knows of it what an
// operator sets. What happens is written down, to be compared with a story.
type world struct {
	testing.TB
	*authflow.Logins
	server   server
	provider authflow.Provider
	http     *http.Client
	began    time.Time

	mu      sync.Mutex
	told    []string
	last    said     // the last answer with a token
	granted []string // refresh tokens, as they came
	spent   []string // refresh tokens, as they were sent
	secrets []string // that were given out
	logged  bytes.Buffer
}

// play plays in a world, and then looks for secrets where none may be. It fails
// when a goroutine is left.
func play(t *testing.T, start func(*testing.T) server, app provider.App, scene func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{TB: t, server: start(t), began: time.Now()}
		w.serve()
		w.configure(app)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { w.Run(ctx, w.tell, w.died) })
		t.Cleanup(func() {
			stop()
			running.Wait()
			w.checkLog()
		})
		synctest.Wait() // until it has taken over what an earlier process left: nothing
		scene(w)
	})
}

// serve puts the server on a network of its own. What it logs is the test's.
func (w *world) serve() {
	slog.SetDefault(slog.New(slog.NewTextHandler(w.Output(), nil)))
	network := new(pipe.Net)
	listener, srv := network.Listen("auth.example:443"), &http.Server{Handler: w}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(listener) }()
	w.http = network.Client()
	w.Cleanup(func() {
		w.http.CloseIdleConnections()
		w.must(srv.Close())
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			w.Error(err)
		}
	})
}

// configure makes usher, with a store in memory.
func (w *world) configure(app provider.App) {
	w.Helper()
	keys, err := seal.NewKeys("an operator's secret for tests, long enough", "")
	w.must(err)
	db, err := sqlstore.Open(w.Context(), sqlstore.Memory)
	w.must(err)
	w.Cleanup(func() { w.must(db.Close()) })
	w.provider, err = provider.OIDC(issuer, app)
	w.must(err)
	w.Logins = authflow.New(authflow.Options{
		Store: db, Keys: keys, Providers: []authflow.Provider{w.provider}, HTTP: w.http,
		Log: slog.New(slog.NewJSONHandler(&w.logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
}

// start begins a login and shows its card, as a chat does.
func (w *world) start() authflow.Login {
	w.Helper()
	l, err := w.Start(w.Context(), authflow.Start{Person: "alice", Provider: w.provider.Name, Place: "alice's chat"})
	w.must(err)
	w.must(w.Keep(w.Context(), l, l.Origin, time.Time{}))
	return l
}

func (w *world) allow(l authflow.Login) { w.must(w.server.decide(w.Context(), l.Show, true)) }
func (w *world) deny(l authflow.Login)  { w.must(w.server.decide(w.Context(), l.Show, false)) }

// until lets the time come, counted from the beginning.
func (w *world) until(t time.Duration) {
	time.Sleep(time.Until(w.began.Add(t)))
	synctest.Wait()
}

// whoami asks the server in the person's name.
func (w *world) whoami() string {
	w.Helper()
	c, err := w.Accounts().Client(w.Context(), "alice", w.provider.Name)
	w.must(err)
	resp, err := c.Get(issuer + "/userinfo")
	w.must(err)
	defer resp.Body.Close()
	var who struct {
		Name string `json:"preferred_username"`
	}
	w.must(json.NewDecoder(resp.Body).Decode(&who))
	return who.Name
}

// wantDead asks the server itself whether a token is worth nothing any more.
func (w *world) wantDead(t authflow.Token) {
	w.Helper()
	var err error
	if c := authflow.NewClient(w.http); t.Refresh != "" {
		_, err = w.provider.Refresh(w.Context(), c, t)
	} else {
		_, err = w.provider.Who(w.Context(), c, t)
	}
	if _, refused := errors.AsType[*authflow.OAuthError](err); !refused {
		w.Errorf("got %v, want a refusal", err)
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
