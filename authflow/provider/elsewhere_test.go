package provider_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
)

// TestEndpointsElsewhere has every endpoint of every kind on a host of its own, by
// settings: nothing goes anywhere else, and tokens may go there.
func TestEndpointsElsewhere(t *testing.T) {
	for _, kind := range provider.Kinds() {
		t.Run(kind, func(t *testing.T) {
			app := moved(kind)
			p, err := provider.New(app)
			if err != nil {
				t.Fatal(err)
			}
			e := &elsewhere{t: t, kind: kind}
			want := []string{"device.example", "revoke.example", "token.example", "user.example"}
			token := authflow.Token{Access: "access-marker", Refresh: "refresh-marker"}
			for _, f := range p.Flows {
				e.signIn(f)
			}
			if _, err := p.Who(t.Context(), e.client(), token); err != nil {
				t.Error(err)
			}
			if p.Refresh != nil {
				if _, err := p.Refresh(t.Context(), e.client(), token); err != nil {
					t.Error(err)
				}
			}
			if err := p.Revoke(t.Context(), e.client(), token); err != nil && kind != "heroku" { // whose list has no token
				t.Error(err)
			}
			slices.Sort(e.hosts)
			if got := slices.Compact(e.hosts); !slices.Equal(got, want) {
				t.Errorf("got requests to %v, want %v", got, want)
			}
			for _, host := range append(want, "authorize.example") {
				if !slices.Contains(p.Hosts, host) || p.VerifyHosts != nil && !slices.Contains(p.VerifyHosts, host) {
					t.Errorf("got tokens for %v and links to %v, want %s among them", p.Hosts, p.VerifyHosts, host)
				}
			}
		})
	}
}

// moved is an App of a kind, all of whose endpoints are elsewhere.
func moved(kind string) provider.App {
	a, has := apps()[kind]
	if !has {
		a = provider.App{Kind: kind, ID: "app", Secret: "secret-marker"}
	}
	switch kind {
	case "facebook":
		a.ClientToken = "client-marker"
	case "oidc":
		a.Issuer = "https://issuer.example"
	case "twitch", "microsoft":
		a.Secret = "secret-marker"
	}
	a.DeviceURL, a.AuthorizeURL, a.TokenURL = "https://device.example/d", "https://authorize.example/a", "https://token.example/t"
	a.UserinfoURL, a.RevokeURL = "https://user.example/u", "https://revoke.example/r"
	return a
}

// elsewhere is all those hosts, which answer as a kind does.
type elsewhere struct {
	t     *testing.T
	kind  string
	hosts []string // that were asked
}

func (e *elsewhere) client() *http.Client {
	return client(func(r *http.Request) (*http.Response, error) {
		e.hosts = append(e.hosts, r.URL.Host)
		body := map[string]string{
			"POST device.example": `{"device_code":"code-marker","code":"code-marker","user_code":"ABCD","verification_uri":"https://device.example/page","expires_in":900,"interval":5}`,
			"POST token.example":  `{"access_token":"access-marker","token_type":"bearer"}`,
			"GET user.example":    `{"id":"1","sub":"1","data":[{"id":"1"}]}`,
		}[r.Method+" "+r.URL.Host]
		switch {
		case e.kind == "heroku" && r.URL.Host == "device.example" && r.Method == http.MethodPost:
			body = `{"browser_url":"/b","cli_url":"/c","token":"wait-marker"}`
		case e.kind == "heroku" && r.URL.Host == "device.example":
			body = `{"access_token":"access-marker"}`
		case e.kind == "heroku" && r.URL.Host == "revoke.example":
			body = `[]`
		case e.kind == "facebook" && r.URL.Host == "revoke.example":
			body = `{"success":true}`
		}
		return answer(http.StatusOK, jsonType, body)
	})
}

// signIn goes all the way.
func (e *elsewhere) signIn(f authflow.Flow) {
	e.t.Helper()
	g, err := f.Begin(e.t.Context(), e.client(), authflow.Ask{RedirectURI: "https://bot.example/back", State: "s"})
	if err != nil {
		e.t.Fatal(err)
	}
	var back url.Values
	if f.Name() == "browser" {
		back = url.Values{"code": {"code-marker"}}
		if !strings.HasPrefix(g.Show.URL, "https://authorize.example/a?") {
			e.t.Errorf("got browsers sent to %s", g.Show.URL)
		}
	}
	if a, err := f.Next(e.t.Context(), e.client(), g, back); err != nil || a.State != authflow.Granted {
		e.t.Errorf("got %s, %v by %s, want a token", a.State, err, f.Name())
	}
}
