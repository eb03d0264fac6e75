package authtest

import (
	"bytes"
	"crypto/rand"
	_ "embed" // page.html
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	pagePath   = "/device"
	decidePath = "/device/decide"
	cookieName = "authtest"

	// RFC 8628 section 5.1: a short code is safe only while few can be tried.
	mostMisses = 10
	missWindow = 10 * time.Minute

	wrongCode     = "No login is waiting for this code. Compare it with the one in your chat; it may also have expired."
	tooManyCodes  = "Too many wrong codes. Please wait ten minutes and try again."
	chooseAccount = "Please choose an account."
)

//go:embed page.html
var pageHTML string

var pages = template.Must(template.New("").Parse(pageHTML))

// view is what page.html shows. Page names the template.
type view struct {
	Page, Title, Text string
	Problem           string // what to do better
	Code              string // as people see it
	App               string
	Scopes            []string
	Users             []User
	Action            string // where the form goes
	Then              string // the origin that the form's answer redirects to
	Nonce, Token      string // filled by render
}

func enterView(code, problem string) view {
	return view{Page: "enter", Title: "Connect an app", Code: code, Problem: problem, Action: pagePath}
}

func deviceView(d *device, users []User) view {
	return view{
		Page: "consent", Title: d.client.title() + " wants to sign you in", Code: d.shown, App: d.client.title(),
		Scopes: d.scopes, Users: users, Action: decidePath,
	}
}

func consentView(a authorization, action string, users []User) view {
	return view{
		Page: "consent", Title: a.client.title() + " wants to sign you in", App: a.client.title(),
		Scopes: a.scopes, Users: users, Action: action, Then: originOf(a.redirect),
	}
}

// enterCode is the page behind verification_uri. Looking at it uses nothing up
// and tells nothing, so that link previews do no harm.
func (s *Server) enterCode(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, enterView(r.URL.Query().Get("user_code"), ""))
}

// checkCode shows who is waiting under a code.
func (s *Server) checkCode(w http.ResponseWriter, r *http.Request) {
	if d, ok := s.openDevice(w, r); ok {
		s.render(w, r, http.StatusOK, deviceView(d, s.opt.Users))
	}
}

// takeDecision is the press on Approve or Deny.
func (s *Server) takeDecision(w http.ResponseWriter, r *http.Request) {
	d, ok := s.openDevice(w, r)
	if !ok {
		return
	}
	as, named := s.chosenUser(r)
	var err error
	done := view{Page: "result", Title: "You are signed in as " + as.Name, Text: "You can return to the chat."}
	switch {
	case r.PostForm.Get("decision") != "approve":
		err = s.Deny(d.userCode)
		done = view{Page: "result", Title: "You declined", Text: "Nothing was shared. You can return to the chat."}
	case !named:
		v := deviceView(d, s.opt.Users)
		v.Problem = chooseAccount
		s.render(w, r, http.StatusBadRequest, v)
		return
	default:
		err = s.Approve(d.userCode, as)
	}
	if err != nil { // decided elsewhere just now
		s.render(w, r, http.StatusBadRequest, enterView("", wrongCode))
		return
	}
	s.render(w, r, http.StatusOK, done)
}

// openDevice finds what waits under the code in the form, or answers by itself.
func (s *Server) openDevice(w http.ResponseWriter, r *http.Request) (*device, bool) {
	typed := r.PostForm.Get("user_code")
	d, limited := s.lookUp(typed)
	switch {
	case limited:
		s.render(w, r, http.StatusTooManyRequests, enterView(typed, tooManyCodes))
	case d == nil:
		s.render(w, r, http.StatusBadRequest, enterView(typed, wrongCode))
	}
	return d, d != nil
}

// lookUp counts wrong codes, and finds nothing at all once there were too many.
func (s *Server) lookUp(typed string) (found *device, limited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.missed = slices.DeleteFunc(s.missed, func(at time.Time) bool { return now.Sub(at) >= missWindow })
	if len(s.missed) >= mostMisses {
		return nil, true
	}
	if d := s.typed[normalise(typed)]; d != nil && d.waits(now) {
		return d, false
	}
	s.missed = append(s.missed, now)
	return nil, false
}

// chosenUser is the account typed into the form, or else the one picked there.
func (s *Server) chosenUser(r *http.Request) (User, bool) {
	if name := []rune(strings.TrimSpace(r.PostForm.Get("other"))); len(name) > 0 {
		return s.User(string(name[:min(len(name), 40)])), true
	}
	i := slices.IndexFunc(s.opt.Users, func(u User) bool { return u.Name == r.PostForm.Get("account") })
	if i < 0 {
		return User{}, false
	}
	return s.opt.Users[i], true
}

// sameSite lets only forms of ours through: browsers name the origin, and the
// token in the form must be the one in the cookie.
func (s *Server) sameSite(next http.HandlerFunc) http.HandlerFunc {
	origins := http.NewCrossOriginProtection()
	return func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(cookieName)
		if origins.Check(r) != nil || err != nil || cookie.Value == "" || !same(cookie.Value, r.PostFormValue("token")) {
			s.render(w, r, http.StatusForbidden, view{
				Page: "result", Title: "This form does not come from here", Text: "Please open the link in your chat again.",
			})
			return
		}
		next(w, r)
	}
}

func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Nonce, v.Token = rand.Text(), newCode()
	if c, err := r.Cookie(cookieName); err == nil && c.Value != "" {
		v.Token = c.Value // so that several tabs work
	}
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, v.Page, v); err != nil {
		panic(err) // a mistake in page.html
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: v.Token, Path: "/", HttpOnly: true,
		Secure: strings.HasPrefix(s.URL(), "https:"), SameSite: http.SameSiteLaxMode,
	})
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", policy(v))
	w.WriteHeader(status)
	w.Write(page.Bytes()) //nolint:errcheck // whoever asked has gone
}

// policy allows the page its own style and nothing else. Browsers hold a form's
// redirect to form-action too, hence Then.
func policy(v view) string {
	return strings.TrimSpace("default-src 'none'; style-src 'nonce-" + v.Nonce +
		"'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' " + v.Then)
}

// originOf is the part of a redirect URI that a policy can name; apps' own schemes have no host.
func originOf(redirect string) string {
	u, err := url.Parse(redirect)
	switch {
	case err != nil:
		return ""
	case u.Host == "":
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}

func textOf(err error) string {
	if no, ok := errors.AsType[refusal](err); ok {
		return no.text
	}
	return err.Error()
}
