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
			return b.signOut(ctx, in, accounts[i].Provider, "", b.words.NotSignedIn)
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
		return b.signOut(ctx, in, names[0], "", b.words.NotSignedIn)
	}
	return b.pickProvider(ctx, in, b.words.WhichLogout, "~logout", names)
}

func (b *Bot) pressLogout(ctx context.Context, in *Invocation) error {
	in.private = true
	return b.signOut(ctx, in, in.Args[0], "", b.words.NotSignedIn)
}
