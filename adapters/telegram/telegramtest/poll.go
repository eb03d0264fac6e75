package telegramtest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// poll is a getUpdates that waits.
type poll struct{ ended chan string }

// Polls is how many times getUpdates was called.
func (s *Server) Polls() int { return len(s.Requests("getUpdates")) }

// getUpdates hands out what is pending, and waits for it up to 50 seconds. What
// comes before offset is confirmed by it.
func (s *Server) getUpdates(ctx context.Context, p url.Values) (any, error) {
	over := time.NewTimer(time.Duration(min(max(integer(p, "timeout"), 0), 50)) * time.Second)
	defer over.Stop()
	me, err := s.beginPoll(p)
	switch {
	case err != nil:
		return nil, err
	case me == nil:
		return nil, s.conflicting(ctx, "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
	}
	limit := integer(p, "limit")
	if limit < 1 || limit > 100 {
		limit = 100
	}
	for late := integer(p, "timeout") <= 0; ; {
		found, wake := s.take(me, limit, late)
		if found != nil {
			return found, nil
		}
		select {
		case <-wake:
		case <-over.C:
			late = true
		case why := <-me.ended:
			return nil, s.conflicting(ctx, why)
		case <-ctx.Done():
			s.leavePoll(me)
			return nil, ctx.Err()
		}
	}
}

// beginPoll confirms, and ends the poll that waits already. There is none while
// a webhook is set.
func (s *Server) beginPoll(p url.Values) (*poll, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hook != nil {
		return nil, nil
	}
	s.endPoll("terminated by other getUpdates request; make sure that only one bot instance is running")
	if err := s.allow(p); err != nil {
		return nil, err
	}
	s.confirm(integer(p, "offset"))
	s.polling = &poll{ended: make(chan string, 1)}
	return s.polling, nil
}

func (s *Server) endPoll(why string) {
	if s.polling != nil {
		s.polling.ended <- why
		s.polling = nil
	}
}

func (s *Server) leavePoll(me *poll) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.polling == me {
		s.polling = nil
	}
}

// confirm forgets what comes before offset; a negative one keeps so many from the end.
func (s *Server) confirm(offset int) {
	before := len(s.pending)
	if offset < 0 {
		s.pending = s.pending[max(0, before+offset):]
	} else {
		s.pending = slices.DeleteFunc(s.pending, func(u *update) bool { return u.id < int64(offset) })
	}
	if len(s.pending) < before {
		s.Change()
	}
}

// take ends the poll with what there is, or with nothing when it is late.
// Otherwise wake is closed when there may be something.
func (s *Server) take(me *poll, limit int, late bool) (found []json.RawMessage, wake <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Concat(s.again, s.pendingNow())
	if s.polling != me || len(out) == 0 && !late {
		return nil, s.wake
	}
	out = out[:min(limit, len(out))]
	s.again, s.polling = s.again[min(limit, len(s.again)):], nil
	if s.reversed && len(out) > 1 {
		slices.Reverse(out)
		s.reversed = false
	}
	found = []json.RawMessage{}
	for _, u := range out {
		found = append(found, u.body)
	}
	return found, nil
}

// conflicting is a 409. A second one within three seconds keeps its asker waiting
// as long.
func (s *Server) conflicting(ctx context.Context, why string) error {
	s.mu.Lock()
	late := time.Now().Before(s.conflict)
	if !late {
		s.conflict = time.Now().Add(3 * time.Second)
	}
	s.mu.Unlock()
	if late {
		select {
		case <-time.After(3 * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return &refusal{code: http.StatusConflict, text: "Conflict: " + why}
}
