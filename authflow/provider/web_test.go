package provider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
)

func TestFlows(t *testing.T) {
	tests := []struct {
		name string
		app  provider.App
		want string
	}{
		{"oidc", provider.App{ID: "app", Issuer: "https://auth.example"}, "device browser"},
		{"oidc, auto", provider.App{ID: "app", Issuer: "https://auth.example", Flow: "auto"}, "device browser"},
		{"oidc, device", provider.App{ID: "app", Issuer: "https://auth.example", Flow: "device"}, "device"},
		{"oidc, browser", provider.App{ID: "app", Issuer: "https://auth.example", Flow: "browser"}, "browser"},
		{"github without a secret", provider.App{Kind: "github", ID: "app"}, "device"},
		{"github", provider.App{Kind: "github", ID: "app", Secret: "s"}, "device browser"},
		{"github, browser", provider.App{Kind: "github", ID: "app", Secret: "s", Flow: "browser"}, "browser"},
		{"slack", provider.App{Kind: "slack", ID: "app", Secret: "s"}, "browser"},
		{"slack with codes by now", provider.App{Kind: "slack", ID: "app", Secret: "s", DeviceURL: "https://slack.com/d"}, "device browser"},
		{"facebook", provider.App{Kind: "facebook", ID: "app", ClientToken: "t"}, "facebook"},
		{"heroku", provider.App{Kind: "heroku"}, "heroku"},
		{"heroku with another way by now", provider.App{Kind: "heroku", AuthorizeURL: "https://x.example/", Flow: "browser"}, "browser"},
		{"twitch without a secret", provider.App{Kind: "twitch", ID: "app"}, "device"},
		{"google", provider.App{Kind: "google", ID: "app", Secret: "s"}, "device browser"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := provider.New(tt.app)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range p.Flows {
				got = append(got, f.Name())
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

// sent is where the browser of an app's people is sent, and the Grant of that.
func sent(t *testing.T, app provider.App, c *vendor) (*url.URL, authflow.Flow, authflow.Grant) {
	t.Helper()
	app.Flow = "browser"
	p, err := provider.New(app)
	if err != nil {
		t.Fatal(err)
	}
	flow := p.Flows[0]
	g, err := flow.Begin(t.Context(), c.client(), authflow.Ask{RedirectURI: "https://bot.example/back", State: "state"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(g.Show.URL)
	if err != nil || p.VerifyHosts != nil && !slices.Contains(p.VerifyHosts, u.Host) {
		t.Fatalf("got %v, %v, want it on one of %v", u, err, p.VerifyHosts)
	}
	return u, flow, g
}

func TestBrowsersAreSent(t *testing.T) {
	tests := []struct {
		kind string
		at   string
		want url.Values // beside what all have
	}{
		{"discord", "https://discord.com/oauth2/authorize", url.Values{"scope": {"identify"}}},
		{"github", "https://github.com/login/oauth/authorize", nil},
		{"gitlab", "https://gitlab.com/oauth/authorize", url.Values{"scope": {"openid profile"}}},
		{"google", "https://accounts.google.com/o/oauth2/v2/auth", url.Values{"scope": {"openid profile"}, "access_type": {"offline"}, "prompt": {"consent"}}},
		{"microsoft", "https://login.microsoftonline.com/common/oauth2/v2.0/authorize", url.Values{"scope": {"offline_access openid profile"}}},
		{"slack", "https://slack.com/openid/connect/authorize", url.Values{"scope": {"openid profile"}}},
		{"twitch", "https://id.twitch.tv/oauth2/authorize", nil},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			u, _, _ := sent(t, provider.App{Kind: tt.kind, ID: "app", Secret: "secret-marker"}, &vendor{t: t})
			q := u.Query()
			for name, want := range map[string]string{
				"client_id": "app", "redirect_uri": "https://bot.example/back", "state": "state", "response_type": "code", "code_challenge_method": "S256",
			} {
				if q.Get(name) != want {
					t.Errorf("got %s %q, want %q", name, q.Get(name), want)
				}
				q.Del(name)
			}
			q.Del("code_challenge")
			u.RawQuery = ""
			if u.String() != tt.at || q.Encode() != tt.want.Encode() {
				t.Errorf("got %s and %v, want %s and %v", u, q, tt.at, tt.want)
			}
		})
	}
}

// TestBrowsersAreSentAsTheSettingsSay has parameters of one's own, and an endpoint
// with some.
func TestBrowsersAreSentAsTheSettingsSay(t *testing.T) {
	u, _, _ := sent(t, provider.App{
		Kind: "google", ID: "app", Secret: "secret-marker", AuthorizeURL: "https://a.example/x?tenant=1",
		AuthorizeParams: url.Values{"prompt": {"login"}, "hd": {"example.com"}},
	}, &vendor{t: t})
	q := u.Query()
	if u.Host != "a.example" || q.Get("tenant") != "1" || q.Get("prompt") != "login" || q.Get("hd") != "example.com" || q.Get("access_type") != "offline" {
		t.Errorf("got %v, want all of it", u)
	}
}

func TestBrowsersComeBack(t *testing.T) {
	tests := []struct {
		name string
		app  provider.App
		iss  string
		want authflow.State
	}{
		{"github", provider.App{Kind: "github"}, "", authflow.Granted},
		{"github, named", provider.App{Kind: "github"}, "https://github.com/login/oauth", authflow.Granted},
		{"github, its double", provider.App{Kind: "github", Base: "https://hub.example"}, "https://hub.example", authflow.Granted},
		{"github, not its double", provider.App{Kind: "github", Base: "https://hub.example"}, "https://github.com/login/oauth", authflow.Failed},
		{"google, named", provider.App{Kind: "google"}, "https://accounts.google.com", authflow.Granted},
		{"google, another", provider.App{Kind: "google"}, "https://accounts.google.com.evil.example", authflow.Failed},
		{"twitch, named", provider.App{Kind: "twitch"}, "https://id.twitch.tv/oauth2", authflow.Granted},
		{"microsoft, of some tenant", provider.App{Kind: "microsoft"}, "https://login.microsoftonline.com/1234/v2.0", authflow.Granted},
		{"microsoft, another", provider.App{Kind: "microsoft"}, "https://login.microsoftonline.com.evil.example/1234/v2.0", authflow.Failed},
		{"microsoft, of too much", provider.App{Kind: "microsoft"}, "https://login.microsoftonline.com/1234/5678/v2.0", authflow.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.app.ID, tt.app.Secret = "app", "secret-marker"
			v := &vendor{t: t, status: 200, kind: jsonType, body: `{"access_token":"token-marker","token_type":"bearer"}`}
			_, flow, g := sent(t, tt.app, v)
			v.seen = nil
			back := url.Values{"code": {"code-marker"}, "state": {"state"}}
			if tt.iss != "" {
				back.Set("iss", tt.iss)
			}
			a, err := flow.Next(t.Context(), v.client(), g, back)
			if err != nil || a.State != tt.want {
				t.Errorf("got %s, %v, %v, want %s", a.State, a.Err, err, tt.want)
			}
			if asked := len(v.seen) == 1; asked != (tt.want == authflow.Granted) {
				t.Errorf("got %d requests, want one only for what is right", len(v.seen))
			}
		})
	}
}

// TestSlackGivesTokensOfOnesOwn where scopes of its API are asked for, and what is the
// bot's is never taken for the person's.
func TestSlackGivesTokensOfOnesOwn(t *testing.T) {
	app := provider.App{Kind: "slack", ID: "app", Secret: "secret-marker", Scopes: []string{"users:read", "chat:write"}}
	tests := []struct {
		name, body string
		scopes     string // empty: no token
	}{
		{"a token of one's own", `{"ok":true,"authed_user":{"id":"U1","scope":"chat:write,users:read","access_token":"person-marker","token_type":"user"}}`, "chat:write users:read"},
		{"beside the bot's", `{"ok":true,"access_token":"bot-marker","token_type":"bot","scope":"commands","authed_user":{"id":"U1","scope":"users:read","access_token":"person-marker","token_type":"user"}}`, "users:read"},
		{"the bot's alone", `{"ok":true,"access_token":"bot-marker","token_type":"bot","scope":"commands","authed_user":{"id":"U1"}}`, ""},
		{"nobody's", `{"ok":true,"access_token":"bot-marker","token_type":"bearer","authed_user":"U1"}`, ""},
		{"a refusal", `{"ok":false,"error":"invalid_code"}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := &vendor{t: t, status: 200, kind: jsonType, body: tt.body}
			u, flow, g := sent(t, app, v)
			if q := u.Query(); u.Path != "/oauth/v2/authorize" || q.Get("user_scope") != "chat:write,users:read" || q.Has("scope") {
				t.Errorf("got browsers sent to %v, want scopes of the person's own", u)
			}
			a, err := flow.Next(t.Context(), v.client(), g, url.Values{"code": {"code-marker"}})
			switch {
			case tt.scopes == "" && a.Token != nil:
				t.Error("got a token, want none")
			case tt.scopes != "" && (err != nil || a.Token == nil || a.Token.Access != "person-marker" || strings.Join(a.Token.Scopes, " ") != tt.scopes):
				t.Errorf("got %s, %v, %v, want a token for %s", a.State, a.Err, err, tt.scopes)
			}
		})
	}
	app.Scopes = append(app.Scopes, "openid")
	if _, err := provider.New(app); err == nil || !strings.Contains(err.Error(), "scopes has openid, which Slack does not grant beside") {
		t.Errorf("got %v, want that openid is too much", err)
	}
}

// TestBrowsersAndDocuments looks at what a document says of browsers.
func TestBrowsersAndDocuments(t *testing.T) {
	const issuer = "https://auth.example"
	tests := []struct {
		name, more string
		off        bool
		iss        bool // must be there
	}{
		{"nothing", "", true, false},
		{"an endpoint", `,"authorization_endpoint":"https://auth.example/a"`, false, false},
		{"challenges", `,"authorization_endpoint":"https://auth.example/a","code_challenge_methods_supported":["plain","S256"]`, false, false},
		{"challenges in clear only", `,"authorization_endpoint":"https://auth.example/a","code_challenge_methods_supported":["plain"]`, true, false},
		{"a name in answers", `,"authorization_endpoint":"https://auth.example/a","authorization_response_iss_parameter_supported":true`, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := provider.OIDC(issuer, provider.App{ID: "app", Flow: "browser"})
			if err != nil {
				t.Fatal(err)
			}
			v := &vendor{t: t, status: 200, kind: jsonType, body: document(issuer, issuer, tt.more)}
			_, err = p.Flows[0].Begin(t.Context(), v.client(), authflow.Ask{RedirectURI: "https://bot.example/back"})
			if (err != nil) != tt.off {
				t.Fatalf("got %v, want it off: %v", err, tt.off)
			}
			if tt.off {
				return
			}
			v.body = `{"access_token":"token-marker","token_type":"bearer"}`
			a, err := p.Flows[0].Next(t.Context(), v.client(), authflow.Grant{Secret: "v r"}, url.Values{"code": {"c"}})
			if err != nil || (a.State == authflow.Failed) != tt.iss {
				t.Errorf("got %s, %v without iss, want it refused: %v", a.State, err, tt.iss)
			}
		})
	}
}
