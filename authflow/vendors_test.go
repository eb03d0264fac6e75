package authflow_test

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core/coretest/stand"
)

// vendor is a dialect that both the provider and the server speak.
type vendor struct {
	app                             provider.App
	device, token, user, revocation authtest.Endpoint
	slower                          stand.Fault
	who                             string // the name of the first user there; empty: octocat
	statuses                        []int  // of its errors, where they vary
}

// vendors are all that have a device flow, by their settings alone.
func vendors() []vendor {
	says := func(status int, body string) stand.Fault { return stand.Custom(status, "application/json", body) }
	const root = "https://auth.example"
	return []vendor{
		{
			app:    provider.App{Name: "github", ID: "app", Secret: clientSecret, Base: root + "/", Scopes: []string{"repo", "gist"}},
			device: authtest.GitHubDevice, token: authtest.GitHubToken, user: authtest.GitHubUser, revocation: authtest.GitHubRevocation,
			slower: authtest.SlowDownTo(10 * time.Second),
		},
		{
			app: provider.App{
				Name: "facebook", ID: "app", ClientToken: clientToken, Base: root + "/v23.0", Scopes: []string{"user_likes", "email"},
			},
			device: authtest.FacebookDevice, token: authtest.FacebookToken, user: authtest.FacebookUser, revocation: authtest.FacebookRevocation,
			slower:   says(400, `{"error":{"message":"x","type":"OAuthException","code":17,"error_subcode":1349172}}`),
			who:      "The Octocat",
			statuses: []int{http.StatusOK, http.StatusBadRequest},
		},
		{
			app:    provider.App{Name: "gitlab", ID: "public", Base: root, Scopes: []string{"read_user"}},
			device: authtest.GitLabDevice, token: authtest.Token, user: authtest.UserInfo, revocation: authtest.Revocation,
			slower: authtest.SlowDown(),
		},
		{
			app:    provider.App{Name: "google", ID: "app", Secret: clientSecret, Base: root, Scopes: []string{"email"}},
			device: authtest.GoogleDevice, token: authtest.GoogleToken, user: authtest.GoogleUser, revocation: authtest.GoogleRevocation,
			slower: says(403, `{"error":"slow_down","error_description":"Forbidden"}`),
		},
		{
			app:    provider.App{Name: "microsoft", ID: "public", Issuer: root + "/common/v2.0", Scopes: []string{"User.Read"}},
			device: authtest.MicrosoftDevice, token: authtest.MicrosoftToken, user: authtest.MicrosoftUser,
			slower: authtest.SlowDown(),
		},
		{
			app:    provider.App{Name: "twitch", ID: "public", Base: root, Scopes: []string{"user:read:email", "bits:read"}},
			device: authtest.TwitchDevice, token: authtest.TwitchToken, user: authtest.TwitchUser, revocation: authtest.TwitchRevocation,
			slower: says(400, `{"status":400,"message":"slow_down"}`),
		},
		{
			app:    provider.App{Name: "discord", ID: "basic", Secret: clientSecret, Base: root, Scopes: []string{"sdk.social_layer"}},
			device: authtest.DiscordDevice, token: authtest.DiscordToken, user: authtest.DiscordUser, revocation: authtest.DiscordRevocation,
			slower: authtest.SlowDown(),
		},
		{
			app:    provider.App{Name: "auth0", ID: "public", Issuer: root + "/auth0", Scopes: []string{"offline_access"}},
			device: authtest.Auth0Device, token: authtest.Auth0Token, user: authtest.Auth0User, revocation: authtest.Auth0Revocation,
			slower: says(429, `{"error":"slow_down","error_description":"You are polling faster than the specified interval of 5 seconds."}`),
		},
		{
			app:    provider.App{Name: "okta", ID: "public", Issuer: root + "/oauth2/default", Scopes: []string{"groups"}},
			device: authtest.OktaDevice, token: authtest.OktaToken, user: authtest.OktaUser, revocation: authtest.OktaRevocation,
			slower: authtest.SlowDown(),
		},
		{
			app:    provider.App{Name: "keycloak", ID: "app", Secret: clientSecret, Issuer: root + "/realms/acme", Scopes: []string{"roles"}},
			device: authtest.KeycloakDevice, token: authtest.KeycloakToken, user: authtest.KeycloakUser, revocation: authtest.KeycloakRevocation,
			slower: authtest.SlowDown(),
		},
	}
}

