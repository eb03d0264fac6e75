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
		w.srv.Break(authtest.Token, stand.Hang())
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
		token  stand.Fault
		page   string
		want   string
	}{
		{"declined", instead("access_denied"), nil, "You declined", "denied"},
		{"not available", instead("temporarily_unavailable"), nil, "auth.example is not available at the moment.", "failed refused"},
		{"unknown permissions", instead("invalid_scope"), nil, "auth.example does not know the permissions", "failed barred"},
		{"wrong client", instead("unauthorized_client"), nil, "does not let this bot sign people in", "failed barred"},
		{"a word of its own", instead("<b>computer_says_no"), nil, "auth.example could not complete this login. Return to the chat", "failed refused"},
		{"a code that it does not know", func(q url.Values) { q.Set("code", "a-code-from-elsewhere") }, nil, "auth.example could not complete this login.", "failed refused"},
		{"no answer", same, stand.Drop(), "auth.example could not complete this login.", "failed unreached"},
		{"no answer in time", same, stand.Hang(), "auth.example could not complete this login.", "failed unreached"},
		{"half an answer", same, authtest.CutBody(), "auth.example could not complete this login.", "failed unreached"},
		{"busy", same, authtest.Unavailable(0), "auth.example could not complete this login.", "failed unreached"},
		{"a page", same, stand.HTML(200), "auth.example could not complete this login.", "failed unreached"},
		{"a token of another type", same, stand.Custom(200, "application/json", `{"access_token":"marker-of-a-token","token_type":"mac"}`), "auth.example could not complete this login.", "failed refused"},
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
		w.srv.Break(authtest.Token, func(rw http.ResponseWriter, r *http.Request, call http.HandlerFunc) {
			w.cancelled(l) // while the code is redeemed
			stand.Custom(200, "application/json", `{"access_token":"marker-of-a-token","token_type":"bearer"}`)(rw, r, call)
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
	refusal := stand.Custom(400, "application/json", `{"error":"unauthorized_client"}`)
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
