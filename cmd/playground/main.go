// Command playground is usher to try out: a chat in the terminal, a real bot in
// it, and an authorization server to sign in to, in one process. Nothing has to
// be set up.
//
//	go run ./cmd/playground
//
// Type /login demo, open the link in a browser or type !approve, and the card
// changes on screen. !help lists what else there is. With --issuer the bot signs
// people in to a real authorization server instead, and with --store it keeps
// what it knows in a file. With --browser there is no code: the link leads through the
// bot's own pages, and back to digits for the chat.
//
// With --platform discord, slack or telegram the terminal is the screen of a
// person there: the bot comes through the real adapter, which speaks to that
// platform in memory over loopback, to Discord by its gateway and to Slack in
// Socket Mode. Unless one is named, the platform is one that can do everything.
//
// main reads the flags; play.go is the world around the bot, platform.go the
// platforms that it can be on, bot.go the bot, web.go its pages, and human.go the lines that begin
// with an exclamation mark. client.go is what stands between a person and Discord.
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

	"golang.org/x/term"
)

// settings are what the flags say.
type settings struct {
	platform                       string
	issuer, clientID, clientSecret string
	store                          string
	listen                         string
	browser                        string
	log                            string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "playground:", err)
		os.Exit(1)
	}
}

// run plays until the input or ctx ends.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	s, err := parse(args, errs)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	p, err := open(s, nil)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.start(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, p.welcome())
	p.live = live(in) && live(out)
	t := p.terminal(in, out)
	if t.Live = p.live; t.Live {
		if f, ok := out.(*os.File); ok {
			if width, height, err := term.GetSize(int(f.Fd())); err == nil {
				t.Width, t.Height = width, height
			}
		}
	}
	return p.watch(ctx, t.Run)
}

// live reports whether a person is at the other end.
func live(end any) bool {
	f, ok := end.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func parse(args []string, errs io.Writer) (settings, error) {
	var s settings
	f := flag.NewFlagSet("playground", flag.ContinueOnError)
	f.SetOutput(errs)
	f.StringVar(&s.platform, "platform", "neutral", "`NAME` of the platform that the bot is on: "+platformNames())
	f.StringVar(&s.issuer, "issuer", "", "`URL` of a real authorization server (OpenID Connect); it is called demo here")
	f.StringVar(&s.clientID, "client-id", "", "`ID` of a client there that may use the device flow")
	f.StringVar(&s.clientSecret, "client-secret", "", "`SECRET` of that client; better in the environment, as CLIENT_SECRET")
	f.StringVar(&s.store, "store", "", "`FILE` to keep the store in between runs; otherwise it is gone at the end")
	f.StringVar(&s.listen, "listen", "127.0.0.1:0", "loopback `ADDRESS` of the built-in authorization server")
	f.StringVar(&s.browser, "browser", "", "loopback `ADDRESS` such as 127.0.0.1:8080: people sign in through a browser there, and get no code")
	f.StringVar(&s.log, "log", "", "`FILE` to write the bot's log to; - for standard error")
	f.Usage = func() {
		fmt.Fprintln(errs, "usage: playground [flags]\n\nA chat with a bot in the terminal. Type /login demo.")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if s.clientSecret == "" {
		s.clientSecret = os.Getenv("CLIENT_SECRET")
	}
	switch {
	case f.NArg() > 0:
		return s, fmt.Errorf("what is %q? There are only flags; -help lists them", f.Arg(0))
	case (s.issuer == "") != (s.clientID == ""):
		return s, fmt.Errorf("--issuer and --client-id go together: give both, or neither for the built-in server")
	}
	return s, nil
}
