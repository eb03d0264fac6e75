package authflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/core/seal"
)

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
	htmlType = "text/html; charset=utf-8"
)

// heard is a reply with this in it.
func heard(status int, kind, body string) reply {
	return reply{status: status, form: strings.HasPrefix(kind, formType), body: []byte(body)}
}

// testGrant is under way: begun at began, good for 15 minutes.
func testGrant(began time.Time) Grant {
	return Grant{
		Secret: pending{device: "device-marker", verifier: "verifier-marker", began: began}.pack(),
		Scopes: []string{"openid", "repo"}, Every: 5 * time.Second, Expires: began.Add(15 * time.Minute),
	}
}

// TestUnsettledCodes are asked for twice more, at any usual pace.
func TestUnsettledCodes(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 5 * time.Second, 20 * time.Second} {
		began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		g := testGrant(began)
		g.Every = every
		now, asked := began.Add(every), 0
		for login := (turn{State: Waiting, Grant: g}); login.State == Waiting && asked < 10; asked++ {
			now = now.Add(100 * time.Millisecond) // that the request takes
			a, err := heard(http.StatusOK, jsonType, `{"error":"incorrect_device_code"}`).answer(now, login.Grant)
			login, now = login.step(a, err, now)
		}
		if asked != 3 {
			t.Errorf("got %d requests at an interval of %v, want 3", asked, every)
		}
	}
}

