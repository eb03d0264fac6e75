package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
)

// What is said of an access that has ended: because the person wants so, and then
// honestly whether the provider knows, or because the provider wants so.

// signOut forgets an account, or only the one that a login linked, and says so.
// none is said where there is no such account.
func (b *Bot) signOut(ctx context.Context, in *Invocation, provider, linkedBy string, none markup.Text) error {
	person, err := in.personID(ctx)
	if err != nil {
		return err
	}
	a, end, err := b.logins.Accounts().Remove(ctx, person, provider, linkedBy)
	if errors.Is(err, authflow.ErrNotLinked) {
		return in.Update(ctx, Message{Text: none})
	}
	if err != nil {
		return err
	}
	return in.Update(ctx, Message{Text: b.signedOut(a, end)})
}

// signOutOfAll forgets every account of the person, and says so of each.
func (b *Bot) signOutOfAll(ctx context.Context, in *Invocation) error {
	person, err := in.personID(ctx)
	if err != nil {
		return err
	}
	lines, err := b.signOutEverywhere(ctx, person, b.signedOut)
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		lines = []markup.Text{b.words.NotSignedIn}
	}
	return in.Update(ctx, Message{Text: join(lines)})
}

// signOutEverywhere removes the accounts of a person, all at once: a provider may
// take its time. It returns what say says of each that was still there.
func (b *Bot) signOutEverywhere(ctx context.Context, person string, say func(authflow.Account, authflow.Revocation) markup.Text) ([]markup.Text, error) {
	accounts, err := b.logins.Accounts().List(ctx, person)
	if err != nil {
		return nil, err
	}
	lines, errs := make([]markup.Text, len(accounts)), make([]error, len(accounts))
	var all sync.WaitGroup
	for i, a := range accounts {
		all.Go(func() {
			gone, end, err := b.logins.Accounts().Remove(ctx, person, a.Provider, "")
			switch {
			case err == nil:
				lines[i] = say(gone, end)
			case !errors.Is(err, authflow.ErrNotLinked): // just now, by somebody else
				errs[i] = err
			}
		})
	}
	all.Wait()
	return slices.DeleteFunc(lines, func(line markup.Text) bool { return line == "" }), errors.Join(errs...)
}

// signedOut says that an account is forgotten, and what became of the access.
func (b *Bot) signedOut(a authflow.Account, end authflow.Revocation) markup.Text {
	forgotten := markup.F(b.words.SignedOut, unlinked(a.Who.Name), a.Title)
	return join([]markup.Text{forgotten, b.ended(a, end)})
}

// ended says whether the provider has ended an access too.
func (b *Bot) ended(a authflow.Account, end authflow.Revocation) markup.Text {
	switch end {
	case authflow.Revoked:
		return markup.F(b.words.Revoked, a.Title)
	case authflow.Unrevoked:
		return join([]markup.Text{markup.F(b.words.Unrevoked, a.Title), b.removeAt(a.Title, a.Manage)})
	}
	return b.removeAt(a.Title, a.Manage)
}

// dropped adds what becomes, on the provider's side, of a token that was granted
// and forgotten.
func (b *Bot) dropped(text markup.Text, login authflow.Login, p authflow.Provider) markup.Text {
	switch {
	case !login.Dropped:
		return text
	case login.Revoked && p.Manage == "":
		return join([]markup.Text{text, markup.F(b.words.AskedThere, p.Title)})
	case login.Revoked:
		return join([]markup.Text{text, markup.F(b.words.AskedAt, p.Title, p.Manage)})
	}
	return join([]markup.Text{text, b.removeAt(p.Title, p.Manage)})
}

// removeAt says honestly that the provider still lists an access.
func (b *Bot) removeAt(title, page string) markup.Text {
	if page == "" {
		return markup.F(b.words.RemoveThere, title)
	}
	return markup.F(b.words.RemoveAt, title, page)
}

// tellDied is called by the engine: a provider has ended the access to an account.
// Its person hears of it where the bot can write to them.
func (b *Bot) tellDied(ctx context.Context, a authflow.Account) error {
	users, err := b.store.Users(ctx, a.Person)
	if err != nil {
		return fmt.Errorf("find the person of account %s: %w", a.ID, err)
	}
	for _, one := range users {
		p, err := b.port(one.Platform)
		if err != nil {
			continue // it is connected no more
		}
		u := User{Platform: one.Platform, Team: one.Team, ID: one.User}
		_, err = b.sendDirect(ctx, p, u, b.diedText(a, u))
		if !unreachable(err) {
			return err
		}
	}
	b.log.Info("a person cannot be told that an access has ended", "account", a.ID)
	return nil
}

func (b *Bot) diedText(a authflow.Account, u User) Message {
	again := Action{Name: "~login", Args: []string{a.Provider}, Only: u, For: claimFor}
	return Message{
		Text: markup.F(b.words.Died, a.Title, unlinked(a.Who.Name)), Key: a.ID,
		Rows: [][]Control{{Button{Label: markup.Visible(b.words.SignInAgain), Tone: Main, Do: again}}},
	}
}
