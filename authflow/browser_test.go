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
		w.srv.Break(authtest.Token, func(rw http.ResponseWriter, r *http.Request) {
			time.Sleep(5 * time.Second)
			authtest.Custom(200, "application/json", `{"access_token":"marker-of-a-token","token_type":"bearer"}`)(rw, r)
		})
		w.srv.Break(authtest.UserInfo, authtest.Custom(200, "application/json", `{"sub":"1"}`))
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

func TestBrowserDigitsAreWrong(t *testing.T) {
	again(t, setup{web: "browser"}, func(w *world, restart func()) {
		l := w.start("alice")
		b := w.browser()
		done := w.agree(b, l, "octocat")
		digits := w.digits(done)
		w.sleep(time.Second)
		for i, typed := range []string{wrong(digits), ""} {
			got, err := w.confirm(l, typed)
			no, is := errors.AsType[*authflow.DigitsError](err)
			if !is || no.Left != 2-i || got.State != authflow.Confirming {
				w.Errorf("got %s, %v after %d wrong ones, want %d tries left", got.State, err, i+1, 2-i)
			}
			restart()
		}
		if got := w.digits(w.visit(b, done.URL)); got != digits {
			w.Errorf("got the digits %s, then %s, want the same", digits, got)
		}
		got, err := w.confirm(l, digits+"1")
		if err != nil || state(got) != "cancelled digits (token revoked)" {
			w.Errorf("got %s, %v after the third, want it cancelled", state(got), err)
		}
		_, err = w.confirm(l, digits)
		w.wantErr(err, authflow.ErrEnded)
		w.sleep(time.Minute)
		w.wantState(l, "cancelled digits (token revoked)")
		w.wantPage(w.visit(b, done.URL), 410, "This login is over")
		if n := len(w.srv.Requests(authtest.Revocation)); n != 1 {
			w.Errorf("got %d revocations, want one", n)
		}
	})
}

// TestBrowserDigitsAtOnce counts tries that come together, each once.
func TestBrowserDigitsAtOnce(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("alice")
		digits := w.digits(w.agree(w.browser(), l, "octocat"))
		results := make(chan error)
		for range 10 {
			go func() {
				_, err := w.confirm(l, wrong(digits))
				results <- err
			}()
		}
		var counted, last, late int
		for range 10 {
			err := <-results
			_, is := errors.AsType[*authflow.DigitsError](err)
			switch {
			case is:
				counted++
			case err == nil:
				last++
			case errors.Is(err, authflow.ErrEnded):
				late++
			}
		}
		if counted != 2 || last != 1 || late != 7 {
			w.Errorf("got %d counted, %d the last, %d too late, want 2, 1 and 7", counted, last, late)
		}
	})
}

func TestBrowserRunsOutOfTime(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("alice")
		b := w.browser()
		back := w.backAt(b, l, "octocat")
		w.sleep(ever)
		w.wantState(l, "expired")
		w.wantPage(w.visit(b, back), 410, "This login is over")
		w.wantPage(w.visit(b, l.Show.URL), 410, "This login is over")
		w.wantTold(`10m0s tells alice: expired`)
		w.forgetStory()

		l = w.start("alice")
		w.sleep(9 * time.Minute)
		done := w.agree(b, l, "octocat")
		w.sleep(9*time.Minute + 30*time.Second) // ten from when the digits were shown
		w.wantState(l, "confirming octocat")
		w.sleep(time.Minute)
		w.wantState(l, "expired (token revoked)")
		_, err := w.confirm(l, w.digits(done))
		w.wantErr(err, authflow.ErrEnded)
		if n := w.redeemed(); n != 1 {
			w.Errorf("got %d token requests, want one", n)
		}
	})
}

// TestBrowserAndRestarts has a restart between any two steps.
func TestBrowserAndRestarts(t *testing.T) {
	again(t, setup{web: "browser"}, func(w *world, restart func()) {
		l := w.start("alice")
		b := w.browser()
		restart()
		start := w.visit(b, l.Show.URL)
		restart()
		consent := w.press(start, "Continue to auth.example", nil)
		restart()
		w.srv.Break(authtest.UserInfo, authtest.Unavailable(0), authtest.Unavailable(0), authtest.Unavailable(0), authtest.Unavailable(0))
		page := w.press(consent, "Approve", map[string]string{"account": "octocat"})
		w.wantPage(page, 200, "One moment auth.example has agreed")
		restart()
		w.sleep(20 * time.Second)
		digits := w.digits(w.visit(b, page.URL))
		restart()
		if got := w.digits(w.visit(b, page.URL)); got != digits {
			w.Errorf("got the digits %s, then %s, want the same", digits, got)
		}
		if got, err := w.confirm(l, digits); err != nil || got.State != authflow.Linked {
			w.Errorf("got %s, %v, want it linked", got.State, err)
		}
		restart()
		w.sleep(time.Minute)
		w.wantState(l, "linked octocat")
		if n := w.redeemed(); n != 1 {
			w.Errorf("got %d token requests, want one", n)
		}
		if got := w.whoami("alice"); got != "octocat" {
			w.Errorf("got %s, want octocat", got)
		}
	})
}

