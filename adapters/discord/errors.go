package discord

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

// codeInvalidRecipient: nobody whom a bot can write to. discordgo has no name for it.
const codeInvalidRecipient = 50033

// aMinute is how long to leave Discord alone where it does not say.
const aMinute = time.Minute

// refusal is what Discord says when it does not do what was asked.
type refusal struct {
	does   string
	status int
	code   int // 0: none
	text   string
	hook   bool          // an interaction's token was used, which has limits of its own
	after  time.Duration // of a 429
}

func (e *refusal) Error() string {
	if e.code == 0 {
		return fmt.Sprintf("%s: %d %s", e.does, e.status, e.text)
	}
	return fmt.Sprintf("%s: %d %s (%d)", e.does, e.status, e.text, e.code)
}

// Unwrap returns what core makes of it, or nil.
func (e *refusal) Unwrap() error {
	switch {
	case e.status == http.StatusTooManyRequests:
		return &core.Slow{After: e.after, Alone: e.hook}
	case e.code == discordgo.ErrCodeOpeningDirectMessagesTooFast,
		e.code == discordgo.ErrCodeMaximumNumberOfEditsToMessagesOlderThanOneHourReached:
		return &core.Slow{After: aMinute}
	}
	switch e.code {
	case discordgo.ErrCodeUnknownChannel, discordgo.ErrCodeUnknownMessage, discordgo.ErrCodeUnknownWebhook,
		discordgo.ErrCodeUnknownInteraction, discordgo.ErrCodeInvalidWebhookTokenProvided,
		discordgo.ErrCodePerformedOperationOnArchivedThread, discordgo.ErrCodeCannotEditFromAnotherUser:
		return core.ErrGone
	}
	if e.status == http.StatusForbidden {
		return core.ErrForbidden // it is said in many ways: 50001, 50007, 50013, 50278, …
	}
	return nil
}

// codeOf is the code of a refusal, 0 of any other error.
func codeOf(err error) int {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.code
	}
	return 0
}

// takesNoFile reports whether Discord has refused a request for what may be its file:
// the bot has no permission to attach any, or this one is too large.
func takesNoFile(err error) bool {
	code := codeOf(err)
	return code == discordgo.ErrCodeMissingPermissions || code == discordgo.ErrCodeRequestEntityTooLarge
}

// passing reports whether an error is Discord's, or the network's, and may be
// gone at the next try.
func passing(err error) bool {
	_, out := errors.AsType[*reach.Outage](err)
	return out
}

// hopeless reports whether Discord has understood a request and will never do it.
func hopeless(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.status != http.StatusTooManyRequests
}

// unsure reports whether a request may have been done: it got no answer in time,
// or one that cannot be read.
func unsure(err error) bool {
	out, ok := errors.AsType[*reach.Outage](err)
	return ok && (errors.Is(err, reach.ErrTimeout) || out.Status >= 200 && out.Status < 300)
}

// rejected is what an operator reads when Discord does not know the token, or
// nil.
func rejected(err error) error {
	r, ok := errors.AsType[*refusal](err)
	switch {
	case ok && r.status == http.StatusUnauthorized && !r.hook:
		return fmt.Errorf("DISCORD_TOKEN: Discord does not know it (any more). Reset the bot's token in the developer portal, and set the new one: %w", err)
	case ok && r.status == http.StatusNotFound && r.code == 0:
		return fmt.Errorf("DISCORD_API_BASE: Discord is not there: %w", err)
	}
	return nil
}
