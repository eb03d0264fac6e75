package core

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
)

// claimFor is how long [Not me] below a login that succeeded is good for.
const claimFor = 30 * 24 * time.Hour

// card is what a login looks like in the chat of its person, in every state. It
// never shows a code once the login has ended.
func (b *Bot) card(login authflow.Login, user User) Message {
	w := &b.words
	p := b.provider(login.Provider)
	button := func(label markup.Text, tone Tone, name string, life time.Duration) Control {
		return Button{Label: markup.Visible(label), Tone: tone, Do: Action{Name: name, Args: []string{login.ID}, Only: user, For: life}}
	}
	anew, expired := w.NewCode, w.Expired
	if login.ByLink {
		anew, expired = w.NewLink, w.LinkExpired
	}
	again := [][]Control{{button(anew, Main, "~again", DefaultFor)}}
	switch login.State {
	case authflow.Waiting:
		if inBrowser(login) {
			return b.linkCard(login, p, button(w.Cancel, Plain, "~cancel", time.Until(login.Expires)+DefaultFor))
		}
		return b.waitingCard(login, p, button(w.Cancel, Plain, "~cancel", time.Until(login.Expires)+DefaultFor))
	case authflow.Granted:
		return Message{Text: markup.F(w.Finishing, p.Title)}
	case authflow.Confirming:
		if login.Digits {
			return Message{
				Text: markup.F(w.TypeDigits, p.Title, markup.Time(login.Expires)),
				Rows: [][]Control{{button(w.EnterDigits, Main, "~digits", DefaultFor), button(w.Cancel, Plain, "~cancel", DefaultFor)}},
			}
		}
		return Message{
			Text: markup.F(w.IsItYou, p.Title, unlinked(login.Who.Name), login.Who.Subject),
			Rows: [][]Control{{button(w.Yes, Good, "~me", DefaultFor), button(w.NotMe, Bad, "~notme", DefaultFor)}},
		}
	case authflow.Linked:
		notMe := Button{Label: markup.Visible(w.NotMe), Do: Action{
			Name: "~notme", Args: []string{login.ID, login.Provider}, Only: user, For: claimFor, Once: true,
		}}
		return Message{Text: join(b.signedInText(login, p)), Rows: [][]Control{{notMe}}}
	case authflow.Denied:
		return Message{Text: w.Declined, Rows: again}
	case authflow.Expired:
		if login.Dropped {
			return Message{Text: b.dropped(w.ConfirmExpired, login, p), Rows: again}
		}
		return Message{Text: expired, Rows: again}
	case authflow.Cancelled:
		return Message{Text: b.dropped(cancelledText(login.Why, w), login, p)}
	}
	return Message{Text: b.dropped(failedText(login.Why, p, w), login, p), Rows: again}
}

// waitingCard shows what is asked for, where to go, the code where there is one, and
// until when.
func (b *Bot) waitingCard(login authflow.Login, p authflow.Provider, cancel Control) Message {
	w := &b.words
	lines, until := b.asks(login, p), markup.Time(login.Expires)
	if login.Show.Code == "" {
		lines = append(lines, markup.F(w.CardLink, login.Show.URL), markup.F(w.CardLinkUntil, until), w.CardLinkWarn)
		return Message{Text: join(lines), Rows: [][]Control{{
			Link{Label: markup.Visible(markup.F(w.OpenProvider, p.Title)), URL: login.Show.URL}, cancel,
		}}}
	}
	lines = append(lines, markup.F(w.CardCode, login.Show.URL, login.Show.Code))
	open := login.Show.URL
	if login.Show.FullURL != "" {
		open, lines = login.Show.FullURL, append(lines, w.CardCompare)
	}
	lines = append(lines, markup.F(w.CardUntil, until), w.CardWarn)
	return Message{Text: join(lines), Rows: [][]Control{{
		Link{Label: markup.Visible(markup.F(w.OpenProvider, p.Title)), URL: open},
		Copy{Label: markup.Visible(w.CopyCode), Text: login.Show.Code},
		cancel,
	}}}
}

// asks says who asks for what.
func (b *Bot) asks(login authflow.Login, p authflow.Provider) []markup.Text {
	lines := []markup.Text{markup.F(b.words.Card, p.Title, b.name, p.Title)}
	if text := b.permissions(login); text != "" {
		lines = append(lines, text)
	}
	return lines
}

// permissions says what is asked for: what is new, where something was granted
// before.
func (b *Bot) permissions(login authflow.Login) markup.Text {
	asked := login.Scopes
	fresh := slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return slices.Contains(login.Had, s) })
	switch {
	case len(asked) == 0:
		return ""
	case len(fresh) == 0, len(fresh) == len(asked):
		return markup.F(b.words.CardScopes, strings.Join(asked, ", "))
	}
	return markup.F(b.words.CardMoreScopes, strings.Join(fresh, ", "), strings.Join(login.Had, ", "))
}

// signedInText names the account, and what the provider did not grant.
func (b *Bot) signedInText(login authflow.Login, p authflow.Provider) []markup.Text {
	lines := []markup.Text{markup.F(b.words.SignedIn, unlinked(login.Who.Name), p.Title)}
	if len(login.Missing) > 0 {
		lines = append(lines, markup.F(b.words.MissingScopes, p.Title, strings.Join(login.Missing, ", ")))
	}
	return lines
}

func cancelledText(why authflow.Why, w *Words) markup.Text {
	switch why {
	case authflow.Replaced:
		return w.Replaced
	case authflow.NotMine:
		return w.Disowned
	case authflow.WrongDigits:
		return w.DigitsOver
	}
	return w.Cancelled
}

func failedText(why authflow.Why, p authflow.Provider, w *Words) markup.Text {
	switch why {
	case authflow.Unnamed:
		return markup.F(w.Unnamed, p.Title)
	case authflow.Barred:
		return markup.F(w.FlowOff, p.Title)
	case authflow.Unavailable:
		return markup.F(w.Unavailable, p.Title)
	case authflow.Unreached:
		return markup.F(w.Unreachable, p.Title)
	}
	return markup.F(w.Failed, p.Title)
}

// provider is the provider of a name; of one that is no longer offered only the
// name is known.
func (b *Bot) provider(name string) authflow.Provider {
	p, err := b.logins.Provider(name)
	if err != nil {
		return authflow.Provider{Name: name, Title: name}
	}
	return p
}

// unlinked is what somebody calls their account. If that is an address, it is seen
// as it is and leads nowhere: a card must not hold links that strangers have made.
func unlinked(name string) string { return strings.ReplaceAll(name, "://", ":\u2060//") }

// instead adds to the question whose account this is the one that it replaces.
func (b *Bot) instead(ctx context.Context, login authflow.Login, m Message) Message {
	had, err := b.logins.Accounts().Get(ctx, login.Person, login.Provider)
	if err == nil && !had.Who.Is(login.Who) {
		m.Text = join([]markup.Text{m.Text, markup.F(b.words.InsteadOf, unlinked(had.Who.Name))})
	}
	return m
}
