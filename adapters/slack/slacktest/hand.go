package slacktest

import (
	"context"
	"net/url"
	"slices"
	"time"
)

// overLink hands d over on a socket. An event for which there is none comes again
// as one that was missed; all else waits for one as long as it can.
func (s *Server) overLink(ctx context.Context, d *delivery) (url.Values, error) {
	id := secret()
	envelope := object{
		"envelope_id": id, "type": d.kind, "payload": d.content, "accepts_response_payload": d.answerable,
	}
	if d.kind == eventsAPI {
		envelope["retry_attempt"], envelope["retry_reason"] = d.attempt, d.reason
	}
	taken := make(chan acknowledgement, 1)
	l, err := s.hand(ctx, envelope, taken, d.kind != eventsAPI || d.attempt > 0)
	if err != nil {
		return nil, err
	}
	defer s.unexpect(l, id)
	select {
	case got := <-taken:
		if !d.answerable || len(got.Payload) == 0 {
			return nil, nil
		}
		return readReply(got.Payload), nil
	case <-l.gone:
		return nil, &failure{code: "dispatch_failed", reason: "connection_failed"}
	case <-ctx.Done():
		return nil, &failure{code: "operation_timeout", reason: "timeout"}
	}
}

// hand writes an envelope to the first socket that takes it.
func (s *Server) hand(ctx context.Context, envelope object, taken chan<- acknowledgement, wait bool) (*link, error) {
	id := envelope["envelope_id"].(string)
	for {
		l, err := s.pick(ctx, wait)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		l.waiting[id] = taken
		s.mu.Unlock()
		if l.write(envelope) == nil {
			return l, nil
		}
		s.unexpect(l, id)
		s.shun(l)
	}
}

func (s *Server) unexpect(l *link, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(l.waiting, id)
}

// shun ends a socket, which gets nothing more from now on.
func (s *Server) shun(l *link) {
	s.mu.Lock()
	l.leaving = time.Now()
	s.mu.Unlock()
	l.conn.Close()
}

// pick is the next socket in turn, of those that were not told to go.
func (s *Server) pick(ctx context.Context, wait bool) (*link, error) {
	for {
		s.mu.Lock()
		arrived := s.arrived
		if stay := s.staying(); len(stay) > 0 {
			s.next++
			l := stay[s.next%len(stay)]
			s.mu.Unlock()
			return l, nil
		}
		s.mu.Unlock()
		if !wait {
			return nil, &failure{code: "dispatch_failed", reason: "connection_failed"}
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return nil, &failure{code: "dispatch_failed", reason: "connection_failed"}
		}
	}
}

// staying are the sockets that were not told to go, the oldest first.
func (s *Server) staying() []*link {
	return slices.DeleteFunc(slices.Clone(s.links), func(l *link) bool { return !l.leaving.IsZero() })
}
