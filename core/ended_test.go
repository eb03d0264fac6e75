package core_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// signed is a bot to which alice has signed in, in a channel.
type signed struct {
	*testing.T
	*coretest.Chat
	server *authtest.Server
	db     *sqlstore.Store
	keys   seal.Keys
	add    func(*core.Bot)
	log    text
	stop   func()
}

// text is a log that is read while it is written.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *text) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *text) has(part string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), part)
}

func newSigned(t *testing.T, o authtest.Options, chat coretest.Options, add func(*core.Bot)) *signed {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), sqlstore.Memory)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.NewKeys("a-master-secret-of-one-test-0123456789", "")
	if err != nil {
		t.Fatal(err)
	}
	chat.Caps = coretest.Rich()
	s := &signed{T: t, Chat: coretest.New(chat), server: authtest.New(t, o), db: db, keys: keys, add: add}
	t.Cleanup(func() {
		s.stop()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s.run()
	s.signIn("/login")
	return s
}

func (s *signed) signIn(command string) {
	s.Helper()
	s.Say("alice", "#general", command)
	s.see("#general", "Sign in to Demo")
	s.approve()
	s.see("#general", "Signed in as octocat on Demo.")
}

func (s *signed) approve() {
	s.Helper()
	codes := s.server.Pending()
	if err := s.server.Approve(codes[len(codes)-1], authtest.User{}); err != nil {
		s.Fatal(err)
	}
}

func (s *signed) run() {
	s.Helper()
	demo, err := provider.OIDC(s.server.URL(), provider.App{Name: "demo", Title: "Demo", ID: "app"})
	if err != nil {
		s.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&s.log, nil))
	bot := core.New(core.Options{Store: s.db, Keys: s.keys, Log: log, Logins: authflow.New(authflow.Options{
		Store: s.db, Keys: s.keys, Providers: []authflow.Provider{demo}, HTTP: s.server.Client(), Log: log,
	})})
	if s.add != nil {
		s.add(bot)
	}
	bot.Connect(s.Chat)
	ctx, cancel := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- bot.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.Error(err)
		}
	})
	synctest.Wait()
}

func (s *signed) see(where, part string) coretest.Seen {
	s.Helper()
	waiting, stop := context.WithTimeout(s.Context(), time.Minute)
	defer stop()
	seen, err := coretest.Wait(waiting, s.Chat, "alice", where, part)
	if err != nil {
		s.Fatal(err)
	}
	return seen
}

// TestLogoutIsHonest in each of three ways. Two of them are conversations too.
func TestLogoutIsHonest(t *testing.T) {
	tests := []struct {
		name   string
		server authtest.Options
		fault  stand.Fault
		want   string
	}{
		{"revoked", authtest.Options{}, nil, "Demo has ended my access too."},
		{"no way to revoke", authtest.Options{NoRevocation: true}, nil, "Demo itself still lists this access. Remove it in your account settings there."},
		{
			"no answer",
			authtest.Options{},
			stand.Hang(),
			"I have asked Demo to end my access, without success. Demo itself still lists this access. Remove it in your account settings there.",
		},
	}
	for _, command := range []string{"/logout", "Not me", "/forget"} {
		for _, tt := range tests {
			t.Run(command+", "+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSigned(t, tt.server, coretest.Options{}, nil)
					if tt.fault != nil {
						s.server.Break(authtest.Revocation, tt.fault)
					}
					card, before := s.see("#general", "Signed in as"), time.Now()
					var err error
					switch command {
					case "Not me":
						err = s.Press("alice", card, "Not me")
					case "/forget":
						s.Say("alice", "#general", command)
						err = s.Press("alice", s.see("#general", "Go on?"), "Erase everything")
					default:
						s.Say("alice", "#general", command)
					}
					if err != nil {
						t.Fatal(err)
					}
					seen := s.see("#general", tt.want[:20])
					if got := strings.Join(strings.Fields(seen.Text), " "); !strings.HasSuffix(got, tt.want) || time.Since(before) > 11*time.Second {
						t.Errorf("got %q after %v, want %q", got, time.Since(before), tt.want)
					}
				})
			})
		}
	}
}

// TestCommandFindsOutThatTheAccessHasEnded has a command run into it on its way:
// it runs again only when the person says so after a new login.
func TestCommandFindsOutThatTheAccessHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		var issuer string
		s := newSigned(t, authtest.Options{}, coretest.Options{}, func(b *core.Bot) {
			b.Add(core.Command{Name: "use", Summary: "Uses it", Needs: core.Login("demo"), Run: func(ctx context.Context, in *core.Invocation) error {
				runs++
				c, err := in.Client(ctx, "demo")
				if err != nil {
					return err
				}
				resp, err := c.Get(issuer + string(authtest.UserInfo))
				if err != nil {
					return err
				}
				_, err = in.Reply(ctx, core.Message{Text: "Used."})
				return errors.Join(err, resp.Body.Close())
			}})
		})
		issuer = s.server.URL()
		s.server.Withdraw(s.server.User("octocat"))
		s.signIn("/use")
		s.see(coretest.Direct, "Demo has ended my access to octocat.")
		synctest.Wait()
		if runs != 1 {
			t.Errorf("got %d runs, want 1 before the person was asked", runs)
		}
		if err := s.Press("alice", s.see(coretest.Direct, "Go on with /use?"), "Run /use"); err != nil {
			t.Fatal(err)
		}
		s.see("#general", "Used.")

		s.stop()
		s.server.Withdraw(s.server.User("octocat"))
		time.Sleep(2 * time.Hour)
		s.run()
		s.signIn("/use")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if runs != 3 {
			t.Errorf("got %d runs, want 3: none in vain, and one after the login", runs)
		}
	})
}

// TestAccessEndedSaysSo where a command does not need an account, and uses one.
func TestAccessEndedSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSigned(t, authtest.Options{}, coretest.Options{}, func(b *core.Bot) {
			b.Add(core.Command{Name: "try", Summary: "Tries", Run: func(ctx context.Context, in *core.Invocation) error {
				_, err := in.Client(ctx, "demo")
				return err
			}})
		})
		s.server.Withdraw(s.server.User("octocat"))
		time.Sleep(time.Hour)
		s.Say("alice", "#general", "/try")
		s.see("#general", "You are not signed in. /login does that.")
		if s.log.has("could not be served") {
			t.Error("got an error logged, want none: nothing is broken")
		}
	})
}

// TestNobodyToTellOfAnEndedAccess gives up where the bot cannot write to the person.
func TestNobodyToTellOfAnEndedAccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSigned(t, authtest.Options{}, coretest.Options{DM: coretest.Impossible}, nil)
		s.server.Withdraw(s.server.User("octocat"))
		time.Sleep(time.Hour)
		if !s.log.has("a person cannot be told that an access has ended") {
			t.Error("got no line in the log, want one")
		}
		s.stop()
		if left, err := s.db.ClaimTells(t.Context(), "another", nil); err != nil || left > 0 {
			t.Errorf("got %d, %v to be told, want nothing", left, err)
		}
	})
}
