package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// childWord is the first argument of a process that is a subject.
const childWord = "subject"

// The kinds of subjects.
const (
	kindBot  = "bot"
	kindBare = "bare"
)

// task is what a subject is told, as its one argument.
type task struct {
	Kind    string
	API     string // where the platforms are
	Dir     string // for the store
	Profile string // file for a CPU profile; empty: none
}

// hello is the first that a subject says, once it can be called.
type hello struct{ URL string }

// usage is what a subject says whenever it is asked, which is by a line.
type usage struct {
	CPU       time.Duration // since it began, in all its threads
	RSS, Peak int64         // bytes of memory, now and at most so far
}

// runChild is a subject until nobody asks any more.
func runChild(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	var t task
	if err := json.Unmarshal([]byte(strings.Join(args, " ")), &t); err != nil {
		return fmt.Errorf("read task: %w", err)
	}
	at, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	url, said := "http://"+at.Addr().String(), make(chan error, 1)
	server := newServer()
	begin := func(h http.Handler, ready func() bool) {
		server.Handler = h
		go server.Serve(at) //nolint:errcheck // it ends with Close
		go func() {
			defer stop()
			said <- t.tell(ctx, url, ready, in, out)
		}()
	}
	err = t.run(ctx, url, begin)
	stop()
	return errors.Join(err, server.Close(), <-said)
}

// run is the subject.
func (t task) run(ctx context.Context, url string, begin func(http.Handler, func() bool)) error {
	if t.Kind == kindBot {
		return runBot(ctx, t.API, url, t.Dir, begin)
	}
	h, err := bareHandler(t.API)
	if err != nil {
		return err
	}
	begin(h, func() bool { return true })
	<-ctx.Done()
	return nil
}

// newServer has the settings of the ready-made bot.
func newServer() *http.Server {
	return &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}

// tell says hello once the subject is ready, and then what it has used, a line for
// each line.
func (t task) tell(ctx context.Context, url string, ready func() bool, in io.Reader, out io.Writer) error {
	for !ready() {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return nil
		}
	}
	say := json.NewEncoder(out)
	if err := say.Encode(hello{url}); err != nil {
		return fmt.Errorf("say hello: %w", err)
	}
	if t.Profile != "" {
		f, err := os.Create(t.Profile)
		if err != nil {
			return fmt.Errorf("keep profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("begin profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	for asked := bufio.NewScanner(in); asked.Scan(); {
		u, err := used()
		if err == nil {
			err = say.Encode(u)
		}
		if err != nil {
			return fmt.Errorf("say what was used: %w", err)
		}
	}
	return nil
}

// used is what this process has used.
func used() (usage, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return usage{}, fmt.Errorf("getrusage: %w", err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return usage{}, fmt.Errorf("read memory: %w", err)
	}
	return usage{
		CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano()),
		RSS: kilobytes(string(status), "VmRSS:"), Peak: kilobytes(string(status), "VmHWM:"),
	}, nil
}

// kilobytes is a line of /proc/PID/status in bytes; 0 if there is none.
func kilobytes(status, name string) int64 {
	_, rest, _ := strings.Cut(status, name)
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(line, "kB")), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
