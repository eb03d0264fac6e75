package telegram

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

// allowedUpdates are the kinds of updates that decode understands. Edited
// messages and channel posts start no command, so they do not come at all.
var allowedUpdates = asJSON([]string{"message", "callback_query", "my_chat_member"})

// update is what Telegram tells, as far as the bot listens. The client library's
// own types are older than much of it.
type update struct {
	ID      int64     `json:"update_id"`
	Message *message  `json:"message"`
	Press   *press    `json:"callback_query"`
	Member  *standing `json:"my_chat_member"`
}

type message struct {
	ID         int64    `json:"message_id"`
	Date       int64    `json:"date"`
	From       *user    `json:"from"`
	SenderChat *chat    `json:"sender_chat"` // somebody who writes as a channel or group
	Chat       chat     `json:"chat"`
	Thread     int64    `json:"message_thread_id"`
	Topic      bool     `json:"is_topic_message"` // Thread is a topic, not just replies
	Text       string   `json:"text"`
	Entities   []entity `json:"entities"`
	Caption    string   `json:"caption"`
	CaptionHas []entity `json:"caption_entities"`
	ReplyTo    *message `json:"reply_to_message"`
	MovedTo    int64    `json:"migrate_to_chat_id"`
}

type chat struct {
	ID   int64  `json:"id"`
	Type string `json:"type"`
}

// press is a press on a button of an inline keyboard.
type press struct {
	ID      string   `json:"id"`
	From    user     `json:"from"`
	Message *message `json:"message"`
	Data    string   `json:"data"`
}

// standing is what the bot has become in a chat.
type standing struct {
	Chat chat  `json:"chat"`
	From user  `json:"from"`
	Date int64 `json:"date"`
	New  struct {
		Status string `json:"status"`
	} `json:"new_chat_member"`
}

// entity is a part of a text that means something. Offset and Length are in
// UTF-16 code units.
type entity struct {
	Type     string `json:"type"`
	Offset   int    `json:"offset"`
	Length   int    `json:"length"`
	URL      string `json:"url,omitempty"`
	User     *user  `json:"user,omitempty"`
	Language string `json:"language,omitempty"`
	UnixTime int64  `json:"unix_time,omitempty"`
	Format   string `json:"date_time_format,omitempty"`
}

// incoming is an update as an event, with what answering it takes.
type incoming struct {
	event    core.Event
	message  int64  // to reply to; 0: none
	callback string // of a press
}

// decode makes an event of an update. It reports false for what nobody is to
// hear of. called finds the person of a user name.
func decode(u update, me self, called func(string) int64, now time.Time) (incoming, bool) {
	in := incoming{event: core.Event{Key: fmt.Sprintf("%s:%d:%d", platform, me.ID, u.ID), At: now}}
	switch {
	case u.Message != nil:
		return in.said(*u.Message, me, called)
	case u.Press != nil:
		return in.pressed(*u.Press)
	case u.Member != nil && u.Member.Chat.Type != "private":
		in.event.From, in.event.Chat, in.event.What = u.Member.From.core(), u.Member.Chat.core(), core.Gone{}
		return in, u.Member.New.Status == "left" || u.Member.New.Status == "kicked"
	}
	return in, false
}

// parse reads an update off the wire.
func parse(raw []byte) (update, error) {
	var u update
	if err := json.Unmarshal(raw, &u); err != nil {
		return u, fmt.Errorf("decode update %d: %w", u.ID, err)
	}
	if u.ID == 0 {
		return u, fmt.Errorf("decode update: it has no update_id")
	}
	return u, nil
}

func (c chat) core() core.Chat {
	return core.Chat{Platform: platform, ID: strconv.FormatInt(c.ID, 10), Direct: c.Type == "private"}
}

// place is the chat of a message, with its topic.
func (m message) place() core.Chat {
	c := m.Chat.core()
	if m.Topic && m.Thread != 0 {
		c.Thread = strconv.FormatInt(m.Thread, 10)
	}
	return c
}

func (m message) ref() core.Ref {
	return core.Ref{Chat: m.place(), Token: seal.Secret(strconv.FormatInt(m.ID, 10))}
}

