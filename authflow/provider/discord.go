package provider

import "github.com/usherbot/usher/authflow"

// Discord is discord.com. Its device flow is made for apps with the scope
// sdk.social_layer; where it refuses others, people sign in with a browser.
func Discord(a App) (authflow.Provider, error) {
	return preset{
		kind: "discord", title: "Discord", root: "https://discord.com", uses: []string{"BASE_URL"},
		endpoints: metadata{
			Device:    "api/v10/oauth2/device/authorize",
			Authorize: "oauth2/authorize",
			Token:     "api/v10/oauth2/token",
			Userinfo:  "api/v10/users/@me",
			Revoke:    "api/v10/oauth2/token/revoke",
		},
		scopes:  []string{"identify"},
		account: account{id: []string{"id"}, name: []string{"username", "global_name"}},
		auth:    authflow.AuthBasic,
		refused: discordRefused,
		manage:  "settings/authorized-apps",
	}.make(a)
}

// discordRefused is any refusal but that of the app itself: there is no telling how
// it is put.
func discordRefused(no *authflow.OAuthError) error {
	if no.Code == "invalid_client" {
		return nil
	}
	return authflow.ErrFlowOff
}
