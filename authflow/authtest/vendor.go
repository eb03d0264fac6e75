package authtest

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Endpoints of vendors that are close to the standards.
const (
	GitLabDevice Endpoint = "/oauth/authorize_device" // the rest of GitLab is at the standard's paths

	GoogleDevice     Endpoint = "/device/code"
	GoogleToken      Endpoint = "/token"
	GoogleUser       Endpoint = "/v1/userinfo"
	GoogleRevocation Endpoint = "/revoke"

	MicrosoftDevice Endpoint = "/common/oauth2/v2.0/devicecode"
	MicrosoftToken  Endpoint = "/common/oauth2/v2.0/token"
	MicrosoftUser   Endpoint = "/oidc/userinfo"

	DiscordDevice     Endpoint = "/api/v10/oauth2/device/authorize"
	DiscordToken      Endpoint = "/api/v10/oauth2/token"
	DiscordUser       Endpoint = "/api/v10/users/@me"
	DiscordRevocation Endpoint = "/api/v10/oauth2/token/revoke"

	Auth0Device     Endpoint = "/auth0/oauth/device/code"
	Auth0Token      Endpoint = "/auth0/oauth/token"
	Auth0User       Endpoint = "/auth0/userinfo"
	Auth0Revocation Endpoint = "/auth0/oauth/revoke"

	OktaDevice     Endpoint = "/oauth2/default/v1/device/authorize"
	OktaToken      Endpoint = "/oauth2/default/v1/token"
	OktaUser       Endpoint = "/oauth2/default/v1/userinfo"
	OktaRevocation Endpoint = "/oauth2/default/v1/revoke"

	KeycloakDevice     Endpoint = "/realms/acme/protocol/openid-connect/auth/device"
	KeycloakToken      Endpoint = "/realms/acme/protocol/openid-connect/token"
	KeycloakUser       Endpoint = "/realms/acme/protocol/openid-connect/userinfo"
	KeycloakRevocation Endpoint = "/realms/acme/protocol/openid-connect/revoke"
)

// vendor is a service that differs from the standards in little but its paths.
type vendor struct {
	issuer                         string   // below the server
	iss                            string   // what browsers' answers name; empty: nothing
	discovery                      Endpoint // empty: it has no document
	authorize, device, token, user Endpoint
	revocation                     Endpoint
	polls                          words            // default: the standard's
	begin, who                     http.HandlerFunc // default: the standard's
	shape                          func(*deviceAnswer)
}

// vendors are the server itself and those close to it.
func (s *Server) vendors() []vendor {
	own := vendor{discovery: Discovery, authorize: Authorization, iss: s.URL(), device: Device, token: Token, user: UserInfo, revocation: Revocation}
	if s.opt.NoRevocation {
		own.revocation = ""
	}
	return append(s.tenants(), own, s.google(), s.microsoft(), s.discord(),
		vendor{device: GitLabDevice, begin: s.deviceAt(Token, func(a *deviceAnswer) { a.ExpiresIn = min(a.ExpiresIn, 300) })},
	)
}

// mount has mux serve what v has.
func (s *Server) mount(mux *http.ServeMux, v vendor) {
	if v.polls == nil {
		v.polls = standardWords()
	}
	if v.begin == nil {
		v.begin = s.deviceAt(v.token, v.shape)
	}
	if v.who == nil {
		v.who = s.userinfoOf(v.token)
	}
	if v.authorize != "" {
		s.openDoor(mux, v.authorize, door{iss: v.iss})
	}
	for _, one := range []struct {
		method string
		at     Endpoint
		do     http.HandlerFunc
	}{
		{"GET", v.discovery, s.discoveryOf(v)},
		{"POST", v.device, v.begin},
		{"POST", v.token, s.tokenAt(v.token, v.polls)},
		{"GET", v.user, v.who},
		{"POST", v.user, v.who},
		{"POST", v.revocation, s.form(s.revoke)},
	} {
		if one.at != "" {
			mux.HandleFunc(one.method+" "+string(one.at), one.do)
		}
	}
}

