package authflow

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/usherbot/usher/core/seal"
)

const goodCode = `{"device_code":"device-marker","user_code":"WDJB-MJHT","verification_uri":"https://auth.example/device"}`

// posted is what a server saw of a request.
type posted struct {
	url, auth string
	form      url.Values
}

// server answers each request with the next body, the last one for ever, and
// notes what it was asked.
type server struct {
	t      *testing.T
	bodies []string
	seen   []posted
}

func (s *server) client() *http.Client {
	return over(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.t.Fatal(err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != formType {
			s.t.Errorf("got %s of %s, %v, want a form posted", r.Method, r.Header.Get("Content-Type"), err)
		}
		s.seen = append(s.seen, posted{r.URL.String(), r.Header.Get("Authorization"), form})
		next := s.bodies[0]
		if len(s.bodies) > 1 {
			s.bodies = s.bodies[1:]
		}
		status := 200
		if strings.Contains(next, `"error"`) {
			status = 400
		}
		return says(status, jsonType, next)(r)
	})
}

func testDevice() Device {
	return Device{DeviceURL: "https://auth.example/device/code", TokenURL: "https://auth.example/token", ClientID: "app"}
}

func TestChallenge(t *testing.T) {
	// RFC 7636 appendix B.
	const verifier, want = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	if got := challenge(verifier); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	a, b := newVerifier(), newVerifier()
	if raw, err := base64.RawURLEncoding.DecodeString(a.Reveal()); err != nil || len(raw) != 32 || len(a) != 43 || a == b {
		t.Errorf("got verifiers of %d characters, equal: %v, %v, want 43 from 32 random bytes", len(a), a == b, err)
	}
}

