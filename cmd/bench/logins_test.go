package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestLogins plays a little of everything, over real sockets and in real time.
func TestLogins(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	var out, errs bytes.Buffer
	args := []string{"logins", "-n", "40", "-for", "1s", "-interval", "1s", "-store", sqliteStore}
	if err := run(t.Context(), args, nil, &out, &errs); err != nil {
		t.Fatalf("run: %v\n%s", err, &errs)
	}
	for _, want := range []string{
		`\| sqlite, 40 logins: CPU per 1,000 polls \| [0-9.]+ ms \| [0-9.]+ ms \| [0-9.]+ ms \| [0-9.]+ × \| [0-9.]+ × \|`,
		`\| sqlite, 40 logins: early, duplicate, missed polls; with kill -9 \| 0, 0, \d+ \| 0, 0, \d+ \| \d+, 0, \d+ \|`,
		`\| sqlite, 40 logins: all polled again after kill -9 \| \d{4,} ms \|`,
		`\| sqlite: commit of a token beside polling, p99 \| [0-9.]+ ms \|`,
		`\| the same: pass \|`,
		`\| no others, all told: pass \|`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("got no line %q in\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "Inf") {
		t.Errorf("got\n%s\nwant numbers", &out)
	}
}

func TestParseLoginsRefuses(t *testing.T) {
	for _, args := range []string{
		"slack", "-n 0", "-n 10,many", "-n ,", "-interval 1500ms", "-interval 0s", "-for 4s", "-store slate", "-fast",
	} {
		t.Run(args, func(t *testing.T) {
			if _, err := parseLogins(strings.Fields(args), &bytes.Buffer{}); err == nil {
				t.Errorf("got no error of %s, want one", args)
			}
		})
	}
}

func TestBudgetOf(t *testing.T) {
	for _, tc := range []struct {
		name string
		n    int
		want budget
	}{{"few", 10, budgets[0]}, {"many", 10_000, budgets[0]}, {"very many", 50_000, budgets[1]}, {"more", 80_000, budgets[1]}} {
		t.Run(tc.name, func(t *testing.T) {
			if got := budgetOf(tc.n); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestStormIsSound(t *testing.T) {
	good := storm{approved: 100, linked: 97, accounts: 97, failed: 3, told: 3, inFlight: 5}
	for _, tc := range []struct {
		name   string
		change func(*storm)
		want   bool
	}{
		{"as it should be", func(*storm) {}, true},
		{"none lost", func(s *storm) { s.linked, s.accounts, s.failed, s.told = 100, 100, 0, 0 }, true},
		{"a token without its login", func(s *storm) { s.accounts++ }, false},
		{"a login without its token", func(s *storm) { s.accounts-- }, false},
		{"a login without an end", func(s *storm) { s.approved++ }, false},
		{"more lost than was in flight", func(s *storm) { s.inFlight = 2 }, false},
		{"an end that nobody heard of", func(s *storm) { s.told-- }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := good
			tc.change(&s)
			if got := s.sound(); got != tc.want {
				t.Errorf("got %v for %+v, want %v", got, s, tc.want)
			}
		})
	}
}

func TestLoginTable(t *testing.T) {
	of := func(cpu time.Duration, peak int64, p99 time.Duration, early int) polled {
		return polled{
			polls: 2000, early: early, late: late{p99 / 2, p99, 2 * p99}, cpu: cpu, peak: peak, rests: peak,
			wrote: 2048, back: 9 * time.Second,
		}
	}
	count := func(n int, megabytes int64) countReport {
		return countReport{
			n: n, paced: of(100*time.Millisecond, 30<<20, 2*time.Millisecond, 0),
			oauth2: of(200*time.Millisecond, megabytes<<23, 3*time.Millisecond, 7),
			usher:  []polled{of(120*time.Millisecond, megabytes<<20, 12*time.Millisecond, 0)},
		}
	}
	got := loginTable(loginLines(loginsReport{
		plan:   loginsPlan{every: 5 * time.Second, span: 30 * time.Second, stores: []string{"sqlite"}},
		counts: []countReport{count(10_000, 40), count(50_000, 60)},
		stores: []storeReport{{
			name: "sqlite", commits: []time.Duration{4 * time.Millisecond, 6 * time.Millisecond},
			storm: storm{rate: 1000, approved: 10_000, linked: 9990, accounts: 9990, failed: 10, told: 9, inFlight: 12},
		}},
	}))
	want, err := os.ReadFile("testdata/logins.md")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestParseStat(t *testing.T) {
	const file = "42 (post (gres) x) S 7 42 42 0 -1 4194304 100 200 0 0 11 22 33 44 20 0 1 0 555 1000 200"
	for _, tc := range []struct {
		name, file string
		want       stat
		ok         bool
	}{
		{"whole", file, stat{parent: 7, own: 33, waited: 77}, true},
		{"cut", file[:60], stat{}, false},
		{"no number", strings.Replace(file, "22", "xx", 1), stat{}, false},
		{"empty", "", stat{}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, ok := parseStat(tc.file); got != tc.want || ok != tc.ok {
				t.Errorf("got %+v, %v, want %+v, %v", got, ok, tc.want, tc.ok)
			}
		})
	}
}
