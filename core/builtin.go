package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
)

// The options of the built-in commands.
var (
	aboutOption    = String("command", "what to explain")
	providerOption = String("provider", "where")
)

// addBuiltins adds the commands that every bot has, and the actions of the
// messages that core sends by itself.
func (b *Bot) addBuiltins() {
	add := func(c Command) {
		n := newNode(c, "")
		n.builtin = true
		b.commands = append(b.commands, n)
	}
	add(Command{Name: "help", Summary: "What I can do", Options: []Option{aboutOption}, Run: b.help})
	add(Command{Name: "ping", Summary: "Is anybody there?", Run: b.ping})
	add(Command{Name: "cancel", Summary: "Stop what is under way", Private: true, Run: b.cancelAll})
	maps.Copy(b.actions, map[string]Handler{
		"~form": b.openForm, "~answer": b.pressAnswer, "~unask": b.unask, "~options": b.gotOptions,
	})
	if b.logins == nil {
		return
	}
	add(Command{
		Name: "login", Aliases: []string{"signin", "connect", "dlogin"}, Summary: "Sign in to a service", Private: true,
		Options: []Option{providerOption}, Run: b.login,
	})
	add(Command{Name: "whoami", Summary: "Which accounts I know you by", Private: true, Run: b.whoami})
	add(Command{
		Name: "logout", Aliases: []string{"signout", "disconnect"}, Summary: "Sign out of a service", Private: true,
		Options: []Option{providerOption}, Run: b.logout,
	})
	add(Command{Name: "forget", Summary: "Erase all that I know of you", Private: true, Run: b.forget})
	maps.Copy(b.actions, map[string]Handler{
		"~login": b.pressLogin, "~logout": b.pressLogout, "~cancel": b.pressCancel, "~again": b.pressAgain,
		"~me": b.pressMe, "~notme": b.pressNotMe, "~check": b.pressCheck, "~qr": b.pressQR, "~go": b.pressGo,
		"~digits": b.pressDigits, "~typed": b.typedDigits,
		"~forget": b.pressForget, "~keep": b.pressKeep,
	})
}

func (b *Bot) ping(ctx context.Context, in *Invocation) error {
	_, err := in.Reply(ctx, Message{Text: b.words.Ping})
	return err
}

// help lists the commands, or explains one. Somebody who said something that
// nobody listens to gets the list too.
func (b *Bot) help(ctx context.Context, in *Invocation) error {
	if about, ok := aboutOption.Get(in); ok {
		n, _, wrong := b.find(strings.TrimPrefix(about, "/"), "")
		if n == nil {
			return b.unknown(wrong)(ctx, in)
		}
		_, err := in.Reply(ctx, Message{Text: join(b.explain(n, b.words.HelpOf))})
		return err
	}
	return b.list(ctx, in, b.words.Help)
}

// greet answers somebody who has just come.
func (b *Bot) greet(ctx context.Context, in *Invocation) error {
	return b.list(ctx, in, markup.F(b.words.Greet, b.name), b.words.Help)
}

// list lists the commands below what is said first.
func (b *Bot) list(ctx context.Context, in *Invocation, lines ...markup.Text) error {
	nodes := slices.SortedFunc(slices.Values(b.commands), func(x, y *node) int { return strings.Compare(x.Name, y.Name) })
	for _, n := range nodes {
		lines = append(lines, b.explain(n, b.words.HelpLine)...)
	}
	_, err := in.Reply(ctx, Message{Text: join(lines)})
	return err
}

func (b *Bot) explain(n *node, line markup.Text) []markup.Text {
	if len(n.sub) == 0 {
		return []markup.Text{markup.F(line, n.usage(), n.Summary)}
	}
	var lines []markup.Text
	for _, sub := range n.sub {
		lines = append(lines, b.explain(sub, line)...)
	}
	return lines
}

// login starts a login, or asks where.
func (b *Bot) login(ctx context.Context, in *Invocation) error {
	name, ok, err := b.whichProvider(ctx, in)
	if err != nil || !ok {
		return err
	}
	if name == "" {
		var names []string
		for _, p := range b.logins.Providers() {
			names = append(names, p.Name)
		}
		return b.pickProvider(ctx, in, b.words.Which, "~login", names)
	}
	return b.signIn(ctx, in, Need{Provider: name}, nil)
}