func TestDeviceRequests(t *testing.T) {
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	tests := []struct {
		name         string
		device       func(*Device)
		ask          []string
		auth         string // the header of both requests
		first, later url.Values
	}{
		{
			"public", func(*Device) {}, nil, "",
			url.Values{"client_id": {"app"}},
			url.Values{"client_id": {"app"}},
		},
		{
			"scopes", func(d *Device) { d.Scopes = []string{"openid"} },
			[]string{"repo", "openid"},
			"",
			url.Values{"client_id": {"app"}, "scope": {"openid repo"}},
			url.Values{"client_id": {"app"}},
		},
		{
			"secret", func(d *Device) { d.Secret = "s&cret" }, nil, "",
			url.Values{"client_id": {"app"}, "client_secret": {"s&cret"}},
			url.Values{"client_id": {"app"}, "client_secret": {"s&cret"}},
		},
		{
			"secret not used", func(d *Device) { d.Secret, d.Auth = "s", AuthNone }, nil, "",
			url.Values{"client_id": {"app"}},
			url.Values{"client_id": {"app"}},
		},
		// RFC 6749 section 2.3.1.
		{
			"basic", func(d *Device) { d.ClientID, d.Secret, d.Auth = "s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", AuthBasic }, nil,
			"Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3",
			url.Values{"client_id": {"s6BhdRkqt3"}},
			url.Values{"client_id": {"s6BhdRkqt3"}},
		},
		{
			"basic, encoded", func(d *Device) { d.ClientID, d.Secret, d.Auth = "a:b c", "p%+é", AuthBasic }, nil,
			basic("a%3Ab+c:p%25%2B%C3%A9"),
			url.Values{"client_id": {"a:b c"}},
			url.Values{"client_id": {"a:b c"}},
		},
		{"extra parameters", func(d *Device) {
			d.DeviceParams = url.Values{"audience": {"api"}, "client_id": {"other"}}
			d.TokenParams = url.Values{"resource": {"x", "y"}, "grant_type": {"other"}}
		}, nil, "", url.Values{"client_id": {"app"}, "audience": {"api"}}, url.Values{"client_id": {"app"}, "resource": {"x", "y"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := &server{t: t, bodies: []string{goodCode, `{"access_token":"a"}`}}
			d := testDevice()
			tt.device(&d)
			g, err := d.Begin(t.Context(), srv.client(), Ask{Scopes: tt.ask})
			if err != nil {
				t.Fatal(err)
			}
			a, err := d.Next(t.Context(), srv.client(), g, nil)
			if err != nil || a.State != Granted || len(srv.seen) != 2 {
				t.Fatalf("got %+v, %v after %d requests, want a token after two", a, err, len(srv.seen))
			}
			verifier := srv.seen[1].form.Get("code_verifier")
			tt.first["code_challenge"], tt.first["code_challenge_method"] = []string{challenge(seal.Secret(verifier))}, []string{"S256"}
			tt.later["code_verifier"], tt.later["device_code"] = []string{verifier}, []string{"device-marker"}
			tt.later["grant_type"] = []string{"urn:ietf:params:oauth:grant-type:device_code"}
			want := []posted{{d.DeviceURL, tt.auth, tt.first}, {d.TokenURL, tt.auth, tt.later}}
			if !reflect.DeepEqual(srv.seen, want) {
				t.Errorf("got %+v, want %+v", srv.seen, want)
			}
			if want := union(d.Scopes, tt.ask); !reflect.DeepEqual(g.Scopes, want) {
				t.Errorf("got scopes %v, want %v", g.Scopes, want)
			}
			if len(d.DeviceParams) > 2 || len(d.TokenParams) > 2 {
				t.Errorf("got parameters %v and %v, want those of the configuration unchanged", d.DeviceParams, d.TokenParams)
			}
		})
	}
}

func TestBeginLeavesPKCEOut(t *testing.T) {
	srv := &server{t: t, bodies: []string{`{"error":"invalid_request"}`, goodCode, `{"error":"authorization_pending"}`}}
	d := testDevice()
	g, err := d.Begin(t.Context(), srv.client(), Ask{})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := d.Next(t.Context(), srv.client(), g, nil); err != nil || a.State != Waiting {
		t.Errorf("got %+v, %v, want Waiting", a, err)
	}
	var had []bool
	for _, r := range srv.seen {
		had = append(had, r.form.Has("code_challenge") || r.form.Has("code_challenge_method") || r.form.Has("code_verifier"))
	}
	if want := []bool{true, false, false}; !reflect.DeepEqual(had, want) {
		t.Errorf("got PKCE in requests %v, want %v", had, want)
	}

	srv = &server{t: t, bodies: []string{`{"error":"invalid_request"}`}}
	_, err = d.Begin(t.Context(), srv.client(), Ask{})
	if refusal, ok := errors.AsType[*OAuthError](err); !ok || refusal.Code != "invalid_request" || len(srv.seen) != 2 {
		t.Errorf("got %v after %d requests, want invalid_request after two", err, len(srv.seen))
	}

	srv = &server{t: t, bodies: []string{`{"error":"invalid_scope"}`}}
	if _, err = d.Begin(t.Context(), srv.client(), Ask{}); err == nil || len(srv.seen) != 1 {
		t.Errorf("got %v after %d requests, want invalid_scope after one", err, len(srv.seen))
	}
}

func TestBeginErrors(t *testing.T) {
	tests := []struct {
		name     string
		status   int
		kind     string
		body     string
		off      bool // ErrFlowOff
		definite bool // *OAuthError
	}{
		{"not for this client", 400, jsonType, `{"error":"unauthorized_client"}`, true, true},
		{"not switched on", 200, jsonType, `{"error":"device_flow_disabled"}`, true, true},
		{"no such endpoint", 404, htmlType, `<p>`, true, true},
		{"GitHub for an unknown client", 404, jsonType, `{"error":"Not Found"}`, true, true},
		{"wrong client", 401, jsonType, `{"error":"invalid_client"}`, false, true},
		{"wrong scope", 400, jsonType, `{"error":"invalid_scope"}`, false, true},
		{"wrong for the administrator", 403, jsonType, `{"error":"admin_policy_enforced"}`, false, true},
		{"wrong client, form", 200, formType, `error=incorrect_client_credentials`, false, true},
		{"down", 503, htmlType, `<p>`, false, false},
		{"down, said so", 503, jsonType, `{"error":"temporarily_unavailable"}`, false, false},
		{"too many", 429, jsonType, `{"error":"too_many_requests"}`, false, false},
		{"slow down", 400, jsonType, `{"error":"slow_down"}`, false, false},
		{"captive portal", 200, htmlType, `<p>`, false, false},
		{"empty", 200, jsonType, `{}`, false, false},
		{"cut", 200, jsonType, goodCode[:40], false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := testDevice().Begin(t.Context(), over(says(tt.status, tt.kind, tt.body)), Ask{})
			_, definite := errors.AsType[*OAuthError](err)
			if err == nil || errors.Is(err, ErrFlowOff) != tt.off || definite != tt.definite {
				t.Errorf("got %v, want ErrFlowOff: %v, *OAuthError: %v", err, tt.off, tt.definite)
			}
			if wrong := strings.HasPrefix(tt.name, "wrong"); errors.Is(err, ErrSetup) != wrong {
				t.Errorf("got %v, want ErrSetup: %v", err, wrong)
			}
		})
	}
	d := testDevice()
	d.DeviceURL = ""
	if _, err := d.Begin(t.Context(), over(nil), Ask{}); !errors.Is(err, ErrFlowOff) {
		t.Errorf("got %v without an endpoint, want ErrFlowOff", err)
	}
}

