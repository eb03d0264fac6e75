package discordtest

import (
	"encoding/json"
	"slices"
	"time"
)

// session is what the gateway remembers of a client.
type session struct {
	id      string
	intents int
	seq     int
	log     []dispatch // what can be told again
	link    *link      // nil: not connected
	left    time.Time
}

// dispatch is an event that was told, or is to be told when the client is back.
type dispatch struct {
	seq  int
	data []byte
}

// resumable is how long a session waits for its client.
const resumable = 3 * time.Minute

// Intents say what the gateway tells.
const (
	intentGuilds         = 1 << 0
	intentMembers        = 1 << 1
	intentPresences      = 1 << 8
	intentGuildMessages  = 1 << 9
	intentDirectMessages = 1 << 12
	intentContent        = 1 << 15
	intentsLast          = 1 << 25

	privileged = intentMembers | intentPresences | intentContent
)

// identify begins a session.
func (s *Server) identify(l *link, data json.RawMessage) {
	s.identifies++
	var in struct {
		Token   string `json:"token"`
		Intents *int   `json:"intents"`
	}
	switch t := s.met(neverReady, invalidSession, closes); {
	case json.Unmarshal(data, &in) != nil:
		l.end(closeUndecodable, "Error while decoding payload.")
	case bare(in.Token) != s.token.Reveal() || s.starts == 0:
		l.end(closeBadToken, "Authentication failed.")
	case t != nil:
		s.suffer(l, t)
	case in.Intents == nil || *in.Intents < 0 || *in.Intents >= intentsLast<<1:
		l.end(closeBadIntents, "Invalid intent(s).")
	case *in.Intents&privileged != 0:
		l.end(closePrivileged, "Disallowed intent(s).")
	default:
		s.starts--
		s.begin(l, *in.Intents)
	}
}

// begin says READY and shows the guild.
func (s *Server) begin(l *link, intents int) {
	ses := &session{id: "session" + s.id(), intents: intents, link: l}
	s.sessions[ses.id], l.session = ses, ses
	ses.tell("READY", object{
		"v": 9, "user": s.user(s.me), "session_id": ses.id, "resume_gateway_url": s.gatewayURL(), "session_type": "normal",
		"guilds": []object{{"id": s.guild, "unavailable": true}}, "private_channels": []object{}, "relationships": []object{},
		"application": object{"id": s.app, "flags": 0}, "shard": []int{0, 1}, "_trace": []string{},
	})
	if intents&intentGuilds != 0 {
		ses.tell("GUILD_CREATE", s.wireGuild())
	}
}

func (s *Server) wireGuild() object {
	channels, threads := []object{}, []object{}
	for _, c := range s.named {
		if c.parent == nil {
			channels = append(channels, s.wireChannel(c))
		} else {
			threads = append(threads, s.wireChannel(c))
		}
	}
	return object{
		"id": s.guild, "name": "The guild", "owner_id": s.person("owner").ID, "unavailable": false, "large": false,
		"joined_at": "2026-01-04T20:39:45.451082+00:00", "member_count": len(s.people), "preferred_locale": "en-US",
		"channels": channels, "threads": threads, "members": []object{}, "roles": []object{}, "emojis": []object{},
		"features": []string{}, "voice_states": []object{}, "presences": []object{},
	}
}

// resume goes on with a session: all that the client has missed is told again.
func (s *Server) resume(l *link, data json.RawMessage) {
	s.resumes++
	var in struct {
		Token string `json:"token"`
		ID    string `json:"session_id"`
		Seq   int    `json:"seq"`
	}
	t := s.met(neverReady, invalidSession, closes)
	err := json.Unmarshal(data, &in)
	ses := s.sessions[in.ID]
	switch {
	case err != nil:
		l.end(closeUndecodable, "Error while decoding payload.")
	case bare(in.Token) != s.token.Reveal():
		l.end(closeBadToken, "Authentication failed.")
	case t != nil:
		s.suffer(l, t)
	case ses == nil || ses.gone():
		l.tell(opInvalid, false)
	case in.Seq > ses.seq:
		l.end(closeBadSequence, "Invalid sequence.")
	default:
		s.takeUp(l, ses, in.Seq)
	}
}

func (s *Server) takeUp(l *link, ses *session, seq int) {
	if old := ses.link; old != nil {
		old.end(closeAlready, "Taken up elsewhere.")
	}
	ses.link, l.session = l, ses
	for _, d := range ses.log {
		if d.seq > seq {
			l.send(d.data)
		}
	}
	ses.tell("RESUMED", object{"_trace": []string{}})
}

// gone reports whether nobody will take the session up again.
func (ses *session) gone() bool { return ses.link == nil && time.Since(ses.left) > resumable }

// tell tells an event, now or when the client is back.
func (ses *session) tell(event string, body any) {
	ses.seq++
	data := marshal(object{"op": opDispatch, "s": ses.seq, "t": event, "d": body})
	ses.log = append(ses.log, dispatch{ses.seq, data})
	if extra := len(ses.log) - 1000; extra > 0 {
		ses.log = slices.Delete(ses.log, 0, extra)
	}
	if ses.link != nil && !ses.link.deaf {
		ses.link.send(data)
	}
}

// dispatch tells all sessions that have these intents, and returns how many they
// are. Where nobody is connected or may come back, nobody hears of it.
func (s *Server) dispatch(event string, intents int, body any) int {
	n := 0
	for id, ses := range s.sessions {
		switch {
		case ses.gone():
			delete(s.sessions, id)
		case ses.intents&intents == intents:
			ses.tell(event, body)
			n++
		}
	}
	return n
}

// tell lets the bot know of a message, as far as it may read it.
func (s *Server) tell(event string, m *message) {
	if m.only != nil || m.in.hidden {
		return
	}
	need, body := intentGuildMessages, s.told(m)
	body["channel_type"] = m.in.kind
	if m.in.with != nil {
		need = intentDirectMessages
	} else {
		body["guild_id"] = s.guild
		if m.from != nil && m.from != s.me {
			body["member"] = s.member()
		}
	}
	again := func() { s.dispatch(event, need, body) }
	if m.from != s.me {
		s.again = again
	}
	n := s.dispatch(event, need, body)
	if m.from != nil && m.from != s.me && s.mine(m) && n > 0 {
		s.awaited = true
		s.Change()
	}
}

// told is m as the bot may read it: without the message content intent, what is
// said in the guild and does not mention it is empty.
func (s *Server) told(m *message) object {
	out := s.wireMessage(m)
	if m.from != s.me && !s.mine(m) {
		out["content"], out["embeds"], out["components"], out["attachments"] = "", []object{}, []object{}, []object{}
	}
	return out
}

// mine reports whether m is said to the bot.
func (s *Server) mine(m *message) bool { return m.in.with != nil || slices.Contains(m.pings, s.me.ID) }
