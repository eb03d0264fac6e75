package authflow_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core/coretest/stand"
)

// fault is how an endpoint answers once.
func fault(status int, body string) stand.Fault {
	return stand.Custom(status, "application/json", body)
}

// refreshes is how often the provider was asked to refresh since the story began.
func (w *world) refreshes() int {
	w.Helper()
	return len(slices.DeleteFunc(w.asked(), func(e event) bool { return e.what != "refreshes" }))
}

func (w *world) wantAccount(person string, want authflow.AccountState) {
	w.Helper()
	if a, err := w.Accounts().Get(w.Context(), person, "auth"); err != nil || a.State != want {
		w.Errorf("got an account that is %s, %v, want it %s", a.State, err, want)
	}
}

func TestRefreshAhead(t *testing.T) {
	tests := []struct {
		name   string
		server authtest.Options
		lasts  time.Duration
		want   string
	}{
		{"an hour", authtest.Options{}, 2 * time.Hour, `
			58m59s refreshes
			1h57m59s refreshes`},
		{"a minute", authtest.Options{TokenLifetime: time.Minute}, 2 * time.Minute, `
			47s refreshes
			1m35s refreshes`},
		{"one refresh token for all", authtest.Options{KeepRefresh: true}, 2 * time.Hour, `
			58m59s refreshes
			1h57m59s refreshes`},
		{"no refresh token", authtest.Options{NoRefresh: true}, 2 * time.Hour, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			again(t, setup{server: tt.server}, func(w *world, restart func()) {
				w.link("alice", "octocat")
				w.sleep(tt.lasts / 3)
				restart()
				w.sleep(tt.lasts - tt.lasts/3)
				w.wantStory(tt.want)
				if tt.want == "" {
					w.wantAccount("alice", authflow.Over)
					return
				}
				w.wantAccount("alice", authflow.Good)
				if got := w.whoami("alice"); got != "octocat" {
					w.Errorf("got %s, want octocat", got)
				}
			})
		})
	}
}

// TestRefreshOfShortTokens does not sleep over a token that is new.
func TestRefreshOfShortTokens(t *testing.T) {
	bubble(t, setup{server: authtest.Options{TokenLifetime: 30 * time.Second}, inMemory: true}, func(w *world) {
		w.sleep(2 * time.Minute)
		w.link("alice", "octocat")
		w.sleep(time.Minute)
		w.wantStory("23s refreshes\n47s refreshes")
	})
}

// TestRefreshMeetsTrouble has a refresh ahead of the end of a token, at 3m59s, go
// wrong; the token ends at 4m59s.
func TestRefreshMeetsTrouble(t *testing.T) {
	tests := []struct {
		name   string
		once   bool // refresh tokens may work once only
		faults []stand.Fault
		want   string
	}{
		{"down", true, []stand.Fault{authtest.Unavailable(0), authtest.Unavailable(0), fault(500, `{"error":"server_error"}`)}, `
			3m59s refreshes
			4m1s refreshes
			4m5s refreshes
			4m13s refreshes`},
		{"busy", true, []stand.Fault{authtest.Unavailable(30 * time.Second), fault(429, `{"error":"slow_down"}`)}, `
			3m59s refreshes
			4m29s refreshes
			4m33s refreshes`},
		{"an answer cut off", true, []stand.Fault{authtest.CutBody()}, `
			3m59s refreshes
			4m59s refreshes`},
		{"no answer", true, []stand.Fault{stand.Hang()}, `
			3m59s refreshes
			4m59s refreshes`},
		{"no answer, twice", true, []stand.Fault{stand.Drop(), stand.Hang()}, `
			3m59s refreshes
			4m59s refreshes
			5m13s refreshes`},
		{"a gateway's word for no answer", true, []stand.Fault{stand.HTML(502), stand.HTML(504)}, `
			3m59s refreshes
			4m59s refreshes
			5m3s refreshes`},
		{"a captive portal", true, []stand.Fault{stand.HTML(200)}, `
			3m59s refreshes
			4m59s refreshes`},
		{"an answer cut off, and a token that works again", false, []stand.Fault{authtest.CutBody(), stand.Drop()}, `
			3m59s refreshes
			4m1s refreshes
			4m5s refreshes`},
		{"a client that is not known for a while", true, []stand.Fault{fault(401, `{"error":"invalid_client"}`), fault(400, `{"error":"unauthorized_client"}`)}, `
			3m59s refreshes
			4m1s refreshes
			4m5s refreshes`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{server: authtest.Options{TokenLifetime: 5 * time.Minute}, inMemory: true}, func(w *world) {
				p := w.Providers()[0]
				p.Rotates = tt.once
				w.providers = []authflow.Provider{p}
				w.restart()
				w.link("alice", "octocat")
				w.srv.Break(authtest.Token, tt.faults...)
				w.sleep(4*time.Minute + 50*time.Second)
				if got := w.whoami("alice"); got != "octocat" {
					w.Errorf("got %s, want octocat, by the token that is still good", got)
				}
				w.sleep(time.Minute)
				w.wantCare(tt.want)
				if got := w.whoami("alice"); got != "octocat" {
					w.Errorf("got %s, want octocat", got)
				}
			})
		})
	}
}

