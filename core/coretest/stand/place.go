package stand

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/usherbot/usher/core/coretest/pipe"
)

// Place is where a fake listens. The zero value is any free port on loopback.
type Place struct {
	Net      *pipe.Net    // where to listen and to call bots; nil: sockets
	Addr     string       // default: the platform's own name on Net, otherwise 127.0.0.1:0
	Listener net.Listener // listens here instead of Net and Addr
}

// OrPipes is the place, or where none is said a network of pipes of its own.
func (p Place) OrPipes() Place {
	if p == (Place{}) {
		p.Net = pipe.New()
	}
	return p
}

func (p Place) piped() bool { return p.Net != nil && p.Listener == nil }

func (p Place) listen(who Platform) (net.Listener, error) {
	switch {
	case p.Listener != nil:
		return p.Listener, onLoopback(p.Listener.Addr())
	case p.Net != nil:
		return p.Net.Listen(cmp.Or(p.Addr, who.Host)), nil
	}
	addr, err := net.ResolveTCPAddr("tcp", cmp.Or(p.Addr, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", p.Addr, err)
	}
	if err := onLoopback(addr); err != nil {
		return nil, err
	}
	return net.Listen("tcp", addr.String())
}

// onLoopback fails for an address that other machines could reach.
func onLoopback(addr net.Addr) error {
	if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		return fmt.Errorf("listen on %s: a server that lets everybody in stays on loopback", addr)
	}
	return nil
}

// client makes one for whoever listens at p.
func (p Place) client() *http.Client {
	if p.piped() {
		return p.Net.Client()
	}
	return &http.Client{Transport: &http.Transport{}}
}

// base is the URL of whoever listens on addr; 443 is https.
func base(addr net.Addr) string {
	if host, ok := strings.CutSuffix(addr.String(), ":443"); ok {
		return "https://" + host
	}
	return "http://" + strings.TrimSuffix(addr.String(), ":80")
}
