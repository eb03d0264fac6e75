package provider_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
)

// wire is a transport that answers by itself.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

func answer(status int, kind, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func client(w wire) *http.Client { return authflow.NewClient(&http.Client{Transport: w}) }

func TestOIDCIsMadeWithoutANetwork(t *testing.T) {
	tests := []struct {
		name   string
		issuer string
		app    provider.App
		want   authflow.Provider // Flows and Who apart
	}{
		{"least", "https://auth.example/realms/a", provider.App{ID: "app"}, authflow.Provider{
			Name: "oidc", Title: "auth.example", Issuer: "https://auth.example/realms/a", Hosts: []string{"auth.example"},
		}},
		{"all", "https://auth.example:8443/", provider.App{
			Name: "work-2", Title: "Work", ID: "app", Secret: "s", Auth: authflow.AuthBasic, Scopes: []string{"a"},
			DeviceURL: "https://d.example/d", TokenURL: "https://t.example:99/t?v=2", UserinfoURL: "https://auth.example:8443/u",
			APIHosts: []string{"api.example"}, VerifyHosts: []string{"page.example:444"},
		}, authflow.Provider{
			Name: "work-2", Title: "Work", Issuer: "https://auth.example:8443/",
			Hosts:       []string{"api.example", "auth.example:8443", "d.example", "t.example:99"},
			VerifyHosts: []string{"auth.example:8443", "d.example", "page.example:444", "t.example:99"},
		}},
		{"loopback", "http://127.0.0.1:8080", provider.App{ID: "app", TokenURL: "http://localhost:9/t"}, authflow.Provider{
			Name: "oidc", Title: "127.0.0.1", Issuer: "http://127.0.0.1:8080", Hosts: []string{"127.0.0.1:8080", "localhost:9"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := provider.OIDC(tt.issuer, tt.app)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Flows) != 2 || got.Flows[0].Name() != "device" || got.Flows[1].Name() != "browser" || got.Who == nil || got.Refresh == nil || !got.Rotates || got.Revoke == nil {
				t.Errorf("got %v, want both flows, and all functions", got)
			}
			got.Flows, got.Who, got.Refresh, got.Revoke, got.Rotates = nil, nil, nil, nil, false
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestOIDCRefusesMistakes(t *testing.T) {
	const good = "https://auth.example"
	tests := []struct {
		name   string
		issuer string
		app    provider.App
		want   string
	}{
		{"no issuer", "", provider.App{ID: "app"}, "provider oidc: issuer is missing: give the https URL that the service documents"},
		{"host only", "auth.example", provider.App{ID: "app"}, "issuer is not an absolute URL"},
		{"no host", "https:///x", provider.App{ID: "app"}, "issuer is not an absolute URL"},
		{"http", "http://auth.example", provider.App{ID: "app"}, "issuer is not an https URL"},
		{"query", "https://auth.example?x=y", provider.App{ID: "app"}, "without a query"},
		{"empty query", "https://auth.example?", provider.App{ID: "app"}, "without a query"},
		{"fragment", "https://auth.example#x", provider.App{ID: "app"}, "without a fragment"},
		{"user info", "https://me:marker@auth.example", provider.App{ID: "app"}, "issuer is a URL with a user name or password in it"},
		{"no URL", "https://auth.example/%zz", provider.App{ID: "app"}, "issuer is not a URL"},
		{"no id", good, provider.App{Name: "work"}, "provider work: client id is missing"},
		{"blank id", good, provider.App{ID: " "}, "client id is missing"},
		{"name", good, provider.App{Name: "My Work", ID: "app"}, `name is "My Work": give lower-case letters`},
		{"name starting with a digit", good, provider.App{Name: "1st", ID: "app"}, "a letter first"},
		{"long name", good, provider.App{Name: strings.Repeat("a", 33), ID: "app"}, "name"},
		{"unknown authentication", good, provider.App{ID: "app", Auth: "magic"}, `client auth is "magic": choose none, post or basic`},
		{"authentication without a secret", good, provider.App{ID: "app", Auth: authflow.AuthBasic}, "needs a client secret"},
		{"device URL", good, provider.App{ID: "app", DeviceURL: "/device"}, "device url is not an absolute URL"},
		{"token URL", good, provider.App{ID: "app", TokenURL: "http://auth.example/"}, "token url is not an https URL"},
		{"userinfo URL on loopback", good, provider.App{ID: "app", UserinfoURL: "http://127.0.0.1/"}, "userinfo url is not an https URL, as the issuer is one"},
		{"API host with a scheme", good, provider.App{ID: "app", APIHosts: []string{"https://api.example"}}, `api hosts has "https://api.example": give host or host:port`},
		{"API host with a path", good, provider.App{ID: "app", APIHosts: []string{"api.example/v1"}}, "give host or host:port"},
		{"empty verify host", good, provider.App{ID: "app", VerifyHosts: []string{""}}, `verify hosts has "": give host or host:port`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := provider.OIDC(tt.issuer, tt.app)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "marker") {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// TestOIDC signs in at a server that is known by its issuer alone.
func TestOIDC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := authtest.New(t, authtest.Options{Clients: []authtest.Client{{ID: "app", Secret: "secret", Auth: authtest.Post}}})
		p, err := provider.OIDC(srv.URL(), provider.App{ID: "app", Secret: "secret", APIHosts: []string{"api.example"}})
		if err != nil {
			t.Fatal(err)
		}
		c, flow := authflow.NewClient(srv.Client()), p.Flows[0]
		g, err := flow.Begin(t.Context(), c, authflow.Ask{Scopes: []string{"repo"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.Approve(g.Show.Code, authtest.User{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(g.Every)
		a, err := flow.Next(t.Context(), c, g, nil)
		if err != nil || a.State != authflow.Granted {
			t.Fatalf("got %+v, %v, want a token", a, err)
		}
		who, err := p.Who(t.Context(), c, *a.Token)
		want := authflow.Identity{Issuer: srv.URL(), Subject: "583231", Name: "octocat", URL: "https://github.com/octocat"}
		if err != nil || who != want {
			t.Errorf("got %+v, %v, want %+v", who, err, want)
		}
		if n := len(srv.Requests(authtest.Discovery)); n != 1 {
			t.Errorf("got %d requests for the document, want one", n)
		}
		if got := srv.Requests(authtest.Device)[0].Form.Get("scope"); got != "openid profile repo" {
			t.Errorf("got scope %q, want openid profile repo", got)
		}
		for _, r := range srv.Requests() {
			if len(r.Query) > 0 || r.Header.Get("User-Agent") == "" || r.Header.Get("Accept") != "application/json" {
				t.Errorf("got %v, want no query, a User-Agent and Accept", r)
			}
		}
	})
}

func TestOIDCScopes(t *testing.T) {
	tests := []struct {
		name       string
		app, asked []string
		want       string
	}{
		{"none", nil, nil, "openid profile"},
		{"more", nil, []string{"repo"}, "openid profile repo"},
		{"own", []string{"email"}, nil, "email openid"},
		{"own with openid", []string{"openid", "email"}, []string{"email"}, "email openid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := authtest.New(t, authtest.Options{})
			p, err := provider.OIDC(srv.URL(), provider.App{ID: "app", Scopes: tt.app})
			if err != nil {
				t.Fatal(err)
			}
			g, err := p.Flows[0].Begin(t.Context(), authflow.NewClient(srv.Client()), authflow.Ask{Scopes: tt.asked})
			if err != nil || strings.Join(g.Scopes, " ") != tt.want {
				t.Errorf("got %v, %v, want %s", g.Scopes, err, tt.want)
			}
		})
	}
}

// overridden knows all its endpoints and answers user info with this.
func overridden(t *testing.T, status int, kind, body string) (authflow.Provider, *http.Client) {
	t.Helper()
	p, err := provider.OIDC("https://auth.example/", provider.App{
		ID: "app", DeviceURL: "https://auth.example/d", TokenURL: "https://auth.example/t", UserinfoURL: "https://auth.example/u",
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, client(func(r *http.Request) (*http.Response, error) {
		if got, want := r.Method+" "+r.URL.String()+" "+r.Header.Get("Authorization"), "GET https://auth.example/u Bearer token-marker"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		return answer(status, kind, body)
	})
}

func TestWho(t *testing.T) {
	long := strings.Repeat("é", 90)
	tests := []struct {
		name, body string
		want       authflow.Identity // Issuer apart
	}{
		{
			"all", `{"sub":"1","preferred_username":"octocat","name":"The Octocat","nickname":"o","email":"o@x","profile":"https://x.example/o"}`,
			authflow.Identity{Subject: "1", Name: "octocat", URL: "https://x.example/o"},
		},
		{"name", `{"sub":"1","name":"The Octocat","nickname":"o"}`, authflow.Identity{Subject: "1", Name: "The Octocat"}},
		{"nickname", `{"sub":"1","name":"","nickname":"o","email":"o@x"}`, authflow.Identity{Subject: "1", Name: "o"}},
		{"email", `{"sub":"1","preferred_username":null,"email":"o@x"}`, authflow.Identity{Subject: "1", Name: "o@x"}},
		{"sub", `{"sub":"auth0|12"}`, authflow.Identity{Subject: "auth0|12", Name: "auth0|12"}},
		{"number", `{"sub":12345678901234567890}`, authflow.Identity{Subject: "12345678901234567890", Name: "12345678901234567890"}},
		{"other types", `{"sub":"1","preferred_username":7,"name":["x"],"profile":{}}`, authflow.Identity{Subject: "1", Name: "1"}},
		{"hidden characters", `{"sub":"1","name":"\u202e evil\r\n\u0007name\u200b "}`, authflow.Identity{Subject: "1", Name: "evil name"}},
		{"nothing but hidden characters", `{"sub":"1","name":"\u202e\u200b","nickname":"o"}`, authflow.Identity{Subject: "1", Name: "o"}},
		{"long", `{"sub":"1","name":"` + long + `"}`, authflow.Identity{Subject: "1", Name: strings.Repeat("é", 80)}},
		{"profile by http", `{"sub":"1","profile":"http://x.example/o"}`, authflow.Identity{Subject: "1", Name: "1"}},
		{"profile on loopback", `{"sub":"1","profile":"http://127.0.0.1/o"}`, authflow.Identity{Subject: "1", Name: "1"}},
		{"profile a script", `{"sub":"1","profile":"javascript:alert(1)"}`, authflow.Identity{Subject: "1", Name: "1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, c := overridden(t, 200, "application/json", tt.body)
			tt.want.Issuer = "https://auth.example/"
			who, err := p.Who(t.Context(), c, authflow.Token{Access: "token-marker"})
			if err != nil || who != tt.want {
				t.Errorf("got %+v, %v, want %+v", who, err, tt.want)
			}
		})
	}
}

func TestWhoErrors(t *testing.T) {
	tests := []struct {
		name     string
		status   int
		kind     string
		body     string
		definite bool
	}{
		{"unauthorized", 401, "application/json", `{"error":"invalid_token"}`, true},
		{"forbidden", 403, "text/html", `<p>token-marker`, true},
		{"not found", 404, "", ``, true},
		{"no sub", 200, "application/json", `{"name":"x"}`, true},
		{"empty sub", 200, "application/json", `{"sub":""}`, true},
		{"sub null", 200, "application/json", `{"sub":null}`, true},
		{"sub a float", 200, "application/json", `{"sub":1.5}`, true},
		{"sub an object", 200, "application/json", `{"sub":{}}`, true},
		{"long sub", 200, "application/json", `{"sub":"` + strings.Repeat("x", 256) + `"}`, true},
		{"time-out", 408, "", ``, false},
		{"too many", 429, "application/json", `{"error":"x"}`, false},
		{"down", 503, "application/json", `{"error":"temporarily_unavailable"}`, false},
		{"captive portal", 200, "text/html", `<p>token-marker`, false},
		{"empty", 200, "application/json", ``, false},
		{"redirect", 302, "text/html", ``, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, c := overridden(t, tt.status, tt.kind, tt.body)
			_, err := p.Who(t.Context(), c, authflow.Token{Access: "token-marker"})
			_, definite := errors.AsType[*authflow.OAuthError](err)
			if err == nil || definite != tt.definite || strings.Contains(err.Error(), "marker") {
				t.Errorf("got %v, want an *OAuthError: %v", err, tt.definite)
			}
		})
	}
}

func TestAppHoldsNoReadableSecret(t *testing.T) {
	a := provider.App{ID: "app", Secret: "secret-marker", TokenParams: url.Values{"audience": {"x"}}}
	if got := fmt.Sprintf("%v %+v %#v", a, a, a); strings.Contains(got, "marker") {
		t.Errorf("got %s, want no secret in it", got)
	}
}
