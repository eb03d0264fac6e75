package provider

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/usherbot/usher/authflow"
)

// What an App's Flow can be, beside auto.
const (
	onDevice  = "device"
	inBrowser = "browser"
)

// web is the code flow of a service. Name, Begin and Next are those of
// authflow.Flow.
type web struct{ *service }

func (web) Name() string { return authflow.Browser{}.Name() }

func (w web) Begin(ctx context.Context, c *http.Client, a authflow.Ask) (authflow.Grant, error) {
	b, err := w.browser(ctx, c)
	if err != nil {
		return authflow.Grant{}, err
	}
	return b.Begin(ctx, c, a)
}

func (w web) Next(ctx context.Context, c *http.Client, g authflow.Grant, back url.Values) (authflow.Answer, error) {
	b, err := w.browser(ctx, c)
	if err != nil {
		return authflow.Answer{}, err
	}
	answer, err := b.Next(ctx, c, g, back)
	if answer.Token != nil {
		answer.Token.Scopes = w.granted(*answer.Token, g.Scopes)
	}
	return answer, err
}

func (w web) browser(ctx context.Context, c *http.Client) (authflow.Browser, error) {
	at, err := w.endpoints(ctx, c)
	b := w.preset.browser
	b.AuthorizeURL, b.TokenURL = at.Authorize, at.Token
	b.Issuers, b.SameIssuer, b.NamesIssuer = w.issuers(at), w.preset.sameIssuer, at.NamesIssuer
	b.ClientID, b.Secret, b.Auth = w.App.ID, w.App.Secret, w.auth(at)
	b.Scopes = w.preset.asks(w.App.Scopes)
	b.AuthorizeParams, b.TokenParams = maps.Clone(b.AuthorizeParams), w.App.TokenParams
	if b.AuthorizeParams == nil {
		b.AuthorizeParams = url.Values{}
	}
	maps.Copy(b.AuthorizeParams, w.App.AuthorizeParams)
	if len(at.Challenges) > 0 && !slices.Contains(at.Challenges, "S256") {
		b.AuthorizeURL = "" // it would take ours for one in clear, or refuse it
	}
	return b, err
}

// issuers are the names that answers by browsers may have.
func (w web) issuers(at metadata) []string {
	if at.Issuer != "" {
		return []string{at.Issuer}
	}
	out := []string{w.root}
	for _, ref := range w.preset.named {
		out = append(out, w.preset.at(w.root, ref))
	}
	return out
}

// flows are those that an App wants of those that the service may have, best first.
func (p preset) flows(s *service) []authflow.Flow {
	var out []authflow.Flow
	switch {
	case s.App.Flow == inBrowser || !p.hasDevice(s.App):
	case p.flow != nil:
		out = append(out, p.flow(s))
	default:
		out = append(out, s)
	}
	if s.App.Flow != onDevice && p.hasWeb(s.App) && (s.App.Secret != "" || !p.secret) {
		out = append(out, web{s})
	}
	return out
}

// hasDevice reports whether the service lets people sign in with a code, or may do
// so: its document says.
func (p preset) hasDevice(a App) bool {
	return p.flow != nil || p.endpoints.Device != "" || a.DeviceURL != "" || p.asked(a)
}

// hasWeb is hasDevice for browsers.
func (p preset) hasWeb(a App) bool {
	return p.endpoints.Authorize != "" || a.AuthorizeURL != "" || p.asked(a)
}

func (p preset) asked(a App) bool { return a.Issuer != "" || p.root == "" }

// checkFlow finds what keeps everybody from signing in.
func (p preset) checkFlow(a App) Mistakes {
	var m Mistakes
	device, web := p.hasDevice(a), p.hasWeb(a)
	switch {
	case a.Flow == onDevice && !device:
		m.addf("FLOW", "is device, and %s gives no codes to enter: choose browser", p.title)
	case a.Flow == inBrowser && !web:
		m.addf("FLOW", "is browser, and %s has another way: choose device", p.title)
	case p.secret && a.Secret == "" && web && (a.Flow == inBrowser || !device):
		m.addf("CLIENT_SECRET", "is missing: %s wants it of apps that sign people in through a browser", p.title)
	}
	return m
}
