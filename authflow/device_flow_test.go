package authflow_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/seal"
)

// deviceAt is the device flow of a client at srv.
func deviceAt(srv *authtest.Server, secret seal.Secret, auth authflow.ClientAuth) authflow.Device {
	return authflow.Device{
		DeviceURL: srv.URL() + string(authtest.Device), TokenURL: srv.URL() + string(authtest.Token),
		ClientID: "app", Secret: secret, Auth: auth, Scopes: []string{"openid"},
	}
}

// TestDeviceFlow goes from the code to the token, with each way of client
// authentication at servers that take PKCE, insist on it, or do not know it.
func TestDeviceFlow(t *testing.T) {
	clients := []struct {
		name   string
		client authtest.Client
		secret seal.Secret
		auth   authflow.ClientAuth
	}{
		{"none", authtest.Client{ID: "app"}, "", ""},
		{"post", authtest.Client{ID: "app", Secret: "s:e c%r&t", Auth: authtest.Post}, "s:e c%r&t", ""},
		{"basic", authtest.Client{ID: "app", Secret: "s:e c%r&t", Auth: authtest.Basic}, "s:e c%r&t", authflow.AuthBasic},
	}
	pkces := map[string]authtest.PKCE{
		"optional": authtest.PKCEOptional, "required": authtest.PKCERequired, "refused": authtest.PKCERefused,
	}
	for _, tt := range clients {
		for name, pkce := range pkces {
			t.Run(tt.name+" PKCE "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := authtest.New(t, authtest.Options{Clients: []authtest.Client{tt.client}, PKCE: pkce})
					signIn(t, srv, deviceAt(srv, tt.secret, tt.auth))
				})
			})
		}
	}
}

func signIn(t *testing.T, srv *authtest.Server, d authflow.Device) {
	t.Helper()
	c := authflow.NewClient(srv.Client())
	g, err := d.Begin(t.Context(), c, authflow.Ask{Scopes: []string{"profile"}})
	if err != nil {
		t.Fatal(err)
	}
	if codes := srv.Pending(); len(codes) != 1 || codes[0] != g.Show.Code || !strings.HasPrefix(g.Show.FullURL, g.Show.URL) {
		t.Errorf("got %+v to show, want the code %v", g.Show, codes)
	}
	ask := func(want authflow.State) authflow.Answer {
		t.Helper()
		time.Sleep(g.Every)
		a, err := d.Next(t.Context(), c, g, nil)
		if err != nil || a.State != want {
			t.Fatalf("got %+v, %v, want %s", a, err, want)
		}
		return a
	}
	ask(authflow.Waiting)
	if a, err := d.Next(t.Context(), c, g, nil); err != nil || a.Grant == nil || !a.Grant.Slowed || a.Grant.Every != 10*time.Second {
		t.Fatalf("got %+v, %v right after another poll, want a slower pace of 10 s", a, err)
	} else {
		g = *a.Grant
	}
	if err := srv.Approve(g.Show.Code, authtest.User{}); err != nil {
		t.Fatal(err)
	}
	token := ask(authflow.Granted).Token
	if token.Access == "" || token.Refresh == "" || !token.Expires.Equal(time.Now().Add(time.Hour)) {
		t.Errorf("got %+v, want an access and a refresh token for an hour", token)
	}
	ask(authflow.Failed) // the code was used
	if n := len(srv.Requests(authtest.Token)); n != 4 {
		t.Errorf("got %d token requests, want one a poll, 4", n)
	}
}

func TestDeviceFlowEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := authtest.New(t, authtest.Options{})
		d, c := deviceAt(srv, "", ""), authflow.NewClient(srv.Client())
		ends := []struct {
			end  func(code string) error
			want authflow.State
		}{
			{srv.Deny, authflow.Denied},
			{srv.Expire, authflow.Expired},
		}
		for _, tt := range ends {
			g, err := d.Begin(t.Context(), c, authflow.Ask{})
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.end(g.Show.Code); err != nil {
				t.Fatal(err)
			}
			time.Sleep(g.Every)
			if a, err := d.Next(t.Context(), c, g, nil); err != nil || a.State != tt.want {
				t.Errorf("got %+v, %v, want %s", a, err, tt.want)
			}
		}
	})
}

// TestDeviceFlowSurvivesTrouble meets everything that a network can do, and then
// still gets its answer.
func TestDeviceFlowSurvivesTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := authtest.New(t, authtest.Options{})
		d, c := deviceAt(srv, "", ""), authflow.NewClient(srv.Client())
		g, err := d.Begin(t.Context(), c, authflow.Ask{})
		if err != nil {
			t.Fatal(err)
		}
		faults := map[string]stand.Fault{
			"HTML with 502": stand.HTML(502),
			"HTML with 200": stand.HTML(200),
			"cut":           authtest.CutBody(),
			"drop":          stand.Drop(),
			"hang":          stand.Hang(),
			"empty":         stand.Custom(200, "application/json", ""),
			"endless":       stand.Custom(200, "application/json", strings.Repeat(" ", 2<<20)),
		}
		for name, fault := range faults {
			time.Sleep(g.Every)
			srv.Break(authtest.Token, fault)
			before := time.Now()
			_, err := d.Next(t.Context(), c, g, nil)
			_, refusal := errors.AsType[*authflow.OAuthError](err)
			if err == nil || refusal || strings.Contains(err.Error(), string(authtest.Token)) {
				t.Errorf("%s: got %v, want an error worth another try, without a path in it", name, err)
			}
			if took := time.Since(before); took > 10*time.Second {
				t.Errorf("%s: got an answer after %v, want it within 10 s", name, took)
			}
		}
		srv.Break(authtest.Token, authtest.Unavailable(42*time.Second))
		_, err = d.Next(t.Context(), c, g, nil)
		if later, ok := errors.AsType[*authflow.Later](err); !ok || later.After != 42*time.Second {
			t.Errorf("got %v, want a *Later of 42 s", err)
		}
		time.Sleep(g.Every)
		if a, err := d.Next(t.Context(), c, g, nil); err != nil || a.State != authflow.Waiting {
			t.Errorf("got %+v, %v, want Waiting", a, err)
		}
	})
}

func TestDeviceFlowStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := authtest.New(t, authtest.Options{})
		d, c := deviceAt(srv, "", ""), authflow.NewClient(srv.Client())
		g, err := d.Begin(t.Context(), c, authflow.Ask{})
		if err != nil {
			t.Fatal(err)
		}
		srv.Break(authtest.Token, stand.Hang())
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		before := time.Now()
		if _, err := d.Next(ctx, c, g, nil); !errors.Is(err, context.Canceled) || time.Since(before) != time.Second {
			t.Errorf("got %v after %v, want context.Canceled after 1 s", err, time.Since(before))
		}
	})
}