func TestDeviceAnswer(t *testing.T) {
	sent := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const page = `"verification_uri":"https://auth.example/device"`
	begun := func(more string) string { return `{"device_code":"d","user_code":"WDJB-MJHT",` + more + `}` }
	show := Show{URL: "https://auth.example/device", Code: "WDJB-MJHT"}
	tests := []struct {
		name, body string
		want       Grant // Show, Every and Expires; zero: an error
	}{
		{"bare", begun(page), Grant{Show: show, Every: 5 * time.Second, Expires: sent.Add(15 * time.Minute)}},
		{"all", begun(page + `,"verification_uri_complete":"https://auth.example/device?code=WDJB-MJHT","expires_in":600,"interval":7,"message":"Go to"`), Grant{
			Show:  Show{show.URL, show.Code, "https://auth.example/device?code=WDJB-MJHT"},
			Every: 7 * time.Second, Expires: sent.Add(10 * time.Minute),
		}},
		{"Google", begun(`"verification_url":"https://auth.example/device"`), Grant{Show: show, Every: 5 * time.Second, Expires: sent.Add(15 * time.Minute)}},
		{"strings", begun(page + `,"expires_in":"600","interval":"7"`), Grant{Show: show, Every: 7 * time.Second, Expires: sent.Add(10 * time.Minute)}},
		{"floats", begun(page + `,"expires_in":600.0,"interval":7.5`), Grant{Show: show, Every: 7500 * time.Millisecond, Expires: sent.Add(10 * time.Minute)}},
		{"zeros", begun(page + `,"expires_in":0,"interval":0`), Grant{Show: show, Every: 5 * time.Second, Expires: sent.Add(15 * time.Minute)}},
		{"negative", begun(page + `,"expires_in":-1,"interval":-1`), Grant{Show: show, Every: 5 * time.Second, Expires: sent.Add(15 * time.Minute)}},
		{"nonsense", begun(page + `,"expires_in":"NaN","interval":"Inf"`), Grant{Show: show, Every: 5 * time.Second, Expires: sent.Add(15 * time.Minute)}},
		{"other types", begun(page + `,"expires_in":[],"interval":{}`), Grant{Show: show, Every: 5 * time.Second, Expires: sent.Add(15 * time.Minute)}},
		{"absurd interval", begun(page + `,"interval":61`), Grant{Show: show, Every: 5 * time.Second, Expires: sent.Add(15 * time.Minute)}},
		{"longest interval", begun(page + `,"interval":60`), Grant{Show: show, Every: time.Minute, Expires: sent.Add(15 * time.Minute)}},
		{"bad complete URI", begun(page + `,"verification_uri_complete":"http://auth.example/?c"`), Grant{Show: show, Every: 5 * time.Second, Expires: sent.Add(15 * time.Minute)}},
		{"loopback", begun(`"verification_uri":"http://127.0.0.1:8080/device"`), Grant{
			Show: Show{URL: "http://127.0.0.1:8080/device", Code: "WDJB-MJHT"}, Every: 5 * time.Second, Expires: sent.Add(15 * time.Minute),
		}},
		{"plain http", begun(`"verification_uri":"http://auth.example/device"`), Grant{}},
		{"no page", begun(`"interval":5`), Grant{}},
		{"script", begun(`"verification_uri":"javascript:alert(1)"`), Grant{}},
		{"no user code", `{"device_code":"d",` + page + `}`, Grant{}},
		{"blank user code", `{"device_code":"d","user_code":" ",` + page + `}`, Grant{}},
		{"no device code", `{"user_code":"A",` + page + `}`, Grant{}},
		{"user code with a control character", `{"device_code":"d","user_code":"A\nB",` + page + `}`, Grant{}},
		{"user code turned around", `{"device_code":"d","user_code":"A\u202eB",` + page + `}`, Grant{}},
		{"user code with hidden space", `{"device_code":"d","user_code":"A\u200bB",` + page + `}`, Grant{}},
		{"user code too long", `{"device_code":"d","user_code":"` + strings.Repeat("A", 65) + `",` + page + `}`, Grant{}},
		{"user code just not too long", `{"device_code":"d","user_code":"` + strings.Repeat("é", 64) + `",` + page + `}`, Grant{
			Show: Show{URL: show.URL, Code: strings.Repeat("é", 64)}, Every: 5 * time.Second, Expires: sent.Add(15 * time.Minute),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := heard(200, jsonType, tt.body).grant(sent, "v")
			got.Secret = ""
			if !reflect.DeepEqual(got, tt.want) || (err != nil) != (tt.want.Every == 0) {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

// TestExpiryCountsFromTheRequest has a server that thinks for seven seconds.
func TestExpiryCountsFromTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c := over(func(r *http.Request) (*http.Response, error) {
			time.Sleep(7 * time.Second)
			if strings.HasSuffix(r.URL.Path, "/token") {
				return says(200, jsonType, `{"access_token":"a","expires_in":60}`)(r)
			}
			return says(200, jsonType, goodCode)(r)
		})
		g, err := testDevice().Begin(t.Context(), c, Ask{})
		if err != nil || !g.Expires.Equal(start.Add(15*time.Minute)) {
			t.Fatalf("got expiry %v after the start, %v, want 15m", g.Expires.Sub(start), err)
		}
		a, err := testDevice().Next(t.Context(), c, g, nil)
		if err != nil || !a.Token.Expires.Equal(start.Add(14*time.Second+time.Minute)) {
			t.Errorf("got %+v, %v, want the token's expiry counted from its answer", a, err)
		}
	})
}

func TestPack(t *testing.T) {
	began := time.UnixMilli(1767323045000)
	for _, p := range []pending{
		{device: "d", verifier: "v", began: began},
		{device: "with  spaces \n and ünïcode ", verifier: "", began: began},
		{device: "", verifier: "v", began: began},
		{device: "d . e", verifier: newVerifier(), began: began},
	} {
		if got := unpack(p.pack()); got.device != p.device || got.verifier != p.verifier || !got.began.Equal(p.began) {
			t.Errorf("got %q %q %v, want %q %q %v", got.device.Reveal(), got.verifier.Reveal(), got.began, p.device.Reveal(), p.verifier.Reveal(), p.began)
		}
	}
	for _, s := range []seal.Secret{"", "device", "? b c", "1 ", "1.", "1. b c", seal.Secret("1." + strings.Repeat("v", verifierSize))} {
		if got := unpack(s); got != (pending{}) {
			t.Errorf("got %+v of %q, want nothing", got, s.Reveal())
		}
	}
}

// TestDeviceErrorsHoldNoSecrets has a server that repeats all that it is told.
func TestDeviceErrorsHoldNoSecrets(t *testing.T) {
	echo := over(func(r *http.Request) (*http.Response, error) {
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		return says(400, jsonType, fmt.Sprintf(`{"error":"invalid_scope","error_description":"%s %s %s WDJB-MJHT"}`,
			r.PostForm.Get("device_code"), r.PostForm.Get("code_verifier"), r.PostForm.Get("client_secret")))(r)
	})
	d := testDevice()
	d.Secret = "secret-marker"
	g := testGrant(time.Now())
	g.Show.Code = "WDJB-MJHT"
	a, err := d.Next(t.Context(), echo, g, nil)
	if want := "status 400, invalid_scope: [redacted] [redacted] [redacted] [redacted]"; err != nil || a.Err == nil || a.Err.Error() != want {
		t.Errorf("got %v, %v, want %s", a.Err, err, want)
	}
	_, err = d.Begin(t.Context(), echo, Ask{})
	if err == nil || strings.Contains(err.Error(), "marker") {
		t.Errorf("got %v, want no secret in it", err)
	}
	if got := fmt.Sprintf("%v %+v %#v", d, d, d); strings.Contains(got, "marker") {
		t.Errorf("got %s, want no secret in it", got)
	}
}

func FuzzDeviceAnswer(f *testing.F) {
	f.Add(200, jsonType, goodCode)
	f.Add(200, formType, `device_code=d&user_code=A&verification_uri=https%3A%2F%2Fauth.example%2F&interval=1e5&expires_in=-1`)
	f.Add(404, htmlType, `<p>`)
	f.Add(400, jsonType, `{"error":"unauthorized_client","error_description":"\u202e"}`)
	sent := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, status int, kind, body string) {
		g, err := heard(status, kind, body).grant(sent, "v")
		if err != nil {
			if strings.ContainsFunc(err.Error(), unprintable) {
				t.Errorf("got error %q, want it printable", err)
			}
			return
		}
		_, bad := SecureURL(g.Show.URL)
		if bad != nil || utf8.RuneCountInString(g.Show.Code) > 64 || strings.ContainsFunc(g.Show.Code, unprintable) {
			t.Errorf("got %+v to show, %v", g.Show, bad)
		}
		if g.Every < time.Second || g.Every > time.Minute || !g.Expires.After(sent) {
			t.Errorf("got every %v until %v", g.Every, g.Expires)
		}
		if p := unpack(g.Secret); p.device == "" || p.verifier != "v" || !p.began.Equal(sent) {
			t.Errorf("got a secret that does not unpack to what was packed")
		}
	})
}
