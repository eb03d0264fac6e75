package authflow_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/authflow/provider"
)

// browserVendors are the vendors that let people sign in through a browser, and wants
// of an App for that.
func browserVendors() []vendor {
	var out []vendor
	for _, v := range vendors() {
		switch v.app.Name {
		case "facebook":
			continue
		case "twitch": // it wants a secret for that
			v.app.ID, v.app.Secret = "app", clientSecret
		}
		out = append(out, v)
	}
	return append(out, vendor{
		app:   provider.App{Name: "slack", ID: "app", Secret: clientSecret, Base: "https://auth.example", Scopes: []string{"email"}},
		token: authtest.SlackToken, user: authtest.SlackUser, revocation: authtest.SlackRevocation,
	}, vendor{
		app: provider.App{
			Name: "slack-api", Kind: "slack", ID: "basic", Secret: clientSecret, Auth: authflow.AuthBasic, Base: "https://auth.example", Scopes: []string{"users:read", "chat:write"},
		},
		token: authtest.SlackUserToken, user: authtest.SlackTest, revocation: authtest.SlackRevocation,
	})
}

// eachInBrowser tells a story of each vendor, by settings alone.
func eachInBrowser(t *testing.T, change func(*provider.App), f func(w *world, v vendor)) {
	t.Helper()
	for _, v := range browserVendors() {
		t.Run(v.app.Name, func(t *testing.T) {
			change(&v.app)
			p, err := provider.New(v.app)
			if err != nil {
				t.Fatal(err)
			}
			s := setup{inMemory: true, web: "browser", providers: []authflow.Provider{p}, server: authtest.Options{GitHubExpire: true}}
			bubble(t, s, func(w *world) { f(w, v) })
		})
	}
}

func inBrowser(a *provider.App) { a.Flow = "browser" }

// TestVendorsInABrowser goes from the link to the end of the access: code, verifier
// and secret are in one body, and a refresh and a revocation are as after a code that
// was typed in.
func TestVendorsInABrowser(t *testing.T) {
	eachInBrowser(t, inBrowser, func(w *world, v vendor) {
		l := w.start("alice", v.app.Scopes[0])
		b := w.browser()
		done := w.agree(b, l, "octocat")
		w.wantPage(done, http.StatusOK, "You have signed in to "+w.Providers()[0].Title+" as octocat.")
		if got, err := w.confirm(l, w.digits(done)); err != nil || state(got) != "linked octocat" {
			w.Fatalf("got %s, %v, want it linked", state(got), err)
		}
		account, err := w.Accounts().Get(w.Context(), "alice", v.app.Name)
		if err != nil || account.Who.Subject != "583231" || account.Who.Issuer != w.Providers()[0].Issuer || !slices.Contains(account.Scopes, v.app.Scopes[0]) {
			w.Errorf("got %+v, %v, want 583231 with the scope that was asked for", account, err)
		}
		w.sleep(2 * time.Hour)
		c, err := w.Accounts().Client(w.Context(), "alice", v.app.Name)
		if err != nil {
			w.Fatal(err)
		}
		if got := status(w, c, v); got != http.StatusOK {
			w.Errorf("got %d by the person's client, want 200", got)
		}
		_, end, err := w.Accounts().Remove(w.Context(), "alice", v.app.Name, "")
		if want := revocationOf(v); err != nil || end != want {
			w.Errorf("got it %s, %v, want it %s", end, err, want)
		}
		codes := 0
		for _, r := range w.srv.Requests(v.token) {
			if len(r.Query) > 0 || r.Header.Get("User-Agent") == "" || !strings.Contains(r.Header.Get("Accept"), "json") {
				w.Errorf("got %v, want it in the body, with a User-Agent and Accept", r)
			}
			if r.Form.Get("code_verifier") != "" && r.Form.Get("grant_type") == "authorization_code" {
				codes++
			}
		}
		if codes != 1 {
			w.Errorf("got %d codes redeemed, want one", codes)
		}
	})
}

func revocationOf(v vendor) authflow.Revocation {
	if v.revocation == "" {
		return authflow.Irrevocable
	}
	return authflow.Revoked
}

// TestVendorsRefuseInABrowser has a person say no, and the vendor say that a code is
// not good.
func TestVendorsRefuseInABrowser(t *testing.T) {
	eachInBrowser(t, inBrowser, func(w *world, v vendor) {
		l := w.start("alice")
		w.wantPage(w.press(w.leave(w.browser(), l), "Deny", nil), http.StatusOK, "You declined")
		w.wantState(l, "denied")
		if n := len(w.srv.Requests(v.token)); n != 0 {
			w.Errorf("got %d requests for tokens, want none", n)
		}
		l = w.start("bob")
		b := w.browser()
		back := w.backAt(b, l, "octocat")
		w.sleep(2 * time.Minute) // longer than a code is good
		w.wantPage(w.visit(b, back), http.StatusOK, "That did not work")
		w.wantState(l, "failed refused")
		if n := len(w.srv.Requests(v.token)); n != 1 {
			w.Errorf("got %d requests for tokens, want one", n)
		}
	})
}

// TestVendorsAnswerForAnother has another's name, or a state that is not known, in the
// answer: nothing of it goes to the vendor.
func TestVendorsAnswerForAnother(t *testing.T) {
	eachInBrowser(t, inBrowser, func(w *world, v vendor) {
		l := w.start("alice")
		b := w.browser()
		back := w.backAt(b, l, "octocat")
		q := queryOf(w, back)
		for _, state := range []string{"", "x" + q.Get("state")} {
			q.Set("state", state)
			w.visit(b, publicURL+"/oauth/callback/"+v.app.Name+"?"+q.Encode())
		}
		q = queryOf(w, back)
		q.Set("iss", "https://evil.example")
		w.wantPage(w.visit(b, publicURL+"/oauth/callback/"+v.app.Name+"?"+q.Encode()), http.StatusOK, "That did not work")
		w.wantState(l, "failed refused")
		if n := len(w.srv.Requests(v.token)); n != 0 {
			w.Errorf("got %d requests for tokens, want none", n)
		}
	})
}

// TestVendorsWithoutCodes have the device flow switched off for the app: with auto
// people go through a browser, and are told why.
func TestVendorsWithoutCodes(t *testing.T) {
	without := func(a *provider.App) {
		a.ID = map[string]string{"app": "web", "basic": "basic-web", "public": "public-web"}[a.ID]
	}
	eachInBrowser(t, without, func(w *world, v vendor) {
		if v.app.Name == "twitch" {
			return // it has no such switch
		}
		l := w.start("alice")
		if tried := v.device != ""; l.Flow != "browser" || l.NoCode != tried || len(w.srv.Requests(v.device)) > 0 != tried {
			w.Errorf("got %+v, want a browser, and the reason", l)
		}
		done := w.agree(w.browser(), l, "hubot")
		if got, err := w.confirm(l, w.digits(done)); err != nil || state(got) != "linked hubot" {
			w.Errorf("got %s, %v, want it linked", state(got), err)
		}
	})
}
