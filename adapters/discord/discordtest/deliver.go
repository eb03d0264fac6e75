package discordtest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// deliver lets the bot know of an interaction: by the gateway, or where there is
// a URL for them by a request to that.
func (s *Server) deliver(i *interaction, body []byte) {
	if s.opt.InteractionsURL == "" {
		if s.dispatch("INTERACTION_CREATE", 0, json.RawMessage(body)) == 0 {
			s.fail(i, "nobody is connected to the gateway")
		}
		return
	}
	// People do one thing after the other, be it quickly. That keeps the order.
	const between = 10 * time.Millisecond
	wait := max(time.Until(s.nextPost), 0)
	s.nextPost = time.Now().Add(wait + between)
	s.Go(func() { s.bring(i, body, wait) })
}

// bring posts an interaction and takes the answer in the response.
func (s *Server) bring(i *interaction, body []byte, wait time.Duration) {
	ctx, stop := context.WithDeadline(s.Context(), time.Now().Add(wait+firstAnswer))
	defer stop()
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	status, answer, err := s.post(ctx, body, s.sign(body, time.Now()))
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		s.fail(i, tooLate)
	case err != nil:
		s.fail(i, err.Error())
	case status == http.StatusOK:
		s.inline(i, answer)
	case status != http.StatusAccepted && status != http.StatusNoContent:
		s.fail(i, "the bot answered "+strconv.Itoa(status))
	}
}

// inline takes the first answer out of the response to a delivery. Of one that
// was answered already nothing is taken. It is JSON: of files Discord takes there only
// small ones (discord-api-docs issues 5250 and 5933), and this Discord none.
func (s *Server) inline(i *interaction, body []byte) {
	seen := &Request{
		At: time.Now(), Route: "POST /interactions/{interaction_id}/{interaction_token}/callback",
		Type: jsonType, Body: body, Inline: true, Status: http.StatusNoContent,
	}
	defer s.log.Add(seen)
	var r response
	err := read(body, &r)
	switch {
	case err != nil:
	case i.failed:
		err = errUnknown
	case i.acked:
		err = errAcknowledged
	default:
		err = s.respond(i, r)
	}
	if no, is := errors.AsType[*refusal](err); is {
		seen.Status = no.status
		s.fail(i, "the answer was refused: "+no.Error())
	}
}

// signature is what a delivery is signed with.
type signature struct{ at, hex string }

// sign signs a body, with a time.
func (s *Server) sign(body []byte, at time.Time) signature {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return signature{stamp, hex.EncodeToString(ed25519.Sign(s.key, append([]byte(stamp), body...)))}
}

// post calls the bot's URL.
func (s *Server) post(ctx context.Context, body []byte, sig signature) (status int, answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.opt.InteractionsURL, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("make a delivery: %w", err)
	}
	r.Header.Set("Content-Type", jsonType)
	r.Header.Set("User-Agent", "Discord-Interactions/1.0 (+https://discord.com)")
	if sig != (signature{}) {
		r.Header.Set("X-Signature-Timestamp", sig.at)
		r.Header.Set("X-Signature-Ed25519", sig.hex)
	}
	res, err := s.Call(r)
	if err != nil {
		return 0, nil, fmt.Errorf("call the bot: %w", err)
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return 0, nil, fmt.Errorf("read what the bot answers: %w", err)
	}
	return res.StatusCode, answer, nil
}

// Probe does what Discord does when somebody enters the URL for interactions: it
// sends a PING, which must be answered with a PONG, and others that are not
// signed as they should be, which must be answered 401. A nil error is that the
// URL is accepted.
func (s *Server) Probe(ctx context.Context) error {
	body := s.ping()
	status, answer, err := s.post(ctx, body, s.sign(body, time.Now()))
	if err != nil {
		return err
	}
	var r response
	if err := read(answer, &r); err != nil || status != http.StatusOK || r.Type != pong {
		return fmt.Errorf("the bot answered a PING with %d, type %d; want 200, type 1", status, r.Type)
	}
	for n, status := range s.BadSignature(ctx, len(badly)) {
		if status != http.StatusUnauthorized {
			return fmt.Errorf("the bot answered bad signature %d with %d, want 401", n, status)
		}
	}
	return nil
}

func (s *Server) ping() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return marshal(object{
		"id": s.id(), "application_id": s.app, "type": isPing, "token": "cGluZw", "version": 1, "user": s.user(s.me),
		"entitlements": []object{}, "authorizing_integration_owners": object{}, "app_permissions": everything,
	})
}

// badly are ways to sign what is not from Discord.
var badly = []func(s *Server, body []byte) signature{
	func(s *Server, body []byte) signature { return s.sign(append([]byte(" "), body...), time.Now()) },
	func(*Server, []byte) signature { return signature{} },
	func(s *Server, body []byte) signature {
		sig := s.sign(body, time.Now())
		return signature{strconv.FormatInt(time.Now().Unix()+1, 10), sig.hex}
	},
	func(s *Server, body []byte) signature { return signature{s.sign(body, time.Now()).at, "not hex"} },
	func(s *Server, body []byte) signature {
		sig := s.sign(body, time.Now())
		return signature{sig.at, sig.hex[:62]}
	},
}

// BadSignature posts n commands by a stranger that are not signed as Discord
// signs, in several ways, and returns what each was answered; 0 is nothing.
func (s *Server) BadSignature(ctx context.Context, n int) []int {
	s.mu.Lock()
	i := &interaction{id: s.id(), token: "Zm9yZ2Vk", kind: isCommand, by: s.person("mallory"), in: s.person("mallory").alone}
	body := marshal(s.wireInteraction(i, object{"id": s.id(), "name": "ping", "type": 1}))
	s.mu.Unlock()
	out := make([]int, n)
	for at := range out {
		status, _, err := s.post(ctx, body, badly[at%len(badly)](s, body))
		if err == nil {
			out[at] = status
		}
	}
	return out
}
