package discord

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"net/http"
)

// self is the bot as Discord knows it.
type self struct {
	ID   string // of the application
	User string // of its user
	URL  string // where Discord posts interactions; empty: nowhere
	Key  ed25519.PublicKey
}

// identify asks once who the bot is.
func (a *Adapter) identify(ctx context.Context) error {
	if a.self.Load() != nil {
		return nil
	}
	var app struct {
		ID  string `json:"id"`
		Bot *user  `json:"bot"`
		Key string `json:"verify_key"`
		URL string `json:"interactions_endpoint_url"`
	}
	if err := a.soon(ctx, request{does: "find the application", method: http.MethodGet, path: "/applications/@me"}, &app); err != nil {
		return err
	}
	me := self{ID: app.ID, User: app.ID, URL: app.URL}
	if app.Bot != nil {
		me.User = cmp.Or(app.Bot.ID, me.User)
	}
	if me.Key = a.key; me.Key == nil {
		me.Key = publicKey(app.Key)
	}
	if a.config.PublicKey != "" && app.Key != "" && app.Key != a.config.PublicKey {
		a.log.Warn("DISCORD_PUBLIC_KEY: is not the key that Discord has for this application. Leave it out, and Discord is asked for it", "platform", platform)
	}
	a.self.Store(&me)
	return nil
}

// overHTTP reports whether interactions come over HTTP.
func (a *Adapter) overHTTP(me self) bool {
	return a.config.Mode == HTTP || a.config.Mode == Auto && me.URL != ""
}
