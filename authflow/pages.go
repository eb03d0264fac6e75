package authflow

import (
	"bytes"
	"crypto/rand"
	_ "embed" // pages.html
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/usherbot/usher/core/store"
)

const (
	mostVisits = 64               // requests at once
	mostQuery  = 8 << 10          // bytes of a query
	mostForm   = 1 << 20          // bytes of a body, which nobody reads
	cookieFor  = 30 * time.Minute // longer than a login in a browser lasts, digits included
)

//go:embed pages.html
var pagesHTML string

var templates = template.Must(template.New("").Parse(pagesHTML))

// ServeHTTP serves the pages of logins in browsers, below /oauth/: the links that
// people get, and those by which browsers come back from the providers. Whatever a
// page shows, a GET or HEAD of a person's link uses nothing up, for chats look at
// links too. Any process can serve any page.
func (l *Logins) ServeHTTP(w http.ResponseWriter, r *http.Request) { l.pages.ServeHTTP(w, r) }

// pages are what browsers get.
type pages struct {
	logins *Logins
	mux    *http.ServeMux
	origin *http.CrossOriginProtection
	secure bool          // they are reached by https
	slots  chan struct{} // requests being served
}

func newPages(l *Logins) *pages {
	p := &pages{
		logins: l, mux: http.NewServeMux(), origin: http.NewCrossOriginProtection(),
		secure: strings.HasPrefix(l.public, "https:"), slots: make(chan struct{}, mostVisits),
	}
	p.mux.HandleFunc("GET "+startPath+"{secret}", p.showStart)
	p.mux.HandleFunc("POST "+startPath+"{secret}", p.leave)
	p.mux.HandleFunc("GET "+callbackPath+"{provider}", p.comeBack)
	p.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { p.note(w, noLink) })
	// A proxy before us may change the Host that an Origin is compared with.
	if u, err := url.Parse(l.public); err == nil && u.Host != "" {
		if err := p.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			l.log.Warn("the public URL has no origin", "error", err)
		}
	}
	return p
}

// ServeHTTP limits what is served, and says how browsers are to treat it.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer") // addresses here are secrets
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Robots-Tag", "noindex")
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
		h.Set("Retry-After", "5")
		p.note(w, busyNow)
		return
	}
	if len(r.URL.RawQuery) > mostQuery || r.ContentLength > mostForm {
		p.note(w, tooLarge)
		return
	}
	p.mux.ServeHTTP(w, r)
}

// showStart says who asks for what.
func (p *pages) showStart(w http.ResponseWriter, r *http.Request) {
	if row, ok := p.waiting(w, r); ok {
		v, err := p.view("start", row)
		if err != nil {
			p.fail(w, row.ID, err)
			return
		}
		v.Title = "Sign in to " + v.Provider + "?"
		p.render(w, http.StatusOK, v)
	}
}

// leave sends the browser to the provider, with the proof to come back with. Only a
// person at the page itself does that: another site cannot lead a browser past it.
func (p *pages) leave(w http.ResponseWriter, r *http.Request) {
	if p.origin.Check(r) != nil {
		p.note(w, foreignForm)
		return
	}
	row, ok := p.waiting(w, r)
	if !ok {
		return
	}
	to, proof, err := p.logins.leave(r.Context(), row)
	switch {
	case errors.Is(err, errTooMany):
		p.note(w, tooOften)
	case errors.Is(err, store.ErrStale): // just now
		p.note(w, isOver)
	case err != nil:
		p.fail(w, row.ID, err)
	default:
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure but for a loopback public URL
			Name: p.cookie() + row.ID, Value: proof.Reveal(), Path: "/", MaxAge: int(cookieFor.Seconds()),
			Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
		http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // the provider's own page, from the settings
	}
}

// cookie begins the names of cookies; the login's id follows. With __Host- no other
// host, above or below ours, can set one.
func (p *pages) cookie() string {
	if p.secure {
		return "__Host-usher-"
	}
	return "usher-"
}

// waiting returns the login that a link leads to, while it waits for a browser.
// Otherwise it answers by itself.
func (p *pages) waiting(w http.ResponseWriter, r *http.Request) (store.Login, bool) {
	row, err := p.logins.started(r.Context(), r.PathValue("secret"))
	switch {
	case errors.Is(err, store.ErrNotFound):
		p.note(w, noLink)
	case err != nil:
		p.fail(w, "", err)
	case row.State == string(Granted), row.State == string(Confirming):
		p.note(w, goOnInChat)
	case row.State != string(Waiting):
		p.note(w, isOver)
	default:
		return row, true
	}
	return row, false
}

