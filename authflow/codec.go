package authflow

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// The blobs of a login and of an account are JSON, sealed for their row. The
// types here exist because a Secret refuses to be encoded: what reveals one is
// in this file and nowhere else.

// secrets is what a login must keep from everyone: it is wiped when it ends.
type secrets struct {
	Show    Show          `json:"show"`
	Secret  []byte        `json:"secret"` // not always text
	Scopes  []string      `json:"scopes"`
	Every   time.Duration `json:"every"`
	Slowed  bool          `json:"slowed,omitempty"`
	Hold    bool          `json:"hold,omitempty"`
	Expires time.Time     `json:"expires"`
	Leaves  int           `json:"leaves,omitempty"` // how often a browser left for the provider
	Token   *wireToken    `json:"token,omitempty"`
	Since   time.Time     `json:"since,omitzero"` // when Token was granted
	Back    []byte        `json:"back,omitempty"` // the hash that its browser came back by
	Digits  string        `json:"digits,omitempty"`
}

// wireToken is a Token in clear, on its way into a sealed blob.
type wireToken struct {
	Access  string    `json:"access"`
	Refresh string    `json:"refresh,omitempty"`
	Type    string    `json:"type"`
	Scopes  []string  `json:"scopes,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

// origin is what is known of a login as long as its row lives.
type origin struct {
	Scopes  []string `json:"scopes,omitempty"`
	Had     []string `json:"had,omitempty"`
	Missing []string `json:"missing,omitempty"`
	Why     Why      `json:"why,omitempty"`
	Dropped bool     `json:"dropped,omitempty"`
	Revoked bool     `json:"revoked,omitempty"`
	ByLink  bool     `json:"byLink,omitempty"`
	NoCode  bool     `json:"noCode,omitempty"`
	Digits  bool     `json:"digits,omitempty"`
	Wrong   int      `json:"wrong,omitempty"` // digits that were typed
	Asker   string   `json:"asker,omitempty"`
	Who     Identity `json:"who,omitzero"`
	Core    []byte   `json:"core,omitempty"`  // as given to Start and Keep
	Moved   []byte   `json:"moved,omitempty"` // Core before that, until the card was shown
}

func revealGrant(g Grant, t *Token, since time.Time) secrets {
	s := secrets{
		Show: g.Show, Secret: []byte(g.Secret.Reveal()), Scopes: g.Scopes,
		Every: g.Every, Slowed: g.Slowed, Hold: g.Hold, Expires: g.Expires, Since: since,
	}
	if t != nil {
		w := revealToken(*t)
		s.Token = &w
	}
	return s
}

func (s secrets) grant() Grant {
	return Grant{
		Show: s.Show, Secret: seal.Secret(s.Secret), Scopes: s.Scopes,
		Every: s.Every, Slowed: s.Slowed, Hold: s.Hold, Expires: s.Expires,
	}
}

func revealToken(t Token) wireToken {
	return wireToken{t.Access.Reveal(), t.Refresh.Reveal(), t.Type, t.Scopes, t.Expires}
}

func (w wireToken) token() Token {
	return Token{seal.Secret(w.Access), seal.Secret(w.Refresh), w.Type, w.Scopes, w.Expires}
}

// sealJSON seals v for a row. v is one of the types above, which JSON can always
// encode.
func sealJSON(k seal.Keys, v any, in, id, person string) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("authflow: encode %T: %v", v, err))
	}
	return k.Seal(b, in, id, person)
}

func openJSON(k seal.Keys, blob []byte, v any, in, id, person string) error {
	b, err := k.Open(blob, in, id, person)
	if err != nil {
		return fmt.Errorf("open %s %s: %w", in, id, err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("decode %s %s: %w", in, id, err)
	}
	return nil
}

func (l *Logins) sealSecrets(row store.Login, s secrets) []byte {
	return sealJSON(l.keys, s, store.InLogin, row.ID, row.Person)
}

func (l *Logins) openSecrets(row store.Login) (secrets, error) {
	var s secrets
	return s, openJSON(l.keys, row.Sealed, &s, store.InLogin, row.ID, row.Person)
}

func (l *Logins) sealOrigin(row store.Login, o origin) []byte {
	return sealJSON(l.keys, o, store.InOrigin, row.ID, row.Person)
}

func (l *Logins) openOrigin(row store.Login) (origin, error) {
	var o origin
	return o, openJSON(l.keys, row.Origin, &o, store.InOrigin, row.ID, row.Person)
}

func (l *Logins) sealToken(row store.Account, t Token) []byte {
	return sealJSON(l.keys, revealToken(t), store.InAccount, row.ID, row.Person)
}

func (l *Logins) openToken(row store.Account) (Token, error) {
	var w wireToken
	err := openJSON(l.keys, row.Sealed, &w, store.InAccount, row.ID, row.Person)
	return w.token(), err
}

// view is a row as others see it.
func (l *Logins) view(row store.Login) (Login, error) {
	o, err := l.openOrigin(row)
	if err != nil {
		return Login{}, err
	}
	out := Login{
		ID: row.ID, Person: row.Person, Provider: row.Provider, Flow: row.Kind, ByLink: o.ByLink, NoCode: o.NoCode, Digits: o.Digits,
		State: State(row.State), Why: o.Why, Scopes: o.Scopes, Had: o.Had, Missing: o.Missing,
		Dropped: o.Dropped, Revoked: o.Revoked,
		Created: row.Created, Expires: row.Expires, Shown: row.Shown, Who: o.Who, Origin: o.Core, Moved: o.Moved,
	}
	if out.State != Waiting {
		return out, nil
	}
	s, err := l.openSecrets(row)
	out.Show = s.Show
	return out, err
}
