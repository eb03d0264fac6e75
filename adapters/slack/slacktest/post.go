package slacktest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// paths are where the bot is called, below Options.Deliver.
var paths = map[string]string{
	eventsAPI: "/slack/events", slashCommands: "/slack/commands", interactive: "/slack/interactivity",
}

const formType = "application/x-www-form-urlencoded"

// overHTTP hands d over at the bot's URL.
func (s *Server) overHTTP(ctx context.Context, d *delivery) (url.Values, error) {
	r, err := s.request(ctx, d, s.signing.Reveal(), time.Now())
	if err != nil {
		return nil, err
	}
	status, header, body, err := s.ring(r)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &failure{code: "operation_timeout", reason: "http_timeout"}
	case err != nil:
		return nil, &failure{code: "dispatch_failed", reason: "connection_failed"}
	case status/100 != 2 || d.kind != eventsAPI && status != http.StatusOK:
		return nil, &failure{code: "dispatch_failed", reason: "http_error", final: header.Get("X-Slack-No-Retry") == "1"}
	case !d.answerable:
		return nil, nil
	}
	return readReply(body), nil
}

// ring sends one request to the bot and reads the answer.
func (s *Server) ring(r *http.Request) (status int, header http.Header, body []byte, err error) {
	res, err := s.Call(r)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("call the bot: %w", err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("read what the bot says: %w", err)
	}
	return res.StatusCode, res.Header, body, nil
}

// request is what brings d to the bot, signed at that time.
func (s *Server) request(ctx context.Context, d *delivery, key string, at time.Time) (*http.Request, error) {
	kind, body := formType, ""
	switch d.kind {
	case eventsAPI:
		kind, body = "application/json", string(d.content)
	case interactive:
		body = url.Values{"payload": {string(d.content)}}.Encode()
	case slashCommands:
		var fields map[string]string
		if err := json.Unmarshal(d.content, &fields); err != nil {
			return nil, fmt.Errorf("read command: %w", err)
		}
		form := url.Values{}
		for name, value := range fields {
			form.Set(name, value)
		}
		body = form.Encode()
	}
	r, err := s.signed(ctx, paths[d.kind], kind, body, key, at)
	if err == nil && d.attempt > 0 {
		r.Header.Set("X-Slack-Retry-Num", strconv.Itoa(d.attempt))
		r.Header.Set("X-Slack-Retry-Reason", d.reason)
	}
	return r, err
}

// signed is a request as Slack signs them.
func (s *Server) signed(ctx context.Context, path, kind, body, key string, at time.Time) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.opt.Deliver+path, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make a request to the bot: %w", err)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	io.WriteString(mac, "v0:"+stamp+":"+body) //nolint:errcheck // never returns an error
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return r, nil
}

// BadSignature delivers what was delivered last once more over HTTP, signed by
// somebody else, and returns the status of the answer.
func (s *Server) BadSignature() (int, error) { return s.probe("somebody else's secret", 0) }

// OldTimestamp is BadSignature for a request that was signed well, six minutes ago.
func (s *Server) OldTimestamp() (int, error) { return s.probe(s.signing.Reveal(), 6*time.Minute) }

func (s *Server) probe(key string, age time.Duration) (int, error) {
	s.mu.Lock()
	d := *s.lastDelivery()
	s.mu.Unlock()
	ctx, stop := context.WithTimeout(s.Context(), ackWait)
	defer stop()
	r, err := s.request(ctx, &d, key, time.Now().Add(-age))
	if err != nil {
		return 0, err
	}
	status, _, _, err := s.ring(r)
	return status, err
}

// VerifyURL does what saving the events URL does: the bot must give the challenge back.
func (s *Server) VerifyURL() error {
	challenge := secret()
	body := encode(object{"token": verification, "challenge": challenge, "type": "url_verification"})
	status, answered, err := s.check(paths[eventsAPI], "application/json", string(body))
	switch {
	case err != nil:
		return err
	case status != http.StatusOK || !strings.Contains(string(answered), challenge):
		return fmt.Errorf("verify the URL: got status %d without the challenge", status)
	}
	return nil
}

// SSLCheck does what Slack does now and then to see whether the certificate of
// the commands' URL is good.
func (s *Server) SSLCheck() error {
	form := url.Values{"ssl_check": {"1"}, "token": {verification}}
	status, _, err := s.check(paths[slashCommands], formType, form.Encode())
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("check the certificate: got status %d", status)
	}
	return err
}

func (s *Server) check(path, kind, body string) (status int, answered []byte, err error) {
	ctx, stop := context.WithTimeout(s.Context(), ackWait)
	defer stop()
	r, err := s.signed(ctx, path, kind, body, s.signing.Reveal(), time.Now())
	if err != nil {
		return 0, nil, err
	}
	status, _, answered, err = s.ring(r)
	return status, answered, err
}
