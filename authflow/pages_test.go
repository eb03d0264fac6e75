package authflow_test

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
)

// request makes one request, which follows no redirect and brings no cookies.
func (w *world) request(method, target string, header http.Header, body io.Reader) (*http.Response, string) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, target, body)
	w.must(err)
	maps.Copy(req.Header, header)
	req.Host = header.Get("Host")
	c := *w.srv.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := c.Do(req)
	w.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	w.must(err)
	return resp, string(text)
}

var outside = regexp.MustCompile(`(?i)<(script|img|link|iframe|object|embed|base)\b|\bon\w+=|\bsrc=|url\(|@import|javascript:`)

// wantStrict checks what each page tells a browser to do and not to do.
func (w *world) wantStrict(resp *http.Response, body string) {
	w.Helper()
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := resp.Header.Get(name); got != want {
			w.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	policy := resp.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "style-src 'nonce-", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self' https:;"} {
		if !strings.Contains(policy, part) {
			w.Errorf("got the policy %q, want %q in it", policy, part)
		}
	}
	if strings.Contains(policy, "script-src") || strings.Contains(policy, "unsafe") {
		w.Errorf("got the policy %q, want no scripts and nothing unsafe", policy)
	}
	nonce, _, _ := strings.Cut(strings.SplitN(policy, "'nonce-", 2)[1], "'")
	for _, part := range []string{`<html lang="en">`, `name="viewport"`, `name="color-scheme" content="light dark"`, "prefers-color-scheme: dark", `<style nonce="` + nonce + `">`, "<h1>", "<main>"} {
		if !strings.Contains(body, part) {
			w.Errorf("got a page without %s", part)
		}
	}
	if found := outside.FindString(body); found != "" {
		w.Errorf("got %s in a page, want nothing that runs or is loaded", found)
	}
}

func TestPages(t *testing.T) {
	bubble(t, setup{web: "browser", inMemory: true}, func(w *world) {
		l := w.start("alice")
		done := w.start("bob")
		w.cancelled(done)
		unknown := publicURL + "/oauth/start/" + strings.Repeat("A", 43)
		sameOrigin := http.Header{"Sec-Fetch-Site": {"same-origin"}}
		tests := []struct {
			name, method, target string
			header               http.Header
			body                 string
			status               int
			says                 string
		}{
			{"start", "GET", l.Show.URL, nil, "", 200, "Sign in to auth.example?"},
			{"a link that there is not", "GET", unknown, nil, "", 404, "This link does not work"},
			{"a link that is cut off", "GET", l.Show.URL[:len(l.Show.URL)-1], nil, "", 404, "This link does not work"},
			{"a link with more", "GET", l.Show.URL + "x", nil, "", 404, "This link does not work"},
			{"no link", "GET", publicURL + "/oauth/start/", nil, "", 404, "This link does not work"},
			{"nothing", "GET", publicURL + "/oauth/", nil, "", 404, "This link does not work"},
			{"a login that has ended", "GET", done.Show.URL, nil, "", 410, "This login is over"},
			{"a press of one that has ended", "POST", done.Show.URL, sameOrigin, "", 410, "This login is over"},
			{"a press of one that there is not", "POST", unknown, sameOrigin, "", 404, "This link does not work"},
			{"a press from elsewhere", "POST", l.Show.URL, http.Header{"Sec-Fetch-Site": {"cross-site"}}, "", 403, "This did not come from here"},
			{"a press from a neighbour", "POST", l.Show.URL, http.Header{"Sec-Fetch-Site": {"same-site"}}, "", 403, "This did not come from here"},
			{"a press in an old browser from elsewhere", "POST", l.Show.URL, http.Header{"Origin": {"https://evil.example"}}, "", 403, "This did not come from here"},
			{"a way of asking that there is not", "DELETE", l.Show.URL, sameOrigin, "", 404, "This link does not work"},
			{"a return to nowhere", "GET", publicURL + "/oauth/callback/auth", nil, "", 400, "This page cannot go on"},
			{"a return by another way", "POST", publicURL + "/oauth/callback/auth?state=x&code=y", sameOrigin, "", 404, "This link does not work"},
			{"a query that is too long", "GET", publicURL + "/oauth/callback/auth?state=" + strings.Repeat("x", 9000), nil, "", 413, "That was too much"},
			{"a form that is too large", "POST", l.Show.URL, sameOrigin, strings.Repeat("x", 1<<20+1), 413, "That was too much"},
		}
		for _, tt := range tests {
			resp, body := w.request(tt.method, tt.target, tt.header, strings.NewReader(tt.body))
			if resp.StatusCode != tt.status || !strings.Contains(body, tt.says) {
				w.Errorf("%s: got status %d and %s, want %d and %q", tt.name, resp.StatusCode, body, tt.status, tt.says)
			}
			if len(resp.Cookies()) > 0 {
				w.Errorf("%s: got cookies %v, want none", tt.name, resp.Cookies())
			}
			w.wantStrict(resp, body)
		}
		if n := len(w.srv.Requests()); n != 1 { // for the document
			w.Errorf("got %d requests to the provider, want none", n-1)
		}
		w.wantState(l, "waiting")
		w.sleep(time.Second) // the server closes what was too large with care
	})
}

