package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/usherbot/usher/core/reach"
)

const (
	sockets = 2                // at once, so that one can end without anybody noticing
	settled = 10 * time.Second // after which a connection was a good one
	linger  = 15 * time.Second // that a connection is listened to after its end was announced
)

var (
	errLinkDisabled = errors.New("link_disabled") // Socket Mode was switched off
	errReplaced     = errors.New("replaced as Slack wants it")
)

// listen keeps its connections until ctx ends or nothing can help. The second is
// opened once the first has been.
func (a *Adapter) listen(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	first := make(chan struct{})
	up := sync.OnceFunc(func() { close(first) })
	var wg sync.WaitGroup
	for i := range sockets {
		wg.Go(func() {
			if i > 0 {
				select {
				case <-first:
				case <-ctx.Done():
				}
			}
			stop(a.keep(ctx, &wg, up))
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// keep keeps one connection: when it breaks, or Slack is about to end it, there
// is a new one. It returns why it can no more.
func (a *Adapter) keep(ctx context.Context, wg *sync.WaitGroup, up func()) error {
	for failures := 0; ; failures++ {
		began := time.Now()
		err := a.connect(ctx, wg, up)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if fatal := unlistened(err); fatal != nil {
			return fatal
		}
		if time.Since(began) > settled {
			failures = 0
			if errors.Is(err, errReplaced) { // in time
				continue
			}
		}
		if failures == 0 {
			a.log.Warn("a connection to Slack is lost; trying on", "platform", platform, "error", err)
		}
		if err := reach.Pause(ctx, reach.Backoff(failures, err)); err != nil {
			return err
		}
	}
}

// unlistened is what an operator reads when Slack lets nobody listen, or nil.
func unlistened(err error) error {
	switch {
	case errors.Is(err, errLinkDisabled), says(err, "not_allowed"):
		return fmt.Errorf("SLACK_MODE: Socket Mode is switched off in the app's settings. Switch it on there, or set SLACK_MODE to http: %w", err)
	case keyless(err):
		return fmt.Errorf("SLACK_APP_TOKEN: Slack does not take it (any more). Basic Information, App-Level Tokens makes one with the scope connections:write: %w", err)
	}
	return nil
}

// connect makes a connection and returns when it has ended, or with errReplaced
// when it is about to; then what still comes is listened to for a while.
func (a *Adapter) connect(ctx context.Context, wg *sync.WaitGroup, up func()) error {
	conn, err := a.dial(ctx)
	if err != nil {
		return err
	}
	s := &socket{adapter: a, conn: conn, up: up, leaving: make(chan string, 1)}
	ended := make(chan error, 1)
	wg.Go(func() { ended <- s.run(ctx) })
	select {
	case err := <-ended:
		return err
	case why := <-s.leaving:
		if why == errLinkDisabled.Error() {
			return errLinkDisabled
		}
		time.AfterFunc(linger, s.drop)
		return errReplaced
	}
}

// dial asks where to connect to, and does.
func (a *Adapter) dial(ctx context.Context) (*websocket.Conn, error) {
	var address string
	err := a.call(ctx, openConnection, func(ctx context.Context) (err error) {
		_, address, err = a.web.StartSocketModeContext(ctx)
		return missing(address, err)
	})
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "wss" && (u.Scheme != "ws" || !reach.Loopback(u.Hostname()) && a.config.Dial == nil) {
		return nil, errors.New("apps.connections.open: the address is none that is encrypted")
	}
	d := websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, HandshakeTimeout: callTimeout,
		WriteBufferSize: 32 << 10, // Slack does not put messages together that come in parts
	}
	if a.config.Dial != nil {
		d.Proxy, d.NetDialContext, d.NetDialTLSContext = nil, a.config.Dial, a.config.Dial
	}
	conn, _, err := d.DialContext(ctx, address, nil) //nolint:bodyclose // it needs no closing
	if err != nil {
		return nil, fmt.Errorf("connect: %w", reach.Bare(err))
	}
	conn.SetReadLimit(maxAnswer)
	return conn, nil
}
