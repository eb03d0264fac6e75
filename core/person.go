package core

import (
	"context"
	"slices"
	"strings"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
)

// whoami lists every linked account.
func (b *Bot) whoami(ctx context.Context, in *Invocation) error {
	accounts, err := b.accounts(ctx, in)
	if err != nil {
		return err
	}
	lines := []markup.Text{markup.F(b.words.You, in.From.Name, in.port.caps.Title)}
	for _, a := range accounts {
		if a.State != authflow.Good {
			lines = append(lines, markup.F(b.words.AccountExpired, a.Title, unlinked(a.Who.Name), a.Who.Subject))
			continue
		}
		line := markup.F(b.words.Account, a.Title, unlinked(a.Who.Name), a.Who.Subject, markup.Time(a.LinkedAt))
		if len(a.Scopes) > 0 {
			line = markup.F(b.words.AccountScopes, line, strings.Join(a.Scopes, ", "))
		}
		lines = append(lines, line)
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

// everywhere is what people may say in place of a provider to sign out of all.
const everywhere = "all"

// logout signs out of the provider that was named, of all, of the only one, or asks.
func (b *Bot) logout(ctx context.Context, in *Invocation) error {
	accounts, err := b.accounts(ctx, in)
	if err != nil {
		return err
	}
	given, named := providerOption.Get(in)
	switch {
	case named:
		return b.logoutOf(ctx, in, accounts, given)
	case len(accounts) == 0:
		_, err := in.Reply(ctx, Message{Text: b.words.NotSignedIn})
		return err
	case len(accounts) == 1:
		return b.signOut(ctx, in, accounts[0].Provider, "", b.words.NotSignedIn)
	}
	var names []string
	for _, a := range accounts {
		names = append(names, a.Provider)
	}
	return b.pickProvider(ctx, in, b.words.WhichLogout, "~logout", names, Button{
		Label: markup.Visible(b.words.LogoutAll), Tone: Bad, Do: Action{Name: "~logout", Only: in.From},
	})
}

// logoutOf signs out of the account whose provider was named, by name or title, or
// of all.
func (b *Bot) logoutOf(ctx context.Context, in *Invocation, accounts []authflow.Account, given string) error {
	i := slices.IndexFunc(accounts, func(a authflow.Account) bool {
		return strings.EqualFold(a.Provider, given) || strings.EqualFold(a.Title, given)
	})
	switch {
	case i >= 0:
		return b.signOut(ctx, in, accounts[i].Provider, "", b.words.NotSignedIn)
	case strings.EqualFold(given, everywhere):
		return b.signOutOfAll(ctx, in)
	}
	if _, known, err := b.whichProvider(ctx, in); !known || err != nil {
		return err
	}
	_, err := in.Reply(ctx, Message{Text: b.words.NotSignedIn})
	return err
}

// pressLogout signs out of the button's provider, or of all where it names none.
func (b *Bot) pressLogout(ctx context.Context, in *Invocation) error {
	in.private = true
	if len(in.Args) == 0 {
		return b.signOutOfAll(ctx, in)
	}
	return b.signOut(ctx, in, in.Args[0], "", b.words.NotSignedIn)
}