// TestAnswerKnowsEveryDialect has the table of what servers say while a login
// is pending. The same body means the same whatever its status.
func TestAnswerKnowsEveryDialect(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	early, late := began.Add(time.Minute), began.Add(15*time.Minute)
	tests := []struct {
		name   string
		status int
		kind   string
		body   string
		now    time.Time
		want   State // empty: an error, worth another try
	}{
		{"pending, RFC", 400, jsonType, `{"error":"authorization_pending"}`, early, Waiting},
		{"pending, GitHub", 200, jsonType, `{"error":"authorization_pending","error_description":"…"}`, early, Waiting},
		{"pending, Google", 428, jsonType, `{"error":"authorization_pending","error_description":"Precondition Required"}`, early, Waiting},
		{"pending, Twitch", 400, jsonType, `{"status":400,"message":"authorization_pending"}`, early, Waiting},
		{"pending, Auth0", 403, jsonType, `{"error":"authorization_pending"}`, early, Waiting},
		{"pending, by a broken server", 500, jsonType, `{"error":"authorization_pending"}`, early, Waiting},
		{"pending, form", 200, formType + "; charset=utf-8", `error=authorization_pending&error_description=a+b`, early, Waiting},
		{"slower, RFC", 400, jsonType, `{"error":"slow_down"}`, early, Waiting},
		{"slower, Google", 403, jsonType, `{"error":"slow_down"}`, early, Waiting},
		{"slower, Twitch", 400, jsonType, `{"status":400,"message":"slow_down"}`, early, Waiting},
		{"slower, Auth0", 429, jsonType, `{"error":"slow_down"}`, early, Waiting},
		{"refused, RFC", 400, jsonType, `{"error":"access_denied"}`, early, Denied},
		{"refused, GitHub", 200, jsonType, `{"error":"access_denied"}`, early, Denied},
		{"refused, Google", 403, jsonType, `{"error":"access_denied"}`, early, Denied},
		{"refused, Microsoft", 400, jsonType, `{"error":"authorization_declined"}`, early, Denied},
		{"refused, Twitch", 400, jsonType, `{"status":400,"message":"access_denied"}`, early, Denied},
		{"too old, RFC", 400, jsonType, `{"error":"expired_token"}`, early, Expired},
		{"too old, GitHub's prose", 200, jsonType, `{"error":"token_expired"}`, early, Expired},
		{"too old, Auth0", 403, jsonType, `{"error":"expired_token"}`, early, Expired},
		{"too old, Twitch", 400, jsonType, `{"status":400,"message":"invalid device code"}`, late, Expired},
		{"too old, as unknown", 400, jsonType, `{"error":"invalid_grant"}`, late, Expired},
		{"too old, as a bad request", 400, jsonType, `{"error":"invalid_request"}`, late, Expired},
		{"unknown, RFC", 400, jsonType, `{"error":"invalid_grant"}`, early, Failed},
		{"unknown, GitHub", 200, jsonType, `{"error":"incorrect_device_code"}`, early, Failed},
		{"unknown, GitHub, just issued", 200, jsonType, `{"error":"incorrect_device_code"}`, began.Add(5 * time.Second), ""},
		{"unknown, Microsoft", 400, jsonType, `{"error":"bad_verification_code"}`, early, Failed},
		{"unknown, Twitch", 400, jsonType, `{"status":400,"message":"Invalid device code"}`, early, Expired},
		{"unknown, as a bad request", 400, jsonType, `{"error":"invalid_request"}`, early, Failed},
		{"client, RFC", 401, jsonType, `{"error":"invalid_client"}`, early, Failed},
		{"client, GitHub", 200, jsonType, `{"error":"incorrect_client_credentials"}`, early, Failed},
		{"client, Microsoft", 400, jsonType, `{"error":"unauthorized_client"}`, late, Failed},
		{"client, Twitch", 400, jsonType, `{"status":400,"message":"invalid client"}`, early, Failed},
		{"client, by a broken server", 500, jsonType, `{"error":"invalid_client"}`, early, Failed},
		{"off, GitHub", 200, jsonType, `{"error":"device_flow_disabled"}`, early, Failed},
		{"off, Google", 403, jsonType, `{"error":"org_internal"}`, early, Failed},
		{"off, Google's administrator", 400, jsonType, `{"error":"admin_policy_enforced"}`, early, Failed},
		{"scope", 400, jsonType, `{"error":"invalid_scope"}`, early, Failed},
		{"a code nobody knows", 400, jsonType, `{"error":"moon_phase"}`, early, Failed},
		{"a code nobody knows, with 200", 200, jsonType, `{"error":"moon_phase"}`, early, Failed},
		{"Twitch's words for a status", 400, jsonType, `{"error":"Bad Request","status":400,"message":"invalid client"}`, early, Failed},
		{"Twitch's words, pending", 400, jsonType, `{"error":"Bad Request","status":400,"message":"authorization_pending"}`, early, Waiting},
		{"error before message", 400, jsonType, `{"error":"authorization_pending","status":400,"message":"access_denied"}`, early, Waiting},
		{"a message nobody knows", 400, jsonType, `{"status":400,"message":"missing scope"}`, early, Failed},

		{"trouble, said so", 503, jsonType, `{"error":"temporarily_unavailable"}`, early, ""},
		{"trouble, said so with 400", 400, jsonType, `{"error":"temporarily_unavailable"}`, early, ""},
		{"trouble, server_error", 500, jsonType, `{"error":"server_error"}`, early, ""},
		{"trouble, a framework's page in JSON", 500, jsonType, `{"status":500,"error":"Internal Server Error","path":"/token"}`, early, ""},
		{"trouble, a limit in JSON", 429, jsonType, `{"error":"too_many_requests"}`, early, ""},
		{"trouble, a gateway's message", 504, jsonType, `{"message":"Endpoint request timed out"}`, early, ""},
		{"trouble, error object", 503, jsonType, `{"error":{"code":503,"message":"x"}}`, early, ""},
		{"trouble, HTML", 502, htmlType, `<html>access_denied</html>`, early, ""},
		{"trouble, HTML with 200", 200, htmlType, `<html>error=access_denied</html>`, early, ""},
		{"trouble, HTML with 403", 403, htmlType, `<html></html>`, early, ""},
		{"trouble, HTML called JSON", 400, jsonType, `<html></html>`, early, ""},
		{"trouble, empty", 200, jsonType, ``, early, ""},
		{"trouble, empty with 400", 400, "", ``, early, ""},
		{"trouble, cut", 200, jsonType, `{"access_token":"secret","token_ty`, early, ""},
		{"trouble, cut after the error", 400, jsonType, `{"error":"access_denied"`, early, ""},
		{"trouble, no object", 200, jsonType, `["access_denied"]`, early, ""},
		{"trouble, null", 200, jsonType, `null`, early, ""},
		{"trouble, nothing in it", 200, jsonType, `{}`, early, ""},
		{"trouble, empty token", 200, jsonType, `{"access_token":"","token_type":"bearer"}`, early, ""},
		{"trouble, broken form", 200, formType, `access_token=%zz`, early, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := heard(tt.status, tt.kind, tt.body).answer(tt.now, testGrant(began))
			if a.State != tt.want || (err != nil) != (tt.want == "") {
				t.Fatalf("got %q and error %v, want %q", a.State, err, tt.want)
			}
			if _, refusal := errors.AsType[*OAuthError](a.Err); refusal != (tt.want == Failed) {
				t.Errorf("got Err %v with %q", a.Err, a.State)
			}
			if _, refusal := errors.AsType[*OAuthError](err); refusal {
				t.Errorf("got %v, want an error that is no *OAuthError", err)
			}
		})
	}
}

