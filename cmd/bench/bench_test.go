package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's own program be a subject.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childWord {
		if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestCommands plays a little of everything, over real sockets and in real time.
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	var out, errs bytes.Buffer
	args := []string{"commands", "-commands", "24", "-rate", "50", "-steady", "100ms", "-waiting", "5", "-rest", "0"}
	if err := run(t.Context(), args, nil, &out, &errs); err != nil {
		t.Fatalf("run: %v\n%s", err, &errs)
	}
	for _, p := range platforms {
		for _, want := range []string{", CPU per 1,000 commands |", ", p99 at 50 a second |", ", 5 handlers that wait 2 s, all answered in |"} {
			if !strings.Contains(out.String(), "| "+p.name+want) {
				t.Errorf("got no line %q in\n%s", p.name+want, &out)
			}
		}
	}
	if strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "| 0 ms") {
		t.Errorf("got\n%s\nwant numbers", &out)
	}
}

func TestParsePlanRefuses(t *testing.T) {
	for _, args := range []string{"slack", "-commands 1", "-rate 0", "-steady 0s", "-waiting 0", "-waiting 1001", "-fast"} {
		t.Run(args, func(t *testing.T) {
			if _, err := parsePlan(strings.Fields(args), &bytes.Buffer{}); err == nil {
				t.Errorf("got no error of %s, want one", args)
			}
		})
	}
}

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i))
	}
	for _, tc := range []struct {
		name string
		of   []time.Duration
		p    int
		want time.Duration
	}{
		{"none", nil, 50, 0},
		{"one", []time.Duration{7}, 99, 7},
		{"the half of two", []time.Duration{9, 3}, 50, 3},
		{"nearly all of two", []time.Duration{9, 3}, 99, 9},
		{"the half of a hundred", hundred, 50, 50},
		{"nearly all of a hundred", hundred, 99, 99},
		{"all", hundred, 100, 100},
		{"the least", hundred, 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := percentile(tc.of, tc.p); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestBudgets(t *testing.T) {
	for _, tc := range []struct{ name, got, want string }{
		{"goal", budgetCPU(1.5), "≤ 2.0 ×, goal 1.5 ×: goal"},
		{"pass", budgetCPU(2), "≤ 2.0 ×, goal 1.5 ×: pass"},
		{"miss", budgetCPU(2.01), "≤ 2.0 ×, goal 1.5 ×: miss"},
		{"memory", within(30<<20, int64(mostIdle), megabytes), "≤ 30.0 MB: pass"},
		{"more memory", within(30<<20+1, int64(mostIdle), megabytes), "≤ 30.0 MB: miss"},
		{"time", within(time.Second+1, mostToAcked, millis), "≤ 1000 ms: miss"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.got != tc.want {
				t.Errorf("got %q, want %q", tc.got, tc.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	fast := &pace{commands: 2000, cpu: 400 * time.Millisecond, elapsed: time.Second}
	slow := &pace{commands: 2000, cpu: 600 * time.Millisecond, elapsed: 2 * time.Second}
	got := table(append(speedLines("Slack", slow, fast),
		steadyLines("Slack", 100, []time.Duration{3 * time.Millisecond}, []time.Duration{2 * time.Millisecond})...))
	want := `| | bot | bare | bot : bare | budget |
|---|---:|---:|---:|---|
| Slack, CPU per 1,000 commands | 300 ms | 200 ms | 1.50 × | ≤ 2.0 ×, goal 1.5 ×: goal |
| Slack, done a second | 1000 | 2000 | 0.50 × |  |
| Slack, p50 at 100 a second | 3.00 ms | 2.00 ms | 1.50 × |  |
| Slack, p99 at 100 a second | 3.00 ms | 2.00 ms | 1.50 × |  |
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestField(t *testing.T) {
	status := "Name:\tbench\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\nThreads:\t7\n"
	for _, tc := range []struct {
		name string
		want int64
	}{{"VmRSS:", 1024}, {"VmHWM:", 2048}, {"Threads:", 7}, {"VmSwap:", 0}} {
		t.Run(tc.name, func(t *testing.T) {
			if got := field(status, tc.name); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}
