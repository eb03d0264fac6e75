package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	api "github.com/slack-go/slack"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
	"github.com/usherbot/usher/core/seal"
)

// A response_url is good for so many posts in so much time.
const (
	hookUses = 5
	hookFor  = 30 * time.Minute
)

// hook is the response_url of an event: an address at which everybody who knows
// it can post to the chat, also where the bot is no member.
type hook struct {
	url   seal.Secret
	until time.Time
	left  int
}

func newHook(address seal.Secret, now time.Time) hook {
	return hook{url: address, until: now.Add(hookFor), left: hookUses}
}

// good reports whether the hook may be sent to.
func (h hook) good(now time.Time) bool {
	u, err := url.Parse(h.url.Reveal())
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && reach.Loopback(u.Hostname())) &&
		h.left > 0 && now.Before(h.until)
}

// hooked is what a hook is sent.
type hooked struct {
	Text    string      `json:"text"`
	Blocks  []api.Block `json:"blocks"`
	Type    string      `json:"response_type,omitempty"` // ephemeral or in_channel
	Replace bool        `json:"replace_original"`
	Thread  string      `json:"thread_ts,omitempty"`
	Links   bool        `json:"unfurl_links"`
	Media   bool        `json:"unfurl_media"`
}

// line is a hook that several answers share.
type line struct {
	mu sync.Mutex
	hook
}

// take uses the hook once; core.ErrTooLate when that was the last time already.
func (l *line) take() (seal.Secret, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.good(time.Now()) {
		return "", fmt.Errorf("response_url: %w", core.ErrTooLate)
	}
	l.left--
	return l.url, nil
}

// untake takes back a use that came to nothing.
func (l *line) untake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left++
}

// use posts through a hook. Slack does not say which message becomes of that.
func (a *Adapter) use(ctx context.Context, l *line, chat core.Chat, m hooked) error {
	address, err := l.take()
	if err != nil {
		return err
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	do := func(ctx context.Context) error { return a.useOnce(ctx, address.Reveal(), body) }
	once := a.post
	if m.Replace { // the same again changes nothing
		once = a.write
	}
	err = once(ctx, chat, responseURL, do)
	if _, slow := errors.AsType[*core.Slow](err); slow {
		l.untake()
	}
	return err
}

func (a *Adapter) useOnce(ctx context.Context, address string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return reach.Bare(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := way{a.client}.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return hookError(resp, answer)
}

// hookError is what an answer means, in the client library's terms. A hook that
// is used up or too old is not found any more.
func hookError(resp *http.Response, answer []byte) error {
	var said struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	switch status := resp.StatusCode; {
	case status == http.StatusTooManyRequests:
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil {
			seconds = 1
		}
		return &api.RateLimitedError{RetryAfter: time.Duration(seconds) * time.Second}
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
		return api.SlackErrorResponse{Err: "expired_url"}
	case status != http.StatusOK:
		return api.StatusCodeError{Code: status, Status: resp.Status}
	case json.Unmarshal(answer, &said) == nil && !said.OK: // most often it is no JSON: "ok"
		return api.SlackErrorResponse{Err: said.Error}
	}
	return nil
}
