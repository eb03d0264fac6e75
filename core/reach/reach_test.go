package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
)

func TestAllowed(t *testing.T) {
	for address, want := range map[string]bool{
		"https://chat.example": true, "https://chat.example/api/": true, "http://localhost:8081": true,
		"http://127.0.0.1:8081": true, "http://[::1]:8081/x": true,
		"http://chat.example": false, "http://10.0.0.1": false, "http://localhost.example": false, "https://": false,
		"https://me@chat.example": false, "https://chat.example?a=b": false, "https://chat.example#a": false,
		"ftp://localhost": false, "chat.example": false, "": false, "%": false,
	} {
		if got := Allowed(address); got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
}

// sends is a transport that sends everybody elsewhere, with a cookie.
type sends struct{ asked []string }

func (s *sends) RoundTrip(req *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, req.URL.Host+" "+req.Header.Get("Cookie"))
	return &http.Response{
		StatusCode: http.StatusFound, Request: req, Body: http.NoBody,
		Header: http.Header{"Location": {"https://evil.example/"}, "Set-Cookie": {"a=b"}},
	}, nil
}

func TestClient(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	net := &sends{}
	base := &http.Client{Transport: net, Jar: jar, Timeout: time.Nanosecond}
	c := Client(base)
	for range 2 {
		resp, err := c.Get("https://chat.example/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusFound {
			t.Errorf("got status %d, want the redirect itself", resp.StatusCode)
		}
	}
	if got := strings.Join(net.asked, ","); got != "chat.example ,chat.example " {
		t.Errorf("got requests to %q, want two without a cookie", got)
	}
	if base.CheckRedirect != nil || base.Jar != jar {
		t.Error("the client that was given is changed")
	}
	if own := Client(nil); own.Transport == nil || own.Transport == http.DefaultTransport {
		t.Error("got no transport of its own")
	}
}

func TestBare(t *testing.T) {
	const secret = "https://chat.example/token"
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&url.Error{Op: "Get", URL: secret, Err: errors.New("refused")}, "refused"},
		{&url.Error{Op: "Get", URL: secret, Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: secret}}}, "no such host"},
		{errors.New("plain"), "plain"},
	} {
		if got := Bare(tt.err).Error(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	for failures, most := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 4: 16 * time.Second, 5: 30 * time.Second, 1000: 30 * time.Second} {
		for range 20 {
			if got := Backoff(failures, nil); got > most || got < most*3/4 {
				t.Errorf("after %d failures: got %v, want up to %v", failures, got, most)
			}
		}
	}
	if got := Backoff(0, fmt.Errorf("call: %w", &core.Slow{After: time.Hour})); got != time.Hour {
		t.Errorf("got %v, want the hour that was asked for", got)
	}
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, why := time.Now(), errors.New("why")
		ctx, stop := context.WithCancelCause(t.Context())
		if err := Pause(ctx, time.Minute); err != nil || time.Since(begun) != time.Minute {
			t.Errorf("got %v after %v, want a minute", err, time.Since(begun))
		}
		stop(why)
		for _, d := range []time.Duration{time.Minute, 0, -1} {
			if err := Pause(ctx, d); !errors.Is(err, why) {
				t.Errorf("%v when all is over: got %v, want why", d, err)
			}
			if err := Unless(ctx, why); err != nil {
				t.Errorf("got %v, want nil", err)
			}
		}
		if err := Unless(t.Context(), why); err == nil {
			t.Error("got nil, want the error")
		}
	})
}

func TestPersist(t *testing.T) {
	odd, end, hopeless := errors.New("odd"), errors.New("end"), errors.New("hopeless")
	tests := []struct {
		name   string
		errs   []error // of each try; the last for ever
		within time.Duration
		want   error
		tries  int
		told   int
	}{
		{"at once", []error{nil}, time.Hour, nil, 1, 0},
		{"in the end", []error{odd, odd, nil}, time.Hour, nil, 3, 1},
		{"until it is rejected", []error{odd, end}, time.Hour, end, 2, 1},
		{"until there is no hope", []error{odd, hopeless}, time.Hour, hopeless, 2, 1},
		{"until the end", []error{&core.Slow{After: time.Minute}}, 90 * time.Second, context.DeadlineExceeded, 2, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithTimeout(t.Context(), tt.within)
				defer stop()
				tries, told := 0, 0
				err := Persist(ctx, func() error {
					tries++
					return tt.errs[min(tries, len(tt.errs))-1]
				}, func(err error) error {
					if errors.Is(err, end) {
						return end
					}
					return nil
				}, func(err error) bool { return errors.Is(err, hopeless) }, func(error) { told++ })
				if !errors.Is(err, tt.want) || tries != tt.tries || told != tt.told {
					t.Errorf("got %v after %d tries, told %d times; want %v, %d and %d", err, tries, told, tt.want, tt.tries, tt.told)
				}
			})
		})
	}
	ctx, stop := context.WithCancelCause(t.Context())
	if err := Persist(ctx, func() error { stop(end); return odd }, func(error) error { return odd }, nil, nil); !errors.Is(err, end) {
		t.Errorf("cut off: got %v, want the cause", err)
	}
}

func TestOutage(t *testing.T) {
	for _, tt := range []struct {
		status  int
		err     error
		want    string
		garbled bool
	}{
		{0, ErrTimeout, "ask: no answer in time", false},
		{200, ErrShape, "ask: the answer is of another shape", true},
		{200, io.ErrUnexpectedEOF, "ask: unexpected EOF", true},
		{502, ErrShape, "ask: HTTP status 502", true},
	} {
		err := fmt.Errorf("send: %w", &Outage{Does: "ask", Status: tt.status, Err: tt.err})
		if err.Error() != "send: "+tt.want || !errors.Is(err, tt.err) || Garbled(err) != tt.garbled {
			t.Errorf("got %v, garbled %v, want %s", err, Garbled(err), tt.want)
		}
	}
}

func TestUnquoted(t *testing.T) {
	for said, want := range map[string]string{
		"plain": "plain", `URL "https://x.example/?code=1" is wrong`: "URL … is wrong", "an 'a' and a 'b' here": "an … here",
		strings.Repeat("é", 300): strings.Repeat("é", 200) + "…",
	} {
		if got := Unquoted(said); got != want {
			t.Errorf("%s: got %q, want %q", said, got, want)
		}
	}
}

func TestPosted(t *testing.T) {
	for _, tt := range []struct {
		name, method string
		body         io.Reader
		want         string
		status       int
	}{
		{"a delivery", "POST", strings.NewReader("hello"), "hello", 200},
		{"a visitor", "GET", nil, "", 405},
		{"too much", "POST", strings.NewReader(strings.Repeat("x", maxPosted+1)), "", 413},
		{"cut off", "POST", iotest.ErrReader(io.ErrUnexpectedEOF), "", 400},
	} {
		w := httptest.NewRecorder()
		body, ok := Posted(w, httptest.NewRequest(tt.method, "/", tt.body))
		if string(body) != tt.want || w.Code != tt.status || ok != (tt.status == 200) {
			t.Errorf("%s: got %q, %v and status %d, want %q and %d", tt.name, body, ok, w.Code, tt.want, tt.status)
		}
	}
}
