package adaptertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest/pipe"
)

// Answers is a network that answers every request in one way. It is a RoundTripper.
type Answers func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f Answers) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Says answers with a status and a body.
func Says(status int, body string) Answers {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Status: fmt.Sprint(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
		}, nil
	}
}

// With adds a header to the answers.
func (f Answers) With(name, value string) Answers {
	return func(r *http.Request) (*http.Response, error) {
		resp, err := f(r)
		if err == nil {
			resp.Header.Set(name, value)
		}
		return resp, err
	}
}

// Redirects sends whoever asks elsewhere, with all that is in the address.
func Redirects(r *http.Request) (*http.Response, error) {
	return Says(http.StatusFound, "").With("Location", "https://elsewhere.example"+r.URL.Path+"?marker")(r)
}

// Refuses lets nobody connect.
func Refuses(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }

// Drops takes a request and hangs up.
func Drops(*http.Request) (*http.Response, error) { return nil, io.EOF }

// Hangs takes a request and never answers.
func Hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// Unreachable are base addresses that nobody answers at, each in its own way.
func Unreachable() []string {
	return []string{"http://127.0.0.1:1", "https://no-such-host.invalid", "http://127.0.0.1:1/%zz"}
}

// Means judges the error of a request: it must be the one of core's that is given,
// or with nil none of them, and read as given, unless that is empty. It must not
// tell a secret, see Keeps.
func Means(t *testing.T, err, is error, text string) {
	t.Helper()
	if err == nil || is != nil && !errors.Is(err, is) || text != "" && err.Error() != text {
		t.Errorf("got %v, want %v: %s", err, is, text)
	}
	for _, other := range []error{core.ErrGone, core.ErrForbidden, core.ErrTooLate, core.ErrUnsure} {
		if !errors.Is(is, other) && errors.Is(err, other) {
			t.Errorf("got %v, want it to be no %v", err, other)
		}
	}
	Keeps(t, err)
}

// Keeps fails when something prints "marker", which is part of all secrets in the
// tests of adapters.
func Keeps(t *testing.T, values ...any) {
	t.Helper()
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
			if shown := fmt.Sprintf(verb, v); strings.Contains(shown, "marker") {
				t.Errorf("%s: a secret is in %s", verb, shown)
			}
		}
	}
}

// Complains judges the error of Check: each of its lines names a setting, in the
// order wanted, and none a secret.
func Complains(t *testing.T, err error, want ...string) {
	t.Helper()
	var got []string
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			name, _, _ := strings.Cut(line, ":")
			got = append(got, name)
		}
		Keeps(t, err)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %v, want complaints of %v", err, want)
	}
}

// Tries judges what is tried again: do is to make so many requests on a network
// whose first answer is bad and all others good, two of which do it.
func Tries(t *testing.T, want int, bad, good Answers, do func(t *testing.T, over Answers) error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		err := do(t, func(r *http.Request) (*http.Response, error) {
			if calls++; calls == 1 {
				return bad(r)
			}
			return good(r)
		})
		if calls != want || (err == nil) != (want == 2) {
			t.Errorf("got %d calls and %v, want %d", calls, err, want)
		}
	})
}

// GivesUp judges when it is no longer tried again: do is to fail after so many
// requests, and a few seconds at most.
func GivesUp(t *testing.T, want int, do func(t *testing.T, over Answers) error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		calls, began := 0, time.Now()
		err := do(t, func(r *http.Request) (*http.Response, error) {
			calls++
			return Says(http.StatusBadGateway, "")(r)
		})
		if err == nil || calls != want || time.Since(began) > 5*time.Second {
			t.Errorf("got %v after %d calls and %v, want an error after %d", err, calls, time.Since(began), want)
		}
	})
}

// Serve serves an address such as "bot.example:443" on a network until the test,
// in a bubble of testing/synctest, ends.
func Serve(t *testing.T, n *pipe.Net, addr string, h http.Handler) {
	t.Helper()
	web := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	l := n.Listen(addr)
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(l) }()
	t.Cleanup(func() {
		if err := web.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: got %v, want a closed server", err)
		}
		time.Sleep(time.Second) // net/http lingers half of it after an early answer
	})
}

// Door is a handler that leads to another: bots come and go, their address stays.
type Door struct{ to atomic.Pointer[http.Handler] }

// Lead lets requests go to h from now on. It is called before the first comes.
func (d *Door) Lead(h http.Handler) { d.to.Store(&h) }

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*d.to.Load()).ServeHTTP(w, r) }

// Routes are those of an adapter.
func Routes(a core.Adapter) http.Handler {
	mux := http.NewServeMux()
	for at, h := range a.Routes() {
		mux.Handle(at, h)
	}
	return mux
}
