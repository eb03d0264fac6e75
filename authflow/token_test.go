package authflow

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

var oldToken = Token{
	Access: "old-access-marker", Refresh: "old-refresh-marker", Type: "Bearer", Scopes: []string{"a", "b"}, Expires: noon,
}

func testClient() OAuthClient {
	return OAuthClient{ID: "app", TokenURL: "https://auth.example/token", RevokeURL: "https://auth.example/revoke"}
}

func TestTokenRequests(t *testing.T) {
	tests := []struct {
		name   string
		client func(*OAuthClient)
		token  Token
		revoke bool
		want   posted
	}{
		{"refresh", func(*OAuthClient) {}, oldToken, false, posted{"https://auth.example/token", "", url.Values{
			"client_id": {"app"}, "grant_type": {"refresh_token"}, "refresh_token": {"old-refresh-marker"},
		}}},
		{"refresh with more", func(c *OAuthClient) { c.Secret, c.Params = "s", url.Values{"resource": {"x"}} }, oldToken, false, posted{"https://auth.example/token", "", url.Values{
			"client_id": {"app"}, "client_secret": {"s"}, "grant_type": {"refresh_token"}, "refresh_token": {"old-refresh-marker"}, "resource": {"x"},
		}}},
		{"revoke", func(c *OAuthClient) { c.Params = url.Values{"resource": {"x"}} }, oldToken, true, posted{"https://auth.example/revoke", "", url.Values{
			"client_id": {"app"}, "token": {"old-refresh-marker"}, "token_type_hint": {"refresh_token"},
		}}},
		{"revoke by basic", func(c *OAuthClient) { c.Secret, c.Auth = "s:1", AuthBasic }, Token{Access: "a"}, true, posted{
			"https://auth.example/revoke", "Basic YXBwOnMlM0Ex", url.Values{"client_id": {"app"}, "token": {"a"}, "token_type_hint": {"access_token"}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &server{t: t, bodies: []string{`{"access_token":"x"}`}}
			c := testClient()
			tt.client(&c)
			var err error
			if tt.revoke {
				err = c.Revoke(t.Context(), s.client(), tt.token)
			} else {
				_, err = c.Refresh(t.Context(), s.client(), tt.token)
			}
			if err != nil || len(s.seen) != 1 || !reflect.DeepEqual(s.seen[0], tt.want) {
				t.Errorf("got %v, %v, want %v", s.seen, err, tt.want)
			}
		})
	}
}

func TestRefreshedToken(t *testing.T) {
	tests := []struct {
		name, body string
		want       Token
		lives      time.Duration // 0: not known
	}{
		{
			"all of it", `{"access_token":"new","refresh_token":"next","token_type":"bearer","expires_in":60,"scope":"a"}`,
			Token{Access: "new", Refresh: "next", Type: "bearer", Scopes: []string{"a"}},
			time.Minute,
		},
		{
			"the least", `{"access_token":"new"}`,
			Token{Access: "new", Refresh: "old-refresh-marker", Type: "Bearer", Scopes: []string{"a", "b"}},
			0,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := testClient().Refresh(t.Context(), over(says(200, jsonType, tt.body)), oldToken)
			if lives := time.Until(got.Expires); tt.lives > 0 && (lives > tt.lives || lives < tt.lives-10*time.Second) || tt.lives == 0 && !got.Expires.IsZero() {
				t.Errorf("got it good until %v, want for %v", got.Expires, tt.lives)
			}
			got.Expires = time.Time{}
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got another token, %v, want %v with %v", err, tt.want.Type, tt.want.Scopes)
			}
		})
	}
}

// what an error of a refresh is for.
func kind(err error) string {
	_, refused := errors.AsType[*OAuthError](err)
	switch {
	case errors.Is(err, ErrSetup):
		return "mend"
	case errors.Is(err, ErrUnclear):
		return "unclear"
	case refused:
		return "dead"
	}
	return "again"
}

