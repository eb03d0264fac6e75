package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow/authtest"
)

// TestReadmeBot builds the bot of the README, and talks to it.
func TestReadmeBot(t *testing.T) {
	dir := t.TempDir()
	source, bot := filepath.Join(dir, "main.go"), filepath.Join(dir, "bot")
	if err := os.WriteFile(source, []byte(block(t, "```go\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bot, source).CombinedOutput(); err != nil {
		t.Fatalf("build the README's bot: %v\n%s", err, out)
	}
	server, err := authtest.Start(authtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), bot)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "USHER_SECRET=a secret that is long enough for a test", "WORK_ISSUER="+server.URL(), "WORK_CLIENT_ID=app")
	cmd.Stdin = strings.NewReader("/ping\n/octocat\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("run the README's bot: %v\n%s", err, out)
	}
	for _, want := range []string{"Pong!", "Sign in to Work", "enter the code"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("got no %q in\n%s", want, out)
		}
	}
}

// TestReadmeTranscript has the conversation at the top of the README again.
func TestReadmeTranscript(t *testing.T) {
	printed, _ := converse(t, filepath.Join(t.TempDir(), "usher.db"), "/login demo", "!approve")
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
