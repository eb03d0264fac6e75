package telegram

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"time"

	"github.com/usherbot/usher/core/reach"
)

const (
	path       = "/telegram/webhook"
	deliverFor = 25 * time.Second // that a delivery waits to be safe; Telegram waits 60
)

// secretHeader carries the secret that was given to setWebhook.
const secretHeader = "X-Telegram-Bot-Api-Secret-Token" //nolint:gosec // a header's name

// Routes implements core.Adapter.
func (a *Adapter) Routes() map[string]http.Handler {
	if a.config.Mode != Webhook {
		return nil
	}
	return map[string]http.Handler{path: http.HandlerFunc(a.deliver)}
}

// deliver takes one update. It answers 200 once the update is safe, and anything
// else has Telegram deliver it again: 503 when it is not safe in time.
func (a *Adapter) deliver(w http.ResponseWriter, r *http.Request) {
	if !same(r.Header.Get(secretHeader), a.config.WebhookSecret.Reveal()) {
		http.Error(w, "not authorised", http.StatusUnauthorized)
		return
	}
	body, ok := reach.Posted(w, r)
	if !ok {
		return
	}
	u, err := parse(body)
	if err != nil {
		a.log.Error("an update cannot be read", "platform", platform, "error", err)
		http.Error(w, "not an update", http.StatusBadRequest)
		return
	}
	if !a.takes(r, u) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// takes hands an update over and reports whether it became safe.
func (a *Adapter) takes(r *http.Request, u update) bool {
	in := a.intake.Load()
	if in == nil {
		return false
	}
	safe := make(chan struct{}, 1)
	a.receive(u, true, func() { safe <- struct{}{} })
	select {
	case <-safe:
		return true
	case <-time.After(deliverFor):
	case <-in.done:
	case <-r.Context().Done():
	}
	return false
}

// same compares in a time that tells nothing, not even of the length.
func same(given, want string) bool {
	x, y := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
