// Package stand is what the fakes stand on: a server in memory that people can
// reach, take away and break, and that leaves nothing behind.
//
// Listen takes a Place for a Platform and makes a Server, which the fake embeds;
// Serve begins to hand requests to the fake, and Close waits until nothing of it
// runs. In between the fake keeps what arrives in a Log and has Answer answer it,
// so that Faults come first. What the platform does by itself it does with Go and
// Call. A connection that a handler has taken over it gives back with Release.
// Changes has those wait who look at it.
//
// A test makes a fake with its New, which is Test here, and reaches it through
// URL, Client and Dial. Break makes a route misbehave, once per Fault: those that
// any server may meet are here, those in a platform's own words with its fake.
// Cut, Stop and Resume are an unkind network.
//
// Fakes let everybody in: one that is not on pipes listens on loopback only.
package stand

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Platform is what a server must know of the fake that stands on it.
type Platform struct {
	Name string // as errors tell it
	Host string // where it is on a pipe.Net, such as "chat.example:443"

	// Loud reports whether people see the work of a route. Faults for any route are
	// met there only. Nil is nowhere.
	Loud func(route string) bool
}

// Server is one that listens, and what befalls it.
type Server struct {
	at       Place
	platform Platform
	listener net.Listener
	url      string
	http     *http.Server
	client   *http.Client
	caller   *http.Client
	served   chan struct{} // closed when Serve has returned
	quit     context.Context
	leave    context.CancelFunc
	conns    sync.WaitGroup // but those that a handler has taken over
	errands  sync.WaitGroup

	mu      sync.Mutex // guards all below
	live    map[net.Conn]bool
	faults  map[string][]Fault // by route, in small letters
	stopped bool
}

// Listen takes a place. Nobody is answered before Serve, which must follow.
func Listen(at Place, p Platform) (*Server, error) {
	l, err := at.listen(p)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	s := &Server{
		at: at, platform: p, listener: l, url: base(l.Addr()), client: at.client(), caller: Place{Net: at.Net}.client(),
		served: make(chan struct{}), live: map[net.Conn]bool{}, faults: map[string][]Fault{},
	}
	s.caller.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.quit, s.leave = context.WithCancel(context.Background())
	return s, nil
}

// Serve begins to hand requests to h. It is called once.
func (s *Server) Serve(h http.Handler) {
	s.http = &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ConnState: s.count}
	go func() {
		defer close(s.served)
		// Serve ends with ErrServerClosed, or because the listener was taken away: both are wanted.
		s.http.Serve(s.listener) //nolint:errcheck
	}()
}

// T is what Test needs of a *testing.T, so that programs need not link package testing.
type T interface {
	Helper()
	Cleanup(func())
	Fatal(args ...any)
	Error(args ...any)
}

// Test starts a fake for a test and closes it at the end.
func Test[Options any, Fake io.Closer](t T, start func(Options) (Fake, error), o Options) Fake {
	t.Helper()
	f, err := start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// URL is where the server is; it has no slash at the end.
func (s *Server) URL() string { return s.url }

// Client reaches the server, over pipes where it is on them.
func (s *Server) Client() *http.Client { return s.client }

// Dial connects to the server as Client does. It serves a websocket.Dialer for
// connections with TLS, too: over pipes there is none.
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if s.at.piped() {
		return s.at.Net.Dial(ctx, network, addr)
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// Format prints where the server is and nothing that it knows.
func (s *Server) Format(f fmt.State, _ rune) {
	io.WriteString(f, s.platform.Name+" at "+s.url) //nolint:errcheck // fmt's own buffer
}

// errStopped is what Call says between Stop and Resume.
var errStopped = errors.New("stopped: the bot cannot be reached")

// Call sends a request of the platform's own, such as one to a bot's webhook. It
// follows no redirect.
func (s *Server) Call(r *http.Request) (*http.Response, error) {
	if s.Stopped() {
		return nil, errStopped
	}
	return s.caller.Do(r)
}

// Go does something beside the requests, for which Close waits; f must end with
// Context. Once Close has begun nothing is done any more.
func (s *Server) Go(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quit.Err() == nil {
		s.errands.Go(f)
	}
}

// Context is done once Close has begun.
func (s *Server) Context() context.Context { return s.quit }

// Close stops the server, drops its connections and waits until nothing of it
// runs. A fake waits itself for handlers that have taken over a connection.
func (s *Server) Close() error {
	s.mu.Lock()
	s.leave()
	s.mu.Unlock()
	err := s.http.Close()
	<-s.served
	err = errors.Join(err, s.http.Close()) // whoever was accepted in between
	s.conns.Wait()
	s.errands.Wait()
	s.client.CloseIdleConnections()
	s.caller.CloseIdleConnections()
	if err != nil {
		return fmt.Errorf("close %s: %w", s.platform.Name, err)
	}
	return nil
}

// count lets Close wait for connections, which net/http itself does not, and Cut
// find them.
func (s *Server) count(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.conns.Add(1)
		s.live[c] = true
	case http.StateHijacked:
		s.conns.Done()
	case http.StateClosed:
		delete(s.live, c)
		s.conns.Done()
	}
}

// Release says that a handler which has taken over a connection is about to end
// it: Cut leaves it alone from now on.
func (s *Server) Release(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, c)
}
