package discord

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core/reach"
)

const (
	path       = "/discord/interactions"
	maxAge     = 5 * time.Minute // of a signature, and how far clocks may be apart
	deliverFor = 2500 * time.Millisecond
)

const (
	signatureHeader = "X-Signature-Ed25519"
	timestampHeader = "X-Signature-Timestamp"
)

// Routes implements core.Adapter. Where the mode is still open, Discord may turn
// out to deliver.
func (a *Adapter) Routes() map[string]http.Handler {
	if a.config.Mode == Gateway {
		return nil
	}
	return map[string]http.Handler{path: http.HandlerFunc(a.deliver)}
}

// deliver takes one interaction. It is answered by the first response where that
// comes in time, which is all that Discord waits for.
func (a *Adapter) deliver(w http.ResponseWriter, r *http.Request) {
	body, ok := reach.Posted(w, r)
	if !ok {
		return
	}
	if !a.signed(r.Header, body, time.Now()) {
		http.Error(w, "not authorised", http.StatusUnauthorized)
		return
	}
	it, err := parse(body)
	switch {
	case err != nil:
		a.log.Error("an interaction cannot be read", "platform", platform, "error", err)
		http.Error(w, "not an interaction", http.StatusBadRequest)
	case it.Type == int(discordgo.InteractionPing):
		answer(w, callback{Type: int(discordgo.InteractionResponsePong)})
	default:
		a.answerTo(w, r, it)
	}
}

// signed reports whether Discord has sent this, and lately: its Ed25519 signature
// is over the time and the body.
func (a *Adapter) signed(h http.Header, body []byte, now time.Time) bool {
	key := a.key
	if me := a.self.Load(); me != nil {
		key = me.Key
	}
	return genuine(key, h.Get(signatureHeader), h.Get(timestampHeader), body, now)
}

func genuine(key ed25519.PublicKey, signature, timestamp string, body []byte, now time.Time) bool {
	sig, err := hex.DecodeString(signature)
	seconds, notime := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || notime != nil || len(sig) != ed25519.SignatureSize || len(key) != ed25519.PublicKeySize {
		return false
	}
	return now.Sub(time.Unix(seconds, 0)).Abs() <= maxAge && ed25519.Verify(key, append([]byte(timestamp), body...), sig)
}

// answerTo hands an interaction over and waits for the first response.
func (a *Adapter) answerTo(w http.ResponseWriter, r *http.Request, it interaction) {
	d := &delivery{take: make(chan *callback), done: make(chan struct{})}
	defer close(d.done)
	f, taken := a.receive(it, d)
	if !taken {
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	}
	ended := f.ended
	over := time.NewTimer(deliverFor)
	defer over.Stop()
	for {
		select {
		case c := <-d.take:
			if c == nil { // the response was given otherwise
				w.WriteHeader(http.StatusAccepted)
			} else {
				answer(w, *c)
			}
			return
		case <-ended:
			if ended = nil; f.isSafe() {
				continue // its handler goes on, for a while
			}
			http.Error(w, "later", http.StatusServiceUnavailable)
			return
		case <-over.C:
			http.Error(w, "too late", http.StatusServiceUnavailable)
			return
		case <-r.Context().Done():
			return
		}
	}
}

// answer writes a response, and sees it off.
func answer(w http.ResponseWriter, c callback) {
	body, err := json.Marshal(c)
	if err != nil {
		http.Error(w, "not to be told", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if _, err := w.Write(body); err != nil {
		return // Discord has hung up
	}
	http.NewResponseController(w).Flush()
}

// delivery is an interaction that came by an HTTP request, which is answered by
// the first response where that comes in time. A nil delivery is that of none.
type delivery struct {
	take chan *callback // nil: the response is given otherwise
	done chan struct{}  // closed when the request is answered
}

// give hands over the response, and reports whether it was still wanted.
func (d *delivery) give(c callback) bool {
	select {
	case d.take <- &c:
		return true
	case <-d.done:
		return false
	}
}

// release answers the request by nothing.
func (d *delivery) release() {
	if d == nil {
		return
	}
	select {
	case d.take <- nil:
	case <-d.done:
	}
}

// wait waits until the request is answered: what comes after the first response
// must not be there before it.
func (d *delivery) wait(ctx context.Context) {
	if d == nil {
		return
	}
	select {
	case <-d.done:
	case <-ctx.Done():
	}
}
