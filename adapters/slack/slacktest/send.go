package slacktest

import (
	"encoding/json"
	"net/url"
	"slices"
	"unicode/utf8"
)

// readContent reads what a request wants to be said, and refuses what cannot be.
func (s *Server) readContent(p url.Values) (content, error) {
	out := content{text: p.Get("text"), plain: !truth(p, "mrkdwn", true)}
	if source := p.Get("blocks"); source != "" {
		var err error
		if out.blocks, out.raw, err = readBlocks(source); err != nil {
			return content{}, err
		}
		if bad := s.checkBlocks(out.blocks, "/blocks", false); bad != nil {
			return content{}, no("invalid_blocks", bad...)
		}
	}
	switch {
	case p.Has("attachments"): // the real one has them still; new apps do not
		return content{}, no("invalid_attachments")
	case out.text == "" && len(out.blocks) == 0:
		return content{}, no("no_text")
	case utf8.RuneCountInString(out.text) > maxText: // the real one cuts it, which nobody means
		return content{}, no("msg_too_long")
	}
	return out, nil
}

// channel is the one that a request names. To post, the id of a person will do:
// that opens the direct chat.
func (s *Server) channel(p url.Values, post bool) (*channel, error) {
	id := p.Get("channel")
	c := s.channels[id]
	if to := s.users[id]; to != nil && post {
		c = to.alone
		c.opened = true
	}
	switch {
	case c == nil || c.with != nil && !c.opened:
		return nil, no("channel_not_found")
	case c.kicked:
		return nil, no("not_in_channel")
	case c.with == nil || !post:
	case c.with.bot || c.with == s.slackbot || c.with.blocked:
		return nil, no("cannot_dm_bot")
	case s.tabClosed:
		return nil, no("messages_tab_disabled")
	}
	return c, nil
}

// postMessage says something that all in a channel see.
func (s *Server) postMessage(p url.Values) (object, error) {
	c, err := s.channel(p, true)
	if err != nil {
		return nil, err
	}
	said, err := s.readContent(p)
	if err != nil {
		return nil, err
	}
	s.share(said.blocks)
	m := s.add(&message{
		channel: c, thread: c.root(p.Get("thread_ts")), from: s.me, content: said,
		preview: truth(p, "unfurl_links", true) || truth(p, "unfurl_media", true),
	})
	s.answered()
	s.tell(m, s.messageEvent(m))
	return object{"channel": c.id, "ts": m.ts, "message": s.wire(m)}, nil
}

// root is the ts of what a thread is under. What is under nothing that is there
// is posted to the channel.
func (c *channel) root(ts string) string {
	if m := c.find(ts); m != nil && m.thread == "" {
		return ts
	}
	return ""
}

// postEphemeral says something that one person in a channel sees.
func (s *Server) postEphemeral(p url.Values) (object, error) {
	c, err := s.channel(p, true)
	if err != nil {
		return nil, err
	}
	to := s.users[p.Get("user")]
	if to == nil || !c.has(to) {
		return nil, no("user_not_in_channel")
	}
	said, err := s.readContent(p)
	switch {
	case err != nil:
		return nil, err
	case len(said.text) > maxEphemeral:
		return nil, no("msg_too_long")
	}
	m := s.add(&message{channel: c, thread: c.root(p.Get("thread_ts")), from: s.me, only: to, content: said})
	s.answered()
	return object{"message_ts": m.ts}, nil
}

// update replaces what the bot has said. Blocks that the request does not mention
// stay; an empty list takes them away.
func (s *Server) update(p url.Values) (object, error) {
	c, err := s.channel(p, false)
	if err != nil {
		return nil, err
	}
	said, err := s.readContent(p)
	if err != nil {
		return nil, err
	}
	m := c.find(p.Get("ts"))
	switch {
	case m == nil:
		return nil, no("message_not_found")
	case m.from != s.me:
		return nil, no("cant_update_message")
	case utf8.RuneCountInString(said.text) > maxUpdate:
		return nil, no("msg_too_long")
	}
	if !p.Has("blocks") {
		said.blocks, said.raw = m.content.blocks, m.content.raw
	}
	s.change(m, said)
	return object{"channel": c.id, "ts": m.ts, "text": said.text, "message": s.wire(m)}, nil
}

