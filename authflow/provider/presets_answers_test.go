package provider_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
)

// withoutPKCE is a form without what proves that whoever asks is who began.
func withoutPKCE(t *testing.T, form string) string {
	t.Helper()
	f, err := url.ParseQuery(form)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"code_challenge", "code_challenge_method", "code_verifier"} {
		f.Del(name)
	}
	return f.Encode()
}

// dialect is what a service says to a poll, as it says it.
type dialect struct {
	kind, code string // what it says when it gives a code
	polls      []said
}

type said struct {
	name   string
	status int
	body   string
	want   authflow.State // empty: an error, worth another try
	scopes string         // with granted
}

// dialects are those of the services whose answers differ from the standard's, or
// look so.
func dialects() []dialect {
	const microsoft = `,"error_codes":[70016],"timestamp":"2026-11-22 05:00:00Z","trace_id":"x","correlation_id":"y","error_uri":"https://login.microsoftonline.com/error?code=70016"}`
	return []dialect{
		{"google", `{"device_code":"code-marker","user_code":"GQVQ-JKEC","verification_url":"https://www.google.com/device","expires_in":1800,"interval":5}`, []said{
			{"waits", 428, `{"error":"authorization_pending","error_description":"Precondition Required"}`, authflow.Waiting, ""},
			{"slower", 403, `{"error":"slow_down","error_description":"Forbidden"}`, authflow.Waiting, ""},
			{"denied", 403, `{"error":"access_denied","error_description":"Forbidden"}`, authflow.Denied, ""},
			{"too old", 400, `{"error":"expired_token","error_description":"Bad Request"}`, authflow.Expired, ""},
			{"unknown", 400, `{"error":"invalid_grant","error_description":"Malformed auth code."}`, authflow.Failed, ""},
			{"wrong secret", 401, `{"error":"invalid_client","error_description":"Unauthorized"}`, authflow.Failed, ""},
			{"not of this organisation", 403, `{"error":"org_internal"}`, authflow.Failed, ""},
			{"not allowed there", 400, `{"error":"admin_policy_enforced"}`, authflow.Failed, ""},
			{"granted, by long names", 200, `{"access_token":"access-marker","expires_in":3599,"refresh_token":"1//x","scope":"openid https://www.googleapis.com/auth/userinfo.profile","token_type":"Bearer","id_token":"x"}`, authflow.Granted, "https://www.googleapis.com/auth/userinfo.profile openid profile"},
		}},
		{"microsoft", `{"user_code":"FJC3GVN9T","device_code":"code-marker","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":5,"message":"To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code FJC3GVN9T to authenticate."}`, []said{
			{"waits", 400, `{"error":"authorization_pending","error_description":"AADSTS70016: OAuth 2.0 device flow error. Authorization is pending. Continue polling."` + microsoft, authflow.Waiting, ""},
			{"slower", 400, `{"error":"slow_down"` + microsoft, authflow.Waiting, ""},
			{"denied", 400, `{"error":"authorization_declined","error_description":"AADSTS70017: The end user denied the authorization request."` + microsoft, authflow.Denied, ""},
			{"too old", 400, `{"error":"expired_token","error_description":"AADSTS70019: Verification code expired."` + microsoft, authflow.Expired, ""},
			{"unknown", 400, `{"error":"bad_verification_code","error_description":"AADSTS70018: Bad verification code."` + microsoft, authflow.Failed, ""},
			{"no public client", 401, `{"error":"invalid_client","error_description":"AADSTS7000218: The request body must contain client_assertion or client_secret."` + microsoft, authflow.Failed, ""},
			{"unknown app", 400, `{"error":"unauthorized_client","error_description":"AADSTS700016: Application was not found."` + microsoft, authflow.Failed, ""},
			{"granted", 200, `{"token_type":"Bearer","scope":"openid profile","expires_in":3599,"ext_expires_in":3599,"access_token":"access-marker","refresh_token":"x","id_token":"x"}`, authflow.Granted, "offline_access openid profile"},
			{"granted, without a refresh token", 200, `{"token_type":"Bearer","scope":"openid profile","expires_in":3599,"access_token":"access-marker"}`, authflow.Granted, "openid profile"},
		}},
		{"twitch", `{"device_code":"code-marker","expires_in":1800,"interval":5,"user_code":"ABCDEFGH","verification_uri":"https://www.twitch.tv/activate?public=true&device-code=ABCDEFGH"}`, []said{
			{"waits", 400, `{"status":400,"message":"authorization_pending"}`, authflow.Waiting, ""},
			{"slower", 400, `{"status":400,"message":"slow_down"}`, authflow.Waiting, ""},
			{"denied", 400, `{"status":400,"message":"access_denied"}`, authflow.Denied, ""},
			{"too old", 400, `{"status":400,"message":"invalid device code"}`, authflow.Expired, ""},
			{"wrong client", 400, `{"status":400,"message":"invalid client"}`, authflow.Failed, ""},
			{"granted", 200, `{"access_token":"access-marker","expires_in":14124,"refresh_token":"x","scope":["user:read:email","bits:read"],"token_type":"bearer"}`, authflow.Granted, "bits:read user:read:email"},
			{"granted, nothing", 200, `{"access_token":"access-marker","expires_in":14124,"refresh_token":"x","scope":[],"token_type":"bearer"}`, authflow.Granted, ""},
		}},
		{"auth0", `{"device_code":"code-marker","user_code":"QTZL-MCBW","verification_uri":"https://acme.auth0.com/activate","verification_uri_complete":"https://acme.auth0.com/activate?user_code=QTZL-MCBW","expires_in":900,"interval":5}`, []said{
			{"waits", 403, `{"error":"authorization_pending","error_description":"User has yet to authorize device code."}`, authflow.Waiting, ""},
			{"waits, older", 400, `{"error":"authorization_pending"}`, authflow.Waiting, ""},
			{"slower", 429, `{"error":"slow_down","error_description":"You are polling faster than the specified interval of 5 seconds."}`, authflow.Waiting, ""},
			{"denied", 403, `{"error":"access_denied","error_description":"User cancelled the confirmation prompt."}`, authflow.Denied, ""},
			{"too old", 403, `{"error":"expired_token"}`, authflow.Expired, ""},
			{"used", 403, `{"error":"invalid_grant","error_description":"Invalid or expired device code."}`, authflow.Failed, ""},
			{"too many", 429, `{"error":"too_many_requests"}`, "", ""},
			{"granted", 200, `{"access_token":"access-marker","refresh_token":"x","id_token":"x","scope":"openid profile offline_access","expires_in":86400,"token_type":"Bearer"}`, authflow.Granted, "offline_access openid profile"},
		}},
		{"discord", `{"device_code":"code-marker","user_code":"ABCD1234","verification_uri":"https://discord.com/activate","verification_uri_complete":"https://discord.com/activate?user_code=ABCD1234","expires_in":300,"interval":5}`, []said{
			{"waits", 400, `{"error":"authorization_pending"}`, authflow.Waiting, ""},
			{"slower", 400, `{"error":"slow_down"}`, authflow.Waiting, ""},
			{"denied", 400, `{"error":"access_denied"}`, authflow.Denied, ""},
			{"too old", 400, `{"error":"expired_token"}`, authflow.Expired, ""},
			{"wrong secret", 401, `{"error":"invalid_client"}`, authflow.Failed, ""},
			{"granted", 200, `{"access_token":"access-marker","token_type":"Bearer","expires_in":604800,"refresh_token":"x","scope":"identify"}`, authflow.Granted, "identify"},
		}},
		{"keycloak", `{"device_code":"code-marker","user_code":"JEOR-RBBI","verification_uri":"https://sso.example/realms/acme/device","verification_uri_complete":"https://sso.example/realms/acme/device?user_code=JEOR-RBBI","expires_in":600,"interval":5}`, []said{
			{"waits", 400, `{"error":"authorization_pending","error_description":"The authorization request is still pending"}`, authflow.Waiting, ""},
			{"slower", 400, `{"error":"slow_down","error_description":"Slow down"}`, authflow.Waiting, ""},
			{"denied", 400, `{"error":"access_denied","error_description":"The end user denied the authorization request"}`, authflow.Denied, ""},
			{"too old", 400, `{"error":"expired_token","error_description":"Device code is expired"}`, authflow.Expired, ""},
			{"unknown", 400, `{"error":"invalid_grant","error_description":"Device code not valid"}`, authflow.Failed, ""},
			{"granted", 200, `{"access_token":"access-marker","expires_in":300,"refresh_expires_in":1800,"refresh_token":"x","token_type":"Bearer","not-before-policy":0,"session_state":"x","scope":"openid profile"}`, authflow.Granted, "offline_access openid profile"},
		}},
	}
}

