package provider_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
)

const herokuBegun = `{"browser_url":"/auth/browser/1?requestor=x","cli_url":"/auth/cli/1","token":"wait-marker"}`

func TestHerokuAsks(t *testing.T) {
	tests := []struct {
		name string
		set  func(*provider.App)
		host string
	}{
		{"its own", func(*provider.App) {}, "https://cli-auth.heroku.com"},
		{"another host", func(a *provider.App) { a.Base = "http://127.0.0.1:9/login/" }, "http://127.0.0.1:9/login"},
		{"another start", func(a *provider.App) { a.DeviceURL = "https://login.example/auth" }, "https://login.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			app := apps()["heroku"]
			tt.set(&app)
			p, err := provider.New(app)
			if err != nil {
				t.Fatal(err)
			}
			v := &vendor{t: t, status: 200, kind: jsonType, body: herokuBegun}
			g, err := p.Flows[0].Begin(t.Context(), v.client(), authflow.Ask{Scopes: []string{"x"}})
			lives := time.Until(g.Expires).Round(time.Minute)
			if err != nil || g.Show != (authflow.Show{URL: tt.host + "/auth/browser/1?requestor=x"}) || !g.Hold || lives != 10*time.Minute || g.Scopes != nil {
				t.Fatalf("got %+v, %v, want a page, no code, and a request to hold for 10 minutes", g, err)
			}
			v.body = `{"access_token":"access-marker"}`
			a, err := p.Flows[0].Next(t.Context(), v.client(), g, nil)
			checkAnswer(t, a, err, authflow.Granted, 0)
			want := []asked{
				{"POST " + tt.host + "/auth", "", `{"description":"usher login from a chat"}`},
				{"GET " + tt.host + "/auth/cli/1", "Bearer wait-marker", ""},
			}
			if len(v.seen) != 2 || v.seen[0] != want[0] || v.seen[1] != want[1] {
				t.Errorf("got %v, want %v", v.seen, want)
			}
		})
	}
}

func TestHerokuAnswers(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		held   time.Duration
		want   authflow.State // empty: an error, worth another try
	}{
		{"granted", 200, `{"access_token":"HRKU-marker"}`, time.Minute, authflow.Granted},
		{"an error", 200, `{"error":"Something is wrong"}`, time.Minute, authflow.Failed},
		{"declined, in the standard's words", 200, `{"error":"access_denied"}`, time.Minute, authflow.Denied},
		{"wait token dead", 401, `{"id":"unauthorized","message":"wait-marker is not it"}`, 0, authflow.Failed},
		{"rate limited", 429, `{"id":"rate_limit","message":"Your account reached the API rate limit"}`, 0, ""},
		{"cut by a gateway", 503, `<p>H12`, 30 * time.Second, authflow.Waiting},
		{"down", 503, `<p>`, time.Second, ""},
		{"nothing", 200, ``, 0, ""},
	}
	p, err := provider.New(apps()["heroku"])
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &vendor{t: t, status: 200, kind: jsonType, body: herokuBegun}
				g, err := p.Flows[0].Begin(t.Context(), v.client(), authflow.Ask{})
				if err != nil {
					t.Fatal(err)
				}
				c := client(func(*http.Request) (*http.Response, error) {
					time.Sleep(tt.held)
					return answer(tt.status, jsonType, tt.body)
				})
				c.Timeout = 0 // as with the engine's, for what is held
				a, err := p.Flows[0].Next(t.Context(), c, g, nil)
				checkAnswer(t, a, err, tt.want, 0)
				if text := errors.Join(err, a.Err); text != nil && strings.Contains(text.Error(), "wait-marker") {
					t.Errorf("got %v, want no secret in it", text)
				}
			})
		})
	}
}

func TestHerokuRevokes(t *testing.T) {
	const token = "HRKU-01234567-89ab-marker"
	list := func(texts ...string) string {
		var all []string
		for i, text := range texts {
			all = append(all, `{"id":"`+string(rune('a'+i))+`","access_token":{"token":"`+text+`"}}`)
		}
		return "[" + strings.Join(all, ",") + `,{"id":"z","access_token":null}]`
	}
	tests := []struct {
		name   string
		list   string
		status int // of the deletion
		want   string
		err    error
	}{
		{"in full", list("HRKU-other", token), 200, "/oauth/authorizations/b", nil},
		{"its middle hidden", list("HRKU-9**********rker", "HRKU-0**********rker"), 200, "/oauth/authorizations/b", nil},
		{"all hidden", list("**********"), 200, "", authflow.ErrNoRevocation},
		{"not there", list("HRKU-012"), 200, "", authflow.ErrNoRevocation},
		{"refused", list(token), 403, "/oauth/authorizations/a", errRefused},
		{"down", `<p>`, 200, "", errAgain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := provider.New(apps()["heroku"])
			if err != nil {
				t.Fatal(err)
			}
			var ended string
			c := client(func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("Authorization") != "Bearer "+token || !strings.Contains(r.Header.Get("Accept"), "version=3") {
					t.Errorf("got %v, want the token and the version", r.Header)
				}
				if r.Method == http.MethodGet {
					return answer(200, jsonType, tt.list)
				}
				ended = r.URL.Path
				return answer(tt.status, jsonType, `{"id":"forbidden"}`)
			})
			err = p.Revoke(t.Context(), c, authflow.Token{Access: token})
			if errors.Is(tt.err, authflow.ErrNoRevocation) != errors.Is(err, authflow.ErrNoRevocation) || (err == nil) != (tt.err == nil) || ended != tt.want {
				t.Errorf("got %v and %q ended, want %v and %q", err, ended, tt.err, tt.want)
			}
		})
	}
}