func TestAnswerToken(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	asked := []string{"openid", "repo"}
	token := func(change func(*Token)) Token {
		out := Token{Access: "a", Type: "Bearer", Scopes: asked}
		change(&out)
		return out
	}
	tests := []struct {
		name, kind, body string
		want             Token
	}{
		{"bare", jsonType, `{"access_token":"a"}`, token(func(*Token) {})},
		{
			"all", jsonType, `{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_in":3600,"scope":"openid"}`,
			token(func(t *Token) { t.Refresh, t.Expires, t.Scopes = "r", now.Add(time.Hour), []string{"openid"} }),
		},
		{"type without case", jsonType, `{"access_token":"a","token_type":"bEARER"}`, token(func(t *Token) { t.Type = "bEARER" })},
		{
			"scopes with commas", jsonType, `{"access_token":"a","scope":"repo,gist, user"}`,
			token(func(t *Token) { t.Scopes = []string{"repo", "gist", "user"} }),
		},
		{
			"scopes in an array", jsonType, `{"access_token":"a","scope":["chat:read","user"]}`,
			token(func(t *Token) { t.Scopes = []string{"chat:read", "user"} }),
		},
		{"no scopes", jsonType, `{"access_token":"a","scope":""}`, token(func(t *Token) { t.Scopes = nil })},
		{"empty array of scopes", jsonType, `{"access_token":"a","scope":[]}`, token(func(t *Token) { t.Scopes = nil })},
		{"scopes null", jsonType, `{"access_token":"a","scope":null}`, token(func(*Token) {})},
		{"scopes of another type", jsonType, `{"access_token":"a","scope":7}`, token(func(*Token) {})},
		{"expires_in 0", jsonType, `{"access_token":"a","expires_in":0}`, token(func(*Token) {})},
		{"expires_in negative", jsonType, `{"access_token":"a","expires_in":-5}`, token(func(*Token) {})},
		{"expires_in in a string", jsonType, `{"access_token":"a","expires_in":"60"}`, token(func(t *Token) { t.Expires = now.Add(time.Minute) })},
		{"expires_in a float", jsonType, `{"access_token":"a","expires_in":59.5}`, token(func(t *Token) { t.Expires = now.Add(59500 * time.Millisecond) })},
		{"expires_in for ever", jsonType, `{"access_token":"a","expires_in":1e300}`, token(func(t *Token) { t.Expires = now.Add(ages) })},
		{"expires_in too large for a number", jsonType, `{"access_token":"a","expires_in":1e999}`, token(func(*Token) {})},
		{"error null", jsonType, `{"access_token":"a","error":null,"error_description":null}`, token(func(*Token) {})},
		{"a message beside it", jsonType, `{"access_token":"a","status":200,"message":"ok"}`, token(func(*Token) {})},
		{
			"form", formType, `access_token=a&token_type=bearer&scope=repo%2Cgist&expires_in=60`,
			token(func(t *Token) {
				t.Type, t.Scopes, t.Expires = "bearer", []string{"repo", "gist"}, now.Add(time.Minute)
			}),
		},
		{"form without scopes", formType, `access_token=a&scope=`, token(func(t *Token) { t.Scopes = nil })},
	}
	for _, tt := range tests {
		for _, status := range []int{200, 201, 500} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, status), func(t *testing.T) {
				a, err := heard(status, tt.kind, tt.body).answer(now, Grant{Scopes: asked})
				if err != nil || a.State != Granted || a.Token == nil {
					t.Fatalf("got %+v, %v, want a token", a, err)
				}
				if !reflect.DeepEqual(*a.Token, tt.want) {
					t.Errorf("got %+v, want %+v", *a.Token, tt.want)
				}
			})
		}
	}
}

func TestAnswerRefusesOtherTokens(t *testing.T) {
	a, err := heard(200, jsonType, `{"access_token":"token-marker","token_type":"DPoP token-marker"}`).answer(time.Now(), Grant{})
	if err != nil || a.State != Failed || a.Token != nil {
		t.Fatalf("got %+v, %v, want Failed", a, err)
	}
	if want := "status 200: the token is not of the type bearer"; a.Err.Error() != want {
		t.Errorf("got %v, want %s", a.Err, want)
	}
}

