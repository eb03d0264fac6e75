package telegramtest

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// update is something that the bot has not confirmed yet.
type update struct {
	id    int64
	lane  string // updates of one are delivered one after the other
	body  json.RawMessage
	until time.Time
	tries int // to bring it to the webhook
}

// How long an update waits for the bot: a press for a shorter time than words.
const (
	wordsWait = 24 * time.Hour
	pressWait = 150 * time.Second
)

// onRequest are the kinds of updates that a bot gets only when it asks.
var onRequest = []string{"chat_member", "message_reaction", "message_reaction_count"}

// wants reports whether the bot has subscribed to that kind of updates.
func (s *Server) wants(kind string) bool {
	if len(s.allowed) == 0 {
		return !slices.Contains(onRequest, kind)
	}
	return slices.Contains(s.allowed, kind)
}

// allow remembers the kinds of updates that a request asks for, if it does.
func (s *Server) allow(p url.Values) error {
	if !p.Has("allowed_updates") {
		return nil
	}
	s.allowed = nil
	return object(p, "allowed_updates", "allowed updates", &s.allowed)
}

// queue lets the bot know of something.
func (s *Server) queue(kind, lane string, wait time.Duration, content any) {
	if !s.wants(kind) {
		return
	}
	body, err := json.Marshal(map[string]any{"update_id": s.updates, kind: content})
	if err != nil {
		panic("telegramtest: " + err.Error())
	}
	s.last = &update{id: s.updates, lane: lane, body: body, until: time.Now().Add(wait)}
	s.updates++
	s.pending = append(s.pending, s.last)
	s.announce()
}

// announce wakes whoever waits for updates.
func (s *Server) announce() {
	close(s.wake)
	s.wake = make(chan struct{})
	s.dispatch()
}

// tell lets the bot know of a message, if it is one that the bot gets.
func (s *Server) tell(kind string, m *message) {
	if !s.gets(m) {
		return
	}
	for _, p := range s.people {
		if m.from == &p.User {
			p.met = true
		}
		for _, e := range m.entities {
			p.met = p.met || e.User == &p.User
		}
	}
	s.awaited = s.awaited || kind == "message" && s.meant(m)
	s.queue(kind, chatLane(m.chat), wordsWait, m.wire())
}

func chatLane(c *chat) string { return "chat " + strconv.FormatInt(c.ID, 10) }

// gets reports whether m reaches the bot. With privacy mode on it gets nothing
// in groups but what is meant for it: commands, replies and what nobody wrote.
func (s *Server) gets(m *message) bool {
	switch {
	case m.chat.kicked || m.chat.next != nil && m.service.MigrateTo == 0:
		return false
	case m.chat.Type == channel || s.opt.ReadsAll || m.service != service{}:
		return true
	}
	return s.meant(m)
}

// meant reports whether a person wants an answer to m.
func (s *Server) meant(m *message) bool {
	return m.chat.Type == private || m.reply != nil && m.reply.from == &s.me || s.commanded(m)
}

// pendingNow forgets what has waited too long.
func (s *Server) pendingNow() []*update {
	now := time.Now()
	s.pending = slices.DeleteFunc(s.pending, func(u *update) bool { return now.After(u.until) })
	return s.pending
}

// Pending is how many updates the bot has not confirmed.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pendingNow())
}
