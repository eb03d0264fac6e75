package authflow_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/store"
)

// stats says in words what a process has counted, without what is none.
func (w *world) stats(provider string) string {
	s := w.Stats()
	p, known := s.Providers[provider]
	if !known {
		w.Fatalf("got no numbers of %s in %+v", provider, s)
	}
	var all []string
	say := func(n uint64, what string) {
		if n > 0 {
			all = append(all, fmt.Sprint(n, " ", what))
		}
	}
	say(uint64(p.Open), "open")
	if len(p.Ended) != 5 {
		w.Errorf("got the ends %v, want each of the five", p.Ended)
	}
	for _, end := range []authflow.State{authflow.Linked, authflow.Denied, authflow.Expired, authflow.Cancelled, authflow.Failed} {
		say(p.Ended[end], string(end))
	}
	say(p.Answered, "answered")
	say(p.Unanswered, "unanswered")
	say(p.Refreshed, "refreshed")
	say(p.RefreshFailed, "not refreshed")
	say(p.Died, "died")
	say(s.Outbox.Told, "told")
	say(s.Outbox.Failed, "not told")
	say(s.Outbox.GivenUp, "never told")
	return strings.Join(all, ", ")
}

func (w *world) wantStats(provider, want string) {
	w.Helper()
	if got := w.stats(provider); got != want {
		w.Errorf("got %s, want %s", got, want)
	}
}

// TestStats lets things happen, and counts them.
func TestStats(t *testing.T) {
	short := authtest.Options{CodeLifetime: 14 * time.Second, TokenLifetime: 5 * time.Minute}
	for _, tt := range []struct {
		name string
		do   func(w *world)
		want string
	}{
		{"nothing", func(*world) {}, ""},
		{"waiting", func(w *world) { w.start("alice"); w.start("bob"); w.sleep(11 * time.Second) }, "2 open, 4 answered"},
		{"linked", func(w *world) { w.link("alice", "octocat") }, "1 linked, 1 answered, 1 told"},
		{"denied", func(w *world) {
			w.must(w.srv.Deny(w.start("alice").Show.Code))
			w.sleep(6 * time.Second)
		}, "1 denied, 1 answered, 1 told"},
		{"expired", func(w *world) { w.start("alice"); w.sleep(time.Minute) }, "1 expired, 3 answered, 1 told"},
		{"cancelled", func(w *world) {
			_, err := w.Cancel(w.Context(), w.start("alice").ID)
			w.must(err)
			w.sleep(time.Second)
		}, "1 cancelled, 1 told"},
		{"refused", func(w *world) {
			w.srv.Break(authtest.Token, fault(401, `{"error":"invalid_client"}`))
			w.start("alice")
			w.sleep(6 * time.Second)
		}, "1 failed, 1 answered, 1 told"},
		{"trouble", func(w *world) {
			w.srv.Break(authtest.Token, authtest.Unavailable(0))
			w.start("alice")
			w.sleep(16 * time.Second)
		}, "1 expired, 1 answered, 1 unanswered, 1 told"},
		{"given up by us", func(w *world) {
			w.srv.Break(authtest.Token, stand.Hang())
			l := w.start("alice")
			w.sleep(6 * time.Second)
			_, err := w.Cancel(w.Context(), l.ID)
			w.must(err)
			w.sleep(time.Second)
		}, "1 cancelled, 1 told"},
		{"refreshed", func(w *world) { w.link("alice", "octocat"); w.sleep(5 * time.Minute) }, "1 linked, 1 answered, 1 refreshed, 1 told"},
		{"refreshed late", func(w *world) {
			w.link("alice", "octocat")
			w.srv.Break(authtest.Token, authtest.Unavailable(0), authtest.Unavailable(0))
			w.sleep(5 * time.Minute)
		}, "1 linked, 1 answered, 1 refreshed, 2 not refreshed, 1 told"},
		{"died", func(w *world) {
			w.link("alice", "octocat")
			w.srv.Break(authtest.Token, fault(400, `{"error":"invalid_grant"}`))
			w.sleep(5 * time.Minute)
		}, "1 linked, 1 answered, 1 died, 2 told"},
		{"told late", func(w *world) {
			w.away(2, errAway)
			w.link("alice", "octocat")
			w.sleep(5 * time.Second)
		}, "1 linked, 1 answered, 1 told, 2 not told"},
		{"never told", func(w *world) {
			first := true
			w.tells(func(authflow.Login) error {
				if !first {
					return errAway
				}
				first = false
				due, err := w.db.outbox(w.Context())
				w.must(err)
				due[0].GiveUp = time.Now().Add(-time.Second)
				return errors.Join(errAway, w.db.PutTell(w.Context(), due[0]))
			})
			w.link("alice", "octocat")
		}, "1 linked, 1 answered, 1 not told, 1 never told"},
		{"nothing to tell", func(w *world) {
			w.must(w.db.PutTell(w.Context(), store.Tell{Key: "login:gone", Person: "alice", Payload: "gone", Try: time.Now(), GiveUp: time.Now().Add(time.Hour)}))
			w.sleep(6 * time.Second)
			due, err := w.db.outbox(w.Context())
			if err != nil || len(due) != 0 {
				w.Errorf("got %d left to tell, %v, want none", len(due), err)
			}
		}, ""},
		{"taken over", func(w *world) { w.start("alice"); w.restart() }, "1 open"},
		{"left to others", func(w *world) { w.start("alice"); w.stop() }, ""},
		{"ended unreadable", func(w *world) {
			l := w.start("alice")
			w.stop()
			row, err := w.db.Login(w.Context(), l.ID)
			w.must(err)
			w.must(w.db.KeepLogin(w.Context(), l.ID, row.Origin, []byte("nonsense"), time.Time{}, true))
			w.restart()
		}, "1 failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{server: short, inMemory: true}, func(w *world) {
				tt.do(w)
				w.wantStats("auth", tt.want)
				w.wantStats(authflow.Other, strings.Join(toldIn(tt.want), ", "))
			})
		})
	}
}

