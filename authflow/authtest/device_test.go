package authtest_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
)

func TestDeviceAnswer(t *testing.T) {
	bubble(t, authtest.Options{Interval: 7 * time.Second, CodeLifetime: time.Minute}, func(a app) {
		d := a.begin("scope", "openid repo")
		if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(d.UserCode) {
			a.Errorf("user code: got %s, want one like BCDF-GHJK", d.UserCode)
		}
		if d.Interval != 7 || d.ExpiresIn != 60 {
			a.Errorf("got interval %d, lifetime %d, want 7, 60", d.Interval, d.ExpiresIn)
		}
		if want := "https://auth.example/device"; d.URI != want || d.Complete != want+"?user_code="+d.UserCode {
			a.Errorf("got %s and %s, want %s, and with the code", d.URI, d.Complete, want)
		}
	})
	bubble(t, authtest.Options{NoComplete: true}, func(a app) {
		if d := a.begin(); d.Complete != "" {
			a.Errorf("verification_uri_complete: got %s, want none", d.Complete)
		}
	})
}

func TestDeviceRefusals(t *testing.T) {
	good := challengeOf(verifier)
	tests := []struct {
		name  string
		pkce  authtest.PKCE
		pairs []string
		want  string
	}{
		{"no client", 0, nil, "invalid_client"},
		{"unknown client", 0, []string{"client_id", "nobody"}, "invalid_client"},
		{"secret of a public client", 0, []string{"client_id", "app", "client_secret", "x"}, "invalid_client"},
		{"no secret", 0, []string{"client_id", "posts"}, "invalid_client"},
		{"wrong secret", 0, []string{"client_id", "posts", "client_secret", "x"}, "invalid_client"},
		{"right secret", 0, []string{"client_id", "posts", "client_secret", "s3cret"}, ""},
		{"form instead of header", 0, []string{"client_id", "ba:sic", "client_secret", "s%cret"}, "invalid_client"},
		{"twice", 0, []string{"client_id", "app", "scope", "a", "scope", "b"}, "invalid_request"},
		{"empty secret is none", 0, []string{"client_id", "app", "client_secret", ""}, ""},
		{"challenge", 0, []string{"client_id", "app", "code_challenge", good, "code_challenge_method", "S256"}, ""},
		{"plain challenge", 0, []string{"client_id", "app", "code_challenge", good, "code_challenge_method", "plain"}, "invalid_request"},
		{"no method", 0, []string{"client_id", "app", "code_challenge", good}, "invalid_request"},
		{"method alone", 0, []string{"client_id", "app", "code_challenge_method", "S256"}, "invalid_request"},
		{"no SHA-256", 0, []string{"client_id", "app", "code_challenge", "x", "code_challenge_method", "S256"}, "invalid_request"},
		{"challenge required", authtest.PKCERequired, []string{"client_id", "app"}, "invalid_request"},
		{"challenge given", authtest.PKCERequired, []string{"client_id", "app", "code_challenge", good, "code_challenge_method", "S256"}, ""},
		{"challenge refused", authtest.PKCERefused, []string{"client_id", "app", "code_challenge", good, "code_challenge_method", "S256"}, "invalid_request"},
		{"none is fine", authtest.PKCERefused, []string{"client_id", "app"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{PKCE: tt.pkce}, func(a app) {
				a.want(a.post(authtest.Device, tt.pairs...), tt.want)
			})
		})
	}
}

func TestBasicAuth(t *testing.T) {
	tests := []struct {
		name         string
		user, secret string // in the header, form-encoded
		pairs        []string
		want         string
	}{
		{"right", "ba%3Asic", "s%25cret", nil, ""},
		{"also in the form", "ba%3Asic", "s%25cret", []string{"client_id", "ba:sic"}, ""},
		{"wrong secret", "ba%3Asic", "x", nil, "invalid_client"},
		{"not encoded", "ba%3Asic", "s%cret", nil, "invalid_client"},
		{"two clients", "ba%3Asic", "s%25cret", []string{"client_id", "app"}, "invalid_client"},
		{"two ways", "ba%3Asic", "s%25cret", []string{"client_secret", "s%cret"}, "invalid_request"},
		{"registered for post", "posts", "s3cret", nil, "invalid_client"},
		{"public", "app", "", nil, "invalid_client"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				req := a.request(authtest.Device, tt.pairs...)
				req.SetBasicAuth(tt.user, tt.secret)
				got := a.do(req)
				a.want(got, tt.want)
				if got.Error == "invalid_client" && (got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") == "") {
					a.Errorf("got %d without a challenge, want 401 with one", got.status)
				}
			})
		})
	}
}