// offline is a preset that has nothing to discover.
func offline(t *testing.T, kind string) authflow.Provider {
	t.Helper()
	app := apps()[kind]
	if app.Issuer != "" {
		app.DeviceURL, app.TokenURL, app.UserinfoURL = "https://a.example/d", "https://a.example/t", "https://a.example/u"
	}
	p, err := provider.New(app)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDialects(t *testing.T) {
	for _, d := range dialects() {
		for _, tt := range d.polls {
			t.Run(d.kind+" "+tt.name, func(t *testing.T) {
				p := offline(t, d.kind)
				inTime(t, time.Minute, p, d.code, func(t *testing.T, c *http.Client, g authflow.Grant, v *vendor) {
					if g.Show.URL == "" || g.Show.Code == "" {
						t.Errorf("got %+v, want a page and a code", g.Show)
					}
					v.status, v.body = tt.status, tt.body
					a, err := p.Flows[0].Next(t.Context(), c, g, nil)
					every := time.Duration(0)
					if tt.name == "slower" {
						every = 10 * time.Second
					}
					checkAnswer(t, a, err, tt.want, every)
					if tt.want == authflow.Granted && !slices.Equal(a.Token.Scopes, strings.Fields(tt.scopes)) {
						t.Errorf("got the scopes %v, want %s", a.Token.Scopes, tt.scopes)
					}
				})
			})
		}
	}
}

// TestDialectsBegin has refusals to give a code.
func TestDialectsBegin(t *testing.T) {
	tests := []struct {
		kind, name string
		status     int
		body       string
		want       error
	}{
		{"google", "a client for browsers", 401, `{"error":"invalid_client","error_description":"Invalid client type."}`, authflow.ErrFlowOff},
		{"google", "a client for browsers, at length", 401, `{"error":"invalid_client","error_description":"Only clients of type 'TVs and Limited Input devices' can use this."}`, authflow.ErrFlowOff},
		{"google", "a client of nobody's", 401, `{"error":"invalid_client","error_description":"The OAuth client was not found."}`, authflow.ErrSetup},
		{"google", "a scope that devices cannot have", 400, `{"error":"invalid_scope","error_description":"Invalid device flow scope: https://mail.google.com/"}`, authflow.ErrFlowOff},
		{"google", "a scope of nobody's", 400, `{"error":"invalid_scope"}`, authflow.ErrSetup},
		{"google", "too many codes", 403, `{"error_code":"rate_limit_exceeded"}`, errAgain},
		{"microsoft", "wrong tenant", 400, `{"error":"invalid_request","error_description":"AADSTS90002: Tenant not found."}`, errRefused},
		{"twitch", "wrong client", 400, `{"status":400,"message":"invalid client"}`, authflow.ErrSetup},
		{"discord", "not for this scope", 400, `{"error":"invalid_scope"}`, authflow.ErrFlowOff},
		{"discord", "not for this app", 403, `{"message":"Missing Access","code":50001,"error":"access"}`, authflow.ErrFlowOff},
		{"discord", "wrong secret", 401, `{"error":"invalid_client"}`, authflow.ErrSetup},
		{"auth0", "not switched on", 403, `{"error":"unauthorized_client","error_description":"Grant type not allowed for the client."}`, authflow.ErrFlowOff},
		{"keycloak", "no secret", 401, `{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}`, authflow.ErrSetup},
		{"keycloak", "not switched on", 400, `{"error":"unauthorized_client","error_description":"Client is not allowed to initiate OAuth 2.0 Device Authorization Grant."}`, authflow.ErrFlowOff},
		{"gitlab", "too old a server", 404, `<p>`, authflow.ErrFlowOff},
	}
	for _, tt := range tests {
		t.Run(tt.kind+" "+tt.name, func(t *testing.T) {
			v := &vendor{t: t, status: tt.status, kind: jsonType, body: tt.body}
			_, err := offline(t, tt.kind).Flows[0].Begin(t.Context(), v.client(), authflow.Ask{})
			checkBegin(t, err, tt.want)
		})
	}
}

func TestDialectsSayWho(t *testing.T) {
	tests := []struct {
		kind, name string
		status     int
		body       string
		want       string // subject and name
		err        error
	}{
		{"twitch", "nobody", 200, `{"data":[]}`, "", errRefused},
		{"twitch", "no list", 200, `{"data":{}}`, "", errRefused},
		{"twitch", "token dead", 401, `{"error":"Unauthorized","status":401,"message":"Invalid OAuth token"}`, "", errRefused},
		{"twitch", "no name to show", 200, `{"data":[{"id":"1","display_name":" ","login":"octocat"}]}`, "1 octocat", nil},
		{"gitlab", "of the API", 200, `{"id":12345678901234567890,"username":"octocat","web_url":"https://gitlab.com/octocat"}`, "12345678901234567890 octocat", nil},
		{"discord", "token dead", 401, `{"message":"401: Unauthorized","code":0}`, "", errRefused},
		{"heroku", "all", 200, `{"id":"01234567-89ab","email":"o@example.com","name":null}`, "01234567-89ab o@example.com", nil},
		{"heroku", "token dead", 401, `{"id":"unauthorized","message":"Invalid credentials provided."}`, "", errRefused},
	}
	for _, tt := range tests {
		t.Run(tt.kind+" "+tt.name, func(t *testing.T) {
			v := &vendor{t: t, status: tt.status, kind: jsonType, body: tt.body}
			who, err := offline(t, tt.kind).Who(t.Context(), v.client(), authflow.Token{Access: "token-marker"})
			checkBegin(t, err, tt.err)
			if got := strings.TrimSpace(who.Subject + " " + who.Name); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
