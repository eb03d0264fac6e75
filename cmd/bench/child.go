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
	"strings"
	"time"
)

// childWord is the first argument of a process that is a subject.
const childWord = "subject"

// The kinds of subjects.
const (
	kindBot      = "bot"      // commands
	kindBare     = "bare"     // commands
	kindProvider = "provider" // logins: what the others poll
	kindUsher    = "usher"    // logins
	kindPaced    = "paced"    // logins
	kindOAuth2   = "x/oauth2" // logins
)

// task is what a subject is told, as its one argument.
type task struct {
	Kind    string
	API     string // where the platforms are, or the provider
	Dir     string // for the store, or the journal beside it
	Profile string // file for a CPU profile; empty: none

	Logins int           // that a baseline polls
	Every  time.Duration // the provider's interval
	Store  string        // usher's, as sqlstore.Open takes it
}

// hello is the first that a subject says, once it can be called or has begun.
type hello struct{ URL string }

// teller has a subject say hello as soon as it is ready, and answer from then on.
// A subject calls it once.
type teller func(h hello, ready func() bool)

// runChild is a subject until nobody asks any more.
func runChild(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	var t task
	if err := json.Unmarshal([]byte(strings.Join(args, " ")), &t); err != nil {
		return fmt.Errorf("read task: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	said := make(chan error, 1)
	err := t.run(ctx, func(h hello, ready func() bool) {
		go func() {
			defer stop()
			said <- t.tell(ctx, h, ready, in, out)
		}()
	})
	if err != nil {
		return err // whoever asks on finds nobody
	}
	return <-said
}

// run is the subject, until ctx ends.
func (t task) run(ctx context.Context, begin teller) error {
	switch t.Kind {
	case kindBot, kindBare:
		return t.serve(ctx, begin)
	case kindProvider:
		return runProvider(ctx, t.Every, begin)
	case kindUsher:
		return runUsher(ctx, t, begin)
	case kindPaced:
		return runPaced(ctx, t, begin)
	case kindOAuth2:
		return runOAuth2(ctx, t, begin)
	}
	return fmt.Errorf("nothing is called %q", t.Kind)
}

// atOnce is when a subject is ready that calls others.
func atOnce() bool { return true }

// serve runs a subject that others call.
func (t task) serve(ctx context.Context, begin teller) error {
	at, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	url, server := "http://"+at.Addr().String(), newServer()
	called := func(h http.Handler, ready func() bool) {
		server.Handler = h
		go server.Serve(at) //nolint:errcheck // it ends with Close
		begin(hello{url}, ready)
	}
	if t.Kind == kindBot {
		err = runBot(ctx, t.API, url, t.Dir, called)
	} else {
		err = runBare(ctx, t.API, called)
	}
	return errors.Join(err, server.Close())
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
func (t task) tell(ctx context.Context, h hello, ready func() bool, in io.Reader, out io.Writer) error {
	for !ready() {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return nil
		}
	}
	say := json.NewEncoder(out)
	if err := say.Encode(h); err != nil {
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
