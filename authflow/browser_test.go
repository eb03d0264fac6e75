package authflow_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
)

func TestBrowser(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("alice", "repo")
		if l.Flow != "browser" || l.Show.Code != "" || l.NoCode || !strings.HasPrefix(l.Show.URL, publicURL+"/oauth/start/") {
			w.Fatalf("got %+v, want a link to our page", l)
		}
		b := w.browser()
		start := w.visit(b, l.Show.URL)
		w.wantPage(start, 200, "Sign in to auth.example? alice <b>on</b> Chat asks for access to your auth.example account. Permissions: openid profile repo")
		consent := w.press(start, "Continue to auth.example", nil)
		w.wantPage(consent, 200, "app wants to sign you in")
		w.sleep(time.Minute)
		done := w.press(consent, "Approve", map[string]string{"account": "octocat"})
		w.wantPage(done, 200, almostDone)
		w.wantPage(done, 200, "You have signed in to auth.example as octocat.")
		w.wantPage(done, 200, "They give alice <b>on</b> Chat access to your account.")
		w.sleep(time.Second)
		w.wantState(l, "confirming octocat")
		if _, err := w.Accounts().Get(w.Context(), "alice", "auth"); !errors.Is(err, authflow.ErrNotLinked) {
			w.Errorf("got %v, want no account before the digits", err)
		}
		digits := strings.Replace(w.digits(done), " ", "-", 1) + " "
		if got, err := w.confirm(l, digits); err != nil || state(got) != "linked octocat" {
			w.Errorf("got %s, %v, want it linked", state(got), err)
		}
		_, err := w.confirm(l, digits)
		w.wantErr(err, authflow.ErrEnded)
		w.sleep(time.Second)
		w.wantStory(`
			1m0s polls
			1m0s asks who
			1m0s tells alice: confirming octocat
			1m1.1s tells alice: linked octocat`)
		if got := w.whoami("alice"); got != "octocat" {
			w.Errorf("got %s, want octocat", got)
		}
	})
}

// TestBrowserAsksByTheStandard looks at what goes to the provider.
func TestBrowserAsksByTheStandard(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("alice")
		b := w.browser()
		q := queryOf(w, w.leave(b, l).URL)
		for name, want := range map[string]string{
			"response_type": "code", "client_id": "app", "redirect_uri": publicURL + "/oauth/callback/auth",
			"scope": "openid profile", "code_challenge_method": "S256",
		} {
			if got := q.Get(name); got != want {
				w.Errorf("got %s %q, want %q", name, got, want)
			}
		}
		if len(q.Get("state")) != 43 || len(q.Get("code_challenge")) != 43 || len(q) != 7 {
			w.Errorf("got %v, want a state and a challenge, and nothing more", q)
		}
		again := queryOf(w, w.leave(b, l).URL)
		if again.Get("state") == q.Get("state") || again.Get("code_challenge") == q.Get("code_challenge") {
			w.Error("got the same state or challenge again")
		}
		w.agree(b, l, "octocat")
		sent := w.srv.Requests(authtest.Token)[0].Form
		for name, want := range map[string]string{
			"grant_type": "authorization_code", "redirect_uri": publicURL + "/oauth/callback/auth", "client_id": "app", "client_secret": clientSecret,
		} {
			if got := sent.Get(name); got != want {
				w.Errorf("got %s %q, want %q", name, got, want)
			}
		}
		if len(sent.Get("code_verifier")) != 43 || sent.Get("code") == "" || len(sent) != 6 {
			w.Error("got something else than a code, its verifier, and nothing more")
		}
	})
}

func queryOf(w *world, raw string) url.Values {
	w.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		w.Fatal(err)
	}
	return u.Query()
}

