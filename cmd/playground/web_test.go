package main

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
)

// TestBrowser signs somebody in without a code, on every platform: by the link, the
// pages of the bot, which is killed in between, and the digits.
func TestBrowser(t *testing.T) {
	for _, platform := range platforms {
		t.Run(platform.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, err := open(settings{platform: platform.name, browser: "127.0.0.1:8080"}, pipe.New())
				if err != nil {
					t.Fatal(err)
				}
				defer p.close()
				if err := p.start(t.Context()); err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := p.bot.stop(); err != nil {
						t.Error(err)
					}
				}()
				people := p.platform.people
				see := func(part string) coretest.Seen {
					t.Helper()
					seen, err := coretest.Wait(t.Context(), people, "alice", coretest.Direct, part)
					if err != nil {
						t.Fatal(err)
					}
					return seen
				}
				people.Say("alice", coretest.Direct, "/login demo")
				card := see("six digits")
				link := regexp.MustCompile(`http://127\.0\.0\.1:8080/oauth/start/[\w-]+`).FindString(card.Text + linkIn(card))
				browser := authtest.NewBrowser(p.http)
				page, err := browser.Open(link)
				if err != nil {
					t.Fatal(err)
				}
				if page, err = page.Press("Continue to Demo", nil); err != nil {
					t.Fatal(err)
				}
				if err := p.restart(t.Context()); err != nil {
					t.Fatal(err)
				}
				if page, err = page.Press("Approve", map[string]string{"other": "octocat"}); err != nil {
					t.Fatal(err)
				}
				digits := regexp.MustCompile(`\b[0-9]{3} [0-9]{3}\b`).FindString(page.Text)
				if err := people.Press("alice", see("Enter digits"), "Enter digits"); err != nil {
					t.Fatal(err)
				}
				typeIn(t, people, see("Six digits"), digits)
				see("Signed in as octocat on Demo.")
			})
		})
	}
}

func linkIn(m coretest.Seen) string {
	var out strings.Builder
	for _, c := range m.Controls {
		out.WriteString(" " + c.URL)
	}
	return out.String()
}

// typeIn answers what is asked: in a form, or where there is none with a message.
func typeIn(t *testing.T, people coretest.World, asked coretest.Seen, text string) {
	t.Helper()
	if !asked.Form {
		people.Say("alice", coretest.Direct, text)
		return
	}
	if err := people.Fill("alice", asked, map[string]string{"Six digits": text}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
}

func TestBrowserStaysOnLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "192.0.2.1:80", "nowhere"} {
		if p, err := open(settings{platform: "neutral", browser: addr, listen: "127.0.0.1:0"}, nil); err == nil {
			p.close()
			t.Errorf("%s: got no error, want one", addr)
		}
	}
}
