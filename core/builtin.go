package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/store"
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
	b.actions["~form"], b.actions["~answer"], b.actions["~unask"], b.actions["~options"] = b.openForm, b.pressAnswer, b.unask, b.gotOptions
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
	for name, h := range map[string]Handler{
		"~login": b.pressLogin, "~logout": b.pressLogout, "~cancel": b.pressCancel, "~again": b.pressAgain,
		"~me": b.pressMe, "~notme": b.pressNotMe, "~check": b.pressCheck, "~go": b.pressGo,
		"~forget": b.pressForget, "~keep": b.pressKeep,
	} {
		b.actions[name] = h
	}
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
	lines := []markup.Text{b.words.Help}
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

// pickProvider offers a button for each provider.
func (b *Bot) pickProvider(ctx context.Context, in *Invocation, text markup.Text, action string, names []string) error {
	var row []Control
	for _, name := range names {
		row = append(row, Button{Label: b.provider(name).Title, Do: Action{Name: action, Args: []string{name}, Only: in.From}})
	}
	_, err := in.Reply(ctx, Message{Text: text, Rows: [][]Control{row}})
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

// whoami lists every linked account.
func (b *Bot) whoami(ctx context.Context, in *Invocation) error {
	accounts, err := b.accounts(ctx, in)
	if err != nil {
		return err
	}
	lines := []markup.Text{markup.F(b.words.You, in.From.Name, in.port.caps.Title)}
	for _, a := range accounts {
		if a.Expired() {
			lines = append(lines, markup.F(b.words.AccountExpired, a.Title, a.Who.Name, a.Who.Subject))
			continue
		}
		lines = append(lines, markup.F(b.words.Account, a.Title, a.Who.Name, a.Who.Subject, markup.Time(a.LinkedAt)))
	}
	if len(accounts) == 0 {
		lines = append(lines, b.words.NotSignedIn)
	}
	_, err = in.Reply(ctx, Message{Text: join(lines)})
	return err
}

func (b *Bot) accounts(ctx context.Context, in *Invocation) ([]authflow.Account, error) {
	person, err := in.personID(ctx)
	if err != nil {
		return nil, err
	}
	return b.logins.Accounts().List(ctx, person)
}

// logout signs out of the provider that was named, of the only one, or asks.
func (b *Bot) logout(ctx context.Context, in *Invocation) error {
	accounts, err := b.accounts(ctx, in)
	if err != nil {
		return err
	}
	var names []string
	for _, a := range accounts {
		names = append(names, a.Provider)
	}
	if given, ok := providerOption.Get(in); ok {
		i := slices.IndexFunc(accounts, func(a authflow.Account) bool {
			return strings.EqualFold(a.Provider, given) || strings.EqualFold(a.Title, given)
		})
		if i >= 0 {
			return b.signOut(ctx, in, accounts[i].Provider)
		}
		if _, ok, err := b.whichProvider(ctx, in); !ok || err != nil {
			return err
		}
		names = nil
	}
	switch len(names) {
	case 0:
		_, err := in.Reply(ctx, Message{Text: b.words.NotSignedIn})
		return err
	case 1:
		return b.signOut(ctx, in, names[0])
	}
	return b.pickProvider(ctx, in, b.words.WhichLogout, "~logout", names)
}

func (b *Bot) pressLogout(ctx context.Context, in *Invocation) error {
	return b.signOut(ctx, in, in.Args[0])
}

func (b *Bot) signOut(ctx context.Context, in *Invocation, provider string) error {
	person, err := in.personID(ctx)
	if err != nil {
		return err
	}
	a, err := b.logins.Accounts().Remove(ctx, person, provider, "")
	if errors.Is(err, authflow.ErrNotLinked) {
		return in.Update(ctx, Message{Text: b.words.NotSignedIn})
	}
	if err != nil {
		return err
	}
	return in.Update(ctx, Message{Text: b.signedOut(a)})
}

func (b *Bot) signedOut(a authflow.Account) markup.Text {
	return join([]markup.Text{markup.F(b.words.SignedOut, a.Who.Name, a.Title), b.removeAt(a.Title, a.Manage)})
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
	ended, err := b.cancelLogins(ctx, in)
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

// cancelLogins ends every open login of the person, and returns them ended.
func (b *Bot) cancelLogins(ctx context.Context, in *Invocation) ([]authflow.Login, error) {
	if b.logins == nil {
		return nil, nil
	}
	person, err := in.personID(ctx)
	if err != nil {
		return nil, err
	}
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

// pressCancel ends one login. The press is also a way to its card, which the
// engine then edits.
func (b *Bot) pressCancel(ctx context.Context, in *Invocation) error {
	return b.decide(ctx, in, b.logins.Cancel)
}

// pressMe links an account that the person says is theirs.
func (b *Bot) pressMe(ctx context.Context, in *Invocation) error {
	return b.decide(ctx, in, b.logins.Confirm)
}

// decide does what a press on a card asks for. Where that is too late, the card
// is told again how the login stands.
func (b *Bot) decide(ctx context.Context, in *Invocation, do func(context.Context, string) (authflow.Login, error)) error {
	if err := b.renew(ctx, in); err != nil {
		return err
	}
	_, err := do(ctx, in.Args[0])
	if errors.Is(err, authflow.ErrEnded) {
		return b.refresh(ctx, in)
	}
	return err
}

// renew notes that the card can be edited again through the press on it.
func (b *Bot) renew(ctx context.Context, in *Invocation) error {
	if in.On.Until.IsZero() {
		return nil // it always can
	}
	login, err := b.logins.Login(ctx, in.Args[0])
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	t, err := unpackThread(login.Origin)
	if err != nil {
		return err
	}
	t.Card, t.Check = reveal(in.On), false
	err = b.logins.Keep(ctx, login.ID, t.pack(), t.wake())
	if errors.Is(err, authflow.ErrEnded) {
		return nil
	}
	return err
}

// refresh makes the pressed message say how its login stands.
func (b *Bot) refresh(ctx context.Context, in *Invocation) error {
	login, err := b.logins.Login(ctx, in.Args[0])
	if errors.Is(err, store.ErrNotFound) {
		return in.tell(ctx, b.words.TooOld)
	}
	if err != nil {
		return err
	}
	t, err := unpackThread(login.Origin)
	if err != nil {
		return err
	}
	if login.State.Open() {
		return b.show(ctx, in.port, login, t)
	}
	return b.showEnd(ctx, in.port, login, t)
}

// pressCheck renews a card that only a press can renew.
func (b *Bot) pressCheck(ctx context.Context, in *Invocation) error {
	if err := b.renew(ctx, in); err != nil {
		return err
	}
	login, err := b.logins.Login(ctx, in.Args[0])
	switch {
	case errors.Is(err, store.ErrNotFound):
		return in.tell(ctx, b.words.TooOld)
	case err != nil:
		return err
	case login.State.Open():
		return b.refresh(ctx, in)
	}
	return in.Update(ctx, b.card(login, in.From))
}

// pressAgain starts anew what ran out or was refused, in the same message.
func (b *Bot) pressAgain(ctx context.Context, in *Invocation) error {
	login, err := b.logins.Login(ctx, in.Args[0])
	if errors.Is(err, store.ErrNotFound) {
		return in.tell(ctx, b.words.TooOld)
	}
	if err != nil {
		return err
	}
	t, err := unpackThread(login.Origin)
	if err != nil {
		return err
	}
	p, err := b.logins.Provider(login.Provider)
	if err != nil {
		return in.Update(ctx, Message{Text: failedText(authflow.Unavailable, b.provider(login.Provider), &b.words)})
	}
	if err := in.Update(ctx, Message{Text: markup.F(b.words.Asking, p.Title)}); err != nil {
		return err
	}
	return b.begin(ctx, in, p, login.Scopes, thread{User: in.From, Chat: t.Chat, Card: reveal(in.On), Wait: t.Wait})
}

// pressNotMe takes back an account that is not the person's: while they are
// asked about it, and up to 30 days after.
func (b *Bot) pressNotMe(ctx context.Context, in *Invocation) error {
	if len(in.Args) == 1 {
		return b.decide(ctx, in, b.logins.Disown)
	}
	person, err := in.personID(ctx)
	if err != nil {
		return err
	}
	a, err := b.logins.Accounts().Remove(ctx, person, in.Args[1], in.Args[0])
	if errors.Is(err, authflow.ErrNotLinked) {
		return in.Update(ctx, Message{Text: b.words.AlreadyRemoved})
	}
	if err != nil {
		return err
	}
	return in.Update(ctx, Message{Text: b.signedOut(a)})
}

// pressGo lets a command go on that waited for a login.
func (b *Bot) pressGo(ctx context.Context, in *Invocation) error {
	login, err := b.logins.Login(ctx, in.Args[0])
	if errors.Is(err, store.ErrNotFound) {
		return in.tell(ctx, b.words.TooOld)
	}
	if err != nil {
		return err
	}
	t, err := unpackThread(login.Origin)
	if err != nil {
		return err
	}
	fresh, err := b.store.AddNote(ctx, "seen:login:"+login.ID, nil, in.At.Add(seenFor))
	if err != nil || !fresh {
		return err
	}
	if err := in.Update(ctx, Message{Text: markup.F(b.words.GoesOn, t.Wait.Command)}); err != nil {
		return err
	}
	there := in.elsewhere(t.Chat)
	there.Args, there.Key = nil, "login:"+login.ID
	there.Back = later{port: in.port, user: in.From, chat: t.Chat, command: t.Wait.Command}
	return b.routeCall(there, Call{Name: t.Wait.Command, Args: t.Wait.args()})(ctx, there)
}

// forget asks before it erases.
func (b *Bot) forget(ctx context.Context, in *Invocation) error {
	w := &b.words
	_, err := in.Reply(ctx, Message{Text: w.Forget, Rows: [][]Control{{
		Button{Label: markup.Visible(w.ForgetYes), Tone: Bad, Do: Action{Name: "~forget", Only: in.From, For: askFor}},
		Button{Label: markup.Visible(w.ForgetNo), Do: Action{Name: "~keep", Only: in.From, For: askFor}},
	}}})
	return err
}

func (b *Bot) pressKeep(ctx context.Context, in *Invocation) error {
	return in.Update(ctx, Message{Text: b.words.Kept})
}

// pressForget erases everything of the person. What the providers still list,
// they are told.
func (b *Bot) pressForget(ctx context.Context, in *Invocation) error {
	accounts, err := b.accounts(ctx, in)
	if err != nil {
		return err
	}
	ended, err := b.cancelLogins(ctx, in)
	if err != nil {
		return err
	}
	for _, login := range ended { // now, because the outbox is erased as well
		if err := b.tell(ctx, login); err != nil {
			b.log.Warn("a card cannot be changed", "login", login.ID, "error", err)
		}
	}
	person, err := in.personID(ctx)
	if err != nil {
		return err
	}
	for _, note := range []string{latest(in.From), questionName(in.From, in.Chat)} {
		if err := b.dropNote(ctx, note); err != nil {
			return err
		}
	}
	if err := b.store.Forget(ctx, person); err != nil {
		return fmt.Errorf("forget person: %w", err)
	}
	lines := []markup.Text{b.words.Forgotten}
	for _, a := range accounts {
		lines = append(lines, b.removeAt(a.Title, a.Manage))
	}
	return in.Update(ctx, Message{Text: join(lines)})
}
