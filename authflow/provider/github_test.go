package provider_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core/seal"
)

const (
	jsonType = "application/json; charset=utf-8"
	formType = "application/x-www-form-urlencoded; charset=utf-8"
	htmlType = "text/html"
)

func TestGitHubIsMade(t *testing.T) {
	manage := "/settings/connections/applications/app"
	tests := []struct {
		name string
		app  provider.App
		want authflow.Provider // Flows and Who apart
	}{
		{"least", provider.App{}, authflow.Provider{
			Issuer: "https://github.com", Hosts: []string{"api.github.com"}, VerifyHosts: []string{"github.com"}, Manage: "https://github.com" + manage,
		}},
		{"its own base", provider.App{Base: "https://github.com/"}, authflow.Provider{
			Issuer: "https://github.com", Hosts: []string{"api.github.com"}, VerifyHosts: []string{"github.com"}, Manage: "https://github.com" + manage,
		}},
		{"a server of one's own", provider.App{Base: "https://hub.example:8443", Secret: "marker"}, authflow.Provider{
			Issuer: "https://hub.example:8443", Hosts: []string{"hub.example:8443"}, VerifyHosts: []string{"github.com", "hub.example:8443"}, Manage: "https://hub.example:8443" + manage,
		}},
		{"a double, with a slash", provider.App{Base: "http://127.0.0.1:9999/x/"}, authflow.Provider{
			Issuer: "http://127.0.0.1:9999/x", Hosts: []string{"127.0.0.1:9999"}, VerifyHosts: []string{"127.0.0.1:9999", "github.com"}, Manage: "http://127.0.0.1:9999/x" + manage,
		}},
		{"endpoints of a double", provider.App{
			DeviceURL: "http://127.0.0.1:9999/login/device/code", TokenURL: "http://localhost:9999/t", UserinfoURL: "http://[::1]:9999/user",
		}, authflow.Provider{
			Issuer: "https://github.com", Hosts: []string{"127.0.0.1:9999", "[::1]:9999", "api.github.com", "localhost:9999"},
			VerifyHosts: []string{"127.0.0.1:9999", "[::1]:9999", "github.com", "localhost:9999"}, Manage: "https://github.com" + manage,
		}},
		{"more hosts", provider.App{APIHosts: []string{"uploads.github.com"}, VerifyHosts: []string{"login.example"}}, authflow.Provider{
			Issuer: "https://github.com", Hosts: []string{"api.github.com", "uploads.github.com"}, VerifyHosts: []string{"github.com", "login.example"}, Manage: "https://github.com" + manage,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.app.Kind, tt.app.ID = "github", "app"
			tt.want.Name, tt.want.Title, tt.want.Apart = "github", "GitHub", true
			if got := preset(t, tt.app); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// asked is a request as a server sees it.
type asked struct{ what, auth, form string }

// vendor answers every request the same and keeps it.
type vendor struct {
	t          *testing.T
	status     int
	kind, body string
	seen       []asked
}

func (v *vendor) client() *http.Client {
	return client(func(r *http.Request) (*http.Response, error) {
		var body []byte
		if r.Body != nil {
			var err error
			if body, err = io.ReadAll(r.Body); err != nil {
				v.t.Fatal(err)
			}
		}
		if r.Header.Get("User-Agent") == "" || !strings.Contains(r.Header.Get("Accept"), "json") {
			v.t.Errorf("got %v, want a User-Agent and Accept", r.Header)
		}
		if strings.Contains(r.URL.String(), "marker") {
			v.t.Errorf("got %s, want no secret in it", r.URL)
		}
		v.seen = append(v.seen, asked{r.Method + " " + r.URL.String(), r.Header.Get("Authorization"), string(body)})
		return answer(v.status, v.kind, v.body)
	})
}

// walk asks for a code, polls and asks who, each answered by itself.
func walk(t *testing.T, app provider.App, code, token, user string) (seen []asked, a authflow.Answer, who authflow.Identity) {
	t.Helper()
	p, err := provider.New(app)
	if err != nil {
		t.Fatal(err)
	}
	v := &vendor{t: t, status: 200, kind: jsonType, body: code}
	g, err := p.Flows[0].Begin(t.Context(), v.client(), authflow.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	v.body = token
	if a, err = p.Flows[0].Next(t.Context(), v.client(), g, nil); err != nil || a.Token == nil {
		t.Fatalf("got %+v, %v, want a token", a, err)
	}
	v.body = user
	if who, err = p.Who(t.Context(), v.client(), *a.Token); err != nil {
		t.Fatal(err)
	}
	return v.seen, a, who
}

const (
	githubCode  = `{"device_code":"code-marker","user_code":"WDJB-MJHT","verification_uri":"https://github.com/login/device","expires_in":900,"interval":5}`
	githubToken = `{"access_token":"gho_marker","token_type":"bearer","scope":"repo,gist"}`
	githubUser  = `{"login":"octocat","id":583231,"html_url":"https://github.com/octocat","name":"The Octocat"}`
)

func TestGitHubAddresses(t *testing.T) {
	tests := []struct {
		name string
		app  provider.App
		want []string
	}{
		{"its own", provider.App{}, []string{
			"POST https://github.com/login/device/code", "POST https://github.com/login/oauth/access_token", "GET https://api.github.com/user",
		}},
		{"a server of one's own", provider.App{Base: "https://hub.example/"}, []string{
			"POST https://hub.example/login/device/code", "POST https://hub.example/login/oauth/access_token", "GET https://hub.example/api/v3/user",
		}},
		{"other endpoints", provider.App{
			Base: "https://hub.example", DeviceURL: "https://a.example/d?x=y", TokenURL: "http://127.0.0.1:9/t", UserinfoURL: "https://c.example/",
		}, []string{
			"POST https://a.example/d?x=y", "POST http://127.0.0.1:9/t", "GET https://c.example/",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.app.Kind, tt.app.ID = "github", "app"
			seen, _, who := walk(t, tt.app, githubCode, githubToken, githubUser)
			var got []string
			for _, one := range seen {
				got = append(got, one.what)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			want := authflow.Identity{Issuer: preset(t, tt.app).Issuer, Subject: "583231", Name: "octocat", URL: "https://github.com/octocat"}
			if who != want || seen[2].auth != "Bearer gho_marker" {
				t.Errorf("got %+v by %s, want %+v", who, seen[2].auth, want)
			}
		})
	}
}

func TestGitHubClientAuthentication(t *testing.T) {
	tests := []struct {
		name   string
		secret seal.Secret
		auth   authflow.ClientAuth
		form   bool
		header bool
	}{
		{"none needed", "", "", false, false},
		{"a secret", "secret-marker", "", true, false},
		{"basic", "secret-marker", authflow.AuthBasic, false, true},
		{"none wanted", "secret-marker", authflow.AuthNone, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen, _, _ := walk(t, provider.App{Kind: "github", ID: "app", Secret: tt.secret, Auth: tt.auth}, githubCode, githubToken, githubUser)
			for _, one := range seen[:2] {
				if form, header := strings.Contains(one.form, "client_secret"), one.auth != ""; form != tt.form || header != tt.header {
					t.Errorf("got the secret in the form: %v, in the header: %v, want %v, %v", form, header, tt.form, tt.header)
				}
			}
		})
	}
}

// TestGitHubAnswers has GitHub's column of what servers say to a poll, each time
// as JSON and as the form that it is where nobody asks for JSON.
func TestGitHubAnswers(t *testing.T) {
	tests := []struct {
		name  string
		body  url.Values
		after time.Duration // since the code was issued
		want  authflow.State
		every time.Duration // 0: as it was
	}{
		{"keep waiting", url.Values{"error": {"authorization_pending"}}, time.Minute, authflow.Waiting, 0},
		{"wait longer", url.Values{"error": {"slow_down"}, "interval": {"10"}}, time.Minute, authflow.Waiting, 10 * time.Second},
		{"wait much longer", url.Values{"error": {"slow_down"}, "interval": {"90"}}, time.Minute, authflow.Waiting, 90 * time.Second},
		{"wait longer, not saying how long", url.Values{"error": {"slow_down"}}, time.Minute, authflow.Waiting, 10 * time.Second},
		{"refused", url.Values{"error": {"access_denied"}}, time.Minute, authflow.Denied, 0},
		{"too old", url.Values{"error": {"expired_token"}}, time.Minute, authflow.Expired, 0},
		{"too old, in its prose", url.Values{"error": {"token_expired"}}, time.Minute, authflow.Expired, 0},
		{"unknown code", url.Values{"error": {"incorrect_device_code"}}, time.Minute, authflow.Failed, 0},
		{"unknown code, a moment ago", url.Values{"error": {"incorrect_device_code"}}, 5 * time.Second, "", 0},
		{"wrong client", url.Values{"error": {"incorrect_client_credentials"}}, time.Minute, authflow.Failed, 0},
		{"not switched on", url.Values{"error": {"device_flow_disabled"}}, time.Minute, authflow.Failed, 0},
		{"wrong grant type", url.Values{"error": {"unsupported_grant_type"}}, time.Minute, authflow.Failed, 0},
		{"granted", url.Values{"access_token": {"gho_marker"}, "token_type": {"bearer"}, "scope": {"repo,gist"}}, time.Minute, authflow.Granted, 0},
	}
	p, err := provider.GitHub(provider.App{ID: "app"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		for kind, body := range map[string]string{jsonType: asJSON(t, tt.body), formType: tt.body.Encode()} {
			t.Run(tt.name+" "+kind, func(t *testing.T) {
				inTime(t, tt.after, p, githubCode, func(t *testing.T, c *http.Client, g authflow.Grant, v *vendor) {
					v.kind, v.body = kind, body
					a, err := p.Flows[0].Next(t.Context(), c, g, nil)
					checkAnswer(t, a, err, tt.want, tt.every)
					if tt.want == authflow.Granted && !slices.Equal(a.Token.Scopes, []string{"gist", "repo"}) {
						t.Errorf("got scopes %v, want gist and repo", a.Token.Scopes)
					}
				})
			})
		}
	}
}

func TestGitHubBegins(t *testing.T) {
	tests := []struct {
		name   string
		status int
		kind   string
		body   string
		want   error // nil: a code; errAgain, errRefused: see there
	}{
		{"JSON", 200, jsonType, githubCode, nil},
		{"form", 200, formType, "device_code=code-marker&expires_in=900&interval=5&user_code=WDJB-MJHT&verification_uri=https%3A%2F%2Fgithub.com%2Flogin%2Fdevice", nil},
		{"not switched on", 200, jsonType, `{"error":"device_flow_disabled","error_description":"Device Flow must be explicitly enabled for this App"}`, authflow.ErrFlowOff},
		{"not switched on, form", 200, formType, "error=device_flow_disabled", authflow.ErrFlowOff},
		{"not switched on, with 400", 400, jsonType, `{"error":"device_flow_disabled"}`, authflow.ErrFlowOff},
		{"wrong client", 200, jsonType, `{"error":"incorrect_client_credentials"}`, authflow.ErrSetup},
		{"wrong client, form", 200, formType, "error=incorrect_client_credentials", authflow.ErrSetup},
		{"down", 502, htmlType, "<p>", errAgain},
		{"other", 200, jsonType, `{"error":"moon_phase"}`, errRefused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := provider.GitHub(provider.App{ID: "app", Scopes: []string{"repo"}})
			if err != nil {
				t.Fatal(err)
			}
			v := &vendor{t: t, status: tt.status, kind: tt.kind, body: tt.body}
			sent := time.Now()
			g, err := p.Flows[0].Begin(t.Context(), v.client(), authflow.Ask{Scopes: []string{"gist"}})
			checkBegin(t, err, tt.want)
			if tt.want != nil {
				return
			}
			want := authflow.Show{URL: "https://github.com/login/device", Code: "WDJB-MJHT"}
			lives := g.Expires.Sub(sent).Round(time.Minute)
			if g.Show != want || g.Every != 5*time.Second || lives != 15*time.Minute || !slices.Equal(g.Scopes, []string{"gist", "repo"}) {
				t.Errorf("got %+v, want %+v every 5 s for 15 minutes", g, want)
			}
		})
	}
}

// What Begin may fail with beside the errors that have a name.
var (
	errAgain   = errors.New("worth another try")
	errRefused = errors.New("refused")
)

func checkBegin(t *testing.T, err, want error) {
	t.Helper()
	_, refusal := errors.AsType[*authflow.OAuthError](err)
	named := errors.Is(err, authflow.ErrSetup) || errors.Is(err, authflow.ErrFlowOff)
	got := err
	switch {
	case named && errors.Is(err, want):
		got = want
	case err != nil && !named && refusal:
		got = errRefused
	case err != nil && !named:
		got = errAgain
	}
	if !errors.Is(got, want) || err != nil && strings.Contains(err.Error(), "marker") {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestGitHubScopes(t *testing.T) {
	tests := []struct{ name, asked, granted, want string }{
		{"as asked", "gist repo", "gist,repo", "gist repo"},
		{"less", "gist repo", "gist", "gist"},
		{"none", "gist", "", ""},
		{"included", "public_repo read:user repo user", "repo,user", "public_repo read:user repo user"},
		{"included twice over", "admin:org read:org", "admin:org", "admin:org read:org"},
		{"included, projects", "project read:project", "project", "project read:project"},
		{"not the other way round", "repo public_repo", "public_repo", "public_repo"},
		{"not asked for", "repo", "repo", "repo"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			app := provider.App{Kind: "github", ID: "app", Scopes: strings.Fields(tt.asked)}
			_, a, _ := walk(t, app, githubCode, `{"access_token":"a","scope":"`+tt.granted+`"}`, githubUser)
			if got := strings.Join(a.Token.Scopes, " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestGitHubWho(t *testing.T) {
	tests := []struct {
		name   string
		status int
		kind   string
		body   string
		want   authflow.Identity // Issuer apart
		err    error
	}{
		{"all", 200, jsonType, githubUser, authflow.Identity{Subject: "583231", Name: "octocat", URL: "https://github.com/octocat"}, nil},
		{"a large number", 200, jsonType, `{"id":12345678901234567890,"login":"o"}`, authflow.Identity{Subject: "12345678901234567890", Name: "o"}, nil},
		{"no login", 200, jsonType, `{"id":1}`, authflow.Identity{Subject: "1", Name: "1"}, nil},
		{"a page by http", 200, jsonType, `{"id":1,"login":"o","html_url":"http://hub.example/o"}`, authflow.Identity{Subject: "1", Name: "o"}, nil},
		{"no id", 200, jsonType, `{"login":"octocat"}`, authflow.Identity{}, errRefused},
		{"no id, null", 200, jsonType, `{"login":"octocat","id":null}`, authflow.Identity{}, errRefused},
		{"token dead", 401, jsonType, `{"message":"Bad credentials"}`, authflow.Identity{}, errRefused},
		{"no User-Agent", 403, htmlType, `Request forbidden`, authflow.Identity{}, errRefused},
		{"down", 503, htmlType, `<p>token-marker`, authflow.Identity{}, errAgain},
		{"cut", 200, jsonType, `{"login":"octo`, authflow.Identity{}, errAgain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := provider.GitHub(provider.App{ID: "app"})
			if err != nil {
				t.Fatal(err)
			}
			v := &vendor{t: t, status: tt.status, kind: tt.kind, body: tt.body}
			who, err := p.Who(t.Context(), v.client(), authflow.Token{Access: "token-marker"})
			checkBegin(t, err, tt.err)
			if tt.err == nil {
				tt.want.Issuer = "https://github.com"
			}
			if who != tt.want {
				t.Errorf("got %+v, want %+v", who, tt.want)
			}
		})
	}
}
