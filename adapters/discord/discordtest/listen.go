package discordtest

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// listen takes the place that o names.
func listen(o Options) (net.Listener, error) {
	switch {
	case o.Listener != nil:
		return o.Listener, onLoopback(o.Listener.Addr())
	case o.Net != nil:
		return o.Net.Listen(cmp.Or(o.Addr, "discord.example:443")), nil
	}
	addr, err := net.ResolveTCPAddr("tcp", cmp.Or(o.Addr, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", o.Addr, err)
	}
	if err := onLoopback(addr); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr.String())
	if err != nil {
		return nil, fmt.Errorf("start Discord: %w", err)
	}
	return l, nil
}

// onLoopback fails for an address that other machines could reach.
func onLoopback(addr net.Addr) error {
	if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		return fmt.Errorf("listen on %s: a server that lets everybody in stays on loopback", addr)
	}
	return nil
}

// reaching makes a client for whoever listens as o says.
func reaching(o Options) *http.Client {
	if o.Net != nil && o.Listener == nil {
		return o.Net.Client()
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