// tenants are services of which everybody has an own one: Auth0, which has a status
// for each answer, Okta, and Keycloak.
func (s *Server) tenants() []vendor {
	const acme, server = "/realms/acme", "/oauth2/default"
	return []vendor{
		{
			issuer: "/auth0/", discovery: "/auth0" + Discovery, authorize: Auth0Authorization, device: Auth0Device, token: Auth0Token, user: Auth0User, revocation: Auth0Revocation,
			polls: standardWords().
				with(http.StatusTooManyRequests, map[standing]string{early: "slow_down"}).
				with(http.StatusForbidden, map[standing]string{
					pending: "authorization_pending", refused: "access_denied", expired: "expired_token", unknown: "invalid_grant", used: "invalid_grant",
				}),
		},
		{
			issuer: server, discovery: server + Discovery, authorize: OktaAuthorization, device: OktaDevice, token: OktaToken, user: OktaUser, revocation: OktaRevocation,
		},
		{
			issuer: acme, discovery: acme + Discovery, authorize: KeycloakAuthorization, iss: s.URL() + acme, device: KeycloakDevice, token: KeycloakToken, user: KeycloakUser, revocation: KeycloakRevocation,
			begin: s.reworded("invalid_client", "unauthorized_client", func(c Client, f url.Values) (any, error) {
				return s.beginDevice(KeycloakToken, nil, c, f)
			}),
		},
	}
}

// microsoft names no complete URI, writes a message that is ready to be shown, and
// has names of its own for what ends a login. Its issuer is a template.
func (s *Server) microsoft() vendor {
	return vendor{
		issuer: "/{tenantid}/v2.0", discovery: "/common/v2.0" + Discovery, authorize: MicrosoftAuthorization, device: MicrosoftDevice, token: MicrosoftToken, user: MicrosoftUser,
		shape: func(a *deviceAnswer) {
			a.Complete = ""
			a.Message = "To sign in, use a web browser to open the page " + a.URI + " and enter the code " + a.UserCode + " to authenticate."
		},
		polls: standardWords().with(http.StatusBadRequest, map[standing]string{
			refused: "authorization_declined", unknown: "bad_verification_code", used: "invalid_grant",
		}),
	}
}

// discord wants clients to authenticate themselves in the header.
func (s *Server) discord() vendor {
	return vendor{
		authorize: DiscordAuthorization, device: DiscordDevice, token: DiscordToken, user: DiscordUser, revocation: DiscordRevocation,
		who: func(w http.ResponseWriter, r *http.Request) {
			u, ok := s.holder(DiscordToken, bearer(r))
			if !ok {
				writeJSON(w, http.StatusUnauthorized, said{"message": "401: Unauthorized", "code": 0})
				return
			}
			writeJSON(w, http.StatusOK, said{"id": u.Subject, "username": u.Name, "global_name": u.FullName, "discriminator": "0"})
		},
	}
}

// google gives codes to whoever has a client's id, and tokens for its secret.
func (s *Server) google() vendor {
	return vendor{
		authorize: GoogleAuthorization, device: GoogleDevice, token: GoogleToken, user: GoogleUser, revocation: GoogleRevocation,
		begin: answering(func(r *http.Request) (any, error) {
			f, err := readForm(r)
			if err != nil {
				return nil, err
			}
			c, known := s.registered(f.Get("client_id"))
			switch {
			case !known:
				return nil, invalidClient("The OAuth client was not found.")
			case f.Has("code_challenge") || f.Has("client_secret"):
				return nil, refuse("invalid_request", "Parameter not allowed for this message type.")
			case strings.TrimSpace(f.Get("scope")) == "":
				return nil, refuse("invalid_request", "Missing required parameter: scope")
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.beginDevice(GoogleToken, func(a *deviceAnswer) { a.URI, a.URL, a.Complete = "", a.URI, "" }, c, f)
		}),
		polls: standardWords().
			with(http.StatusPreconditionRequired, map[standing]string{pending: "authorization_pending"}).
			with(http.StatusForbidden, map[standing]string{early: "slow_down", refused: "access_denied"}),
	}
}

// reworded is a form endpoint that calls an error by another name.
func (s *Server) reworded(code, as string, do func(Client, url.Values) (any, error)) http.HandlerFunc {
	return answering(func(r *http.Request) (any, error) {
		answer, err := s.checked(r, do)
		if no, ok := errors.AsType[refusal](err); ok && no.code == code {
			no.code = as
			return nil, no
		}
		return answer, err
	})
}
