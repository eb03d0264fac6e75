package discordtest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// The kinds of interactions.
const (
	isPing      = 1
	isCommand   = 2
	isComponent = 3
	isSubmit    = 5
)

// How long an interaction waits for its first answer, and its token lives.
// platforms.md 2.
const (
	firstAnswer = 3 * time.Second
	tokenLife   = 15 * time.Minute
)

// interaction is something that somebody wants of the bot.
type interaction struct {
	id, token string
	kind      int
	name      string // for Failures
	by        *person
	in        *channel
	on        *message // that was pressed
	at        time.Time
	late      *time.Timer
	acked     bool
	failed    bool     // nobody waits any more
	original  *message // the first answer
	said      []*message
}

// raise makes an interaction and delivers it.
func (s *Server) raise(i *interaction, data object) {
	i.id, i.token, i.at = s.id(), "aW50ZXJhY3Rpb24"+rand.Text()+rand.Text(), time.Now()
	s.interactions = append(s.interactions, i)
	i.late = time.AfterFunc(firstAnswer, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.fail(i, tooLate)
	})
	body := marshal(s.wireInteraction(i, data))
	deliver := func() { s.deliver(i, body) }
	s.again = deliver
	deliver()
	s.Change()
}

const tooLate = "no answer in time"

// fail ends the wait for a first answer.
func (s *Server) fail(i *interaction, why string) {
	if i.acked || i.failed {
		return
	}
	i.failed = true
	s.failures = append(s.failures, fmt.Sprintf("%s by %s: %s", i.name, i.by.Name, why))
	s.Change()
}

// Failures tells of each interaction whose person was told that the application
// did not respond, and why.
func (s *Server) Failures() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.failures)
}

// Unanswered is how many interactions are shown to their people as not answered
// yet, those that are deferred with "thinking" included.
func (s *Server) Unanswered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unanswered()
}

func (s *Server) unanswered() int {
	n := 0
	for _, i := range s.interactions {
		thinking := i.original != nil && i.original.thinking && !i.original.deleted && time.Since(i.at) < tokenLife
		if thinking || !i.acked && !i.failed {
			n++
		}
	}
	return n
}

func (s *Server) wireInteraction(i *interaction, data object) object {
	out := object{
		"id": i.id, "application_id": s.app, "type": i.kind, "token": i.token, "version": 1, "data": data,
		"channel_id": i.in.ID, "channel": s.wireChannel(i.in), "locale": "en-US", "app_permissions": everything,
		"entitlements": []object{}, "entitlement_sku_ids": []string{}, "attachment_size_limit": 10485760,
		"authorizing_integration_owners": i.owners(s), "context": 1,
	}
	if i.in.with != nil {
		out["user"] = s.user(i.by)
	} else {
		out["member"], out["guild_id"], out["guild_locale"], out["context"] = s.acting(i.by), s.guild, "en-US", 0
		out["guild"] = object{"id": s.guild, "locale": "en-US", "features": []string{}}
	}
	if i.on != nil {
		out["message"] = s.wireMessage(i.on)
	}
	return out
}

// owners say who has installed the application, by kind of installation.
func (i *interaction) owners(s *Server) object {
	if i.in.with != nil {
		return object{"0": "0"}
	}
	return object{"0": s.guild}
}

// response is the first answer to an interaction.
type response struct {
	Type int             `json:"type"`
	Data json.RawMessage `json:"data"`

	files []file
}

// The kinds of responses.
const (
	pong           = 1
	replies        = 4
	defersReply    = 5
	defersUpdate   = 6
	updates        = 7
	opensModal     = 9
	firstOfChoices = 8 // autocomplete, which nothing here asks for
)

// callback takes the first answer to an interaction.
func (s *Server) callback(q *request) (any, error) {
	i := s.byToken(q.PathValue("interaction_token"))
	switch {
	case i == nil || i.id != q.PathValue("interaction_id") || i.failed:
		return nil, errUnknown
	case i.acked:
		return nil, errAcknowledged
	}
	var r response
	if err := read(q.body, &r); err != nil {
		return nil, err
	}
	r.files = q.files
	if err := s.respond(i, r); err != nil {
		return nil, err
	}
	if q.URL.Query().Get("with_response") != "true" {
		return nil, nil
	}
	return s.wireResponse(i, r), nil
}

func (s *Server) byToken(token string) *interaction {
	for _, i := range slices.Backward(s.interactions) {
		if i.token == token {
			return i
		}
	}
	return nil
}

func (s *Server) wireResponse(i *interaction, r response) object {
	head := object{"id": i.id, "type": i.kind}
	out := object{"interaction": head}
	if m := i.original; m != nil {
		head["response_message_id"], head["response_message_loading"], head["response_message_ephemeral"] = m.ID, m.thinking, m.only != nil
		out["resource"] = object{"type": r.Type, "message": s.wireMessage(m)}
	}
	return out
}

// respond does what a first answer wants.
func (s *Server) respond(i *interaction, r response) error {
	err := errType(r.Type)
	switch canUpdate := i.on != nil; {
	case r.Type == replies:
		i.original, err = s.reply(i, r.Data, r.files)
	case r.Type == defersReply:
		i.original, err = s.think(i, r.Data)
	case r.Type == defersUpdate && canUpdate:
		i.original, err = i.on, nil
	case r.Type == updates && canUpdate:
		i.original, err = i.on, s.rewrite(i.on, r.Data, r.files)
	case r.Type == opensModal && i.kind != isSubmit:
		err = s.openModal(i, r.Data)
	}
	if err != nil {
		i.original = nil
		return err
	}
	i.acked = true
	s.Change()
	return nil
}

// errType refuses an answer of a kind that the interaction does not take.
func errType(kind int) error {
	var f form
	f.wrong("type", "INTERACTION_CALLBACK_TYPE_INVALID", "An interaction of this type cannot be answered with type %d", kind)
	return f.err()
}

// reply says something as an answer, for all or, with the flag, for who asked.
func (s *Server) reply(i *interaction, body []byte, files []file) (*message, error) {
	u, err := readUtterance(body, files)
	if err != nil {
		return nil, err
	}
	what, err := u.changed(said{}, s.id)
	if err != nil {
		return nil, err
	}
	m := &message{in: i.in, from: s.me, said: what, answers: i, pings: u.pings(what.Content, true)}
	if u.Flags&ephemeral != 0 {
		m.only, m.pings = i.by, nil
	}
	return s.add(m), nil
}

// think says that the answer will come. Whether all will see it is settled here.
func (s *Server) think(i *interaction, body []byte) (*message, error) {
	var in struct {
		Flags int `json:"flags"`
	}
	if len(body) > 0 {
		if err := read(body, &in); err != nil {
			return nil, err
		}
	}
	m := &message{ID: s.id(), at: time.Now(), in: i.in, from: s.me, answers: i, thinking: true}
	if in.Flags&ephemeral != 0 {
		m.only = i.by
	} else {
		i.in.messages[m.ID] = m
	}
	s.shown = append(s.shown, m)
	return m, nil
}

// openModal opens a form before the eyes of who asked, in place of one that is
// open already.
func (s *Server) openModal(i *interaction, body []byte) error {
	m, err := readModal(body)
	if err != nil {
		return err
	}
	i.by.modal = &modal{key: "modal/" + i.id, from: i, wireModal: m}
	s.answered()
	return nil
}
