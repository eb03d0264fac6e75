package authtest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow/authtest"
)

// door is where a vendor sends browsers, and where their codes go.
type door struct {
	name                   string
	authorize, token, user authtest.Endpoint
	iss                    string // below the server; "-": not named
	used                   string // what it says of a code that was used before
	unproven               string // of one without the app's secret
}

func doors() []door {
	return []door{
		{"gitlab", authtest.Authorization, authtest.Token, authtest.UserInfo, "", "400 invalid_grant", "401 invalid_client"},
		{"github", authtest.GitHubAuthorization, authtest.GitHubToken, authtest.GitHubUser, "/login/oauth", "200 bad_verification_code", "200 incorrect_client_credentials"},
		{"google", authtest.GoogleAuthorization, authtest.GoogleToken, authtest.GoogleUser, "-", "400 invalid_grant", "401 invalid_client"},
		{"microsoft", authtest.MicrosoftAuthorization, authtest.MicrosoftToken, authtest.MicrosoftUser, "-", "400 invalid_grant", "401 invalid_client"},
		{"discord", authtest.DiscordAuthorization, authtest.DiscordToken, authtest.DiscordUser, "-", "400 invalid_grant", "401 invalid_client"},
		{"twitch", authtest.DiscordAuthorization, authtest.TwitchToken, authtest.TwitchUser, "-", "400 Invalid authorization code", "400 missing client secret"},
		{"auth0", authtest.Auth0Authorization, authtest.Auth0Token, authtest.Auth0User, "-", "400 invalid_grant", "401 invalid_client"},
		{"okta", authtest.OktaAuthorization, authtest.OktaToken, authtest.OktaUser, "-", "400 invalid_grant", "401 invalid_client"},
		{"keycloak", authtest.KeycloakAuthorization, authtest.KeycloakToken, authtest.KeycloakUser, "/realms/acme", "400 invalid_grant", "401 invalid_client"},
		{"slack, a token of one's own", authtest.SlackUserAuthorization, authtest.SlackUserToken, authtest.SlackTest, "-", "200 invalid_code", "200 bad_client_secret"},
		{"slack", authtest.SlackAuthorization, authtest.SlackToken, authtest.SlackUser, "-", "200 invalid_code", "200 bad_client_secret"},
	}
}

// TestDoors has an app with a secret sign somebody in at each.
func TestDoors(t *testing.T) {
	registered := authtest.Client{ID: "app", Secret: "s3cret", Auth: authtest.Post, RedirectURIs: []string{callback}}
	for _, d := range doors() {
		t.Run(d.name, func(t *testing.T) {
			bubble(t, authtest.Options{Clients: []authtest.Client{registered}}, func(a app) { d.open(a) })
		})
	}
}

func (d door) open(a app) {
	a.Helper()
	link := strings.Replace(a.link(), string(authtest.Authorization), string(d.authorize), 1)
	back, err := a.srv.Consent(link+"&user_scope=users:read,chat:write", a.srv.User("hubot"))
	if err != nil {
		a.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		a.Fatal(err)
	}
	q := u.Query()
	if want := a.srv.URL() + d.iss; q.Has("iss") != (d.iss != "-") || q.Has("iss") && q.Get("iss") != want {
		a.Errorf("got the iss %q, want %s", q.Get("iss"), want)
	}
	form := []string{
		"grant_type", "authorization_code", "client_id", "app", "code", q.Get("code"), "redirect_uri", callback, "code_verifier", verifier,
	}
	if got := says(a.hear(jsonly(a.request(d.token, form...)))); got != d.unproven {
		a.Errorf("got %s without the secret, want %s", got, d.unproven)
	}
	form = append(form, "client_secret", "s3cret")
	token := a.hear(jsonly(a.request(d.token, form...)))
	access := token.text("access_token")
	if user, is := token.said["authed_user"].(map[string]any); is {
		access, _ = user["access_token"].(string)
	}
	if got := a.ask(http.MethodGet, string(d.user), access, "Client-Id", "app"); !strings.Contains(got.body, `hubot"`) {
		a.Errorf("got %v by %v, want hubot", got, token)
	}
	if got := says(a.hear(jsonly(a.request(d.token, form...)))); got != d.used {
		a.Errorf("got %s once more, want %s", got, d.used)
	}
}

func jsonly(r *http.Request) *http.Request {
	r.Header.Set("Accept", "application/json")
	return r
}

func TestSlackEndsAToken(t *testing.T) {
	registered := authtest.Client{ID: "app", Secret: "s3cret", Auth: authtest.Basic, RedirectURIs: []string{callback}}
	bubble(t, authtest.Options{Clients: []authtest.Client{registered}}, func(a app) {
		back, err := a.srv.Consent(strings.Replace(a.link(), string(authtest.Authorization), string(authtest.SlackAuthorization), 1), authtest.User{})
		if err != nil {
			a.Fatal(err)
		}
		u, err := url.Parse(back)
		if err != nil {
			a.Fatal(err)
		}
		req := a.request(authtest.SlackToken, "code", u.Query().Get("code"), "redirect_uri", callback, "code_verifier", verifier)
		req.SetBasicAuth("app", "s3cret")
		token := a.hear(req).text("access_token")
		for _, want := range []string{`{"ok":true,"revoked":true}`, `{"error":"invalid_auth","ok":false}`} {
			if got := a.ask(http.MethodPost, string(authtest.SlackRevocation), token, "X", ""); got.status != http.StatusOK || got.body != want {
				a.Errorf("got %v, want %s", got, want)
			}
		}
		if got := says(a.ask(http.MethodGet, string(authtest.SlackUser), token, "X", "")); got != "200 invalid_auth" {
			a.Errorf("got %s of a token that was revoked, want 200 invalid_auth", got)
		}
	})
}
