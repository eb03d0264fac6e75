// Package reach is how an adapter gets to its platform, and gives no token away
// on the way.
//
// Allowed says which address may be told a token, and Client follows no other
// from there. An error of the way has the address in it, where tokens may be: Bare
// takes it out. That nobody answers is an Outage, in which Persist tries on, for as
// long as Backoff says in between. What the platform refuses may repeat what it was
// asked: Unquoted takes that out. Posted reads what it delivers.
package reach

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Allowed reports whether a token may be sent to an address: one that is
// encrypted or on this machine, and has nothing behind its path.
func Allowed(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname())
}

// Loopback reports whether a host is this machine.
func Loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Client is base, or a client of its own for nil, which follows no redirects and
// keeps no cookies. What a request may take its context says.
func Client(base *http.Client) *http.Client {
	c := http.Client{}
	if base != nil {
		c = *base
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 5 * time.Second,
		}
	}
	c.Jar, c.Timeout, c.CheckRedirect = nil, 0, Stay
	return &c
}

// Stay is a CheckRedirect that follows none.
func Stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Bare is what went wrong on the way, without the address.
func Bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return errors.New(dns.Err)
	}
	return err
}
