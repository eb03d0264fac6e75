package telegram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/usherbot/usher/core"
)

// self is the bot as Telegram knows it.
type self struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
}

// is reports whether the bot is meant by a name, with or without an @. Telegram
// does not care for case.
func (s self) is(name string) bool {
	return strings.EqualFold(strings.TrimPrefix(name, "@"), s.Username)
}

// link leads to the chat with the bot alone, and hands start back there, of which
// Telegram takes 64 of A-Z, a-z, 0-9, _ and -.
func (s self) link(start string) string {
	link := "https://t.me/" + s.Username
	if start != "" {
		link += "?start=" + start
	}
	return link
}

// identify asks once who the bot is.
func (a *Adapter) identify(ctx context.Context) (self, error) {
	if known := a.self.Load(); known != nil {
		return *known, nil
	}
	var me self
	if err := a.soon(ctx, "getMe", params{}, &me); err != nil {
		return self{}, err
	}
	a.self.Store(&me)
	return me, nil
}

// rejected is what an operator reads when Telegram does not know the token, or
// nil. A token that never was one makes an address that there is not.
func rejected(err error) error {
	r, ok := errors.AsType[*refusal](err)
	switch {
	case ok && r.code == http.StatusUnauthorized:
		return fmt.Errorf("TELEGRAM_TOKEN: Telegram does not know it (any more). Ask @BotFather for the bot's token: %w", err)
	case ok && r.code == http.StatusNotFound && r.method == "getMe":
		return fmt.Errorf("TELEGRAM_TOKEN: Telegram does not know it, or TELEGRAM_API_BASE leads elsewhere: %w", err)
	}
	return nil
}

// user is who somebody is on the wire.
type user struct {
	ID        int64  `json:"id"`
	IsBot     bool   `json:"is_bot"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name,omitempty"`
	Username  string `json:"username,omitempty"`
	Language  string `json:"language_code,omitempty"`
}

func (u user) core() core.User {
	name := strings.TrimSpace(u.FirstName + " " + u.LastName)
	if name == "" {
		name = u.Username
	}
	return core.User{Platform: platform, ID: strconv.FormatInt(u.ID, 10), Name: name, Locale: u.Language}
}

// userID is the number of a person whom core names by a key.
func userID(key string) (int64, error) {
	u, ok := core.UserOf(key)
	if !ok || u.Platform != platform {
		return 0, errors.New("not somebody on Telegram")
	}
	return strconv.ParseInt(u.ID, 10, 64)
}

// mostPeople is how many names are remembered.
const mostPeople = 10_000

// people know whose user name it is that somebody mentions: Telegram does not
// say, so it has to be somebody whom the bot has heard of since it started. The
// zero people know nobody.
type people struct {
	mu     sync.Mutex
	byName map[string]int64
}

func (p *people) meet(u *user) {
	if u == nil || u.Username == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byName == nil || len(p.byName) >= mostPeople {
		p.byName = map[string]int64{}
	}
	p.byName[strings.ToLower(u.Username)] = u.ID
}

// called returns the id of whoever has a user name, 0 if nobody is known to.
func (p *people) called(name string) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byName[strings.ToLower(strings.TrimPrefix(name, "@"))]
}
