package provider_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
)

func TestNewChoosesAKind(t *testing.T) {
	tests := []struct {
		name string
		app  provider.App
		want string // name, title, flow, issuer; or the error
	}{
		{"named", provider.App{Name: "github", ID: "app"}, "github, GitHub, device, https://github.com"},
		{"another name", provider.App{Name: "work", Kind: "github", ID: "app"}, "work, GitHub, device, https://github.com"},
		{"kind alone", provider.App{Kind: "github", ID: "app"}, "github, GitHub, device, https://github.com"},
		{"facebook", provider.App{Name: "facebook", ID: "app", ClientToken: "t"}, "facebook, Facebook, facebook, https://www.facebook.com"},
		{"anything", provider.App{Name: "acme", ID: "app", Issuer: "https://acme.example/"}, "acme, acme.example, device, https://acme.example/"},
		{"kind before name", provider.App{Name: "github", Kind: "oidc", ID: "app", Issuer: "https://acme.example"}, "github, acme.example, device, https://acme.example"},
		{"title", provider.App{Name: "github", Title: "Our hub", ID: "app"}, "github, Our hub, device, https://github.com"},
		{"unknown", provider.App{Name: "work", Kind: "gitea", ID: "app"}, `provider work: kind is "gitea": choose one of auth0, discord, facebook, github, gitlab, google, heroku, keycloak, microsoft, oidc, okta, slack, twitch`},
		{"neither issuer nor kind", provider.App{Name: "gihub", ID: "app"}, "provider gihub: issuer is missing: give the https URL that the service documents, as in https://login.example.com; only other kinds need none, such as github"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := provider.New(tt.app)
			got := fmt.Sprint(err)
			if err == nil {
				got = strings.Join([]string{p.Name, p.Title, p.Flows[0].Name(), p.Issuer}, ", ")
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if got := provider.Kinds(); !slices.IsSorted(got) || len(got) != 13 {
		t.Errorf("got kinds %v, want thirteen, sorted", got)
	}
}

// TestKindsAreDocumented reads the setting's tag.
func TestKindsAreDocumented(t *testing.T) {
	field, _ := reflect.TypeFor[provider.App]().FieldByName("Kind")
	kinds := provider.Kinds()
	last := len(kinds) - 1
	if want := strings.Join(kinds[:last], ", ") + " or " + kinds[last] + ";"; !strings.Contains(field.Tag.Get("doc"), want) {
		t.Errorf("got %s, want %s in it", field.Tag.Get("doc"), want)
	}
}

// TestMistakes finds each of them at once, and names its setting.
func TestMistakes(t *testing.T) {
	tests := []struct {
		name string
		app  provider.App
		want []string // setting and the beginning of what
	}{
		{"github, nothing", provider.App{Kind: "github"}, []string{"CLIENT_ID is missing: register an app"}},
		{"facebook, nothing", provider.App{Kind: "facebook"}, []string{"CLIENT_ID is missing", "CLIENT_TOKEN is missing: give the client token"}},
		{"oidc, nothing", provider.App{}, []string{"CLIENT_ID is missing", "ISSUER is missing: give the https URL"}},
		{"github, of no use", provider.App{Kind: "github", ID: "app", Issuer: "https://x.example", ClientToken: "marker"}, []string{
			"ISSUER is of no use to the kind github: remove it", "CLIENT_TOKEN is of no use to the kind github: remove it",
		}},
		{"facebook, of no use", provider.App{Kind: "facebook", ID: "app", ClientToken: "t", Issuer: "https://x.example", Auth: "post"}, []string{
			"ISSUER is of no use to the kind facebook", "CLIENT_AUTH is of no use to the kind facebook",
		}},
		{"oidc, of no use", provider.App{ID: "app", Issuer: "https://x.example", Base: "https://x.example", ClientToken: "marker"}, []string{
			"CLIENT_TOKEN is of no use to the kind oidc", "BASE_URL is of no use to the kind oidc",
		}},
		{"github, all", provider.App{
			Name: "My Hub", Kind: "github", Auth: "magic", Base: "http://hub.example",
			DeviceURL: "/d", TokenURL: "http://hub.example/t", UserinfoURL: "https://me:marker@hub.example",
			Flow: "pigeon", StartLimit: -1, APIHosts: []string{"https://a.example", "ok.example"}, VerifyHosts: []string{"a/b"},
		}, []string{
			` is "My Hub": give lower-case`, "CLIENT_ID is missing", `FLOW is "pigeon": choose device, browser or auto`, "START_LIMIT is -1: give", `CLIENT_AUTH is "magic": choose`,
			`API_HOSTS has "https://a.example": give host`, `VERIFY_HOSTS has "a/b": give host`,
			"DEVICE_URL is not an absolute URL", "TOKEN_URL is not an https URL", "USERINFO_URL is a URL with a user name",
			"BASE_URL is not an https URL",
		}},
		{"base with a query", provider.App{Kind: "facebook", ID: "app", ClientToken: "t", Base: "https://graph.example/v1.0?x=marker"}, []string{
			"BASE_URL is more than a root: give it without a query",
		}},
		{"google, nothing", provider.App{Kind: "google"}, []string{"CLIENT_ID is missing", "CLIENT_SECRET is missing: Google gives one with each client"}},
		{"slack", provider.App{Kind: "slack", ID: "app"}, []string{"CLIENT_SECRET is missing: Slack wants it of apps that sign people in through a browser"}},
		{"slack, by codes", provider.App{Kind: "slack", ID: "app", Secret: "marker", Flow: "device"}, []string{"FLOW is device, and Slack gives no codes to enter: choose browser"}},
		{"github, in a browser", provider.App{Kind: "github", ID: "app", Flow: "browser"}, []string{"CLIENT_SECRET is missing: GitHub wants it"}},
		{"heroku, in a browser", provider.App{Kind: "heroku", Flow: "browser"}, []string{"FLOW is browser, and Heroku has another way: choose device"}},
		{"facebook, in a browser", provider.App{Kind: "facebook", ID: "app", ClientToken: "t", Flow: "browser"}, []string{"FLOW is browser, and Facebook has another way here: choose device"}},
		{"keycloak, nothing", provider.App{Kind: "keycloak"}, []string{
			"CLIENT_ID is missing", "ISSUER is missing: give the https URL that the service documents, as in https://sso.example.com/realms/acme",
		}},
		{"keycloak, bad issuer", provider.App{Kind: "keycloak", ID: "app", Issuer: "https://x.example", AuthorizeURL: "http://localhost/", RevokeURL: "/r"}, []string{
			"AUTHORIZE_URL is not an https URL, as the issuer is one", "REVOKE_URL is not an absolute URL",
		}},
		{"gitlab, two roots", provider.App{Kind: "gitlab", ID: "app", Base: "https://x.example", Issuer: "https://x.example"}, []string{"BASE_URL is of no use beside ISSUER: remove one"}},
		{"heroku, of no use", provider.App{Kind: "heroku", ID: "app", Secret: "marker", Scopes: []string{"global"}}, []string{
			"CLIENT_ID is of no use to the kind heroku", "CLIENT_SECRET is of no use to the kind heroku", "SCOPES is of no use to the kind heroku",
		}},
		{"heroku, bad base", provider.App{Kind: "heroku", Base: "x"}, []string{"BASE_URL is not an absolute URL"}},
		{"bad issuer and endpoint", provider.App{ID: "app", Issuer: "x", TokenURL: "y"}, []string{"ISSUER is not an absolute URL", "TOKEN_URL is not an absolute URL"}},
		{"authentication without a secret", provider.App{Kind: "github", ID: "app", Auth: authflow.AuthPost}, []string{`CLIENT_AUTH is "post" and needs a client secret`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := provider.New(tt.app)
			all, ok := errors.AsType[provider.Mistakes](err)
			if !ok || len(all) != len(tt.want) || strings.Contains(err.Error(), "marker") {
				t.Fatalf("got %v, want the mistakes %q", err, tt.want)
			}
			for i, m := range all {
				if got := m.Setting + " " + m.What; !strings.HasPrefix(got, tt.want[i]) || !strings.Contains(err.Error(), m.String()) {
					t.Errorf("got %s in %v, want %s", got, err, tt.want[i])
				}
			}
		})
	}
}

// TestMistakesNameSettings compares with the tags, by which others read them.
func TestMistakesNameSettings(t *testing.T) {
	var tags []string
	for field := range reflect.TypeFor[provider.App]().Fields() {
		tags = append(tags, field.Tag.Get("env"))
	}
	_, err := provider.New(provider.App{
		Kind: "facebook", Flow: "x", StartLimit: -1, Issuer: "x", Auth: "x", Secret: "x", Base: "x", DeviceURL: "x", TokenURL: "x", UserinfoURL: "x",
		APIHosts: []string{"/"}, VerifyHosts: []string{"/"},
	})
	all, _ := errors.AsType[provider.Mistakes](err)
	if len(all) != 12 {
		t.Errorf("got %v, want 12 mistakes", err)
	}
	for _, m := range all {
		if !slices.Contains(tags, m.Setting) {
			t.Errorf("got a mistake in %q, want one of %q", m.Setting, tags)
		}
	}
}

func TestProvidersPrintNoSecrets(t *testing.T) {
	for _, app := range []provider.App{
		{Kind: "github", ID: "app", Secret: "secret-marker"},
		{Kind: "facebook", ID: "app", ClientToken: "token-marker"},
		{Kind: "oidc", ID: "app", Secret: "secret-marker", Issuer: "https://auth.example"},
	} {
		p, err := provider.New(app)
		if err != nil {
			t.Fatal(err)
		}
		f := p.Flows[0]
		if got := fmt.Sprintf("%v %+v %#v %v %+v %#v", p, p, p, f, f, f); strings.Contains(got, "marker") {
			t.Errorf("got %s, want no secret in it", got)
		}
	}
}

// preset is what is compared of a provider whose addresses are known.
func preset(t *testing.T, app provider.App) authflow.Provider {
	t.Helper()
	p, err := provider.New(app)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Flows) == 0 || p.Who == nil {
		t.Errorf("got flows %v, want some, and Who", p.Flows)
	}
	p.Flows, p.Who, p.Refresh, p.Revoke, p.Rotates = nil, nil, nil, nil, false
	return p
}
