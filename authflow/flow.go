package authflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/usherbot/usher/core/seal"
)

// Flow is one way to a token: Device, Browser, or a vendor's own. It keeps nothing
// between calls: all it must remember is in the Grant, which outlives a restart.
type Flow interface {
	// Name is kept in the row of a login, so that a later process finds the flow
	// again: "device", "browser".
	Name() string
	// Begin asks for something to show. Its errors: ErrFlowOff when this way is
	// closed, ErrSetup when the settings cannot work, an *OAuthError when the provider refused, any other when it could
	// not be reached or understood.
	Begin(ctx context.Context, c *http.Client, a Ask) (Grant, error)
	// Next asks once how it stands; whoever calls it waits. back is nil, or the
	// query that a browser came back with, whose state belongs to this login. An error means that the answer is not
	// known and is worth another try, *Later when the provider said when.
	Next(ctx context.Context, c *http.Client, g Grant, back url.Values) (Answer, error)
}

// Ask is what a login asks for. A browser would come back to RedirectURI, with
// State; where it is empty, none can.
type Ask struct {
	Scopes             []string
	RedirectURI, State string
}

// Show is what a person needs in order to approve.
type Show struct {
	URL     string // where to go (verification_uri)
	Code    string // what to enter there (user_code), exactly as received; empty: nothing, and the person confirms the account
	FullURL string // URL with the code in it (verification_uri_complete); may be empty
}

// Grant is a flow under way. It is sealed in the row of its login.
type Grant struct {
	Show    Show
	Secret  seal.Secret   // device code and PKCE verifier, as the flow packs them
	Scopes  []string      // as asked
	Every   time.Duration // the least time between an answer and the next request; 0: none is due, a browser comes back
	Slowed  bool          // after a slow_down: wait 1.2 × Every
	Hold    bool          // Next is held by the provider until the person is done, for up to two minutes
	Expires time.Time     // when the provider forgets the code
}

// Answer is how a flow stands.
type Answer struct {
	State State  // Waiting, Granted, Denied, Expired or Failed
	Token *Token // with Granted
	Grant *Grant // with Waiting: a slower pace
	Err   error  // with Failed: what the provider said, for the operator
}

// ErrFlowOff is returned by Flow.Begin where the provider or this client of it
// does not offer the flow. Start tries the next flow.
var ErrFlowOff = errors.New("flow is not available")

// ErrSetup is returned by Flow.Begin where the provider's settings cannot work,
// such as its client id: the bot's operator has to mend them. Core says so to
// the person.
var ErrSetup = errors.New("provider is not set up correctly")

// OAuthError is a refusal by the provider (RFC 6749 section 5.2): asking again
// will not help. It holds no secrets and may be logged.
type OAuthError struct {
	Status      int    // of the HTTP answer
	Code        string // error, cleaned
	Description string // error_description, cleaned and cut
}

func (e *OAuthError) Error() string {
	out := "status " + strconv.Itoa(e.Status)
	if e.Code != "" {
		out += ", " + e.Code
	}
	if e.Description != "" {
		out += ": " + e.Description
	}
	return out
}

// Later is a failure to get an answer, with the time after which the provider
// wants to be asked again (Retry-After).
type Later struct {
	After time.Duration
	Err   error
}

func (e *Later) Error() string { return fmt.Sprintf("%v; again after %v", e.Err, e.After) }
func (e *Later) Unwrap() error { return e.Err }
