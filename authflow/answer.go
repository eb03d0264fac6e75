package authflow

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/usherbot/usher/core/seal"
)

const (
	slower   = 5 * time.Second           // RFC 8628 section 3.5, for each slow_down
	settling = 4                         // intervals, in which a new code may still be unknown at places: two requests, by step
	ages     = 40 * 365 * 24 * time.Hour // stands for all that is longer
)

// answer is what r, a reply to a poll for g, means. The body decides; see
// meaningOf for the one thing that the status is asked. An error is worth another
// try.
func (r reply) answer(now time.Time, g Grant) (Answer, error) {
	s := r.said()
	if s.Error.empty() && !s.Access.empty() {
		return r.granted(s, now, g), nil
	}
	code, _ := s.code()
	switch m := meaningOf(code, r.status); {
	case m == keepWaiting:
		return Answer{State: Waiting}, nil
	case m == slowDown:
		g.Every, g.Slowed = max(g.Every+slower, s.Interval.duration()), true
		return Answer{State: Waiting, Grant: &g}, nil
	case m == refused:
		return Answer{State: Denied}, nil
	case m == tooOld, m.ofCode() && !now.Before(g.Expires):
		return Answer{State: Expired}, nil
	case m == unsettled && now.Sub(unpack(g.Secret).began) < settling*g.Every:
		return Answer{}, r.again()
	case m == fatal, m.ofCode():
		return Answer{State: Failed, Err: r.refusal(s)}, nil
	}
	return Answer{}, r.again()
}

// granted is the answer with a token in it (RFC 6749 section 5.1).
func (r reply) granted(s said, now time.Time, g Grant) Answer {
	kind := s.Type.or("Bearer")
	if !strings.EqualFold(kind, "bearer") {
		// RFC 6749 section 7.1: a client must not use a token of a type that it does not know.
		return Answer{State: Failed, Err: &OAuthError{Status: r.status, Description: "the token is not of the type bearer"}}
	}
	t := Token{Access: s.Access.Secret, Refresh: s.Refresh.Secret, Type: kind, Scopes: g.Scopes}
	if s.Scope.said {
		t.Scopes = s.Scope.list
	}
	if lives := s.ExpiresIn.duration(); lives > 0 {
		t.Expires = now.Add(lives)
	}
	return Answer{State: Granted, Token: &t}
}

// refusal is what s says against us, fit for a log.
func (r reply) refusal(s said) *OAuthError {
	code, text := s.code()
	return &OAuthError{Status: r.status, Code: r.clean(code, 64), Description: r.clean(text, 200)}
}

// again is an error worth another try. It is no *OAuthError, for that one is not.
func (r reply) again() error {
	text := r.refusal(r.said())
	if text.Code == "" {
		text.Description = "not an answer that could be understood"
	}
	err := errors.New(text.Error())
	if r.after > 0 {
		return &Later{After: r.after, Err: err}
	}
	return err
}

// clean makes a provider's text fit for a log: without what we sent, in the
// characters of RFC 6749 section 5.2, at most so many of them.
func (r reply) clean(text string, most int) string {
	for _, h := range r.hide {
		if h != "" {
			text = strings.ReplaceAll(text, h.Reveal(), h.String())
		}
	}
	text = strings.Map(func(c rune) rune {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return -1
		}
		return c
	}, text)
	return text[:min(len(text), most)]
}

// meaning is what an error code says about a login.
type meaning int

// The meanings.
const (
	unclear meaning = iota // no answer, or one that another try may better
	keepWaiting
	slowDown
	refused
	tooOld
	unknownCode
	unsettled // unknownCode, also said of one that is too new
	fatal
)

// ofCode reports whether m says that the provider does not know the device code,
// or no more: many have no other word for one that is too old.
func (m meaning) ofCode() bool { return m == unknownCode || m == unsettled }

