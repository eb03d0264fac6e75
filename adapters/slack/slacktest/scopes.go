package slacktest

import (
	"maps"
	"slices"
	"strings"
)

// needs is the scope that a method takes. Those that are not here take none, or
// others than the app has.
var needs = map[string]string{
	"chat.postMessage":             "chat:write",
	"chat.postEphemeral":           "chat:write",
	"chat.update":                  "chat:write",
	"chat.delete":                  "chat:write",
	"conversations.open":           "im:write",
	"files.getUploadURLExternal":   "files:write",
	"files.completeUploadExternal": "files:write",
	"files.delete":                 "files:write",
	"users.info":                   "users:read",
}

// granted are the scopes with which the app is installed.
func granted() map[string]bool {
	out := map[string]bool{}
	for _, scope := range []string{
		"app_mentions:read", "chat:write", "chat:write.public", "commands", "files:write", "im:history", "im:write", "users:read",
	} {
		out[scope] = true
	}
	return out
}

// Ungrant takes a scope away from the app, as if it had been installed before it
// asked for that.
func (s *Server) Ungrant(scope string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.scopes, scope)
}

// permit refuses a method whose scope the app does not have.
func (s *Server) permit(method string) error {
	need := needs[method]
	if need == "" || s.scopes[need] {
		return nil
	}
	return &refusal{code: "missing_scope", needed: need, provided: s.provided()}
}

// provided are the scopes of the app, as answers list them.
func (s *Server) provided() string { return strings.Join(slices.Sorted(maps.Keys(s.scopes)), ",") }
