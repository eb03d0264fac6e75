package authtest

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Endpoint is the path of something that can Break.
type Endpoint string

const (
	Discovery  Endpoint = "/.well-known/openid-configuration"
	Device     Endpoint = "/oauth/device"
	Token      Endpoint = "/oauth/token"
	UserInfo   Endpoint = "/oauth/userinfo"
	Revocation Endpoint = "/oauth/revoke"
)

// Endpoints of the dialects. GitHubUser is also below /api/v3, and Facebook's are
// below a version only, such as /v23.0.
const (
	GitHubDevice   Endpoint = "/login/device/code"
	GitHubToken    Endpoint = "/login/oauth/access_token"
	GitHubUser     Endpoint = "/user"
	FacebookDevice Endpoint = "/device/login"
	FacebookToken  Endpoint = "/device/login_status"
	FacebookUser   Endpoint = "/me"

	GitHubRevocation   Endpoint = "/applications/{client_id}/token"
	FacebookRevocation Endpoint = "/me/permissions"
)

const enterprise = "/api/v3"

var (
	versioned    = regexp.MustCompile(`^/v[0-9]+\.[0-9]+(/.*)$`)
	applications = regexp.MustCompile(`^/applications/[^/]+/token$`)
)

// endpointAt is the endpoint at a path, which may be none.
func endpointAt(path string) Endpoint {
	if below := versioned.FindStringSubmatch(path); below != nil {
		return Endpoint(below[1])
	}
	path = strings.TrimPrefix(path, enterprise)
	if applications.MatchString(path) {
		return GitHubRevocation
	}
	for _, below := range []Endpoint{HerokuWait, HerokuAuthorizations} {
		if strings.HasPrefix(path, string(below)+"/") {
			return below
		}
	}
	return Endpoint(path)
}

// A Fault answers one request in place of the endpoint, which learns nothing of it.
type Fault http.HandlerFunc

// Break lets the next requests to an endpoint meet these faults, one each, in
// order and after those that still wait.
func (s *Server) Break(at Endpoint, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[at] = append(s.faults[at], faults...)
}

// Stop drops every request without an answer, until Resume. They are still in Requests.
func (s *Server) Stop() { s.setStopped(true) }

// Resume ends what Stop began.
func (s *Server) Resume() { s.setStopped(false) }

func (s *Server) setStopped(to bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = to
}

// SlowDown asks for a slower pace, as RFC 8628 section 3.5 has it.
func SlowDown() Fault {
	return Custom(http.StatusBadRequest, "application/json", `{"error":"slow_down"}`)
}

// SlowDownTo names the new pace too, as GitHub does.
func SlowDownTo(interval time.Duration) Fault {
	return Custom(http.StatusOK, "application/json", fmt.Sprintf(`{"error":"slow_down","interval":%d}`, interval/time.Second))
}

// Unavailable is a 503, with Retry-After unless after is zero.
func Unavailable(after time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request) {
		if after > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(after/time.Second)))
		}
		Custom(http.StatusServiceUnavailable, "text/plain", "unavailable")(w, r)
	}
}

// HTML is what gateways and captive portals say, with 502 or even 200.
func HTML(status int) Fault {
	return Custom(status, "text/html; charset=utf-8", "<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>")
}

// Custom answers with exactly this.
func Custom(status int, contentType, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		io.WriteString(w, body) //nolint:errcheck // whoever asked has gone
	}
}

// CutBody promises more than it sends, then drops the connection.
func CutBody() Fault {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "400")
		Custom(http.StatusOK, "application/json", `{"access_token":"`)(w, r)
		http.NewResponseController(w).Flush() // dropped in the next line
		panic(http.ErrAbortHandler)
	}
}

// Hang never answers; it holds the request until the client gives up.
func Hang() Fault {
	return func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// Drop closes the connection without an answer. Mind that net/http repeats a GET
// by itself when that happens on a connection used before.
func Drop() Fault {
	return func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
}