func TestEnvelope(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *http.Request)
		status int
	}{
		{"GET", func(r *http.Request) { r.Method = http.MethodGet }, http.StatusMethodNotAllowed},
		{"query", func(r *http.Request) { r.URL.RawQuery = "client_id=app" }, http.StatusBadRequest},
		{"JSON", func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, http.StatusBadRequest},
		{"no type", func(r *http.Request) { r.Header.Del("Content-Type") }, http.StatusBadRequest},
		{"as it should be", func(*http.Request) {}, http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				req := a.request(authtest.Device, "client_id", "app")
				tt.change(req)
				if got := a.do(req); got.status != tt.status {
					a.Errorf("got %d, want %d", got.status, tt.status)
				}
			})
		})
	}
}

func TestPolls(t *testing.T) {
	yes := func(a app, code string) error { return a.srv.Approve(code, authtest.User{}) }
	no := func(a app, code string) error { return a.srv.Deny(code) }
	late := func(a app, code string) error { return a.srv.Expire(code) }
	type poll struct {
		after time.Duration // since the one before
		human func(a app, code string) error
		want  string
	}
	tests := []struct {
		name  string
		polls []poll
	}{
		{"approved", []poll{{5 * time.Second, nil, "authorization_pending"}, {5 * time.Second, yes, ""}}},
		{"approved at once", []poll{{5 * time.Second, yes, ""}}},
		{"denied", []poll{{5 * time.Second, no, "access_denied"}, {5 * time.Second, nil, "access_denied"}}},
		{"expired by hand", []poll{{5 * time.Second, late, "expired_token"}}},
		{"expired by the clock", []poll{{10*time.Minute - 1, nil, "authorization_pending"}, {1, nil, "expired_token"}}},
		{"approval comes too late", []poll{{time.Minute, yes, ""}}},
		{"fetched too late", []poll{{time.Minute, nil, "authorization_pending"}, {9 * time.Minute, nil, "expired_token"}}},
		{"first poll early", []poll{{5*time.Second - 1, nil, "slow_down"}, {10 * time.Second, nil, "authorization_pending"}}},
		{"pace grows for good", []poll{
			{time.Second, nil, "slow_down"},
			{10*time.Second - 1, nil, "slow_down"},
			{15*time.Second - 1, nil, "slow_down"},
			{20 * time.Second, nil, "authorization_pending"},
			{20*time.Second - 1, yes, "slow_down"},
			{25 * time.Second, nil, ""},
		}},
		{"once more after success", []poll{{5 * time.Second, yes, ""}, {5 * time.Second, nil, "invalid_grant"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				d := a.begin()
				for i, p := range tt.polls {
					if p.human != nil {
						if err := p.human(a, d.UserCode); err != nil {
							a.Fatal(err)
						}
					}
					time.Sleep(p.after)
					if got := a.poll(d); got.Error != p.want {
						a.Fatalf("poll %d: got %q, want %q", i+1, got.Error, p.want)
					}
				}
			})
		})
	}
}

func TestPollAfterSuccessRevokes(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		d := a.begin()
		if err := a.srv.Approve(d.UserCode, authtest.User{}); err != nil {
			a.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		tok := a.poll(d)
		if got := a.whoami(tok.AccessToken); got.Subject != "583231" || got.Name != "octocat" || got.Email == "" {
			a.Fatalf("user info: got %+v, want octocat", got)
		}
		time.Sleep(time.Hour / 2) // also long after the code's time
		a.want(a.poll(d), "invalid_grant")
		if got := a.whoami(tok.AccessToken); got.status != http.StatusUnauthorized || got.Error != "invalid_token" {
			a.Errorf("user info: got %d %s, want 401 invalid_token", got.status, got.Error)
		}
		a.want(a.post(authtest.Token, "client_id", "app", "grant_type", "refresh_token", "refresh_token", tok.RefreshToken), "invalid_grant")
	})
}

