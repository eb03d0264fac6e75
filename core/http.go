package core

import (
	"fmt"
	"net/http"
)

// Handler serves what reaches the bot over HTTP: deliveries of the platforms
// that want it so, /healthz, which says that the process lives, and /readyz,
// which says that Run is serving. Connect comes first. The bot itself never
// listens.
func (b *Bot) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, p := range b.sorted() {
		for path, h := range p.adapter.Routes() {
			mux.Handle(path, h)
		}
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !b.lanes.isOpen() {
			http.Error(w, "not running", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}
