package telegramtest

import "time"

// User is a person or a bot, as the Bot API shows them.
type User struct {
	ID        int64  `json:"id"`
	IsBot     bool   `json:"is_bot"`
	FirstName string `json:"first_name"`
	UserName  string `json:"username,omitempty"`
	Language  string `json:"language_code,omitempty"`
}

// Entity is a stretch of formatted text; Offset and Length count UTF-16 code units.
type Entity struct {
	Type     string `json:"type"`
	Offset   int    `json:"offset"`
	Length   int    `json:"length"`
	URL      string `json:"url,omitempty"`
	User     *User  `json:"user,omitempty"`
	Language string `json:"language,omitempty"`
	Unix     int64  `json:"unix_time,omitempty"`
	Format   string `json:"date_time_format,omitempty"`
}

// button is one that was accepted: it has one of URL, Data and Copy.
type button struct {
	Text  string    `json:"text"`
	Style string    `json:"style,omitempty"`
	URL   string    `json:"url,omitempty"`
	Data  string    `json:"callback_data,omitempty"`
	Copy  *copyText `json:"copy_text,omitempty"`
}

type copyText struct {
	Text string `json:"text"`
}

type forceReply struct {
	Force       bool   `json:"force_reply"`
	Selective   bool   `json:"selective"`
	Placeholder string `json:"input_field_placeholder"`
}

type wireChat struct {
	ID        int64  `json:"id"`
	Type      string `json:"type"`
	Title     string `json:"title,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	Forum     bool   `json:"is_forum,omitempty"`
}

type wireMessage struct {
	ID       int          `json:"message_id"`
	Thread   int          `json:"message_thread_id,omitempty"`
	Topic    bool         `json:"is_topic_message,omitempty"`
	From     *User        `json:"from,omitempty"`
	Sender   *wireChat    `json:"sender_chat,omitempty"`
	Chat     wireChat     `json:"chat"`
	Date     int64        `json:"date"`
	Edited   int64        `json:"edit_date,omitempty"`
	Reply    *wireMessage `json:"reply_to_message,omitempty"`
	Text     string       `json:"text,omitempty"`
	Entities []Entity     `json:"entities,omitempty"`
	Photo    []photoSize  `json:"photo,omitempty"`
	Caption  string       `json:"caption,omitempty"`
	Captions []Entity     `json:"caption_entities,omitempty"`
	Above    bool         `json:"show_caption_above_media,omitempty"`
	Markup   *wireMarkup  `json:"reply_markup,omitempty"`
	service
}

type photoSize struct {
	ID     string `json:"file_id"`
	Unique string `json:"file_unique_id"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Size   int    `json:"file_size"`
}

type wireMarkup struct {
	Keyboard [][]button `json:"inline_keyboard"`
}

// service is what a message says when nobody wrote it.
type service struct {
	TopicCreated *topicCreated `json:"forum_topic_created,omitempty"`
	MigrateTo    int64         `json:"migrate_to_chat_id,omitempty"`
	MigrateFrom  int64         `json:"migrate_from_chat_id,omitempty"`
}

type topicCreated struct {
	Name  string `json:"name"`
	Color int    `json:"icon_color"`
}

type wirePress struct {
	ID       string      `json:"id"`
	From     User        `json:"from"`
	Message  wireMessage `json:"message"`
	Instance string      `json:"chat_instance"`
	Data     string      `json:"data"`
}

type wireMembership struct {
	Chat wireChat   `json:"chat"`
	From User       `json:"from"`
	Date int64      `json:"date"`
	Old  wireMember `json:"old_chat_member"`
	New  wireMember `json:"new_chat_member"`
}

type wireMember struct {
	Status string `json:"status"`
	User   User   `json:"user"`
	Until  *int64 `json:"until_date,omitempty"` // of who was kicked; 0 is for ever
}

// wire is m as the Bot API shows it now. What m replies to comes along, without
// what that replies to.
func (m *message) wire() wireMessage {
	out := m.wireAlone()
	switch {
	case m.reply != nil:
		reply := m.reply.wireAlone()
		out.Reply = &reply
	case m.topic != 0: // the real one has it so: the message that made the topic
		made := m.chat.messages[m.topic-1].wireAlone()
		out.Reply = &made
	}
	return out
}

func (m *message) wireAlone() wireMessage {
	out := wireMessage{
		ID: m.id, Thread: m.root, From: m.from, Chat: m.chat.wireChat, Date: m.at.Unix(),
		Text: m.text, Entities: m.entities, service: m.service,
	}
	if p := m.photo; p != nil {
		out.Text, out.Entities, out.Caption, out.Captions, out.Above = "", nil, m.text, m.entities, m.above
		out.Photo = []photoSize{p.size(m)}
	}
	if m.topic != 0 {
		out.Thread, out.Topic = m.topic, true
	}
	if m.sender != nil {
		out.Sender = &m.sender.wireChat
	}
	if !m.edited.IsZero() {
		out.Edited = m.edited.Unix()
	}
	if len(m.rows) > 0 {
		out.Markup = &wireMarkup{m.rows}
	}
	return out
}

// membership says that the bot was something in c, and became something else.
func (s *Server) membership(c *chat, by User, old, now string) wireMembership {
	member := func(status string) wireMember {
		m := wireMember{Status: status, User: s.me}
		if status == kicked {
			m.Until = new(int64)
		}
		return m
	}
	return wireMembership{Chat: c.wireChat, From: by, Date: time.Now().Unix(), Old: member(old), New: member(now)}
}

const (
	present = "member"
	kicked  = "kicked"
)