// pressed is a press on one of the bot's messages.
func (in incoming) pressed(p press) (incoming, bool) {
	if p.Message == nil || p.From.IsBot {
		return in, false
	}
	in.event.From, in.event.Chat, in.event.On = p.From.core(), p.Message.place(), p.Message.ref()
	in.event.What = core.Press{Token: seal.Secret(p.Data)}
	in.callback = p.ID
	return in, true
}

// said is a message of a person. Bots, and those who hide behind a channel or a
// group, are nobody who could be answered.
func (in incoming) said(m message, me self, called func(string) int64) (incoming, bool) {
	if m.From == nil || m.From.IsBot || m.SenderChat != nil || m.Chat.Type == "channel" {
		return in, false
	}
	in.event.From, in.event.Chat, in.event.At, in.message = m.From.core(), m.place(), time.Unix(m.Date, 0), m.ID
	if r := m.ReplyTo; r != nil && r.From != nil && r.From.ID == me.ID {
		in.event.On = r.ref()
	}
	text, entities := m.Text, m.Entities
	if text == "" {
		text, entities = m.Caption, m.CaptionHas
	}
	if text == "" {
		return in, false
	}
	if name, to, ok := command(m.Text); ok {
		in.event.What = in.called(name, spell(text, entities, len("/"+name+to), called))
		return in, to == "" || me.is(to)
	}
	start, toMe := addressed(text, entities, me)
	in.event.What = core.Said{Text: strings.TrimSpace(spell(text, entities, start, called)), ToMe: toMe || in.event.Chat.Direct}
	return in, true
}

var commandPattern = regexp.MustCompile(`^/([A-Za-z0-9_]{1,32})(@[A-Za-z0-9_]+)?(?:\s|$)`)

// command returns the name of the command that a text is, and whom it is for.
func command(text string) (name, to string, ok bool) {
	m := commandPattern.FindStringSubmatch(text)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// called is what a command means. /start is Telegram's own: what a client sends
// when somebody opens the chat with the bot, or follows a link there, and then it
// brings along what the link says.
func (in incoming) called(name, rest string) core.What {
	rest = strings.TrimSpace(rest)
	switch {
	case strings.ToLower(name) != "start":
		return core.Call{Name: strings.ToLower(name), Rest: rest}
	case rest == "" || !in.event.Chat.Direct:
		return core.Hello{}
	}
	return core.Press{Token: seal.Secret(rest)}
}

// addressed returns where the text begins when it begins with the bot's name, in
// UTF-16 code units, and whether the bot is named anywhere.
func addressed(text string, entities []entity, me self) (start int, toMe bool) {
	units := utf16.Encode([]rune(text))
	for _, e := range entities {
		if e.Type != "mention" || !e.within(len(units)) || !me.is(string(utf16.Decode(units[e.Offset:e.Offset+e.Length]))) {
			continue
		}
		toMe = true
		if e.Offset == 0 {
			start = e.Length
		}
	}
	return start, toMe
}

func (e entity) within(size int) bool {
	return e.Offset >= 0 && e.Length > 0 && e.Offset <= size && e.Length <= size-e.Offset
}

// spell is a text from start on, with keys in place of the people it mentions.
func spell(text string, entities []entity, start int, called func(string) int64) string {
	units := utf16.Encode([]rune(text))
	at, out := min(start, len(units)), strings.Builder{}
	entities = slices.SortedStableFunc(slices.Values(entities), func(a, b entity) int { return a.Offset - b.Offset })
	for _, e := range entities {
		if !e.within(len(units)) || e.Offset < at {
			continue
		}
		who := int64(0)
		switch {
		case e.Type == "text_mention" && e.User != nil:
			who = e.User.ID
		case e.Type == "mention":
			who = called(string(utf16.Decode(units[e.Offset : e.Offset+e.Length])))
		}
		if who != 0 {
			out.WriteString(string(utf16.Decode(units[at:e.Offset])))
			out.WriteString(core.User{Platform: platform, ID: strconv.FormatInt(who, 10)}.Key())
			at = e.Offset + e.Length
		}
	}
	out.WriteString(string(utf16.Decode(units[at:])))
	return out.String()
}
