package authtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
)

// dialect is how a vendor is asked, and what it says: a status and a code.
type dialect struct {
	name                                  string
	device, token, user                   authtest.Endpoint
	client                                []string // how the client proves itself
	page                                  string   // the member with the page
	pending, early, denied, expired, used string
}

func dialects() []dialect {
	public := []string{"client_id", "app"}
	standard := dialect{
		client: public, page: "verification_uri", pending: "400 authorization_pending", early: "400 slow_down",
		denied: "400 access_denied", expired: "400 expired_token", used: "400 invalid_grant",
	}
	as := func(name string, device, token, user authtest.Endpoint, change func(*dialect)) dialect {
		d := standard
		d.name, d.device, d.token, d.user = name, device, token, user
		change(&d)
		return d
	}
	return []dialect{
		as("gitlab", authtest.GitLabDevice, authtest.Token, authtest.UserInfo, func(*dialect) {}),
		as("okta", authtest.OktaDevice, authtest.OktaToken, authtest.OktaUser, func(*dialect) {}),
		as("keycloak", authtest.KeycloakDevice, authtest.KeycloakToken, authtest.KeycloakUser, func(*dialect) {}),
		as("discord", authtest.DiscordDevice, authtest.DiscordToken, authtest.DiscordUser, func(*dialect) {}),
		as("google", authtest.GoogleDevice, authtest.GoogleToken, authtest.GoogleUser, func(d *dialect) {
			d.client, d.page = []string{"client_id", "posts", "client_secret", "s3cret"}, "verification_url"
			d.pending, d.early, d.denied = "428 authorization_pending", "403 slow_down", "403 access_denied"
		}),
		as("microsoft", authtest.MicrosoftDevice, authtest.MicrosoftToken, authtest.MicrosoftUser, func(d *dialect) { d.denied = "400 authorization_declined" }),
		as("auth0", authtest.Auth0Device, authtest.Auth0Token, authtest.Auth0User, func(d *dialect) {
			d.pending, d.early, d.denied, d.expired, d.used = "403 authorization_pending", "429 slow_down", "403 access_denied", "403 expired_token", "403 invalid_grant"
		}),
		as("twitch", authtest.TwitchDevice, authtest.TwitchToken, authtest.TwitchUser, func(d *dialect) {
			d.client = []string{"client_id", "app", "scopes", ""}
			d.expired, d.used = "400 invalid device code", "400 invalid device code"
		}),
	}
}

// begin asks for a code. Google's needs no secret, and a scope.
func (d dialect) begin(a app) heard {
	a.Helper()
	pairs := d.client
	if d.name == "google" {
		pairs = []string{"client_id", "posts", "scope", "openid"}
	}
	code := a.hear(a.request(d.device, pairs...))
	if code.text("device_code") == "" || !strings.HasPrefix(code.text(d.page), a.srv.URL()+"/device") {
		a.Fatalf("got %v, want a code and the page in %s", code, d.page)
	}
	return code
}

func (d dialect) poll(a app, code heard) heard {
	a.Helper()
	return a.hear(a.request(d.token, append([]string{"grant_type", deviceGrant, "device_code", code.text("device_code")}, d.client...)...))
}

// says is the status and the code of an answer.
func says(h heard) string {
	code := h.text("error")
	if code == "" {
		code = h.text("message")
	}
	return strings.TrimSpace(fmt.Sprint(h.status, " ", code))
}

func eachDialect(t *testing.T, f func(a app, d dialect)) {
	t.Helper()
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) { bubble(t, authtest.Options{}, func(a app) { f(a, d) }) })
	}
}

func TestVendors(t *testing.T) {
	eachDialect(t, func(a app, d dialect) {
		code := d.begin(a)
		if got := says(d.poll(a, code)); got != d.early {
			a.Errorf("got %s at once, want %s", got, d.early)
		}
		time.Sleep(10 * time.Second)
		if got := says(d.poll(a, code)); got != d.pending {
			a.Errorf("got %s, want %s", got, d.pending)
		}
		if err := a.srv.Approve(code.text("user_code"), authtest.User{}); err != nil {
			a.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		token := d.poll(a, code)
		if token.status != http.StatusOK || token.text("access_token") == "" || token.text("refresh_token") == "" {
			a.Fatalf("got %v, want tokens", token)
		}
		if got := d.who(a, token.text("access_token")); got.status != http.StatusOK || !strings.Contains(got.body, `"583231"`) {
			a.Errorf("got %v, want octocat", got)
		}
		renewed := a.hear(a.request(d.token, append([]string{"grant_type", "refresh_token", "refresh_token", token.text("refresh_token")}, d.client...)...))
		if got := d.who(a, renewed.text("access_token")); got.status != http.StatusOK {
			a.Errorf("got %v by %v, want octocat by the new token", got, renewed)
		}
		if got := says(d.poll(a, code)); got != d.used {
			a.Errorf("got %s once more, want %s", got, d.used)
		}
		if got := d.who(a, renewed.text("access_token")); got.status != http.StatusUnauthorized {
			a.Errorf("got %v after a poll too many, want everything revoked", got)
		}
	})
}

func TestVendorsEnd(t *testing.T) {
	eachDialect(t, func(a app, d dialect) {
		for want, end := range map[string]func(string) error{d.denied: a.srv.Deny, d.expired: a.srv.Expire} {
			code := d.begin(a)
			if err := end(code.text("user_code")); err != nil {
				a.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			if got := says(d.poll(a, code)); got != want {
				a.Errorf("got %s, want %s", got, want)
			}
		}
	})
}

// who asks whose a token is.
func (d dialect) who(a app, token string) heard {
	a.Helper()
	return a.ask(http.MethodGet, string(d.user), token, "Client-Id", "app")
}

// ask sends a token, and a header.
func (a app) ask(method, path, token, name, value string) heard {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), method, a.srv.URL()+path, nil)
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set(name, value)
	return a.hear(req)
}

