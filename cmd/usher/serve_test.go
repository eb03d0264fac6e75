package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usherbot/usher/core/coretest"
)

// TestLogins signs alice in at one provider after the other, by settings alone.
func TestLogins(t *testing.T) {
	w := newWorld(t)
	auth := w.auth.URL()
	s := begin(t, w.settings(
		"USHER_PROVIDERS=acme,github,facebook",
		"ACME_TITLE=Acme", "ACME_ISSUER="+auth, "ACME_CLIENT_ID=app",
		"GITHUB_BASE_URL="+auth, "GITHUB_CLIENT_ID=app",
		"FACEBOOK_BASE_URL="+auth+"/v25.0", "FACEBOOK_CLIENT_ID=app", "FACEBOOK_CLIENT_TOKEN=s3cr3t-client-token",
	))
	s.log.wait(t, "msg=ready")
	var codes []string
	for _, tt := range []struct{ name, title, who string }{
		{"acme", "Acme", "octocat"}, {"github", "GitHub", "octocat"}, {"facebook", "Facebook", "The Octocat"},
	} {
		w.chat.Say("alice", coretest.Direct, "/login "+tt.name)
		card := w.sees(t, "Sign in to "+tt.title)
		code := w.auth.Pending()[0]
		if !strings.Contains(card.Text, code) {
			t.Errorf("%s: got no code %s in %s", tt.name, code, card)
		}
		if err := w.auth.Approve(code, w.auth.User("octocat")); err != nil {
			t.Fatal(err)
		}
		if done := w.sees(t, "Signed in as "+tt.who+" on "+tt.title); done.ID != card.ID {
			t.Errorf("%s: got %s as a new message, want it in place of the card", tt.name, done)
		}
		codes = append(codes, code)
	}
	s.stop(t)
	for _, hidden := range append(codes, secret, w.chat.Token().Reveal(), "s3cr3t-client-token") {
		if strings.Contains(s.log.String(), hidden) {
			t.Errorf("got %q in the log\n%s", hidden, &s.log)
		}
		if file := stored(t, w.dir); strings.Contains(file, hidden) {
			t.Errorf("got %q in the store", hidden)
		}
	}
}

// stored is all that is in the folder of the store.
func stored(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files and %v, want a store", len(files), err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

// TestReady says what runs, and answers over HTTP.
func TestReady(t *testing.T) {
	w := newWorld(t)
	s := begin(t, w.settings("USHER_LOG=json", "USHER_PROVIDERS=acme", "ACME_ISSUER="+w.auth.URL(), "ACME_CLIENT_ID=app"))
	s.log.wait(t, `"msg":"ready"`)
	s.log.wait(t, `"platforms":["Telegram"],"providers":["acme"],"listen":"127.0.0.1:`)
	_, rest, _ := strings.Cut(s.log.String(), `"listen":"`)
	address, _, _ := strings.Cut(rest, `"`)
	for _, path := range []string{"/healthz", "/readyz"} {
		resp, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: got %s, want 200", path, resp.Status)
		}
	}
	s.stop(t)
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("got a connection after the end")
	}
	if debug := `"level":"DEBUG"`; strings.Contains(s.log.String(), debug) {
		t.Errorf("got %s in\n%s", debug, &s.log)
	}
}

// TestWhatKeepsItFromRunning ends with code 1 and says why, once and plainly.
func TestWhatKeepsItFromRunning(t *testing.T) {
	w := newWorld(t)
	other := newWorld(t)
	running := begin(t, w.settings())
	running.log.wait(t, "msg=ready")
	once := begin(t, other.settings())
	once.log.wait(t, "msg=ready")
	once.stop(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tt := range []struct {
		name    string
		environ []string
		want    string
	}{
		{"no settings", nil, "usher: wrong settings:\n  USHER_SECRET: is missing. Print one with: usher secret\n  TELEGRAM_TOKEN: is missing, and so are"},
		{"the store is in use", w.settings(), "usher.db is in use by another usher"},
		{"the store is no file", w.settings("USHER_STORE=" + w.dir), "it is not a file"},
		{"the address is taken", w.settings("USHER_LISTEN=" + taken.Addr().String()), "usher: USHER_LISTEN: listen tcp " + taken.Addr().String()},
		{"the address for metrics is taken", other.settings("USHER_METRICS_LISTEN=" + taken.Addr().String()), "usher: USHER_METRICS_LISTEN: listen tcp " + taken.Addr().String()},
		{"another secret", other.settings("USHER_SECRET=" + strings.ToUpper(secret)), "usher: USHER_SECRET is not the secret"},
		{"a token that Telegram does not know", other.settings("TELEGRAM_TOKEN=1:AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "usher: publish commands on Telegram: TELEGRAM_TOKEN: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := begin(t, tt.environ)
			if code := s.code(t); code != 1 {
				t.Errorf("got exit code %d, want 1", code)
			}
			said := s.log.String()
			if strings.Count(said, tt.want) != 1 || !strings.Contains(said, "usher: ") {
				t.Errorf("got\n%s\nwant %q once", said, tt.want)
			}
			for _, noise := range []string{"fx", "dig", "goroutine", "could not build", "received non-nil"} {
				if strings.Contains(said, noise) {
					t.Errorf("got %q in\n%s", noise, said)
				}
			}
		})
	}
	running.stop(t)
}

// TestDrain lets a command that was taken be answered before the end.
func TestDrain(t *testing.T) {
	w := newWorld(t)
	s := begin(t, w.settings())
	s.log.wait(t, "msg=ready")
	w.chat.Say("alice", coretest.Direct, "/ping")
	w.sees(t, "Pong!")
	w.chat.Say("alice", coretest.Direct, "/ping") // taken now or by the next process
	s.stop(t)
	s = begin(t, w.settings())
	s.log.wait(t, "msg=ready")
	w.chat.Say("alice", coretest.Direct, "/cancel")
	w.sees(t, "Nothing is under way")
	if pongs := strings.Count(strings.Join(texts(w), "\n"), "Pong!"); pongs != 2 {
		t.Errorf("got %d answers to two commands in %q", pongs, texts(w))
	}
	s.stop(t)
}

// texts are all that alice sees.
func texts(w *world) []string {
	var all []string
	for _, seen := range w.chat.Sees("alice", coretest.Direct) {
		all = append(all, seen.Text)
	}
	return all
}
