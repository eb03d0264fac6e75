package provider

import "github.com/usherbot/usher/authflow"

// GitLab is gitlab.com, or the server at a's Base, from version 17.3 on. The app
// needs the scope openid and, unless it is confidential, no secret.
func GitLab(a App) (authflow.Provider, error) {
	return preset{
		kind: "gitlab", title: "GitLab", root: "https://gitlab.com", uses: []string{"ISSUER", "BASE_URL"},
		endpoints: metadata{
			Device:    "oauth/authorize_device",
			Authorize: "oauth/authorize",
			Token:     "oauth/token",
			Userinfo:  "oauth/userinfo",
			Revoke:    "oauth/revoke",
		},
		scopes: []string{"openid", "profile"},
		account: account{ // of user info, or of api/v4/user: both have the same id
			id:   []string{"sub", "id"},
			name: []string{"preferred_username", "nickname", "username", "name"},
			page: []string{"profile", "web_url"},
		},
		manage: "-/user_settings/applications",
		apart:  true, // its record has both tokens of a login
	}.make(a)
}
