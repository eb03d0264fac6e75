package authtest_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
)

// browser is somebody with a browser in which no script runs.
type browser struct {
	app
	page string
	res  *http.Response
}

func (a app) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		a.Fatal(err)
	}
	a.http = &http.Client{
		Transport: a.http.Transport, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &browser{app: a}
}

func (b *browser) load(req *http.Request) {
	b.Helper()
	res, err := b.http.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	b.page, b.res = string(body), res
}

func (b *browser) open(link string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, link, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.load(req)
}

var (
	actionForm = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	hiddenForm = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
)

// form is what pressing the page's button sends, with pairs filled in.
func (b *browser) form(pairs ...string) *http.Request {
	b.Helper()
	action := actionForm.FindStringSubmatch(b.page)
	if action == nil {
		b.Fatalf("no form on the page:\n%s", b.page)
	}
	f := url.Values{}
	for _, m := range hiddenForm.FindAllStringSubmatch(b.page, -1) {
		f.Set(m[1], html.UnescapeString(m[2]))
	}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	to := b.srv.URL() + html.UnescapeString(action[1])
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, to, strings.NewReader(f.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req
}

func (b *browser) submit(pairs ...string) {
	b.Helper()
	b.load(b.form(pairs...))
}

// sees checks status and text of the page.
func (b *browser) sees(status int, words ...string) {
	b.Helper()
	for _, word := range words {
		if b.res.StatusCode != status || !strings.Contains(b.page, word) {
			b.Fatalf("got %d, want %d with %q on:\n%s", b.res.StatusCode, status, word, b.page)
		}
	}
}

func TestPageForgives(t *testing.T) {
	tests := []struct {
		name string
		typo func(code string) string
	}{
		{"as shown", func(c string) string { return c }},
		{"lower case", strings.ToLower},
		{"no dash", func(c string) string { return strings.ReplaceAll(c, "-", "") }},
		{"spaces", func(c string) string { return " " + strings.Join(strings.Split(c, ""), " ") + " " }},
		{"long dash", func(c string) string { return strings.ReplaceAll(c, "-", "–") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				d := a.begin("scope", "repo read:user")
				b := a.browser()
				b.open(d.URI)
				b.submit("user_code", tt.typo(d.UserCode))
				b.sees(200, d.UserCode, "Usher", "<li>repo</li>", "<li>read:user</li>", `value="octocat" checked`, `value="hubot"`)
			})
		})
	}
}

func TestPageDecides(t *testing.T) {
	tests := []struct {
		name  string
		press []string
		want  string // on the page
		code  string // for the app
		as    string
	}{
		{"approve", []string{"decision", "approve", "account", "hubot"}, "You can return to the chat", "", "hubot"},
		{"somebody else", []string{"decision", "approve", "account", "hubot", "other", " <b>mona</b> "}, "&lt;b&gt;mona", "", "<b>mona</b>"},
		{"deny", []string{"decision", "deny"}, "You declined", "access_denied", ""},
		{"no decision", nil, "You declined", "access_denied", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				d := a.begin()
				b := a.browser()
				b.open(d.Complete)
				b.submit("user_code", d.UserCode)
				again := b.form(tt.press...)
				b.submit(tt.press...)
				b.sees(200, tt.want)
				time.Sleep(5 * time.Second)
				got := a.poll(d)
				if got.Error != tt.code {
					a.Fatalf("poll: got %q, want %q", got.Error, tt.code)
				}
				if tt.code == "" && a.whoami(got.AccessToken).Name != tt.as {
					a.Errorf("signed in as %s, want %s", a.whoami(got.AccessToken).Name, tt.as)
				}
				b.load(again) // the form a second time
				b.sees(400, "No login is waiting for this code")
			})
		})
	}
}

// Link previews and curious people open pages; nothing may come of it.
func TestGetUsesNothingUp(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		d := a.begin()
		b := a.browser()
		for range 2 {
			b.open(d.Complete)
			b.sees(200, `name="user_code" value="`+d.UserCode+`"`)
			b.open(d.URI + "/decide?decision=approve&account=hubot&user_code=" + d.UserCode)
			b.sees(405, "")
			b.open(a.link())
			b.sees(200, "Usher wants to sign you in")
		}
		if got := a.srv.Pending(); len(got) != 1 || got[0] != d.UserCode {
			a.Errorf("Pending: got %v, want %s", got, d.UserCode)
		}
	})
}

func TestPageRefusesForeignForms(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *http.Request)
	}{
		{"other site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }},
		{"other origin", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }},
		{"wrong token", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "authtest", Value: "x"}) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				d := a.begin()
				b := a.browser()
				b.open(d.URI)
				b.submit("user_code", d.UserCode)
				req := b.form("decision", "approve", "account", "hubot")
				tt.change(req)
				if tt.name == "wrong token" {
					b.http.Jar = nil
				}
				b.load(req)
				b.sees(403, "open the link in your chat again")
				if len(a.srv.Pending()) != 1 {
					a.Error("the login was decided, want it to wait")
				}
			})
		})
	}
}

