package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
)

// TestReadmeBot builds the bot of the README, and signs in to it.
func TestReadmeBot(t *testing.T) {
	dir := t.TempDir()
	source, bot := filepath.Join(dir, "main.go"), filepath.Join(dir, "bot")
	if err := os.WriteFile(source, []byte(block(t, "```go\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bot, source).CombinedOutput(); err != nil {
		t.Fatalf("build the README's bot: %v\n%s", err, out)
	}
	github := authtest.New(t, authtest.Options{Place: stand.Place{Addr: "127.0.0.1:0"}, Interval: time.Second})
	chat, err := telegramtest.Start(telegramtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer chat.Close()
	cmd := exec.CommandContext(t.Context(), bot)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	cmd.Env = append(
		os.Environ(), "USHER_SECRET=a secret that is long enough for a test", "GITHUB_CLIENT_ID=app", "GITHUB_BASE_URL="+github.URL(),
		"TELEGRAM_TOKEN="+chat.Token().Reveal(), "TELEGRAM_API_BASE="+chat.URL(),
	)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	chat.Say("alice", coretest.Direct, "/octocat")
	see := func(part string) {
		t.Helper()
		if _, err := coretest.Wait(t.Context(), chat, "alice", coretest.Direct, part); err != nil {
			t.Fatal(err)
		}
	}
	see("enter the code")
	if err := github.Approve(github.Pending()[0], authtest.User{}); err != nil {
		t.Fatal(err)
	}
	see("Signed in as octocat on GitHub.")
	see("You are octocat.")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("end the README's bot: got %v, want nil", err)
	}
}

// TestReadmeTranscript has the conversation at the top of the README again.
func TestReadmeTranscript(t *testing.T) {
	printed, _ := converse(t, settings{platform: "neutral"}, "/login demo", "!approve")
	if got, want := usual(printed), usual(block(t, "```\n")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// usual takes out what differs from one conversation to the next.
func usual(transcript string) string {
	for pattern, usual := range map[string]string{
		`https?://[a-z0-9.:]+/`:                     "https://auth.example/",
		`[B-Z]{4}-[B-Z]{4}`:                         "BCDF-GHJK",
		`\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d UTC`: "1 Jan 2000 00:10 UTC",
	} {
		transcript = regexp.MustCompile(pattern).ReplaceAllString(transcript, usual)
	}
	return strings.TrimSpace(transcript)
}

// block returns the README's first code block that begins so.
func block(t *testing.T, fence string) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(readme), fence)
	code, _, closed := strings.Cut(after, "```")
	if !found || !closed {
		t.Fatalf("the README has no block that begins with %q", fence)
	}
	return code
}
