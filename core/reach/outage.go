package reach

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
)

// What an Outage may be beside trouble on the way.
var (
	ErrTimeout = errors.New("no answer in time")
	ErrShape   = errors.New("the answer is of another shape")
)

// Outage is a request that got no answer, or one that is not the platform's. It
// may be over at the next try.
type Outage struct {
	Does   string // what the request does, or its method; never an address
	Status int    // of HTTP; 0: no answer
	Err    error
}

func (e *Outage) Error() string {
	if e.Status == 0 || e.Status == http.StatusOK {
		return e.Does + ": " + e.Err.Error()
	}
	return e.Does + ": HTTP status " + strconv.Itoa(e.Status)
}

// Unwrap is what went wrong.
func (e *Outage) Unwrap() error { return e.Err }

// Garbled reports whether a request was taken, by an answer that breaks off or is
// of another shape. What is no JSON at all comes from something in between.
func Garbled(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, ErrShape)
}

var quoted = regexp.MustCompile(`["'].*["']`)

// Unquoted is what a platform says of a request, as far as it may be told: without
// what it quotes of that, which may be a link to sign in, and not at any length.
func Unquoted(text string) string {
	text = quoted.ReplaceAllString(text, "…")
	if r := []rune(text); len(r) > 200 {
		text = string(r[:200]) + "…"
	}
	return text
}
