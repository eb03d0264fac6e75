package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/usherbot/usher/core/coretest/pipe"
)

// web is where browsers reach the bot of the moment.
type web struct {
	url string
	bot atomic.Pointer[http.Handler]
}

// callback is where the authorization server sends them back to.
func (w *web) callback() string { return w.url + "/oauth/callback/demo" }

// serve has browsers reach the pages of another bot.
func (w *web) serve(pages http.Handler) { w.bot.Store(&pages) }

// ServeHTTP implements http.Handler.
func (w *web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	pages := w.bot.Load()
	if pages == nil {
		http.Error(rw, "The bot is about to start.", http.StatusServiceUnavailable)
		return
	}
	(*pages).ServeHTTP(rw, r)
}

// openWeb listens for browsers at a loopback address, if there is one.
func (p *play) openWeb(addr string, n *pipe.Net) error {
	if addr == "" {
		return nil
	}
	l, err := listenOnLoopback(addr, n)
	if err != nil {
		return fmt.Errorf("--browser: %w", err)
	}
	w := &web{url: "http://" + l.Addr().String()}
	srv := &http.Server{Handler: w, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	p.web = w
	p.cleanup = append(p.cleanup, func() error {
		err := srv.Close()
		if end := <-ended; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
		return err
	})
	return nil
}

// listenOnLoopback takes an address that no other machine reaches.
func listenOnLoopback(addr string, n *pipe.Net) (net.Listener, error) {
	if n != nil {
		return n.Listen(addr), nil
	}
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, err
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("%s is no loopback address: give one such as 127.0.0.1:8080", addr)
	}
	return net.ListenTCP("tcp", tcp)
}