// change replaces what a message of the bot says.
func (s *Server) change(m *message, said content) {
	before := s.wire(m)
	m.content, m.edited = said, s.now()
	s.answered()
	if m.only == nil {
		s.tell(m, s.changedEvent(m, before))
	}
}

// remove takes a message of the bot away.
func (s *Server) remove(p url.Values) (object, error) {
	c, err := s.channel(p, false)
	if err != nil {
		return nil, err
	}
	m := c.find(p.Get("ts"))
	switch {
	case m == nil:
		return nil, no("message_not_found")
	case m.from != s.me:
		return nil, no("cant_delete_message")
	}
	s.take(m)
	s.answered()
	return object{"channel": c.id, "ts": m.ts}, nil
}

// take takes a message away from all who see it.
func (s *Server) take(m *message) {
	m.deleted = true
	if m.only == nil {
		s.tell(m, s.deletedEvent(m))
	}
	s.Change()
}

// answered notes that the bot has done something that people see.
func (s *Server) answered() {
	s.awaited = false
	s.Change()
}

// openConversation opens a direct chat.
func (s *Server) openConversation(p url.Values) (object, error) {
	c := s.channels[p.Get("channel")]
	if p.Has("users") {
		to := s.users[p.Get("users")]
		switch {
		case to == nil:
			return nil, no("user_not_found")
		case to.bot || to == s.slackbot || to.blocked:
			return nil, no("cannot_dm_bot")
		}
		c = to.alone
	}
	switch {
	case c == nil && p.Has("channel"):
		return nil, no("channel_not_found")
	case c == nil || c.with == nil:
		return nil, no("users_list_not_supplied")
	}
	already := c.opened
	c.opened = true
	if truth(p, "return_im", false) {
		return object{"no_op": already, "already_open": already, "channel": s.wireChannel(c)}, nil
	}
	return object{"no_op": already, "already_open": already, "channel": object{"id": c.id}}, nil
}

// conversationInfo describes a channel.
func (s *Server) conversationInfo(p url.Values) (object, error) {
	c := s.channels[p.Get("channel")]
	if c == nil || c.with != nil && !c.opened {
		return nil, no("channel_not_found")
	}
	return object{"channel": s.wireChannel(c)}, nil
}

func (s *Server) wireChannel(c *channel) object {
	out := object{"id": c.id, "is_im": c.with != nil, "is_channel": c.with == nil, "is_archived": false, "created": 1700000000}
	if c.with != nil {
		out["user"], out["is_open"] = c.with.id, c.opened
		return out
	}
	out["name"], out["name_normalized"], out["is_member"], out["is_private"] = c.name, c.name, !c.kicked, false
	return out
}

// userInfo describes somebody.
func (s *Server) userInfo(p url.Values) (object, error) {
	u := s.users[p.Get("user")]
	if u == nil {
		return nil, no("user_not_found")
	}
	user := object{
		"id": u.id, "team_id": teamID, "name": u.name, "real_name": u.name, "deleted": false, "is_bot": u.bot,
		"is_app_user": false, "tz": "Europe/Berlin", "tz_label": "Central European Time", "tz_offset": 3600,
		"profile": object{"real_name": u.name, "display_name": u.name, "team": teamID},
	}
	if truth(p, "include_locale", false) {
		user["locale"] = "en-US"
	}
	return object{"user": user}, nil
}

// Message is what the bot has said, in Slack's terms.
type Message struct {
	Channel, TS, Thread string
	Text                string          // as it came: what notifications show and screen readers read
	Notice              string          // the same as people read it
	Blocks              json.RawMessage // with the ids that Slack adds
	Preview             bool            // links in it may be fetched and shown
	Calls               []string        // whom it notifies: ids of people; here, channel or everyone
}

// Last returns the bot's newest message there; in coretest.Direct it is the
// newest in anybody's direct chat. It panics when there is none.
func (s *Server) Last(place string) Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.newest(place)
	notice, calls := &reader{s: s}, &reader{s: s}
	calls.content(m.content)
	return Message{
		Channel: m.channel.id, TS: m.ts, Thread: m.thread, Text: m.content.text, Notice: notice.mrkdwn(m.content.text, true),
		Blocks: slices.Clone(m.content.raw), Preview: m.preview, Calls: calls.calls,
	}
}
