// Package authtest is an OAuth 2.0 authorization server in memory: a small
// world to sign in to, for tests and for the playground.
//
// Start makes a Server, New one for a test. A client asks its device endpoint
// for a code (RFC 8628) or sends a browser to its authorization endpoint (RFC
// 6749 with PKCE), and is held to the letter of the standards: a poll that
// comes early slows it down, one that comes after the tokens kills them, and a
// refresh token used twice takes its whole family along.
//
// It speaks dialects beside the standards, at their vendors' paths: those that are
// close to them in vendor.go, and Facebook's, GitHub's, Heroku's, Slack's and Twitch's.
// Codes of all are decided alike.
//
// Somebody must say yes. A person does it on the pages at /device and behind the
// authorization endpoints; a test or a script calls Approve, Deny and Expire, or
// Consent and Refuse for the browser. Withdraw takes it back later.
//
// Break makes an endpoint misbehave, once per stand.Fault; Stop and Resume take
// the whole server away for a while. Requests tells everything that arrived.
//
// It judges the client, so it shares no code with it. It keeps everything until
// it is closed, knows no passwords and signs no ID tokens: never put it on a
// network. Start therefore listens on loopback only.
package authtest

import (
	"cmp"
	"net/http"
	"sync"
	"time"

	"github.com/usherbot/usher/core/coretest/stand"
)

// Options describe a server. The zero value is useful.
type Options struct {
	stand.Place // by default auth.example:443 on Net, otherwise on loopback

	Users   []User   // default: octocat and hubot
	Clients []Client // default: one public client, "app"

	Interval      time.Duration // between polls, default 5 s
	CodeLifetime  time.Duration // of device and user codes, default 10 min
	TokenLifetime time.Duration // of access tokens, default 1 h

	NoRefresh    bool // no refresh tokens are given
	KeepRefresh  bool // a refresh token stays good when it was used, and no new one is given
	NoRevocation bool // there is no revocation endpoint, and discovery says so
	GitHubExpire bool // GitHub's tokens expire and are refreshed, as a GitHub App's are

	PKCE       PKCE     // at the device endpoint
	NoComplete bool     // leaves verification_uri_complete out
	Withhold   []string // scopes that nobody is ever granted

	FacebookStatus int // of Facebook's errors, default 400; clients must not depend on it
}

// User is somebody who can sign in. Empty claims are left out of the user info.
type User struct {
	Subject  string // the stable key, sub
	Name     string // what people call the account, preferred_username
	FullName string
	Profile  string // a URL
	Email    string
}

// PKCE says how the device endpoint takes RFC 7636. The authorization endpoint
// always requires it.
type PKCE int

const (
	PKCEOptional PKCE = iota // checked when it is used
	PKCERequired             // invalid_request without a challenge, like a Keycloak client set so
	PKCERefused              // invalid_request with one, like a server that knows it not
)

// Server is a running authorization server.
type Server struct {
	*stand.Server
	opt   Options
	mux   *http.ServeMux
	doors map[string]door // authorization endpoints by path
	log   stand.Log[Request]

	mu      sync.Mutex // guards all below
	devices map[digest]*device
	typed   map[string]*device // by user code, as normalise leaves it
	queue   []*device          // in the order they came
	codes   map[digest]*authCode
	access  map[digest]*accessToken
	refresh map[digest]*refreshToken
	missed  []time.Time // wrong user codes, the newest last
}

// Start makes a server and begins to serve.
func Start(o Options) (*Server, error) {
	on, err := stand.Listen(o.Place, stand.Platform{Name: "authorization server", Host: "auth.example:443"})
	if err != nil {
		return nil, err
	}
	s := &Server{
		Server:  on,
		opt:     withDefaults(o),
		doors:   map[string]door{},
		devices: map[digest]*device{},
		typed:   map[string]*device{},
		codes:   map[digest]*authCode{},
		access:  map[digest]*accessToken{},
		refresh: map[digest]*refreshToken{},
	}
	s.mux = s.routes()
	s.Serve(http.HandlerFunc(s.serve))
	return s, nil
}

// New starts a server for a test and closes it at the end. Unless o says where,
// the server gets a network of pipes of its own, reached through Client.
func New(t stand.T, o Options) *Server {
	t.Helper()
	o.Place = o.OrPipes()
	return stand.Test(t, Start, o)
}

// routes are the endpoints that can Break, and the pages.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, v := range s.vendors() {
		s.mount(mux, v)
	}
	mux.HandleFunc("POST "+string(GitHubDevice), s.github(s.beginGitHub))
	mux.HandleFunc("POST "+string(GitHubToken), s.github(s.redeemGitHub))
	mux.HandleFunc("GET "+string(GitHubUser), s.githubUser)
	mux.HandleFunc("GET "+enterprise+string(GitHubUser), s.githubUser)
	mux.HandleFunc("DELETE "+githubApp, s.revokeGitHub)
	mux.HandleFunc("DELETE "+enterprise+githubApp, s.revokeGitHub)
	mux.HandleFunc("POST /{version}"+string(FacebookDevice), s.app(s.beginFacebook))
	mux.HandleFunc("POST /{version}"+string(FacebookToken), s.app(s.redeemFacebook))
	mux.HandleFunc("GET /{version}"+string(FacebookUser), s.graph(s.facebookUser))
	mux.HandleFunc("DELETE /{version}"+string(FacebookRevocation), s.graph(s.revokeFacebook))
	s.openDoor(mux, GitHubAuthorization, door{iss: s.URL() + "/login/oauth"})
	s.mountTwitch(mux)
	s.mountSlack(mux)
	s.mountHeroku(mux)
	mux.HandleFunc("GET "+pagePath, s.enterCode)
	mux.HandleFunc("POST "+pagePath, s.sameSite(s.checkCode))
	mux.HandleFunc("POST "+decidePath, s.sameSite(s.takeDecision))
	return mux
}

// serve notes the request, then lets a Fault or the endpoint answer it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	seen, err := observe(w, r)
	if err != nil {
		http.Error(w, "request too large or cut off", http.StatusRequestEntityTooLarge)
		return
	}
	s.log.Add(seen)
	s.Answer(w, r, string(endpointAt(r.URL.Path)), s.mux.ServeHTTP)
}

func withDefaults(o Options) Options {
	o.Interval = cmp.Or(o.Interval, 5*time.Second)
	o.CodeLifetime = cmp.Or(o.CodeLifetime, 10*time.Minute)
	o.TokenLifetime = cmp.Or(o.TokenLifetime, time.Hour)
	o.FacebookStatus = cmp.Or(o.FacebookStatus, http.StatusBadRequest)
	if o.Clients == nil {
		o.Clients = []Client{{ID: "app"}}
	}
	if o.Users == nil {
		o.Users = []User{
			{Subject: "583231", Name: "octocat", FullName: "The Octocat", Profile: "https://github.com/octocat", Email: "octocat@example.com"},
			{Subject: "480938", Name: "hubot", FullName: "Hubot", Profile: "https://github.com/hubot", Email: "hubot@example.com"},
		}
	}
	return o
}