// comeBack takes what a provider sent a browser back with, and shows what came of it:
// again where the page is loaded again.
func (p *pages) comeBack(w http.ResponseWriter, r *http.Request) {
	back := r.URL.Query()
	state := back.Get("state")
	id := p.leftFor(r, state)
	if id == "" || r.Method == http.MethodHead {
		p.note(w, astray)
		return
	}
	err := p.logins.comeBack(r.Context(), r.PathValue("provider"), id, back)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		p.fail(w, id, err)
		return
	}
	row, s, err := p.logins.outcome(r.Context(), id, state)
	switch {
	case errors.Is(err, store.ErrNotFound):
		p.note(w, goOnInChat)
	case err != nil:
		p.fail(w, id, err)
	default:
		p.showOutcome(w, row, s, back.Get("error"))
	}
}

// leftFor returns the login that this browser left for with a state, if it did: the
// name of its proof says which.
func (p *pages) leftFor(r *http.Request, state string) (id string) {
	for _, c := range r.Cookies() {
		if name, ours := strings.CutPrefix(c.Name, p.cookie()); ours && proves(c.Value, state) {
			id = name
		}
	}
	return id
}

// showOutcome shows how a login stands.
func (p *pages) showOutcome(w http.ResponseWriter, row store.Login, s secrets, said string) {
	v, err := p.view("note", row)
	if err != nil {
		p.fail(w, row.ID, err)
		return
	}
	switch state := State(row.State); {
	case state == Waiting:
		p.note(w, notYet)
		return
	case state == Granted:
		v.Title, v.Text, v.Again = "One moment", v.Provider+" has agreed, and has yet to say whose account it is. This page asks again by itself.", true
	case state == Confirming && s.Digits != "":
		v.Name, v.Title, v.Digits = "digits", "Almost done", s.Digits[:3]+" "+s.Digits[3:]
	case state == Linked:
		v.Title, v.Text = "You are signed in", "You can close this page and go on in the chat."
	case state == Denied:
		v.Title, v.Text = "You declined", "Nothing was shared. You can close this page and return to the chat."
	case state == Failed:
		v.Title, v.Text = "That did not work", reason(v.Provider, said)+" Return to the chat and try again."
	default:
		p.note(w, isOver)
		return
	}
	p.render(w, http.StatusOK, v)
}

// fail tells the operator more than the person.
func (p *pages) fail(w http.ResponseWriter, id string, err error) {
	p.logins.log.Warn("a page of a login could not be served", "login", id, "error", err)
	p.note(w, broke)
}

func (p *pages) note(w http.ResponseWriter, n note) {
	p.render(w, n.status, view{Name: "note", Title: n.title, Text: n.text})
}

// view is what pages.html shows.
type view struct {
	Name, Title, Text        string
	Provider, Asker, Account string
	Scopes                   []string
	Digits                   string
	Again                    bool   // it loads itself again
	Nonce                    string // filled by render
}

// view is what a page says of a login.
func (p *pages) view(name string, row store.Login) (view, error) {
	o, err := p.logins.openOrigin(row)
	if err != nil {
		return view{}, err
	}
	v := view{Name: name, Provider: row.Provider, Asker: o.Asker, Account: o.Who.Name, Scopes: o.Scopes}
	if of, err := p.logins.Provider(row.Provider); err == nil {
		v.Provider = of.Title
	}
	if v.Asker == "" {
		v.Asker = "Somebody"
	}
	return v, nil
}

func (p *pages) render(w http.ResponseWriter, status int, v view) {
	v.Nonce = rand.Text()
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, v.Name, v); err != nil {
		panic(err) // a mistake in pages.html
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", p.policy(v.Nonce))
	w.WriteHeader(status)
	w.Write(page.Bytes()) //nolint:errcheck // whoever asked has gone
}

// policy lets a page have its own style and its form. Browsers hold the way that a
// form leads on to the same rule, through every redirect to sign-in pages that nobody
// knows beforehand: hence all of https.
func (p *pages) policy(nonce string) string {
	forms := "'self' https:"
	if !p.secure {
		forms += " http:" // on the machine of a developer
	}
	return "default-src 'none'; style-src 'nonce-" + nonce + "'; form-action " + forms + "; base-uri 'none'; frame-ancestors 'none'"
}
