package core

import (
	"fmt"
	"net/http"
)

// Handler serves what reaches the bot over HTTP: deliveries of the platforms
// that want it so, the pages of logins in browsers below /oauth/, /healthz, which says that the process lives, and /readyz,
// which says that Run is serving and every platform connected. Connect comes
// first. The bot itself never listens.
func (b *Bot) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, p := range b.sorted() {
		for path, h := range p.adapter.Routes() {
			mux.Handle(path, h)
		}
	}
	if b.logins != nil {
		mux.Handle("/oauth/", b.logins)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if waits := b.waitsFor(); waits != "" {
			http.Error(w, waits, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}

// Ready reports whether Run is serving and every platform is connected.
func (b *Bot) Ready() bool { return b.waitsFor() == "" }

// waitsFor says what is missing until the bot serves all its platforms.
func (b *Bot) waitsFor() string {
	if !b.lanes.isOpen() {
		return "not running"
	}
	for _, p := range b.sorted() {
		if !p.ready() {
			return p.caps.Title + " is not connected"
		}
	}
	return ""
}