// whichProvider returns the provider that was named, by name or title, or the
// only one, or "" when there is a choice. It reports false when the person was
// told that there is no such provider.
func (b *Bot) whichProvider(ctx context.Context, in *Invocation) (string, bool, error) {
	providers := b.logins.Providers()
	if len(providers) == 0 {
		return "", false, in.tell(ctx, b.words.NoProviders)
	}
	given, ok := providerOption.Get(in)
	if !ok && len(providers) == 1 {
		return providers[0].Name, true, nil
	}
	if !ok {
		return "", true, nil
	}
	var titles, names []string
	for _, p := range providers {
		if strings.EqualFold(given, p.Name) || strings.EqualFold(given, p.Title) {
			return p.Name, true, nil
		}
		titles, names = append(titles, p.Title), append(names, p.Name)
	}
	if like := closest(strings.ToLower(given), names); like != "" {
		return "", false, in.tell(ctx, markup.F(b.words.DidYouMean, in.Command+" "+brief(given), in.Command+" "+like))
	}
	return "", false, in.tell(ctx, markup.F(b.words.NoSuchProvider, brief(given), strings.Join(titles, ", ")))
}

// pickProvider offers a button for each provider, and more buttons below.
func (b *Bot) pickProvider(ctx context.Context, in *Invocation, text markup.Text, action string, names []string, more ...Control) error {
	var row []Control
	for _, name := range names {
		row = append(row, Button{Label: b.provider(name).Title, Do: Action{Name: action, Args: []string{name}, Only: in.From}})
	}
	rows := [][]Control{row}
	if len(more) > 0 {
		rows = append(rows, more)
	}
	_, err := in.Reply(ctx, Message{Text: text, Rows: rows})
	return err
}

// pressLogin starts a login: from a button with the provider's name, or from the
// link to the direct chat, which also carries what waits for it.
func (b *Bot) pressLogin(ctx context.Context, in *Invocation) error {
	need := Need{Provider: in.Args[0]}
	var wait *waiting
	if len(in.Args) == 3 {
		need.Scopes = strings.Fields(in.Args[1])
		if err := json.Unmarshal([]byte(in.Args[2]), &wait); err != nil {
			return fmt.Errorf("decode waiting command: %w", err)
		}
	}
	in.Command = "login"
	return b.signIn(ctx, in, need, wait)
}

// cancelAll ends every login of the person and the question they are being
// asked. The cards say so by themselves.
func (b *Bot) cancelAll(ctx context.Context, in *Invocation) error {
	q, err := b.question(ctx, in)
	if err != nil {
		return err
	}
	if q != nil {
		if err := b.dropNote(ctx, questionName(in.From, in.Chat)); err != nil {
			return err
		}
	}
	ended, err := b.cancelOpen(ctx, in)
	if err != nil {
		return err
	}
	text := b.words.Cancelled
	if len(ended) == 0 && q == nil {
		text = b.words.NothingToCancel
	}
	_, err = in.Reply(ctx, Message{Text: text})
	return err
}

// cancelOpen ends what the person has open, if there are logins at all.
func (b *Bot) cancelOpen(ctx context.Context, in *Invocation) ([]authflow.Login, error) {
	if b.logins == nil {
		return nil, nil
	}
	person, err := in.personID(ctx)
	if err != nil {
		return nil, err
	}
	return b.cancelLogins(ctx, person)
}

// cancelLogins ends every open login of a person, and returns them ended.
func (b *Bot) cancelLogins(ctx context.Context, person string) ([]authflow.Login, error) {
	open, err := b.logins.Open(ctx, person)
	if err != nil {
		return nil, err
	}
	var ended []authflow.Login
	for _, login := range open {
		login, err := b.logins.Cancel(ctx, login.ID)
		if errors.Is(err, authflow.ErrEnded) {
			continue
		}
		if err != nil {
			return ended, err
		}
		ended = append(ended, login)
	}
	return ended, nil
}
