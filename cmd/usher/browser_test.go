package main

import (
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest"
)

var (
	startLink = regexp.MustCompile(`http://\S+/oauth/start/[\w-]+`)
	sixDigits = regexp.MustCompile(`\b[0-9]{3} [0-9]{3}\b`)
)

// TestLoginInABrowser signs alice in by her browser, by settings alone.
func TestLoginInABrowser(t *testing.T) {
	w := newWorld(t)
	address := unused(t)
	auth, err := authtest.Start(authtest.Options{Clients: []authtest.Client{{
		ID: "app", Secret: "s3cr3t-client-secret", Auth: authtest.Basic, RedirectURIs: []string{"http://" + address + "/oauth/callback/acme"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { auth.Close() })
	s := begin(t, w.settings(
		"USHER_LISTEN="+address, "USHER_PUBLIC_URL=http://"+address, "TELEGRAM_MODE=polling", "USHER_PROVIDERS=acme",
		"ACME_TITLE=Acme", "ACME_ISSUER="+auth.URL(), "ACME_CLIENT_ID=app", "ACME_CLIENT_SECRET=s3cr3t-client-secret", "ACME_CLIENT_AUTH=basic", "ACME_FLOW=browser",
	))
	s.log.wait(t, "msg=ready")
	w.chat.Say("alice", coretest.Direct, "/login acme")
	card := w.sees(t, "Sign in to Acme")
	link := startLink.FindString(card.Text)
	page, err := authtest.NewBrowser(http.DefaultClient).Open(link)
	for _, press := range []string{"Continue to Acme", "Approve"} {
		if err == nil {
			page, err = page.Press(press, nil)
		}
	}
	digits := sixDigits.FindString(page.Text)
	if err != nil || !strings.Contains(page.Text, "signed in to Acme as octocat") || digits == "" {
		t.Fatalf("got %v and the page %s, want digits", err, page.Text)
	}
	if err := w.chat.Press("alice", w.sees(t, "Acme has agreed"), "Enter digits"); err != nil {
		t.Fatal(err)
	}
	w.sees(t, "Six digits")
	w.chat.Say("alice", coretest.Direct, digits)
	w.sees(t, "Signed in as octocat on Acme.")
	s.stop(t)
	_, start, _ := strings.Cut(link, "/start/")
	for _, hidden := range []string{start, "s3cr3t-client-secret", "code="} {
		if strings.Contains(s.log.String(), hidden) {
			t.Errorf("got %q in the log\n%s", hidden, &s.log)
		}
		if file := stored(t, w.dir); strings.Contains(file, hidden) {
			t.Errorf("got %q in the store", hidden)
		}
	}
}

// unused is an address that nobody listens on.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
