package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
)

// TestTelegram is what is otherwise on Telegram than on a platform that can do
// everything.
func TestTelegram(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		want  []string
	}{
		{
			"a login in a group goes to the direct chat",
			[]string{"/ping", "!in #general", "/login demo", "!approve"},
			[]string{"alice in #general: /login demo\n", "usher in direct\n  Sign in to Demo", "usher\n  I have sent you a direct message.", "usher in direct (changed)\n  Signed in as octocat on Demo."},
		},
		{
			"or to a link, which a number follows",
			[]string{"!in #general", "/login demo", "1", "!approve"},
			[]string{
				"usher\n  That is for your eyes only.", "[1] Open the private chat: https://t.me/usher_bot?start=",
				"alice in #general presses: Open the private chat\nusher in direct\n  Sign in to Demo", "usher in direct (changed)\n  Signed in as octocat on Demo.",
			},
		},
		{
			"killed before the link is followed",
			[]string{"!in #general", "/login demo", "!restart", "1", "!restart", "!approve"},
			[]string{"[1] Open", "The bot was killed", "usher in direct\n  Sign in to Demo", "The bot was killed", "usher in direct (changed)\n  Signed in as octocat on Demo."},
		},
		{
			"a question in a group",
			[]string{"!in #general", "/remind", "nobody hears this", "@usher buy milk"},
			[]string{"what to remind you of", "alice in #general: nobody hears this\nalice in #general: @usher buy milk\nusher\n  I would remind you of buy milk tomorrow."},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			printed, logged := converse(t, settings{platform: "telegram"}, tt.lines...)
			inOrder(t, printed, tt.want...)
			secretly(t, logged)
		})
	}
}

// TestPlatformsOverLoopback is the whole program, in real time.
func TestPlatformsOverLoopback(t *testing.T) {
	for _, platform := range platforms {
		t.Run(platform.name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			var out strings.Builder
			in := strings.NewReader("/ping\n/login demo\n!restart\n1\n/whoami\n")
			if err := run(t.Context(), []string{"--platform", platform.name, "--log", log}, in, &out, io.Discard); err != nil {
				t.Fatal(err)
			}
			inOrder(t, out.String(), " with a bot, with an authorization server at http://127.0.0.1:", "alice: /ping\nusher\n  Pong!\nalice: /login demo\n", "Sign in to Demo",
				"!restart", "alice presses: Cancel", "(changed)\n  Cancelled.", "You are not signed in.")
			logged, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			secretly(t, string(logged))
		})
	}
}

// TestCut: a bot that is about to be killed cannot say a word, and the next one
// takes what it missed.
func TestCut(t *testing.T) {
	for _, platform := range platforms {
		t.Run(platform.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, err := open(settings{platform: platform.name}, pipe.New())
				if err != nil {
					t.Fatal(err)
				}
				defer p.close()
				if err := p.start(t.Context()); err != nil {
					t.Fatal(err)
				}
				people := p.platform.people
				time.Sleep(time.Second)
				p.platform.cut()
				people.Say("alice", coretest.Direct, "/ping")
				time.Sleep(time.Minute)
				if seen := people.Sees("alice", coretest.Direct); len(seen) != 0 {
					t.Errorf("got %v from a bot that is cut off, want nothing", seen)
				}
				if err := p.restart(t.Context()); err != nil {
					t.Fatal(err)
				}
				if _, err := coretest.Wait(t.Context(), people, "alice", coretest.Direct, "Pong!"); err != nil {
					t.Error(err)
				}
				if err := p.bot.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
