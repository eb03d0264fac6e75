// Package pipe is a network in memory, made of net.Pipe connections.
//
// A fake platform takes a name on it with Net.Listen, and the library under
// test is given Net.Dial, or the whole Net.Client. Because every read, write
// and accept is a channel operation, testing/synctest sees all waiting, and the
// clock of a bubble runs past it; sockets would stop that clock.
//
// For an outage, close the listener, so that nobody new gets in, and Net.Cut
// the connections that are open.
//
// A Net used in a synctest bubble must be made there.
package pipe

import (
	"context"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
)

// A Net is one network. The zero value is ready, with nobody on it.
type Net struct {
	mu    sync.Mutex
	hosts map[string]*listener
	live  map[*conn]bool
}

// New makes a network with nobody on it.
func New() *Net { return new(Net) }

// Listen takes addr, such as "auth.example:443", until the listener is closed.
// It panics when somebody listens there already.
func (n *Net) Listen(addr string) net.Listener {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts[addr] != nil {
		panic("pipe: two listeners on " + addr)
	}
	if n.hosts == nil {
		n.hosts, n.live = map[string]*listener{}, map[*conn]bool{}
	}
	l := &listener{net: n, name: name(addr), conns: make(chan net.Conn), closed: make(chan struct{})}
	n.hosts[addr] = l
	return l
}

// Dial connects to whoever listens on addr, once they accept. Nobody there is
// ECONNREFUSED, as with sockets. It fits http.Transport's DialContext.
func (n *Net) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	n.mu.Lock()
	l := n.hosts[addr]
	n.mu.Unlock()
	if l == nil {
		return nil, dialError(network, addr, os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	near, far := n.connect(addr)
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		far.Close()
		return nil, dialError(network, addr, os.NewSyscallError("connect", syscall.ECONNREFUSED))
	case <-ctx.Done():
		far.Close()
		return nil, dialError(network, addr, ctx.Err())
	}
}

// Client makes an HTTP client that reaches only this network. Behind an https
// address it speaks plain HTTP too: certificates have nothing to say here.
func (n *Net) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: n.Dial, DialTLSContext: n.Dial}}
}

// Cut drops every connection made to addr. Their other ends read io.EOF.
func (n *Net) Cut(addr string) {
	var cut []*conn
	n.mu.Lock()
	for c := range n.live {
		if c.addr == addr {
			cut = append(cut, c)
		}
	}
	n.mu.Unlock()
	for _, c := range cut {
		c.Close()
	}
}

// connect makes both ends of a connection to addr and remembers the far one.
func (n *Net) connect(addr string) (near net.Conn, far *conn) {
	near, end := net.Pipe()
	far = &conn{Conn: end, net: n, addr: addr}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.live[far] = true
	return near, far
}

// conn is the listener's end of a connection.
type conn struct {
	net.Conn
	net  *Net
	addr string
}

// Close closes this end and forgets it.
func (c *conn) Close() error {
	c.net.mu.Lock()
	delete(c.net.live, c)
	c.net.mu.Unlock()
	return c.Conn.Close()
}

type listener struct {
	net    *Net
	name   name
	conns  chan net.Conn // unbuffered: what is sent has been accepted
	once   sync.Once
	closed chan struct{}
}

// Accept waits for the next Dial.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	case c := <-l.conns:
		return c, nil
	}
}

// Close gives the address back. Connections that were accepted stay open.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.net.mu.Lock()
		defer l.net.mu.Unlock()
		delete(l.net.hosts, string(l.name))
		close(l.closed)
	})
	return nil
}

// Addr is the name that Listen was given.
func (l *listener) Addr() net.Addr { return l.name }

// name is an address on a Net.
type name string

func (name) Network() string  { return "pipe" }
func (n name) String() string { return string(n) }

func dialError(network, addr string, err error) error {
	return &net.OpError{Op: "dial", Net: network, Addr: name(addr), Err: err}
}
