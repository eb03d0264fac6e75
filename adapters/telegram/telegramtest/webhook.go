package telegramtest

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"
)

// webhook is where updates are sent.
type webhook struct {
	url, secret string
	set         context.Context // ends when another is set, or none
	unset       context.CancelFunc
	slots       chan struct{}   // one per connection
	busy        map[string]bool // lanes with somebody on the way
	failed      time.Time
	failure     string
}

var (
	secretToken = regexp.MustCompile(`^[A-Za-z0-9_-]*$`)
	ports       = []string{"", "443", "80", "88", "8443"}
)

// setWebhook has updates sent to a URL from now on; an empty one removes it.
func (s *Server) setWebhook(p url.Values) (any, error) {
	at, secret := p.Get("url"), p.Get("secret_token")
	if at == "" {
		return s.deleteWebhook(p)
	}
	u, err := url.Parse(at)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "":
		return nil, badf("bad webhook: An HTTPS URL must be provided for webhook")
	case !slices.Contains(ports, u.Port()):
		return nil, badf("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
	case len(secret) > 256:
		return nil, badf("secret token is too long")
	case !secretToken.MatchString(secret):
		return nil, badf("secret token contains unallowed characters")
	}
	if err := s.allow(p); err != nil {
		return nil, err
	}
	connections := 40
	if p.Has("max_connections") {
		connections = min(max(integer(p, "max_connections"), 1), 100)
	}
	s.unhook(p)
	s.endPoll("terminated by setWebhook request")
	s.hook = &webhook{url: at, secret: secret, slots: make(chan struct{}, connections), busy: map[string]bool{}}
	s.hook.set, s.hook.unset = context.WithCancel(s.Context())
	s.dispatch()
	return true, nil
}

// deleteWebhook keeps updates for getUpdates, unless they are to be dropped.
func (s *Server) deleteWebhook(p url.Values) (any, error) {
	s.unhook(p)
	return true, nil
}

func (s *Server) unhook(p url.Values) {
	if s.hook != nil {
		s.hook.unset()
		s.hook = nil
	}
	if truth(p, "drop_pending_updates") {
		s.pending = nil
		s.Change()
	}
}

// getWebhookInfo says where updates are sent and how that went.
func (s *Server) getWebhookInfo(url.Values) (any, error) {
	info := struct {
		URL         string   `json:"url"`
		Certificate bool     `json:"has_custom_certificate"`
		Pending     int      `json:"pending_update_count"`
		Connections int      `json:"max_connections,omitempty"`
		Failed      int64    `json:"last_error_date,omitempty"`
		Failure     string   `json:"last_error_message,omitempty"`
		Allowed     []string `json:"allowed_updates,omitempty"`
	}{Pending: len(s.pendingNow()), Allowed: s.allowed}
	if h := s.hook; h != nil {
		info.URL, info.Connections = h.url, cap(h.slots)
		if h.failure != "" {
			info.Failed, info.Failure = h.failed.Unix(), h.failure
		}
	}
	return info, nil
}

// header is how a webhook knows that it is Telegram who calls.
const header = "X-Telegram-Bot-Api-Secret-Token"

// request is what brings u to the webhook.
func (h *webhook) request(ctx context.Context, u *update) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(u.body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", jsonType)
	if h.secret != "" {
		r.Header.Set(header, h.secret)
	}
	return r, nil
}
