package slack

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// rejected is what an operator reads when Slack does not take the bot's token, or
// nil.
func rejected(err error) error {
	if !keyless(err) {
		return nil
	}
	return fmt.Errorf("SLACK_BOT_TOKEN: Slack does not take it (any more). Install the app again, and copy the token from OAuth & Permissions: %w", err)
}

// lostCodes say that the bot's token is good for nothing any more.
var lostCodes = strings.Fields(`invalid_auth account_inactive token_revoked token_expired not_authed`)

// errRemoved is what Slack tells by an event.
var errRemoved = errors.New("the workspace removed the app, or took its token back")

// keeps notes whether Slack still takes the bot's token: once it does not, an
// operator has to do something, and the bot is not ready. An answer to a request
// says that it does.
func (a *Adapter) keeps(err error) {
	r, refused := errors.AsType[*refusal](err)
	lost := errors.Is(err, errRemoved) || refused && slices.Contains(lostCodes, r.code)
	switch {
	case a.self.Load() == nil: // it starts, and says so then
	case lost && !a.lost.Swap(true):
		a.log.Error("Slack does not take the bot's token any more: install the app again, set SLACK_BOT_TOKEN to the token that OAuth & Permissions shows, and restart",
			"platform", platform, "error", err)
	case err == nil && a.lost.Swap(false):
		a.log.Info("Slack takes the bot's token again", "platform", platform)
	}
}