func TestVendorsRefuse(t *testing.T) {
	tests := []struct {
		name  string
		o     authtest.Options
		at    authtest.Endpoint
		pairs []string
		want  string
	}{
		{"google, no secret", authtest.Options{}, authtest.GoogleToken, []string{"client_id", "posts"}, "401 invalid_client"},
		{"google, a secret for a code", authtest.Options{}, authtest.GoogleDevice, []string{"client_id", "posts", "client_secret", "s3cret", "scope", "x"}, "400 invalid_request"},
		{"google, PKCE", authtest.Options{}, authtest.GoogleDevice, []string{"client_id", "posts", "code_challenge", "x", "scope", "x"}, "400 invalid_request"},
		{"google, no scope", authtest.Options{}, authtest.GoogleDevice, []string{"client_id", "posts"}, "400 invalid_request"},
		{"google, unknown client", authtest.Options{}, authtest.GoogleDevice, []string{"client_id", "x"}, "401 invalid_client"},
		{"google, a parameter twice", authtest.Options{}, authtest.GoogleDevice, []string{"scope", "x", "scope", "y"}, "400 invalid_request"},
		{"keycloak, no secret", authtest.Options{}, authtest.KeycloakDevice, []string{"client_id", "posts"}, "401 unauthorized_client"},
		{"keycloak, no PKCE", authtest.Options{PKCE: authtest.PKCERequired}, authtest.KeycloakDevice, []string{"client_id", "app"}, "400 invalid_request"},
		{"twitch, scope", authtest.Options{}, authtest.TwitchDevice, []string{"client_id", "app", "scope", "x"}, "400 missing parameter: scopes"},
		{"twitch, no scopes in a poll", authtest.Options{}, authtest.TwitchToken, []string{"client_id", "app", "grant_type", deviceGrant}, "400 missing parameter: scopes"},
		{"twitch, unknown client", authtest.Options{}, authtest.TwitchDevice, []string{"client_id", "x", "scopes", ""}, "400 invalid client"},
		{"twitch, wrong secret", authtest.Options{}, authtest.TwitchDevice, []string{"client_id", "posts", "client_secret", "x", "scopes", ""}, "403 invalid client secret"},
		{"twitch, another grant", authtest.Options{}, authtest.TwitchToken, []string{"client_id", "app", "grant_type", "x"}, "400 invalid grant type"},
		{"twitch, unknown refresh token", authtest.Options{}, authtest.TwitchToken, []string{"client_id", "app", "grant_type", "refresh_token"}, "400 Invalid refresh token"},
		{"twitch, unknown token", authtest.Options{}, authtest.TwitchRevocation, []string{"client_id", "app", "token", "x"}, "400 Invalid token"},
		{"auth0, no grant", authtest.Options{}, authtest.Auth0Token, []string{"client_id", "app"}, "400 invalid_request"},
		{"heroku, a form", authtest.Options{}, authtest.HerokuStart, []string{"description", "x"}, "400 A description is wanted, as JSON."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, tt.o, func(a app) {
				if got := says(a.hear(a.request(tt.at, tt.pairs...))); got != tt.want {
					a.Errorf("got %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// TestVendorsIssuers reads the documents of those that have one.
func TestVendorsIssuers(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		for path, want := range map[string]string{
			"/common/v2.0": "/{tenantid}/v2.0", "/auth0": "/auth0/", "/oauth2/default": "/oauth2/default", "/realms/acme": "/realms/acme",
		} {
			got := a.ask(http.MethodGet, path+string(authtest.Discovery), "", "Accept", "application/json")
			if got.text("issuer") != a.srv.URL()+want || got.text("device_authorization_endpoint") == "" || got.text("authorization_endpoint") == "" {
				a.Errorf("got %v at %s, want the issuer %s and both endpoints", got, path, want)
			}
		}
	})
}

func TestTwitchTokens(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		d := dialects()[len(dialects())-1]
		code := a.hear(a.request(d.device, "client_id", "app", "scopes", "bits:read user:read:email"))
		if err := a.srv.Approve(code.text("user_code"), authtest.User{}); err != nil {
			a.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		token := d.poll(a, code)
		if got := fmt.Sprint(token.said["scope"]); got != "[bits:read user:read:email]" {
			a.Errorf("got the scopes %s, want an array of two", got)
		}
		access := token.text("access_token")
		if got := a.ask(http.MethodGet, string(authtest.TwitchValidation), "", "Authorization", "OAuth "+access); got.text("user_id") != "583231" || got.text("client_id") != "app" {
			a.Errorf("got %v, want a token of octocat", got)
		}
		if got := a.ask(http.MethodGet, string(authtest.TwitchUser), access, "Client-Id", "x"); says(got) != "401 Unauthorized" {
			a.Errorf("got %v without the client's id, want 401", got)
		}
		if got := a.hear(a.request(authtest.TwitchRevocation, "client_id", "app", "token", access)); got.status != http.StatusOK {
			a.Errorf("got %v, want the token revoked", got)
		}
		if got := a.ask(http.MethodGet, string(authtest.TwitchValidation), "", "Authorization", "OAuth "+access); says(got) != "401 invalid access token" {
			a.Errorf("got %v after that, want 401", got)
		}
	})
}
