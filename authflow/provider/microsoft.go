package provider

import (
	"strings"

	"github.com/usherbot/usher/authflow"
)

// Microsoft is Entra ID and personal accounts, or at a's Issuer those of one tenant.
// The app must allow public client flows, or have a secret. Who is somebody else in
// each app: subjects differ. Microsoft has no way to end an access but by hand.
func Microsoft(a App) (authflow.Provider, error) {
	return preset{
		kind: "microsoft", title: "Microsoft", root: "https://login.microsoftonline.com/common/v2.0", uses: []string{"ISSUER"},
		endpoints: metadata{
			Device:    "../oauth2/v2.0/devicecode",
			Authorize: "../oauth2/v2.0/authorize",
			Token:     "../oauth2/v2.0/token",
			Userinfo:  "https://graph.microsoft.com/oidc/userinfo",
		},
		sameIssuer: microsoftIssuer, named: []string{"https://login.microsoftonline.com/{tenantid}/v2.0"},
		scopes: []string{"openid", "profile", "offline_access"}, account: claims(),
		device: authflow.Device{NoPKCE: true}, keeps: true,
		apis:   []string{"graph.microsoft.com"},
		pages:  []string{"microsoft.com", "www.microsoft.com", "login.microsoft.com"},
		manage: "https://myapplications.microsoft.com",
	}.make(a)
}

// microsoftIssuer takes the document of common and organizations too, which has
// {tenantid} where a person's answers have a tenant.
func microsoftIssuer(found, want string) bool {
	before, after, is := strings.Cut(found, "{tenantid}")
	tenant, fits := strings.CutPrefix(want, before)
	tenant, ends := strings.CutSuffix(tenant, after)
	return is && fits && ends && tenant != "" && !strings.Contains(tenant, "/")
}
