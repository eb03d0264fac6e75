package core

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
)

// A login in a browser has a link in place of a code, and asks for the digits that
// the browser shows in the end: only who has both chat and browser is signed in.

const maxAsker = 80 // characters of a name on the page of a login

// inBrowser reports whether a login goes through our pages.
func inBrowser(login authflow.Login) bool { return login.Flow == authflow.Browser{}.Name() }

// asker is who asks, as a page says it to whoever opens the link.
func (in *Invocation) asker() string {
	name := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, in.From.Name)
	if runes := []rune(name); len(runes) > maxAsker {
		name = string(runes[:maxAsker]) + "…"
	}
	if strings.TrimSpace(name) == "" {
		name = markup.Visible(in.bot.words.Somebody)
	}
	return markup.Visible(markup.F(in.bot.words.Asker, name, in.port.caps.Title))
}

// linkCard shows what is asked for, the link, and until when it is good.
func (b *Bot) linkCard(login authflow.Login, p authflow.Provider, cancel Control) Message {
	w := &b.words
	lines := b.asks(login, p)
	if login.NoCode {
		lines = append(lines, markup.F(w.CardNoCode, p.Title))
	}
	lines = append(lines, markup.F(w.CardBrowser, p.Title), markup.F(w.CardLinkUntil, markup.Time(login.Expires)), w.CardLinkWarn)
	return Message{Text: join(lines), Rows: [][]Control{{
		Link{Label: markup.Visible(markup.F(w.OpenLink, p.Title)), URL: login.Show.URL}, cancel,
	}}}
}

// pressDigits opens the form for the digits. A press that is answered by a form is no
// way to the card any more: the form that comes back is.
func (b *Bot) pressDigits(ctx context.Context, in *Invocation) error {
	login, _, ok, err := b.about(ctx, in)
	if !ok {
		return err
	}
	if login.State != authflow.Confirming || !login.Digits {
		return b.refresh(ctx, in)
	}
	w := &b.words
	return in.Ask(ctx, Form{
		Title:  markup.Visible(markup.F(w.DigitsTitle, b.provider(login.Provider).Title)),
		Inputs: []Input{{Name: "digits", Label: markup.Visible(w.DigitsInput), Hint: markup.Visible(w.DigitsHint), Max: 20}},
		Do:     Action{Name: "~typed", Args: []string{login.ID}, Only: in.From},
	})
}

// typedDigits links the account if the digits are right. What becomes of the login
// its card says; only who has typed a message gets an answer below it.
func (b *Bot) typedDigits(ctx context.Context, in *Invocation) error {
	login, t, ok, err := b.about(ctx, in)
	if !ok {
		return err
	}
	if err := b.renew(ctx, in, login, t); err != nil {
		return err
	}
	login, err = b.logins.Confirm(ctx, in.Args[0], in.Values["digits"])
	wrong, isWrong := errors.AsType[*authflow.DigitsError](err)
	_, said := in.What.(Said)
	switch {
	case isWrong:
		return in.tell(ctx, markup.F(b.words.DigitsWrong, wrong.Left))
	case errors.Is(err, authflow.ErrEnded):
		return b.refresh(ctx, in)
	case err != nil || !said:
		return err
	}
	return in.tell(ctx, b.card(login, in.From).Text)
}

var sixDigits = regexp.MustCompile(`^\s*[0-9]{3}[ -]?[0-9]{3}\s*$`)

// digitsSaid reports whether a message is digits that a login waits for, said in the
// direct chat without a press before, and makes in what a form would have.
func (b *Bot) digitsSaid(ctx context.Context, in *Invocation, said Said) (bool, error) {
	if b.logins == nil || !in.Chat.Direct || !sixDigits.MatchString(said.Text) {
		return false, nil
	}
	person, err := in.personID(ctx)
	if err != nil {
		return false, err
	}
	open, err := b.logins.Open(ctx, person)
	open = slices.DeleteFunc(open, func(l authflow.Login) bool { return !l.Digits || l.State != authflow.Confirming })
	if err != nil || len(open) != 1 { // of several nobody knows which
		return false, err
	}
	in.Args, in.Values = []string{open[0].ID}, map[string]string{"digits": said.Text}
	return true, nil
}
