package authflow

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// wire is a transport that answers by itself.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// says is a wire that always answers the same.
func says(status int, kind, body string, header ...string) wire {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {kind}}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func over(w wire) *http.Client { return NewClient(&http.Client{Transport: w}) }

func get(t *testing.T, to string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestClientIntroducesItself(t *testing.T) {
	var seen http.Header
	c := over(func(r *http.Request) (*http.Response, error) {
		seen = r.Header
		return says(200, "application/json", "{}")(r)
	})
	req := get(t, "https://auth.example/")
	if _, err := send(c, req); err != nil {
		t.Fatal(err)
	}
	if got := seen.Get("Accept"); got != "application/json" {
		t.Errorf("got Accept %q, want application/json", got)
	}
	if got := seen.Get("User-Agent"); got != "usher (+https://github.com/usherbot/usher)" {
		t.Errorf("got User-Agent %q", got)
	}
	if len(req.Header) != 0 {
		t.Errorf("got the caller's request changed to %v, want it as it was", req.Header)
	}
	req.Header.Set("Accept", "application/vnd.own+json")
	if _, err := send(c, req); err != nil {
		t.Fatal(err)
	}
	if got := seen.Get("Accept"); got != "application/vnd.own+json" {
		t.Errorf("got Accept %q, want the caller's", got)
	}
}

func TestClientFollowsNoRedirect(t *testing.T) {
	for name, location := range map[string]string{
		"elsewhere": "https://evil.example/?code=marker-secret",
		"malformed": "https://evil.example/%zz?code=marker-secret",
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			c := over(func(r *http.Request) (*http.Response, error) {
				asked++
				return says(307, "text/html", "", "Location", location)(r)
			})
			r, err := send(c, get(t, "https://auth.example/"))
			if err != nil || r.status != 307 || asked != 1 {
				t.Errorf("got status %d, %d requests, error %v, want 307 after one", r.status, asked, err)
			}
		})
	}
}

func TestClientSharesNoCookies(t *testing.T) {
	base := &http.Client{Timeout: 3 * time.Second, Jar: jar{t}}
	c := NewClient(base)
	if c.Jar != nil || c.Timeout != base.Timeout {
		t.Errorf("got jar %v and time-out %v, want none and the given one", c.Jar, c.Timeout)
	}
	if got := NewClient(nil); got.Timeout != requestTimeout || got.Transport.(mannered).over == nil {
		t.Errorf("got %+v for no client, want one of its own with a time-out", got)
	}
}

type jar struct{ *testing.T }

func (jar) SetCookies(*url.URL, []*http.Cookie) {}
func (jar) Cookies(*url.URL) []*http.Cookie     { return nil }

func TestSendCapsBodies(t *testing.T) {
	if _, err := send(over(says(200, "", strings.Repeat("x", maxBody))), get(t, "https://auth.example/")); err != nil {
		t.Errorf("got %v for a body of the greatest size", err)
	}
	_, err := send(over(says(200, "", strings.Repeat("x", maxBody+1))), get(t, "https://auth.example/"))
	if err == nil || !strings.Contains(err.Error(), "over 1048576 bytes") {
		t.Errorf("got %v, want the answer refused for its size", err)
	}
}

func TestErrorsNameTheHostOnly(t *testing.T) {
	const to = "https://auth.example:8443/path-marker?token=query-marker"
	tests := []struct {
		name string
		to   string
		wire wire
		want string
	}{
		{"refused connection", to, func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }, "GET auth.example:8443: connection refused"},
		{"url error inside", to, func(*http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: to, Err: errors.New("no route")}
		}, "GET auth.example:8443: no route"},
		{"cut body", to, func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"a":"body-marker`), cut{}))}, nil
		}, "GET auth.example:8443: read the answer: unexpected EOF"},
		{"plain http", "http://auth.example/path-marker", nil, "GET auth.example: not an https URL; http is for loopback hosts only"},
		{"error in JSON", to, says(404, "application/json", `{"error":"not_found","error_description":"no \"such\" thing"}`), "GET auth.example:8443: status 404, not_found: no such thing"},
		{"error of a gateway", to, says(502, "text/html", "<h1>body-marker</h1>"), "GET auth.example:8443: status 502: not an answer that could be understood"},
		{"not JSON", to, says(200, "application/json", `{"n": body-marker`), "GET auth.example:8443: status 200: not an answer that could be understood"},
		{"other JSON", to, says(200, "application/json", `["body-marker"]`), "GET auth.example:8443: status 200: not an answer that could be understood"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var into struct{ N int }
			err := FetchJSON(over(tt.wire), get(t, tt.to), &into)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestSendKeepsCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := get(t, "https://auth.example/").WithContext(ctx)
	_, err := send(over(func(r *http.Request) (*http.Response, error) { return nil, r.Context().Err() }), req)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestSendKeepsTimeLimits lets the shorter limit of context and client end a request.
func TestSendKeepsTimeLimits(t *testing.T) {
	tests := []struct {
		name            string
		client, context time.Duration
	}{
		{"the client's", 3 * time.Second, time.Minute},
		{"the context's", time.Minute, 3 * time.Second},
		{"the client's alone", 3 * time.Second, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hangs := wire(func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				})
				req, begun := get(t, "https://auth.example/"), time.Now()
				if tt.context > 0 {
					ctx, cancel := context.WithTimeout(t.Context(), tt.context)
					defer cancel()
					req = req.WithContext(ctx)
				}
				_, err := send(NewClient(&http.Client{Transport: hangs, Timeout: tt.client}), req)
				if took := time.Since(begun); err == nil || took != 3*time.Second {
					t.Errorf("got %v after %v, want an error after 3s", err, took)
				}
			})
		})
	}
}

