package discordtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// object is a JSON object that is sent.
type object = map[string]any

// refusal is an error as the API answers it.
type refusal struct {
	status, code int
	message      string
	errors       object // what is wrong with a form, field by field
}

func (r *refusal) Error() string {
	if r.errors == nil {
		return r.message
	}
	detail, err := json.Marshal(r.errors)
	if err != nil {
		panic("discordtest: " + err.Error())
	}
	return r.message + ": " + string(detail)
}

// The refusals that have no detail. Codes are in discord-limits.json and
// platforms.md 2 and 4.3.
var (
	errUnauthorized   = &refusal{status: http.StatusUnauthorized, message: "401: Unauthorized"}
	errNotFound       = &refusal{status: http.StatusNotFound, message: "404: Not Found"}
	errBadJSON        = &refusal{status: http.StatusBadRequest, code: 50109, message: "The request body contains invalid JSON."}
	errBadForm        = &refusal{status: http.StatusBadRequest, code: 50035, message: "Invalid Form Data"}
	errBadType        = &refusal{status: http.StatusBadRequest, code: 50035, message: "Expected \"Content-Type\" header to be another one."}
	errTooLarge       = &refusal{status: http.StatusRequestEntityTooLarge, code: 40005, message: "Request entity too large"}
	errUnknownChannel = &refusal{status: http.StatusNotFound, code: 10003, message: "Unknown Channel"}
	errUnknownApp     = &refusal{status: http.StatusNotFound, code: 10002, message: "Unknown Application"}
	errUnknownMessage = &refusal{status: http.StatusNotFound, code: 10008, message: "Unknown Message"}
	errUnknownWebhook = &refusal{status: http.StatusNotFound, code: 10015, message: "Unknown Webhook"}
	errUnknown        = &refusal{status: http.StatusNotFound, code: 10062, message: "Unknown interaction"}
	errAcknowledged   = &refusal{status: http.StatusBadRequest, code: 40060, message: "Interaction has already been acknowledged."}
	errMissingAccess  = &refusal{status: http.StatusForbidden, code: 50001, message: "Missing Access"}
	errNotAuthor      = &refusal{status: http.StatusForbidden, code: 50005, message: "Cannot edit a message authored by another user"}
	errEmptyMessage   = &refusal{status: http.StatusBadRequest, code: 50006, message: "Cannot send an empty message"}
	errCannotDM       = &refusal{status: http.StatusForbidden, code: 50007, message: "Cannot send messages to this user"}
	errMayNot         = &refusal{status: http.StatusForbidden, code: 50013, message: "Missing Permissions"}
	errTokenDied      = &refusal{status: http.StatusUnauthorized, code: 50027, message: "Invalid Webhook Token"}
	errBadRecipient   = &refusal{status: http.StatusBadRequest, code: 50033, message: "Invalid Recipient(s)"}
)

// form collects what is wrong with a body.
type form struct{ errors object }

// wrong notes a mistake in the field at a path such as "embeds.0.title".
func (f *form) wrong(path, code, message string, args ...any) {
	if f.errors == nil {
		f.errors = object{}
	}
	at := f.errors
	for name := range strings.SplitSeq(path, ".") {
		next, there := at[name].(object)
		if !there {
			next = object{}
			at[name] = next
		}
		at = next
	}
	list, _ := at["_errors"].([]object)
	at["_errors"] = append(list, object{"code": code, "message": fmt.Sprintf(message, args...)})
}

// err is nil when nothing is wrong.
func (f *form) err() error {
	if f.errors == nil {
		return nil
	}
	return &refusal{status: http.StatusBadRequest, code: 50035, message: "Invalid Form Body", errors: f.errors}
}

// length holds a text to its limits, in characters. With a lower limit it must
// be there.
func (f *form) length(path, text string, lowest, most int) {
	switch n := utf8.RuneCountInString(text); {
	case n == 0 && lowest > 0:
		f.wrong(path, "BASE_TYPE_REQUIRED", "This field is required")
	case n > most && lowest == 0:
		f.wrong(path, "BASE_TYPE_MAX_LENGTH", "Must be %d or fewer in length.", most)
	case n > most || n < lowest:
		f.wrong(path, "BASE_TYPE_BAD_LENGTH", "Must be between %d and %d in length.", lowest, most)
	}
}

// amount holds the length of a list, or a number, to its limits.
func (f *form) amount(path string, n, lowest, most int) {
	if n < lowest || n > most {
		f.wrong(path, "BASE_TYPE_BAD_LENGTH", "Must be between %d and %d in length.", lowest, most)
	}
}

// link holds an address to being one. An empty one is not there.
func (f *form) link(path, address string) {
	if address == "" {
		return
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || strings.ContainsAny(address, " \t\n"):
		f.wrong(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
	case u.Scheme != "http" && u.Scheme != "https":
		f.wrong(path, "URL_TYPE_INVALID_SCHEME", "Scheme %q is not supported. Scheme must be one of ('http', 'https').", u.Scheme)
	}
}