func TestAnswerPace(t *testing.T) {
	g := testGrant(time.Now())
	tests := []struct {
		name, body string
		every      time.Duration
		want       time.Duration
	}{
		{"no interval", `{"error":"slow_down"}`, 5 * time.Second, 10 * time.Second},
		{"longer", `{"error":"slow_down","interval":17}`, 5 * time.Second, 17 * time.Second},
		{"longer, in a string", `{"error":"slow_down","interval":"17"}`, 5 * time.Second, 17 * time.Second},
		{"longer, a float", `{"error":"slow_down","interval":10.5}`, 5 * time.Second, 10500 * time.Millisecond},
		{"shorter", `{"error":"slow_down","interval":1}`, 5 * time.Second, 10 * time.Second},
		{"negative", `{"error":"slow_down","interval":-1}`, 5 * time.Second, 10 * time.Second},
		{"above a minute", `{"error":"slow_down","interval":600}`, 5 * time.Second, 10 * time.Minute},
		{"no number", `{"error":"slow_down","interval":"Infinity"}`, 5 * time.Second, 10 * time.Second},
		{"adding up", `{"error":"slow_down"}`, 2 * time.Minute, 125 * time.Second},
		{"beyond all time", `{"error":"slow_down","interval":1e300}`, 5 * time.Second, ages},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := g
			g.Every = tt.every
			a, err := heard(400, jsonType, tt.body).answer(time.Now(), g)
			if err != nil || a.State != Waiting || a.Grant == nil {
				t.Fatalf("got %+v, %v, want Waiting at a slower pace", a, err)
			}
			want := g
			want.Every, want.Slowed = tt.want, true
			if !reflect.DeepEqual(*a.Grant, want) {
				t.Errorf("got %+v, want %+v", *a.Grant, want)
			}
			if a.Grant.pace() < tt.want {
				t.Errorf("got pace %v, want at least %v", a.Grant.pace(), tt.want)
			}
		})
	}
}

func TestAnswerLater(t *testing.T) {
	r := heard(503, htmlType, "<p>")
	r.after = 90 * time.Second
	_, err := r.answer(time.Now(), Grant{})
	if later, ok := errors.AsType[*Later](err); !ok || later.After != 90*time.Second {
		t.Errorf("got %v, want a *Later of 90 s", err)
	}
}

func TestRefusalIsClean(t *testing.T) {
	long := strings.Repeat("x", 300)
	tests := []struct {
		name, body string
		want       OAuthError
	}{
		{"plain", `{"error":"invalid_scope","error_description":"no such scope: repo"}`, OAuthError{400, "invalid_scope", "no such scope: repo"}},
		{"message", `{"status":400,"message":"invalid client"}`, OAuthError{400, "invalid client", ""}},
		{"message beside error", `{"error":"invalid_scope","message":"why"}`, OAuthError{400, "invalid_scope", "why"}},
		{"long", `{"error":"` + long + `","error_description":"` + long + `"}`, OAuthError{400, long[:64], long[:200]}},
		{"not of the set", `{"error":"bad\n\u0000\"\\\u202e\u00e9code","error_description":"a\r\nb\u001b[31mc"}`, OAuthError{400, "badcode", "ab[31mc"}},
		{
			"what we sent", `{"error":"x device-marker","error_description":"device-marker or verifier-marker"}`,
			OAuthError{400, "x [redacted]", "[redacted] or [redacted]"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := heard(400, jsonType, tt.body)
			r.hide = []seal.Secret{"", "device-marker", "verifier-marker"}
			if got := r.refusal(r.said()); *got != tt.want {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
}

func TestSaidPrintsNoSecrets(t *testing.T) {
	s := heard(200, jsonType, `{"access_token":"marker","refresh_token":"marker","device_code":"marker","user_code":"marker"}`).said()
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{fmt.Sprintf("%v %+v %#v", s, s, s), string(encoded)} {
		if strings.Contains(got, "marker") {
			t.Errorf("got %s, want no secret in it", got)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(200, jsonType, `{"access_token":"a","token_type":"bearer","scope":["x"],"expires_in":"5"}`, "x", "y")
	f.Add(400, formType, `error=slow_down&interval=7`, "authorization_pending", "")
	f.Add(429, htmlType, `<p>`, "slow_down", "\u202e")
	f.Add(400, "", `{"status":400,"message":"invalid device code"}`, "", "")
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, status int, kind, body, code, text string) {
		g := testGrant(now)
		check := func(r reply, marker string) {
			a, err := r.answer(now, g)
			switch {
			case (err == nil) == (a.State == ""):
				t.Errorf("got %+v and error %v, want one of them", a, err)
			case (a.State == Granted) != (a.Token != nil) || a.Token != nil && a.Token.Access == "":
				t.Errorf("got %+v, want a token exactly when granted", a)
			case a.Grant != nil && (a.Grant.Every < g.Every+slower || a.Grant.pace() < a.Grant.Every):
				t.Errorf("got a pace of %v, want a slower one than %v", a.Grant.Every, g.Every)
			case marker != "" && strings.Contains(fmt.Sprintf("%v %v %+v", err, a.Err, a), marker):
				t.Errorf("got the token printed: %v %v", err, a.Err)
			}
		}
		check(heard(status, kind, body), "")
		const marker = "planted-marker"
		if strings.Contains(code+text+kind, "marker") {
			return
		}
		planted, err := json.Marshal(map[string]string{
			"access_token": marker, "refresh_token": marker, "error": code, "error_description": text, "token_type": kind,
		})
		if err != nil {
			t.Fatal(err)
		}
		check(heard(status, jsonType, string(planted)), marker)
		check(heard(status, jsonType, string(planted[:len(planted)/2])), marker)
	})
}
