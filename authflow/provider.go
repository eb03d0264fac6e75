package authflow

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/usherbot/usher/core/seal"
)

// Provider is one service that people can sign in to: data and functions. The
// constructors in package provider make them.
type Provider struct {
	Name, Title string // "github", "GitHub"
	// Issuer is, with Identity.Subject, the key of an account.
	Issuer string
	Flows  []Flow // best first; where one is switched off, the next is tried
	// Hosts are those that an account's client sends the token to, as host or
	// host:port; on any other it fails with ErrForeignHost.
	Hosts []string
	// Header is sent along with the token, also by an account's client, where a
	// request does not have it: what the service wants to be told each time.
	Header http.Header
	// VerifyHosts are those that a link for a person may point to. None: any.
	VerifyHosts []string
	Manage      string // the page where a person removes access by hand; may be empty
	// StartLimit is how many logins may begin in ten minutes, all persons together;
	// 0: 600. Services limit how many codes an app may ask for, or people enter.
	StartLimit int
	// Who asks whose token t is. An error that is no *OAuthError is worth
	// another try. c is the engine's client and adds nothing to a request.
	Who func(ctx context.Context, c *http.Client, t Token) (Identity, error)
	// Refresh gets the token after t, which has a Refresh. An *OAuthError means
	// that the grant has died, ErrSetup that the operator has to mend something;
	// any other error is worth another try, *Later when the provider said when. One
	// that is ErrUnclear came when the provider may have done it. nil: it cannot.
	Refresh func(ctx context.Context, c *http.Client, t Token) (Token, error)
	// Rotates says that a refresh token may work once only, so that nobody sends it
	// again without need while it is unclear whether it was used up.
	Rotates bool
	// Validate asks whether t is still good, for services that want to be asked when an
	// app starts and each ValidateEvery. An *OAuthError means that it is not; any other
	// error is worth another try. nil: nobody asks.
	Validate      func(ctx context.Context, c *http.Client, t Token) error
	ValidateEvery time.Duration
	// Revoke ends the access that t gives, or returns ErrNoRevocation. nil: it cannot.
	Revoke func(ctx context.Context, c *http.Client, t Token) error
	// Apart says that Revoke ends nothing else: the tokens of other logins to the same
	// account go on. So one is revoked that a newer login has replaced; elsewhere it
	// ends with that, when the access is given up.
	Apart bool
}

// ErrUnclear is that of a request whose answer got lost on the way.
var ErrUnclear = errors.New("it is not known whether the provider did it")

// ErrNoRevocation is returned by Provider.Revoke where the provider has no way to
// end an access.
var ErrNoRevocation = errors.New("the provider has no way to end an access")

// Identity is an account at a provider. Its key is Issuer and Subject, never a
// name or an address, which people change and providers give to others.
type Identity struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
	Name    string `json:"name,omitempty"` // for display
	URL     string `json:"url,omitempty"`  // for display
}

// Is reports whether i and other are the same account.
func (i Identity) Is(other Identity) bool {
	return i.Issuer == other.Issuer && i.Subject == other.Subject
}

// Token is what a provider granted (RFC 6749 section 5.1).
type Token struct {
	Access, Refresh seal.Secret
	Type            string    // "Bearer", as the provider wrote it
	Scopes          []string  // as granted
	Expires         time.Time // zero: the provider did not say
}
