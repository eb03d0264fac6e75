package slacktest

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"
)

// The kinds of deliveries, as envelopes of Socket Mode call them.
const (
	eventsAPI     = "events_api"
	slashCommands = "slash_commands"
	interactive   = "interactive"
)

// ackWait is how long a bot may take to acknowledge.
const ackWait = 3 * time.Second

// retries are how long to wait before an event comes again, and again.
var retries = []time.Duration{0, time.Minute, 5 * time.Minute}

// delivery is something that the bot is to acknowledge.
type delivery struct {
	kind       string
	by         *person
	content    json.RawMessage
	answerable bool                   // the acknowledgement may say something
	attempt    int                    // 0: the first
	reason     string                 // why there was another
	fails      func(code string)      // tells the person, if it was not an event
	taken      func(reply url.Values) // with what the acknowledgement said
}

// failure is why a delivery was not acknowledged.
type failure struct {
	code   string // for the person
	reason string // for the next try
	final  bool   // there is to be none
}

func (f *failure) Error() string { return f.reason }

// deliver hands d over after what the same person did before: people are slower
// than networks.
func (s *Server) deliver(d *delivery) {
	s.last = d
	if s.Context().Err() != nil {
		return
	}
	s.pending++
	lane := d.by.id
	waiting, busy := s.lanes[lane]
	s.lanes[lane] = append(waiting, d)
	if !busy {
		s.Go(func() { s.carry(lane) })
	}
}

// carry hands over what is in a lane. An event that must come again does not
// hold up what comes after it.
func (s *Server) carry(lane string) {
	for d := s.pop(lane); d != nil; d = s.pop(lane) {
		if why := s.attempt(d); why != nil {
			s.failed(d, why)
		}
	}
}

// pop is the first delivery of a lane, or nil when the lane is to be left.
func (s *Server) pop(lane string) *delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.lanes[lane]
	if len(waiting) == 0 || s.Context().Err() != nil {
		delete(s.lanes, lane)
		return nil
	}
	s.lanes[lane] = waiting[1:]
	return waiting[0]
}

// attempt hands d over once.
func (s *Server) attempt(d *delivery) error {
	ctx, stop := context.WithTimeout(s.Context(), ackWait)
	defer stop()
	send := s.overLink
	if s.opt.Deliver != "" {
		send = s.overHTTP
	}
	reply, err := send(ctx, d)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(reply) > 0 {
		s.log.Add(&Request{At: time.Now(), Method: Answered, Params: url.Values{"payload": {string(encode(reply))}}})
	}
	if d.taken != nil {
		d.taken(reply)
	}
	s.done()
	return nil
}

// done ends a delivery. Callers hold s.mu.
func (s *Server) done() {
	s.pending--
	s.Change()
}

// failed sees to what was not acknowledged: an event comes again, and of all else
// the person is told.
func (s *Server) failed(d *delivery, err error) {
	why, is := errors.AsType[*failure](err)
	if !is {
		panic("slacktest: " + err.Error())
	}
	if d.kind == eventsAPI && !why.final && d.attempt < len(retries) {
		s.Go(func() { s.again(d, why) })
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.fails != nil {
		d.fails(why.code)
	}
	s.done()
}

// again hands an event over once more, later.
func (s *Server) again(d *delivery, last *failure) {
	select {
	case <-time.After(retries[d.attempt]):
	case <-s.Context().Done():
		return
	}
	d.attempt++
	d.reason = last.reason
	if why := s.attempt(d); why != nil {
		s.failed(d, why)
	}
}

// Pending is how many deliveries the bot has not acknowledged, and are still to
// come again or not given up.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending
}

// readReply is what an acknowledgement says: fields, or a text.
func readReply(body []byte) url.Values {
	out := url.Values{}
	if readJSON(body, out) != nil && len(body) > 0 {
		out.Set("text", string(body))
	}
	return out
}
