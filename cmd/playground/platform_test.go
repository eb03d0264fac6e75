package main

import (
	"context"
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

// TestPlatform is what is otherwise on one platform than on one that can do
// everything.
func TestPlatform(t *testing.T) {
	tests := map[string][]struct {
		name  string
		lines []string
		want  []string
	}{
		"discord": {
			{
				"a login in a channel stays there, for one person",
				[]string{"!in #general", "/login demo", "!as bob", "/whoami", "!as alice", "!restart", "!approve"},
				[]string{
					"alice in #general: /login demo\nusher (only you see this)\n  Sign in to Demo",
					"!as bob\nbob in #general: /whoami\nusher (only you see this)\n  You are bob on Discord.",
					"usher (only you see this) (changed)\n  Signed in as octocat on Demo.",
				},
			},
			{
				"a client asks for options",
				[]string{"/remind", "/remind milk", "!in #general", "/remind days:400 what:milk", "/remind days:3 what:buy milk"},
				[]string{
					"alice: /remind\nusher\n  /remind by alice: this client does not send that: what is missing",
					"alice: /remind milk\nusher\n  I would remind you of milk tomorrow.",
					"usher (only you see this)\n  /remind days:400 what:milk by alice: this client does not send that: 400 is not days",
					"what:buy milk\nusher\n  I would remind you of buy milk in 3 days.",
				},
			},
			{
				"words are no commands",
				[]string{"!in #general", "nobody hears this", "/nothing", "@usher ping", "!in #general/help", "/ping"},
				[]string{
					"alice in #general: nobody hears this\nalice in #general: /nothing\nalice in #general: @usher ping\nusher\n  I know these commands:",
					"alice in #general/help: /ping\nusher\n  Pong!",
				},
			},
		},
		"slack": {
			{
				"a login in a channel goes to the direct chat",
				[]string{"!in #general", "/login demo", "!restart", "!approve", "/whoami"},
				[]string{
					"alice in #general: /login demo\n", "usher in direct\n  Sign in to Demo", "usher (only you see this)\n  I have sent you a direct message.",
					"usher in direct (changed)\n  Signed in as octocat on Demo.", "usher (only you see this)\n  You are alice on Slack.",
				},
			},
			{
				"a form asks for options",
				[]string{"!in #general", "/remind", "buy milk", "/remind", "!leave", "/lgoin"},
				[]string{
					"what to remind you of?", "usher\n  I would remind you of buy milk tomorrow.",
					"what to remind you of?", "!leave\n", "usher (only you see this)\n  I do not know /lgoin. Did you mean /login?",
				},
			},
			{
				"a mention is a command, and in threads there is no other",
				[]string{"!in #general", "nobody hears this", "@usher ping", "!in #general/help", "/ping"},
				[]string{
					"alice in #general: nobody hears this\nalice in #general: @usher ping\nusher\n  Pong!",
					"alice in #general/help: /ping\nusher\n  Pong!",
				},
			},
		},
		"telegram": {
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
		},
	}
	for platform, cases := range tests {
		for _, tt := range cases {
			t.Run(platform+"/"+tt.name, func(t *testing.T) {
				printed, logged := converse(t, settings{platform: platform}, tt.lines...)
				inOrder(t, printed, tt.want...)
				secretly(t, logged)
			})
		}
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
// is there. It takes what was missed where the platform keeps that.
func TestCut(t *testing.T) {
	keeps := map[string]bool{"neutral": true, "telegram": true} // the others tell the person to try again
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
				p.platform.cut()
				people.Say("alice", coretest.Direct, "/ping")
				time.Sleep(time.Minute)
				for _, seen := range people.Sees("alice", coretest.Direct) {
					if keeps[platform.name] || strings.Contains(seen.Text, "Pong!") {
						t.Errorf("got %v from a bot that is cut off, want nothing", seen)
					}
				}
				if err := p.restart(t.Context()); err != nil {
					t.Fatal(err)
				}
				if !keeps[platform.name] {
					people.Say("alice", coretest.Direct, "/ping")
				}
				ctx, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				if _, err := coretest.Wait(ctx, people, "alice", coretest.Direct, "Pong!"); err != nil {
					t.Error(err)
				}
				if err := p.bot.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
