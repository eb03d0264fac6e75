package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"
)

// The budgets: DESIGN.md section 2.
const (
	mostCPU     = 2.0 // times the bare handler's
	goalCPU     = 1.5
	mostStart   = 120 * time.Millisecond
	mostIdle    = 30 << 20 // bytes
	mostLoaded  = 45 << 20
	mostToAcked = time.Second
)

// line is a line of the table.
type line struct{ what, bot, bare, ratio, budget string }

// lines are the table's.
func lines(r report) []line {
	var out []line
	for _, p := range platforms {
		out = append(out, speedLines(p.name, r.bot.on[p.name], r.bare.on[p.name])...)
	}
	for _, p := range platforms {
		out = append(out, steadyLines(p.name, r.plan.rate, r.bot.on[p.name].steady, r.bare.on[p.name].steady)...)
	}
	out = append(out,
		line{"memory idle", megabytes(r.bot.idle), megabytes(r.bare.idle), "", within(r.bot.idle, mostIdle, megabytes)},
		line{"memory loaded, at most", megabytes(r.bot.loaded), megabytes(r.bare.loaded), "", within(r.bot.loaded, mostLoaded, megabytes)},
		line{"start to first answer", millis(r.bot.start), millis(r.bare.start), "", within(r.bot.start, mostStart, millis)},
	)
	for _, p := range platforms {
		b := r.bursts[p.name]
		what := fmt.Sprintf("%s, %d handlers that wait %.0f s, ", p.name, r.plan.waiting, waitFor.Seconds())
		out = append(out,
			line{what + "all acknowledged in", millis(b.acked), "", "", within(b.acked, mostToAcked, millis)},
			line{what + "all answered in", millis(b.answered), "", "", "all: pass"})
	}
	return append(out, line{"memory with those, at most", megabytes(r.crowded), "", "", ""})
}

// speedLines are what full speed comes to.
func speedLines(platform string, bot, bare *pace) []line {
	ratio := per1000(bot) / per1000(bare)
	return []line{
		{
			platform + ", CPU per 1,000 commands", fmt.Sprintf("%.0f ms", per1000(bot)), fmt.Sprintf("%.0f ms", per1000(bare)),
			times(ratio), budgetCPU(ratio),
		},
		{
			platform + ", done a second", fmt.Sprintf("%.0f", bot.perSecond()), fmt.Sprintf("%.0f", bare.perSecond()),
			times(bot.perSecond() / bare.perSecond()), "",
		},
	}
}

// steadyLines are what a steady pace comes to.
func steadyLines(platform string, rate int, bot, bare []time.Duration) []line {
	var out []line
	for _, p := range []int{50, 99} {
		x, y := percentile(bot, p), percentile(bare, p)
		what := fmt.Sprintf("%s, p%d at %d a second", platform, p, rate)
		out = append(out, line{what, millis(x), millis(y), times(float64(x) / float64(y)), ""})
	}
	return out
}

// per1000 is the CPU of a thousand commands, in milliseconds.
func per1000(p *pace) float64 {
	return p.cpu.Seconds() * 1000 / float64(p.commands) * 1000
}

func (p *pace) perSecond() float64 { return float64(p.commands) / p.elapsed.Seconds() }

// percentile is the smallest of the times that p percent of them do not exceed;
// 0 of none.
func percentile(of []time.Duration, p int) time.Duration {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

func budgetCPU(ratio float64) string {
	what := fmt.Sprintf("≤ %.1f ×, goal %.1f ×: ", mostCPU, goalCPU)
	if ratio <= goalCPU {
		return what + "goal"
	}
	return what + mark(ratio <= mostCPU)
}

// within holds a value against the most that it may be.
func within[T int64 | time.Duration](value, most T, show func(T) string) string {
	return "≤ " + show(most) + ": " + mark(value <= most)
}

func mark(good bool) string {
	if good {
		return "pass"
	}
	return "miss"
}

func times(ratio float64) string { return fmt.Sprintf("%.2f ×", ratio) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

// millis shows three digits at least.
func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 10 {
		return fmt.Sprintf("%.2f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// machine says where and when this was measured.
func machine() string {
	return fmt.Sprintf("%s, %s, %s/%s, %d cores; load and subject share them.",
		time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}

// writeReport writes what came of everything, as Markdown.
func writeReport(w io.Writer, r report) error {
	_, err := fmt.Fprintf(w, "%s Full speed: %d commands a platform, %d in flight.\n\n%s",
		machine(), r.plan.commands, inFlight, table(lines(r)))
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// table is lines as a table in Markdown.
func table(lines []line) string {
	var out strings.Builder
	out.WriteString("| | bot | bare | bot : bare | budget |\n|---|---:|---:|---:|---|\n")
	for _, l := range lines {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", l.what, l.bot, l.bare, l.ratio, l.budget)
	}
	return out.String()
}