// TestBrowserAndACrash loses a process while it redeems a code: the link still works.
func TestBrowserAndACrash(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("alice")
		b := w.browser()
		back := w.backAt(b, l, "octocat")
		w.srv.Break(authtest.Token, authtest.Hang())
		ended := make(chan struct{})
		go func() {
			b.Open(back)
			close(ended)
		}()
		w.sleep(time.Second)
		w.crash()
		<-ended
		w.sleep(time.Minute)
		w.wantState(l, "waiting")
		w.wantPage(w.visit(b, back), 409, "This login is not done yet")
		if got, err := w.confirm(l, w.digits(w.agree(b, l, "octocat"))); err != nil || got.State != authflow.Linked {
			w.Errorf("got %s, %v, want it linked", got.State, err)
		}
	})
}

// TestBrowserMeetsTroubleAtTheProvider tells what happened, in the browser and in
// the chat.
func TestBrowserMeetsTroubleAtTheProvider(t *testing.T) {
	instead := func(with ...string) func(url.Values) {
		return func(q url.Values) {
			q.Del("code")
			q.Set("error", with[0])
			q.Set("error_description", "<script>alert(1)</script>")
		}
	}
	same := func(url.Values) {}
	tests := []struct {
		name   string
		change func(url.Values)
		token  authtest.Fault
		page   string
		want   string
	}{
		{"declined", instead("access_denied"), nil, "You declined", "denied"},
		{"not available", instead("temporarily_unavailable"), nil, "auth.example is not available at the moment.", "failed refused"},
		{"unknown permissions", instead("invalid_scope"), nil, "auth.example does not know the permissions", "failed refused"},
		{"wrong client", instead("unauthorized_client"), nil, "does not let this bot sign people in", "failed refused"},
		{"a word of its own", instead("<b>computer_says_no"), nil, "auth.example could not complete this login. Return to the chat", "failed refused"},
		{"a code that it does not know", func(q url.Values) { q.Set("code", "a-code-from-elsewhere") }, nil, "auth.example could not complete this login.", "failed refused"},
		{"no answer", same, authtest.Drop(), "auth.example could not complete this login.", "failed unreached"},
		{"no answer in time", same, authtest.Hang(), "auth.example could not complete this login.", "failed unreached"},
		{"half an answer", same, authtest.CutBody(), "auth.example could not complete this login.", "failed unreached"},
		{"busy", same, authtest.Unavailable(0), "auth.example could not complete this login.", "failed unreached"},
		{"a page", same, authtest.HTML(200), "auth.example could not complete this login.", "failed unreached"},
		{"a token of another type", same, authtest.Custom(200, "application/json", `{"access_token":"marker-of-a-token","token_type":"mac"}`), "auth.example could not complete this login.", "failed refused"},
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
				if tt.token != nil {
					w.srv.Break(authtest.Token, tt.token)
				}
				p := w.visit(b, u.String())
				w.wantPage(p, 200, tt.page)
				if strings.Contains(p.Text, "alert") || strings.Contains(p.Text, "computer_says_no") {
					w.Errorf("got what the provider said on the page: %s", p.Text)
				}
				w.sleep(time.Second)
				w.wantState(l, tt.want)
				if told := w.toldSoFar(); len(told) != 1 || told[0].what != "tells alice: "+tt.want {
					w.Errorf("got %v told, want %q", told, tt.want)
				}
				w.wantPage(w.visit(b, u.String()), 200, tt.page)
			})
		})
	}
}