func TestFetchJSONTellsRefusalFromTrouble(t *testing.T) {
	tests := []struct {
		name     string
		status   int
		header   []string
		definite bool
		after    time.Duration
	}{
		{"unauthorized", 401, nil, true, 0},
		{"forbidden", 403, []string{"Retry-After", "5"}, true, 0},
		{"time-out", 408, nil, false, 0},
		{"too many", 429, []string{"Retry-After", "7"}, false, 7 * time.Second},
		{"server error", 500, nil, false, 0},
		{"unavailable", 503, []string{"Retry-After", "120"}, false, 2 * time.Minute},
		{"redirect", 302, nil, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var into struct{}
			err := FetchJSON(over(says(tt.status, "text/html", "<p>no", tt.header...)), get(t, "https://auth.example/"), &into)
			refusal, definite := errors.AsType[*OAuthError](err)
			if definite != tt.definite || definite && refusal.Status != tt.status {
				t.Errorf("got %v, want an *OAuthError: %v", err, tt.definite)
			}
			if got := retryAfter(err); got != tt.after {
				t.Errorf("got Retry-After %v, want %v", got, tt.after)
			}
		})
	}
}

func TestFetchJSONHidesTheToken(t *testing.T) {
	req := get(t, "https://auth.example/")
	req.Header.Set("Authorization", "Bearer token-marker")
	var into struct{}
	err := FetchJSON(over(says(401, "application/json", `{"error":"invalid_token","error_description":"token-marker is old"}`)), req, &into)
	if want := "GET auth.example: status 401, invalid_token: [redacted] is old"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		header string
		want   time.Duration
	}{
		{"", 0},
		{"0", 0},
		{"30", 30 * time.Second},
		{"-30", 0},
		{"soon", 0},
		{"1.5", 0},
		{"86400", time.Hour},
		{"99999999999999999999", 0},
		{"Fri, 02 Jan 2026 03:04:35 GMT", 30 * time.Second},
		{"Fri, 02 Jan 2026 03:04:00 GMT", 0},
		{"Sat, 03 Jan 2026 03:04:05 GMT", time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.header, func(t *testing.T) {
			if got := parseRetryAfter(tt.header, now); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSecureURL(t *testing.T) {
	tests := []struct {
		raw string
		ok  bool
	}{
		{"https://auth.example/device", true},
		{"https://auth.example:8443/device?user_code=A-B", true},
		{"http://localhost:8080/", true},
		{"http://127.0.0.1/", true},
		{"http://127.8.9.10:99/", true},
		{"http://[::1]:8080/", true},
		{"http://auth.example/device", false},
		{"http://localhost.example/", false},
		{"http://127.0.0.1.example/", false},
		{"http://10.0.0.1/", false},
		{"", false},
		{"/device", false},
		{"auth.example/device", false},
		{"https:///device", false},
		{"https://good.example@evil.example/", false},
		{"javascript:alert(1)", false},
		{"ftp://auth.example/", false},
		{"https://auth.example/\n", false},
		{"https://auth.example/\u202eevil", false},
		{"https://auth.example/%zz", false},
	}
	for _, tt := range tests {
		t.Run(tt.raw, func(t *testing.T) {
			if _, err := SecureURL(tt.raw); (err == nil) != tt.ok {
				t.Errorf("got %v, want ok: %v", err, tt.ok)
			}
		})
	}
}
