package main

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// connections is how many any subject has to the provider, at most.
const connections = 64

// baselineClient is what both baselines ask with.
func baselineClient() *http.Client {
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections},
	}
}

// settings are what is known of the provider.
func settings(api string) *oauth2.Config {
	return &oauth2.Config{ClientID: clientID, Endpoint: oauth2.Endpoint{
		DeviceAuthURL: api + atDevice, TokenURL: api + atToken, AuthStyle: oauth2.AuthStyleInParams,
	}}
}

// issue asks for the codes of the logins, some at a time.
func issue(ctx context.Context, t task) ([]*oauth2.DeviceAuthResponse, error) {
	codes := make([]*oauth2.DeviceAuthResponse, t.Logins)
	return codes, parallel(t.Logins, func(i int) (err error) {
		codes[i], err = settings(t.API).DeviceAuth(ctx)
		return err
	})
}

// parallel calls f for each number below n, as many at once as there are
// connections, and returns the first error of each of them.
func parallel(n int, f func(i int) error) error {
	errs := make([]error, connections)
	var wg sync.WaitGroup
	for w := range connections {
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += connections {
				errs[w] = f(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// runOAuth2 polls as golang.org/x/oauth2 means it: one goroutine a login.
func runOAuth2(ctx context.Context, t task, begin teller) error {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, baselineClient())
	codes, err := issue(ctx, t)
	if err != nil {
		return fmt.Errorf("ask for codes: %w", err)
	}
	failed := make(chan error, 1)
	for _, c := range codes {
		go func() {
			time.Sleep(rand.N(t.Every)) // then it waits for an interval
			_, err := settings(t.API).DeviceAccessToken(ctx, c)
			select {
			case failed <- fmt.Errorf("a login ended: %w", err):
			default:
			}
		}()
	}
	begin(hello{}, atOnce)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// paced is the least that polls many logins: a heap of what is due, and a
// goroutine a connection. Each sleeps until the next login is due, asks, and puts
// it back: one wake-up a poll.
type paced struct {
	client *http.Client
	url    string
	every  time.Duration

	mu  sync.Mutex
	due dueHeap
}

func runPaced(ctx context.Context, t task, begin teller) error {
	client := baselineClient()
	codes, err := issue(context.WithValue(ctx, oauth2.HTTPClient, client), t)
	if err != nil {
		return fmt.Errorf("ask for codes: %w", err)
	}
	p := &paced{client: client, url: t.API + atToken, every: t.Every}
	now := time.Now()
	for _, c := range codes {
		p.due = append(p.due, dueCode{now.Add(t.Every + rand.N(t.Every)), c.DeviceCode})
	}
	heap.Init(&p.due)
	failed := make(chan error, 1)
	for range min(connections, len(codes)) { // so that none ever finds the heap empty
		go func() {
			select {
			case failed <- p.work():
			default:
			}
		}()
	}
	begin(hello{}, atOnce)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// work polls until something goes wrong. Intervals are all the same, so that what
// is put back is due after all that others sleep for.
func (p *paced) work() error {
	for {
		p.mu.Lock()
		next := heap.Pop(&p.due).(dueCode)
		p.mu.Unlock()
		time.Sleep(time.Until(next.at))
		if err := p.poll(next.device); err != nil {
			return err
		}
		next.at = time.Now().Add(p.every)
		p.mu.Lock()
		heap.Push(&p.due, next)
		p.mu.Unlock()
	}
}

func (p *paced) poll(device string) error {
	resp, err := p.client.PostForm(p.url, url.Values{ //nolint:noctx // it has its time limit, and ends with the process
		"grant_type":  {"urn:ietf:params:oauth:grant-type:device_code"},
		"client_id":   {clientID},
		"device_code": {device},
	})
	if err != nil {
		return fmt.Errorf("poll: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("poll: %w", err)
	}
	var said struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return fmt.Errorf("poll: %w", err)
	}
	if said.Error != pending {
		return fmt.Errorf("poll: got %q", said.Error)
	}
	return nil
}

// dueCode is a login that waits.
type dueCode struct {
	at     time.Time
	device string
}

// dueHeap has the one that is due first in front.
type dueHeap []dueCode

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(dueCode)) }

func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
