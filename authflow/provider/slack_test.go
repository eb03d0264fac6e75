package provider_test

import (
	"errors"
	"testing"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
)

// verdict is what an error means for an account.
func verdict(err error) string {
	_, definite := errors.AsType[*authflow.OAuthError](err)
	switch {
	case err == nil:
		return "good"
	case errors.Is(err, authflow.ErrSetup):
		return "mend"
	case errors.Is(err, authflow.ErrUnclear):
		return "unclear"
	case definite:
		return "dead"
	}
	return "again"
}

// TestSlackRefuses with status 200 whatever it is, at each of its methods: only what is
// about the person's token ends an account.
func TestSlackRefuses(t *testing.T) {
	tests := []struct{ code, refresh, who, revoke string }{
		{"invalid_refresh_token", "dead", "dead", "again"},
		{"token_revoked", "dead", "dead", "good"},
		{"bad_client_secret", "mend", "dead", "again"},
		{"invalid_client_id", "mend", "dead", "again"},
		{"internal_error", "unclear", "again", "again"},
		{"fatal_error", "unclear", "again", "again"},
		{"service_unavailable", "again", "again", "again"},
		{"request_timeout", "again", "again", "again"},
		{"ratelimited", "again", "again", "again"},
		{"team_added_to_org", "again", "again", "again"},
	}
	for _, tt := range tests {
		for kind, scopes := range map[string][]string{"openid": nil, "api": {"users:read"}} {
			t.Run(tt.code+" "+kind, func(t *testing.T) {
				p, err := provider.New(provider.App{Kind: "slack", ID: "app", Secret: "secret-marker", Scopes: scopes})
				if err != nil {
					t.Fatal(err)
				}
				v := &vendor{t: t, status: 200, kind: jsonType, body: `{"ok":false,"error":"` + tt.code + `"}`}
				_, refresh := p.Refresh(t.Context(), v.client(), worn)
				_, who := p.Who(t.Context(), v.client(), worn)
				revoke := p.Revoke(t.Context(), v.client(), worn)
				if got := [3]string{verdict(refresh), verdict(who), verdict(revoke)}; got != [3]string{tt.refresh, tt.who, tt.revoke} {
					t.Errorf("got %q, want %s, %s and %s (%v, %v, %v)", got, tt.refresh, tt.who, tt.revoke, refresh, who, revoke)
				}
			})
		}
	}
}
