package slacktest_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
)

// delivered is a request to the bot, which was signed well.
type delivered struct {
	path, body, retry, reason string
}

// ackLate is too late to acknowledge.
const ackLate = 4 * time.Second

// site is where a bot is called.
type site struct {
	*bot
	hits   chan delivered
	answer atomic.Pointer[func(w http.ResponseWriter)] // nil: 200
}

// called is a bubble in which the bot is called over HTTP.
func called(t *testing.T, do func(s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New()
		srv := slacktest.New(t, slacktest.Options{Place: stand.Place{Net: n}, Deliver: "https://bot.example/"})
		s := &site{bot: newBot(t, srv), hits: make(chan delivered, 100)}
		web := &http.Server{Handler: s}
		l := n.Listen("bot.example:443")
		ended := make(chan error, 1)
		go func() { ended <- web.Serve(l) }()
		t.Cleanup(func() {
			s.must("close", web.Close())
			if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
		})
		do(s)
	})
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.Error(err)
	}
	check, err := slack.NewSecretsVerifier(r.Header, s.srv.SigningSecret().Reveal())
	if err == nil {
		check.Write(body)
		err = check.Ensure()
	}
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.hits <- delivered{r.URL.Path, string(body), r.Header.Get("X-Slack-Retry-Num"), r.Header.Get("X-Slack-Retry-Reason")}
	if answer := s.answer.Load(); answer != nil {
		(*answer)(w)
	}
}

func (s *site) answers(with func(w http.ResponseWriter)) { s.answer.Store(&with) }

func (s *site) next() delivered {
	s.Helper()
	select {
	case d := <-s.hits:
		return d
	case <-time.After(time.Hour):
		s.Fatal("got no request, want one")
		panic("unreachable")
	}
}

func TestHTTP(t *testing.T) {
	called(t, func(s *site) {
		s.srv.Say("alice", general, "/usher hello")
		if got := s.next(); got.path != "/slack/commands" || !strings.Contains(got.body, "text=hello&") || !strings.Contains(got.body, "command=%2Fusher") {
			s.Errorf("got %+v, want a command", got)
		}
		s.srv.Say("alice", coretest.Direct, "hello")
		if got := s.next(); got.path != "/slack/events" || !strings.Contains(got.body, `"text":"hello"`) || got.retry != "" {
			s.Errorf("got %+v, want an event", got)
		}
	})
}

func TestHTTPPress(t *testing.T) {
	called(t, func(s *site) {
		s.srv.Say("alice", coretest.Direct, "hello")
		_, rest, _ := strings.Cut(s.next().body, `"channel":"`)
		channel, _, _ := strings.Cut(rest, `"`)
		s.post(channel, slack.MsgOptionBlocks(slack.NewActionBlock("", button("Go", "v"))))
		s.next() // the bot's own
		s.must("press", s.srv.Press("alice", s.sees("alice", coretest.Direct, "Go"), "Go"))
		if got := s.next(); got.path != "/slack/interactivity" || !strings.HasPrefix(got.body, "payload=%7B") {
			s.Errorf("got %+v, want a press", got)
		}
	})
}

func TestHTTPRetries(t *testing.T) {
	called(t, func(s *site) {
		s.answers(func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) })
		s.srv.Say("alice", coretest.Direct, "hello")
		first := s.next()
		for _, num := range []string{"1", "2", "3"} {
			if got := s.next(); got.retry != num || got.reason != "http_error" || got.body != first.body {
				s.Errorf("got %+v, want retry %s", got, num)
			}
		}
		s.settled()
		s.answers(func(w http.ResponseWriter) {
			w.Header().Set("X-Slack-No-Retry", "1")
			w.WriteHeader(http.StatusInternalServerError)
		})
		s.srv.Say("alice", coretest.Direct, "hello")
		s.next()
		s.settled()
		s.answers(func(http.ResponseWriter) { time.Sleep(ackLate) })
		s.srv.Say("alice", general, "/usher")
		s.sees("alice", general, "operation_timeout")
		s.next()
		s.srv.Say("alice", coretest.Direct, "hello")
		s.next()
		if got := s.next(); got.retry != "1" || got.reason != "http_timeout" {
			s.Errorf("got %+v, want a retry after a time-out", got)
		}
		time.Sleep(ackLate)
		if len(s.hits) > 0 {
			s.Errorf("got %d more requests, want none", len(s.hits))
		}
	})
}

func TestHTTPAnswers(t *testing.T) {
	called(t, func(s *site) {
		s.answers(func(w http.ResponseWriter) { io.WriteString(w, "Just words") })
		s.srv.Say("alice", general, "/usher")
		if got := s.sees("alice", general, "Just words"); !got.Private {
			s.Error("got it told to all, want alice alone")
		}
		s.answers(func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"response_type":"in_channel","text":"For all"}`)
		})
		s.srv.Say("alice", general, "/usher")
		s.sees("bob", general, "For all")
		s.answers(func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot) })
		s.srv.Say("alice", general, "/usher")
		s.sees("alice", general, "dispatch_failed")
	})
}

func TestSignatures(t *testing.T) {
	called(t, func(s *site) {
		s.srv.Say("alice", general, "/usher")
		s.next()
		for name, probe := range map[string]func() (int, error){"signature": s.srv.BadSignature, "timestamp": s.srv.OldTimestamp} {
			status, err := probe()
			s.must(name, err)
			if status != http.StatusUnauthorized || len(s.hits) > 0 {
				s.Errorf("%s: got status %d, want 401", name, status)
			}
		}
	})
}

func TestChecks(t *testing.T) {
	called(t, func(s *site) {
		if err := s.srv.VerifyURL(); err == nil {
			s.Error("a bot that does not give the challenge back: got no error, want one")
		}
		body := s.next().body
		s.must("ssl_check", s.srv.SSLCheck())
		if got := s.next(); !strings.Contains(got.body, "ssl_check=1") {
			s.Errorf("got %+v, want a check", got)
		}
		if !strings.Contains(body, "url_verification") {
			s.Errorf("got %s, want a challenge", body)
		}
		s.answers(func(w http.ResponseWriter) { io.WriteString(w, strings.ReplaceAll((<-s.hits).body, "type", "kind")) })
		s.must("verify", s.srv.VerifyURL())
		_, _, err := s.api.StartSocketModeContext(s.Context())
		s.refused("open a socket", err, "not_allowed")
	})
}
