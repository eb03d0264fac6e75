package authtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
)

const graph = "/v23.0"

var facebookClients = []authtest.Client{{ID: "1234", Token: "client-token"}, {ID: "5678"}, {ID: "app"}}

// facebook posts as an app.
func (a app) facebook(at authtest.Endpoint, pairs ...string) heard {
	a.Helper()
	return a.hear(a.request(graph+at, append([]string{"access_token", "1234|client-token"}, pairs...)...))
}

func (a app) pollFacebook(code heard) heard {
	a.Helper()
	return a.facebook(authtest.FacebookToken, "code", code.text("code"))
}

// meant is the code and the subcode of an error.
func (h heard) meant() string {
	no, _ := h.said["error"].(map[string]any)
	if no == nil {
		return ""
	}
	return strings.TrimSuffix(fmt.Sprintf("%.0f %.0f", no["code"], no["error_subcode"]), " %!f(<nil>)")
}

func TestFacebook(t *testing.T) {
	for _, status := range []int{0, 200} {
		bubble(t, authtest.Options{Clients: facebookClients, FacebookStatus: status}, func(a app) {
			want := status
			if want == 0 {
				want = http.StatusBadRequest
			}
			code := a.facebook(authtest.FacebookDevice, "scope", "email,user_likes")
			if strings.Contains(code.text("user_code"), "-") || code.text("verification_uri") != a.srv.URL()+"/device" || len(code.said) != 5 {
				a.Fatalf("got %v, want a code without a dash", code)
			}
			if got := a.srv.Pending(); len(got) != 1 || got[0] != code.text("user_code") {
				a.Errorf("got %v pending, want %s", got, code.text("user_code"))
			}
			if got := a.pollFacebook(code); got.meant() != "17 1349172" || got.status != want {
				a.Errorf("got %v at once, want 1349172", got)
			}
			time.Sleep(10 * time.Second)
			if got := a.pollFacebook(code); got.meant() != "31 1349174" || got.status != want {
				a.Errorf("got %v, want 1349174", got)
			}
			if err := a.srv.Approve(code.text("user_code"), authtest.User{}); err != nil {
				a.Fatal(err)
			}
			time.Sleep(10 * time.Second)
			got := a.pollFacebook(code)
			token := got.text("access_token")
			if token == "" || got.said["expires_in"] != 5184000.0 || got.said["data_access_expiration_time"] == nil || len(got.said) != 3 {
				a.Fatalf("got %v, want a token for 60 days", got)
			}
			a.checkFacebookUser(token, want)
			if got := a.pollFacebook(code); got.meant() != "463 1349152" {
				a.Errorf("got %v once more, want 1349152", got)
			}
		})
	}
}

func (a app) checkFacebookUser(token string, status int) {
	a.Helper()
	if got := a.me("/v1.0/me?fields=id,name", token, ""); got.body != `{"id":"583231","name":"The Octocat"}` {
		a.Errorf("got %v, want the id, in a string, and the name", got)
	}
	if got := a.me(graph+"/me?fields=id", token, ""); got.body != `{"id":"583231"}` {
		a.Errorf("got %v, want the id alone", got)
	}
	if got := a.me(graph+"/me", token+"x", ""); got.meant() != "190" || got.status != status {
		a.Errorf("got %v for a wrong token, want 190", got)
	}
	if got := a.me(graph+"/me?access_token="+token, token, ""); got.meant() != "100" {
		a.Errorf("got %v for a token in the query, want 100", got)
	}
	if got := a.me("/me", token, ""); got.status != http.StatusNotFound {
		a.Errorf("got %v without a version, want 404", got)
	}
	if n := len(a.srv.Requests(authtest.FacebookUser)); n != 5 {
		a.Errorf("got %d requests at me, want 5", n)
	}
	time.Sleep(60 * 24 * time.Hour)
	if got := a.me(graph+"/me", token, ""); got.meant() != "190" {
		a.Errorf("got %v after 60 days, want 190", got)
	}
}

func TestFacebookEnds(t *testing.T) {
	bubble(t, authtest.Options{Clients: facebookClients}, func(a app) {
		for want, end := range map[string]func(string) error{"31 1349173": a.srv.Deny, "463 1349152": a.srv.Expire} {
			code := a.facebook(authtest.FacebookDevice)
			if err := end(code.text("user_code")); err != nil {
				a.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			if got := a.pollFacebook(code); got.meant() != want {
				a.Errorf("got %v, want %s", got, want)
			}
		}
	})
}

func TestFacebookRefuses(t *testing.T) {
	tests := []struct {
		name, path, query string
		pairs             []string
		want              string
	}{
		{"right", graph + "/device/login", "", []string{"access_token", "1234|client-token"}, ""},
		{"another version", "/v1.12/device/login", "", []string{"access_token", "1234|client-token"}, ""},
		{"no token", graph + "/device/login", "", nil, "190"},
		{"wrong token", graph + "/device/login", "", []string{"access_token", "1234|x"}, "190"},
		{"unknown app", graph + "/device/login_status", "", []string{"access_token", "x|client-token"}, "190"},
		{"app without a client token", graph + "/device/login", "", []string{"access_token", "5678|"}, "190"},
		{"token in the query", graph + "/device/login", "access_token=x", []string{"access_token", "1234|client-token"}, "100"},
		{"scopes with spaces", graph + "/device/login", "", []string{"access_token", "1234|client-token", "scope", "a b"}, "100"},
		{"unknown code", graph + "/device/login_status", "", []string{"access_token", "1234|client-token", "code", "x"}, "463 1349152"},
		{"no version", "/latest/device/login", "", []string{"access_token", "1234|client-token"}, "404"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{Clients: facebookClients}, func(a app) {
				req := a.request(authtest.Endpoint(tt.path), tt.pairs...)
				req.URL.RawQuery = tt.query
				got := a.hear(req)
				if meant := got.meant(); meant != tt.want && fmt.Sprint(got.status) != tt.want {
					a.Errorf("got %v, want %s", got, tt.want)
				}
			})
		})
	}
}

// TestFaultsOfDialects reach an endpoint below any version.
func TestFaultsOfDialects(t *testing.T) {
	bubble(t, authtest.Options{Clients: facebookClients}, func(a app) {
		a.srv.Break(authtest.FacebookDevice, stand.HTML(502))
		a.srv.Break(authtest.GitHubUser, stand.HTML(502), stand.HTML(502))
		if got := a.facebook(authtest.FacebookDevice); got.status != 502 {
			a.Errorf("got %v, want 502", got)
		}
		for _, path := range []string{"/user", "/api/v3/user"} {
			if got := a.me(path, "", ""); got.status != 502 {
				a.Errorf("got %v at %s, want 502", got, path)
			}
		}
	})
}

// TestDialectsShareThePages types a code of each into the page.
func TestDialectsShareThePages(t *testing.T) {
	bubble(t, authtest.Options{Clients: facebookClients}, func(a app) {
		for _, code := range []string{a.facebook(authtest.FacebookDevice).text("user_code"), a.github(authtest.GitHubDevice).text("user_code")} {
			if got := a.me("/device?user_code="+code, "", ""); got.status != 200 || !strings.Contains(got.body, `value="`+code+`"`) {
				a.Errorf("got %d, want a page with the code %s filled in", got.status, code)
			}
		}
	})
}
