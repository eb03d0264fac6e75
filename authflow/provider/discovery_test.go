package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core/seal"
)

// service has documents by URL, and grants a code to everybody.
type service struct {
	documents map[string]string
	down      bool
	delay     time.Duration

	mu     sync.Mutex
	asked  []string      // URLs
	posted *http.Request // the last
}

func (s *service) client() *http.Client {
	return client(func(r *http.Request) (*http.Response, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.Method == http.MethodPost {
			s.posted = r
			return answer(200, "application/json", `{"device_code":"d","user_code":"A","verification_uri":"https://auth.example/"}`)
		}
		s.asked = append(s.asked, r.URL.String())
		select {
		case <-time.After(s.delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		if s.down {
			return nil, errors.New("connection refused")
		}
		if body, ok := s.documents[r.URL.String()]; ok {
			return answer(200, "application/json", body)
		}
		return answer(404, "text/html", "<p>")
	})
}

// document is one of issuer, whose endpoints are at this base.
func document(issuer, base, more string) string {
	return fmt.Sprintf(`{"issuer":%q,"device_authorization_endpoint":"%s/d","token_endpoint":"%s/t","userinfo_endpoint":"%s/u"%s}`, issuer, base, base, base, more)
}

func begin(t *testing.T, s *service, issuer string, a provider.App) error {
	t.Helper()
	a.ID = "app"
	p, err := provider.OIDC(issuer, a)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Flows[0].Begin(t.Context(), s.client(), authflow.Ask{})
	return err
}

func TestDiscoveryFindsTheDocument(t *testing.T) {
	const oidc, oauth = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
	tests := []struct {
		name   string
		issuer string
		asked  []string // the last has the document
	}{
		{"root", "https://auth.example", []string{"https://auth.example" + oidc}},
		{"root with slash", "https://auth.example/", []string{"https://auth.example" + oidc}},
		{"path", "https://auth.example/realms/a", []string{"https://auth.example/realms/a" + oidc}},
		{"path with slash", "https://auth.example/realms/a/", []string{"https://auth.example/realms/a" + oidc}},
		{"RFC 8414, root", "https://auth.example/", []string{"https://auth.example" + oidc, "https://auth.example" + oauth}},
		{"RFC 8414, path", "https://auth.example:8443/realms/a%20b/", []string{
			"https://auth.example:8443/realms/a%20b" + oidc, "https://auth.example:8443" + oauth + "/realms/a%20b",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &service{documents: map[string]string{tt.asked[len(tt.asked)-1]: document(tt.issuer, "https://auth.example", "")}}
			if err := begin(t, s, tt.issuer, provider.App{}); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(s.asked, tt.asked) {
				t.Errorf("got %v asked, want %v", s.asked, tt.asked)
			}
		})
	}
}

func TestDiscoveryErrors(t *testing.T) {
	const issuer = "https://auth.example"
	tests := []struct {
		name, issuer, document string
		app                    provider.App
		want                   string // empty: none
	}{
		{"other issuer", issuer, document("https://evil.example", issuer, ""), provider.App{}, `the document is of the issuer "https://evil.example", not "https://auth.example"`},
		{"slash too many", issuer, document(issuer+"/", issuer, ""), provider.App{}, `issuer "https://auth.example/", not`},
		{"no issuer", issuer, `{}`, provider.App{}, `issuer ""`},
		{"HTML", issuer, `<p>`, provider.App{}, "not an answer that could be understood"},
		{"no token endpoint", issuer, `{"issuer":"https://auth.example","userinfo_endpoint":"https://auth.example/u"}`, provider.App{}, "no token_endpoint: set its URL"},
		{"no userinfo endpoint", issuer, `{"issuer":"https://auth.example","token_endpoint":"https://auth.example/t"}`, provider.App{}, "no userinfo_endpoint: set its URL"},
		{"endpoints by http", issuer, document(issuer, "http://auth.example", ""), provider.App{}, "token_endpoint: not an https URL"},
		{"endpoints on loopback", issuer, document(issuer, "http://127.0.0.1", ""), provider.App{}, "token_endpoint: not an https URL, as the issuer is one"},
		{"endpoints relative", issuer, document(issuer, "", ""), provider.App{}, "token_endpoint: not an absolute URL"},
		{"bad device endpoint", issuer, `{"issuer":"https://auth.example","device_authorization_endpoint":"ftp://x/","token_endpoint":"https://auth.example/t","userinfo_endpoint":"https://auth.example/u"}`, provider.App{}, "device_authorization_endpoint: not an https URL"},
		{"endpoints on loopback of an issuer there", "http://127.0.0.1:8080", document("http://127.0.0.1:8080", "http://localhost:9", ""), provider.App{}, ""},
		{"endpoints elsewhere", issuer, document(issuer, "https://other.example", ""), provider.App{}, ""},
		{"an override mends", issuer, document(issuer, "http://auth.example", ""), provider.App{TokenURL: issuer, UserinfoURL: issuer, DeviceURL: issuer}, ""},
		{"an override fills", issuer, `{"issuer":"https://auth.example","token_endpoint":"https://auth.example/t","userinfo_endpoint":"https://auth.example/u"}`, provider.App{DeviceURL: issuer}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &service{documents: map[string]string{tt.issuer + "/.well-known/openid-configuration": tt.document}}
			err := begin(t, s, tt.issuer, tt.app)
			if tt.want == "" {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
				return
			}
			_, refusal := errors.AsType[*authflow.OAuthError](err)
			if err == nil || !strings.Contains(err.Error(), tt.want) || refusal || errors.Is(err, authflow.ErrFlowOff) || s.posted != nil {
				t.Errorf("got %v, want %s, as an error worth another try", err, tt.want)
			}
			if setup := tt.name != "HTML"; errors.Is(err, authflow.ErrSetup) != setup { // HTML may be a gateway's
				t.Errorf("got %v, want ErrSetup: %v", err, setup)
			}
		})
	}
}

func TestDiscoveryWithoutDeviceEndpoint(t *testing.T) {
	s := &service{documents: map[string]string{
		"https://auth.example/.well-known/openid-configuration": `{"issuer":"https://auth.example","token_endpoint":"https://auth.example/t","userinfo_endpoint":"https://auth.example/u"}`,
	}}
	if err := begin(t, s, "https://auth.example", provider.App{}); !errors.Is(err, authflow.ErrFlowOff) {
		t.Errorf("got %v, want ErrFlowOff", err)
	}
	s = &service{}
	err := begin(t, s, "https://auth.example", provider.App{})
	if _, refusal := errors.AsType[*authflow.OAuthError](err); !errors.Is(err, authflow.ErrSetup) || refusal || errors.Is(err, authflow.ErrFlowOff) {
		t.Errorf("got %v without a document, want ErrSetup", err)
	}
}

func TestDiscoveryNotNeeded(t *testing.T) {
	s := &service{down: true}
	const at = "https://auth.example/x"
	app := provider.App{Secret: "s", DeviceURL: at, TokenURL: at, UserinfoURL: at}
	if err := begin(t, s, "https://auth.example", app); err != nil || len(s.asked) > 0 {
		t.Fatalf("got %v and %v asked, want no discovery", err, s.asked)
	}
	if err := s.posted.ParseForm(); err != nil || s.posted.PostForm.Get("client_secret") != "s" {
		t.Errorf("got %v, want the secret in the form where nothing says another way", err)
	}
}

func TestDiscoveryOfClientAuthentication(t *testing.T) {
	const at = "https://auth.example"
	tests := []struct {
		name    string
		secret  seal.Secret
		given   authflow.ClientAuth
		methods string
		want    authflow.ClientAuth
	}{
		{"public", "", "", `,"token_endpoint_auth_methods_supported":["client_secret_basic"]`, authflow.AuthNone},
		{"not said", "s", "", ``, authflow.AuthBasic},
		{"both", "s", "", `,"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"]`, authflow.AuthPost},
		{"basic", "s", "", `,"token_endpoint_auth_methods_supported":["private_key_jwt","client_secret_basic"]`, authflow.AuthBasic},
		{"post", "s", "", `,"token_endpoint_auth_methods_supported":["client_secret_post"]`, authflow.AuthPost},
		{"chosen", "s", authflow.AuthPost, `,"token_endpoint_auth_methods_supported":["client_secret_basic"]`, authflow.AuthPost},
		{"chosen none", "s", authflow.AuthNone, ``, authflow.AuthNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &service{documents: map[string]string{at + "/.well-known/openid-configuration": document(at, at, tt.methods)}}
			if err := begin(t, s, at, provider.App{Secret: tt.secret, Auth: tt.given}); err != nil {
				t.Fatal(err)
			}
			if err := s.posted.ParseForm(); err != nil {
				t.Fatal(err)
			}
			got := authflow.AuthNone
			if s.posted.PostForm.Has("client_secret") {
				got = authflow.AuthPost
			}
			if s.posted.Header.Get("Authorization") != "" {
				got = authflow.AuthBasic
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestDiscoveryIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const at = "https://auth.example"
		s := &service{documents: map[string]string{at + "/.well-known/openid-configuration": document(at, at, "")}, down: true}
		p, err := provider.OIDC(at, provider.App{ID: "app"})
		if err != nil {
			t.Fatal(err)
		}
		c := s.client()
		steps := []struct {
			name  string
			wait  time.Duration
			down  bool
			asked int // in all
			fails bool
		}{
			{"down", 0, true, 1, true},
			{"still down", 0, true, 2, true},
			{"up", 0, false, 3, false},
			{"remembered", 59 * time.Minute, true, 3, false},
			{"too old", time.Minute, true, 4, true},
			{"new", 0, false, 5, false},
		}
		for _, step := range steps {
			time.Sleep(step.wait)
			s.down = step.down
			_, err := p.Flows[0].Begin(t.Context(), c, authflow.Ask{})
			if (err != nil) != step.fails || len(s.asked) != step.asked {
				t.Errorf("%s: got %v after %d lookups, want failure: %v after %d", step.name, err, len(s.asked), step.fails, step.asked)
			}
		}
	})
}

// TestDiscoveryIsShared has the first of many who wait for a document leave.
func TestDiscoveryIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const at = "https://auth.example"
		s := &service{documents: map[string]string{at + "/.well-known/openid-configuration": document(at, at, "")}, delay: 5 * time.Second}
		p, err := provider.OIDC(at, provider.App{ID: "app"})
		if err != nil {
			t.Fatal(err)
		}
		c, results := s.client(), make(chan error)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		next := func(ctx context.Context) {
			_, err := p.Flows[0].Next(ctx, c, authflow.Grant{}, nil)
			results <- err
		}
		go next(ctx)
		synctest.Wait()
		for range 10 {
			go next(t.Context())
		}
		if err := <-results; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v for the first, want its deadline", err)
		}
		for range 10 {
			if err := <-results; errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v for another, want it to go on", err)
			}
		}
		if len(s.asked) != 1 {
			t.Errorf("got %d lookups, want one", len(s.asked))
		}
	})
}
