package authtest

import (
	"net/http"
	"strings"
)

type metadata struct {
	Issuer           string   `json:"issuer"`
	Authorization    string   `json:"authorization_endpoint"`
	Device           string   `json:"device_authorization_endpoint"`
	Token            string   `json:"token_endpoint"`
	UserInfo         string   `json:"userinfo_endpoint"`
	Revocation       string   `json:"revocation_endpoint,omitempty"`
	Responses        []string `json:"response_types_supported"`
	Grants           []string `json:"grant_types_supported"`
	ChallengeMethods []string `json:"code_challenge_methods_supported"`
	ClientAuth       []string `json:"token_endpoint_auth_methods_supported"`
	Subjects         []string `json:"subject_types_supported"`
	NamesIssuer      bool     `json:"authorization_response_iss_parameter_supported"`
}

// discovery is the document of OpenID Connect Discovery 1.0 section 3, without
// the members that ID tokens would need.
func (s *Server) discovery(*http.Request) (any, error) {
	m := metadata{
		Issuer:           s.issuer,
		Authorization:    s.issuer + authorizePath,
		Device:           s.issuer + string(Device),
		Token:            s.issuer + string(Token),
		UserInfo:         s.issuer + string(UserInfo),
		Revocation:       s.issuer + string(Revocation),
		Responses:        []string{"code"},
		Grants:           []string{deviceGrant, "authorization_code", "refresh_token"},
		ChallengeMethods: []string{"S256"},
		ClientAuth:       []string{"none", "client_secret_post", "client_secret_basic"},
		Subjects:         []string{"public"},
		NamesIssuer:      true,
	}
	if s.opt.NoRevocation {
		m.Revocation = ""
	}
	return m, nil
}

type claims struct {
	Subject  string `json:"sub"`
	Name     string `json:"preferred_username,omitempty"`
	FullName string `json:"name,omitempty"`
	Profile  string `json:"profile,omitempty"`
	Email    string `json:"email,omitempty"`
}

// userinfo says whose token it is. It takes the token from the Authorization
// header alone, the one way of RFC 6750 that leaves no trace in logs.
func (s *Server) userinfo(r *http.Request) (any, error) {
	if r.URL.Query().Has("access_token") {
		return nil, refusal{
			status: http.StatusBadRequest, code: "invalid_request", text: "the token belongs in the Authorization header",
			challenge: `Bearer error="invalid_request"`,
		}
	}
	token := bearer(r)
	if token == "" {
		return nil, refusal{status: http.StatusUnauthorized, challenge: "Bearer"} // section 3.1: no error code
	}
	u, ok := s.holder(Token, token)
	if !ok {
		return nil, refusal{
			status: http.StatusUnauthorized, code: "invalid_token", text: "expired, revoked or unknown",
			challenge: `Bearer error="invalid_token"`,
		}
	}
	return claims(u), nil
}

// bearer is the token in the Authorization header, empty for none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}