// TestBrowserLooksUseNothingUp has a chat look at the link, as often as it likes.
func TestBrowserLooksUseNothingUp(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("alice")
		for range 50 {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				req, err := http.NewRequest(method, l.Show.URL, nil)
				w.must(err)
				resp, err := w.srv.Client().Do(req)
				w.must(err)
				resp.Body.Close()
				if resp.StatusCode != 200 || len(resp.Cookies()) != 0 {
					w.Fatalf("got status %d and cookies %v of a %s, want a page and none", resp.StatusCode, resp.Cookies(), method)
				}
			}
		}
		b := w.browser()
		consent := w.leave(b, l)
		w.visit(w.browser(), l.Show.URL) // in between too
		done := w.press(consent, "Approve", map[string]string{"account": "octocat"})
		if got, err := w.confirm(l, w.digits(done)); err != nil || got.State != authflow.Linked {
			w.Errorf("got %s, %v, want it linked", got.State, err)
		}
	})
}

// TestBrowserComesBackWrongly sends nothing to the provider for what it did not send
// this browser back with.
func TestBrowserComesBackWrongly(t *testing.T) {
	same := func(_ *world, b *authtest.Browser, _ authflow.Login) *authtest.Browser { return b }
	other := func(w *world, _ *authtest.Browser, _ authflow.Login) *authtest.Browser { return w.browser() }
	tests := []struct {
		name   string
		change func(url.Values)
		path   string
		who    func(*world, *authtest.Browser, authflow.Login) *authtest.Browser
		status int
		page   string
		want   string // what becomes of the login
	}{
		{"wrong iss", func(q url.Values) { q.Set("iss", "https://evil.example") }, "", same, 200, "That did not work", "failed refused"},
		{"iss with a slash", func(q url.Values) { q.Set("iss", q.Get("iss")+"/") }, "", same, 200, "That did not work", "failed refused"},
		{"no iss", func(q url.Values) { q.Del("iss") }, "", same, 200, "That did not work", "failed refused"},
		{"two iss", func(q url.Values) { q.Add("iss", q.Get("iss")) }, "", same, 200, "That did not work", "failed refused"},
		{"wrong iss and an error", func(q url.Values) {
			q.Del("code")
			q.Set("error", "access_denied")
			q.Set("iss", "https://evil.example")
		}, "", same, 200, "That did not work", "failed refused"},
		{"two codes", func(q url.Values) { q.Add("code", "other") }, "", same, 200, "That did not work", "failed refused"},
		{"no code", func(q url.Values) { q.Del("code") }, "", same, 200, "That did not work", "failed refused"},
		{"unknown state", func(q url.Values) { q.Set("state", strings.Repeat("A", 43)) }, "", same, 400, "This page cannot go on", "waiting"},
		{"two states", func(q url.Values) { q.Add("state", q.Get("state")) }, "", same, 200, "That did not work", "failed refused"},
		{"no state", func(q url.Values) { q.Del("state") }, "", same, 400, "This page cannot go on", "waiting"},
		{"nothing", func(q url.Values) { clear(q) }, "", same, 400, "This page cannot go on", "waiting"},
		{"another browser", func(url.Values) {}, "", other, 400, "This page cannot go on", "waiting"},
		{"another browser that has seen the page", func(url.Values) {}, "", func(w *world, _ *authtest.Browser, l authflow.Login) *authtest.Browser {
			b := w.browser()
			w.visit(b, l.Show.URL)
			return b
		}, 400, "This page cannot go on", "waiting"},
		{"another provider's address", func(url.Values) {}, "/oauth/callback/other", same, 409, "This login is not done yet", "waiting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup{web: "browser", inMemory: true}, func(w *world) {
				l := w.start("alice")
				b := w.browser()
				u, err := url.Parse(w.backAt(b, l, "octocat"))
				w.must(err)
				q := u.Query()
				tt.change(q)
				u.RawQuery = q.Encode()
				if tt.path != "" {
					u.Path = tt.path
				}
				w.wantPage(w.visit(tt.who(w, b, l), u.String()), tt.status, tt.page)
				w.sleep(time.Second)
				if n := w.redeemed(); n != 0 {
					w.Errorf("got %d token requests, want none", n)
				}
				w.wantState(l, tt.want)
				if tt.want == "waiting" { // nothing was used up
					w.wantPage(w.agree(b, l, "octocat"), 200, almostDone)
				}
			})
		})
	}
}