// TestRefreshRefused has the provider end a grant. Its person hears of it once, by
// whichever process.
func TestRefreshRefused(t *testing.T) {
	tests := map[string]func(w *world){
		"taken back":        func(w *world) { w.srv.Withdraw(w.srv.User("octocat")) },
		"in GitHub's words": func(w *world) { w.srv.Break(authtest.Token, fault(200, `{"error":"bad_refresh_token"}`)) },
		"in Twitch's words": func(w *world) {
			w.srv.Break(authtest.Token, fault(400, `{"status":400,"message":"Invalid refresh token"}`))
		},
		"a request that is none": func(w *world) { w.srv.Break(authtest.Token, fault(400, `{"error":"invalid_request"}`)) },
		"without words":          func(w *world) { w.srv.Break(authtest.Token, stand.HTML(401)) },
	}
	for name, end := range tests {
		t.Run(name, func(t *testing.T) {
			again(t, setup{server: authtest.Options{TokenLifetime: 5 * time.Minute}}, func(w *world, restart func()) {
				w.link("alice", "octocat")
				end(w)
				w.deafen(errAway)
				w.sleep(4 * time.Minute)
				restart()
				w.deafen(nil)
				w.sleep(aWhile)
				restart()
				w.sleep(aWhile)
				all := slices.CompactFunc(w.toldSoFar(), func(a, b event) bool { return a.what == b.what })
				if n := w.refreshes(); n != 1 || len(all) != 1 || all[0].what != "tells alice: octocat at auth is dead" {
					w.Errorf("got %d refreshes and told %v, want one, and told once after it was heard", n, all)
				}
				w.wantAccount("alice", authflow.Dead)
				_, err := w.Accounts().Client(w.Context(), "alice", "auth")
				w.wantErr(err, authflow.ErrSignInAgain)
				row, err := w.db.Account(w.Context(), "alice", "auth")
				if err != nil || len(row.Sealed) > 0 {
					w.Errorf("got a token kept, %v, want it wiped", err)
				}

				w.link("alice", "octocat")
				w.wantAccount("alice", authflow.Good)
				if got := w.whoami("alice"); got != "octocat" {
					w.Errorf("got %s, want octocat", got)
				}
			})
		})
	}
}

// TestRefreshIsStoredBeforeItIsUsed keeps a token from being used while it could
// still be lost.
func TestRefreshIsStoredBeforeItIsUsed(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		w.link("alice", "octocat")
		w.stop()
		w.sleep(2 * time.Hour)
		w.forgetStory()
		w.db.fail("RenewAccount", 3)
		if got := w.whoami("alice"); got != "octocat" {
			w.Errorf("got %s, want octocat", got)
		}
		w.wantStory("0s refreshes\n3s asks who")
	})
}

// TestRefreshIsLost kills the process after the provider has answered, and before
// the token is stored: the access token is used up, then the refresh token tried
// once more.
func TestRefreshIsLost(t *testing.T) {
	tests := []struct {
		name   string
		server authtest.Options
		want   string
	}{
		{"a refresh token that works once", authtest.Options{TokenLifetime: 5 * time.Minute}, `
			3m59s refreshes
			4m59s refreshes
			4m59s tells alice: octocat at auth is dead`},
		{"one that works again", authtest.Options{TokenLifetime: 5 * time.Minute, KeepRefresh: true}, `
			3m59s refreshes
			4m59s refreshes`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{server: tt.server}, func(w *world) {
				w.link("alice", "octocat")
				w.db.fail("RenewAccount", 1000)
				w.sleep(4*time.Minute + time.Second)
				w.crash()
				w.sleep(50 * time.Second)
				if got := w.whoami("alice"); got != "octocat" {
					w.Errorf("got %s, want octocat, by the token that is still good", got)
				}
				w.sleep(time.Minute)
				w.wantCare(tt.want)
			})
		})
	}
}

// TestRefreshNotBegun sends nothing of which no note could be made.
func TestRefreshNotBegun(t *testing.T) {
	bubble(t, setup{server: authtest.Options{TokenLifetime: 5 * time.Minute}, inMemory: true}, func(w *world) {
		w.link("alice", "octocat")
		w.db.fail("BeginRefresh", 1)
		w.sleep(4 * time.Minute)
		if n := w.refreshes(); n != 0 {
			w.Errorf("got %d refreshes, want none", n)
		}
		w.sleep(30 * time.Second)
		if n := w.refreshes(); n != 1 {
			w.Errorf("got %d refreshes after the hold, want 1", n)
		}
	})
}

