package stand_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
)

// echo is the smallest fake: it says of each request which it is.
type echo struct {
	*stand.Server
	log stand.Log[request]
}

type request struct {
	path   string
	status int
}

func start(at stand.Place) (*echo, error) {
	on, err := stand.Listen(at, stand.Platform{Name: "Echo", Host: "echo.example:443", Loud: func(route string) bool { return route != "/quiet" }})
	if err != nil {
		return nil, err
	}
	e := &echo{Server: on}
	e.Serve(http.HandlerFunc(e.serve))
	return e, nil
}

func (e *echo) serve(w http.ResponseWriter, r *http.Request) {
	seen := &request{path: r.URL.Path}
	e.log.Add(seen)
	told := &stand.Told{ResponseWriter: w}
	defer e.log.Settle(func() { seen.status = told.Status })
	e.Answer(told, r, r.URL.Path, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) })
}

// statuses are what requests were answered with, in order.
func (e *echo) statuses() string {
	var out []string
	for _, r := range e.log.Those(func(request) bool { return true }) {
		out = append(out, fmt.Sprintf("%s %d", r.path, r.status))
	}
	return strings.Join(out, ", ")
}

// get is what the server answers within a minute; nothing is "".
func (e *echo) get(t *testing.T, path string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL()+path, http.NoBody)
	must(t, err)
	res, err := e.Client().Do(r)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return fmt.Sprint(res.StatusCode, " ", string(body))
}

func bubble(t *testing.T, do func(t *testing.T, e *echo)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { do(t, stand.Test(t, start, stand.Place{}.OrPipes())) })
}

func TestFaults(t *testing.T) {
	const page = "<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"
	for _, tt := range []struct {
		name        string
		fault       stand.Fault
		want, noted string
	}{
		{"custom", stand.Custom(418, "text/plain", "tea"), "418 tea", "/a 418"},
		{"a page", stand.HTML(502), "502 " + page, "/a 502"},
		{"drop", stand.Drop(), "", "/a 0"},
		{"drop after", stand.DropAfter(), "", "/a 0"},
		{"hang", stand.Hang(), "", "/a 0"},
		{"after a while", stand.After(30*time.Second, stand.Custom(418, "text/plain", "tea")), "418 tea", "/a 418"},
		{"after too long", stand.After(2*time.Minute, stand.Custom(418, "text/plain", "tea")), "", "/a 0"},
		{"the answer after all", func(w http.ResponseWriter, r *http.Request, call http.HandlerFunc) { call(w, r) }, "200 /a", "/a 200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, e *echo) {
				e.Break("/A", tt.fault)
				if got := e.get(t, "/a"); got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				if got := e.statuses(); got != tt.noted {
					t.Errorf("got %q noted, want %q", got, tt.noted)
				}
				if got := e.get(t, "/a"); got != "200 /a" {
					t.Errorf("after the fault: got %q, want the answer", got)
				}
			})
		})
	}
}