// TestBrowserLoadsItsPageAgain shows the digits again, to the browser that has them.
func TestBrowserLoadsItsPageAgain(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("alice")
		b := w.browser()
		done := w.agree(b, l, "octocat")
		digits := w.digits(done)
		again := w.visit(b, done.URL)
		if got := w.digits(again); got != digits {
			w.Errorf("got the digits %s, then %s, want the same", digits, got)
		}
		w.wantPage(w.visit(w.browser(), done.URL), 400, "This page cannot go on")
		w.wantPage(w.visit(w.browser(), l.Show.URL), 409, "This was already done")
		_, err := w.confirm(l, digits)
		w.must(err)
		w.wantPage(w.visit(b, done.URL), 200, "You are signed in")
		w.wantPage(w.visit(b, l.Show.URL), 410, "This login is over")
		if n := w.redeemed(); n != 1 {
			w.Errorf("got %d token requests, want one", n)
		}
	})
}

// TestBrowserLinkIsForwarded has somebody else approve: they are linked to nobody.
func TestBrowserLinkIsForwarded(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("mallory")
		w.agree(w.browser(), l, "octocat")
		w.sleep(ever)
		w.wantState(l, "expired (token revoked)")
		if _, err := w.Accounts().Get(w.Context(), "mallory", "auth"); !errors.Is(err, authflow.ErrNotLinked) {
			w.Errorf("got %v, want no account", err)
		}
	})
}

// TestBrowserOpensTheLinkTwice has the last that left come back.
func TestBrowserOpensTheLinkTwice(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("alice")
		phone, desk := w.browser(), w.browser()
		first, tab := w.leave(phone, l), w.leave(phone, l)
		second := w.leave(desk, l)
		approve := map[string]string{"account": "octocat"}
		w.wantPage(w.press(first, "Approve", approve), 400, "This page cannot go on") // its proof was replaced
		w.wantPage(w.press(tab, "Approve", approve), 409, "This login is not done yet")
		if n := w.redeemed(); n != 0 {
			w.Errorf("got %d token requests, want none", n)
		}
		done := w.press(second, "Approve", approve)
		if got, err := w.confirm(l, w.digits(done)); err != nil || got.State != authflow.Linked {
			w.Errorf("got %s, %v, want it linked", got.State, err)
		}
	})
}

// TestBrowserSeesNoDigitsOfAnother has whoever forwards a link begin before the one
// who follows it, so as to have a proof too.
func TestBrowserSeesNoDigitsOfAnother(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("mallory")
		mallory, alice := w.browser(), w.browser()
		back := w.backAt(mallory, l, "hubot")
		w.wantPage(w.agree(alice, l, "octocat"), 200, almostDone)
		w.wantPage(w.visit(mallory, back), 409, "This was already done")
		w.wantPage(w.visit(mallory, l.Show.URL), 409, "This was already done")
		if n := w.redeemed(); n != 1 {
			w.Errorf("got %d token requests, want one", n)
		}
	})
}

// TestBrowserComesBackSecond left while the code of another was being redeemed.
func TestBrowserComesBackSecond(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("alice")
		first, second := w.browser(), w.browser()
		back := w.backAt(first, l, "octocat")
		w.srv.Break(authtest.Token, stand.After(5*time.Second, stand.Custom(200, "application/json", `{"access_token":"marker-of-a-token","token_type":"bearer"}`)))
		w.srv.Break(authtest.UserInfo, stand.Custom(200, "application/json", `{"sub":"1"}`))
		shown := make(chan authtest.Page)
		go func() {
			p, _ := first.Open(back)
			shown <- p
		}()
		w.sleep(time.Second)
		late := w.backAt(second, l, "hubot")
		w.wantPage(<-shown, 200, almostDone)
		w.wantPage(w.visit(second, late), 409, "This was already done")
		if n := w.redeemed(); n != 1 {
			w.Errorf("got %d token requests, want one", n)
		}
		w.wantState(l, "confirming 1")
	})
}

// TestBrowserLeavesTooOften ends what only a machine does.
func TestBrowserLeavesTooOften(t *testing.T) {
	bubble(t, setup{web: "browser", inMemory: true}, func(w *world) {
		l := w.start("alice")
		b := w.browser()
		for range 20 {
			w.wantPage(w.leave(b, l), 200, "wants to sign you in")
		}
		w.wantPage(w.leave(b, l), 429, "This link was used too often")
	})
}
