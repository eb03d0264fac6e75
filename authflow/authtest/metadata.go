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

// discoveryOf is the document of OpenID Connect Discovery 1.0 section 3, without
// the members that ID tokens would need.
func (s *Server) discoveryOf(v vendor) http.HandlerFunc {
	at := func(path Endpoint) string {
		if path == "" {
			return ""
		}
		return s.URL() + string(path)
	}
	return answering(func(*http.Request) (any, error) {
		return metadata{
			Issuer:           s.URL() + v.issuer,
			Authorization:    at(v.authorize),
			Device:           at(v.device),
			Token:            at(v.token),
			UserInfo:         at(v.user),
			Revocation:       at(v.revocation),
			Responses:        []string{"code"},
			Grants:           []string{deviceGrant, "authorization_code", "refresh_token"},
			ChallengeMethods: []string{"S256"},
			ClientAuth:       []string{"none", "client_secret_post", "client_secret_basic"},
			Subjects:         []string{"public"},
			NamesIssuer:      v.iss != "",
		}, nil
	})
}

type claims struct {
	Subject  string `json:"sub"`
	Name     string `json:"preferred_username,omitempty"`
	FullName string `json:"name,omitempty"`
	Profile  string `json:"profile,omitempty"`
	Email    string `json:"email,omitempty"`
}

// userinfoOf says whose token it is that a token endpoint gave. It takes the token
// from the Authorization header alone, the one way of RFC 6750 that leaves no trace
// in logs.
func (s *Server) userinfoOf(at Endpoint) http.HandlerFunc {
	return answering(func(r *http.Request) (any, error) { return s.userinfo(at, r) })
}

func (s *Server) userinfo(at Endpoint, r *http.Request) (any, error) {
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
	u, ok := s.holder(at, token)
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
