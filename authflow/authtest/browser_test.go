package authtest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow/authtest"
)

// TestBrowser goes through the pages by their buttons alone.
func TestBrowser(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		code := a.github(authtest.GitHubDevice)
		b := authtest.NewBrowser(a.srv.Client())
		page, err := b.Open(code.text("verification_uri"))
		if err != nil || page.Status != http.StatusOK || !strings.Contains(page.Text, "Connect an app") {
			a.Fatalf("got %+v, %v, want the page to enter a code", page, err)
		}
		if page, err = page.Press("Continue", map[string]string{"user_code": code.text("user_code")}); err != nil || !strings.Contains(page.Text, "wants to sign you in") {
			a.Fatalf("got %s, %v, want to be asked", page.Text, err)
		}
		if page, err = page.Press("Approve", map[string]string{"account": "hubot"}); err != nil || !strings.Contains(page.Text, "You are signed in as hubot") {
			a.Errorf("got %s, %v, want it done", page.Text, err)
		}
		if _, err := page.Press("Approve", nil); err == nil || !strings.Contains(err.Error(), `no button "Approve"`) {
			a.Errorf("got %v for a button that there is not, want an error", err)
		}
		if _, err := b.Open("https://nobody.example/"); err == nil {
			a.Error("got no error where nobody is")
		}
		if len(b.Trail) != 4 {
			a.Errorf("got %d pages in its trail, want 4", len(b.Trail))
		}
	})
}
