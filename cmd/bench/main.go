// Command bench measures what usher costs beside the least that would do.
//
//	go run ./cmd/bench commands    or: make bench-commands
//	go run ./cmd/bench logins      or: make bench
//
// Whatever is measured is a subject, a process of its own. subject.go starts it and
// asks it what it has used, which proc.go finds out; child.go is its side of it.
//
// With commands the subjects are a bot with its store on all three platforms
// (bot.go), and for each platform the shortest handler that one would write on the
// same client library (bare.go). Both answer /echo by its text. This process is the
// three platforms: it posts signed deliveries and is the API that the answers come
// to (load.go; discord.go, slack.go and telegram.go), and only as much of it as that
// takes, to leave the machine to the subjects. commands.go is the order of events:
// start, rest, full speed in turns so that both see the same weather, a steady pace,
// and at last many at once that wait. table.go holds what came of it against the
// budgets and writes it as Markdown.
//
// With logins the subjects poll a provider (provider.go), one after the other. They
// are the engine with its store (usher.go), the least that polls many logins, and
// golang.org/x/oauth2 with a goroutine a login (baseline.go). The provider is a
// process as well, and judges each poll (judge.go). logins.go is the order of events
// on a stage that scene.go sets: all poll; the engine is killed and begins again;
// people approve. storm.go has many of them approve at once, with a kill in between,
// and looks for each token afterwards. database.go makes the stores, logintable.go
// the table.
//
// Linux only: it reads /proc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run does what args say. A missed budget is no error.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	var err error
	switch {
	case len(args) > 0 && args[0] == childWord:
		return runChild(ctx, args[1:], in, out)
	case len(args) > 0 && args[0] == "commands":
		err = benchCommands(ctx, args[1:], out, errs)
	case len(args) > 0 && args[0] == "logins":
		err = benchLogins(ctx, args[1:], out, errs)
	default:
		return errors.New("usage: bench commands [flags], or bench logins [flags]; -help lists them")
	}
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return err
}

func benchCommands(ctx context.Context, args []string, out, errs io.Writer) error {
	p, err := parsePlan(args, errs)
	if err != nil {
		return err
	}
	r, err := measure(ctx, p, errs)
	if err != nil {
		return err
	}
	return writeReport(out, r)
}

func benchLogins(ctx context.Context, args []string, out, errs io.Writer) error {
	p, err := parseLogins(args, errs)
	if err != nil {
		return err
	}
	r, err := measureLogins(ctx, p, errs)
	if err != nil {
		return err
	}
	return writeLogins(out, r)
}

// plan is how much is played, on each platform.
type plan struct {
	commands int           // at full speed
	rate     int           // a second, at a steady pace
	steady   time.Duration // that the pace is kept
	waiting  int           // handlers that wait at once
	rest     time.Duration // before memory is called idle, and between steps
	profile  string        // file for the bot's CPU profile; empty: none
}

func parsePlan(args []string, errs io.Writer) (plan, error) {
	var p plan
	f := flag.NewFlagSet("commands", flag.ContinueOnError)
	f.SetOutput(errs)
	f.IntVar(&p.commands, "commands", 6000, "`COUNT` of commands at full speed, on each platform")
	f.IntVar(&p.rate, "rate", 100, "`COUNT` of commands a second, at a steady pace")
	f.DurationVar(&p.steady, "steady", 10*time.Second, "how `LONG` the steady pace is kept")
	f.IntVar(&p.waiting, "waiting", 500, "`COUNT` of handlers that wait 2 s, at once")
	f.DurationVar(&p.rest, "rest", time.Second, "how `LONG` to rest between steps")
	f.StringVar(&p.profile, "profile", "", "`FILE` to write a CPU profile of the bot to, which costs the bot a little")
	if err := f.Parse(args); err != nil {
		return p, err
	}
	switch {
	case f.NArg() > 0:
		return p, fmt.Errorf("what is %q? There are only flags; -help lists them", f.Arg(0))
	case p.commands < rounds || p.rate < 1 || p.steady <= 0 || p.waiting < 1 || p.waiting > people:
		return p, fmt.Errorf("there must be at least %d commands, a pace, and 1 to %d that wait", rounds, people)
	}
	return p, nil
}
