package core

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
)

// cardBot is a bot that signs people in at Demo.
func cardBot(t *testing.T) *Bot {
	t.Helper()
	o := Options{Name: "Porter", Store: newNotes(), Keys: newKeys(t, testSecret, "")}
	o.Logins = authflow.New(authflow.Options{Store: o.Store, Keys: o.Keys, Providers: []authflow.Provider{
		{Name: "demo", Title: "Demo", Manage: "https://demo.example/apps"}, {Name: "bare", Title: "Bare"},
	}})
	return New(o)
}

const (
	userCode = "WXYZ-0042"
	warning  = "Only continue if you have just asked for this. Never enter a code that somebody sent you."
	remove   = "Demo itself still lists this access. Remove it at https://demo.example/apps"
)

func TestCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := cardBot(t)
		until := time.Now().Add(15 * time.Minute).UTC().Format("2 Jan 2006 15:04")
		tests := []struct {
			name string
			set  func(*authflow.Login)
			want string
		}{
			{"waiting", func(l *authflow.Login) {}, "Sign in to Demo / Porter asks for access to your Demo account. / " +
				"Permissions: read, write. / Open https://demo.example/go and enter the code / " + userCode + " / The link may bring the code along: compare it with this one. / The code is good until " + until + " UTC. / " +
				warning + " [Open Demo: https://demo.example/go?code=" + userCode + "] [Copy code: " + userCode + "] [Cancel]"},
			{"waiting, plainly", func(l *authflow.Login) { l.Scopes, l.Show.FullURL = nil, "" }, "Sign in to Demo / Porter asks for access to your Demo account. / " +
				"Open https://demo.example/go and enter the code / " + userCode + " / The code is good until " + until + " UTC. / " +
				warning + " [Open Demo: https://demo.example/go] [Copy code: " + userCode + "] [Cancel]"},
			{"waiting, without a code", func(l *authflow.Login) { l.Show = authflow.Show{URL: "https://demo.example/go"} }, "Sign in to Demo / Porter asks for access to your Demo account. / " +
				"Permissions: read, write. / Open https://demo.example/go and agree there. / The link is good until " + until + " UTC. / " +
				"It is for you alone: do not send it on. Only continue if you have just asked for this. [Open Demo: https://demo.example/go] [Cancel]"},
			{"granted", func(l *authflow.Login) { l.State = authflow.Granted }, "Demo has agreed. One moment…"},
			{"confirming", func(l *authflow.Login) { l.State = authflow.Confirming }, "You are about to sign in to Demo as octo_*cat* (id 583). Is that you? [Yes, that's me] [Not me]"},
			{"linked", func(l *authflow.Login) { l.State = authflow.Linked }, "Signed in as octo_*cat* on Demo. [Not me]"},
			{
				"linked with less", func(l *authflow.Login) { l.State, l.Missing = authflow.Linked, []string{"write"} },
				"Signed in as octo_*cat* on Demo. / Demo did not grant: write. [Not me]",
			},
			{"denied", func(l *authflow.Login) { l.State = authflow.Denied }, "You declined. Nothing was changed. [New code]"},
			{"expired", func(l *authflow.Login) { l.State = authflow.Expired }, "That code has expired. [New code]"},
			{"not confirmed", func(l *authflow.Login) { l.State, l.Dropped = authflow.Expired, true }, "Nobody confirmed in time, so nothing was changed. / " + remove + " [New code]"},
			{"cancelled", func(l *authflow.Login) { l.State = authflow.Cancelled }, "Cancelled."},
			{"cancelled when granted", func(l *authflow.Login) { l.State, l.Dropped = authflow.Cancelled, true }, "Cancelled. / " + remove},
			{"replaced", func(l *authflow.Login) { l.State, l.Why = authflow.Cancelled, authflow.Replaced }, "Replaced by a newer login."},
			{
				"disowned", func(l *authflow.Login) { l.State, l.Why, l.Dropped = authflow.Cancelled, authflow.NotMine, true },
				"Not signed in: you said that the account is not yours. / " + remove,
			},
			{
				"cancelled, and the provider is asked", func(l *authflow.Login) { l.State, l.Dropped, l.Revoked = authflow.Cancelled, true, true },
				"Cancelled. / I have asked Demo to end the access that it had granted. Should it still list it, remove it at https://demo.example/apps",
			},
			{
				"the same of a provider without a page", func(l *authflow.Login) {
					l.Provider, l.State, l.Dropped, l.Revoked = "bare", authflow.Cancelled, true, true
				},
				"Cancelled. / I have asked Bare to end the access that it had granted. Should it still list it, remove it in your account settings there.",
			},
			{"refused", func(l *authflow.Login) { l.State, l.Why = authflow.Failed, authflow.Refused }, "Demo could not complete this login. Please try again. [New code]"},
			{"barred", func(l *authflow.Login) { l.State, l.Why = authflow.Failed, authflow.Barred }, "Demo does not let this bot sign people in. Please tell whoever runs it. [New code]"},
			{
				"unnamed", func(l *authflow.Login) { l.State, l.Why, l.Dropped = authflow.Failed, authflow.Unnamed, true },
				"Demo did not say whose account it is, so you are not signed in. Please try again. / " + remove + " [New code]",
			},
			{"unavailable", func(l *authflow.Login) { l.State, l.Why = authflow.Failed, authflow.Unavailable }, "Signing in to Demo is no longer offered here. [New code]"},
			{
				"of a provider without a page", func(l *authflow.Login) { l.Provider, l.State, l.Dropped = "bare", authflow.Cancelled, true },
				"Cancelled. / Bare itself still lists this access. Remove it in your account settings there.",
			},
			{
				"whose name is an address", func(l *authflow.Login) { l.State, l.Who.Name = authflow.Linked, "https://evil.example/x" },
				"Signed in as https:\u2060//evil.example/x on Demo. [Not me]",
			},
			{
				"of a provider that is no more", func(l *authflow.Login) { l.Provider, l.State, l.Why = "lost", authflow.Failed, authflow.Unavailable },
				"Signing in to lost is no longer offered here. [New code]",
			},
		}
		for _, tt := range tests {
			login := authflow.Login{
				ID: "0123456789012345678901", Provider: "demo", State: authflow.Waiting, Scopes: []string{"read", "write"},
				Show:    authflow.Show{URL: "https://demo.example/go", Code: userCode, FullURL: "https://demo.example/go?code=" + userCode},
				Expires: time.Now().Add(15 * time.Minute), Who: authflow.Identity{Subject: "583", Name: "octo_*cat*"},
			}
			tt.set(&login)
			m := b.card(login, ann)
			if got := sketch(m); got != tt.want {
				t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
			}
			if all := fmt.Sprintf("%+v", m); login.State != authflow.Waiting && strings.Contains(all, userCode) {
				t.Errorf("%s: got %s, want no code", tt.name, all)
			}
			checkCardButtons(t, tt.name, b, m, login)
		}
	})
}

