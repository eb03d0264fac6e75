package authtest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
)

// link is an authorization link as it should be, with changes: name, value; "" leaves the name out.
func (a app) link(changes ...string) string {
	q := url.Values{
		"client_id": {"app"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"st&te"},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		if q.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return a.srv.URL() + "/oauth/authorize?" + q.Encode()
}

// returned checks where the browser was sent and gives the query there.
func (a app) returned(back string) url.Values {
	a.Helper()
	u, err := url.Parse(back)
	if err != nil {
		a.Fatal(err)
	}
	q := u.Query()
	if !strings.HasPrefix(back, callback+"&") || q.Get("state") != "st&te" || q.Get("iss") != "https://auth.example" {
		a.Errorf("sent to %s, want the callback with state and iss", back)
	}
	return q
}

func (a app) consent() url.Values {
	a.Helper()
	back, err := a.srv.Consent(a.link(), a.srv.User("hubot"))
	if err != nil {
		a.Fatalf("Consent: %v", err)
	}
	return a.returned(back)
}

// exchange redeems a code, with changes like link's.
func (a app) exchange(code string, changes ...string) answer {
	a.Helper()
	pairs := map[string]string{
		"client_id": "app", "grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": verifier,
	}
	for i := 0; i < len(changes); i += 2 {
		pairs[changes[i]] = changes[i+1]
	}
	var flat []string
	for name, value := range pairs {
		flat = append(flat, name, value)
	}
	return a.post(authtest.Token, flat...)
}

func TestCodeFlow(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		code := a.consent().Get("code")
		tok := a.exchange(code)
		a.want(tok, "")
		if got := a.whoami(tok.AccessToken); got.Name != "hubot" {
			a.Errorf("user info: got %s, want hubot", got.Name)
		}
		a.want(a.exchange(code), "invalid_grant") // again: the tokens die
		a.wantDead(tok.AccessToken)
	})
}

func TestExchangeRefusals(t *testing.T) {
	tests := []struct {
		name    string
		wait    time.Duration
		changes []string
	}{
		{"late", time.Minute, nil},
		{"another redirect_uri", 0, []string{"redirect_uri", callback + "/"}},
		{"no redirect_uri", 0, []string{"redirect_uri", ""}},
		{"wrong verifier", 0, []string{"code_verifier", verifier + "x"}},
		{"no verifier", 0, []string{"code_verifier", ""}},
		{"unknown code", 0, []string{"code", "x"}},
		{"another client", 0, []string{"client_id", "posts", "client_secret", "s3cret"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				code := a.consent().Get("code")
				time.Sleep(tt.wait)
				a.want(a.exchange(code, tt.changes...), "invalid_grant")
			})
		})
	}
}

func TestAuthorizationRefusals(t *testing.T) {
	tests := []struct {
		name    string
		changes []string
		want    string // error sent back; "": not sent back at all
	}{
		{"unknown client", []string{"client_id", "nobody"}, ""},
		{"unregistered address", []string{"redirect_uri", "https://evil.example/"}, ""},
		{"nearly registered", []string{"redirect_uri", callback + "/"}, ""},
		{"no address", []string{"redirect_uri", ""}, ""},
		{"client without address", []string{"client_id", "ba:sic"}, ""},
		{"no challenge", []string{"code_challenge", ""}, "invalid_request"},
		{"plain challenge", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"secret in the query", []string{"client_secret", "s3cret"}, "invalid_request"},
		{"implicit", []string{"response_type", "token"}, "unsupported_response_type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				a.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				res, err := a.http.Get(a.link(tt.changes...))
				if err != nil {
					a.Fatal(err)
				}
				res.Body.Close()
				back, err := a.srv.Consent(a.link(tt.changes...), authtest.User{})
				if tt.want == "" {
					if res.StatusCode != http.StatusBadRequest || err == nil {
						a.Errorf("got %d and %v, want 400 and an error", res.StatusCode, err)
					}
					return
				}
				for _, to := range []string{back, res.Header.Get("Location")} {
					if q := a.returned(to); q.Get("error") != tt.want || q.Has("code") {
						a.Errorf("got error %q, want %q without a code", q.Get("error"), tt.want)
					}
				}
			})
		})
	}
}

func TestRefuse(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		back, err := a.srv.Refuse(a.link())
		if err != nil {
			a.Fatal(err)
		}
		if got := a.returned(back).Get("error"); got != "access_denied" {
			a.Errorf("error: got %s, want access_denied", got)
		}
		if _, err := a.srv.Refuse("https://elsewhere.example/oauth/authorize?x=y"); err == nil {
			a.Error("a foreign link: got no error, want one")
		}
	})
}
