package authtest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
)

const (
	callback = "https://bot.example/oauth/callback/test?from=test"
	verifier = "a-verifier-of-forty-three-characters-or-more.~_"
)

var clients = []authtest.Client{
	{ID: "app", Name: "Usher", RedirectURIs: []string{callback}},
	{ID: "posts", Secret: "s3cret", Auth: authtest.Post, RedirectURIs: []string{callback}},
	{ID: "ba:sic", Secret: "s%cret", Auth: authtest.Basic},
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// app is a client application; it has none of usher's code in it.
type app struct {
	*testing.T
	srv  *authtest.Server
	http *http.Client
}

// bubble runs do against a server in virtual time.
func bubble(t *testing.T, o authtest.Options, do func(a app)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if o.Clients == nil {
			o.Clients = clients
		}
		srv := authtest.New(t, o)
		do(app{t, srv, srv.Client()})
	})
}

// answer is any JSON answer of the server.
type answer struct {
	status int
	header http.Header

	Error        string `json:"error"`
	DeviceCode   string `json:"device_code"`
	UserCode     string `json:"user_code"`
	URI          string `json:"verification_uri"`
	Complete     string `json:"verification_uri_complete"`
	Interval     int    `json:"interval"`
	ExpiresIn    int    `json:"expires_in"`
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope"`
	Subject      string `json:"sub"`
	Name         string `json:"preferred_username"`
	Email        string `json:"email"`
}

func (a app) do(req *http.Request) answer {
	a.Helper()
	res, err := a.http.Do(req)
	if err != nil {
		a.Fatalf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		a.Fatalf("read answer: %v", err)
	}
	got := answer{status: res.StatusCode, header: res.Header}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(body, &got); err != nil {
			a.Fatalf("decode answer: %v", err)
		}
		if got := res.Header.Get("Cache-Control"); got != "no-store" {
			a.Errorf("%s Cache-Control: got %q, want no-store", req.URL.Path, got)
		}
	}
	return got
}

// request makes a form post; pairs are names and values.
func (a app) request(at authtest.Endpoint, pairs ...string) *http.Request {
	a.Helper()
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequestWithContext(a.Context(), http.MethodPost, a.srv.URL()+string(at), strings.NewReader(f.Encode()))
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req
}

func (a app) post(at authtest.Endpoint, pairs ...string) answer {
	a.Helper()
	return a.do(a.request(at, pairs...))
}

// begin starts a device login of the public client.
func (a app) begin(pairs ...string) answer {
	a.Helper()
	got := a.post(authtest.Device, append([]string{"client_id", "app"}, pairs...)...)
	a.want(got, "")
	return got
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// poll asks once for the tokens of a device login.
func (a app) poll(d answer, pairs ...string) answer {
	a.Helper()
	return a.post(authtest.Token, append([]string{
		"client_id", "app", "grant_type", deviceGrant, "device_code", d.DeviceCode,
	}, pairs...)...)
}

// signIn goes all the way, as the first user.
func (a app) signIn(pairs ...string) answer {
	a.Helper()
	d := a.begin(pairs...)
	if err := a.srv.Approve(d.UserCode, authtest.User{}); err != nil {
		a.Fatalf("Approve: %v", err)
	}
	time.Sleep(5 * time.Second)
	got := a.poll(d)
	a.want(got, "")
	return got
}

func (a app) whoami(token string) answer {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), http.MethodGet, a.srv.URL()+string(authtest.UserInfo), nil)
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return a.do(req)
}

// want checks the error code of an answer; "" is success.
func (a app) want(got answer, code string) {
	a.Helper()
	if ok := got.status == http.StatusOK; got.Error != code || ok != (code == "") {
		a.Fatalf("got %d %q, want error %q", got.status, got.Error, code)
	}
}

func TestLoopback(t *testing.T) {
	srv, err := authtest.Start(authtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	res, err := srv.Client().Get(srv.URL() + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var doc map[string]any
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if doc["issuer"] != srv.URL() || !strings.HasPrefix(srv.URL(), "http://127.0.0.1:") {
		t.Errorf("issuer: got %v, want %s on loopback", doc["issuer"], srv.URL())
	}
	if err := srv.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := srv.Client().Get(srv.URL()); err == nil {
		t.Error("after Close: got an answer, want none")
	}
}

func TestOnlyLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:80"} {
		if srv, err := authtest.Start(authtest.Options{Place: stand.Place{Addr: addr}}); err == nil {
			t.Errorf("Start on %s: got a server, want an error", addr)
			srv.Close()
		}
	}
	if srv, err := authtest.Start(authtest.Options{Place: stand.Place{Listener: public{}}}); err == nil {
		t.Error("Start on a public listener: got a server, want an error")
		srv.Close()
	}
}

// public is a listener that others can reach.
type public struct{ net.Listener }

func (public) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (public) Close() error              { return nil }
func (public) Addr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

func TestWhere(t *testing.T) {
	tests := []struct {
		name string
		opt  func(n *pipe.Net) authtest.Options
		want string
	}{
		{"net", func(n *pipe.Net) authtest.Options { return authtest.Options{Place: stand.Place{Net: n}} }, "https://auth.example"},
		{"net and address", func(n *pipe.Net) authtest.Options {
			return authtest.Options{Place: stand.Place{Net: n, Addr: "id.example:8443"}}
		}, "http://id.example:8443"},
		{"listener", func(n *pipe.Net) authtest.Options {
			return authtest.Options{Place: stand.Place{Listener: n.Listen("id.example:443")}}
		}, "https://id.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := pipe.New()
			srv := authtest.New(t, tt.opt(n))
			if srv.URL() != tt.want {
				t.Errorf("URL: got %s, want %s", srv.URL(), tt.want)
			}
			res, err := n.Client().Get(tt.want + "/device")
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
		})
	}
}

func TestDiscovery(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		res, err := a.http.Get(a.srv.URL() + string(authtest.Discovery))
		if err != nil {
			a.Fatal(err)
		}
		defer res.Body.Close()
		var got map[string]any
		if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
			a.Fatal(err)
		}
		for name, want := range map[string]any{
			"issuer":                        "https://auth.example",
			"device_authorization_endpoint": "https://auth.example/oauth/device",
			"authorization_endpoint":        "https://auth.example/oauth/authorize",
			"token_endpoint":                "https://auth.example/oauth/token",
			"userinfo_endpoint":             "https://auth.example/oauth/userinfo",
			"revocation_endpoint":           "https://auth.example/oauth/revoke",
			"authorization_response_iss_parameter_supported": true,
		} {
			if got[name] != want {
				a.Errorf("%s: got %v, want %v", name, got[name], want)
			}
		}
	})
}

// What the server knows does not get into a log by accident.
func TestNothingPrints(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		tok := a.signIn()
		a.whoami(tok.AccessToken)
		js, err := json.Marshal([]any{a.srv.Requests(), clients})
		if err != nil {
			a.Fatal(err)
		}
		text := string(js)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			text += fmt.Sprintf(verb+verb+verb, a.srv, a.srv.Requests(), authtest.Options{Clients: clients})
		}
		for _, secret := range []string{tok.AccessToken, "s3cret", a.srv.Requests(authtest.Token)[0].Form.Get("device_code")} {
			if secret == "" || strings.Contains(text, secret) {
				a.Errorf("printed a secret, or none was there: %q", secret)
			}
		}
		if !strings.Contains(text, "POST /oauth/token client_id device_code grant_type") {
			a.Errorf("got %s, want it to name the parameters", text)
		}
	})
}
