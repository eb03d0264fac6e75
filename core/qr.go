package core

import (
	"cmp"
	"slices"

	"rsc.io/qr"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
)

// shown is the card of a login as it stands in its chat: one that waits can show
// its link as a QR code, for a phone that is at hand (RFC 8628 section 3.3.1).
func (b *Bot) shown(p *port, login authflow.Login, t thread) Message {
	m := b.card(login, t.User)
	if login.State != authflow.Waiting || !p.caps.Images {
		return m
	}
	if t.QR {
		m.Image = b.code(login)
		return m
	}
	row := &m.Rows[0] // which ends with [Cancel]
	*row = slices.Insert(*row, len(*row)-1, Control(Button{
		Label: markup.Visible(b.words.ShowQR), Do: Action{Name: "~qr", Args: []string{login.ID}, Only: t.User},
	}))
	return m
}

// code is the QR code of the link of a login, with the user code where the provider
// has such a link; nil: the link is too long for one.
func (b *Bot) code(login authflow.Login) *Image {
	code, err := qr.Encode(cmp.Or(login.Show.FullURL, login.Show.URL), qr.M)
	if err != nil {
		return nil
	}
	return &Image{
		Data: code.PNG(), Until: login.Expires,
		Alt: markup.Visible(markup.F(b.words.QRAlt, b.provider(login.Provider).Title)),
	}
}
