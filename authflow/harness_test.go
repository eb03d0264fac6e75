package authflow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

const (
	clientSecret = "client-secret-marker"
	clientToken  = "client-token-marker"
	aWhile       = 4 * time.Minute  // longer than most waits; each virtual second costs a look into the outbox
	ever         = 12 * time.Minute // longer than a code lives, a confirmation, or the question whose a token is
)

// setup is what a world is made of. The zero value is useful.
type setup struct {
	server    authtest.Options
	providers []authflow.Provider // none: "auth", the server
	inMemory  bool                // the store is no file: quicker, and nothing is killed
	web       string              // the flow of a bot that browsers reach; empty: they do not
}

// world is virtual time with an authorization server, a store, and a process that
// looks after logins. What happens is written down, to be compared with a story.
type world struct {
	*testing.T
	setup
	net   *pipe.Net
	srv   *authtest.Server
	keys  seal.Keys
	began time.Time
	file  string
	db    *brittle // the store, as processes see it that have not joined
	*process

	mu     sync.Mutex
	onTell func(authflow.Login) error // what tell does; nil: it keeps an open login where it is
	deaf   error                      // what somebody gets who tells of an access that has ended
	told   []event
	spoken bytes.Buffer // answers of the provider
	logged bytes.Buffer // as text and as JSON
	errors []string     // that callers got
	given  []string     // secrets that people got
}

// process is one run of the program.
type process struct {
	*authflow.Logins
	db     *brittle // as it sees the store
	cable  *cable
	cancel context.CancelFunc
	ended  chan struct{} // closed when Run has ended
}

// bubble runs f in a world whose process runs, and then looks for secrets
// where none may be. It fails when a goroutine is left.
func bubble(t *testing.T, s setup, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, s)
		t.Cleanup(func() {
			w.stop()
			if err := w.db.Close(); err != nil {
				t.Error(err)
			}
			w.checkSecrets()
		})
		w.run()
		f(w)
	})
}

func newWorld(t *testing.T, s setup) *world {
	t.Helper()
	keys, err := seal.NewKeys("an operator's secret for tests, long enough", "")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, setup: s, keys: keys, began: time.Now(), file: sqlstore.Memory, net: pipe.New()}
	if !s.inMemory {
		w.file = filepath.Join(t.TempDir(), "usher.db")
	}
	s.server.Net = w.net
	s.server.Clients = []authtest.Client{
		{ID: "app", Secret: clientSecret, Auth: authtest.Post, Token: clientToken},
		{ID: "basic", Secret: clientSecret, Auth: authtest.Basic},
		{ID: "public"},
		{ID: "web", Secret: clientSecret, Auth: authtest.Post, NoDevice: true},
		{ID: "basic-web", Secret: clientSecret, Auth: authtest.Basic, NoDevice: true},
		{ID: "public-web", NoDevice: true},
	}
	backs := []string{publicURL + "/oauth/callback/auth"}
	for _, p := range s.providers {
		backs = append(backs, publicURL+"/oauth/callback/"+p.Name)
	}
	for i := range s.server.Clients {
		s.server.Clients[i].RedirectURIs = backs
	}
	w.srv = authtest.New(t, s.server)
	w.open()
	w.load()
	if s.web != "" {
		w.serve()
	}
	return w
}

// open opens the store.
func (w *world) open() {
	w.Helper()
	db, err := sqlstore.Open(w.Context(), w.file)
	if err != nil {
		w.Fatal(err)
	}
	w.db = newBrittle(db)
}

// load makes a new process, which does not run yet.
func (w *world) load() {
	w.Helper()
	c := &cable{over: w.srv.Client().Transport, heard: w.hear}
	w.process = &process{db: w.db, cable: c, cancel: func() {}, ended: make(chan struct{})}
	close(w.ended)
	w.Logins = authflow.New(authflow.Options{
		Store: w.db, Keys: w.keys, Providers: w.offered(), HTTP: &http.Client{Transport: c}, PublicURL: w.address(),
		Log: slog.New(slog.NewMultiHandler(
			slog.NewTextHandler(w.log(), &slog.HandlerOptions{Level: slog.LevelDebug}),
			slog.NewJSONHandler(w.log(), &slog.HandlerOptions{Level: slog.LevelDebug}),
		)),
	})
}

func (w *world) offered() []authflow.Provider {
	w.Helper()
	if w.providers != nil {
		return w.providers
	}
	p, err := provider.OIDC(w.srv.URL(), provider.App{Name: "auth", ID: "app", Secret: clientSecret, Flow: w.web})
	if err != nil {
		w.Fatal(err)
	}
	return []authflow.Provider{p}
}