// meaningOf knows the codes of RFC 6749 and RFC 8628 and what providers say
// instead. The status counts only with codes that mean nothing by themselves:
// gateways write "error" into their bodies too.
func meaningOf(code string, status int) meaning {
	switch strings.ToLower(code) {
	case "", "temporarily_unavailable", "server_error":
		return unclear
	case "authorization_pending":
		return keepWaiting
	case "slow_down":
		return slowDown
	case "access_denied", "authorization_declined":
		return refused
	case "expired_token", "token_expired", "invalid device code":
		return tooOld
	case "invalid_grant", "invalid_request", "bad_verification_code":
		return unknownCode
	case "incorrect_device_code":
		return unsettled
	case "invalid_client", "invalid_scope", "unauthorized_client", "unsupported_grant_type",
		"incorrect_client_credentials", "device_flow_disabled", "invalid client":
		return fatal
	}
	if busy(status) {
		return unclear
	}
	return fatal
}

// said is what an endpoint said. Members of a wrong type count as missing.
type said struct {
	Error, Message  word
	Description     word   `json:"error_description"`
	Status          number // in the body
	Interval        number
	ExpiresIn       number `json:"expires_in"`
	Access          word   `json:"access_token"`
	Refresh         word   `json:"refresh_token"`
	Type            word   `json:"token_type"`
	Scope           words
	DeviceCode      word `json:"device_code"`
	UserCode        word `json:"user_code"`
	VerificationURI word `json:"verification_uri"`
	VerificationURL word `json:"verification_url"`
	Complete        word `json:"verification_uri_complete"`
}

// said reads the body, as a form where it is called one. What is neither a form
// nor a JSON object says nothing.
func (r reply) said() said {
	body := r.body
	if r.form {
		body = formAsJSON(body)
	}
	var s said
	if err := json.Unmarshal(body, &s); err != nil {
		return said{}
	}
	return s
}

func formAsJSON(body []byte) []byte {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	flat := map[string]string{}
	for name := range form {
		flat[name] = form.Get(name)
	}
	out, err := json.Marshal(flat)
	if err != nil {
		return nil
	}
	return out
}

// code returns the error code and the text beside it. Some have the code in
// message, beside the number of the status, and the status in words in error.
func (s said) code() (code, text string) {
	in, beside := s.Error.Reveal(), s.Message.Reveal()
	known := func(code string) bool { return meaningOf(code, http.StatusTooManyRequests) != unclear }
	if known(beside) && !known(in) || in == "" && s.Status != 0 {
		return beside, s.Description.Reveal()
	}
	return in, s.Description.or(beside)
}

// word is a JSON string. It prints as a Secret does.
type word struct{ seal.Secret }

// UnmarshalJSON implements json.Unmarshaler.
func (w *word) UnmarshalJSON(b []byte) error {
	if plain(b) {
		w.Secret = seal.Secret(b[1 : len(b)-1])
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err == nil {
		w.Secret = seal.Secret(text)
	}
	return nil
}

// plain reports whether b, which is JSON, is a string that stands for itself. It
// nearly always is, and spares the decoder a second run.
func plain(b []byte) bool {
	for _, c := range b[1:] {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return b[0] == '"'
}

func (w word) empty() bool { return w.Secret == "" }

func (w word) or(other string) string {
	if w.empty() {
		return other
	}
	return w.Reveal()
}

// number is a JSON number, or a string with a number in it.
type number float64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
		*n = number(f)
	}
	return nil
}

// duration is n seconds, 0 where that makes no sense.
func (n number) duration() time.Duration {
	seconds := min(max(float64(n), 0), ages.Seconds())
	return time.Duration(seconds * float64(time.Second))
}

// words is a list of scopes: in a string, or an array of strings.
type words struct {
	said bool // an empty list is said too
	list []string
}

// UnmarshalJSON implements json.Unmarshaler.
func (w *words) UnmarshalJSON(b []byte) error {
	var text *string
	var list []string
	if json.Unmarshal(b, &text) == nil && text != nil {
		list = []string{*text}
	} else if json.Unmarshal(b, &list) != nil || list == nil {
		return nil //nolint:nilerr // what is neither says nothing
	}
	w.said = true
	for _, text := range list {
		w.list = append(w.list, strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c <= ' ' })...)
	}
	return nil
}
