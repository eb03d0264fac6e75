package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest"
)

const help = `Type to the bot:  /login demo, /whoami, /profile, /remind, /logout, /help
A number presses what stands beside it. In a channel, "@usher " in front of what
is no command makes it for the bot.
Lines for the playground itself:
  !approve [as NAME]  agree at the authorization server, as octocat unless named
  !deny               refuse there
  !expire             let the code run out
  !as NAME            be somebody else; !in #NAME or !in direct: be somewhere else
  !restart            kill the bot and start it again
  !quit               end`

// welcome says what this is.
func (p *play) welcome() string {
	where := "the real authorization server given by --issuer"
	if p.server != nil {
		where = "an authorization server at " + p.server.URL()
	}
	if p.web != nil && p.server == nil {
		where += " (which has to know the address " + p.web.callback() + ")"
	}
	return "This is " + p.platform.chat + " with a bot, with " + where + " to sign in to.\n" +
		"Type /login demo to begin, !help for more.\n"
}

func (p *play) terminal(in io.Reader, out io.Writer) *coretest.Terminal {
	people := p.platform.people
	return &coretest.Terminal{World: people, Busy: people.Busy, In: in, Out: out, Do: p.do}
}

// do does what a line says that is not for the bot.
func (p *play) do(ctx context.Context, line string) (string, error) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "help":
		return help, nil
	case "quit":
		return "", io.EOF
	case "restart":
		return "The bot was killed and started again.", p.restart(ctx)
	case "approve", "deny", "expire":
		return p.decide(ctx, word, strings.TrimPrefix(rest, "as "))
	}
	return fmt.Sprintf("There is no !%s. !help lists what there is.", word), nil
}

// decide does what a person does at the authorization server, with the code that
// was issued last.
func (p *play) decide(ctx context.Context, what, as string) (string, error) {
	if p.server == nil || p.web != nil {
		return "With --issuer or --browser, decide in the browser: open the link.", nil
	}
	codes := p.server.Pending()
	if len(codes) == 0 {
		return "There is no code to decide on. Type /login demo first.", nil
	}
	code := codes[len(codes)-1]
	var err error
	switch what {
	case "approve":
		err = p.server.Approve(code, p.user(as))
	case "deny":
		err = p.server.Deny(code)
	case "expire":
		err = p.server.Expire(code)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	if !p.live {
		p.hear(ctx)
	}
	return "Done. The bot hears of it when it asks next.", nil
}

// user is the account of a name; of none, the server's first.
func (p *play) user(name string) authtest.User {
	if name == "" {
		return authtest.User{}
	}
	return p.server.User(name)
}

// hear waits until the bot has heard of a decision, so that a script's next line
// comes after it: until the chat changes, or the bot must have asked.
func (p *play) hear(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, 15*time.Second)
	defer stop()
	select {
	case <-p.platform.people.Changed():
	case <-ctx.Done():
	}
}
