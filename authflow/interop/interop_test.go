package interop_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core/seal"
)

// app is all that an operator sets.
var app = provider.App{Name: "auth", ID: appID, Secret: appSecret, Scopes: []string{"openid", "profile", "offline_access"}}

var servers = []struct {
	name     string
	start    func(*testing.T) server
	stranger error // of Start, for an app that does not prove who it is
}{
	{"zitadel", newZitadel, authflow.ErrFlowOff}, // it says unauthorized_client
	{"go-oidc", newLuikyv, authflow.ErrSetup},
}

var scenarios = []struct {
	name string
	play func(*world)
}{
	{"approve", func(w *world) {
		l := w.start()
		w.until(12 * time.Second)
		w.allow(l)
		w.until(time.Minute)
		w.wantStory(`
			0s  openid-configuration ok
			0s  device_authorization ok
			5s  device_code authorization_pending, 2 times until 10s
			15s device_code ok
			15s userinfo ok
			15s tells linked octocat
		`)
	}},
	{"approve before the first poll", (*world).link},
	{"refuse", func(w *world) {
		l := w.start()
		w.until(7 * time.Second)
		w.deny(l)
		w.until(time.Minute)
		w.wantStory(`
			0s  openid-configuration ok
			0s  device_authorization ok
			5s  device_code authorization_pending
			10s device_code access_denied
			10s tells denied
		`)
	}},
	{"slow down twice", func(w *world) {
		l := w.start()
		w.server.overload()
		w.until(6 * time.Second)
		w.server.overload() // 10 s, and a fifth of it for clocks that run fast
		w.until(40 * time.Second)
		w.allow(l)
		w.until(time.Minute)
		w.wantStory(`
			0s  openid-configuration ok
			0s  device_authorization ok
			5s  device_code slow_down, 2 times until 17s
			35s device_code authorization_pending
			53s device_code ok
			53s userinfo ok
			53s tells linked octocat
		`)
	}},
	{"expire", func(w *world) {
		w.server.overload()
		w.start()
		w.until(10 * time.Minute)
		w.wantStory(`
			0s   openid-configuration ok
			0s   device_authorization ok
			5s   device_code slow_down
			17s  device_code authorization_pending, 24 times until 4m53s
			5m5s device_code expired_token
			5m5s tells expired
		`)
	}},
	{"cancel", func(w *world) {
		l := w.start()
		w.until(7 * time.Second)
		_, err := w.Cancel(w.Context(), l.ID)
		w.must(err)
		w.until(time.Minute)
		w.wantStory(`
			0s openid-configuration ok
			0s device_authorization ok
			5s device_code authorization_pending
			7s tells cancelled
		`)
	}},
	{"refresh with rotation", func(w *world) {
		w.link()
		w.until(10 * time.Minute)
		if got := w.whoami(); got != name {
			w.Errorf("got %q, want %s", got, name)
		}
		w.wantStory(`
			4m5s  refresh_token ok, 2 times until 8m5s
			10m0s userinfo ok
		`)
		if !slices.Equal(w.spent, w.granted[:2]) {
			w.Error("got a refresh with a token that is not the newest")
		}
		w.wantDead(authflow.Token{Refresh: seal.Secret(w.spent[0])})
	}},
	{"revoke", func(w *world) {
		w.link()
		w.until(time.Minute)
		_, end, err := w.Accounts().Remove(w.Context(), "alice", "auth", "")
		if err != nil || end != authflow.Revoked {
			w.Errorf("got %s, %v, want revoked", end, err)
		}
		w.until(10 * time.Minute)
		w.wantStory(`
			1m0s revoke ok
		`)
		w.wantDead(authflow.Token{Access: seal.Secret(w.last.Access)})
		w.wantDead(authflow.Token{Refresh: seal.Secret(w.last.Refresh)})
	}},
	{"revoked elsewhere", func(w *world) {
		w.link()
		w.until(time.Minute)
		w.must(w.provider.Revoke(w.Context(), authflow.NewClient(w.http), authflow.Token{Refresh: seal.Secret(w.last.Refresh)}))
		w.until(10 * time.Minute)
		if _, err := w.Accounts().Client(w.Context(), "alice", "auth"); !errors.Is(err, authflow.ErrSignInAgain) {
			w.Errorf("got %v, want %v", err, authflow.ErrSignInAgain)
		}
		w.wantStory(`
			1m0s revoke ok
			4m5s refresh_token invalid_grant
			4m5s tells dead octocat
		`)
	}},
}

// link is the shortest login there is.
func (w *world) link() {
	w.Helper()
	w.allow(w.start())
	w.until(6 * time.Second)
	w.wantStory(`
		0s openid-configuration ok
		0s device_authorization ok
		5s device_code ok
		5s userinfo ok
		5s tells linked octocat
	`)
}

func TestScenarios(t *testing.T) {
	for _, s := range servers {
		for _, tt := range scenarios {
			t.Run(s.name+"/"+tt.name, func(t *testing.T) { play(t, s.start, app, tt.play) })
		}
	}
}

// TestMistakes shows what Start says when the operator's settings do not fit.
func TestMistakes(t *testing.T) {
	for _, s := range servers {
		for _, tt := range []struct {
			name, id string
			secret   seal.Secret
			want     error
		}{
			{"wrong secret", appID, "wrong", s.stranger},
			{"unknown app", "nobody", appSecret, s.stranger},
			{"app that may not use the flow", otherID, appSecret, authflow.ErrFlowOff},
		} {
			t.Run(s.name+"/"+tt.name, func(t *testing.T) {
				app := app
				app.ID, app.Secret = tt.id, tt.secret
				play(t, s.start, app, func(w *world) {
					_, err := w.Start(w.Context(), authflow.Start{Person: "alice", Provider: "auth"})
					if !errors.Is(err, tt.want) {
						w.Errorf("got %v, want %v", err, tt.want)
					}
				})
			})
		}
	}
}
