package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	people     = 1000             // who call, each from a chat of their own
	answerFor  = 20 * time.Second // after which an answer is taken for lost
	readHeader = 5 * time.Second
)

// platform is a platform as far as it is played.
type platform struct {
	name string
	// deliver is a call as the platform posts it to a bot.
	deliver func(ctx context.Context, bot string, c call) (*http.Request, error)
	// api is what a bot asks of the platform, by pattern. heard is told each answer.
	api func(heard func(text string)) map[string]http.HandlerFunc
	// inline is the answer that came in the response to a delivery, or empty.
	inline func(body []byte) (string, error)
}

// platforms are all that are played.
var platforms = []platform{
	{"Discord", deliverDiscord, discordAPI, inlineDiscord},
	{"Slack", deliverSlack, slackAPI, noInline},
	{"Telegram", deliverTelegram, telegramAPI, noInline},
}

func noInline([]byte) (string, error) { return "", nil }

// call is somebody who calls a command.
type call struct {
	command string
	number  int // no two calls have the same
}

// text is what is to come back.
func (c call) text() string { return "n" + strconv.Itoa(c.number) }

// person is who calls. So many calls later it is the same one again.
func (c call) person() int { return 1000 + c.number%people }

// took is how long a call took.
type took struct{ acked, answered time.Duration }

// world is the platforms, and those who call.
type world struct {
	client *http.Client
	server *http.Server
	url    string
	waits  sync.Map // of chan time.Time, by text
	strays atomic.Int64
	last   atomic.Int64 // number of a call
}

// newWorld listens on loopback until close.
func newWorld(ctx context.Context) (*world, error) {
	at, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	w := &world{
		url:    "http://" + at.Addr().String(),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: people, DisableCompression: true}},
	}
	mux := http.NewServeMux()
	for _, p := range platforms {
		for pattern, h := range p.api(w.heard) {
			mux.HandleFunc(pattern, h)
		}
	}
	w.server = &http.Server{Handler: mux, ReadHeaderTimeout: readHeader}
	go w.server.Serve(at) //nolint:errcheck // it ends with close
	return w, nil
}

func (w *world) close() error { return w.server.Close() }

// heard is told of an answer. One that nobody waits for is a stray: nothing that
// is played here may be answered twice.
func (w *world) heard(text string) {
	if wait, ok := w.waits.LoadAndDelete(text); ok {
		wait.(chan time.Time) <- time.Now()
		return
	}
	w.strays.Add(1)
}

// play has somebody call a command and waits for the answer.
func (w *world) play(ctx context.Context, bot string, p platform, command string) (took, error) {
	ctx, stop := context.WithTimeout(ctx, answerFor)
	defer stop()
	c := call{command, int(w.last.Add(1))}
	req, err := p.deliver(ctx, bot, c)
	if err != nil {
		return took{}, fmt.Errorf("make delivery: %w", err)
	}
	wait := make(chan time.Time, 1)
	w.waits.Store(c.text(), wait)
	defer w.waits.Delete(c.text())
	begun := time.Now()
	body, err := w.post(req)
	if err != nil {
		return took{}, fmt.Errorf("deliver to %s: %w", p.name, err)
	}
	acked := time.Now()
	said, err := p.inline(body)
	if err != nil {
		return took{}, fmt.Errorf("read response on %s: %w", p.name, err)
	}
	if said != "" {
		w.heard(said)
	}
	select {
	case answered := <-wait:
		return took{acked.Sub(begun), answered.Sub(begun)}, nil
	case <-ctx.Done():
		return took{}, fmt.Errorf("%s: no answer to /%s: %w", p.name, command, ctx.Err())
	}
}

func (w *world) post(req *http.Request) ([]byte, error) {
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return body, err
}

// flat plays count commands, as many at once as width.
func (w *world) flat(ctx context.Context, bot string, p platform, count, width int) error {
	failed := make(chan error, width)
	var begun atomic.Int64
	var wg sync.WaitGroup
	for range width {
		wg.Go(func() {
			for begun.Add(1) <= int64(count) {
				if _, err := w.play(ctx, bot, p, "echo"); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	return w.end(failed)
}

// timed plays count commands, one every so often whether or not the last was
// answered; all at once where that is 0.
func (w *world) timed(ctx context.Context, bot string, p platform, command string, count int, every time.Duration) ([]took, error) {
	times, failed := make([]took, count), make(chan error, count)
	begun := time.Now()
	var wg sync.WaitGroup
	for i := range count {
		select {
		case <-time.After(time.Until(begun.Add(time.Duration(i) * every))):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		wg.Go(func() {
			var err error
			if times[i], err = w.play(ctx, bot, p, command); err != nil {
				failed <- err
			}
		})
	}
	wg.Wait()
	return times, w.end(failed)
}

// end is the first thing that went wrong, if any did.
func (w *world) end(failed chan error) error {
	if n := w.strays.Load(); n > 0 {
		return fmt.Errorf("%d answers that nobody waited for", n)
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// reply writes an answer of an API.
func reply(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, body) //nolint:errcheck,gosec // who has hung up misses it; nobody looks at it in a browser
}

// says is an endpoint that always answers the same.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { reply(w, body) }
}