// checkCardButtons sees to it that the buttons of a card are for its person
// alone, and that most of them need no note.
func checkCardButtons(t *testing.T, name string, b *Bot, m Message, login authflow.Login) {
	t.Helper()
	for _, row := range m.Rows {
		for _, c := range row {
			button, ok := c.(Button)
			if !ok {
				continue
			}
			if button.Do.Only != ann || button.Do.Args[0] != login.ID || b.actions[button.Do.Name] == nil {
				t.Errorf("%s: got %+v, want an action of ours for Ann and this login", name, button.Do)
			}
			if _, fits := (stored{Name: button.Do.Name, Args: button.Do.Args, Once: button.Do.Once}).pack(); !fits && !button.Do.Once {
				t.Errorf("%s: %s does not fit into its token", name, button.Label)
			}
		}
	}
}

// What a store gives back of a time must not come before it.
func TestWakeIsWhatAStoreKeeps(t *testing.T) {
	until := time.Date(2026, 1, 2, 12, 0, 0, 123_456_789, time.UTC)
	wake := thread{Card: cardRef{Until: until}}.wake()
	if kept := time.UnixMilli(wake.UnixMilli()); kept.Before(wake) || until.Sub(wake) > ahead+time.Millisecond {
		t.Errorf("got %v, which a store keeps as %v", wake, kept)
	}
}
