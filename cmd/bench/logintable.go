package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// limit is the most that a ratio or a value may be, and the most that it should be.
type limit struct{ most, goal float64 }

// mark says how x does.
func (l limit) mark(x float64) string {
	if x <= l.goal {
		return "goal"
	}
	return mark(x <= l.most)
}

// budget is what polling may cost beside the baselines.
type budget struct {
	from                int   // so many logins
	cpuPaced, cpuOAuth2 limit // times the baseline's
	memory              limit // times that of x/oauth2
	later               time.Duration
}

// budgets are of issue 5, smallest first.
var budgets = []budget{
	{0, limit{1, 0.7}, limit{1, 0.7}, limit{0.25, 0.2}, 15 * time.Millisecond},
	{50_000, limit{1.25, 1}, limit{0.8, 0.6}, limit{0.1, 0.06}, 30 * time.Millisecond},
}

// The budgets that do not depend on how many logins there are.
var (
	perLogin    = limit{512, 256} // bytes
	tokenCommit = limit{float64(20 * time.Millisecond), float64(5 * time.Millisecond)}
)

const (
	writtenAMinute = int64(1) << 20 // bytes
	lease          = 15 * time.Second
)

func budgetOf(n int) budget {
	b := budgets[0]
	for _, next := range budgets {
		if n >= next.from {
			b = next
		}
	}
	return b
}

// loginLine is a line of the table.
type loginLine struct{ what, usher, paced, oauth2, toPaced, toOAuth2, budget string }

// loginLines are the table's.
func loginLines(r loginsReport) []loginLine {
	var out []loginLine
	for i, name := range r.plan.stores {
		for _, c := range r.counts {
			out = append(out, pollLines(r.plan, name, c, c.usher[i])...)
		}
		for j, c := range r.counts[1:] {
			out = append(out, furtherLine(name, r.counts[j], c, i))
		}
		out = append(out, grantLines(r.stores[i])...)
	}
	return out
}

// pollLines are what polling so many logins comes to.
func pollLines(p loginsPlan, store string, c countReport, u polled) []loginLine {
	what, b := fmt.Sprintf("%s, %d logins: ", store, c.n), budgetOf(c.n)
	cpuF, cpuE := ratio(u.per1000(), c.paced.per1000()), ratio(u.per1000(), c.oauth2.per1000())
	memE := ratio(u.peak, c.oauth2.peak)
	return []loginLine{
		{
			what + "CPU per 1,000 polls", millis(u.per1000()), millis(c.paced.per1000()), millis(c.oauth2.per1000()), times(cpuF), times(cpuE),
			fmt.Sprintf("≤ %.2f × bare, goal %.2f: %s; ≤ %.2f × x/oauth2, goal %.2f: %s",
				b.cpuPaced.most, b.cpuPaced.goal, b.cpuPaced.mark(cpuF), b.cpuOAuth2.most, b.cpuOAuth2.goal, b.cpuOAuth2.mark(cpuE)),
		},
		{
			what + "memory, at most", megabytes(u.peak), megabytes(c.paced.peak), megabytes(c.oauth2.peak), times(ratio(u.peak, c.paced.peak)), times(memE),
			fmt.Sprintf("≤ %.2f × x/oauth2, goal %.2f: %s", b.memory.most, b.memory.goal, b.memory.mark(memE)),
		},
		{
			what + "late, p50, p99, most", u.late.String(), c.paced.late.String(), c.oauth2.late.String(), "", "",
			fmt.Sprintf("p99 ≤ bare + %s: %s", millis(b.later), mark(u.late.P99 <= c.paced.late.P99+b.later)),
		},
		{
			what + "early, duplicate, missed polls" + also(store), wrongs(u), wrongs(c.paced), wrongs(c.oauth2), "", "",
			"0: " + mark(wrongs(u) == wrongs(polled{})),
		},
		{what + "all polled again after kill -9", millis(u.back), "", "", "", "", within(u.back, backIn(p, store), millis)},
		{what + "written in a minute", kibibytes(u.aMinute(p)), "", "", "", "", within(u.aMinute(p), writtenAMinute, kibibytes)},
	}
}

