package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/seal"
)

// converse types lines into a playground in virtual time, and returns what was
// printed and what was logged.
func converse(t *testing.T, s settings, lines ...string) (printed, logged string) {
	t.Helper()
	s.log = filepath.Join(t.TempDir(), "log")
	synctest.Test(t, func(t *testing.T) {
		p, err := open(s, pipe.New())
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		if err := p.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := p.watch(t.Context(), p.terminal(strings.NewReader(strings.Join(lines, "\n")), &out).Run); err != nil {
			t.Error(err)
		}
		printed = out.String()
	})
	log, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	return printed, string(log)
}

// inOrder fails unless all parts are in text, one after the other.
func inOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Fatalf("got no %q where it should be in\n%s", part, text)
		}
		rest = after
	}
}

// secretly fails when a code, a token or what a link hands over is in a text.
func secretly(t *testing.T, text string) {
	t.Helper()
	for what, pattern := range map[string]string{
		"a code": `\b[A-Z]{4}-[A-Z]{4}\b`, "a deep link": `start=`,
		"Telegram's token": `\d+:[\w-]{35}`, "Discord's token": `[\w-]{20,}\.\w{6}\.`, "an interaction's token": `aW50ZXJhY3Rpb24`,
		"a token of Slack's": `xox|xapp`, "a response_url": `/hooks/`, "a socket's ticket": `ticket=`,
	} {
		if regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("%s is in\n%s", what, text)
		}
	}
}

// TestPlay is what people see alike on every platform, or nearly so.
func TestPlay(t *testing.T) {
	// Clients send no command that there is not, and none without its options.
	discord := map[string][]string{
		"lines that mean nothing": {"There is no !dance.", "I know these commands:", "You can sign in to Demo."},
		"options":                 {"does not send that: what is missing", "alice: /remind days=400 milk\nusher\n", "does not send that"},
	}
	tests := []struct {
		name  string
		lines []string
		want  []string
	}{
		{"the first line", []string{"/ping", "/nothing"}, []string{"alice: /ping\nusher\n  Pong!\nalice: /nothing\nusher\n"}},
		{"approved", []string{"/login demo", "!approve", "/whoami"}, []string{"Sign in to Demo", "[1] Cancel", "(changed)", "Signed in as octocat on Demo.", "Demo: octocat (id 583231)"}},
		{"as somebody else", []string{"/login demo", "!approve as hubot"}, []string{"Signed in as hubot on Demo."}},
		{"denied", []string{"/login demo", "!deny"}, []string{"(changed)", "You declined.", "New code"}},
		{"expired, and a new code", []string{"/login demo", "!expire", "2", "!approve"}, []string{"That code has expired.", "enter the code", "Signed in as octocat"}},
		{"cancelled by number", []string{"/login demo", "1", "!approve"}, []string{"alice presses: Cancel", "Cancelled."}},
		{"others see nothing", []string{"/login demo", "!as bob", "/whoami"}, []string{"bob: /whoami", "You are bob", "You are not signed in."}},
		{"killed in the middle", []string{"/login demo", "!restart", "!approve", "/whoami"}, []string{"The bot was killed", "(changed)", "Signed in as octocat", "Demo: octocat (id 583231)"}},
		{"a command goes on", []string{"/profile", "!approve"}, []string{"Sign in to Demo", "Signed in as octocat", "Subject", "583231"}},
		{"nothing to decide on", []string{"!approve"}, []string{"There is no code to decide on."}},
		{"lines that mean nothing", []string{"!dance", "/lgoin", "/login nowhere"}, []string{"There is no !dance.", "Did you mean /login?", "You can sign in to Demo."}},
		{"options", []string{"/remind", "buy milk", "/remind days=400 milk"}, []string{"I would remind you of buy milk tomorrow.", "days must be a whole number from 1 to 365"}},
		{"leaving no form", []string{"/ping", "!leave", "/ping"}, []string{"Pong!", "!leave\nalice: /ping\nusher\n  Pong!"}},
		{"quit", []string{"!quit", "/ping"}, nil},
	}
	for _, platform := range platforms {
		for _, tt := range tests {
			t.Run(platform.name+"/"+tt.name, func(t *testing.T) {
				printed, logged := converse(t, settings{platform: platform.name}, tt.lines...)
				want := tt.want
				if otherwise, is := discord[tt.name]; is && platform.name == "discord" {
					want = otherwise
				}
				inOrder(t, printed, want...)
				if strings.Contains(printed, "\x1b") {
					t.Errorf("plain output has escape sequences:\n%q", printed)
				}
				secretly(t, logged)
				if tt.name == "quit" && strings.Contains(printed, "Pong!") {
					t.Error("lines after !quit are read")
				}
			})
		}
	}
}

func TestStoreIsKept(t *testing.T) {
	s := settings{platform: "neutral", store: filepath.Join(t.TempDir(), "usher.db")}
	converse(t, s, "/login demo", "!approve")
	printed, _ := converse(t, s, "/whoami")
	inOrder(t, printed, "Demo: octocat (id 583231)")
}

func TestFlags(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"issuer alone", []string{"--issuer", "https://login.example.com"}, "--issuer and --client-id go together"},
		{"a platform that there is not", []string{"--platform", "pigeon"}, `--platform: there is no "pigeon"; choose one of neutral, discord, slack, telegram`},
		{"a word", []string{"demo"}, `what is "demo"?`},
		{"a store in no folder", []string{"--store", "/no-such-folder/usher.db"}, "/no-such-folder"},
		{"an issuer that is none", []string{"--issuer", "login.example.com", "--client-id", "x"}, "issuer"},
		{"a listener for everybody", []string{"--listen", "0.0.0.0:0"}, "loopback"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := run(t.Context(), tt.args, strings.NewReader(""), io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it to say %q", err, tt.want)
			}
		})
	}
}

func TestWrongSecretEndsIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "usher.db")
	t.Setenv("USHER_SECRET", "a secret that is long enough for a test")
	if err := run(t.Context(), []string{"--store", file}, strings.NewReader("/ping\n"), io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	t.Setenv("USHER_SECRET", "another secret, just as long as the first")
	in, out := io.Pipe() // nobody types
	defer out.Close()
	err := run(t.Context(), []string{"--store", file}, in, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "USHER_SECRET") {
		t.Errorf("got %v, want an error that names USHER_SECRET", err)
	}
}

func TestSecretIsKeptBesideTheStore(t *testing.T) {
	t.Setenv("USHER_SECRET", "")
	file := filepath.Join(t.TempDir(), "usher.db")
	var secrets [2]seal.Secret
	for i := range secrets {
		p := &play{}
		if err := p.openStore(file); err != nil {
			t.Fatal(err)
		}
		secrets[i] = p.secret
	}
	if secrets[0] != secrets[1] || len(secrets[0]) < seal.MinSecret {
		t.Errorf("got secrets of %d and %d characters, want one that is kept", len(secrets[0]), len(secrets[1]))
	}
	if info, err := os.Stat(file + ".secret"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file for its owner alone", info, err)
	}
}