func TestPageWithoutCookie(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		d := a.begin()
		b := a.browser()
		b.http.Jar = nil
		b.open(d.URI)
		b.submit("user_code", d.UserCode)
		b.sees(403, "open the link in your chat again")
	})
}

func TestPageWantsAnAccount(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		b := a.browser()
		d := a.begin()
		b.open(d.URI)
		b.submit("user_code", d.UserCode)
		b.submit("decision", "approve", "account", "stranger")
		b.sees(400, "Please choose an account", d.UserCode)
		b.submit("decision", "approve", "account", "octocat")
		b.sees(200, "You are signed in as octocat")
	})
}

func TestPageLimitsGuesses(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		b := a.browser()
		b.open(a.srv.URL() + "/device")
		for range 10 {
			b.submit("user_code", "BCDF-GHJK")
			b.sees(400, "No login is waiting for this code", `role="alert"`, `value="BCDF-GHJK"`)
		}
		d := a.begin()
		b.submit("user_code", d.UserCode)
		b.sees(429, "Too many wrong codes")
		time.Sleep(10*time.Minute - time.Nanosecond)
		b.submit("user_code", d.UserCode)
		b.sees(429, "Too many wrong codes")
		time.Sleep(time.Nanosecond)
		b.submit("user_code", a.begin().UserCode)
		b.sees(200, "Usher wants to sign you in")
	})
}

func TestPageHeaders(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		b := a.browser()
		for link, formAction := range map[string]string{
			a.srv.URL() + "/device": "form-action 'self'",
			a.link():                "form-action 'self' https://bot.example",
		} {
			b.open(link)
			h := b.res.Header
			nonce := regexp.MustCompile(`<style nonce="([^"]+)">`).FindStringSubmatch(b.page)
			policy := h.Get("Content-Security-Policy")
			if nonce == nil || !strings.Contains(policy, "default-src 'none'; style-src 'nonce-"+nonce[1]+"'") || !strings.HasSuffix(policy, formAction) {
				a.Errorf("policy: got %s, want the style's nonce and %s", policy, formAction)
			}
			for name, want := range map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			} {
				if h.Get(name) != want {
					a.Errorf("%s: got %q, want %q", name, h.Get(name), want)
				}
			}
			if cookie := h.Get("Set-Cookie"); !strings.Contains(cookie, "HttpOnly; Secure; SameSite=Lax") {
				a.Errorf("cookie: got %s, want HttpOnly, Secure, SameSite", cookie)
			}
		}
		if strings.Contains(b.page, "<script") || strings.Contains(b.page, "://") {
			a.Errorf("got a script or a foreign address on:\n%s", b.page)
		}
	})
}

func TestConsentPage(t *testing.T) {
	tests := []struct {
		name  string
		press []string
		want  string
	}{
		{"approve", []string{"decision", "approve", "account", "hubot"}, "code"},
		{"deny", []string{"decision", "deny"}, "error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				b := a.browser()
				b.open(a.link())
				b.sees(200, "Usher asks for", "<li>openid</li>")
				b.submit(tt.press...)
				if b.res.StatusCode != http.StatusSeeOther || b.res.Header.Get("Referrer-Policy") != "no-referrer" {
					a.Fatalf("got %d, want 303 without a referrer", b.res.StatusCode)
				}
				q := a.returned(b.res.Header.Get("Location"))
				if !q.Has(tt.want) {
					a.Fatalf("got %v, want %s", q, tt.want)
				}
				if tt.want == "code" {
					a.want(a.exchange(q.Get("code")), "")
				}
			})
		})
	}
}

// An app on a phone has a scheme instead of a host; the policy must let the
// browser go there too.
func TestConsentOfPhoneApp(t *testing.T) {
	phone := authtest.Client{ID: "phone", RedirectURIs: []string{"org.example.phone:/back"}}
	bubble(t, authtest.Options{Clients: []authtest.Client{phone}}, func(a app) {
		b := a.browser()
		b.open(a.link("client_id", "phone", "redirect_uri", "org.example.phone:/back", "scope", ""))
		b.sees(200, "phone only asks who you are")
		if got := b.res.Header.Get("Content-Security-Policy"); !strings.HasSuffix(got, "form-action 'self' org.example.phone:") {
			a.Errorf("policy: got %s, want the app's scheme in form-action", got)
		}
		b.submit("decision", "approve", "account", "stranger")
		b.sees(400, "Please choose an account")
		b.submit("decision", "approve", "other", "mona")
		if to := b.res.Header.Get("Location"); !strings.HasPrefix(to, "org.example.phone:/back?code=") {
			a.Errorf("Location: got %s, want the app with a code", to)
		}
	})
}
