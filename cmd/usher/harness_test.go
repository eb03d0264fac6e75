package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest"
)

const secret = "a secret that is long enough for a test"

// patience is how long a test waits for what takes milliseconds.
const patience = 20 * time.Second

// output keeps what a program prints, and tells those who wait for some of it.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return o.text.Write(b)
}

// String is all of it so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// wait waits until part was printed.
func (o *output) wait(t *testing.T, part string) {
	t.Helper()
	late := time.After(patience)
	for {
		o.mu.Lock()
		if strings.Contains(o.text.String(), part) {
			o.mu.Unlock()
			return
		}
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		changed := o.changed
		o.mu.Unlock()
		select {
		case <-changed:
		case <-late:
			t.Fatalf("got no %q in\n%s", part, o)
		}
	}
}

// world is what the bot is connected to, and its settings.
type world struct {
	chat *telegramtest.Server
	auth *authtest.Server
	dir  string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	chat, err := telegramtest.Start(telegramtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	auth, err := authtest.Start(authtest.Options{Interval: time.Second, Clients: []authtest.Client{{ID: "app", Token: "s3cr3t-client-token"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { chat.Close(); auth.Close() })
	return &world{chat: chat, auth: auth, dir: t.TempDir()}
}

// settings are enough to run, with more that count.
func (w *world) settings(more ...string) []string {
	return append([]string{
		"USHER_SECRET=" + secret, "USHER_STORE=" + filepath.Join(w.dir, "usher.db"), "USHER_LISTEN=127.0.0.1:0",
		"TELEGRAM_TOKEN=" + w.chat.Token().Reveal(), "TELEGRAM_API_BASE=" + w.chat.URL(),
	}, more...)
}

// sees is what alice sees with the bot alone.
func (w *world) sees(t *testing.T, part string) coretest.Seen {
	t.Helper()
	return w.seenBy(t, "alice", part)
}

// seenBy is what somebody sees with the bot alone.
func (w *world) seenBy(t *testing.T, who, part string) coretest.Seen {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	seen, err := coretest.Wait(ctx, w.chat, who, coretest.Direct, part)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// serving is a bot that runs in this process.
type serving struct {
	log    output
	cancel context.CancelFunc
	ended  chan int
}

// begin starts a bot, which the test's end stops.
func begin(t *testing.T, environ []string) *serving {
	t.Helper()
	t.Chdir(t.TempDir()) // without .env
	ctx, cancel := context.WithCancel(t.Context())
	s := &serving{cancel: cancel, ended: make(chan int, 1)}
	go func() { s.ended <- run(ctx, []string{"serve"}, environ, &s.log, &s.log) }()
	return s
}

// code is the exit code, once there is one.
func (s *serving) code(t *testing.T) int {
	t.Helper()
	select {
	case code := <-s.ended:
		s.ended <- code
		return code
	case <-time.After(patience):
		t.Fatalf("got no end in %v\n%s", patience, &s.log)
		return 0
	}
}

// stop ends the bot as a signal does.
func (s *serving) stop(t *testing.T) {
	t.Helper()
	since := time.Now()
	s.cancel()
	if code := s.code(t); code != 0 {
		t.Errorf("got exit code %d, want 0\n%s", code, &s.log)
	}
	if took := time.Since(since); took > 10*time.Second {
		t.Errorf("got an end after %v, want one within 10 s", took)
	}
}
