package authflow_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
)

// TestRemoveIsHonest forgets the account whatever the provider does, and says what
// it did.
func TestRemoveIsHonest(t *testing.T) {
	tests := []struct {
		name   string
		server authtest.Options
		spoil  func(w *world)
		want   authflow.Revocation
		takes  time.Duration
		asked  int
	}{
		{"revoked", authtest.Options{}, nil, authflow.Revoked, 0, 1},
		{"revoked, without a refresh token", authtest.Options{NoRefresh: true}, nil, authflow.Revoked, 0, 1},
		{"revoked before", authtest.Options{}, func(w *world) { w.srv.Withdraw(w.srv.User("octocat")) }, authflow.Revoked, 0, 1},
		{"revoked before, and called an error", authtest.Options{}, func(w *world) {
			w.srv.Break(authtest.Revocation, fault(400, `{"error":"invalid_token"}`))
		}, authflow.Revoked, 0, 1},
		{"revoked before, in Twitch's words", authtest.Options{}, func(w *world) {
			w.srv.Break(authtest.Revocation, fault(400, `{"status":400,"message":"Invalid token"}`))
		}, authflow.Revoked, 0, 1},
		{"no endpoint", authtest.Options{NoRevocation: true}, nil, authflow.Irrevocable, 0, 0},
		{"a provider that is offered no more", authtest.Options{}, func(w *world) {
			w.providers = []authflow.Provider{{Name: "other"}}
			w.restart()
		}, authflow.Irrevocable, 0, 0},
		{"down", authtest.Options{}, func(w *world) { w.srv.Stop() }, authflow.Unrevoked, 0, 1},
		{"no answer", authtest.Options{}, func(w *world) { w.srv.Break(authtest.Revocation, stand.Hang()) }, authflow.Unrevoked, 10 * time.Second, 1},
		{"refused", authtest.Options{}, func(w *world) {
			w.srv.Break(authtest.Revocation, fault(400, `{"error":"unsupported_token_type"}`))
		}, authflow.Unrevoked, 0, 1},
		{"quoted", authtest.Options{}, func(w *world) { w.srv.Break(authtest.Revocation, echo) }, authflow.Unrevoked, 0, 1},
		{"of a grant that has died", authtest.Options{}, func(w *world) {
			w.srv.Withdraw(w.srv.User("octocat"))
			w.sleep(time.Hour)
		}, authflow.Revoked, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{server: tt.server}, func(w *world) {
				w.link("alice", "octocat")
				if tt.spoil != nil {
					tt.spoil(w)
				}
				before := time.Now()
				a, end, err := w.Accounts().Remove(w.Context(), "alice", "auth", "")
				if err != nil || end != tt.want || a.Who.Name != "octocat" || time.Since(before) != tt.takes {
					w.Errorf("got %s of %s, %v, after %v, want %s of octocat after %v", end, a.Who.Name, err, time.Since(before), tt.want, tt.takes)
				}
				_, err = w.Accounts().Get(w.Context(), "alice", "auth")
				w.wantErr(err, authflow.ErrNotLinked)
				if n := len(w.srv.Requests(authtest.Revocation)); n != tt.asked {
					w.Errorf("got %d requests, want %d", n, tt.asked)
				}
			})
		})
	}
}

// TestRemoveAsksForTheRightToken has the refresh token revoked where there is one:
// the access token dies too.
func TestRemoveAsksForTheRightToken(t *testing.T) {
	for hint, without := range map[string]bool{"refresh_token": false, "access_token": true} {
		bubble(t, setup{server: authtest.Options{NoRefresh: without}}, func(w *world) {
			w.link("alice", "octocat")
			_, _, err := w.Accounts().Remove(w.Context(), "alice", "auth", "")
			w.must(err)
			f := w.srv.Requests(authtest.Revocation)[0].Form
			if f.Get("token_type_hint") != hint || f.Get("client_id") != "app" || f.Get("client_secret") != clientSecret {
				w.Errorf("got the hint %s of %s, want %s of the app that proves who it is", f.Get("token_type_hint"), f.Get("client_id"), hint)
			}
		})
	}
}

