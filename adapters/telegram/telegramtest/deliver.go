package telegramtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// dispatch sends somebody off with each lane that waits and has nobody yet.
func (s *Server) dispatch() {
	h := s.hook
	if h == nil || s.Stopped() {
		return
	}
	for _, u := range s.pendingNow() {
		if !h.busy[u.lane] {
			h.busy[u.lane] = true
			s.Go(func() { s.carry(h, u.lane) })
		}
	}
}

// carry brings the updates of a lane to the webhook, each when the one before
// it was taken.
func (s *Server) carry(h *webhook, lane string) {
	for u := s.next(h, lane); u != nil; u = s.next(h, lane) {
		select {
		case h.slots <- struct{}{}:
		case <-h.set.Done():
			continue
		}
		wait, err := s.deliver(h, u)
		<-h.slots
		if err == nil {
			s.delivered(u)
			continue
		}
		select {
		case <-time.After(max(wait, s.failed(h, u, err))):
		case <-h.set.Done():
		}
	}
}

// next is the first update of a lane, or nil when the lane is to be left.
func (s *Server) next(h *webhook, lane string) *update {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.set.Err() == nil && !s.Stopped() {
		for _, u := range s.pendingNow() {
			if u.lane == lane {
				return u
			}
		}
	}
	delete(h.busy, lane)
	return nil
}

// deliver calls the webhook once. After an error, wait is how long it wants to be
// left alone at least, up to an hour.
func (s *Server) deliver(h *webhook, u *update) (wait time.Duration, err error) {
	ctx, stop := context.WithTimeout(h.set, time.Minute)
	defer stop()
	r, err := h.request(ctx, u)
	if err != nil {
		return 0, err
	}
	res, err := s.Call(r)
	if err != nil {
		return 0, fmt.Errorf("call the webhook: %w", err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20)); err != nil {
		return 0, fmt.Errorf("read what the webhook says: %w", err)
	}
	if res.StatusCode/100 == 2 {
		return 0, nil
	}
	seconds, err := strconv.Atoi(res.Header.Get("Retry-After"))
	if err != nil {
		seconds = 0 // none was given
	}
	return time.Duration(min(max(seconds, 0), 3600)) * time.Second,
		fmt.Errorf("%s: %d %s", wrongResponse, res.StatusCode, http.StatusText(res.StatusCode))
}

// wrongResponse is how getWebhookInfo begins to tell of an answer that is not 2xx.
const wrongResponse = "Wrong response from the webhook"

func (s *Server) delivered(u *update) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.tries = 0
	if i := slices.Index(s.pending, u); i >= 0 {
		s.pending = slices.Delete(s.pending, i, i+1)
		s.Change()
	}
}

// failed notes a failure and returns how long to wait after it: twice as long
// each time, up to a minute.
func (s *Server) failed(h *webhook, u *update, err error) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.failed, h.failure = time.Now(), err.Error()
	u.tries++
	return min(time.Second<<min(u.tries-1, 6), time.Minute)
}