// run lets the process run.
func (w *world) run() {
	ctx, cancel := context.WithCancel(w.Context())
	p := w.process
	p.cancel, p.ended = cancel, make(chan struct{})
	go func() {
		p.Run(ctx,
			func(ctx context.Context, l authflow.Login) error { return w.tell(ctx, p, l) },
			func(_ context.Context, a authflow.Account) error { return w.died(a) })
		close(p.ended)
	}()
	synctest.Wait()
}

// stop ends the process the way a signal does, and returns how long that took.
func (w *world) stop() time.Duration {
	w.Helper()
	before := time.Now()
	w.cancel()
	<-w.ended
	return time.Since(before)
}

// restart stops the process and runs another one on the same store.
func (w *world) restart() {
	w.Helper()
	w.stop()
	w.load()
	w.run()
}

// crash is a restart after which nothing that the old process still tries has
// an effect: it has lost its store and its network.
func (w *world) crash() {
	w.Helper()
	w.cable.cut.Store(true)
	if err := w.db.Close(); err != nil {
		w.Error(err)
	}
	w.stop()
	w.open()
	w.load()
	w.run()
}

func (w *world) tell(ctx context.Context, p *process, l authflow.Login) error {
	w.note(fmt.Sprintf("tells %s: %s", l.Person, state(l)))
	w.mu.Lock()
	do := w.onTell
	w.mu.Unlock()
	switch {
	case do != nil:
		return do(l)
	case l.State.Open():
		return p.Keep(ctx, l, l.Origin, time.Time{})
	}
	return nil
}

// died writes down that somebody hears of an access that has ended.
func (w *world) died(a authflow.Account) error {
	w.note(fmt.Sprintf("tells %s: %s at %s is %s", a.Person, a.Who.Name, a.Provider, a.State))
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.deaf
}

// deafen sets what telling of an access that has ended comes to from now on.
func (w *world) deafen(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = err
}

// tells sets what telling does from now on.
func (w *world) tells(do func(authflow.Login) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onTell = do
}

// state says in words how a login stands.
func state(l authflow.Login) string {
	words := []string{string(l.State), string(l.Why), l.Who.Name}
	if len(l.Missing) > 0 {
		words = append(words, "without "+strings.Join(l.Missing, " "))
	}
	switch {
	case l.Revoked:
		words = append(words, "(token revoked)")
	case l.Dropped:
		words = append(words, "(token dropped)")
	}
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " ")
}

// start does what a chat does: it starts a login and shows its card.
func (w *world) start(person string, scopes ...string) authflow.Login {
	w.Helper()
	l, err := w.Start(w.Context(), w.ask(person, scopes...))
	if err != nil {
		w.Fatalf("start: %v", err)
	}
	if err := w.Keep(w.Context(), l, l.Origin, time.Time{}); err != nil {
		w.Fatalf("keep: %v", err)
	}
	return l
}

// ask is what a person asks for in a chat of their own.
func (w *world) ask(person string, scopes ...string) authflow.Start {
	return authflow.Start{
		Person: person, Provider: w.Providers()[0].Name, Scopes: scopes, Place: "chat of " + person, Asker: person + " <b>on</b> Chat", Origin: []byte("card of " + person),
	}
}

// link has somebody sign in, before the story begins.
func (w *world) link(person, account string) authflow.Login {
	w.Helper()
	l := w.start(person)
	w.approve(l, account)
	w.sleep(6 * time.Second)
	w.wantState(l, "linked "+account)
	w.forgetStory()
	return l
}

func (w *world) approve(l authflow.Login, account string) {
	w.Helper()
	w.must(w.srv.Approve(l.Show.Code, w.srv.User(account)))
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// sleep lets time pass, and what is due then happen.
func (w *world) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// whoami asks the provider with a person's own token.
func (w *world) whoami(person string) string {
	w.Helper()
	c, err := w.Accounts().Client(w.Context(), person, "auth")
	if err != nil {
		w.Fatal(err)
	}
	resp, err := c.Get(w.srv.URL() + string(authtest.UserInfo))
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	var said struct {
		Name string `json:"preferred_username"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		w.Fatal(err)
	}
	return said.Name
}

func (w *world) wantState(l authflow.Login, want string) {
	w.Helper()
	now, err := w.Login(w.Context(), l.ID)
	if err != nil {
		w.Fatal(err)
	}
	if got := state(now); got != want {
		w.Errorf("got a login that is %s, want %s", got, want)
	}
	row, err := w.db.Login(w.Context(), l.ID)
	if err != nil {
		w.Fatal(err)
	}
	if wiped := len(row.Sealed) == 0; wiped == now.State.Open() || row.Ended.IsZero() != now.State.Open() {
		w.Errorf("got a row that is %s, ended %v, wiped %v", now.State, row.Ended, wiped)
	}
}

// wantErr checks an error that a caller got, and keeps it to look for secrets.
func (w *world) wantErr(err, want error) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Errorf("got error %v, want %v", err, want)
	}
	w.keepErr(err)
}
