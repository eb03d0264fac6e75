package telegramtest

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// press is a callback query that may be answered.
type press struct {
	by *person
	on *message
	at time.Time
}

// pressed lets the bot know that p has pressed a button of m with that data.
func (s *Server) pressed(p *person, m *message, data string) {
	id := strconv.FormatInt(4000000000000000001+int64(len(s.presses)), 10)
	s.presses[id] = &press{by: p, on: m, at: time.Now()}
	p.met, s.awaited = true, true
	s.queue("callback_query", "user "+strconv.FormatInt(p.ID, 10), pressWait, wirePress{
		ID: id, From: p.User, Message: m.wire(), Instance: m.chat.instance(), Data: data,
	})
}

// Unanswered is how many presses are shown to their people as not answered yet.
func (s *Server) Unanswered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, p := range s.presses {
		if p.on != nil {
			n++
		}
	}
	return n
}

// maxAnswer is how many characters an answer to a press may have.
const maxAnswer = 200

// answerCallbackQuery ends the wait of who pressed, once, with an alert or a
// toast or a link into the direct chat if the bot wants.
func (s *Server) answerCallbackQuery(p url.Values) (any, error) {
	id, text := p.Get("callback_query_id"), strings.TrimSpace(p.Get("text"))
	pressed := s.presses[id]
	switch {
	case utf8.RuneCountInString(text) > maxAnswer:
		return nil, badf("MESSAGE_TOO_LONG")
	case pressed == nil || pressed.on == nil || time.Since(pressed.at) > pressWait:
		return nil, badf("query is too old and response timeout expired or query ID is invalid")
	}
	start, leads := "", false
	if link := p.Get("url"); link != "" {
		if start, leads = s.leads(link); !leads {
			return nil, badf("URL_INVALID")
		}
	}
	on := pressed.on
	pressed.on = nil
	if text != "" {
		s.show(&message{key: "answer/" + id, chat: on.chat, topic: on.topic, from: &s.me, text: text, only: pressed.by})
	}
	if leads {
		s.start(pressed.by, start)
	}
	return true, nil
}

// leads reports whether a link is one into the direct chat with the bot, and
// what it hands over.
func (s *Server) leads(link string) (start string, ok bool) {
	u, err := url.Parse(link)
	if err != nil {
		return "", false
	}
	to := strings.TrimPrefix(u.Path, "/")
	switch {
	case u.Scheme == "tg" && u.Host == "resolve":
		to = u.Query().Get("domain")
	case u.Scheme != "https" && u.Scheme != "http" || u.Host != "t.me":
		return "", false
	}
	return u.Query().Get("start"), strings.EqualFold(to, s.opt.Name)
}

// start is what opening the direct chat does: the person presses START, which
// sends a command.
func (s *Server) start(p *person, with string) {
	s.enter(p)
	text, entities := s.compose(strings.TrimSpace("/start " + with))
	s.say(p, &message{chat: p.alone, text: text, entities: entities})
}

// errBadStart is what a client makes of such a link: it opens the chat and hands
// nothing over.
var errBadStart = errors.New("a link hands over 0 to 64 characters of A-Za-z0-9_-")

func checkStart(start string) error {
	if len(start) > 64 || !secretToken.MatchString(start) {
		return errBadStart
	}
	return nil
}
