package provider_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
)

const (
	facebookCode  = `{"code":"code-marker","user_code":"A1NWZ9","verification_uri":"https://www.facebook.com/device","expires_in":420,"interval":5}`
	facebookToken = `{"access_token":"EAA-marker","expires_in":5183996,"data_access_expiration_time":1767323045}`
	facebookUser  = `{"id":"10229","name":"The Octocat"}`
)

func facebookApp() provider.App {
	return provider.App{Kind: "facebook", ID: "1234", ClientToken: "client-marker"}
}

func TestFacebookIsMade(t *testing.T) {
	tests := []struct {
		name string
		app  func(*provider.App)
		want authflow.Provider // Flows and Who apart
	}{
		{"least", func(*provider.App) {}, authflow.Provider{
			Issuer: "https://www.facebook.com", Hosts: []string{"graph.facebook.com"}, VerifyHosts: []string{"www.facebook.com"},
		}},
		{"another version", func(a *provider.App) { a.Base = "https://graph.facebook.com/v99.0/" }, authflow.Provider{
			Issuer: "https://www.facebook.com", Hosts: []string{"graph.facebook.com"}, VerifyHosts: []string{"graph.facebook.com", "www.facebook.com"},
		}},
		{"a double", func(a *provider.App) { a.Base = "http://127.0.0.1:9999/v1.0/" }, authflow.Provider{
			Issuer: "http://127.0.0.1:9999", Hosts: []string{"127.0.0.1:9999"}, VerifyHosts: []string{"127.0.0.1:9999", "www.facebook.com"},
		}},
		{"endpoints of a double", func(a *provider.App) {
			a.DeviceURL, a.TokenURL, a.UserinfoURL = "http://127.0.0.1:9/d", "http://127.0.0.1:9/t", "http://127.0.0.1:9/me"
		}, authflow.Provider{
			Issuer: "https://www.facebook.com", Hosts: []string{"127.0.0.1:9", "graph.facebook.com"}, VerifyHosts: []string{"127.0.0.1:9", "www.facebook.com"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			app := facebookApp()
			tt.app(&app)
			tt.want.Name, tt.want.Title, tt.want.Manage = "facebook", "Facebook", "https://www.facebook.com/settings?tab=business_tools"
			if got := preset(t, app); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestFacebookRequests(t *testing.T) {
	const graph = "https://graph.facebook.com/v23.0"
	app := "access_token=1234%7Cclient-marker"
	tests := []struct {
		name string
		app  func(*provider.App)
		want []asked
	}{
		{"least", func(*provider.App) {}, []asked{
			{"POST " + graph + "/device/login", "", app},
			{"POST " + graph + "/device/login_status", "", app + "&code=code-marker"},
			{"GET " + graph + "/me?fields=id%2Cname", "Bearer EAA-marker", ""},
		}},
		{"all", func(a *provider.App) {
			a.Base, a.Scopes = "http://127.0.0.1:9/v1.0/", []string{"user_likes", "email", "email"}
			a.DeviceParams, a.TokenParams = url.Values{"redirect_uri": {"x"}, "access_token": {"other"}}, url.Values{"locale": {"y"}}
		}, []asked{
			{"POST http://127.0.0.1:9/v1.0/device/login", "", app + "&redirect_uri=x&scope=email%2Cuser_likes"},
			{"POST http://127.0.0.1:9/v1.0/device/login_status", "", app + "&code=code-marker&locale=y"},
			{"GET http://127.0.0.1:9/v1.0/me?fields=id%2Cname", "Bearer EAA-marker", ""},
		}},
		{"other endpoints", func(a *provider.App) {
			a.DeviceURL, a.TokenURL, a.UserinfoURL = "https://a.example/d", "https://b.example/t?x=y", "https://c.example/me?locale=en"
		}, []asked{
			{"POST https://a.example/d", "", app},
			{"POST https://b.example/t?x=y", "", app + "&code=code-marker"},
			{"GET https://c.example/me?fields=id%2Cname&locale=en", "Bearer EAA-marker", ""},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			app := facebookApp()
			tt.app(&app)
			seen, a, who := walk(t, app, facebookCode, facebookToken, facebookUser)
			if !reflect.DeepEqual(seen, tt.want) {
				t.Errorf("got %+v, want %+v", seen, tt.want)
			}
			if want := (authflow.Identity{Issuer: preset(t, app).Issuer, Subject: "10229", Name: "The Octocat"}); who != want {
				t.Errorf("got %+v, want %+v", who, want)
			}
			if a.Token.Refresh != "" || len(a.Token.Scopes) != len(slices.Compact(slices.Sorted(slices.Values(app.Scopes)))) {
				t.Errorf("got %+v, want the scopes as asked and no refresh token", a.Token)
			}
			if lives := time.Until(a.Token.Expires); lives < 59*24*time.Hour || lives > 60*24*time.Hour {
				t.Errorf("got a token for %v, want 60 days", lives)
			}
		})
	}
}

func TestFacebookShows(t *testing.T) {
	code := func(page, code string) string {
		return strings.NewReplacer("https://www.facebook.com/device", page, "A1NWZ9", code).Replace(facebookCode)
	}
	tests := []struct {
		name, body string
		want       authflow.Show
	}{
		{"as documented", facebookCode, authflow.Show{
			URL: "https://www.facebook.com/device", Code: "A1NWZ9", FullURL: "https://www.facebook.com/device?user_code=A1NWZ9",
		}},
		{"a page with a query", code("https://www.facebook.com/device?x=y", "A&B C"), authflow.Show{
			URL: "https://www.facebook.com/device?x=y", Code: "A&B C", FullURL: "https://www.facebook.com/device?user_code=A%26B+C&x=y",
		}},
		{"a page by http", code("http://www.facebook.com/device", "A"), authflow.Show{}},
		{"no code to show", code("https://www.facebook.com/device", ""), authflow.Show{}},
		{"no code to poll with", strings.Replace(facebookCode, `"code":"code-marker",`, "", 1), authflow.Show{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := provider.Facebook(facebookApp())
			if err != nil {
				t.Fatal(err)
			}
			sent := time.Now()
			g, err := p.Flows[0].Begin(t.Context(), (&vendor{t: t, status: 200, kind: jsonType, body: tt.body}).client(), authflow.Ask{})
			if g.Show != tt.want || (err != nil) != (tt.want.URL == "") {
				t.Fatalf("got %+v, %v, want %+v", g.Show, err, tt.want)
			}
			if lives := g.Expires.Sub(sent).Round(time.Minute); err == nil && (g.Every != 5*time.Second || lives != 7*time.Minute || g.DeviceCode() != "code-marker") {
				t.Errorf("got %+v, want 5 s, 7 minutes and the code", g)
			}
		})
	}
}

// graphSays is an error of the graph.
func graphSays(members string) string {
	return `{"error":{"message":"token-marker is not it","type":"OAuthException",` + members + `,"error_user_title":"t","error_user_msg":"m","fbtrace_id":"x"}}`
}

// TestFacebookAnswers: the subcode decides, whatever the code beside it and the
// status.
func TestFacebookAnswers(t *testing.T) {
	tests := []struct {
		name, body string
		want       authflow.State // empty: an error, worth another try
		every      time.Duration
	}{
		{"keep waiting", graphSays(`"code":31,"error_subcode":1349174`), authflow.Waiting, 0},
		{"keep waiting, another code", graphSays(`"code":190,"error_subcode":1349174`), authflow.Waiting, 0},
		{"keep waiting, in strings", graphSays(`"code":"31","error_subcode":"1349174"`), authflow.Waiting, 0},
		{"wait longer", graphSays(`"code":17,"error_subcode":1349172`), authflow.Waiting, 10 * time.Second},
		{"declined", graphSays(`"code":31,"error_subcode":1349173`), authflow.Denied, 0},
		{"too old", graphSays(`"code":463,"error_subcode":1349152`), authflow.Expired, 0},
		{"token dead", graphSays(`"code":190`), authflow.Failed, 0},
		{"token dead, why", graphSays(`"code":190,"error_subcode":460`), authflow.Failed, 0},
		{"no such app", graphSays(`"code":101`), authflow.Failed, 0},
		{"too often, of another kind", graphSays(`"code":17`), authflow.Failed, 0},
		{"31 of another kind", graphSays(`"code":31,"error_subcode":1`), authflow.Failed, 0},
		{"anything else", graphSays(`"code":100`), authflow.Failed, 0},
		{"anything else, bare", `{"error":{"code":1}}`, authflow.Failed, 0},
		{"anything else, odd", `{"error":{"code":1,"message":{},"type":7}}`, authflow.Failed, 0},
		{"trouble of its own", graphSays(`"code":4,"is_transient":true`), "", 0},
		{"granted", facebookToken, authflow.Granted, 0},
		{"HTML", `<p>token-marker`, "", 0},
		{"cut", `{"access_token":"token-mark`, "", 0},
		{"empty", ``, "", 0},
		{"null", `null`, "", 0},
		{"nothing", `{}`, "", 0},
		{"an error that is none", `{"error":{}}`, "", 0},
		{"an error that is null", `{"error":null}`, "", 0},
	}
	p, err := provider.Facebook(facebookApp())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		for _, status := range []int{200, 400, 403} {
			t.Run(tt.name+" "+http.StatusText(status), func(t *testing.T) {
				inTime(t, time.Minute, p, facebookCode, func(t *testing.T, c *http.Client, g authflow.Grant, v *vendor) {
					v.status, v.body = status, tt.body
					a, err := p.Flows[0].Next(t.Context(), c, g, nil)
					checkAnswer(t, a, err, tt.want, tt.every)
				})
			})
		}
	}
	for _, status := range []int{429, 500, 503} { // what is not known may be the gateway's
		inTime(t, time.Minute, p, facebookCode, func(t *testing.T, c *http.Client, g authflow.Grant, v *vendor) {
			v.status, v.body = status, graphSays(`"code":2`)
			a, err := p.Flows[0].Next(t.Context(), c, g, nil)
			checkAnswer(t, a, err, "", 0)
		})
	}
}

func TestFacebookBegins(t *testing.T) {
	tests := []struct {
		name, body string
		want       error
	}{
		{"a code", facebookCode, nil},
		{"wrong client token", graphSays(`"code":190`), authflow.ErrSetup},
		{"no such app", graphSays(`"code":101`), authflow.ErrSetup},
		{"not switched on", graphSays(`"code":3`), errRefused},
		{"no such scope", graphSays(`"code":100`), errRefused},
		{"trouble of its own", graphSays(`"code":2,"is_transient":true`), errAgain},
		{"too often", graphSays(`"code":17,"error_subcode":1349172`), errAgain},
		{"HTML", `<p>`, errAgain},
	}
	for _, tt := range tests {
		for _, status := range []int{200, 400} {
			t.Run(tt.name+" "+http.StatusText(status), func(t *testing.T) {
				p, err := provider.Facebook(facebookApp())
				if err != nil {
					t.Fatal(err)
				}
				v := &vendor{t: t, status: status, kind: jsonType, body: strings.ReplaceAll(tt.body, "token-marker", "1234|client-marker")}
				_, err = p.Flows[0].Begin(t.Context(), v.client(), authflow.Ask{})
				checkBegin(t, err, tt.want)
			})
		}
	}
}

func TestFacebookWho(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   authflow.Identity // Issuer apart
		err    error
	}{
		{"all", 200, facebookUser, authflow.Identity{Subject: "10229", Name: "The Octocat"}, nil},
		{"a number", 200, `{"id":10229}`, authflow.Identity{Subject: "10229", Name: "10229"}, nil},
		{"no id", 200, `{"name":"x"}`, authflow.Identity{}, errRefused},
		{"token dead", 400, graphSays(`"code":190`), authflow.Identity{}, errRefused},
		{"token dead, with 200", 200, graphSays(`"code":190`), authflow.Identity{}, errRefused},
		{"down", 500, graphSays(`"code":2`), authflow.Identity{}, errAgain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := provider.Facebook(facebookApp())
			if err != nil {
				t.Fatal(err)
			}
			v := &vendor{t: t, status: tt.status, kind: jsonType, body: tt.body}
			who, err := p.Who(t.Context(), v.client(), authflow.Token{Access: "token-marker"})
			checkBegin(t, err, tt.err)
			if tt.err == nil {
				tt.want.Issuer = "https://www.facebook.com"
			}
			if who != tt.want {
				t.Errorf("got %+v, want %+v", who, tt.want)
			}
		})
	}
}

// inTime runs f in virtual time, so long after p's vendor issued code.
func inTime(t *testing.T, after time.Duration, p authflow.Provider, code string, f func(*testing.T, *http.Client, authflow.Grant, *vendor)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{t: t, status: 200, kind: jsonType, body: code}
		g, err := p.Flows[0].Begin(t.Context(), v.client(), authflow.Ask{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(after)
		f(t, v.client(), g, v)
	})
}

// checkAnswer compares an answer to a poll. every is the new pace, 0 for the old one.
func checkAnswer(t *testing.T, a authflow.Answer, err error, want authflow.State, every time.Duration) {
	t.Helper()
	if a.State != want || (err != nil) != (want == "") {
		t.Fatalf("got %q, %v, want %q", a.State, err, want)
	}
	if slowed := a.Grant != nil; slowed != (every > 0) || slowed && (a.Grant.Every != every || !a.Grant.Slowed) {
		t.Errorf("got %+v, want the pace %v", a.Grant, every)
	}
	if _, refusal := errors.AsType[*authflow.OAuthError](a.Err); refusal != (want == authflow.Failed) {
		t.Errorf("got %v with %s", a.Err, want)
	}
	if text := errors.Join(err, a.Err); text != nil && strings.Contains(text.Error(), "EAA-marker") {
		t.Errorf("got %v, want no secret in it", text)
	}
}

// asJSON is a form as JSON, its interval a number.
func asJSON(t *testing.T, form url.Values) string {
	t.Helper()
	flat := map[string]any{}
	for name := range form {
		flat[name] = form.Get(name)
	}
	if every := form.Get("interval"); every != "" {
		flat["interval"] = json.Number(every)
	}
	out, err := json.Marshal(flat)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
