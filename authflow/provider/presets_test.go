package provider_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
)

// apps are one of each kind with as few settings as it can have.
func apps() map[string]provider.App {
	return map[string]provider.App{
		"auth0":     {Kind: "auth0", ID: "app", Issuer: "https://acme.auth0.com"},
		"discord":   {Kind: "discord", ID: "app", Secret: "secret-marker"},
		"gitlab":    {Kind: "gitlab", ID: "app"},
		"google":    {Kind: "google", ID: "app", Secret: "secret-marker"},
		"heroku":    {Kind: "heroku"},
		"keycloak":  {Kind: "keycloak", ID: "app", Issuer: "https://sso.example/realms/acme"},
		"microsoft": {Kind: "microsoft", ID: "app"},
		"okta":      {Kind: "okta", ID: "app", Issuer: "https://acme.okta.com/oauth2/default"},
		"twitch":    {Kind: "twitch", ID: "app"},
	}
}

func TestPresetsAreMade(t *testing.T) {
	tests := []struct {
		kind string
		set  func(*provider.App)
		want authflow.Provider // Flows and functions apart
	}{
		{"auth0", nil, authflow.Provider{
			Title: "Auth0", Issuer: "https://acme.auth0.com/", Hosts: []string{"acme.auth0.com"}, VerifyHosts: []string{"acme.auth0.com"},
		}},
		{"discord", nil, authflow.Provider{
			Title: "Discord", Issuer: "https://discord.com", Hosts: []string{"discord.com"}, VerifyHosts: []string{"discord.com"},
			Manage: "https://discord.com/settings/authorized-apps",
		}},
		{"gitlab", nil, authflow.Provider{
			Title: "GitLab", Issuer: "https://gitlab.com", Hosts: []string{"gitlab.com"}, VerifyHosts: []string{"gitlab.com"},
			Manage: "https://gitlab.com/-/user_settings/applications",
		}},
		{"gitlab", func(a *provider.App) { a.Base, a.Title = "https://git.example/lab/", "Our lab" }, authflow.Provider{
			Title: "Our lab", Issuer: "https://git.example/lab", Hosts: []string{"git.example"}, VerifyHosts: []string{"git.example"},
			Manage: "https://git.example/lab/-/user_settings/applications",
		}},
		{"google", nil, authflow.Provider{
			Title: "Google", Issuer: "https://accounts.google.com", Manage: "https://myaccount.google.com/connections",
			Hosts:       []string{"openidconnect.googleapis.com", "www.googleapis.com", "youtube.googleapis.com"},
			VerifyHosts: []string{"accounts.google.com", "google.com", "www.google.com"},
		}},
		{"google", func(a *provider.App) { a.RevokeURL, a.AuthorizeURL = "https://r.example/", "https://a.example/" }, authflow.Provider{
			Title: "Google", Issuer: "https://accounts.google.com", Manage: "https://myaccount.google.com/connections",
			Hosts:       []string{"a.example", "openidconnect.googleapis.com", "r.example", "www.googleapis.com", "youtube.googleapis.com"},
			VerifyHosts: []string{"a.example", "accounts.google.com", "google.com", "r.example", "www.google.com"},
		}},
		{"google", func(a *provider.App) { a.Base = "http://127.0.0.1:9" }, authflow.Provider{
			Title: "Google", Issuer: "http://127.0.0.1:9", Hosts: []string{"127.0.0.1:9"}, Manage: "https://myaccount.google.com/connections",
			VerifyHosts: []string{"127.0.0.1:9", "google.com", "www.google.com"},
		}},
		{"heroku", nil, authflow.Provider{
			Title: "Heroku", Issuer: "https://cli-auth.heroku.com", Hosts: []string{"api.heroku.com"}, VerifyHosts: []string{"cli-auth.heroku.com"},
			Manage: "https://dashboard.heroku.com/account/applications", Header: http.Header{"Accept": {"application/vnd.heroku+json; version=3"}},
		}},
		{"keycloak", nil, authflow.Provider{
			Title: "Keycloak", Issuer: "https://sso.example/realms/acme", Hosts: []string{"sso.example"}, VerifyHosts: []string{"sso.example"},
			Manage: "https://sso.example/realms/acme/account",
		}},
		{"microsoft", nil, authflow.Provider{
			Title: "Microsoft", Issuer: "https://login.microsoftonline.com/common/v2.0", Hosts: []string{"graph.microsoft.com"},
			VerifyHosts: []string{"login.microsoft.com", "login.microsoftonline.com", "microsoft.com", "www.microsoft.com"},
			Manage:      "https://myapplications.microsoft.com",
		}},
		{"okta", func(a *provider.App) { a.VerifyHosts = []string{"login.acme.example"} }, authflow.Provider{
			Title: "Okta", Issuer: "https://acme.okta.com/oauth2/default", Hosts: []string{"acme.okta.com"},
			VerifyHosts: []string{"acme.okta.com", "login.acme.example"},
		}},
		{"twitch", nil, authflow.Provider{
			Title: "Twitch", Issuer: "https://id.twitch.tv", Hosts: []string{"api.twitch.tv", "id.twitch.tv"},
			VerifyHosts: []string{"id.twitch.tv", "www.twitch.tv"}, Manage: "https://www.twitch.tv/settings/connections",
			Header: http.Header{"Client-Id": {"app"}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			app := apps()[tt.kind]
			if tt.set != nil {
				tt.set(&app)
			}
			tt.want.Name = tt.kind
			got := preset(t, app)
			got.Validate, got.ValidateEvery, got.Apart = nil, 0, false
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestPresetsRenew says whether a refresh token works once, whether tokens are revoked
// one by one, and what a service can.
func TestPresetsRenew(t *testing.T) {
	want := map[string]string{ // refreshes, rotates, validates, apart
		"auth0": "yes yes no no", "discord": "yes yes no no", "gitlab": "yes yes no yes", "google": "yes no no no", "heroku": "no no no yes",
		"keycloak": "yes yes no no", "microsoft": "yes no no no", "okta": "yes yes no yes", "twitch": "yes yes yes yes",
	}
	word := func(is bool) string { return map[bool]string{true: "yes", false: "no"}[is] }
	for kind, app := range apps() {
		p, err := provider.New(app)
		if err != nil {
			t.Fatal(err)
		}
		if got := word(p.Refresh != nil) + " " + word(p.Rotates) + " " + word(p.Validate != nil) + " " + word(p.Apart); got != want[kind] {
			t.Errorf("got %s of %s, want %s", got, kind, want[kind])
		}
	}
}

// TestPresetsAsk has the requests of each, at its own addresses: for a code, for
// tokens, and whose they are. What PKCE adds is left out.
func TestPresetsAsk(t *testing.T) {
	const poll = "client_id=app&device_code=code-marker&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
	basic := "Basic YXBwOnNlY3JldC1tYXJrZXI="
	tests := []struct {
		kind, user string
		want       []asked
		pkce       bool
	}{
		{"discord", `{"id":"80351110224678912","username":"octocat","global_name":"The Octocat"}`, []asked{
			{"POST https://discord.com/api/v10/oauth2/device/authorize", basic, "client_id=app&scope=identify"},
			{"POST https://discord.com/api/v10/oauth2/token", basic, poll},
			{"GET https://discord.com/api/v10/users/@me", "Bearer access-marker", ""},
		}, true},
		{"gitlab", `{"sub":"1","sub_legacy":"x","name":"O","nickname":"octocat","profile":"https://gitlab.com/octocat"}`, []asked{
			{"POST https://gitlab.com/oauth/authorize_device", "", "client_id=app&scope=openid+profile"},
			{"POST https://gitlab.com/oauth/token", "", poll},
			{"GET https://gitlab.com/oauth/userinfo", "Bearer access-marker", ""},
		}, true},
		{"google", `{"sub":"110169484474386276334","name":"octocat","picture":"https://x.example"}`, []asked{
			{"POST https://oauth2.googleapis.com/device/code", "", "client_id=app&scope=openid+profile"},
			{"POST https://oauth2.googleapis.com/token", "", strings.Replace(poll, "&device", "&client_secret=secret-marker&device", 1)},
			{"GET https://openidconnect.googleapis.com/v1/userinfo", "Bearer access-marker", ""},
		}, false},
		{"microsoft", `{"sub":"OLu859SGc2Sr9ZsqbkG-QbeLgJlb41KcdiPoLYNpSFA","name":"octocat","email":"o@example.com"}`, []asked{
			{"POST https://login.microsoftonline.com/common/oauth2/v2.0/devicecode", "", "client_id=app&scope=offline_access+openid+profile"},
			{"POST https://login.microsoftonline.com/common/oauth2/v2.0/token", "", poll},
			{"GET https://graph.microsoft.com/oidc/userinfo", "Bearer access-marker", ""},
		}, false},
		{"twitch", `{"data":[{"id":"141981764","login":"octocat","display_name":"octocat"}]}`, []asked{
			{"POST https://id.twitch.tv/oauth2/device", "", "client_id=app&scopes="},
			{"POST https://id.twitch.tv/oauth2/token", "", poll + "&scopes="},
			{"GET https://api.twitch.tv/helix/users", "Bearer access-marker", ""},
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			page := "https://" + map[string]string{
				"discord": "discord.com/activate", "gitlab": "gitlab.com/oauth/device", "google": "www.google.com/device",
				"microsoft": "microsoft.com/devicelogin", "twitch": "www.twitch.tv/activate?public=true&device-code=ABCD",
			}[tt.kind]
			code := `{"device_code":"code-marker","user_code":"ABCD","verification_uri":"` + page + `","expires_in":900,"interval":5}`
			seen, answer, who := walk(t, apps()[tt.kind], code, `{"access_token":"access-marker","refresh_token":"refresh-marker","token_type":"bearer"}`, tt.user)
			for i := range seen {
				before := seen[i].form
				seen[i].form = withoutPKCE(t, before)
				if pkce := before != seen[i].form; pkce != tt.pkce && i < 2 {
					t.Errorf("got %s, want PKCE: %v", before, tt.pkce)
				}
			}
			if !reflect.DeepEqual(seen, tt.want) {
				t.Errorf("got  %+v\nwant %+v", seen, tt.want)
			}
			if who.Name != "octocat" || who.Subject == "" || who.Issuer != preset(t, apps()[tt.kind]).Issuer || answer.Token.Refresh == "" {
				t.Errorf("got %+v, want octocat", who)
			}
		})
	}
}

// TestIssuersFallBack has services that have no document: their paths are known.
func TestIssuersFallBack(t *testing.T) {
	tests := []struct{ kind, issuer, want string }{
		{"auth0", "https://acme.auth0.com", "https://acme.auth0.com/oauth/device/code https://acme.auth0.com/oauth/token https://acme.auth0.com/userinfo"},
		{"okta", "https://acme.okta.com/oauth2/default", "https://acme.okta.com/oauth2/default/v1/device/authorize https://acme.okta.com/oauth2/default/v1/token https://acme.okta.com/oauth2/default/v1/userinfo"},
		{"okta", "https://acme.okta.com", "https://acme.okta.com/oauth2/v1/device/authorize https://acme.okta.com/oauth2/v1/token https://acme.okta.com/oauth2/v1/userinfo"},
		{"keycloak", "https://sso.example/realms/a", "https://sso.example/realms/a/protocol/openid-connect/auth/device https://sso.example/realms/a/protocol/openid-connect/token https://sso.example/realms/a/protocol/openid-connect/userinfo"},
		{"gitlab", "https://git.example", "https://git.example/oauth/authorize_device https://git.example/oauth/token https://git.example/oauth/userinfo"},
		{"microsoft", "https://login.microsoftonline.com/acme/v2.0", "https://login.microsoftonline.com/acme/oauth2/v2.0/devicecode https://login.microsoftonline.com/acme/oauth2/v2.0/token https://graph.microsoft.com/oidc/userinfo"},
		{"microsoft", "https://double.example/acme/v2.0", "https://double.example/acme/oauth2/v2.0/devicecode https://double.example/acme/oauth2/v2.0/token https://double.example/acme/v2.0/oidc/userinfo"},
	}
	for _, tt := range tests {
		t.Run(tt.kind+" "+tt.issuer, func(t *testing.T) {
			app := apps()[tt.kind]
			app.Issuer = tt.issuer
			p, err := provider.New(app)
			if err != nil {
				t.Fatal(err)
			}
			var seen []string
			c := client(func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.Path, "/.well-known/") {
					return answer(404, htmlType, "<p>")
				}
				seen = append(seen, r.URL.String())
				return answer(200, jsonType, `{"device_code":"d","user_code":"ABCD","verification_uri":"https://x.example","access_token":"a","sub":"1"}`)
			})
			g, err := p.Flows[0].Begin(t.Context(), c, authflow.Ask{})
			if err != nil {
				t.Fatal(err)
			}
			a, err := p.Flows[0].Next(t.Context(), c, g, nil)
			if err != nil || a.Token == nil {
				t.Fatalf("got %+v, %v, want a token", a, err)
			}
			if _, err := p.Who(t.Context(), c, *a.Token); err != nil || strings.Join(seen, " ") != tt.want {
				t.Errorf("got %v, %v, want %s", seen, err, tt.want)
			}
		})
	}
}

// TestIssuerOfADocument compares what a document says with what was given.
func TestIssuerOfADocument(t *testing.T) {
	tests := []struct {
		kind, issuer, says string
		want               bool
	}{
		{"microsoft", "https://login.microsoftonline.com/common/v2.0", "https://login.microsoftonline.com/{tenantid}/v2.0", true},
		{"microsoft", "https://login.microsoftonline.com/acme/v2.0", "https://login.microsoftonline.com/acme/v2.0", true},
		{"microsoft", "https://login.microsoftonline.com/a/b/v2.0", "https://login.microsoftonline.com/{tenantid}/v2.0", false},
		{"microsoft", "https://login.microsoftonline.com/acme/v2.0", "https://evil.example/{tenantid}/v2.0", false},
		{"microsoft", "https://login.microsoftonline.com/acme/v2.0", "https://login.microsoftonline.com/other/v2.0", false},
		{"oidc", "https://login.microsoftonline.com/common/v2.0", "https://login.microsoftonline.com/{tenantid}/v2.0", false},
		{"auth0", "https://acme.auth0.com", "https://acme.auth0.com/", true},
		{"auth0", "https://acme.auth0.com/", "https://acme.auth0.com", true},
		{"auth0", "https://acme.auth0.com/", "https://other.auth0.com/", false},
		{"keycloak", "https://sso.example/realms/acme", "https://sso.example/realms/acme/", false},
	}
	for _, tt := range tests {
		t.Run(tt.kind+" "+tt.issuer+" "+tt.says, func(t *testing.T) {
			p, err := provider.New(provider.App{Kind: tt.kind, ID: "app", Issuer: tt.issuer})
			if err != nil {
				t.Fatal(err)
			}
			at := strings.TrimSuffix(tt.issuer, "/")
			v := &vendor{t: t, status: 200, kind: jsonType, body: `{"issuer":"` + tt.says + `","sub":"1","token_endpoint":"` + at + `/t","userinfo_endpoint":"` + at + `/u"}`}
			if _, err := p.Who(t.Context(), v.client(), authflow.Token{Access: "a"}); (err == nil) != tt.want {
				t.Errorf("got %v, want it taken: %v", err, tt.want)
			}
		})
	}
}