func TestPollRefusals(t *testing.T) {
	pkce := []string{"code_challenge", challengeOf(verifier), "code_challenge_method", "S256"}
	tests := []struct {
		name  string
		begin []string
		poll  func(a app, d answer) answer
		want  string
	}{
		{"right verifier", pkce, func(a app, d answer) answer { return a.poll(d, "code_verifier", verifier) }, ""},
		{"no verifier", pkce, func(a app, d answer) answer { return a.poll(d) }, "invalid_grant"},
		{"wrong verifier", pkce, func(a app, d answer) answer { return a.poll(d, "code_verifier", verifier+"x") }, "invalid_grant"},
		{"verifier without challenge", nil, func(a app, d answer) answer { return a.poll(d, "code_verifier", verifier) }, "invalid_grant"},
		{
			"short verifier",
			[]string{"code_challenge", challengeOf("short"), "code_challenge_method", "S256"},
			func(a app, d answer) answer { return a.poll(d, "code_verifier", "short") },
			"invalid_grant",
		},
		{"unknown code", nil, func(a app, _ answer) answer { return a.poll(answer{DeviceCode: "x"}) }, "invalid_grant"},
		{"user code instead", nil, func(a app, d answer) answer { return a.poll(answer{DeviceCode: d.UserCode}) }, "invalid_grant"},
		{"another client", nil, func(a app, d answer) answer {
			return a.post(authtest.Token, "client_id", "posts", "client_secret", "s3cret", "grant_type", deviceGrant, "device_code", d.DeviceCode)
		}, "invalid_grant"},
		{"no grant type", nil, func(a app, d answer) answer {
			return a.post(authtest.Token, "client_id", "app", "device_code", d.DeviceCode)
		}, "invalid_request"},
		{"odd grant type", nil, func(a app, _ answer) answer {
			return a.post(authtest.Token, "client_id", "app", "grant_type", "password")
		}, "unsupported_grant_type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				d := a.begin(tt.begin...)
				if err := a.srv.Approve(d.UserCode, authtest.User{}); err != nil {
					a.Fatal(err)
				}
				time.Sleep(5 * time.Second)
				a.want(tt.poll(a, d), tt.want)
			})
		})
	}
}

func TestHuman(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		one, two, three := a.begin().UserCode, a.begin().UserCode, a.begin().UserCode
		if got := a.srv.Pending(); len(got) != 3 || got[0] != one || got[1] != two || got[2] != three {
			a.Fatalf("Pending: got %v, want %v", got, []string{one, two, three})
		}
		if err := a.srv.Approve(two, a.srv.User("Mona")); err != nil {
			a.Errorf("Approve: %v", err)
		}
		if err := a.srv.Deny(three); err != nil {
			a.Errorf("Deny: %v", err)
		}
		if got := a.srv.Pending(); len(got) != 1 || got[0] != one {
			a.Errorf("Pending: got %v, want %s alone", got, one)
		}
		for name, err := range map[string]error{
			"decided": a.srv.Deny(two), "unknown": a.srv.Approve("BCDF-GHJK", authtest.User{}), "empty": a.srv.Expire(""),
		} {
			if err == nil {
				a.Errorf("%s code: got no error, want one", name)
			}
		}
		time.Sleep(10 * time.Minute)
		if got := a.srv.Pending(); len(got) != 0 {
			a.Errorf("Pending after ten minutes: got %v, want none", got)
		}
		if err := a.srv.Approve(one, authtest.User{}); err == nil {
			a.Error("expired code: got no error, want one")
		}
		if x, y := a.srv.User("mona"), a.srv.User("Mona"); x.Subject == "" || x.Subject != y.Subject || a.srv.User("HUBOT").Subject != "480938" {
			a.Errorf("User: got %v, %v, want one subject a name", x, y)
		}
	})
}