func (l late) String() string { return millis(l.P50) + ", " + millis(l.P99) + ", " + millis(l.Most) }

func wrongs(p polled) string { return fmt.Sprintf("%d, %d, %d", p.early, p.duplicate, p.missed) }

// also is what usher alone goes through while polls are judged.
func also(store string) string {
	if store == postgresStore {
		return "; with kill -9 and then two replicas"
	}
	return "; with kill -9"
}

// backIn is how soon all must be polled again after a kill. With a server, those who
// begin have to wait until the lease of the killed one has run out.
func backIn(p loginsPlan, store string) time.Duration {
	if store == postgresStore {
		return 2*p.every + missedAfter + lease
	}
	return 2*p.every + missedAfter
}

// aMinute is how many bytes were written in a minute.
func (p polled) aMinute(plan loginsPlan) int64 { return int64(float64(p.wrote) / plan.span.Minutes()) }

// furtherLine is what each login more takes, from one count to the next.
func furtherLine(store string, less, more countReport, i int) loginLine {
	each := func(less, more polled, n int) float64 { return float64(more.rests-less.rests) / float64(n) }
	n := more.n - less.n
	u := each(less.usher[i], more.usher[i], n)
	return loginLine{
		fmt.Sprintf("%s, %d to %d logins: memory of each further one that waits", store, less.n, more.n),
		perEach(u), perEach(each(less.paced, more.paced, n)), perEach(each(less.oauth2, more.oauth2, n)), "", "",
		fmt.Sprintf("≤ %s, goal %s: %s", perEach(perLogin.most), perEach(perLogin.goal), perLogin.mark(u)),
	}
}

// grantLines are what approvals come to.
func grantLines(r storeReport) []loginLine {
	s := r.storm
	return []loginLine{
		commitLine(r.name, percentile(r.commits, 99)),
		{
			what:  fmt.Sprintf("%s: %d approvals, %d a second, kill -9 half way: linked, tokens stored", r.name, s.approved, s.rate),
			usher: fmt.Sprintf("%d, %d", s.linked, s.accounts), budget: "the same: " + mark(s.linked == s.accounts),
		},
		{
			what:  r.name + ": tokens lost then, of those in flight; told as failed",
			usher: fmt.Sprintf("%d of %d; %d", s.failed, s.inFlight, s.told), budget: "no others, all told: " + mark(s.sound()),
		},
	}
}

// commitLine is how long tokens took to be stored, for which SQLite alone has a budget.
func commitLine(store string, p99 time.Duration) loginLine {
	line := loginLine{what: store + ": commit of a token beside polling, p99", usher: millis(p99)}
	if store == sqliteStore {
		line.budget = fmt.Sprintf("≤ %s, goal %s: %s", millis(time.Duration(tokenCommit.most)), millis(time.Duration(tokenCommit.goal)), tokenCommit.mark(float64(p99)))
	}
	return line
}

func ratio[T int64 | time.Duration](a, b T) float64 { return float64(a) / float64(b) }

func kibibytes(n int64) string { return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10)) }

func perEach(n float64) string { return fmt.Sprintf("%.2f KiB", n/(1<<10)) }

// writeLogins writes what came of everything, as Markdown.
func writeLogins(w io.Writer, r loginsReport) error {
	_, err := fmt.Fprintf(w, "%s An interval of %v, counted for %v in turns: %d.\n\n%s", machine(), r.plan.every, r.plan.span, r.plan.turns(), loginTable(loginLines(r)))
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// loginTable is lines as a table in Markdown.
func loginTable(lines []loginLine) string {
	var out strings.Builder
	out.WriteString("| | usher | bare | x/oauth2 | : bare | : x/oauth2 | budget |\n|---|---:|---:|---:|---:|---:|---|\n")
	for _, l := range lines {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s | %s |\n", l.what, l.usher, l.paced, l.oauth2, l.toPaced, l.toOAuth2, l.budget)
	}
	return out.String()
}
