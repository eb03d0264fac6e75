package provider

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"unicode"

	"github.com/usherbot/usher/authflow"
)

const (
	maxSubject = 255 // OpenID Connect Core 1.0 section 2
	maxName    = 80  // of an account, in characters
)

// account says where in a user info answer its account is: by the names of members,
// of which the first that is there counts.
type account struct {
	in             string // the list whose first element it is; empty: the answer itself
	id, name, page []string
	scheme         string                   // of the Authorization header; empty: Bearer
	reword         func(body []byte) []byte // puts an error that came as an answer into the words of RFC 6749; nil: it is in them
}

// of asks the endpoint at whose token t is. The token goes where no log looks: into
// the Authorization header (RFC 6750 section 2.1).
func (a account) of(ctx context.Context, c *http.Client, t authflow.Token, at string, header http.Header, issuer string) (authflow.Identity, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return authflow.Identity{}, errors.New("user info: the endpoint makes no valid URL")
	}
	maps.Copy(req.Header, header)
	req.Header.Set("Authorization", cmp.Or(a.scheme, "Bearer")+" "+t.Access.Reveal())
	var body json.RawMessage
	if err := authflow.FetchJSON(c, req, &body); err != nil {
		return authflow.Identity{}, fmt.Errorf("user info: %w", err)
	}
	if a.reword != nil {
		body = a.reword(body)
	}
	var said members
	if err := json.Unmarshal(body, &said); err != nil {
		return authflow.Identity{}, errors.New("user info: not an object")
	}
	return a.read(said, issuer)
}

// members are those of a JSON object.
type members map[string]json.RawMessage

// read finds the account. Its name is the first that is one, or else the id; what
// is no string counts as missing.
func (a account) read(said members, issuer string) (authflow.Identity, error) {
	if a.in != "" {
		var list []members
		if err := json.Unmarshal(said[a.in], &list); err != nil || len(list) == 0 {
			list = []members{{}}
		}
		said = list[0]
	}
	who := authflow.Identity{Issuer: issuer, Subject: said.first(a.id, subject)}
	if code := text(said["error"]); who.Subject == "" && (code == "server_error" || code == "temporarily_unavailable") {
		return authflow.Identity{}, errors.New("user info: " + code)
	}
	if who.Subject == "" || len(who.Subject) > maxSubject {
		return authflow.Identity{}, &authflow.OAuthError{Status: http.StatusOK, Description: "user info without a usable id"}
	}
	who.Name = cmp.Or(said.first(a.name, display), display(quoted(who.Subject)))
	who.URL = said.first(a.page, link)
	return who, nil
}

// first is the first of those members that read finds something in.
func (m members) first(names []string, read func(json.RawMessage) string) string {
	for _, name := range names {
		if found := read(m[name]); found != "" {
			return found
		}
	}
	return ""
}

// link is a URL that a person may follow.
func link(raw json.RawMessage) string {
	page := text(raw)
	if u, err := authflow.SecureURL(page); err != nil || u.Scheme != "https" {
		return ""
	}
	return page
}

func text(raw json.RawMessage) string {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return ""
	}
	return text
}

// subject is a string, or a number as it is written: as a float it could become
// somebody else's.
func subject(raw json.RawMessage) string {
	if id := text(raw); id != "" {
		return id
	}
	if len(bytes.Trim(raw, "0123456789")) == 0 {
		return string(raw)
	}
	return ""
}

// display makes a name fit for a chat: one line, nothing hidden in it.
func display(raw json.RawMessage) string {
	name := text(raw)
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
