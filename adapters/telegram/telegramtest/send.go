package telegramtest

import (
	"net/url"
	"reflect"
	"slices"
	"time"
)

// said is what a request wants to be said.
type said struct {
	text     string
	entities []Entity
	rows     [][]button
	force    *forceReply
	preview  bool
	photo    *photo
	above    bool
}

// readSaid reads text, entities and markup, and refuses what cannot be said.
func (s *Server) readSaid(p url.Values) (said, error) {
	var (
		out      said
		entities []Entity
		preview  struct {
			Disabled bool `json:"is_disabled"`
		}
	)
	if p.Get("parse_mode") != "" {
		return said{}, badf("unsupported parse_mode")
	}
	if err := object(p, "entities", "entities", &entities); err != nil {
		return said{}, err
	}
	if err := object(p, "link_preview_options", "link preview options", &preview); err != nil {
		return said{}, err
	}
	text, entities, err := fixText(p.Get("text"), entities)
	if err != nil {
		return said{}, err
	}
	out.text, out.entities = text, slices.DeleteFunc(entities, s.stranger)
	out.preview = !preview.Disabled && !truth(p, "disable_web_page_preview")
	out.rows, out.force, err = readMarkup(p.Get("reply_markup"))
	return out, err
}

// stranger reports whether e mentions somebody whom the bot has not met: the
// real one lets such a mention go without a word.
func (s *Server) stranger(e Entity) bool {
	if e.Type != "text_mention" {
		return false
	}
	c := s.chats[e.User.ID]
	return c == nil || c.with == nil || !c.with.met
}

// sendMessage says something in a chat.
func (s *Server) sendMessage(p url.Values) (any, error) {
	what, err := s.readSaid(p)
	if err != nil {
		return nil, err
	}
	c, err := s.writable(p)
	if err != nil {
		return nil, err
	}
	return s.post(c, p, what)
}

// post puts what the bot says into a chat.
func (s *Server) post(c *chat, p url.Values, what said) (any, error) {
	reply, err := readReply(c, p)
	if err != nil {
		return nil, err
	}
	topic, err := readTopic(c, p)
	if err != nil {
		return nil, err
	}
	if topic == 0 && reply != nil {
		topic = reply.topic
	}
	m := s.add(&message{
		chat: c, topic: topic, from: &s.me, reply: reply,
		answered: map[*person]bool{},
	})
	m.be(what)
	m.force = what.force
	s.show(m)
	return m.wire(), nil
}

// be makes m say that.
func (m *message) be(what said) {
	m.text, m.entities, m.rows, m.preview = what.text, what.entities, what.rows, what.preview
	m.photo, m.above = what.photo, what.above
}

// show puts a message of the bot before people's eyes.
func (s *Server) show(m *message) {
	s.shown = append(s.shown, m)
	s.answered()
}

// answered notes that the bot has done something that people see.
func (s *Server) answered() {
	s.awaited = false
	s.Change()
}

// readReply is the message that the request replies to, or nil. Old parameters
// are still read: client libraries send them.
func readReply(c *chat, p url.Values) (*message, error) {
	to := struct {
		ID    int   `json:"message_id"`
		Chat  int64 `json:"chat_id"`
		Loose bool  `json:"allow_sending_without_reply"`
	}{ID: integer(p, "reply_to_message_id"), Loose: truth(p, "allow_sending_without_reply")}
	if err := object(p, "reply_parameters", "reply parameters", &to); err != nil {
		return nil, err
	}
	if to.ID == 0 {
		return nil, nil
	}
	m := c.find(to.ID)
	if to.Chat != 0 && to.Chat != c.ID {
		m = nil
	}
	if m == nil && !to.Loose {
		return nil, badf("message to be replied not found")
	}
	return m, nil
}

// readTopic is the topic that the request means. A thread of replies is none.
func readTopic(c *chat, p url.Values) (int, error) {
	id := integer(p, "message_thread_id")
	if id == 0 {
		return 0, nil
	}
	for _, topic := range c.topics {
		if topic == id {
			return id, nil
		}
	}
	return 0, badf("message thread not found")
}

// editMessageText replaces what the bot has said.
func (s *Server) editMessageText(p url.Values) (any, error) {
	what, err := s.readSaid(p)
	if err != nil {
		return nil, err
	}
	m, err := s.editable(p, what)
	switch {
	case err != nil:
		return nil, err
	case m.photo != nil:
		return nil, badf("there is no text in the message to edit")
	case m.text == what.text && same(m.entities, what.entities) && same(m.rows, what.rows):
		return nil, badf("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
	}
	return s.edit(m, what), nil
}

// editable is the message that a request names, if it can become what is wanted.
func (s *Server) editable(p url.Values, what said) (*message, error) {
	c, err := s.chat(p)
	if err != nil {
		return nil, err
	}
	m, err := findNamed(c, p, "message to edit not found")
	switch {
	case err != nil:
		return nil, err
	case m.from != &s.me || m.force != nil: // only without markup or with an inline keyboard
		return nil, badf("message can't be edited")
	case what.force != nil:
		return nil, badf("inline keyboard expected")
	}
	return m, nil
}

// edit makes another message of m.
func (s *Server) edit(m *message, what said) wireMessage {
	m.be(what)
	m.edited = time.Now()
	s.answered()
	return m.wire()
}

// same compares by content; none is none, nil or not.
func same[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b))
}

func findNamed(c *chat, p url.Values, missing string) (*message, error) {
	id := integer(p, "message_id")
	if id == 0 {
		return nil, badf("message identifier is not specified")
	}
	if m := c.find(id); m != nil {
		return m, nil
	}
	return nil, badf("%s", missing)
}

// deleteMessage removes a message of the bot, or one of a person in a private
// chat, for 48 hours.
func (s *Server) deleteMessage(p url.Values) (any, error) {
	c, err := s.chat(p)
	if err != nil {
		return nil, err
	}
	m, err := findNamed(c, p, "message to delete not found")
	if err != nil {
		return nil, err
	}
	if m.from != &s.me && c.with == nil || time.Since(m.at) >= 48*time.Hour {
		return nil, badf("message can't be deleted")
	}
	m.deleted = true
	s.answered()
	return true, nil
}

// sendChatAction shows that the bot is at work, which nobody here looks at.
func (s *Server) sendChatAction(p url.Values) (any, error) {
	c, err := s.writable(p)
	if err != nil {
		return nil, err
	}
	if _, err := readTopic(c, p); err != nil {
		return nil, err
	}
	if !slices.Contains(actions, p.Get("action")) {
		return nil, badf("wrong parameter action in request")
	}
	return true, nil
}

var actions = []string{
	"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
	"upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
}

// getChat describes a chat, also one that the bot may not write to.
func (s *Server) getChat(p url.Values) (any, error) {
	c, err := s.chat(p)
	if err != nil {
		return nil, err
	}
	return struct {
		wireChat
		Accent    int            `json:"accent_color_id"`
		Reactions int            `json:"max_reaction_count"`
		Gifts     map[string]any `json:"accepted_gift_types"`
	}{c.wireChat, 0, 11, map[string]any{}}, nil
}
