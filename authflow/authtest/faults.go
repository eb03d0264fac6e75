package authtest

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/usherbot/usher/core/coretest/stand"
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

// Break lets the next requests to an endpoint meet these faults, one each, in
// order and after those that still wait.
func (s *Server) Break(at Endpoint, faults ...stand.Fault) { s.Server.Break(string(at), faults...) }

// SlowDown asks for a slower pace, as RFC 8628 section 3.5 has it.
func SlowDown() stand.Fault {
	return stand.Custom(http.StatusBadRequest, "application/json", `{"error":"slow_down"}`)
}

// SlowDownTo names the new pace too, as GitHub does.
func SlowDownTo(interval time.Duration) stand.Fault {
	return stand.Custom(http.StatusOK, "application/json", fmt.Sprintf(`{"error":"slow_down","interval":%d}`, interval/time.Second))
}

// Unavailable is a 503, with Retry-After unless after is zero.
func Unavailable(after time.Duration) stand.Fault {
	return func(w http.ResponseWriter, r *http.Request, call http.HandlerFunc) {
		if after > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(after/time.Second)))
		}
		stand.Custom(http.StatusServiceUnavailable, "text/plain", "unavailable")(w, r, call)
	}
}

// CutBody promises more than it sends, then drops the connection.
func CutBody() stand.Fault {
	return func(w http.ResponseWriter, r *http.Request, call http.HandlerFunc) {
		w.Header().Set("Content-Length", "400")
		stand.Custom(http.StatusOK, "application/json", `{"access_token":"`)(w, r, call)
		http.NewResponseController(w).Flush() // dropped in the next line
		panic(http.ErrAbortHandler)
	}
}
