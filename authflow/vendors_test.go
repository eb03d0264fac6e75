package authflow_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
)

// vendor is a dialect that both the provider and the server speak.
type vendor struct {
	app                 provider.App
	device, token, user authtest.Endpoint
	slower              func() authtest.Fault
	who                 string // the name of the first user there
}

func vendors() map[string]vendor {
	graphSlower := `{"error":{"message":"x","type":"OAuthException","code":17,"error_subcode":1349172}}`
	return map[string]vendor{
		"github": {
			app:    provider.App{Name: "github", ID: "app", Base: "https://auth.example/", Scopes: []string{"repo", "gist"}},
			device: authtest.GitHubDevice, token: authtest.GitHubToken, user: authtest.GitHubUser,
			slower: func() authtest.Fault { return authtest.SlowDownTo(10 * time.Second) },
			who:    "octocat",
		},
		"facebook": {
			app: provider.App{
				Name: "facebook", ID: "app", ClientToken: clientToken, Base: "https://auth.example/v23.0", Scopes: []string{"user_likes", "email"},
			},
			device: authtest.FacebookDevice, token: authtest.FacebookToken, user: authtest.FacebookUser,
			slower: func() authtest.Fault { return authtest.Custom(400, "application/json", graphSlower) },
			who:    "The Octocat",
		},
	}
}

// eachVendor tells a story of each vendor, its errors coming with each status.
func eachVendor(t *testing.T, f func(w *world, v vendor)) {
	t.Helper()
	for name, v := range vendors() {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
			t.Run(name+" "+http.StatusText(status), func(t *testing.T) {
				p, err := provider.New(v.app)
				if err != nil {
					t.Fatal(err)
				}
				s := setup{providers: []authflow.Provider{p}, server: authtest.Options{FacebookStatus: status}}
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
		if err != nil || account.Who.Subject != "583231" || account.Who.Issuer != "https://auth.example" || len(account.Scopes) != 2 {
			w.Errorf("got %+v, %v, want 583231 of https://auth.example with two scopes", account, err)
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
		w.srv.Break(v.token, v.slower())
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
		w.srv.Break(v.device, authtest.HTML(502))
		if _, err := w.Start(w.Context(), w.ask("alice")); !trouble(err) {
			w.Errorf("got %v, want an error worth another try", err)
		}
		l := w.start("alice")
		w.srv.Break(v.token, authtest.HTML(502), authtest.HTML(200), authtest.CutBody(), authtest.Drop(), authtest.Hang(),
			authtest.Unavailable(7*time.Second), authtest.Custom(500, "application/json", `{"error":{"message":"x","type":"OAuthException","code":2}}`))
		w.srv.Break(v.user, authtest.HTML(502), authtest.Hang(), authtest.CutBody())
		w.must(w.srv.Approve(l.Show.Code, authtest.User{}))
		w.sleep(ever)
		w.wantState(l, "linked "+v.who)
	})
}

// TestVendorsSurviveACrash between code and approval.
func TestVendorsSurviveACrash(t *testing.T) {
	eachVendor(t, func(w *world, v vendor) {
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
	for name, v := range vendors() {
		t.Run(name, func(t *testing.T) {
			v.app.ID = "stranger"
			p, err := provider.New(v.app)
			if err != nil {
				t.Fatal(err)
			}
			bubble(t, setup{providers: []authflow.Provider{p}, inMemory: true}, func(w *world) {
				_, err := w.Start(w.Context(), w.ask("alice"))
				w.wantErr(err, authflow.ErrSetup)
				if no, ok := errors.AsType[*authflow.OAuthError](err); !ok || no.Description == "" {
					w.Errorf("got %v, want what the provider said", err)
				}
			})
		})
	}
}

// graphEcho is echo in Facebook's dialect.
func graphEcho(rw http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		return
	}
	all := strings.ReplaceAll(r.PostForm.Encode(), "%7C", "|")
	body := `{"error":{"code":100,"type":"OAuthException","message":"` + all + `"}}`
	authtest.Custom(http.StatusBadRequest, "application/json", body)(rw, r)
}

// TestVendorsQuote has servers quote what they were sent.
func TestVendorsQuote(t *testing.T) {
	eachVendor(t, func(w *world, v vendor) {
		quote := authtest.Fault(echo)
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
