package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

const (
	callTimeout = 15 * time.Second
	maxAnswer   = 16 << 20 // bytes
)

var errForeign = errors.New("the answer is not Slack's")

// The methods that need another key than the bot's token.
const (
	openConnection = "apps.connections.open"
	responseURL    = "response_url"
	uploadURL      = "upload_url"
)

// call does one request. Its errors are a *refusal, a *reach.Outage or that of ctx.
func (a *Adapter) call(ctx context.Context, method string, do func(context.Context) error) error {
	ctx, stop := context.WithTimeoutCause(ctx, callTimeout, reach.ErrTimeout)
	defer stop()
	err := judge(ctx, method, do(ctx))
	if !slices.Contains([]string{openConnection, responseURL, uploadURL}, method) {
		a.keeps(err)
	}
	return err
}

// judge gives an error of the client library its meaning. What Slack quotes of a
// request, and addresses, are in none of them.
func judge(ctx context.Context, method string, err error) error {
	if err == nil {
		return nil
	}
	if said, ok := errors.AsType[api.SlackErrorResponse](err); ok {
		return &refusal{method: method, code: plain(said.Err), detail: detail(said)}
	}
	if slow, ok := errors.AsType[*api.RateLimitedError](err); ok {
		return &refusal{method: method, code: "ratelimited", after: slow.RetryAfter}
	}
	status, answered := errors.AsType[api.StatusCodeError](err)
	lost, unanswered := errors.AsType[*lostError](err)
	switch {
	case answered && status.Code == http.StatusTooManyRequests:
		return &refusal{method: method, code: "ratelimited"}
	case answered:
		return &reach.Outage{Does: method, Status: status.Code, Err: errForeign}
	case errors.Is(context.Cause(ctx), reach.ErrTimeout):
		return &reach.Outage{Does: method, Err: reach.ErrTimeout}
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	case unanswered:
		return &reach.Outage{Does: method, Err: lost.err}
	}
	return &reach.Outage{Does: method, Status: http.StatusOK, Err: unreadable(err)}
}

// unreadable is what is wrong with an answer that came.
func unreadable(err error) error {
	_, typed := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case typed, errors.Is(err, reach.ErrShape):
		return reach.ErrShape
	}
	return errForeign
}

// missing is the error of an answer that says neither yes nor no: the library
// takes a refusal without a reason for a success.
func missing(what string, err error) error {
	if err == nil && what == "" {
		return reach.ErrShape
	}
	return err
}

// refusal is what Slack says when it does not do what was asked.
type refusal struct {
	method, code string
	detail       string
	after        time.Duration // of ratelimited
	direct       bool          // in a chat with one person alone
}

func (e *refusal) Error() string { return e.method + ": " + e.code + e.detail }

var (
	goodCode = regexp.MustCompile(`^[a-z0-9_]{1,60}$`)
	scope    = regexp.MustCompile(`^[a-z:._,]{1,200}$`)
	pointer  = regexp.MustCompile(`json-pointer:(/[a-z0-9_/]{1,100})`)
)

// plain is an error code, or what stands for one that is none.
func plain(code string) string {
	if !goodCode.MatchString(code) {
		return "refused"
	}
	return code
}

// detail is what may be said of a refusal beside its code: which scope the app
// lacks, and which part of a request is wrong. What stands there is for nobody.
func detail(said api.SlackErrorResponse) string {
	if scope.MatchString(said.Needed) {
		return ", the app needs " + said.Needed
	}
	if at := pointer.FindStringSubmatch(strings.Join(said.ResponseMetadata.Messages, " ")); at != nil {
		return " at " + at[1]
	}
	return ""
}

// What the codes mean, from the pages of the methods that are used.
var (
	goneCodes = strings.Fields(`is_archived message_not_found cant_update_message edit_window_closed
		cant_delete_message thread_not_found channel_not_found`)
	forbiddenCodes = strings.Fields(`not_in_channel user_not_in_channel messages_tab_disabled cannot_dm_bot
		user_not_found users_not_found user_disabled user_not_visible account_inactive no_permission access_denied
		channel_is_limited_access team_access_not_granted`)
	lateCodes = strings.Fields(`expired_trigger_id invalid_trigger_id trigger_exchanged exchanged_trigger_id trigger_expired
		used_url expired_url`)
	brokenCodes = strings.Fields(`internal_error fatal_error service_unavailable request_timeout team_added_to_org`)
	keyCodes    = strings.Fields(`invalid_auth not_authed account_inactive token_revoked token_expired not_allowed_token_type missing_scope`)
)

// Unwrap returns what core makes of it, or nil.
func (e *refusal) Unwrap() error {
	switch {
	case e.code == "ratelimited":
		return &core.Slow{After: max(e.after, time.Second)}
	case e.code == "channel_not_found" && e.direct: // how a direct chat says that it takes nothing
		return core.ErrForbidden
	case slices.Contains(goneCodes, e.code):
		return core.ErrGone
	case slices.Contains(forbiddenCodes, e.code), strings.HasPrefix(e.code, "restricted_action"):
		return core.ErrForbidden
	case slices.Contains(lateCodes, e.code):
		return core.ErrTooLate
	}
	return nil
}

// says reports whether an error is a refusal with a code.
func says(err error, code string) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.code == code
}

// keyless reports whether Slack does not let a token do what it is for.
func keyless(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && slices.Contains(keyCodes, r.code)
}

// passing reports whether an error is Slack's, or the network's, and may be gone
// at the next try.
func passing(err error) bool {
	_, out := errors.AsType[*reach.Outage](err)
	r, refused := errors.AsType[*refusal](err)
	return out || refused && slices.Contains(brokenCodes, r.code)
}

// hopeless reports whether Slack has understood a request and will never do it.
func hopeless(err error) bool {
	r, refused := errors.AsType[*refusal](err)
	return refused && r.code != "ratelimited" && !passing(err)
}