// eachVendor tells a story of each vendor.
func eachVendor(t *testing.T, f func(w *world, v vendor)) {
	t.Helper()
	eachVendorIn(t, setup{inMemory: true}, f)
}

func eachVendorIn(t *testing.T, s setup, f func(w *world, v vendor)) {
	t.Helper()
	for _, v := range vendors() {
		v.who = cmp.Or(v.who, "octocat")
		if v.statuses == nil {
			v.statuses = []int{http.StatusBadRequest}
		}
		for _, status := range v.statuses {
			t.Run(v.app.Name+" "+http.StatusText(status), func(t *testing.T) {
				p, err := provider.New(v.app)
				if err != nil {
					t.Fatal(err)
				}
				s.providers = []authflow.Provider{p}
				s.server = authtest.Options{FacebookStatus: status, GitHubExpire: true}
				if v.app.Name == "keycloak" {
					s.server.PKCE = authtest.PKCERequired
				}
				bubble(t, s, func(w *world) { f(w, v) })
			})
		}
	}
}

func TestVendorsLinkAnAccount(t *testing.T) {
	eachVendor(t, func(w *world, v vendor) {
		l := w.start("alice", v.app.Scopes[0])
		if full := l.Show.URL + "?user_code=" + l.Show.Code; l.Show.FullURL != "" && l.Show.FullURL != full {
			w.Errorf("got %s, want %s", l.Show.FullURL, full)
		}
		w.sleep(7 * time.Second)
		w.must(w.srv.Approve(l.Show.Code, authtest.User{}))
		w.sleep(aWhile)
		w.wantStory(`
			0s asks for a code
			5s polls
			10s polls
			10s asks who
			10s tells alice: linked ` + v.who)
		account, err := w.Accounts().Get(w.Context(), "alice", v.app.Name)
		if err != nil || account.Who.Subject != "583231" || account.Who.Issuer != w.Providers()[0].Issuer || len(account.Scopes) != 2 {
			w.Errorf("got %+v, %v, want 583231 with two scopes", account, err)
		}
		for _, r := range w.srv.Requests() {
			if r.Header.Get("User-Agent") == "" || !strings.Contains(r.Header.Get("Accept"), "json") {
				w.Errorf("got %v, want a User-Agent and Accept", r)
			}
			if scope := r.Form.Get("scope"); scope != "" && strings.Contains(scope, ",") != (v.app.Name == "facebook") {
				w.Errorf("got scope %q of %s", scope, v.app.Name)
			}
		}
	})
}

func TestVendorsEndALogin(t *testing.T) {
	ends := []struct {
		name string
		end  func(w *world, code string) error
		want string
	}{
		{"denied", func(w *world, code string) error { return w.srv.Deny(code) }, "denied"},
		{"expired", func(w *world, code string) error { return w.srv.Expire(code) }, "expired"},
	}
	for _, tt := range ends {
		t.Run(tt.name, func(t *testing.T) {
			eachVendor(t, func(w *world, _ vendor) {
				l := w.start("alice")
				w.must(tt.end(w, l.Show.Code))
				w.sleep(aWhile)
				w.wantStory("0s asks for a code\n5s polls\n5s tells alice: " + tt.want)
			})
		})
	}
}

// TestVendorsSlowDown keeps to the pace that was asked for, by one request and by
// the next.
func TestVendorsSlowDown(t *testing.T) {
	eachVendor(t, func(w *world, v vendor) {
		w.srv.Break(v.token, v.slower)
		l := w.start("alice")
		w.sleep(6 * time.Second)
		w.must(w.srv.Approve(l.Show.Code, authtest.User{}))
		w.restart() // which keeps to it too
		w.sleep(aWhile)
		all := w.asked()
		if len(all) != 4 || all[2].what != "polls" || all[2].at-all[1].at < 12*time.Second {
			w.Errorf("got %v, want the second poll 1.2 × 10 s after the first, or later", all)
		}
		w.wantState(l, "linked "+v.who)
	})
}