// TestRemoveCrossesARefresh revokes the token that an account had in the end, too.
func TestRemoveCrossesARefresh(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		p := w.Providers()[0]
		revoke, revoked := p.Revoke, 0
		p.Revoke = func(ctx context.Context, c *http.Client, t authflow.Token) error {
			if revoked++; revoked == 1 {
				row, err := w.db.Account(ctx, "alice", "auth")
				w.must(err)
				w.must(w.db.RenewAccount(ctx, row, nil))
			}
			return revoke(ctx, c, t)
		}
		w.providers = []authflow.Provider{p}
		w.restart()
		w.link("alice", "octocat")
		if _, end, err := w.Accounts().Remove(w.Context(), "alice", "auth", ""); err != nil || end != authflow.Revoked || revoked != 2 {
			w.Errorf("got %s, %v, after %d revocations, want it revoked after 2", end, err, revoked)
		}
	})
}

// TestRevocationSparesWhatGoesOn: with one token of an account all may die.
func TestRevocationSparesWhatGoesOn(t *testing.T) {
	tests := []struct {
		name string
		act  func(w *world)
		want string
	}{
		{"the same account linked again", func(w *world) { w.link("alice", "octocat") }, ""},
		{"an account replaced that another person has", func(w *world) {
			w.link("bob", "octocat")
			w.must(w.switchTo("alice", "hubot"))
		}, ""},
		{"an account replaced that nobody has", func(w *world) { w.must(w.switchTo("alice", "hubot")) }, "revokes"},
		{"a login cancelled that may be of the linked account", func(w *world) {
			l := w.start("alice")
			w.approve(l, "octocat")
			w.srv.Break(authtest.UserInfo, stand.Hang())
			w.sleep(6 * time.Second)
			_, err := w.Cancel(w.Context(), l.ID)
			w.must(err)
			w.wantState(l, "cancelled (token dropped)")
		}, ""},
		{"one disowned that another person has", func(w *world) {
			w.link("bob", "hubot")
			l := w.start("alice")
			w.approve(l, "hubot")
			w.sleep(6 * time.Second)
			_, err := w.Disown(w.Context(), l.ID)
			w.must(err)
			w.wantState(l, "cancelled not mine (token dropped)")
		}, ""},
		{"one disowned that nobody has", func(w *world) {
			l := w.start("alice")
			w.approve(l, "hubot")
			w.sleep(6 * time.Second)
			_, err := w.Disown(w.Context(), l.ID)
			w.must(err)
			w.wantState(l, "cancelled not mine (token revoked)")
		}, "revokes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				w.link("alice", "octocat")
				w.sleep(10 * time.Minute)
				tt.act(w)
				w.sleep(time.Second)
				got := ""
				for range w.srv.Requests(authtest.Revocation) {
					got += "revokes"
				}
				if got != tt.want {
					w.Errorf("got %q, want %q", got, tt.want)
				}
				w.whoami("alice")
			})
		})
	}
}

// TestRevocationIsWaitedFor at the end of a process, for a short while.
func TestRevocationIsWaitedFor(t *testing.T) {
	tests := []struct {
		name   string
		answer time.Duration
		want   time.Duration
	}{
		{"one that comes", 2 * time.Second, 2 * time.Second},
		{"one that does not", time.Minute, 3 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{}, func(w *world) {
				l := w.start("alice")
				w.approve(l, "octocat")
				w.srv.Break(authtest.UserInfo, authtest.Unavailable(0))
				w.sleep(6 * time.Second)
				w.srv.Break(authtest.Revocation, stand.After(tt.answer, fault(http.StatusOK, `{}`)))
				_, err := w.Cancel(w.Context(), l.ID)
				w.must(err)
				if took := w.stop(); took != tt.want {
					w.Errorf("got an end after %v, want it after %v", took, tt.want)
				}
			})
		})
	}
}

// TestRevocationOfALateToken is of one that came when its login had ended, and one
// whose row is no more.
func TestRevocationOfALateToken(t *testing.T) {
	bubble(t, setup{}, func(w *world) {
		l := w.start("alice")
		w.approve(l, "octocat")
		w.db.fail("ChangeLogin", 3)
		w.sleep(6 * time.Second)
		w.must(w.db.Forget(w.Context(), "alice"))
		w.sleep(aWhile)
		if n := len(w.srv.Requests(authtest.Revocation)); n != 1 {
			w.Errorf("got %d revocations, want 1", n)
		}
	})
}
