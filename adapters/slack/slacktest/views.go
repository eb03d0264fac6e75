package slacktest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// triggerLife is how long a trigger_id is good for.
const triggerLife = 3 * time.Second

// trigger is something that somebody did, which may open a modal.
type trigger struct {
	by     *person
	in     *channel
	thread string
	at     time.Time
	used   bool
}

// newTrigger makes a trigger_id for what somebody did there.
func (s *Server) newTrigger(p *person, in *channel, thread string) string {
	id := fmt.Sprintf("%d.%s.%s", time.Now().UnixMilli(), teamID[1:], secret())
	s.triggers[id] = &trigger{by: p, in: in, thread: thread, at: time.Now()}
	return id
}

// view is a modal that is open.
type view struct {
	id, hash string
	by       *person
	in       *channel // where it was opened from
	thread   string
	shown    shownView
	raw      json.RawMessage // of the blocks
	problem  string          // what people are told of their last try to send it
}

// shownView is a modal as the app gives it.
type shownView struct {
	Type          string          `json:"type"`
	Title         *text           `json:"title"`
	Submit        *text           `json:"submit"`
	Close         *text           `json:"close"`
	Source        json.RawMessage `json:"blocks"`
	Callback      string          `json:"callback_id"`
	External      string          `json:"external_id"`
	Metadata      string          `json:"private_metadata"`
	ClearOnClose  bool            `json:"clear_on_close"`
	NotifyOnClose bool            `json:"notify_on_close"`

	blocks []node
}

// read takes a modal from a request, and refuses what cannot be one.
func (s *Server) readView(v *view, source string) error {
	var in shownView
	if json.Unmarshal([]byte(source), &in) != nil {
		return no("invalid_arguments", "[ERROR] must provide an object [json-pointer:/view]")
	}
	blocks, raw, err := readBlocks(string(in.Source))
	if err != nil {
		return no("invalid_arguments", "[ERROR] must be a list [json-pointer:/view/blocks]")
	}
	c := &checker{}
	c.mustf(in.Type == "modal", "/view/type", "slacktest has modals only")
	c.text(in.Title, 24, false, "/view/title")
	c.maybe(in.Submit, 24, "/view/submit")
	c.maybe(in.Close, 24, "/view/close")
	c.length(in.Callback, 0, maxID, "/view/callback_id")
	c.length(in.External, 0, maxID, "/view/external_id")
	c.length(in.Metadata, 0, maxMetadata, "/view/private_metadata")
	asks := slices.ContainsFunc(blocks, func(b node) bool { return b.Type == "input" })
	c.mustf(!asks || in.Submit != nil, "/view", "missing submit for a modal with an input")
	if c.bad = append(c.bad, s.checkBlocks(blocks, "/view/blocks", true)...); len(c.bad) > 0 {
		return no("invalid_arguments", c.bad...)
	}
	in.blocks = blocks
	v.shown, v.raw, v.problem = in, raw, ""
	v.hash = fmt.Sprintf("%d.%s", time.Now().Unix(), secret()[:8])
	return nil
}

// openView opens a modal before who did what the trigger_id stands for. Another
// one that is open closes.
func (s *Server) openView(p url.Values) (object, error) {
	t := s.triggers[p.Get("trigger_id")]
	switch {
	case t == nil:
		return nil, no("invalid_trigger_id")
	case time.Since(t.at) > triggerLife:
		return nil, no("expired_trigger_id")
	case t.used:
		return nil, no("exchanged_trigger_id")
	}
	v := &view{id: s.newID("V"), by: t.by, in: t.in, thread: t.thread}
	if err := s.readView(v, p.Get("view")); err != nil {
		return nil, err
	}
	t.used = true
	s.close(t.by)
	t.by.modal, s.views[v.id] = v, v
	s.answered()
	return object{"view": v.wire(nil)}, nil
}

// updateView replaces a modal that is still open.
func (s *Server) updateView(p url.Values) (object, error) {
	v := s.views[p.Get("view_id")]
	for _, other := range s.views {
		if v == nil && p.Get("external_id") != "" && other.shown.External == p.Get("external_id") {
			v = other
		}
	}
	switch {
	case v == nil:
		return nil, no("not_found")
	case p.Has("hash") && p.Get("hash") != v.hash:
		return nil, no("hash_conflict")
	}
	if err := s.readView(v, p.Get("view")); err != nil {
		return nil, err
	}
	s.answered()
	return object{"view": v.wire(nil)}, nil
}

// close closes the modal that p has open, if there is one.
func (s *Server) close(p *person) {
	if p.modal != nil {
		delete(s.views, p.modal.id)
		p.modal = nil
		s.Change()
	}
}

// wire is v as payloads have it, with what was filled in.
func (v *view) wire(values map[string]object) object {
	if values == nil {
		values = map[string]object{}
	}
	return object{
		"id": v.id, "team_id": teamID, "type": "modal", "blocks": v.raw, "private_metadata": v.shown.Metadata,
		"callback_id": v.shown.Callback, "state": object{"values": values}, "hash": v.hash, "title": v.shown.Title,
		"clear_on_close": v.shown.ClearOnClose, "notify_on_close": v.shown.NotifyOnClose, "close": v.shown.Close,
		"submit": v.shown.Submit, "previous_view_id": nil, "root_view_id": v.id, "app_id": appID,
		"external_id": v.shown.External, "app_installed_team_id": teamID, "bot_id": botBotID,
	}
}
