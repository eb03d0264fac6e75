package slack

import (
	"net/http"

	"github.com/usherbot/usher/core/reach"
)

// way is the client library's way to the network.
type way struct{ client *http.Client }

// Do is what the client library calls.
func (w way) Do(req *http.Request) (*http.Response, error) {
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, &lostError{reach.Bare(err)}
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	return resp, nil
}

// lostError is of a request that was not answered.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }

func (e *lostError) Unwrap() error { return e.err }
