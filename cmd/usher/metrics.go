package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core"
)

// newMetrics serves what Prometheus scrapes, at an address of its own: it is for the
// operator, and what the bot serves is for everybody.
func newMetrics(at net.Listener) func(*core.Bot, *authflow.Logins, *slog.Logger) core.Companion {
	return func(bot *core.Bot, logins *authflow.Logins, log *slog.Logger) core.Companion {
		registry := prometheus.NewRegistry()
		registry.MustRegister(
			newCollector(release(), bot.Stats, logins.Stats), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		)
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), MaxRequestsInFlight: 4,
		}))
		run := newServer(at, mux, log)
		return func(ctx context.Context) error {
			log.Info("metrics are served", "at", "http://"+at.Addr().String()+"/metrics")
			return run(ctx)
		}
	}
}

// collector makes metrics of what core and authflow have counted, when they are asked
// for. Its labels are names that the operator chose and words that are written here.
type collector struct {
	version string
	bot     func() core.Stats
	logins  func() authflow.Stats

	build, ready, commands, presses            *prometheus.Desc
	open, ended, polls, late, refreshes, tells *prometheus.Desc
}

func newCollector(version string, bot func() core.Stats, logins func() authflow.Stats) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("usher_"+name, help, labels, nil)
	}
	return &collector{
		version: version, bot: bot, logins: logins,
		build:     desc("build_info", "What was built; always 1.", "version"),
		ready:     desc("platform_ready", "Whether the platform is connected, by this process or another one: 1 or 0.", "platform"),
		commands:  desc("commands_total", "Commands that were run.", "platform", "outcome"),
		presses:   desc("presses_total", "Buttons that were pressed and forms that were sent.", "platform"),
		open:      desc("logins_open", "Logins that this process looks after.", "provider"),
		ended:     desc("logins_ended_total", "Logins that have ended, by how.", "provider", "state"),
		polls:     desc("polls_total", "Questions to providers how a login stands.", "provider", "outcome"),
		late:      desc("poll_late_seconds", "How long after they were due polls began.", "provider"),
		refreshes: desc("refreshes_total", "Refreshes of tokens; with died, accounts whose access the provider has ended.", "provider", "outcome"),
		tells:     desc("outbox_total", "Tries to tell people what became of their logins.", "outcome"),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.build, c.ready, c.commands, c.presses, c.open, c.ended, c.polls, c.late, c.refreshes, c.tells} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(c.build, prometheus.GaugeValue, 1, c.version)
	for platform, p := range c.bot().Platforms {
		c.platform(to, platform, p)
	}
	s := c.logins()
	for provider, p := range s.Providers {
		c.provider(to, provider, p)
	}
	count(to, c.tells, s.Outbox.Told, "told")
	count(to, c.tells, s.Outbox.Failed, "failed")
	count(to, c.tells, s.Outbox.GivenUp, "given_up")
}

func (c *collector) platform(to chan<- prometheus.Metric, name string, p core.PlatformStats) {
	ready := 0.0
	if p.Ready {
		ready = 1
	}
	to <- prometheus.MustNewConstMetric(c.ready, prometheus.GaugeValue, ready, name)
	count(to, c.commands, p.Commands-p.Failed, name, "done")
	count(to, c.commands, p.Failed, name, "failed")
	count(to, c.presses, p.Presses, name)
}

func (c *collector) provider(to chan<- prometheus.Metric, name string, p authflow.ProviderStats) {
	to <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, float64(p.Open), name)
	for end, n := range p.Ended {
		count(to, c.ended, n, name, string(end))
	}
	count(to, c.polls, p.Answered, name, "answered")
	count(to, c.polls, p.Unanswered, name, "unanswered")
	within := map[float64]uint64{}
	for _, b := range p.Late.Buckets {
		within[b.Within.Seconds()] = b.Count
	}
	to <- prometheus.MustNewConstHistogram(c.late, p.Late.Count, p.Late.Sum.Seconds(), within, name)
	count(to, c.refreshes, p.Refreshed, name, "done")
	count(to, c.refreshes, p.RefreshFailed, name, "failed")
	count(to, c.refreshes, p.Died, name, "died")
}

func count(to chan<- prometheus.Metric, d *prometheus.Desc, n uint64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}