// TestVendorsPunishHaste has servers slow down whoever asks early.
func TestVendorsPunishHaste(t *testing.T) {
	eachVendor(t, func(w *world, _ vendor) {
		p := w.Providers()[0]
		c := authflow.NewClient(w.srv.Client())
		g, err := p.Flows[0].Begin(w.Context(), c, authflow.Ask{})
		if err != nil {
			w.Fatal(err)
		}
		for want := 10 * time.Second; want <= 20*time.Second; want += 5 * time.Second {
			a, err := p.Flows[0].Next(w.Context(), c, g, nil)
			if err != nil || a.State != authflow.Waiting || a.Grant == nil || !a.Grant.Slowed || a.Grant.Every != want {
				w.Fatalf("got %+v, %v, want a pace of %v", a, err, want)
			}
			g = *a.Grant
		}
	})
}

// TestVendorsHaveTrouble meets what networks do, at each endpoint, and gets there.
func TestVendorsHaveTrouble(t *testing.T) {
	eachVendor(t, func(w *world, v vendor) {
		w.srv.Break(v.device, stand.HTML(502))
		if _, err := w.Start(w.Context(), w.ask("alice")); !trouble(err) {
			w.Errorf("got %v, want an error worth another try", err)
		}
		l := w.start("alice")
		w.srv.Break(v.token, stand.HTML(502), stand.HTML(200), authtest.CutBody(), stand.Drop(), stand.Hang(),
			authtest.Unavailable(7*time.Second), stand.Custom(500, "application/json", `{"error":{"message":"x","type":"OAuthException","code":2}}`))
		w.srv.Break(v.user, stand.HTML(502), stand.Hang(), authtest.CutBody())
		w.must(w.srv.Approve(l.Show.Code, authtest.User{}))
		w.sleep(ever)
		w.wantState(l, "linked "+v.who)
	})
}

// TestVendorsSurviveACrash between code and approval.
func TestVendorsSurviveACrash(t *testing.T) {
	eachVendorIn(t, setup{}, func(w *world, v vendor) {
		l := w.start("alice")
		w.sleep(6 * time.Second)
		w.crash()
		w.must(w.srv.Approve(l.Show.Code, authtest.User{}))
		w.sleep(aWhile)
		w.wantTold("tells alice: linked " + v.who)
	})
}

// TestVendorsKnowTheirClients: what the operator has to mend is called so.
func TestVendorsKnowTheirClients(t *testing.T) {
	for _, v := range vendors() {
		t.Run(v.app.Name, func(t *testing.T) {
			v.app.ID = "stranger"
			p, err := provider.New(v.app)
			if err != nil {
				t.Fatal(err)
			}
			bubble(t, setup{providers: []authflow.Provider{p}, inMemory: true}, func(w *world) {
				_, err := w.Start(w.Context(), w.ask("alice"))
				w.wantErr(err, authflow.ErrSetup)
				if no, ok := errors.AsType[*authflow.OAuthError](err); !ok || no.Code == "" && no.Description == "" {
					w.Errorf("got %v, want what the provider said", err)
				}
			})
		})
	}
}

// graphEcho is echo in Facebook's dialect.
func graphEcho(rw http.ResponseWriter, r *http.Request, call http.HandlerFunc) {
	if err := r.ParseForm(); err != nil {
		return
	}
	all := strings.ReplaceAll(r.PostForm.Encode(), "%7C", "|")
	body := `{"error":{"code":100,"type":"OAuthException","message":"` + all + `"}}`
	stand.Custom(http.StatusBadRequest, "application/json", body)(rw, r, call)
}

// TestVendorsQuote has servers quote what they were sent.
func TestVendorsQuote(t *testing.T) {
	eachVendor(t, func(w *world, v vendor) {
		quote := stand.Fault(echo)
		if v.app.Name == "facebook" {
			quote = graphEcho
		}
		w.srv.Break(v.device, quote)
		_, err := w.Start(w.Context(), w.ask("alice"))
		w.keepErr(err)
		l := w.start("alice")
		w.srv.Break(v.token, quote)
		w.sleep(aWhile)
		w.wantState(l, "failed refused")
		l = w.start("bob")
		w.must(w.srv.Approve(l.Show.Code, authtest.User{}))
		w.srv.Break(v.user, echo)
		w.sleep(aWhile)
		fate := map[bool]string{true: "revoked", false: "dropped"}[w.Providers()[0].Revoke != nil]
		w.wantState(l, "failed unnamed (token "+fate+")")
		if n := strings.Count(w.logged.String(), "[redacted]"); n < 4 { // two lines, as text and as JSON
			w.Errorf("got %d secrets hidden in the log, want more", n)
		}
	})
}