// TestPageOfOldBrowser has a browser that says where a form came from in no way but by
// Origin, behind a proxy that changes the host.
func TestPageOfOldBrowser(t *testing.T) {
	bubble(t, setup{web: "browser", inMemory: true}, func(w *world) {
		l := w.start("alice")
		resp, _ := w.request("POST", l.Show.URL, http.Header{"Origin": {publicURL}, "Host": {"10.0.0.7:8080"}}, nil)
		if resp.StatusCode != http.StatusSeeOther {
			w.Errorf("got status %d, want the way to the provider", resp.StatusCode)
		}
	})
}

// TestPressAnswers looks at what sends a browser on.
func TestPressAnswers(t *testing.T) {
	bubble(t, setup{web: "browser", inMemory: true}, func(w *world) {
		l := w.start("alice")
		resp, body := w.request("POST", l.Show.URL, http.Header{"Sec-Fetch-Site": {"same-origin"}}, nil)
		to, err := url.Parse(resp.Header.Get("Location"))
		if resp.StatusCode != http.StatusSeeOther || err != nil || to.Host != "auth.example" || body != "" {
			w.Errorf("got status %d to %v, %v, want the provider and nothing to read", resp.StatusCode, to, err)
		}
		if resp.Header.Get("Referrer-Policy") != "no-referrer" || resp.Header.Get("Cache-Control") != "no-store" {
			w.Errorf("got %v, want no referrer and nothing kept", resp.Header)
		}
		if len(resp.Cookies()) != 1 {
			w.Fatalf("got cookies %v, want one", resp.Cookies())
		}
		c := resp.Cookies()[0]
		if c.Name != "__Host-usher-"+l.ID || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 {
			w.Errorf("got the cookie %+v, want it for this host alone", c)
		}
		if len(c.Value) != 43 || strings.Contains(to.String(), c.Value) {
			w.Error("got a proof that the provider sees")
		}
	})
}

// TestPageEscapes has names that would be more than text.
func TestPageEscapes(t *testing.T) {
	bubble(t, setup{web: "browser", inMemory: true}, func(w *world) {
		s := w.ask("alice", `"><script>alert(1)</script>`)
		s.Asker = `</strong><script>alert(2)</script> on Chat`
		l, err := w.Start(w.Context(), s)
		w.must(err)
		resp, body := w.request("GET", l.Show.URL, nil, nil)
		w.wantStrict(resp, body)
		if !strings.Contains(body, "&lt;script&gt;alert(2)") || !strings.Contains(body, "&lt;script&gt;alert(1)") {
			w.Errorf("got %s, want the names as they are", body)
		}
		w.srv.Break(authtest.UserInfo, stand.Custom(200, "application/json", `{"sub":"1","preferred_username":"<script>alert(3)</script>"}`))
		b := w.browser()
		p := w.visit(b, w.backAt(b, l, "octocat"))
		if !strings.Contains(p.Text, "You have signed in to auth.example as <script>alert(3)</script>") {
			w.Errorf("got %s, want the account as it is called", p.Text)
		}
	})
}

// TestPagesAreBusy serves so many at once and asks the others to come again.
func TestPagesAreBusy(t *testing.T) {
	bubble(t, setup{web: "browser", inMemory: true}, func(w *world) {
		l := w.start("alice")
		b := w.browser()
		back := w.backAt(b, l, "octocat")
		w.srv.Break(authtest.Token, stand.Hang())
		go b.Open(back)
		w.sleep(1)
		codes := map[int]int{}
		results := make(chan int)
		for range 100 {
			go func() {
				resp, _ := w.request("GET", l.Show.URL, nil, nil)
				results <- resp.StatusCode
			}()
		}
		for range 100 {
			codes[<-results]++
		}
		if codes[200] < 60 || codes[200]+codes[503] != 100 {
			w.Errorf("got %v, want pages for many, and the others asked to wait", codes)
		}
		w.sleep(aWhile)
	})
}

// TestNoPages is a bot that browsers do not reach.
func TestNoPages(t *testing.T) {
	bubble(t, setup{web: "auto", inMemory: true}, func(w *world) {
		l := authflow.New(authflow.Options{Store: w.db, Keys: w.keys})
		w.serveAt("lonely.example:443", l)
		resp, body := w.request("GET", "https://lonely.example/oauth/start/"+strings.Repeat("A", 43), nil, nil)
		if resp.StatusCode != 404 || !strings.Contains(body, "This link does not work") {
			w.Errorf("got status %d, want 404", resp.StatusCode)
		}
	})
}

// TestPagesOnLoopback is the machine of a developer: no https, and no __Host- either.
func TestPagesOnLoopback(t *testing.T) {
	bubble(t, setup{web: "browser", inMemory: true}, func(w *world) {
		l := authflow.New(authflow.Options{
			Store: w.db, Keys: w.keys, Providers: w.Providers(), HTTP: w.srv.Client(), PublicURL: "http://127.0.0.1:8080/",
		})
		w.serveAt("127.0.0.1:8080", l)
		login, err := l.Start(w.Context(), w.ask("alice"))
		w.must(err)
		if !strings.HasPrefix(login.Show.URL, "http://127.0.0.1:8080/oauth/start/") {
			w.Errorf("got the link %s, want it on loopback", login.Show.URL)
		}
		resp, _ := w.request("POST", login.Show.URL, http.Header{"Sec-Fetch-Site": {"same-origin"}}, nil)
		if c := resp.Cookies(); len(c) != 1 || c[0].Name != "usher-"+login.ID || c[0].Secure {
			w.Errorf("got cookies %v, want one that is sent by http", c)
		}
		resp, _ = w.request("GET", login.Show.URL, nil, nil)
		if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https: http:;") {
			w.Errorf("got the policy %q, want that forms may lead on by http", policy)
		}
	})
}
