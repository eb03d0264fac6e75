package provider

import (
	"cmp"
	"net/url"

	"github.com/usherbot/usher/authflow"
)

// OIDC is any service that speaks OpenID Connect, or OAuth 2.0 with a user info
// endpoint: Zitadel, Dex, Hydra, and those that have a preset. issuer is its URL
// exactly as the service documents it.
//
// The name is "oidc" and the title the issuer's host unless a has others. Scopes
// are openid and those of a; with none, openid and profile. a's own Issuer is not
// looked at.
func OIDC(issuer string, a App) (authflow.Provider, error) {
	a.Issuer = issuer
	p := preset{
		kind: "oidc", uses: []string{"ISSUER"}, example: "https://login.example.com",
		scopes:  []string{"openid", "profile"},
		account: claims(),
		any:     true,
	}
	if u, err := url.Parse(issuer); err == nil {
		a.Title = cmp.Or(a.Title, u.Hostname())
	}
	return p.make(a)
}

// claims is where user info has its account (OpenID Connect Core 1.0 section 5.1).
func claims() account {
	return account{
		id:   []string{"sub"},
		name: []string{"preferred_username", "name", "nickname", "email"},
		page: []string{"profile"},
	}
}