// TestRefreshAmongReplicas has two processes look after the same token.
func TestRefreshAmongReplicas(t *testing.T) {
	bubble(t, setup{server: authtest.Options{TokenLifetime: 5 * time.Minute}}, func(w *world) {
		w.link("alice", "octocat")
		first := w.process
		w.load()
		w.run()
		w.sleep(time.Hour)
		if n := w.refreshes(); n != 15 {
			w.Errorf("got %d refreshes in an hour, want 15", n)
		}
		w.stop()
		first.cancel()
		<-first.ended

		w.sleep(10 * time.Minute)
		w.forgetStory()
		got := make(chan error)
		for _, p := range []*process{w.process, first} {
			go func() { _, err := p.Accounts().Client(w.Context(), "alice", "auth"); got <- err }()
		}
		w.must(errors.Join(<-got, <-got))
		if n := w.refreshes(); n != 1 || time.Since(w.began) > time.Second {
			w.Errorf("got %d refreshes after %v, want 1 within a second", n, time.Since(w.began))
		}
	})
}

// TestRefreshOfAnotherIsAbandoned waits for a process that is no more only as long
// as its refresh could last.
func TestRefreshOfAnotherIsAbandoned(t *testing.T) {
	bubble(t, setup{server: authtest.Options{KeepRefresh: true}}, func(w *world) {
		w.link("alice", "octocat")
		w.stop()
		w.sleep(2 * time.Hour)
		row, err := w.db.Account(w.Context(), "alice", "auth")
		w.must(err)
		_, err = w.db.BeginRefresh(w.Context(), row.ID, row.Version, 25*time.Second)
		w.must(err)
		w.forgetStory()
		if got := w.whoami("alice"); got != "octocat" {
			w.Errorf("got %s, want octocat", got)
		}
		w.wantStory("25s refreshes\n25s asks who")
	})
}

// TestRefreshCrossesALogin has the account change when a refresh was answered and is
// not yet stored: its token must not stay behind, nor take what is linked now along.
func TestRefreshCrossesALogin(t *testing.T) {
	tests := []struct {
		name, account string // that is linked meanwhile
		want          string
	}{
		{"removed", "", `
			refreshes
			revokes
			revokes`},
		{"the same account linked again", "octocat", `
			refreshes
			asks for a code
			polls
			tells alice: linked octocat`},
		{"another account linked", "hubot", `
			refreshes
			asks for a code
			polls
			tells alice: confirming hubot
			revokes
			tells alice: linked hubot
			revokes`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{server: authtest.Options{TokenLifetime: 5 * time.Minute}}, func(w *world) {
				p, gate := w.Providers()[0], make(chan struct{})
				refresh := p.Refresh
				p.Refresh = func(ctx context.Context, c *http.Client, t authflow.Token) (authflow.Token, error) {
					defer func() { <-gate }()
					return refresh(ctx, c, t)
				}
				w.providers = []authflow.Provider{p}
				w.restart()
				w.link("alice", "octocat")
				w.sleep(4 * time.Minute)
				w.must(w.switchTo("alice", tt.account))
				w.sleep(time.Second)
				close(gate)
				w.sleep(2 * time.Second)
				w.wantCare(tt.want)
				_, err := w.Accounts().Get(w.Context(), "alice", "auth")
				if tt.account == "" {
					w.wantErr(err, authflow.ErrNotLinked)
				} else if got := w.whoami("alice"); got != tt.account {
					w.Errorf("got %s, want %s", got, tt.account)
				}
			})
		})
	}
}

// TestRefreshCrossesARemoval has somebody wait for a refresh of what is removed
// meanwhile.
func TestRefreshCrossesARemoval(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		p, gate := w.Providers()[0], make(chan struct{})
		refresh := p.Refresh
		p.Refresh = func(ctx context.Context, c *http.Client, t authflow.Token) (authflow.Token, error) {
			defer func() { <-gate }()
			return refresh(ctx, c, t)
		}
		w.providers = []authflow.Provider{p}
		w.restart()
		w.link("alice", "octocat")
		c := w.client("alice")
		w.stop()
		w.sleep(2 * time.Hour)
		w.forgetStory()
		got := make(chan error)
		go func() { got <- w.use(c, 1) }()
		w.sleep(time.Second)
		w.must(w.switchTo("alice", ""))
		close(gate)
		w.wantErr(<-got, authflow.ErrNotLinked)
		w.sleep(time.Second)
		w.wantStory("refreshes\nrevokes\nrevokes")
	})
}

