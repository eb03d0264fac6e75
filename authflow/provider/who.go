package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/usherbot/usher/authflow"
)

const (
	maxSubject = 255 // OpenID Connect Core 1.0 section 2
	maxName    = 80  // of an account, in characters
)

// askWho asks an endpoint whose token t is. The token goes where no log looks:
// into the Authorization header (RFC 6750 section 2.1).
func askWho(ctx context.Context, c *http.Client, t authflow.Token, at, accept string, said any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return errors.New("user info: the endpoint makes no valid URL")
	}
	req.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
	req.Header.Set("Accept", accept)
	if err := authflow.FetchJSON(c, req, said); err != nil {
		return fmt.Errorf("user info: %w", err)
	}
	return nil
}

// identity is the account with that id. Its name is the first of names that is
// one, or else the id; what is no string counts as missing.
func identity(issuer string, id json.RawMessage, link any, names ...any) (authflow.Identity, error) {
	who := authflow.Identity{Issuer: issuer, Subject: subject(id)}
	if who.Subject == "" || len(who.Subject) > maxSubject {
		return authflow.Identity{}, &authflow.OAuthError{Status: http.StatusOK, Description: "user info without a usable id"}
	}
	for _, name := range append(names, who.Subject) {
		text, _ := name.(string)
		if who.Name = display(text); who.Name != "" {
			break
		}
	}
	page, _ := link.(string)
	if u, err := authflow.SecureURL(page); err == nil && u.Scheme == "https" {
		who.URL = page
	}
	return who, nil
}

// subject is a string, or a number as it is written: as a float it could become
// somebody else's.
func subject(raw json.RawMessage) string {
	var text string
	if err := json.Unmarshal(raw, &text); err == nil {
		return text
	}
	if len(bytes.Trim(raw, "0123456789")) == 0 {
		return string(raw)
	}
	return ""
}

// display makes a name fit for a chat: one line, nothing hidden in it.
func display(name string) string {
	name = strings.Join(strings.Fields(name), " ")
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName])
	}
	return strings.TrimSpace(name)
}
