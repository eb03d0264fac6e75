// Command usher is the ready-made bot: nothing but settings is needed to let
// people sign in from their chat.
//
//	usher secret                  print a new secret, for USHER_SECRET
//	usher serve                   run the bot, by the environment and .env
//	usher keys rotate             seal what is stored with a new secret
//	usher manifest slack          print the app manifest to paste into Slack
//	usher version                 say what this is
//
// main.go reads the command line; serve.go runs the bot, which wire.go puts
// together and http.go makes reachable, and ready.go says when it is; metrics.go
// shows Prometheus what it does; keys.go changes the secret; manifest.go prints
// manifests. Which settings there are says config/example.env.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(untilSignal(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// untilSignal ends with the first signal that asks for an end. A second one exits
// at once, as a shell tells it: 128 and the signal's number.
func untilSignal() context.Context {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-signals
		cancel()
		if s, ok := (<-signals).(syscall.Signal); ok {
			os.Exit(128 + int(s))
		}
	}()
	return ctx
}

// run does what args say until ctx ends, and returns the exit code.
func run(ctx context.Context, args, environ []string, out, errs io.Writer) int {
	root := &cobra.Command{
		Use:           "usher",
		Short:         "A chat bot that lets people sign in without leaving the chat",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(serveCommand(environ), secretCommand(), keysCommand(environ), manifestCommand(), versionCommand())
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(errs, "usher:", err)
		return 1
	}
	return 0
}

func serveCommand(environ []string) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the bot, until a signal ends it",
		Long: "Run the bot. Its settings come from the environment and from .env, if there is one;\n" +
			"config/example.env describes them all.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return serve(c.Context(), environ, file, c.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&file, "env-file", "", "`FILE` of settings to read instead of .env")
	return c
}

func secretCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "secret",
		Short: "Print a new secret, for USHER_SECRET",
		Args:  cobra.NoArgs,
		Run: func(c *cobra.Command, _ []string) {
			fmt.Fprintln(c.OutOrStdout(), rand.Text()+rand.Text())
		},
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  cobra.NoArgs,
		Run:   func(c *cobra.Command, _ []string) { fmt.Fprintln(c.OutOrStdout(), c.Root().Version) },
	}
}
