package authflow_test

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
)

const publicURL = "https://bot.example"

// address is where browsers reach the bot, if they do.
func (w *world) address() string {
	if w.web == "" {
		return ""
	}
	return publicURL
}

// serve has browsers reach the process of the moment.
func (w *world) serve() {
	w.serveAt("bot.example:443", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.ServeHTTP(rw, r) }))
}

func (w *world) serveAt(addr string, h http.Handler) {
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: h}
	l := w.net.Listen(addr)
	done := make(chan struct{})
	go func() { srv.Serve(l); close(done) }() // it ends with Close
	w.Cleanup(func() { srv.Close(); <-done })
}

// browser is that of somebody who has been nowhere.
func (w *world) browser() *authtest.Browser { return authtest.NewBrowser(w.srv.Client()) }

// visit opens a link that a person got.
func (w *world) visit(b *authtest.Browser, link string) authtest.Page {
	w.Helper()
	if _, secret, ours := strings.Cut(link, "/oauth/start/"); ours {
		w.given = append(w.given, secret)
	}
	p, err := b.Open(link)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// press presses a button.
func (w *world) press(p authtest.Page, button string, fields map[string]string) authtest.Page {
	w.Helper()
	next, err := p.Press(button, fields)
	if err != nil {
		w.Fatal(err)
	}
	return next
}

// leave opens the link of a login and goes on to the provider.
func (w *world) leave(b *authtest.Browser, l authflow.Login) authtest.Page {
	w.Helper()
	return w.press(w.visit(b, l.Show.URL), "Continue to "+w.Providers()[0].Title, nil)
}

// agree goes the whole way in a browser and returns its last page.
func (w *world) agree(b *authtest.Browser, l authflow.Login, account string) authtest.Page {
	w.Helper()
	return w.press(w.leave(b, l), "Approve", map[string]string{"account": account})
}

var digitsShown = regexp.MustCompile(`\b[0-9]{3} [0-9]{3}\b`)

// digits are those on a page.
func (w *world) digits(p authtest.Page) string {
	w.Helper()
	found := digitsShown.FindString(p.Text)
	if found == "" {
		w.Fatalf("got no digits on a page with status %d: %s", p.Status, p.Text)
	}
	return found
}

// wantPage checks what a page says, and that it has no digits unless it says so.
func (w *world) wantPage(p authtest.Page, status int, part string) {
	w.Helper()
	if p.Status != status || !strings.Contains(p.Text, part) {
		w.Errorf("got a page with status %d: %s\nwant %d and %q", p.Status, p.Text, status, part)
	}
	if !strings.Contains(p.Text, almostDone) && digitsShown.MatchString(p.Text) {
		w.Errorf("got digits on the page: %s", p.Text)
	}
}

const almostDone = "Almost done"

// redeemed is how often the provider was asked for a token.
func (w *world) redeemed() int { return len(w.srv.Requests(authtest.Token)) }

// confirm types digits.
func (w *world) confirm(l authflow.Login, digits string) (authflow.Login, error) {
	return w.Confirm(w.Context(), l.ID, digits)
}

// wrong are digits that are not these.
func wrong(digits string) string {
	last := digits[len(digits)-1]
	return digits[:len(digits)-1] + string('0'+(last-'0'+1)%10)
}

// backAt is where the provider sends the browser back to after an approval, which
// does not go there.
func (w *world) backAt(b *authtest.Browser, l authflow.Login, as string) string {
	w.Helper()
	back, err := w.srv.Consent(w.leave(b, l).URL, w.srv.User(as))
	if err != nil {
		w.Fatal(err)
	}
	return back
}

// beside runs another process on the same store, until the end. Telling is its own.
func (w *world) beside() *process {
	w.Helper()
	first := w.process
	w.load()
	w.run()
	second := w.process
	w.Cleanup(func() {
		w.process = second
		w.stop()
	})
	w.process = first
	return second
}
