package slack

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/usherbot/usher/core/reach"
	"github.com/usherbot/usher/core/seal"
)

const (
	eventsPath   = "/slack/events"
	commandsPath = "/slack/commands"
	pressesPath  = "/slack/interactivity"

	maxAge = 5 * time.Minute // of a signature, and as far ahead, because clocks differ
)

// Routes implements core.Adapter.
func (a *Adapter) Routes() map[string]http.Handler {
	if a.config.Mode != HTTP {
		return nil
	}
	return map[string]http.Handler{
		eventsPath:   a.signed(a.events),
		commandsPath: a.signed(a.commands),
		pressesPath:  a.signed(a.presses),
	}
}

// signed lets deliveries through that Slack has signed. Whatever is wrong with
// another, the answer is the same; only whether the certificate is good, Slack
// asks without a signature.
func (a *Adapter) signed(then func(http.ResponseWriter, []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := reach.Posted(w, r)
		if !ok {
			return
		}
		switch {
		case genuine(a.config.SigningSecret, r.Header, body, time.Now()):
			then(w, body)
		case isCheck(body):
			w.WriteHeader(http.StatusOK)
		default:
			http.Error(w, "not authorised", http.StatusUnauthorized)
		}
	})
}

// genuine reports whether Slack has signed a body, and not long ago: HMAC-SHA256
// over version, time and body.
func genuine(secret seal.Secret, h http.Header, body []byte, now time.Time) bool {
	stamp := h.Get("X-Slack-Request-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || secret == "" || now.Sub(time.Unix(seconds, 0)).Abs() > maxAge {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(body)
	want := "v0=" + hex.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(h.Get("X-Slack-Signature")), []byte(want))
}

// isCheck reports whether Slack only looks whether it is answered.
func isCheck(body []byte) bool {
	if !bytes.Contains(body, []byte("ssl_check=1")) {
		return false
	}
	form, err := url.ParseQuery(string(body))
	return err == nil && form.Get("ssl_check") == "1"
}

// events takes what comes from the Events API.
func (a *Adapter) events(w http.ResponseWriter, body []byte) {
	d, err := parse(ofEvents, body)
	if err == nil && d.event.Type == "url_verification" {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(map[string]string{"challenge": d.event.Challenge}); err != nil {
			a.log.Debug("Slack did not hear its challenge", "platform", platform, "error", err)
		}
		return
	}
	a.deliver(w, d, err)
}

// commands takes slash commands.
func (a *Adapter) commands(w http.ResponseWriter, body []byte) {
	form, err := url.ParseQuery(string(body))
	if err == nil && form.Get("ssl_check") == "1" {
		w.WriteHeader(http.StatusOK)
		return
	}
	if err == nil && form.Get("command") == "" {
		err = errors.New("decode delivery: it has no command")
	}
	a.deliver(w, parseForm(form), err)
}

// presses takes presses, choices and forms.
func (a *Adapter) presses(w http.ResponseWriter, body []byte) {
	form, err := url.ParseQuery(string(body))
	if err == nil && form.Get("ssl_check") == "1" {
		w.WriteHeader(http.StatusOK)
		return
	}
	var d delivery
	if err == nil {
		d, err = parse(ofPresses, []byte(form.Get("payload")))
	}
	a.deliver(w, d, err)
}

// deliver takes one delivery. It answers 200 once that is safe, or after ackAfter:
// Slack waits three seconds and shows people an error then.
func (a *Adapter) deliver(w http.ResponseWriter, d delivery, err error) {
	if err != nil {
		a.log.Error("a delivery cannot be read", "platform", platform, "error", err)
		w.Header().Set("X-Slack-No-Retry", "1")
		http.Error(w, "not a delivery", http.StatusBadRequest)
		return
	}
	to := a.intake.Load()
	if to == nil {
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	}
	safe := make(chan struct{}, 1)
	a.receive(d, func() { safe <- struct{}{} })
	select {
	case <-safe:
	case <-time.After(ackAfter):
	case <-to.ctx.Done():
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}
