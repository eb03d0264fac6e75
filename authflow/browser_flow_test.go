package authflow_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
)

func TestBrowserBegin(t *testing.T) {
	const back = "https://bot.example/oauth/callback/auth"
	tests := []struct {
		name string
		flow authflow.Browser
		ask  authflow.Ask
		want error
	}{
		{"no endpoint", authflow.Browser{}, authflow.Ask{RedirectURI: back}, authflow.ErrFlowOff},
		{"no way back", authflow.Browser{AuthorizeURL: "https://a.example/"}, authflow.Ask{}, authflow.ErrFlowOff},
		{"no way back, which is said", authflow.Browser{AuthorizeURL: "https://a.example/"}, authflow.Ask{}, authflow.ErrNoPublicURL},
		{"an endpoint in clear", authflow.Browser{AuthorizeURL: "http://a.example/"}, authflow.Ask{RedirectURI: back}, authflow.ErrSetup},
		{"all", authflow.Browser{AuthorizeURL: "https://a.example/?a=b", Scopes: []string{"x"}}, authflow.Ask{RedirectURI: back, Scopes: []string{"y", "x"}, State: "s"}, nil},
		{"no scopes", authflow.Browser{AuthorizeURL: "https://a.example/?scope=own"}, authflow.Ask{RedirectURI: back, State: "s"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := tt.flow.Begin(t.Context(), nil, tt.ask)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err != nil {
				return
			}
			u, err := url.Parse(g.Show.URL)
			if err != nil || g.Every != 0 || g.Show.Code != "" || !strings.HasSuffix(g.Secret.Reveal(), " "+back) {
				t.Errorf("got %+v, %v, want a link, and nothing to poll", g, err)
			}
			want := map[string]string{"all": "x y", "no scopes": "own"}[tt.name]
			if got := u.Query().Get("scope"); got != want {
				t.Errorf("got the scopes %q, want %q", got, want)
			}
		})
	}
}

// TestBrowserProvesWhoItIs redeems a code as each kind of client.
func TestBrowserProvesWhoItIs(t *testing.T) {
	const back = "https://bot.example/back"
	tests := []struct {
		name   string
		client authtest.Client
		auth   authflow.ClientAuth
		params url.Values
	}{
		{"public", authtest.Client{ID: "app"}, "", nil},
		{"post", authtest.Client{ID: "app", Secret: "s3cret+/=", Auth: authtest.Post}, authflow.AuthPost, url.Values{"resource": {"https://api.example"}}},
		{"basic", authtest.Client{ID: "app:1", Secret: "s3cret+/=", Auth: authtest.Basic}, authflow.AuthBasic, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.client.RedirectURIs = []string{back}
			srv := authtest.New(t, authtest.Options{Clients: []authtest.Client{tt.client}})
			c := authflow.NewClient(srv.Client())
			f := authflow.Browser{
				AuthorizeURL: srv.URL() + "/oauth/authorize", TokenURL: srv.URL() + string(authtest.Token), Issuers: []string{srv.URL()}, NamesIssuer: true,
				ClientID: tt.client.ID, Secret: "", Auth: tt.auth, TokenParams: tt.params,
			}
			if tt.client.Secret != "" {
				f.Secret = "s3cret+/="
			}
			g, err := f.Begin(t.Context(), c, authflow.Ask{Scopes: []string{"repo"}, RedirectURI: back, State: "s"})
			if err != nil {
				t.Fatal(err)
			}
			to, err := srv.Consent(g.Show.URL, authtest.User{})
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(to)
			if err != nil {
				t.Fatal(err)
			}
			a, err := f.Next(t.Context(), c, g, u.Query())
			if err != nil || a.State != authflow.Granted || a.Token.Access == "" || strings.Join(a.Token.Scopes, " ") != "repo" {
				t.Fatalf("got %s, %v, %v, want a token", a.State, a.Err, err)
			}
			seen := srv.Requests(authtest.Token)
			if len(seen) != 1 || seen[0].Form.Get("resource") != tt.params.Get("resource") || len(seen[0].Query) != 0 {
				t.Errorf("got %v, want one request with all in its body", seen)
			}
			a, err = f.Next(t.Context(), c, g, u.Query()) // a code is good once
			if err != nil || a.State != authflow.Failed {
				t.Errorf("got %s, %v for a code that was used, want failed", a.State, err)
			}
		})
	}
}

// TestBrowserIsNotAsked is a poll, for which there is nobody to ask.
func TestBrowserIsNotAsked(t *testing.T) {
	a, err := authflow.Browser{}.Next(t.Context(), &http.Client{}, authflow.Grant{}, nil)
	if err != nil || a.State != authflow.Waiting {
		t.Errorf("got %s, %v, want waiting", a.State, err)
	}
}
