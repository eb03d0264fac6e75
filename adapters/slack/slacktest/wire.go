package slacktest

import (
	"strconv"
	"strings"
	"time"

	"github.com/usherbot/usher/core/coretest"
)

// wire is m as payloads have it.
func (s *Server) wire(m *message) object {
	out := object{"type": "message", "ts": m.ts, "team": teamID}
	switch {
	case m.from.bot:
		out["user"], out["bot_id"], out["app_id"], out["text"] = m.from.id, botBotID, appID, m.content.text
		if m.from != s.me {
			out["bot_id"], out["app_id"] = otherBotID, otherAppID
			out["text"] = m.said.text
		}
		out["bot_profile"] = object{"id": out["bot_id"], "app_id": out["app_id"], "name": m.from.name, "deleted": false, "team_id": teamID}
		if m.content.raw != nil {
			out["blocks"] = m.content.raw
		}
	case m.from == s.slackbot: // an incoming webhook
		out["subtype"], out["bot_id"], out["username"], out["text"] = "bot_message", otherBotID, "deploys", m.said.text
	default:
		out["user"], out["text"], out["client_msg_id"], out["blocks"] = m.from.id, m.said.text, m.clientID(), m.said.blocks()
	}
	if m.thread != "" {
		out["thread_ts"], out["parent_user_id"] = m.thread, m.parent()
	}
	if m.edited != "" {
		out["edited"] = object{"user": m.from.id, "ts": m.edited}
	}
	return out
}

// clientID is what a client calls m by.
func (m *message) clientID() string {
	digits := strings.ReplaceAll(m.ts, ".", "")
	return digits[:8] + "-" + digits[8:12] + "-4000-8000-" + digits[12:] + "00000000"
}

// parent is who wrote what m is under.
func (m *message) parent() string {
	if root := m.channel.find(m.thread); root != nil {
		return root.from.id
	}
	return ""
}

// messageEvent says that m was written.
func (s *Server) messageEvent(m *message) object {
	out := s.wire(m)
	out["channel"], out["channel_type"], out["event_ts"] = m.channel.id, m.channel.kind(), m.ts
	return out
}

// changedEvent says that m was another before.
func (s *Server) changedEvent(m *message, before object) object {
	return object{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": m.channel.id, "channel_type": m.channel.kind(),
		"message": s.wire(m), "previous_message": before, "ts": m.edited, "event_ts": m.edited,
	}
}

// deletedEvent says that m is gone.
func (s *Server) deletedEvent(m *message) object {
	ts := s.now()
	return object{
		"type": "message", "subtype": "message_deleted", "hidden": true, "channel": m.channel.id, "channel_type": m.channel.kind(),
		"previous_message": s.wire(m), "deleted_ts": m.ts, "ts": ts, "event_ts": ts,
	}
}

// tell lets the bot know of what happened to m, where it hears such things.
func (s *Server) tell(m *message, event object) {
	if !m.channel.kicked && (m.channel.with != nil || s.opt.ReadsAll) {
		s.event(m.from, event)
	}
}

// event delivers an event that somebody caused.
func (s *Server) event(by *person, event object) {
	now := time.Now()
	s.deliver(&delivery{kind: eventsAPI, by: by, content: encode(object{
		"token": verification, "team_id": teamID, "context_team_id": teamID, "context_enterprise_id": nil, "api_app_id": appID,
		"event": event, "type": "event_callback", "event_id": s.newID("Ev"), "event_time": now.Unix(),
		"authorizations": []object{{
			"enterprise_id": nil, "team_id": teamID, "user_id": botID, "is_bot": true, "is_enterprise_install": false,
		}},
		"is_ext_shared_channel": false, "event_context": "4-" + strconv.FormatInt(now.UnixNano(), 36),
	})})
}

// verification is the old token, which proves nothing.
const verification = "VERIFICATION-TOKEN"

// payload is what all commands and interactions tell.
func (s *Server) payload(kind string, p *person) object {
	return object{
		"type": kind, "token": verification, "api_app_id": appID, "enterprise": nil, "is_enterprise_install": false,
		"team": object{"id": teamID, "domain": domain},
		"user": object{"id": p.id, "username": p.name, "name": p.name, "team_id": teamID},
	}
}

// newest is the bot's newest message there that all see. It panics when there is
// none.
func (s *Server) newest(place string) *message {
	var found *message
	look := func(c *channel, thread string) {
		for _, m := range c.messages {
			if !m.deleted && m.only == nil && m.thread == thread && m.from == s.me && (found == nil || m.ts > found.ts) {
				found = m
			}
		}
	}
	if place == coretest.Direct {
		for _, p := range s.users {
			look(p.alone, "")
		}
	} else {
		look(s.place("", place))
	}
	if found == nil {
		panic("slacktest: the bot has said nothing in " + place)
	}
	return found
}