func TestRefreshErrors(t *testing.T) {
	tests := []struct {
		name   string
		status int
		kind   string
		body   string
		want   string
	}{
		{"the standard's word", 400, jsonType, `{"error":"invalid_grant"}`, "dead"},
		{"with another status", 403, jsonType, `{"error":"invalid_grant"}`, "dead"},
		{"GitHub's", 200, jsonType, `{"error":"bad_refresh_token"}`, "dead"},
		{"GitHub's as a form", 200, formType, `error=bad_refresh_token`, "dead"},
		{"Twitch's", 400, jsonType, `{"error":"Bad Request","status":400,"message":"Invalid refresh token"}`, "dead"},
		{"Twitch's, short", 401, jsonType, `{"status":401,"message":"Invalid refresh token"}`, "dead"},
		{"Microsoft's", 400, jsonType, `{"error":"interaction_required"}`, "dead"},
		{"about the request", 400, jsonType, `{"error":"invalid_request"}`, "dead"},
		{"no words, 400", 400, "text/html", `<p>x`, "dead"},
		{"no words, 401", 401, "", ``, "dead"},
		{"a token of another type", 200, jsonType, `{"access_token":"x","token_type":"mac"}`, "dead"},
		{"an accident, by a good status", 200, jsonType, `{"error":"server_error"}`, "unclear"},
		{"the client", 401, jsonType, `{"error":"invalid_client"}`, "mend"},
		{"the client, in GitHub's words", 200, jsonType, `{"error":"incorrect_client_credentials"}`, "mend"},
		{"the client, in Twitch's words", 400, jsonType, `{"status":400,"message":"Invalid client"}`, "mend"},
		{"not allowed", 400, jsonType, `{"error":"unauthorized_client"}`, "mend"},
		{"not offered", 400, jsonType, `{"error":"unsupported_grant_type"}`, "mend"},
		{"down", 503, "text/plain", `down`, "again"},
		{"down, with a word", 400, jsonType, `{"error":"temporarily_unavailable"}`, "again"},
		{"broken", 500, jsonType, `{"error":"server_error"}`, "again"},
		{"broken, with a word of its own", 500, jsonType, `{"error":"oops"}`, "again"},
		{"too many", 429, jsonType, `{"error":"slow_down"}`, "again"},
		{"forbidden by somebody in between", 403, "text/html", `<p>x`, "again"},
		{"a redirect", 302, "text/html", ``, "again"},
		{"a gateway", 502, "text/html", `<p>x`, "unclear"},
		{"a gateway that waited", 504, jsonType, `{"error":"x"}`, "unclear"},
		{"a captive portal", 200, "text/html", `<p>x`, "unclear"},
		{"half a token", 200, jsonType, `{"access_token":"old-refresh-mark`, "unclear"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := testClient().Refresh(t.Context(), over(says(tt.status, tt.kind, tt.body)), oldToken)
			if got := kind(err); err == nil || got != tt.want {
				t.Errorf("got %v: %s, want %s", err, got, tt.want)
			}
			if died := mortal(err); died != (tt.want == "dead") {
				t.Errorf("got it deadly: %v, of %v", died, err)
			}
		})
	}
}

// TestRefreshWithoutAnAnswer knows that a request did not leave when there was no
// connection to send it by, and only then.
func TestRefreshWithoutAnAnswer(t *testing.T) {
	tests := []struct {
		name string
		dial error
		want string
	}{
		{"nobody listens", errors.New("connection refused"), "again"},
		{"somebody hangs up", nil, "unclear"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := NewClient(&http.Client{Transport: &http.Transport{
				DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
					if tt.dial != nil {
						return nil, tt.dial
					}
					near, far := net.Pipe()
					return near, far.Close()
				},
			}})
			_, err := testClient().Refresh(t.Context(), c, oldToken)
			if got := kind(err); err == nil || got != tt.want {
				t.Errorf("got %v: %s, want %s", err, got, tt.want)
			}
		})
	}
	_, err := testClient().Refresh(t.Context(), over(func(*http.Request) (*http.Response, error) { return nil, errors.New("lost") }), oldToken)
	if got := kind(err); got != "unclear" {
		t.Errorf("got %v: %s of a transport that says nothing, want unclear", err, got)
	}
}

func TestRevokeAnswers(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   string // of the error; empty: it is revoked
	}{
		{"empty", 200, ``, ""},
		{"an object", 200, `{}`, ""},
		{"no content", 204, ``, ""},
		{"unknown, in Google's words", 400, `{"error":"invalid_token"}`, ""},
		{"unknown, in Twitch's words", 400, `{"status":400,"message":"Invalid token"}`, ""},
		{"refused with 200", 200, `{"error":"invalid_client"}`, "again"},
		{"not that kind", 400, `{"error":"unsupported_token_type"}`, "dead"},
		{"not the client", 401, `{"error":"invalid_client"}`, "dead"},
		{"not there", 404, ``, "dead"},
		{"down", 503, ``, "again"},
		{"too many", 429, ``, "again"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := testClient().Revoke(t.Context(), over(says(tt.status, jsonType, tt.body)), oldToken)
			if (err == nil) != (tt.want == "") || err != nil && kind(err) != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	c := testClient()
	c.RevokeURL = ""
	if err := c.Revoke(t.Context(), nil, oldToken); !errors.Is(err, ErrNoRevocation) {
		t.Errorf("got %v without an endpoint, want ErrNoRevocation", err)
	}
}

func TestTokenErrorsHoldNoSecrets(t *testing.T) {
	c := testClient()
	c.Secret = "secret-marker"
	for _, status := range []int{200, 400, 401, 500} {
		quoting := over(says(status, jsonType, `{"error":"old-refresh-marker","error_description":"old-access-marker secret-marker"}`))
		_, err := c.Refresh(t.Context(), quoting, oldToken)
		for _, err := range []error{err, c.Revoke(t.Context(), quoting, oldToken)} {
			if err == nil || strings.Contains(err.Error(), "marker") {
				t.Errorf("got %v of status %d, want an error that quotes nothing", err, status)
			}
		}
	}
}
