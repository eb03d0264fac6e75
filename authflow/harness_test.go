package authflow_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
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

const clientSecret = "client-secret-marker"

// setup is what a world is made of. The zero value is useful.
type setup struct {
	server    authtest.Options
	providers []authflow.Provider // none: "auth", the server
	inMemory  bool                // the store is no file: quicker, and nothing is killed
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
	db    *brittle // the store; as each process sees it
	*process

	// onTell, if set, is what tell does; otherwise it keeps an open login where it is.
	onTell func(l authflow.Login) error

	mu     sync.Mutex
	told   []event
	spoken bytes.Buffer // answers of the provider
	logged bytes.Buffer // as text and as JSON
	errors []string     // that callers got
}

// process is one run of the program.
type process struct {
	*authflow.Logins
	cable  *cable
	cancel context.CancelFunc
	ended  chan error
}

type event struct {
	at   time.Duration
	what string
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
	s.server.Clients = []authtest.Client{{ID: "app", Secret: clientSecret, Auth: authtest.Post}}
	w.srv = authtest.New(t, s.server)
	w.open()
	w.load()
	return w
}

// open opens the store.
func (w *world) open() {
	w.Helper()
	db, err := sqlstore.Open(w.Context(), w.file)
	if err != nil {
		w.Fatal(err)
	}
	w.db = &brittle{Store: db, broken: map[string]int{}, after: map[string]func(){}}
}

// load makes a new process, which does not run yet.
func (w *world) load() {
	w.Helper()
	c := &cable{over: w.srv.Client().Transport, heard: w.hear}
	w.process = &process{cable: c, cancel: func() {}, ended: make(chan error, 1)}
	w.ended <- nil
	w.Logins = authflow.New(authflow.Options{
		Store: w.db, Keys: w.keys, Providers: w.offered(), HTTP: &http.Client{Transport: c},
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
	p, err := provider.OIDC(w.srv.URL(), provider.App{Name: "auth", ID: "app", Secret: clientSecret})
	if err != nil {
		w.Fatal(err)
	}
	return []authflow.Provider{p}
}

// run lets the process run.
func (w *world) run() {
	ctx, cancel := context.WithCancel(w.Context())
	p := w.process
	p.cancel, p.ended = cancel, make(chan error, 1)
	go func() {
		p.ended <- p.Run(ctx, func(ctx context.Context, l authflow.Login) error { return w.tell(ctx, p, l) })
	}()
	synctest.Wait()
}

// stop ends the process the way a signal does, and returns how long that took.
func (w *world) stop() time.Duration {
	w.Helper()
	before := time.Now()
	w.cancel()
	if err := <-w.ended; err != nil {
		w.Errorf("run: %v", err)
	}
	w.ended <- nil // stopping again is fine
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
	switch {
	case w.onTell != nil:
		return w.onTell(l)
	case l.State.Open():
		return p.Keep(ctx, l.ID, l.Origin, time.Time{})
	}
	return nil
}

// state says in words how a login stands.
func state(l authflow.Login) string {
	words := []string{string(l.State), string(l.Why), l.Who.Name}
	if len(l.Missing) > 0 {
		words = append(words, "without "+strings.Join(l.Missing, " "))
	}
	if l.Dropped {
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
	if err := w.Keep(w.Context(), l.ID, l.Origin, time.Time{}); err != nil {
		w.Fatalf("keep: %v", err)
	}
	return l
}

// ask is what a person asks for in a chat of their own.
func (w *world) ask(person string, scopes ...string) authflow.Start {
	return authflow.Start{
		Person: person, Provider: w.Providers()[0].Name, Scopes: scopes, Place: "chat of " + person, Origin: []byte("card of " + person),
	}
}

// link has somebody signed in, long ago.
func (w *world) link(person, account string) authflow.Login {
	w.Helper()
	l := w.start(person)
	w.approve(l, account)
	w.sleep(20 * time.Minute) // also beyond the limits
	w.wantState(l, "linked "+account)
	w.forgetStory()
	return l
}

func (w *world) approve(l authflow.Login, account string) {
	w.Helper()
	if err := w.srv.Approve(l.Show.Code, w.srv.User(account)); err != nil {
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

func (w *world) keepErr(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors = append(w.errors, fmt.Sprintf("%v %+v %#v", err, err, err))
}

func (w *world) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, event{time.Since(w.began), what})
}

// forgetStory begins a new story, at a new time zero.
func (w *world) forgetStory() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told, w.began = nil, time.Now()
}

// asked is what the provider was asked.
func (w *world) asked() []event {
	words := map[string]string{
		string(authtest.Device): "asks for a code", string(authtest.Token): "polls", string(authtest.UserInfo): "asks who",
	}
	var out []event
	for _, r := range w.srv.Requests(authtest.Device, authtest.Token, authtest.UserInfo) {
		if !r.At.Before(w.began) {
			out = append(out, event{r.At.Sub(w.began), words[r.Path]})
		}
	}
	return out
}

// wantStory compares all that has happened. A line is a time and what happened,
// or only what happened, where the time is left to chance. Of what happened at
// the same time, questions come first.
func (w *world) wantStory(want string) {
	w.Helper()
	w.mu.Lock()
	all := slices.Concat(w.asked(), w.told)
	w.mu.Unlock()
	slices.SortStableFunc(all, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	w.compare(all, want)
}

// wantTold is wantStory for what was told alone.
func (w *world) wantTold(want string) {
	w.Helper()
	w.mu.Lock()
	all := slices.Clone(w.told)
	w.mu.Unlock()
	w.compare(all, want)
}

func (w *world) compare(all []event, want string) {
	w.Helper()
	want = strings.TrimSpace(want)
	timed := strings.IndexAny(want, "0123456789") == 0
	var wants, got []string
	for line := range strings.Lines(want) {
		wants = append(wants, strings.Join(strings.Fields(line), " "))
	}
	for _, e := range all {
		if timed {
			e.what = e.at.String() + " " + e.what
		}
		got = append(got, e.what)
	}
	if !slices.Equal(got, wants) {
		w.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(wants, "\n\t"))
	}
}

func (w *world) hear(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spoken.Write(b)
}

// log is where a process writes its log.
func (w *world) log() io.Writer {
	return writer(func(b []byte) (int, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.logged.Write(b)
	})
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

var issued = regexp.MustCompile(`"(?:device_code|user_code|access_token|refresh_token)":"([^"\n]+)"`)

// secrets are those that passed between us and the provider.
func (w *world) secrets() []string {
	out := []string{clientSecret}
	for _, m := range issued.FindAllStringSubmatch(w.spoken.String(), -1) {
		out = append(out, m[1])
	}
	for _, r := range w.srv.Requests() {
		if len(r.Query) > 0 {
			w.Errorf("got the query %v, want everything in bodies", r)
		}
		for _, name := range []string{"device_code", "code_verifier"} {
			if v := r.Form.Get(name); v != "" && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// checkSecrets looks where no secret may be: in logs, errors, and files.
func (w *world) checkSecrets() {
	w.Helper()
	places := map[string]string{"the log": w.logged.String(), "an error": strings.Join(w.errors, "\n")}
	if !w.inMemory {
		files, err := filepath.Glob(w.file + "*")
		if err != nil || len(files) == 0 {
			w.Fatalf("got files %v, %v", files, err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				w.Fatal(err)
			}
			places[filepath.Base(name)] = string(b)
		}
	}
	for place, text := range places {
		for _, secret := range w.secrets() {
			if strings.Contains(text, secret) {
				w.Errorf("%s shows a secret, %.4s…", place, secret)
			}
		}
	}
}
