package authflow_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/seal"
)

// TestVendorsRefreshAndSignOut uses a token after the first has run out, and has it
// revoked.
func TestVendorsRefreshAndSignOut(t *testing.T) {
	eachVendor(t, func(w *world, v vendor) {
		l := w.start("alice")
		w.must(w.srv.Approve(l.Show.Code, authtest.User{}))
		w.sleep(2 * time.Hour)
		c, err := w.Accounts().Client(w.Context(), "alice", v.app.Name)
		if err != nil {
			w.Fatal(err)
		}
		if got := status(w, c, v); got != http.StatusOK {
			w.Errorf("got %d by the person's client, want 200", got)
		}
		refreshes := 0
		for _, r := range w.srv.Requests(v.token) {
			if r.Form.Get("grant_type") == "refresh_token" {
				refreshes++
			}
		}
		if want := map[bool]int{true: 0, false: 2}[v.app.Name == "facebook"]; refreshes != want {
			w.Errorf("got %d refreshes in two hours, want %d", refreshes, want)
		}
		account, end, err := w.Accounts().Remove(w.Context(), "alice", v.app.Name, "")
		want := authflow.Revoked
		if v.revocation == "" {
			want = authflow.Irrevocable
		}
		if err != nil || end != want || len(account.Scopes) < len(v.app.Scopes) || end == authflow.Irrevocable && account.Manage == "" {
			w.Errorf("got %s of %+v, %v, want it %s, with its scopes", end, account, err, want)
		}
	})
}

// status is what the service answers when a client asks whose token it has.
func status(w *world, c *http.Client, v vendor) int {
	w.Helper()
	prefix := map[string]string{"facebook": "/v23.0", "github": "/api/v3"}[v.app.Name]
	resp, err := c.Get(w.srv.URL() + prefix + string(v.user))
	if err != nil {
		w.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// TestTwitchIsAskedHourly keeps to Twitch's rule, and an account dies with its
// token alone.
func TestTwitchIsAskedHourly(t *testing.T) {
	eachVendor(t, func(w *world, v vendor) {
		if v.app.Name != "twitch" {
			return
		}
		p := w.Providers()[0]
		w.srv.Break(authtest.TwitchValidation, stand.Custom(404, "application/json", `{"status":404,"message":"not found"}`), stand.HTML(502))
		l := w.start("alice")
		w.must(w.srv.Approve(l.Show.Code, authtest.User{}))
		w.sleep(7 * time.Second)
		if p.Validate == nil || p.ValidateEvery != time.Hour {
			w.Fatalf("got a validation every %v, want one each hour", p.ValidateEvery)
		}
		token := w.srv.Requests(authtest.TwitchUser)[0].Header.Get("Authorization")[len("Bearer "):]
		for _, want := range []bool{false, false, true} { // what another try may better, twice; then an answer
			err := p.Validate(w.Context(), authflow.NewClient(w.srv.Client()), authflow.Token{Access: seal.Secret(token)})
			if good := err == nil; good != want || refusal(err) {
				w.Errorf("got %v, want it good: %v, and no end", err, want)
			}
		}
		w.srv.Withdraw(w.srv.User("octocat"))
		if err := p.Validate(w.Context(), authflow.NewClient(w.srv.Client()), authflow.Token{Access: seal.Secret(token)}); !refusal(err) {
			w.Errorf("got %v of a token that is dead, want a refusal", err)
		}
	})
}

func refusal(err error) bool {
	_, ok := errors.AsType[*authflow.OAuthError](err)
	return ok
}