// toldIn is the part of what was counted that is not about one provider.
func toldIn(stats string) (all []string) {
	for part := range strings.SplitSeq(stats, ", ") {
		if strings.HasSuffix(part, "told") {
			all = append(all, part)
		}
	}
	return all
}

// TestStatsOfOthers counts a login at a provider that is no longer offered, whatever
// it was called.
func TestStatsOfOthers(t *testing.T) {
	f := &fake{name: "fake"}
	bubble(t, setup{providers: []authflow.Provider{f.provider("gone")}, inMemory: true}, func(w *world) {
		w.start("alice")
		f.off = errors.New("off")
		w.providers = []authflow.Provider{f.provider("here")}
		w.tells(func(authflow.Login) error { return nil })
		w.db.fail("ChangeLogin", 1)
		w.restart()
		w.wantStats(authflow.Other, "1 open")
		w.sleep(time.Minute)
		w.wantStats(authflow.Other, "1 failed, 1 told")
		w.wantStats("here", "1 told")
		if n := len(w.Stats().Providers); n != 2 {
			w.Errorf("got %d providers, want 2", n)
		}
	})
}

// TestStatsOfBrowsers counts no polls, where nobody is asked.
func TestStatsOfBrowsers(t *testing.T) {
	bubble(t, setup{web: "browser", inMemory: true}, func(w *world) {
		w.start("alice")
		w.wantStats("auth", "1 open")
		w.sleep(ever)
		w.wantStats("auth", "1 expired, 1 told")
		if late := w.Stats().Providers["auth"].Late.Count; late != 0 {
			w.Errorf("got %d polls, want none", late)
		}
	})
}

// TestLateness has 48 logins due at the same time, of which a slow provider is
// asked about 16 at a time.
func TestLateness(t *testing.T) {
	f := &fake{name: "fake", takes: 4 * time.Second}
	bubble(t, setup{providers: []authflow.Provider{f.provider("fake")}, inMemory: true}, func(w *world) {
		w.many(48)
		w.sleep(14 * time.Second)
		late := w.Stats().Providers["fake"].Late
		var got []uint64
		for _, b := range late.Buckets {
			got = append(got, b.Count)
		}
		want := "[16 16 16 16 16 16 32]" // 0, 4 and 8 s
		if fmt.Sprint(got) != want || late.Count != 48 || late.Sum != 16*12*time.Second {
			w.Errorf("got %v, %d in all, %v together, want %s, 48, 3m12s", got, late.Count, late.Sum, want)
		}
	})
}