// A fault for any route is met by a loud one, after those for that route.
func TestBreakAnyRoute(t *testing.T) {
	bubble(t, func(t *testing.T, e *echo) {
		e.Break("", stand.Custom(500, "text/plain", "any"))
		e.Break("/a", stand.Custom(500, "text/plain", "one"), stand.Custom(500, "text/plain", "two"))
		var got []string
		for _, path := range []string{"/quiet", "/a", "/A", "/a", "/a"} {
			got = append(got, e.get(t, path))
		}
		if want := []string{"200 /quiet", "500 one", "500 two", "500 any", "200 /a"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestStopAndResume(t *testing.T) {
	bubble(t, func(t *testing.T, e *echo) {
		waits := make(chan string)
		e.Break("/a", stand.Hang())
		go func() { waits <- e.get(t, "/a") }()
		synctest.Wait()
		began := time.Now()
		e.Stop()
		if got := <-waits; got != "" || time.Since(began) != 0 {
			t.Errorf("got %q after %v, want to be cut off at once", got, time.Since(began))
		}
		if got := e.get(t, "/b"); got != "" || !e.Stopped() {
			t.Errorf("got %q, want no answer", got)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL(), http.NoBody)
		must(t, err)
		if _, err := e.Call(r); err == nil {
			t.Error("a call of a platform that is stopped: got no error, want one")
		}
		e.Resume()
		if got := e.get(t, "/b"); got != "200 /b" {
			t.Errorf("got %q, want an answer", got)
		}
		if got := e.statuses(); got != "/a 0, /b 0, /b 200" {
			t.Errorf("got %q, want all three requests", got)
		}
	})
}

func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c stand.Changes
		c.Change() // nobody waits
		var woken atomic.Int32
		for range 2 {
			changed := c.Changed()
			go func() { <-changed; woken.Add(1) }()
		}
		synctest.Wait()
		if n := woken.Load(); n != 0 {
			t.Errorf("got %d woken by nothing", n)
		}
		c.Change()
		synctest.Wait()
		select {
		case <-c.Changed():
			t.Error("got a change that is over, want the next")
		default:
		}
		if n := woken.Load(); n != 2 {
			t.Errorf("got %d woken, want both", n)
		}
	})
}

// Cut reaches connections that a handler has taken over, until they are released.
func TestCutTakenOver(t *testing.T) {
	for _, released := range []bool{false, true} {
		t.Run(fmt.Sprint("released ", released), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, near, far := takenOver(t)
				if released {
					e.Release(far)
				}
				e.Cut()
				_, err := near.Read(make([]byte, 1))
				if cut := errors.Is(err, io.EOF); cut == released {
					t.Errorf("got %v, want the end: %t", err, !released)
				}
			})
		})
	}
}

// takenOver is a connection that a handler has taken over, from both ends. Reading
// at the near one ends after a second.
func takenOver(t *testing.T) (e *stand.Server, near, far net.Conn) {
	taken := make(chan net.Conn, 1)
	e = stand.Test(t, func(at stand.Place) (*stand.Server, error) {
		on, err := stand.Listen(at, stand.Platform{Name: "Echo", Host: "echo.example:80"})
		must(t, err)
		on.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
			}
			taken <- c
		}))
		return on, nil
	}, stand.Place{}.OrPipes())
	near, err := e.Dial(t.Context(), "tcp", "echo.example:80")
	must(t, err)
	t.Cleanup(func() { near.Close() })
	must(t, near.SetReadDeadline(time.Now().Add(time.Second)))
	_, err = io.WriteString(near, "GET / HTTP/1.1\r\nHost: echo.example\r\n\r\n")
	must(t, err)
	far = <-taken
	t.Cleanup(func() { far.Close() })
	return e, near, far
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Close ends what the platform does by itself, waits for it and lets nothing begin.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := start(stand.Place{Net: pipe.New()})
		must(t, err)
		ended := false
		e.Go(func() {
			<-e.Context().Done()
			time.Sleep(time.Second) // it cleans up
			ended = true
		})
		if err := e.Close(); err != nil || !ended {
			t.Errorf("got %v, ended %t; want it closed, and all at an end", err, ended)
		}
		e.Go(func() { t.Error("something begins after the end") })
		synctest.Wait()
	})
}

func TestPlaces(t *testing.T) {
	for _, tt := range []struct {
		name string
		at   func(n *pipe.Net) stand.Place
		want string
	}{
		{"net", func(n *pipe.Net) stand.Place { return stand.Place{Net: n} }, "https://echo.example"},
		{"net and address", func(n *pipe.Net) stand.Place { return stand.Place{Net: n, Addr: "e.example:80"} }, "http://e.example"},
		{"listener", func(n *pipe.Net) stand.Place { return stand.Place{Net: n, Listener: n.Listen("l.example:8443")} }, "http://l.example:8443"},
		{"loopback", func(*pipe.Net) stand.Place { return stand.Place{} }, "http://127.0.0.1:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := stand.Test(t, start, tt.at(pipe.New()))
			if got := fmt.Sprint(e); !strings.HasPrefix(got, "Echo at "+tt.want) {
				t.Errorf("got %q, want it at %s", got, tt.want)
			}
			if got := e.URL(); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want %s", got, tt.want)
			}
		})
	}
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", "nowhere"} {
		if e, err := start(stand.Place{Addr: addr}); err == nil {
			t.Errorf("%s: got no error, want one", addr)
			e.Close()
		}
	}
}
