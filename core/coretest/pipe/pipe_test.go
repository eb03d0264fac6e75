package pipe_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core/coretest/pipe"
)

// serve runs an HTTP server on n at addr until the test ends.
func serve(t *testing.T, n *pipe.Net, addr string, h http.HandlerFunc) net.Listener {
	t.Helper()
	l := n.Listen(addr)
	srv := &http.Server{Handler: h}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve: got %v, want a closed server", err)
		}
	}()
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return l
}

func get(t *testing.T, c *http.Client, url string) (string, error) {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

func say(word string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if _, err := io.WriteString(w, word); err != nil {
			panic(err)
		}
	}
}

func TestTwoHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New()
		serve(t, n, "one.example:443", say("one"))
		serve(t, n, "two.example:80", say("two"))
		c := n.Client()
		for url, want := range map[string]string{"https://one.example": "one", "http://two.example": "two"} {
			if got, err := get(t, c, url); err != nil || got != want {
				t.Errorf("GET %s: got %q, %v, want %q", url, got, err, want)
			}
		}
	})
}

func TestTimeIsVirtual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New()
		serve(t, n, "slow.example:80", func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(15 * time.Minute)
			say("done")(w, r)
		})
		began := time.Now()
		if got, err := get(t, n.Client(), "http://slow.example"); err != nil || got != "done" {
			t.Fatalf("got %q, %v, want done", got, err)
		}
		if took := time.Since(began); took != 15*time.Minute {
			t.Errorf("took %v, want 15m", took)
		}
	})
}

func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n pipe.Net
		dial := func(ctx context.Context, want error) {
			t.Helper()
			c, err := n.Dial(ctx, "tcp", "a.example:80")
			if !errors.Is(err, want) || c != nil {
				t.Errorf("Dial: got %v, %v, want %v", c, err, want)
			}
		}
		dial(t.Context(), syscall.ECONNREFUSED)

		l := n.Listen("a.example:80") // and nobody accepts
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		dial(ctx, context.DeadlineExceeded)

		time.AfterFunc(time.Second, func() { l.Close() })
		dial(t.Context(), syscall.ECONNREFUSED)
		dial(t.Context(), syscall.ECONNREFUSED)
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept: got %v, want net.ErrClosed", err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("second Close: got %v, want nil", err)
		}
		n.Listen("a.example:80").Close() // the address is free again
	})
}

func TestListenTwice(t *testing.T) {
	defer func() {
		if got := recover(); got != "pipe: two listeners on a.example:80" {
			t.Errorf("got panic %v, want one that names the address", got)
		}
	}()
	n := pipe.New()
	n.Listen("a.example:80")
	n.Listen("a.example:80")
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New()
		l := n.Listen("a.example:80")
		defer l.Close()
		go func() {
			c, err := l.Accept()
			if err != nil {
				t.Errorf("Accept: %v", err)
				return
			}
			defer c.Close()
			<-t.Context().Done() // never answers
		}()
		c, err := n.Dial(t.Context(), "tcp", "a.example:80")
		if err != nil {
			t.Fatalf("Dial: %v", err)
		}
		defer c.Close()
		if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatalf("SetReadDeadline: %v", err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: got %v, want os.ErrDeadlineExceeded", err)
		}
	})
}

// An outage of 20 seconds: what is under way breaks, what comes is refused, and
// afterwards all is well.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New()
		l := serve(t, n, "a.example:80", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		serve(t, n, "b.example:80", say("b"))
		c := n.Client()
		began := time.Now()
		time.AfterFunc(time.Second, func() {
			l.Close()
			n.Cut("a.example:80")
		})
		if _, err := get(t, c, "http://a.example"); !errors.Is(err, io.EOF) {
			t.Errorf("request under way: got %v, want io.EOF", err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("cut after %v, want 1s", took)
		}
		if _, err := get(t, c, "http://a.example"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("during the outage: got %v, want ECONNREFUSED", err)
		}
		if got, err := get(t, c, "http://b.example"); err != nil || got != "b" {
			t.Errorf("the other host: got %q, %v, want b", got, err)
		}
		time.Sleep(20 * time.Second)
		serve(t, n, "a.example:80", say("back"))
		if got, err := get(t, c, "http://a.example"); err != nil || got != "back" {
			t.Errorf("after the outage: got %q, %v, want back", got, err)
		}
	})
}
