package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// TestCollector turns each number into a metric.
func TestCollector(t *testing.T) {
	c := newCollector("v0.2.0",
		func() core.Stats {
			return core.Stats{Platforms: map[string]core.PlatformStats{
				"chat": {Ready: true, Commands: 10, Failed: 3, Presses: 4}, "mail": {},
			}}
		},
		func() authflow.Stats {
			return authflow.Stats{
				Providers: map[string]authflow.ProviderStats{"acme": {
					Open: 5, Ended: map[authflow.State]uint64{authflow.Linked: 6, authflow.Denied: 7}, Answered: 8, Unanswered: 9,
					Late: authflow.Lateness{
						Buckets: []authflow.Bucket{{Within: 10 * time.Millisecond, Count: 11}, {Within: time.Second, Count: 12}}, Count: 13, Sum: 1500 * time.Millisecond,
					},
					Refreshed: 14, RefreshFailed: 15, Died: 16,
				}},
				Outbox: authflow.OutboxStats{Told: 17, Failed: 18, GivenUp: 19},
			}
		})
	if err := testutil.CollectAndCompare(c, strings.NewReader(`
		# HELP usher_build_info What was built; always 1.
		# TYPE usher_build_info gauge
		usher_build_info{version="v0.2.0"} 1
		# HELP usher_commands_total Commands that were run.
		# TYPE usher_commands_total counter
		usher_commands_total{outcome="done",platform="chat"} 7
		usher_commands_total{outcome="failed",platform="chat"} 3
		usher_commands_total{outcome="done",platform="mail"} 0
		usher_commands_total{outcome="failed",platform="mail"} 0
		# HELP usher_logins_ended_total Logins that have ended, by how.
		# TYPE usher_logins_ended_total counter
		usher_logins_ended_total{provider="acme",state="linked"} 6
		usher_logins_ended_total{provider="acme",state="denied"} 7
		# HELP usher_logins_open Logins that this process looks after.
		# TYPE usher_logins_open gauge
		usher_logins_open{provider="acme"} 5
		# HELP usher_outbox_total Tries to tell people what became of their logins.
		# TYPE usher_outbox_total counter
		usher_outbox_total{outcome="told"} 17
		usher_outbox_total{outcome="failed"} 18
		usher_outbox_total{outcome="given_up"} 19
		# HELP usher_platform_ready Whether the platform is connected, by this process or another one: 1 or 0.
		# TYPE usher_platform_ready gauge
		usher_platform_ready{platform="chat"} 1
		usher_platform_ready{platform="mail"} 0
		# HELP usher_poll_late_seconds How long after they were due polls began.
		# TYPE usher_poll_late_seconds histogram
		usher_poll_late_seconds_bucket{provider="acme",le="0.01"} 11
		usher_poll_late_seconds_bucket{provider="acme",le="1"} 12
		usher_poll_late_seconds_bucket{provider="acme",le="+Inf"} 13
		usher_poll_late_seconds_sum{provider="acme"} 1.5
		usher_poll_late_seconds_count{provider="acme"} 13
		# HELP usher_polls_total Questions to providers how a login stands.
		# TYPE usher_polls_total counter
		usher_polls_total{outcome="answered",provider="acme"} 8
		usher_polls_total{outcome="unanswered",provider="acme"} 9
		# HELP usher_presses_total Buttons that were pressed and forms that were sent.
		# TYPE usher_presses_total counter
		usher_presses_total{platform="chat"} 4
		usher_presses_total{platform="mail"} 0
		# HELP usher_refreshes_total Refreshes of tokens; with died, accounts whose access the provider has ended.
		# TYPE usher_refreshes_total counter
		usher_refreshes_total{outcome="done",provider="acme"} 14
		usher_refreshes_total{outcome="failed",provider="acme"} 15
		usher_refreshes_total{outcome="died",provider="acme"} 16
	`)); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("got %v and %v, want nothing to complain about", problems, err)
	}
	if err := prometheus.NewPedanticRegistry().Register(c); err != nil {
		t.Error(err)
	}
}

// scrape reads what is at /metrics.
func scrape(t *testing.T, address string) string {
	t.Helper()
	resp, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("got %s, %v of %s and %v, want metrics", resp.Status, resp.Header, b, err)
	}
	return string(b)
}

// TestMetrics signs alice in and looks for that in what the running bot says to Prometheus.
func TestMetrics(t *testing.T) {
	w := newWorld(t)
	address := unused(t)
	s := begin(t, w.settings("USHER_METRICS_LISTEN="+address, "USHER_PROVIDERS=acme", "ACME_TITLE=Acme", "ACME_ISSUER="+w.auth.URL(), "ACME_CLIENT_ID=app"))
	s.log.wait(t, "msg=ready")
	s.log.wait(t, `at=http://`+address+`/metrics`)
	w.chat.Say("alice", coretest.Direct, "/login acme")
	w.sees(t, "Sign in to Acme")
	code := w.auth.Pending()[0]
	if got := scrape(t, address); !strings.Contains(got, `usher_logins_open{provider="acme"} 1`+"\n") {
		t.Errorf("got no open login in\n%s", got)
	}
	if err := w.auth.Approve(code, w.auth.User("octocat")); err != nil {
		t.Fatal(err)
	}
	w.sees(t, "Signed in as octocat on Acme")
	got := scrape(t, address)
	for _, want := range []string{
		`usher_build_info{version="` + release() + `"} 1`, `usher_platform_ready{platform="telegram"} 1`,
		`usher_commands_total{outcome="done",platform="telegram"} 1`, `usher_presses_total{platform="telegram"} 0`,
		`usher_logins_open{provider="acme"} 0`, `usher_logins_ended_total{provider="acme",state="linked"} 1`,
		`usher_logins_ended_total{provider="other",state="failed"} 0`, `usher_polls_total{outcome="unanswered",provider="acme"} 0`,
		`usher_poll_late_seconds_bucket{provider="acme",le="5"} `, `usher_refreshes_total{outcome="died",provider="acme"} 0`,
		`usher_outbox_total{outcome="given_up"} 0`, `go_goroutines `, `process_resident_memory_bytes `,
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("got no %s in\n%s", want, got)
		}
	}
	for _, hidden := range []string{code, secret, w.chat.Token().Reveal(), "alice", "octocat", w.auth.URL(), w.dir} {
		if strings.Contains(got, hidden) {
			t.Errorf("got %q in\n%s", hidden, got)
		}
	}
	wantElsewhere(t, "http://"+address+"/healthz")
	s.stop(t)
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("got a connection after the end")
	}
}

// wantElsewhere looks that something is not served here.
func wantElsewhere(t *testing.T, url string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("%s: got %s, want 404", url, resp.Status)
	}
}

// TestMetricsAreOff unless they are asked for, and never where everybody can ask.
func TestMetricsAreOff(t *testing.T) {
	w := newWorld(t)
	address := unused(t)
	s := begin(t, w.settings("USHER_LISTEN="+address))
	s.log.wait(t, "msg=ready")
	wantElsewhere(t, "http://"+address+"/metrics")
	s.stop(t)
	if strings.Contains(s.log.String(), "metrics") {
		t.Errorf("got metrics in\n%s", &s.log)
	}
}