// TestBrowserIsCalledOff cancels wherever a login stands. Its token is ended too.
func TestBrowserIsCalledOff(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		b := w.browser()
		l := w.start("alice")
		back := w.backAt(b, l, "octocat")
		w.cancelled(l)
		w.wantPage(w.visit(b, back), 410, "This login is over")
		if n := w.redeemed(); n != 0 {
			w.Errorf("got %d token requests, want none", n)
		}

		l = w.start("alice")
		back = w.backAt(b, l, "octocat")
		w.srv.Break(authtest.Token, func(rw http.ResponseWriter, r *http.Request) {
			w.cancelled(l) // while the code is redeemed
			authtest.Custom(200, "application/json", `{"access_token":"marker-of-a-token","token_type":"bearer"}`)(rw, r)
		})
		w.wantPage(w.visit(b, back), 410, "This login is over")
		w.sleep(time.Second)
		if n := len(w.srv.Requests(authtest.Revocation)); n != 1 {
			w.Errorf("got %d revocations, want one", n)
		}

		l = w.start("alice")
		digits := w.digits(w.agree(b, l, "octocat"))
		w.cancelled(l)
		_, err := w.confirm(l, digits)
		w.wantErr(err, authflow.ErrEnded)
		w.sleep(time.Second)
		w.wantState(l, "cancelled (token revoked)")
	})
}

func (w *world) cancelled(l authflow.Login) {
	w.Helper()
	if got, err := w.Cancel(w.Context(), l.ID); err != nil || got.State != authflow.Cancelled {
		w.Errorf("got %s, %v, want it cancelled", got.State, err)
	}
}

// TestBrowserAtAnotherReplica begins here, comes back there, and ends here.
func TestBrowserAtAnotherReplica(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		here, there := w.process, w.beside()
		l := w.start("alice")
		b := w.browser()
		w.process = there
		consent := w.leave(b, l)
		w.process = here
		w.visit(b, l.Show.URL)
		w.process = there
		done := w.press(consent, "Approve", map[string]string{"account": "octocat"})
		digits := w.digits(done)
		w.process = here
		if got := w.digits(w.visit(b, done.URL)); got != digits {
			w.Errorf("got the digits %s, then %s, want the same", digits, got)
		}
		if _, err := w.confirm(l, wrong(digits)); err == nil {
			w.Error("got no error for wrong digits")
		}
		w.process = there
		if got, err := w.confirm(l, digits); err != nil || got.State != authflow.Linked {
			w.Errorf("got %s, %v, want it linked", got.State, err)
		}
		w.process = here
		w.sleep(ever)
		w.wantState(l, "linked octocat")
	})
}

// TestBrowserStoreFails keeps the token that is given once.
func TestBrowserStoreFails(t *testing.T) {
	bubble(t, setup{web: "browser"}, func(w *world) {
		l := w.start("alice")
		b := w.browser()
		w.db.fail("StartedLogin", 1)
		w.wantPage(w.visit(b, l.Show.URL), 502, "Something went wrong")
		start := w.visit(b, l.Show.URL)
		w.db.fail("SetBack", 1)
		w.wantPage(w.press(start, "Continue to auth.example", nil), 502, "Something went wrong")
		back := w.backAt(b, l, "octocat")
		w.db.fail("TakeBack", 1)
		w.wantPage(w.visit(b, back), 502, "Something went wrong")
		w.db.fail("ChangeLogin", 3)
		done := w.visit(b, back)
		if got, err := w.confirm(l, w.digits(done)); err != nil || got.State != authflow.Linked {
			w.Errorf("got %s, %v, want it linked", got.State, err)
		}
	})
}

// TestFallsThroughToTheBrowser has a provider refuse to give codes.
func TestFallsThroughToTheBrowser(t *testing.T) {
	refusal := authtest.Custom(400, "application/json", `{"error":"unauthorized_client"}`)
	bubble(t, setup{web: "auto"}, func(w *world) {
		l := w.start("bob")
		if l.Flow != "device" || l.NoCode {
			w.Errorf("got the flow %s, want device where it works", l.Flow)
		}
		w.srv.Break(authtest.Device, refusal)
		l = w.start("alice")
		if l.Flow != "browser" || !l.NoCode {
			w.Errorf("got the flow %s, no code %v, want the browser in place of a code", l.Flow, l.NoCode)
		}
		if got, err := w.confirm(l, w.digits(w.agree(w.browser(), l, "octocat"))); err != nil || got.State != authflow.Linked {
			w.Errorf("got %s, %v, want it linked", got.State, err)
		}
		w.srv.Break(authtest.Device, authtest.Unavailable(0))
		_, err := w.Start(w.Context(), w.ask("carl"))
		if err == nil || errors.Is(err, authflow.ErrFlowOff) {
			w.Errorf("got %v, want that the provider cannot be reached", err)
		}
	})
	bubble(t, setup{}, func(w *world) {
		w.srv.Break(authtest.Device, refusal)
		_, err := w.Start(w.Context(), w.ask("alice"))
		w.wantErr(err, authflow.ErrFlowOff)
		w.wantErr(err, authflow.ErrNoPublicURL)
	})
}