// switchTo links another account, or none.
func (w *world) switchTo(person, account string) error {
	w.Helper()
	if account == "" {
		_, _, err := w.Accounts().Remove(w.Context(), person, "auth", "")
		return err
	}
	l := w.start(person)
	w.approve(l, account)
	w.sleep(6 * time.Second)
	if _, err := w.Confirm(w.Context(), l.ID, ""); !errors.Is(err, authflow.ErrEnded) {
		return err
	}
	return nil
}

// TestRefreshOfAProviderThatIsGone is taken up when it is back.
func TestRefreshOfAProviderThatIsGone(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		w.link("alice", "octocat")
		w.providers = []authflow.Provider{{Name: "other"}}
		w.restart()
		w.sleep(90 * time.Minute)
		if n := w.refreshes(); n != 0 {
			w.Errorf("got %d refreshes, want none", n)
		}
		w.wantAccount("alice", authflow.Good) // as soon as the provider is back
		w.providers = nil
		w.restart()
		if got := w.whoami("alice"); got != "octocat" {
			w.Errorf("got %s, want octocat", got)
		}
	})
}

// TestValidation asks now and then whether a token is still good, and learns before
// anybody uses it that it is not.
func TestValidation(t *testing.T) {
	tests := []struct {
		name   string
		server authtest.Options
		spoil  func(w *world)
		want   string
	}{
		{"good", authtest.Options{TokenLifetime: 20 * time.Minute}, nil, `
			4m59s validates
			9m59s validates
			14m59s validates
			18m59s refreshes
			23m59s validates`},
		{"trouble", authtest.Options{TokenLifetime: time.Hour}, func(w *world) {
			w.srv.Break(authtest.UserInfo, authtest.Unavailable(0), stand.Hang())
		}, `
			4m59s validates
			5m1s validates
			5m15s validates
			10m15s validates
			15m15s validates
			20m15s validates`},
		{"good no more", authtest.Options{TokenLifetime: time.Hour}, func(w *world) {
			w.srv.Break(authtest.UserInfo, append([]stand.Fault{authtest.Unavailable(0)}, unauthorized(1)...)...)
		}, `
			4m59s validates
			5m1s refreshes
			5m1s validates
			10m1s validates
			15m1s validates
			20m1s validates`},
		{"good no more, and nothing to refresh it with", authtest.Options{TokenLifetime: time.Hour, NoRefresh: true}, func(w *world) {
			w.srv.Break(authtest.UserInfo, unauthorized(1)...)
		}, `
			4m59s validates
			4m59s tells alice: octocat at auth is dead`},
		{"nothing to refresh it with", authtest.Options{TokenLifetime: 13 * time.Minute, NoRefresh: true}, nil, `
			4m59s validates
			9m59s validates`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{server: tt.server, inMemory: true}, func(w *world) {
				p := w.Providers()[0]
				p.ValidateEvery = 5 * time.Minute
				p.Validate = func(ctx context.Context, c *http.Client, t authflow.Token) error {
					_, err := p.Who(ctx, c, t)
					return err
				}
				w.providers = []authflow.Provider{p}
				w.restart()
				w.link("alice", "octocat")
				if tt.spoil != nil {
					tt.spoil(w)
				}
				w.sleep(25 * time.Minute)
				w.wantStory(strings.ReplaceAll(tt.want, "validates", "asks who"))
			})
		})
	}
}

func TestRefreshOfVendors(t *testing.T) {
	app := provider.App{Name: "auth", Kind: "github", ID: "app", Secret: clientSecret, Base: "https://auth.example", Scopes: []string{"repo", "repo:status"}}
	p, err := provider.New(app)
	if err != nil {
		t.Fatal(err)
	}
	s := setup{providers: []authflow.Provider{p}, server: authtest.Options{GitHubExpire: true, TokenLifetime: 5 * time.Minute, Withhold: []string{"repo:status"}}}
	bubble(t, s, func(w *world) {
		w.link("alice", "octocat")
		w.sleep(8 * time.Minute)
		w.wantStory("3m59s refreshes\n7m59s refreshes")
		a, end, err := w.Accounts().Remove(w.Context(), "alice", "auth", "")
		if err != nil || end != authflow.Revoked || strings.Join(a.Scopes, " ") != "repo repo:status" {
			w.Errorf("got %s, %+v, %v, want octocat's scopes kept and the token revoked", end, a, err)
		}
		last := w.srv.Requests(authtest.GitHubRevocation)
		if len(last) != 1 || last[0].Method != http.MethodDelete || last[0].Path != "/api/v3/applications/app/token" {
			w.Errorf("got %v, want a token deleted", last)
		}
	})
}
